"""The log of who did what, each entry carrying the hash of the one before it, and the signed anchors of it."""

from django.conf import settings
from django.db import models


class Entry(models.Model):
    """One act. Written only by ``audit.services.record``; never changed or deleted.

    ``actor_label``, ``study_id`` and ``object_id`` are plain values, so that an entry stays readable and its
    hash stays true after what it speaks of is gone. For the same reason nothing cascades from ``actor``. The
    database refuses to change or delete an entry (``audit.triggers``).
    """

    number = models.PositiveBigIntegerField(primary_key=True)
    #: Which form of hash this entry carries (``audit.chain``).
    format = models.PositiveSmallIntegerField(default=2)
    at = models.DateTimeField(db_index=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    actor_label = models.CharField(max_length=254)
    action = models.CharField(max_length=64)
    study_id = models.UUIDField(null=True)
    object_type = models.CharField(max_length=64)
    object_id = models.CharField(max_length=64)
    details = models.JSONField(default=dict)
    #: Fields that changed → their values before and after; null where the act changed nothing.
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    # From where (``audit.origin``). An address and a browser are personal data of those who work here.
    address = models.CharField(max_length=45, blank=True)
    agent = models.CharField(max_length=160, blank=True)
    #: 16 hex digits that stand for the session, from which its key cannot be found.
    session = models.CharField(max_length=16, blank=True)
    #: The API token, the job or the command; empty for a person with a browser.
    via = models.CharField(max_length=120, blank=True)
    #: Random, so that nobody can guess what a withheld entry says from its hash.
    salt = models.CharField(max_length=32, blank=True)
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64, unique=True)

    class Meta:
        ordering = ["-number"]
        indexes = [
            models.Index(fields=["study_id", "number"], name="audit_study"),
            models.Index(fields=["study_id", "action", "number"], name="audit_action"),
            models.Index(fields=["study_id", "actor_label", "number"], name="audit_person"),
            # Whether somebody read something within the last minutes is asked at every look (``audit.reading``).
            models.Index(fields=["object_id", "action", "actor", "at"], name="audit_object"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.action}"


class Anchor(models.Model):
    """What the log was on a day, signed; protected by the database as the log is. Written by ``audit.anchors``."""

    number = models.PositiveBigIntegerField(primary_key=True)
    day = models.DateField(unique=True)
    #: Number of the log's last entry then.
    entry = models.PositiveBigIntegerField(db_index=True)
    #: The canonical JSON that is signed.
    statement = models.TextField()
    #: Base64.
    signature = models.TextField()
    #: PEM of the certificate that it was signed with.
    certificate = models.TextField()

    class Meta:
        ordering = ["-number"]

    def __str__(self) -> str:
        return f"Anchor of {self.day}"
