"""Sessions before a camera. Their film is an upload like any other; here is what an upload does not know."""

import uuid
from typing import Any

from django.conf import settings
from django.db import models

from facsweb.recordings.models import Recording, Upload
from facsweb.studies.models import Participant, Study


class Session(models.Model):
    """One sitting: it is open while the page sends its film, and over for good afterwards."""

    class Ended(models.TextChoices):
        PERSON = "person", "Ended by who began it"
        WITHDRAWN = "withdrawn", "Consent was withdrawn"
        LOST = "lost", "The page did not come back"
        THROWN = "thrown", "Thrown away"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    participant = models.ForeignKey(Participant, on_delete=models.CASCADE, related_name="live_sessions")
    upload = models.OneToOneField(
        Upload, null=True, blank=True, on_delete=models.SET_NULL, related_name="live_session"
    )
    has_sound = models.BooleanField()
    markers: Any = models.JSONField(default=list, help_text="As the page sent them: id, name, kind, start_us.")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    started_at = models.DateTimeField(auto_now_add=True)
    last_seen_at = models.DateTimeField(auto_now_add=True, db_index=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_why = models.CharField(max_length=12, choices=Ended.choices, blank=True)

    class Meta:
        ordering = ["-started_at"]

    def __str__(self) -> str:
        return f"Live session of {self.started_at:%Y-%m-%d %H:%M}"

    @property
    def study(self) -> Study:
        return self.participant.study

    @property
    def is_open(self) -> bool:
        return self.ended_at is None

    @property
    def recording(self) -> Recording | None:
        """What the session became; None while it goes on, and where it was thrown away."""
        return self.upload.recording if self.upload is not None else None
