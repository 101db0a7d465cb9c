"""The neutral face of every person in a run: what it is, whose it may be, and reading a run again with another.

A choice lives in the run's parameters, ``neutrals`` by face; a run without one found its neutral automatically or
at ``neutral_us``. The recording that lends a neutral must be of the same participant, be analysed, and be covered
by a consent that was never withdrawn since it was made; that is asked when somebody chooses and again when the
work begins.
"""

from __future__ import annotations

import contextlib
import json
import logging
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from analysis import confined
from analysis.facs.baseline import CLOSE_TO_REST, FAR_FROM_REST
from analysis.facs.neutral_store import FILE, Choice, Loan
from analysis.types import AnalysisError, MediaError
from facsweb.accounts.models import User
from facsweb.audit.services import record
from facsweb.recordings import files
from facsweb.recordings.models import Recording
from facsweb.recordings.services import jpeg, original_path
from facsweb.runs import attempts, hooks, services
from facsweb.runs.models import AnalysisRun
from facsweb.runs.services import RunRefused
from facsweb.storage import shelf
from facsweb.studies import access
from facsweb.studies.models import Scope
from facsweb.studies.services import missing_scopes

logger = logging.getLogger(__name__)
AUTOMATIC, CHOSEN, BORROWED = "automatic", "chosen", "borrowed"
MARGIN: Final = 0.45  # of the face's size, around it in a picture
GONE: Final = (
    "The recording that this neutral face comes from is no longer available: it was deleted, or its consent was "
    "withdrawn. Choose another neutral face."
)


@dataclass(frozen=True, slots=True)
class FaceNeutral:
    """The neutral of one face of a finished run."""

    face: int
    method: str
    time_us: int
    frames: int
    distance: float | None  # spreads from a usual resting face
    by: str = ""  # who chose it, and when (ISO 8601); empty where the machine found it
    at: str = ""
    lender: AnalysisRun | None = None  # where a borrowed one comes from, while it may be used
    title: str = ""  # of the lending recording; empty when that is gone

    @property
    def number(self) -> int:
        """From 1, as people count."""
        return self.face + 1

    @property
    def is_far(self) -> bool:
        return self.distance is not None and self.distance >= FAR_FROM_REST

    @property
    def words(self) -> str:
        """How good it is."""
        if self.distance is None:
            return "how close it is to rest is not known"
        if self.is_far:
            return "far from a usual resting face"
        if self.distance >= CLOSE_TO_REST:
            return "within what people's resting faces differ"
        return "close to a usual resting face"


@dataclass(frozen=True, slots=True)
class Lender:
    """One face of another recording of the participant, whose neutral can be taken."""

    run: AnalysisRun
    neutral: FaceNeutral

    @property
    def value(self) -> str:
        """How a form names it."""
        return f"{self.run.pk}:{self.neutral.face}"


def of_run(run: AnalysisRun) -> list[FaceNeutral]:
    """The neutral of every face of a finished run."""
    faces = run.summary.get("faces", [])
    return [_of_face(run, int(face["face"]), face.get("neutral") or run.summary.get("neutral")) for face in faces]


def _of_face(run: AnalysisRun, face: int, told: dict[str, Any] | None) -> FaceNeutral:
    told = told or {}
    choice = run.parameters.get("neutrals", {}).get(str(face), {})
    if not choice and told.get("method") == CHOSEN:  # when the analysis was started
        choice = {"by": run.created_by.name, "at": run.created_at.isoformat(timespec="seconds")}
    lender, title = None, ""
    if told.get("method") == BORROWED:
        source = AnalysisRun.objects.select_related("recording").filter(pk=choice.get("run")).first()
        title = source.recording.title if source else ""
        lender = source if source and may_lend(source, run.recording) else None
    return FaceNeutral(
        face=face,
        method=told.get("method", AUTOMATIC),
        time_us=int(told.get("time_us") or 0),
        frames=int(told.get("frames") or 0),
        distance=told.get("distance"),
        by=choice.get("by", ""),
        at=choice.get("at", ""),
        lender=lender,
        title=title,
    )


# --- who may lend ----------------------------------------------------------------------------------------


def consent_stands(recording: Recording) -> bool:
    """Whether facial coding is covered now, and nothing was withdrawn since the recording was made.

    A consent given after a withdrawal covers what is recorded from then on; it does not bring back what was
    withdrawn.
    """
    participant = recording.participant
    if missing_scopes(participant, [Scope.VIDEO]):
        return False
    return not participant.consents.filter(withdrawn_at__gte=recording.created_at).exists()


