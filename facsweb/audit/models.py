"""The log of who did what, each entry carrying the hash of the one before it."""

from django.conf import settings
from django.db import models


class Entry(models.Model):
    """One act. Written only by ``audit.services.record``; never changed or deleted.

    ``actor_label``, ``study_id`` and ``object_id`` are plain values, so that an entry stays readable and its
    hash stays true after what it speaks of is gone. For the same reason nothing cascades from ``actor``. The
    database refuses to change or delete an entry (``audit.triggers``).
    """

    number = models.PositiveBigIntegerField(primary_key=True)
    at = models.DateTimeField()
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False
    )
    actor_label = models.CharField(max_length=254)
    action = models.CharField(max_length=64)
    study_id = models.UUIDField(null=True, db_index=True)
    object_type = models.CharField(max_length=64)
    object_id = models.CharField(max_length=64, db_index=True)
    details = models.JSONField(default=dict)
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64, unique=True)

    class Meta:
        ordering = ["-number"]

    def __str__(self) -> str:
        return f"{self.number} {self.action}"
