"""What people do to runs: start, cancel, read again with another neutral face. Workers use ``attempts``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from analysis.models import store
from analysis.scoring.choice import RULES, available
from analysis.types import ModelError
from facsweb.accounts.models import User
from facsweb.audit.services import record
from facsweb.processes import pressure, queue
from facsweb.recordings.models import Recording
from facsweb.runs import attempts, hooks, progress
from facsweb.runs.models import AnalysisRun
from facsweb.runs.recovery import recover
from facsweb.storage import shelf
from facsweb.studies.models import Consent, Scope
from facsweb.studies.services import missing_scopes, require_consent

__all__ = [
    "MAX_FACES",
    "MEASUREMENT",
    "PUBLIC_FILES",
    "USUAL_FACES",
    "RunOverQuota",
    "RunPutOff",
    "RunRefused",
    "cancel",
    "cancel_for_withdrawal",
    "check_neutral",
    "create",
    "kept_parameters",
    "reading_again",
    "recover",
    "reinterpret",
    "remove_with_recording",
    "result_dir",
    "start",
    "still_path",
]

State = AnalysisRun.State

PUBLIC_FILES = {
    "signals.parquet": "application/vnd.apache.parquet",
    "events.csv": "text/csv; charset=utf-8",
    "summary.json": "application/json",
}
MEASUREMENT = ("measurement.parquet", "measurement.json")
MAX_FACES, USUAL_FACES = 8, 4  # how many faces may be followed, and are when nobody chose


class RunRefused(Exception):  # noqa: N818 (a state that people are told about)
    """The run cannot be started or changed; its text is a sentence for a person."""


class RunPutOff(RunRefused):
    """The installation has more to do than it can: later the same request is answered."""


class RunOverQuota(RunRefused):
    """The study has as many analyses waiting as it may have."""


def start(
    actor: User, recording: Recording, *, neutral_us: int | None = None, max_faces: int = USUAL_FACES
) -> AnalysisRun:
    """Start the analysis of a recording; the run that is already active, if there is one.

    Parameters
    ----------
    actor : User
        Who asks; access was checked by the caller.
    recording : Recording
        What to analyse.
    neutral_us : int, optional
        Microseconds of media time of the frame that shows the neutral face; chosen automatically when None.
    max_faces : int
        How many faces to follow, 1–8.

    Raises
    ------
    ConsentMissing
        No current consent covers facial coding of this participant.
    ModelError
        The face models are not installed.
    RunRefused
        A parameter is out of range.
    """
    check_neutral(recording, neutral_us)
    if not 1 <= max_faces <= MAX_FACES:
        raise RunRefused(f"Between 1 and {MAX_FACES} faces can be followed, not {max_faces}.")
    absent = [model for model, intact in store.present().items() if not intact]
    if absent:
        raise ModelError(
            f"The face models are not installed on this machine ({', '.join(absent)} missing or damaged). "
            "An administrator installs them with: python -m analysis models install"
        )
    parameters: dict[str, Any] = {"neutral_us": neutral_us, "max_faces": max_faces}
    if (scorer := next((name for say in hooks.default_scorer if (name := say())), None)) is not None:
        parameters["scorer"] = scorer
    return create(actor, recording, parameters)


def reinterpret(
    actor: User,
    run: AnalysisRun,
    neutral_us: int | None,
    *,
    neutrals: dict[str, Any] | None = None,
    scorer: str | None = None,
) -> AnalysisRun:
    """Read a finished run's measurement again in another way, as a new run; no video is decoded.

    ``neutral_us`` is for all faces, ``neutrals`` for single ones (``facsweb.runs.neutrals`` says what is in it);
    ``scorer`` is one of `analysis.scoring.choice.available`, and the run's own when None.

    Raises
    ------
    ConsentMissing
        The consent is gone.
    RunRefused
        The run has no measurement, or the time lies outside of the recording.
    """
    if run.state != State.SUCCEEDED or not all((result_dir(run) / name).is_file() for name in MEASUREMENT):
        raise RunRefused("Only a finished run can be read again. Start a new analysis instead.")
    check_neutral(run.recording, neutral_us)
    parameters = {**kept_parameters(run), "neutral_us": neutral_us, "measurement_from": str(run.pk)}
    parameters.pop("neutrals", None)
    if neutrals:
        parameters["neutrals"] = neutrals
    if scorer:
        parameters["scorer"] = scorer
    return create(actor, run.recording, parameters)


def kept_parameters(run: AnalysisRun) -> dict[str, Any]:
    """A run's parameters for reading it again, with the learned scorer that read it; a newer one may be here.

    A run that only rules could read, because of its age, keeps asking for the newest, and says so again.
    """
    said = run.summary.get("scorer") or {}
    name = f"{said.get('id')}/{said.get('version')}"
    is_learned = name != RULES and name in available()
    return {**({"scorer": name} if is_learned else {}), **run.parameters}


def reading_again(run: AnalysisRun) -> AnalysisRun | None:
    """The active run that reads this one again, after a double click; None when the recording has no active run.

    Raises
    ------
    RunRefused
        Another analysis of the recording is under way.
    """
    active = run.recording.runs.filter(state__in=AnalysisRun.ACTIVE).exclude(pk=run.pk).first()
    if active is not None and active.parameters.get("measurement_from") != str(run.pk):
        raise RunRefused("Another analysis of this recording is under way. Try again when it has finished.")
    return active


def check_neutral(recording: Recording, neutral_us: int | None) -> None:
    """Raise RunRefused when the moment lies outside of the recording."""
    if neutral_us is not None and not 0 <= neutral_us < recording.duration_us:
        raise RunRefused("The neutral face must lie within the recording.")


def create(actor: User, recording: Recording, parameters: dict[str, Any]) -> AnalysisRun:
    """Make a run and have a worker take it; the run that is already active, if there is one."""
    with transaction.atomic():
        # Inside the transaction: a withdrawal that comes first is seen, one that comes later finds the run.
        require_consent(recording.participant, [Scope.VIDEO])
        Recording.objects.select_for_update(no_key=True).filter(pk=recording.pk).first()  # two clicks make one
        if active := AnalysisRun.objects.filter(recording=recording, state__in=AnalysisRun.ACTIVE).first():
            return active
        if not parameters.get("measurement_from"):  # reading again is short, and a withdrawal may ask for it
            _check_room(recording)
        try:
            with transaction.atomic():
                run = AnalysisRun.objects.create(recording=recording, created_by=actor, parameters=parameters)
        except IntegrityError:  # a double click: the constraint allows one active run
            return AnalysisRun.objects.get(recording=recording, state__in=AnalysisRun.ACTIVE)
        attempts.note(run.pk, run.attempt, f"Started by {actor.name}; waiting for a worker.")
        record(actor, "run.start", run, recording=str(recording.pk), **parameters)
        attempts.enqueue(run.pk, run.attempt)
    return run


def _check_room(recording: Recording) -> None:
    """Raise RunRefused where the study's quota or the installation's load does not allow another measuring."""
    if why := pressure.why():
        raise RunPutOff(f"{why} The recording is safe; start the analysis later.")
    for check in hooks.before_run:
        check(recording)


def cancel(actor: User, run: AnalysisRun) -> AnalysisRun:
    """Cancel a run: at once while it waits, within a second while it runs; nothing happens once it has ended."""
    now = timezone.now()
    with transaction.atomic():
        mine = AnalysisRun.objects.filter(pk=run.pk)
        if mine.filter(state=State.QUEUED).update(state=State.CANCELLED, finished_at=now, cancel_requested_at=now):
            text = f"Cancelled by {actor.name}."
        elif mine.filter(state=State.RUNNING, cancel_requested_at=None).update(cancel_requested_at=now):
            text = f"Cancelling, as {actor.name} asked."
        else:
            text = ""
        run.refresh_from_db()
        if text:
            attempts.note(run.pk, run.attempt, text)
            record(actor, "run.cancel", run, attempt=run.attempt)
            transaction.on_commit(lambda: _tell_all(run))
    return run


def cancel_for_withdrawal(consent: Consent) -> None:
    """Stop every active run of a participant whose consent no longer covers facial coding.

    Running attempts lose their run here and now; they notice within a second and can publish nothing.
    """
    if not missing_scopes(consent.participant, [Scope.VIDEO]):
        return
    now = timezone.now()
    for run in AnalysisRun.objects.filter(
        recording__participant=consent.participant, state__in=AnalysisRun.ACTIVE
    ).select_related("recording__participant__study"):
        stopped = AnalysisRun.objects.filter(pk=run.pk, state__in=AnalysisRun.ACTIVE).update(
            state=State.CANCELLED,
            finished_at=now,
            cancel_requested_at=now,
            stills=0,
            error="The participant withdrew consent. Nothing of this run is kept.",
        )
        if stopped:
            attempts.note(run.pk, run.attempt, "Stopped: consent was withdrawn.")
            record(None, "run.withdraw", run, consent=str(consent.pk))
            transaction.on_commit(lambda run=run: _forget(run))


def _forget(run: AnalysisRun) -> None:
    shelf.remove(attempts.folder(run.pk))
    _tell_all(run)


def at_work(recordings: QuerySet[Recording]) -> list[QuerySet[AnalysisRun]]:
    """Runs that stop with a withdrawal, or go with a recording (``recordings.hooks``)."""
    return [AnalysisRun.objects.filter(recording__in=recordings, state__in=AnalysisRun.ACTIVE)]


def remove_with_recording(recording: Recording) -> list[Path]:
    """Folders of a recording's runs, for the one who deletes it; its active runs lose their rows and stop."""
    return [attempts.folder(run_id) for run_id in recording.runs.values_list("pk", flat=True)]


def _tell_all(run: AnalysisRun) -> None:
    queue.remove(attempts.job_id(run.pk, run.attempt))
    progress.announce(run.pk)


def result_dir(run: AnalysisRun) -> Path:
    """Folder of a finished run's files, brought to this host; where they are gone, there is no such folder.

    Raises
    ------
    RunRefused
        There is no result yet.
    StoreAway, CacheFull
    """
    if not run.folder:
        raise RunRefused("This run has no result yet.")
    return shelf.bring(run.folder)


def have_scorer(name: str | None) -> None:
    """Bring a scorer of this installation to where the analysis on this host looks for it, if it is one."""
    kind, _, version = (name or "").partition("/")
    if kind == "au-own":
        shelf.bring(Path(settings.SCORERS_DIR) / version)


def still_path(run: AnalysisRun) -> Path:
    """Where the newest picture of a run lies, if there is one (``run.stills`` is not 0)."""
    return attempts.folder(run.pk) / "still.jpg"
