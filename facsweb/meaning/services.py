"""What people and other parts of the product do to readings: ask for one, find the one that holds."""

from __future__ import annotations

from pathlib import Path

from django.db import IntegrityError, transaction

from facsweb.accounts.models import User
from facsweb.audit.services import record
from facsweb.meaning import attempts, inputs
from facsweb.meaning.models import Reading
from facsweb.recordings.models import Recording
from facsweb.runs.models import AnalysisRun
from facsweb.storage import shelf
from facsweb.studies.models import Scope

State = Reading.State

#: A reading without any of these would be empty.
_SOMETHING = {Scope.AUDIO, Scope.TEXT, Scope.EMOTION}


def ask(actor: User | None, run: AnalysisRun) -> Reading | None:
    """Have a finished run read (again); the reading that is already active, if there is one.

    A waiting reading gathers its inputs when it begins, and one that is under way looks for changes when it ends,
    so nothing that changes in the meantime is lost. None where consent covers nothing that could be read.
    """
    if run.state != AnalysisRun.State.SUCCEEDED:
        return None
    if not _SOMETHING & set(inputs.allowed_scopes(run.recording.participant)):
        return None
    active = run.readings.filter(state__in=Reading.ACTIVE).first()
    if active is not None:
        return active
    try:
        with transaction.atomic():
            reading = Reading.objects.create(run=run, created_by=actor)
    except IntegrityError:  # somebody was faster; the constraint allows one active reading
        return run.readings.filter(state__in=Reading.ACTIVE).first()
    with transaction.atomic():
        record(actor, "reading.start", reading, run=str(run.pk))
        attempts.FENCE.enqueue(reading.pk, reading.attempt)
    return reading


def after_run(run: AnalysisRun) -> None:
    """A run was finished: read it."""
    ask(None, run)


def after_scores(recording: Recording) -> None:
    """A transcript's words were scored, or are gone: read the recording again."""
    ask_for_recording(None, recording)


def ask_for_recording(actor: User | None, recording: Recording) -> None:
    """Something changed that belongs to a recording: read its newest finished run again."""
    run = recording.runs.filter(state=AnalysisRun.State.SUCCEEDED).order_by("-created_at").first()
    if run is not None:
        ask(actor, run)


def latest(run: AnalysisRun) -> Reading | None:
    """The newest finished reading of a run."""
    return run.readings.filter(state=State.SUCCEEDED).order_by("-created_at").first()


def active(run: AnalysisRun) -> Reading | None:
    """The reading that waits or is under way."""
    return run.readings.filter(state__in=Reading.ACTIVE).first()


def is_outdated(reading: Reading) -> bool:
    """Whether something that the reading depends on has changed since."""
    return bool(inputs.of_reading(reading) != reading.inputs)


def folder(reading: Reading) -> Path:
    """Where a finished reading's files are on this host, brought here first; where they are gone, nowhere."""
    return shelf.bring(reading.folder) if reading.folder else shelf.path("")
