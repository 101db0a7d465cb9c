"""What a report says, frozen as plain JSON at sign-off. The document is a pure function of it."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.urls import reverse

import facsweb
from analysis.facs.codes import CATALOGUE
from analysis.types import AnalysisError
from facsweb.agreement import trace
from facsweb.audit.services import canonical
from facsweb.audit.services import head as log_head
from facsweb.coding.models import Layer
from facsweb.coding.services import limit_us
from facsweb.meaning import whose
from facsweb.recordings.models import Recording
from facsweb.reports import agreement, comparison, meaning, measures, quotations
from facsweb.runs import neutrals
from facsweb.runs.models import AnalysisRun
from facsweb.storage import shelf
from facsweb.studies import law
from facsweb.studies.models import Consent, Participant, Scope, Study

#: Raised whenever a key changes its meaning; readers of old reports go by it.
SCHEMA = 1
SIGNALS = "signals.parquet"
#: An AU without an event is drawn when its signal reaches intensity B somewhere.
DRAWN_FROM = 1.0

DISCLAIMER = "Results are supportive indicators for trained people. They are not diagnoses and cannot detect lies."
LIMITS = (
    "Events, rates and shares of time are a trained coder's reading. Mean and peak intensity are machine "
    "estimates (0–5) that no person corrected; the cut between the letters A–E at whole numbers is this "
    "software's convention.",
    "“Measured” and “experimental” say how well the machine's figure was checked against labelled material; "
    "“human-coded only” means that the machine proposes nothing for this code. The model cards give the figures.",
    "Left and right are the subject's. Times are media time of the recording named above.",
    "Frames without a visible face, and frames held back because the view was too poor, are absent. They count "
    "neither as movement nor as stillness; rates and shares refer to the time in which the face was seen.",
    "Action Units describe visible movement. A movement does not show what a person feels, thinks or intends.",
)


class FilesChanged(Exception):  # noqa: N818 (a state that people are told about)
    """The run's result files are missing or not the ones that the analysis wrote."""


def sha256(content: Mapping[str, Any]) -> str:
    """SHA-256 (hex) of the content's canonical JSON."""
    return hashlib.sha256(canonical(content)).hexdigest()


def iso(moment: dt.datetime | None) -> str | None:
    """A moment in UTC, to the second."""
    return moment.astimezone(dt.UTC).isoformat(timespec="seconds") if moment else None


def result_file(run: AnalysisRun, name: str) -> Path:
    """Where a run's file lies, if it is exactly what the analysis wrote; raises FilesChanged."""
    path = shelf.bring(run.folder) / name
    if not path.is_file():
        raise FilesChanged(f"The analysis file {name} is missing. Run the analysis again, then sign.")
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != run.files.get(name):
        raise FilesChanged(f"The analysis file {name} is not the one the analysis wrote. Run it again, then sign.")
    return path


def _participant(participant: Participant, consent: Consent) -> dict[str, Any]:
    study = participant.study
    return {
        "study": {
            "id": str(study.pk),
            "name": study.name,
            "purpose": study.purpose,
            "setting": study.get_setting_display(),
            "jurisdiction": study.jurisdiction,
            "law": law.sentence(study),
            **({"exception": exception} if (exception := _exception(study)) else {}),
        },
        "participant": {"code": participant.code},
        "consent": {
            "id": str(consent.pk),
            "form": consent.form.title,
            "version": consent.form.version,
            "scopes": [str(Scope(scope).label) for scope in consent.granted],
            "method": consent.get_method_display(),
            "given_at": iso(consent.given_at),
        },
    }


def _exception(study: Study) -> dict[str, Any] | None:
    """The recorded exception to a prohibition that the study stands on, or None."""
    made = law.justification(study)
    return made and {
        "rule": made.rule,
        "ground": made.get_ground_display(),
        "reason": made.reason,
        "by": str(made.made_by),
        "at": iso(made.made_at),
    }


def _recording(recording: Recording) -> dict[str, Any]:
    return {
        "id": str(recording.pk),
        "title": recording.title,
        "sha256": recording.sha256,
        "size": recording.size,
        "duration_us": recording.duration_us,
        "width": recording.width,
        "height": recording.height,
        "has_audio": recording.has_audio,
    }


def _run(run: AnalysisRun) -> dict[str, Any]:
    said = run.summary
    return {
        "id": str(run.pk),
        "started_at": iso(run.started_at),
        "finished_at": iso(run.finished_at),
        "parameters": run.parameters,
        "frame_rate": said.get("video", {}).get("frame_rate"),
        "models": said.get("models", []),
        "scorer": said.get("scorer", {}),
        "neutral": said.get("neutral", {}),
        "neutrals": neutrals.for_report(run),
        "warnings": said.get("warnings", []),
        "files": run.files,
    }


def _spans(events: Sequence[comparison.Coded]) -> dict[tuple[int, str], list[tuple[int, int]]]:
    """Spans (onset, offset) of the signed events by face and code."""
    spans: dict[tuple[int, str], list[tuple[int, int]]] = defaultdict(list)
    for said in (event.final for event in events):
        if said is not None:
            spans[said.face, said.code].append((said.onset_us, said.offset_us))
    return spans


def _order(code: str) -> tuple[int, str]:
    return (CATALOGUE[code].order if code in CATALOGUE else len(CATALOGUE)), code


def _codes(rows: Sequence[Mapping[str, Any]], signals: Iterable[str]) -> dict[str, dict[str, str]]:
    """Name and group of every code that the report mentions, so that it stays readable by itself."""
    mentioned = {row[key]["code"] for row in rows for key in ("signed", "machine") if row[key]} | set(signals)
    return {
        code: {"name": CATALOGUE[code].name, "group": CATALOGUE[code].group}
        for code in sorted(mentioned & CATALOGUE.keys(), key=_order)
    }


