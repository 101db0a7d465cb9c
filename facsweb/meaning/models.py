"""Readings: what combinations, states, voice and words were found in a run, at exactly these inputs."""

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone

from facsweb.processes.work import Work
from facsweb.recordings.models import Recording
from facsweb.runs.models import AnalysisRun
from facsweb.studies.models import Study


class Reading(Work):
    """One reading of one run. Its result never changes; new inputs make a new reading.

    State changes are conditional UPDATEs in ``services``, ``attempts`` and ``recovery``; ``attempt`` is a fencing
    number, as it is of an analysis.
    """

    class State(models.TextChoices):
        QUEUED = "queued", "Waiting"
        RUNNING = "running", "Reading"
        SUCCEEDED = "succeeded", "Finished"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    run = models.ForeignKey(AnalysisRun, on_delete=models.CASCADE, related_name="readings")
    state = models.CharField(max_length=12, choices=State.choices, default=State.QUEUED, db_index=True)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="Null when it was made because its inputs changed.",
    )
    inputs = models.JSONField(default=dict, help_text="What it is read from, as inputs.gather writes it.")
    folder = models.CharField(max_length=255, blank=True, help_text="Result files, relative to MEDIA_ROOT.")
    files = models.JSONField(default=dict, help_text="File name → SHA-256 of the finished result.")
    summary = models.JSONField(default=dict, help_text="The result's meaning.json.")

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            # Whatever changes while one is read is read by the next, which begins when this one ends.
            models.UniqueConstraint(
                fields=["run"],
                condition=models.Q(state__in=["queued", "running"]),
                name="one_active_reading_per_run",
            )
        ]

    def __str__(self) -> str:
        return f"Reading of {self.run.recording} ({self.state})"

    @property
    def study(self) -> Study:
        return self.run.study

    @property
    def recording(self) -> Recording:
        return self.run.recording


class OwnCombination(models.Model):
    """A combination of Action Units as a study defines it, from one moment on. Never changed, the last counts."""

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="combinations")
    key = models.SlugField(max_length=60, help_text="Stays the same when the combination is changed.")
    number = models.PositiveIntegerField(help_text="1, 2, 3 … within the key.")
    definition = models.JSONField(help_text="An entry of the catalogue, as combinations.toml has them.")
    removed = models.BooleanField(default=False)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["key", "number"]
        constraints = [
            models.UniqueConstraint(fields=["study", "key", "number"], name="own_combination_numbers_are_unique")
        ]

    def __str__(self) -> str:
        return f"{self.key}, {self.number}"


class OwnIndicator(models.Model):
    """An indicator's formula as a study has it, from one moment on. Never changed, the last counts."""

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="indicators")
    key = models.CharField(max_length=60, help_text="The indicator's id; a shipped one's, or the study's own.")
    number = models.PositiveIntegerField(help_text="1, 2, 3 … within the key.")
    definition = models.JSONField(help_text="An entry of the file of formulas, as formulas.toml has them.")
    removed = models.BooleanField(
        default=False,
        help_text="The shipped formula holds again; an indicator of the study's own is not computed.",
    )
    reason = models.TextField(help_text="Why, in its author's words.")
    changes = models.JSONField(default=list, help_text="What became different, a sentence each.")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["key", "number"]
        constraints = [
            models.UniqueConstraint(fields=["study", "key", "number"], name="own_indicator_numbers_are_unique")
        ]

    def __str__(self) -> str:
        return f"{self.key}, {self.number}"


class Speakers(models.Model):
    """Who speaks when in a recording, marked by hand, from one moment on. Never changed; the last one counts."""

    recording = models.ForeignKey(Recording, on_delete=models.CASCADE, related_name="speakers")
    number = models.PositiveIntegerField(help_text="1, 2, 3 … within the recording.")
    marks = models.JSONField(help_text="[{start_us, end_us, speaker}], ascending and disjoint.")
    faces = models.JSONField(
        default=dict, help_text="Which face a speaker is, by name, as `speaking.Places` finds it again; or null."
    )
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["recording", "number"], name="speaker_revisions_are_numbered")
        ]
        verbose_name_plural = "speakers"

    def __str__(self) -> str:
        return f"Speakers of {self.recording}, {self.number}"


class Markers(models.Model):
    """Tasks, questions and scenes of a recording, from one moment on. Never changed; the last one counts."""

    recording = models.ForeignKey(Recording, on_delete=models.CASCADE, related_name="markers")
    number = models.PositiveIntegerField(help_text="1, 2, 3 … within the recording.")
    marks = models.JSONField(help_text="[{id, name, kind, start_us, end_us or null}], by start.")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["recording", "number"], name="marker_revisions_are_numbered")
        ]
        verbose_name_plural = "markers"

    def __str__(self) -> str:
        return f"Markers of {self.recording}, {self.number}"
