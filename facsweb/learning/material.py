"""Which signed codings a scorer may learn from now, and why others may not. Nothing here writes.

A coding counts only where a person decided: accepted, changed and added events are what was seen, deleted
proposals of the machine are what was not. A sign-off does not accept what its coder left undecided (the statement
says so, `reports.services`), and dropping such proposals would teach that nothing happened there. So a code with
an undecided proposal counts as not coded on that face, which the engine takes for "unknown"; the other codes are
used.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import UUID

from django.db.models import F, OuterRef, Subquery

from analysis.facs.neutral_store import FILE as NEUTRAL
from analysis.scoring.package import ENCODER
from facsweb.coding.models import Layer, Revision
from facsweb.coding.reading import current_events
from facsweb.coding.values import coded_event
from facsweb.learning import packages
from facsweb.recordings.files import sha256_of
from facsweb.reports.models import Report
from facsweb.runs import people_state
from facsweb.runs.models import AnalysisRun
from facsweb.runs.people_reading import measured_by
from facsweb.runs.services import MEASUREMENT, RunRefused, result_dir
from facsweb.studies.models import Participant, Scope, Study
from facsweb.studies.services import missing_scopes

if TYPE_CHECKING:
    from analysis.coded import CodedEvent
    from analysis.learning import Coding

#: What a participant has to agree to now for their face to teach a scorer.
NEEDED: Final = (Scope.VIDEO, Scope.CALIBRATION)

#: Files of a run that a training reads.
READ: Final = (*MEASUREMENT, NEUTRAL)

#: Why a signed coding is left out → what the page says, and what can be done.
REASONS: Final = {
    "withdrawn": ("consent was withdrawn", ""),
    "consent": (
        "the consent does not cover using the data to calibrate the method",
        "Ask for a consent that covers it.",
    ),
    "revoked": ("the report was revoked", ""),
    "superseded": ("the same coder signed a later analysis of the recording", ""),
    "partial": (
        "only some stretches of the recording were coded",
        "A coding of the whole recording can be learned from.",
    ),
    "unclear": (
        "several faces, and nobody said which one is the participant",
        "Say who is who on the analysis's page People, before it is coded.",
    ),
    "undecided": (
        "the coder decided about no code in full",
        "A code counts when every proposal of it was accepted, changed or deleted before signing.",
    ),
    "files": (
        "the measurement is gone, altered, or from before neutral faces were kept",
        "Analyse the recording again and have it coded.",
    ),
    "encoder": (
        "measured by another encoder than the scorer's",
        "Analyse the recording again and have it coded.",
    ),
}


@dataclass(frozen=True, slots=True)
class Candidate:
    """One signed coding of one face.

    Attributes
    ----------
    layer : Layer
    study : Study
        Of the recording.
    participant : Participant or None
        Whose face it is; None where that is not known.
    face : int
        Number of the face in the run; −1 where not known.
    why_not : str
        A key of `REASONS`; empty for what can be learned from.
    codes, undecided : frozenset of str
        Codes about which the coder decided in full, and those with a proposal that they left open.
    """

    layer: Layer
    study: Study
    participant: Participant | None
    face: int
    why_not: str = ""
    codes: frozenset[str] = frozenset()
    undecided: frozenset[str] = frozenset()


def candidates(base: str, *, thorough: bool = False) -> list[Candidate]:
    """Every signed coding, with the reason where it is left out; oldest sign-off first.

    Parameters
    ----------
    base : str
        Name of the scorer that would be refitted; measurements must be of its encoder.
    thorough : bool
        Also compare the measurements' hashes, which reads them whole.
    """
    layers = list(
        Layer.objects.filter(
            kind__in=(Layer.Kind.CODER, Layer.Kind.ADJUDICATED), state=Layer.State.SIGNED, sign_off__standing=True
        )
        .select_related("run__recording__participant__study", "owner")
        .annotate(report_state=F("sign_off__report__state"))
        .prefetch_related("run__recording__participant__consents")
        .order_by("sign_off__signed_at")
    )
    latest = {_whose(layer): layer.pk for layer in layers if not _revoked(layer)}
    decided, encoder = _decided(layers), _encoder(base)
    found = []
    for layer in layers:
        study = layer.run.recording.participant.study
        for participant, face in _faces(layer.run) or [(None, -1)]:
            codes, undecided = decided.get((layer.pk, face), (frozenset(), frozenset()))
            one = Candidate(layer, study, participant, face, codes=codes, undecided=undecided)
            why = _why_not(one, latest) or _unreadable(layer.run, encoder, thorough)
            found.append(replace(one, why_not=why))
    return found


def _whose(layer: Layer) -> tuple[str, UUID | None, UUID]:
    # What somebody settled between two others says nothing about what they coded themselves.
    return layer.kind, layer.owner_id, layer.run.recording_id


def _why_not(one: Candidate, latest: dict[tuple[str, UUID | None, UUID], UUID]) -> str:
    layer = one.layer
    if why := _consent(one.participant or layer.run.recording.participant, layer.run):
        return why
    if _revoked(layer):
        return "revoked"
    if latest[_whose(layer)] != layer.pk:
        return "superseded"
    if layer.spans:
        return "partial"
    if one.participant is None:
        return "unclear"
    return "" if one.codes else "undecided"


def _consent(participant: Participant, run: AnalysisRun) -> str:
    """Why the participant's consent does not allow it; a new consent does not bring back what was withdrawn."""
    made = run.recording.created_at
    if any(one.withdrawn_at and one.withdrawn_at >= made for one in participant.consents.all()):
        return "withdrawn"
    return "consent" if missing_scopes(participant, NEEDED) else ""


