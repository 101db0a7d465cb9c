"""The row of work that a queue carries: what `fence` reads and writes, the same for every kind of work."""

from __future__ import annotations

from django.db import models
from django.utils import timezone


class Work(models.Model):
    """State changes are conditional UPDATEs (`processes.fence`); ``attempt`` is a fencing number.

    A worker that was thought dead and comes back can no longer write, because its attempt is not the current one.
    The field ``state``, with its words for people, and ``created_by`` are the kind's own.
    """

    ACTIVE = ("queued", "running")

    attempt = models.PositiveIntegerField(default=1)
    crashes = models.PositiveIntegerField(default=0, help_text="Attempts whose worker stopped unexpectedly.")
    worker = models.CharField(max_length=120, blank=True)
    heartbeat_at = models.DateTimeField(null=True)
    stage = models.CharField(max_length=32, blank=True)
    done = models.PositiveBigIntegerField(default=0)
    total = models.PositiveBigIntegerField(null=True)
    error = models.TextField(blank=True, help_text="A sentence for a person.")
    error_detail = models.TextField(blank=True, help_text="Traceback, for the operator.")
    cancel_requested_at = models.DateTimeField(null=True)
    queued_at = models.DateTimeField(default=timezone.now, help_text="When this attempt began to wait.")
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True

    @property
    def is_active(self) -> bool:
        return self.state in self.ACTIVE  # type: ignore[attr-defined]
