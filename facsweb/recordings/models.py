"""Recordings, and the resumable uploads that become recordings."""

import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.utils import timezone

from facsweb.studies.models import Participant, Study

PARTIAL_UPLOADS_LAST = timedelta(days=7)


def next_expiry() -> datetime:
    """When a partial upload that has just received something may be thrown away."""
    return timezone.now() + PARTIAL_UPLOADS_LAST


class Upload(models.Model):
    """One file on its way in (tus protocol); ``offset`` bytes are safely on disk.

    A ``length`` of 0 is not known yet: a film that is sent while it is made says at its end how long it is.
    """

    class State(models.TextChoices):
        RECEIVING = "receiving", "Receiving"
        FINISHED = "finished", "Finished"
        REJECTED = "rejected", "Rejected"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    participant = models.ForeignKey(Participant, on_delete=models.CASCADE, related_name="uploads")
    filename = models.CharField(max_length=255)
    length = models.PositiveBigIntegerField()
    offset = models.PositiveBigIntegerField(default=0)
    expected_sha256 = models.CharField(max_length=64, blank=True)
    state = models.CharField(max_length=12, choices=State.choices, default=State.RECEIVING)
    error = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(
        default=next_expiry, db_index=True, help_text="Moves on with every piece that arrives."
    )
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    recording = models.OneToOneField(
        "Recording", null=True, blank=True, on_delete=models.SET_NULL, related_name="upload"
    )

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["state"], name="uploads_by_state")]  # few of a million are on their way

    def __str__(self) -> str:
        return f"{self.filename} ({self.offset} of {self.length} bytes)"

    @property
    def study(self) -> Study:
        return self.participant.study

    @property
    def is_complete(self) -> bool:
        return 0 < self.length == self.offset


def original_path(recording: "Recording", filename: str) -> str:
    return f"recordings/{recording.id}/original"


def proxy_path(recording: "Recording", filename: str) -> str:
    return f"recordings/{recording.id}/proxy.mp4"


class Recording(models.Model):
    """One video of one participant; the original file is kept as it came."""

    class ProxyState(models.TextChoices):
        NOT_NEEDED = "not_needed", "The original plays in browsers"
        WAITING = "waiting", "Waiting"
        MAKING = "making", "Being made"
        READY = "ready", "Ready"
        FAILED = "failed", "Failed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    participant = models.ForeignKey(Participant, on_delete=models.CASCADE, related_name="recordings")
    title = models.CharField(max_length=160)
    filename = models.CharField(max_length=255, help_text="As it was called on the uploader's machine.")
    original = models.FileField(upload_to=original_path, max_length=255)
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64, db_index=True)
    duration_us = models.PositiveBigIntegerField()
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    has_audio = models.BooleanField()
    media_info = models.JSONField(default=dict, help_text="Everything that probing found.")
    proxy = models.FileField(upload_to=proxy_path, max_length=255, blank=True)
    proxy_state = models.CharField(max_length=12, choices=ProxyState.choices, default=ProxyState.NOT_NEEDED)
    proxy_percent = models.PositiveSmallIntegerField(default=0, help_text="0–100, while it is being made.")
    proxy_attempts = models.PositiveSmallIntegerField(default=0, help_text="Started since it was last asked for.")
    proxy_error = models.TextField(blank=True, help_text="A sentence for a person.")
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["proxy_state"], name="recordings_by_proxy")]  # asked for every few seconds

    def __str__(self) -> str:
        return self.title

    @property
    def study(self) -> Study:
        return self.participant.study

    @property
    def frame_rate(self) -> float | None:
        """Average frames per second as probed; None when the file does not tell."""
        rate = (self.media_info.get("video") or {}).get("frame_rate")
        return float(rate) if rate else None