def may_lend(run: AnalysisRun, borrower: Recording) -> bool:
    """Whether a run's neutrals may be used for a recording."""
    return (
        run.state == AnalysisRun.State.SUCCEEDED
        and run.recording_id != borrower.pk
        and run.recording.participant_id == borrower.participant_id
        and FILE in run.files
        and consent_stands(run.recording)
    )


def lenders(user: User, run: AnalysisRun) -> list[Lender]:
    """Faces of the participant's other recordings that this person may see, newest first.

    The latest analysis of each recording counts, and only neutrals that were not borrowed themselves.
    """
    runs = AnalysisRun.objects.select_related("recording__participant__study").order_by("-created_at")
    seen: set[uuid.UUID] = set()
    found = []
    for other in runs.filter(
        recording__participant=run.recording.participant, state=AnalysisRun.State.SUCCEEDED
    ).exclude(recording=run.recording):
        if other.recording_id in seen:
            continue
        seen.add(other.recording_id)
        if may_lend(other, run.recording) and access.may(user, "runs:detail", other):
            found += [Lender(other, one) for one in of_run(other) if one.method != BORROWED]
    return found


# --- choosing --------------------------------------------------------------------------------------------


def refusal(run: AnalysisRun) -> str:
    """Why the neutral of this run cannot be changed, as a sentence; empty when it can."""
    return next((reason for protects in hooks.protections if (reason := protects(run))), "")


def choose(
    actor: User,
    run: AnalysisRun,
    *,
    face: int | None = None,
    time_us: int | None = None,
    lender: tuple[uuid.UUID, int] | None = None,
) -> AnalysisRun:
    """Read a run again with another neutral for one face, or for all; the new run, which takes seconds.

    Parameters
    ----------
    actor : User
        Who chooses; access to the run was checked by the caller.
    run : AnalysisRun
    face : int, optional
        Whose neutral; all faces' when None.
    time_us : int, optional
        The frame at this media time.
    lender : (run id, face), optional
        Another recording's neutral. Without time and lender the neutral is found automatically.

    Raises
    ------
    RunRefused
        The run is signed or not finished, the face is not in it, the time is outside, or the lender cannot lend.
    ConsentMissing
        The consent is gone.
    """
    known = [one.face for one in of_run(run)]
    if face is not None and face not in known:
        raise RunRefused("This person is not in the recording.")
    said: dict[str, Any] = {"method": AUTOMATIC}
    if lender is not None:
        said = _lent(actor, run, *lender)
    elif time_us is not None:
        said = {"method": CHOSEN, "time_us": time_us}
    said |= {"by": actor.name, "at": timezone.now().isoformat(timespec="seconds")}
    kept = run.parameters.get("neutrals", {}) if face is not None else {}
    changed = {str(one): said for one in (known if face is None else [face])}
    everybody_us = time_us if face is None else run.parameters.get("neutral_us")
    return _again(actor, run, everybody_us, {**kept, **changed}, "run.neutral", checked_us=time_us)


def undo(actor: User, run: AnalysisRun) -> AnalysisRun:
    """Read the run again with the neutrals of the run before it.

    Raises
    ------
    RunRefused
        There is none before it, or as in `choose`.
    """
    before = before_of(run)
    if before is None:
        raise RunRefused("There is no earlier neutral face to go back to.")
    for said in before.parameters.get("neutrals", {}).values():
        if said["method"] == BORROWED:
            _lent(actor, run, uuid.UUID(said["run"]), said["face"])
    kept = before.parameters.get("neutrals", {})
    return _again(actor, run, before.parameters.get("neutral_us"), kept, "run.neutral_undo")


def before_of(run: AnalysisRun) -> AnalysisRun | None:
    """The last run before this one with other neutrals; None without one, or if the people were others then."""
    before = run
    while source := before.parameters.get("measurement_from"):
        found = run.recording.runs.filter(pk=source).first()
        if found is None or found.parameters.get("people", 0) != run.parameters.get("people", 0):
            return None
        if _chosen(found) != _chosen(run):
            return found
        before = found  # that one was read again with another scorer
    return None


def _chosen(run: AnalysisRun) -> tuple[Any, Any]:
    return run.parameters.get("neutral_us"), run.parameters.get("neutrals") or {}