def _revoked(layer: Layer) -> bool:
    """Whether no report stands for the coding: revoked, or without its second signature so far."""
    return layer.report_state in (None, Report.State.REVOKED, Report.State.AWAITING)  # type: ignore[attr-defined]


def _decided(layers: Iterable[Layer]) -> dict[tuple[UUID, int], tuple[frozenset[str], frozenset[str]]]:
    """Codes that a coder decided about in full, and those that they left open, by layer and face."""
    newest = Revision.objects.filter(event=OuterRef("event")).order_by("-number").values("number")[:1]
    rows = Revision.objects.filter(event__layer__in=list(layers), number=Subquery(newest))
    decided: dict[tuple[UUID, int], set[str]] = {}
    left: dict[tuple[UUID, int], set[str]] = {}
    for layer, face, code, standing, deleted in rows.values_list(
        "event__layer_id", "face", "code", "standing", "deleted"
    ):
        is_open = standing == Revision.Standing.PROPOSED and not deleted
        (left if is_open else decided).setdefault((layer, face), set()).add(code)
    return {
        key: (frozenset(decided.get(key, set()) - left.get(key, set())), frozenset(left.get(key, set())))
        for key in decided | left
    }


def _faces(run: AnalysisRun) -> list[tuple[Participant, int]]:
    """Participants in a run, each with their face's number: as people said, or the only face there is."""
    measured, number = measured_by(run), run.parameters.get("people", 0)
    revision = measured.people_revisions.filter(number=number).first() if number else None
    if revision is not None:
        people = enumerate(people_state.load(revision.people))
        named = {one.participant: face for face, one in people if one.participant and not one.person.left_out}
        known = Participant.objects.filter(pk__in=named).select_related("study").prefetch_related("consents")
        if named:
            return [(participant, named[str(participant.pk)]) for participant in known]
    faces = run.summary.get("faces", [])
    return [(run.recording.participant, int(faces[0]["face"]))] if len(faces) == 1 else []


def _unreadable(run: AnalysisRun, encoder: str | None, thorough: bool) -> str:
    try:
        folder = result_dir(run)
        if not all((folder / name).is_file() for name in READ):
            return "files"
        if thorough and any(run.files.get(name, "") != sha256_of(folder / name) for name in READ):
            return "files"
        about = json.loads((folder / "measurement.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RunRefused):
        return "files"
    return "" if encoder is not None and about.get("encoder") == encoder else "encoder"


def _encoder(base: str) -> str | None:
    """SHA-256 of a scorer's encoder, as measurements name it; the net itself need not be opened for that."""
    folder = packages.location(base)
    return sha256_of(folder / ENCODER) if folder is not None else None


def codings(usable: Iterable[Candidate]) -> list[Coding]:
    """What the engine learns from. People are named by the ids of their rows, which say nothing elsewhere."""
    from analysis.learning import Coding

    return [
        Coding(
            folder=Path(result_dir(one.layer.run)),
            face=one.face,
            participant=str(one.participant.pk),
            coder=str(one.layer.owner_id),
            run=str(one.layer.run_id),
            events=tuple(_events(one)),
        )
        for one in usable
        if one.participant is not None and not one.why_not
    ]


def _events(one: Candidate) -> Iterator[CodedEvent]:
    for event in current_events(one.layer, include_deleted=True):
        if event.face != one.face or event.code not in one.codes:
            continue
        if event.deleted and event.source is None:
            continue  # a person's own slip that they took back
        # A training keeps what it learned from: not a coder's words, nor how sure the machine was.
        yield replace(coded_event(event), face=0, note="", confidence=None)