def summary(
    faces: Sequence[measures.FaceSignals], events: Sequence[comparison.Coded], tiers: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Figures of every Action Unit of every face.

    ``events``, ``rate_per_min`` and ``share`` come from the signed events (time in which the face was seen is
    the whole); ``mean`` and ``peak`` come from the machine's signals.
    """
    spans, by_number = _spans(events), {face.face: face for face in faces}
    tables = []
    for number in sorted(by_number.keys() | {face for face, _ in spans}):
        face = by_number.get(number)
        seen = face.seen_us() if face else 0
        signals = face.intensity if face else {}
        rows = []
        for code in sorted({code for at, code in spans if at == number} | signals.keys(), key=_order):
            own = spans.get((number, code), [])
            mean, peak = measures.mean_and_peak(signals[code]) if code in signals else (None, None)
            known = CATALOGUE.get(code)
            rows.append(
                {
                    "code": code,
                    "name": known.name if known else "",
                    "group": known.group if known else "gross",
                    "tier": tiers.get(code) or (known.tier if known else "human-coded only"),
                    "events": len(own),
                    "rate_per_min": round(len(own) * 60e6 / seen, 2) if seen else None,
                    "share": round(min(1.0, measures.union_us(own) / seen), 4) if seen else None,
                    "mean": mean,
                    "peak": peak,
                }
            )
        tables.append({"face": number, "rows": rows})
    return tables


def pictures(
    faces: Sequence[measures.FaceSignals], events: Sequence[comparison.Coded], timeline_us: int
) -> list[dict[str, Any]]:
    """Intensity over time for the printed timeline, one table a face."""
    said = [one for event in events for one in (event.final, event.machine) if one is not None]
    by_number = {face.face: face for face in faces}
    drawn = []
    for number in sorted(by_number.keys() | {one.face for one in said}):
        face = by_number.get(number)
        codes = {one.code for one in said if one.face == number}
        if face:
            codes |= {
                code
                for code, values in face.intensity.items()
                if (measures.mean_and_peak(values)[1] or 0.0) > DRAWN_FROM
            }
        bins = min(measures.BINS, max(1, len(face.time_us) // 2)) if face else 1
        rows = [
            {
                "code": code,
                "values": measures.picture(face.intensity[code], face.time_us, timeline_us, bins)
                if face and code in face.intensity
                else [],
            }
            for code in sorted(codes, key=_order)
        ]
        drawn.append({"face": number, "bins": bins, "rows": rows})
    return drawn


def _own_faces(run: AnalysisRun) -> list[int]:
    """Which of several faces are the participant's; none where nobody said."""
    own = str(run.recording.participant_id)
    try:
        return [face for face, who in whose.named(run).items() if who == own]
    except AnalysisError:  # the file that names the faces is gone
        return []


def freeze(
    layer: Layer, consent: Consent, *, signer: str, signed_at: dt.datetime, statement: str, report_id: Any
) -> dict[str, Any]:
    """Everything the report will say.

    Parameters
    ----------
    layer : Layer
        The coder's layer, with run, recording, participant and study.
    consent : Consent
        The consent in force.
    signer, statement : str
        Who signs, and what they confirm word for word.
    signed_at : datetime
    report_id : UUID
        Of the report that will be made from it.

    Raises
    ------
    FilesChanged
        The run's signals are gone or altered.
    """
    run, recording = layer.run, layer.run.recording
    faces = measures.read_signals(result_file(run, SIGNALS))
    events = comparison.compare(layer)
    rows = comparison.event_rows(events)
    # The last frame is shown a little longer than some containers say, and an event may end with it.
    ends = [one.offset_us for event in events for one in (event.final, event.machine) if one is not None]
    timeline_us = max([limit_us(run), *ends])
    tables = summary(faces, events, run.summary.get("tiers", {}))
    revisions = comparison.changes(layer, {row["event"]: row["number"] for row in rows})
    return {
        "schema": SCHEMA,
        "report": {
            "id": str(report_id),
            "software": f"facsweb {facsweb.__version__}",
            "verify_at": settings.SITE_URL.rstrip("/") + reverse("verify"),
        },
        "sign_off": {
            "signer": signer,
            "signed_at": iso(signed_at),
            "statement": statement,
            "layer": str(layer.pk),
            "revision": layer.revision,
        },
        # Where the log stood: nobody can say later that something was written before this signature.
        "log": dict(zip(("entry", "hash"), log_head(), strict=True)),
        **({"adjudication": settled} if (settled := trace.for_report(layer)) else {}),
        **({"meaning": read} if (read := meaning.section(layer)) else {}),
        **({"agreement": agreed} if (agreed := agreement.section(layer)) else {}),
        **({"quotations": quoted} if (quoted := quotations.section(recording, events)) else {}),
        **_participant(recording.participant, consent),
        "recording": _recording(recording),
        "run": _run(run),
        "coverage": measures.coverage(faces),
        "summary": tables,
        **({"own_faces": _own_faces(run)} if len(tables) > 1 else {}),
        "timeline_us": timeline_us,
        "pictures": pictures(faces, events, timeline_us),
        "codes": _codes(rows, {code for face in faces for code in face.intensity}),
        "counts": comparison.counts(events),
        "events": rows,
        "people": comparison.people(revisions),
        "revisions": revisions,
        "limits": list(LIMITS),
        "disclaimer": DISCLAIMER,
    }
