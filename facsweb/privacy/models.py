"""What is destroyed and why, the traces that stay of it, retention, and copies for participants."""

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone

from facsweb.processes.work import Work
from facsweb.studies.models import Participant, Study, Withdrawal


class Erasure(Work):
    """Data of one participant that is to be destroyed. Never deleted: it and its tombstones are the proof.

    State changes are conditional UPDATEs behind the fence in ``attempts``; ``attempt`` is a fencing number.
    """

    class State(models.TextChoices):
        QUEUED = "queued", "Waiting"
        RUNNING = "running", "Being destroyed"
        SUCCEEDED = "succeeded", "Destroyed and checked"
        FAILED = "failed", "Not finished"

    class Why(models.TextChoices):
        WITHDRAWAL = "withdrawal", "The participant withdrew consent"
        NARROWED = "narrowed", "The participant agreed to less than before"
        REQUEST = "request", "The participant asked for it"
        DELETED = "deleted", "The study’s team deleted the recording"
        LAW = "law", "The law of the study’s place does not allow it any more"
        RETENTION = "retention", "The time for which the study keeps data was over"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="erasures")
    participant = models.ForeignKey(Participant, null=True, on_delete=models.SET_NULL, related_name="erasures")
    why = models.CharField(max_length=12, choices=Why.choices)
    withdrawal = models.ForeignKey(Withdrawal, null=True, on_delete=models.SET_NULL, related_name="erasures")
    scopes = models.JSONField(default=list, help_text="Whose derivatives go; empty for a retention rule.")
    only = models.JSONField(default=list, help_text="Ids of recordings and documents, where not everything goes.")
    before = models.DateTimeField(default=timezone.now, help_text="What came later rests on another consent.")
    reason = models.TextField(blank=True, help_text="Of an administrator; about the request, not the person.")
    state = models.CharField(max_length=12, choices=State.choices, default=State.QUEUED, db_index=True)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="Null: the participant by their own link, or a retention rule.",
    )
    checked_at = models.DateTimeField(null=True, help_text="When everything was looked for again and not found.")
    certificate = models.FileField(upload_to="certificates/", max_length=255, blank=True)
    certificate_sha256 = models.CharField(max_length=64, blank=True, db_index=True)
    content_sha256 = models.CharField(max_length=64, blank=True, db_index=True, help_text="Of what it says.")

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"Erasure {self.id} ({self.state})"


class Tombstone(models.Model):
    """One destroyed object: what kind it was, its id and hashes. No personal data."""

    erasure = models.ForeignKey(Erasure, on_delete=models.CASCADE, related_name="tombstones")
    kind = models.CharField(max_length=60, help_text="Model label, such as recordings.recording.")
    object_id = models.CharField(max_length=64, help_text="Of the object, or of what the rows belonged to.")
    rows = models.PositiveIntegerField(default=1, help_text="How many rows it stands for.")
    sha256 = models.CharField(max_length=64, help_text="Of the rows' canonical JSON.")
    hashes = models.JSONField(default=dict, help_text="Name → SHA-256 of files and contents.")
    paths = models.JSONField(default=list, help_text="Files and folders that go, below a named root.")
    noted_at = models.DateTimeField(default=timezone.now)
    destroyed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["erasure", "kind", "object_id"], name="one_tombstone_per_object")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.object_id}"

    @property
    def study(self) -> Study:
        return self.erasure.study


class Hold(models.Model):
    """A recorded reason to destroy nothing of a participant for now, such as a legal claim."""

    participant = models.ForeignKey(Participant, on_delete=models.CASCADE, related_name="holds")
    reason = models.TextField()
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    lifted_at = models.DateTimeField(null=True)
    lifted_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    lifted_reason = models.TextField(blank=True)

    class Meta:
        ordering = ["-at"]
        constraints = [
            models.UniqueConstraint(
                fields=["participant"], condition=models.Q(lifted_at=None), name="one_hold_per_participant"
            )
        ]

    def __str__(self) -> str:
        return f"Hold on {self.participant}"

    @property
    def study(self) -> Study:
        return self.participant.study


class Notice(models.Model):
    """It was announced that a recording or document goes; once for each number of days."""

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="+")
    participant = models.ForeignKey(Participant, on_delete=models.CASCADE, related_name="+")
    object_id = models.UUIDField(db_index=True, help_text="Of the recording or document.")
    days = models.PositiveSmallIntegerField(help_text="How many days before.")
    at = models.DateTimeField(default=timezone.now)
    mailed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["object_id", "days"], name="one_notice_per_day_count")]

    def __str__(self) -> str:
        return f"{self.object_id} goes in {self.days} days"


class RetentionDay(models.Model):
    """The daily job was done on this day; the row is what makes it once."""

    day = models.DateField(unique=True)
    at = models.DateTimeField(default=timezone.now)
    due = models.PositiveIntegerField(default=0, help_text="How many recordings and documents went.")
    announced = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"Retention of {self.day}"


class Copy(Work):
    """A copy of everything that is held about one participant, made by a worker, kept for a week."""

    class State(models.TextChoices):
        QUEUED = "queued", "Waiting"
        RUNNING = "running", "Being made"
        SUCCEEDED = "succeeded", "Ready"
        FAILED = "failed", "Not made"
        CANCELLED = "cancelled", "Removed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    participant = models.ForeignKey(Participant, on_delete=models.CASCADE, related_name="copies")
    state = models.CharField(max_length=12, choices=State.choices, default=State.QUEUED, db_index=True)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    file = models.FileField(max_length=255, blank=True)
    size = models.PositiveBigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    entries = models.PositiveIntegerField(default=0, help_text="How many files are in it.")
    expires_at = models.DateTimeField(null=True)
    removed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at"]
        verbose_name_plural = "copies"
        constraints = [
            models.UniqueConstraint(
                fields=["participant"],
                condition=models.Q(state__in=["queued", "running"]),
                name="one_active_copy_per_participant",
            )
        ]

    def __str__(self) -> str:
        return f"Copy of the data of {self.participant} ({self.state})"

    @property
    def study(self) -> Study:
        return self.participant.study
