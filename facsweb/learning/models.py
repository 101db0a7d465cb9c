"""Trainings of this installation's own scorers, what each learned from, and which scorer new analyses use."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Case, Q, Value, When
from django.utils import timezone

from facsweb.processes.work import Work


class Training(Work):
    """One training; if it succeeds, the scorer ``au-own/<number>``. Never deleted, so no number comes twice.

    State changes are conditional UPDATEs in ``services``, ``attempts`` and ``recovery``; ``attempt`` is a fencing
    number, as it is of an analysis.
    """

    class State(models.TextChoices):
        QUEUED = "queued", "Queued"
        RUNNING = "running", "Training"
        SUCCEEDED = "succeeded", "Finished"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    number = models.PositiveIntegerField(unique=True, help_text="The version of the scorer; never used again.")
    base = models.CharField(max_length=64, help_text="The shipped scorer that is refitted, such as au-nets/1.0.0.")
    state = models.CharField(max_length=12, choices=State.choices, default=State.QUEUED)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="Null when it was started on the command line.",
    )
    learned = models.JSONField(default=dict, help_text="The part “learned” of the scorer's scorer.json.")
    files = models.JSONField(default=dict, help_text="File name → SHA-256 of the scorer's package.")

    class Meta:
        ordering = ["-number"]
        constraints = [
            # A double click, or two administrators at once, start one training.
            models.UniqueConstraint(
                Case(When(Q(state__in=["queued", "running"]), then=Value(1))), name="one_active_training"
            )
        ]

    def __str__(self) -> str:
        return f"Training {self.number} ({self.state})"

    @property
    def version(self) -> str:
        """The scorer's version, and the name of its folder."""
        return str(self.number)

    @property
    def scorer(self) -> str:
        """The scorer's name, as runs store it."""
        return f"au-own/{self.number}"


class UsedCoding(models.Model):
    """One signed coding that work used.

    Plain ids instead of foreign keys: what was used stays true when a recording or a participant is deleted.
    """

    layer = models.UUIDField()
    recording = models.UUIDField()
    study = models.UUIDField()
    participant = models.UUIDField(db_index=True)
    coder = models.UUIDField()

    class Meta:
        abstract = True


class Used(UsedCoding):
    """One signed coding that a training learned from."""

    training = models.ForeignKey(Training, on_delete=models.CASCADE, related_name="material")

    def __str__(self) -> str:
        return f"Coding {self.layer} in training {self.training_id}"


class Default(models.Model):
    """Which scorer new analyses use, from one moment on. Never changed; the last one counts."""

    scorer = models.CharField(max_length=64, blank=True, help_text="Empty: the newest that came with the product.")
    chosen_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    reason = models.CharField(max_length=300, blank=True, help_text="A sentence, where nobody chose it.")

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.scorer or "the newest shipped scorer"
