"""Calibrations of this installation's cohorts, what each used, and which one is applied."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Case, Q, Value, When
from django.utils import timezone

from facsweb.learning.models import UsedCoding
from facsweb.processes.work import Work


class Version(Work):
    """One calibration of all cohorts. Never deleted, so no number comes twice.

    State changes are conditional UPDATEs in ``services``, ``attempts`` and ``recovery``; ``attempt`` is a fencing
    number, as it is of an analysis.
    """

    class State(models.TextChoices):
        QUEUED = "queued", "Queued"
        RUNNING = "running", "Calibrating"
        SUCCEEDED = "succeeded", "Finished"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    number = models.PositiveIntegerField(unique=True, help_text="Never used again.")
    scorer = models.CharField(max_length=64, help_text="Whose values are compared, such as au-nets/1.0.0.")
    state = models.CharField(max_length=12, choices=State.choices, default=State.QUEUED)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="Null when it was started on the command line.",
    )
    result = models.JSONField(default=dict, help_text="analysis.calibration.Calibration as plain values.")

    class Meta:
        ordering = ["-number"]
        constraints = [
            # A double click, or two administrators at once, start one calibration.
            models.UniqueConstraint(
                Case(When(Q(state__in=["queued", "running"]), then=Value(1))), name="one_active_calibration"
            )
        ]

    def __str__(self) -> str:
        return f"Calibration {self.number} ({self.state})"


class Used(UsedCoding):
    """One signed coding that a calibration used."""

    version = models.ForeignKey(Version, on_delete=models.CASCADE, related_name="material")

    def __str__(self) -> str:
        return f"Coding {self.layer} in calibration {self.version_id}"


class Choice(models.Model):
    """Which calibration new readings apply, from one moment on. Never changed; the last one counts."""

    version = models.ForeignKey(
        Version, null=True, on_delete=models.PROTECT, related_name="+", help_text="Null: none is applied."
    )
    chosen_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    reason = models.CharField(max_length=300, blank=True, help_text="A sentence, where nobody chose it.")

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"Calibration {self.version.number}" if self.version else "none"
