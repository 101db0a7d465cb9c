"""AnalysisRun: the truth about one analysis. The queue only carries it."""

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone

from facsweb.processes.work import Work
from facsweb.recordings.models import Recording
from facsweb.studies.models import Study


class AnalysisRun(Work):
    """One analysis of one recording.

    State changes are conditional UPDATEs in ``services``, ``attempts`` and ``recovery``. ``attempt`` is a fencing
    number: a worker that was thought dead and comes back can no longer write, because its attempt is not the
    current one.
    """

    class State(models.TextChoices):
        QUEUED = "queued", "Queued"
        RUNNING = "running", "Running"
        SUCCEEDED = "succeeded", "Finished"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    recording = models.ForeignKey(Recording, on_delete=models.CASCADE, related_name="runs")
    state = models.CharField(max_length=12, choices=State.choices, default=State.QUEUED, db_index=True)
    parameters = models.JSONField(
        default=dict,
        help_text="neutral_us (or null), max_faces; measurement_from names the run that was measured.",
    )
    plan = models.JSONField(
        default=dict, db_default={}, help_text="How a long recording is split (analysis.segments.plan)."
    )
    rate = models.FloatField(null=True, help_text="Frames a second, over the last seconds.")
    stills = models.PositiveIntegerField(default=0, help_text="How many pictures have replaced one another.")
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    folder = models.CharField(max_length=255, blank=True, help_text="Result files, relative to MEDIA_ROOT.")
    files = models.JSONField(default=dict, help_text="File name → SHA-256 of the finished result.")
    summary = models.JSONField(default=dict, help_text="The run's summary.json.")

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["finished_at"], name="runs_ended")]  # the sweep asks for the latest
        constraints = [
            # A double click cannot start a second analysis of the same recording beside the first.
            models.UniqueConstraint(
                fields=["recording"],
                condition=models.Q(state__in=["queued", "running"]),
                name="one_active_run_per_recording",
            )
        ]

    def __str__(self) -> str:
        return f"Run of {self.recording} ({self.state})"

    @property
    def study(self) -> Study:
        return self.recording.participant.study


class Segment(Work):
    """A part of a long recording that one worker measures for a run, until the run has joined its parts."""

    State = AnalysisRun.State

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    run = models.ForeignKey(AnalysisRun, on_delete=models.CASCADE, related_name="segments")
    number = models.PositiveIntegerField(help_text="0, 1, 2 … in the order of time.")
    state = models.CharField(max_length=12, choices=State.choices, default=State.QUEUED, db_index=True)
    folder = models.CharField(max_length=255, blank=True, help_text="What was measured, relative to MEDIA_ROOT.")

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["run", "number"], name="segment_numbers_are_unique")]

    def __str__(self) -> str:
        return f"Part {self.number + 1} of run {self.run_id}"

    @property
    def study(self) -> Study:
        return self.run.study


class LogLine(models.Model):
    """One sentence about what happened to a run, for the people who wait for it. Append-only."""

    run = models.ForeignKey(AnalysisRun, on_delete=models.CASCADE, related_name="log")
    at = models.DateTimeField(default=timezone.now)
    attempt = models.PositiveIntegerField()
    text = models.CharField(max_length=500)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.text


class PeopleRevision(models.Model):
    """Who is who in a measurement, from one moment on. Never changed, never deleted.

    ``run`` is the run that measured; the runs that read its measurement again name the revision they went by
    (``parameters["people"]``, 0 or absent: as measured).
    """

    class Action(models.TextChoices):
        MERGE = "merge", "Merged"
        SPLIT = "split", "Split"
        ASSIGN = "assign", "Said who it is"
        RESTORE = "restore", "Went back"
        WITHDRAW = "withdraw", "Left out after a withdrawal"

    run = models.ForeignKey(AnalysisRun, on_delete=models.CASCADE, related_name="people_revisions")
    number = models.PositiveIntegerField(help_text="1, 2, 3 … within the measurement; 0 is what was measured.")
    action = models.CharField(max_length=12, choices=Action.choices)
    restores = models.PositiveIntegerField(null=True, help_text="The revision that RESTORE brought back.")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    words = models.CharField(max_length=300, help_text="What was done, as a sentence.")
    people = models.JSONField(help_text="Everybody, as people_state.dump writes them.")

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["run", "number"], name="people_revision_numbers_are_unique")
        ]

    def __str__(self) -> str:
        return f"{self.number}: {self.words}"
