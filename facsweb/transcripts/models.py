"""What somebody said or wrote: transcripts of recordings, documents without one, and everything they ever said.

Each save is a `Revision` with all units in it, by a named person, never changed. Files lie in their rows, so that
they go with the recording, the participant or the database that they belong to.
"""

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone

from facsweb.recordings.models import Recording
from facsweb.studies.models import Participant, Study


class Transcript(models.Model):
    """The words of one recording, or a document of a participant that has none."""

    class Source(models.TextChoices):
        FILE = "file", "File"
        TYPED = "typed", "Typed here"
        SPEECH = "speech", "Speech recognition"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    participant = models.ForeignKey(Participant, on_delete=models.CASCADE, related_name="transcripts")
    recording = models.OneToOneField(
        Recording,
        null=True,
        on_delete=models.CASCADE,
        related_name="transcript",
        help_text="None for a document that stands alone.",
    )
    title = models.CharField(max_length=160)
    source = models.CharField(max_length=8, choices=Source.choices)
    language = models.CharField(
        max_length=16, blank=True, help_text="ISO 639-1 as a person stated it; empty: it is detected."
    )
    revision = models.PositiveIntegerField(default=0, help_text="Number of the newest revision.")
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.title

    @property
    def study(self) -> Study:
        return self.participant.study


class SourceFile(models.Model):
    """A file that a revision came from, exactly as it was uploaded."""

    transcript = models.ForeignKey(Transcript, on_delete=models.CASCADE, related_name="source_files")
    filename = models.CharField(max_length=255)
    format = models.CharField(max_length=16)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    content = models.BinaryField()
    uploaded_at = models.DateTimeField(auto_now_add=True)
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return self.filename


class Revision(models.Model):
    """Everything the transcript said from one moment on. Never changed."""

    class Action(models.TextChoices):
        TYPE = "type", "Began to type"
        UPLOAD = "upload", "Took a file"
        SPEECH = "speech", "Recognised speech"
        EDIT = "edit", "Edited"
        RESTORE = "restore", "Brought back"

    transcript = models.ForeignKey(Transcript, on_delete=models.CASCADE, related_name="revisions")
    number = models.PositiveIntegerField()
    action = models.CharField(max_length=8, choices=Action.choices)
    restores = models.PositiveIntegerField(null=True, help_text="Number of the revision that was brought back.")
    words = models.CharField(max_length=200, help_text="What was done, as a sentence.")
    units = models.JSONField(default=list, help_text="[start_us, end_us, speaker, text] of every unit.")
    unit_count = models.PositiveIntegerField(default=0)
    digest = models.CharField(max_length=64, help_text="SHA-256 of the units: a save sent twice is one.")
    file = models.ForeignKey(SourceFile, null=True, on_delete=models.RESTRICT, related_name="+")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["transcript", "number"], name="one_text_per_revision"),
        ]

    def __str__(self) -> str:
        return f"Revision {self.number} of {self.transcript_id}"


class Upload(models.Model):
    """A file between its upload and its being taken; gone as soon as it is taken or thrown away."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    participant = models.ForeignKey(Participant, on_delete=models.CASCADE, related_name="+")
    recording = models.ForeignKey(Recording, null=True, on_delete=models.CASCADE, related_name="+")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    filename = models.CharField(max_length=255)
    sha256 = models.CharField(max_length=64)
    content = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["created_at"]

    def __str__(self) -> str:
        return self.filename

    @property
    def study(self) -> Study:
        return self.participant.study


class Scores(models.Model):
    """What the classifier says of the newest revision, or that a worker is to say it."""

    class State(models.TextChoices):
        WAITING = "waiting", "Being analysed"
        READY = "ready", "Analysed"
        FAILED = "failed", "Not analysed"

    transcript = models.OneToOneField(Transcript, on_delete=models.CASCADE, related_name="scores")
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    revision = models.PositiveIntegerField(help_text="The revision that is asked about.")
    due_at = models.DateTimeField(
        default=timezone.now, help_text="While somebody types, the worker waits for a pause."
    )
    attempts = models.PositiveSmallIntegerField(default=0)
    scored = models.PositiveIntegerField(null=True, help_text="The revision that the result is about.")
    result = models.JSONField(null=True, help_text="As text.json of `python -m analysis text`.")
    computed_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True, help_text="A sentence for a person.")

    class Meta:
        verbose_name_plural = "scores"

    def __str__(self) -> str:
        return f"Scores of {self.transcript_id} ({self.state})"


class Recognition(models.Model):
    """Speech of a recording on its way to a transcript; gone once it is one."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting for a worker"
        RUNNING = "running", "Being recognised"
        FAILED = "failed", "Not recognised"

    recording = models.OneToOneField(Recording, on_delete=models.CASCADE, related_name="recognition")
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    reached_us = models.PositiveBigIntegerField(default=0, help_text="Media time that was listened to.")
    error = models.TextField(blank=True, help_text="A sentence for a person.")
    asked_at = models.DateTimeField(default=timezone.now)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"Recognition of {self.recording_id} ({self.state})"