def _lent(actor: User, run: AnalysisRun, pk: uuid.UUID, face: int) -> dict[str, Any]:
    source = AnalysisRun.objects.select_related("recording__participant__study").filter(pk=pk).first()
    if source is None or not may_lend(source, run.recording) or not access.may(actor, "runs:detail", source):
        raise RunRefused(GONE)
    if face not in [one.face for one in of_run(source)]:
        raise RunRefused("This person is not in the other recording.")
    return {"method": BORROWED, "run": str(pk), "recording": str(source.recording_id), "face": face}


def _again(
    actor: User,
    run: AnalysisRun,
    everybody_us: int | None,
    neutrals: dict[str, Any],
    action: str,
    *,
    checked_us: int | None = None,
) -> AnalysisRun:
    with transaction.atomic():
        if reason := refusal(run):
            raise RunRefused(reason)
        services.check_neutral(run.recording, checked_us)
        if (active := services.reading_again(run)) is not None:
            return active
        again = services.reinterpret(actor, run, everybody_us, neutrals=neutrals)
        former = {"run": str(run.pk), **{name: run.parameters.get(name) for name in ("neutral_us", "neutrals")}}
        after = {"run": str(again.pk), "neutral_us": everybody_us, "neutrals": neutrals}
        record(actor, action, again, before=former, after=after)
    return again


# --- at work ---------------------------------------------------------------------------------------------


def for_the_work(run: AnalysisRun) -> dict[int | None, Choice]:
    """The choices of a run as the analysis takes them; lenders are checked again here.

    Raises
    ------
    AnalysisError
        A lender is gone, may no longer lend, or its file is not the one that its analysis wrote.
    """
    found: dict[int | None, Choice] = {}
    for key, said in run.parameters.get("neutrals", {}).items():
        found[int(key)] = _loan(run, said) if said["method"] == BORROWED else said.get("time_us")
    return found


def _loan(run: AnalysisRun, said: dict[str, Any]) -> Loan:
    source = AnalysisRun.objects.select_related("recording__participant__study").filter(pk=said["run"]).first()
    if source is None or not may_lend(source, run.recording):
        raise AnalysisError(GONE)
    folder = services.result_dir(source)
    if not (folder / FILE).is_file() or files.sha256_of(folder / FILE) != source.files[FILE]:
        raise AnalysisError(GONE)
    return Loan(folder, said["face"], label=str(source.pk))


# --- for people and reports --------------------------------------------------------------------------------


def picture(run: AnalysisRun, face: int) -> Path | None:
    """The frame that a face's neutral was taken from, cut to the face, as JPEG; made on first use.

    None when the face is not there, the lending recording may no longer be used, or nothing can be decoded.
    """
    neutral = next((one for one in of_run(run) if one.face == face), None)
    if neutral is None:
        return None
    if neutral.method == BORROWED:
        said = run.parameters.get("neutrals", {}).get(str(face), {})
        return picture(neutral.lender, said["face"]) if neutral.lender else None
    path = attempts.folder(run.pk) / f"neutral-{face}.jpg"
    with contextlib.suppress(FileNotFoundError):
        return shelf.fetch(path)
    try:
        rgb = confined.still(original_path(run.recording), neutral.time_us)
        left, top, right, bottom = _around(run, face, rgb.shape[1], rgb.shape[0])
        return shelf.write(path, jpeg(rgb[top:bottom, left:right]))
    except (MediaError, OSError) as error:
        logger.warning("No picture of the neutral of run %s, face %s: %s", run.pk, face, error)
        return None


def _around(run: AnalysisRun, face: int, width: int, height: int) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of the face with a margin; the whole picture where its place is not known."""
    try:
        stored = json.loads((services.result_dir(run) / FILE).read_text(encoding="utf-8"))
        values = next(one["values"] for one in stored["faces"] if one["face"] == face)
        x, y, w, h = (float(values[name]) for name in ("box_x", "box_y", "box_w", "box_h"))
    except (OSError, ValueError, KeyError, TypeError, StopIteration):
        return 0, 0, width, height
    side = MARGIN * max(w, h)
    left, top = max(0, int(x - side)), max(0, int(y - side))
    right, bottom = min(width, int(x + w + side)), min(height, int(y + h + side))
    return (left, top, right, bottom) if right - left > 8 and bottom - top > 8 else (0, 0, width, height)


def for_report(run: AnalysisRun) -> list[dict[str, Any]]:
    """Every face's neutral for a report's section on the method, as plain JSON."""
    return [
        {
            "face": one.face,
            "method": one.method,
            "time_us": one.time_us,
            "frames": one.frames,
            "distance": one.distance,
            "by": one.by,
            "at": one.at,
            "recording": one.title,
        }
        for one in of_run(run)
    ]
