"""What kinds of destroyed objects are called for people."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from django.apps import apps

from facsweb.privacy.models import Erasure, Tombstone
from facsweb.studies.models import Scope

NAMES: Final = {
    "recordings.recording": "Recording, with its files",
    "recordings.sound": "Sound of a recording whose picture stays",
    "recordings.upload": "Upload, with what had arrived",
    "runs.analysisrun": "Analysis, with its results",
    "runs.face": "Face on another participant’s recording",
    "runs.logline": "Lines of an analysis’s log",
    "runs.peoplerevision": "Who is who on a recording",
    "coding.layer": "Coding",
    "coding.event": "Coded events",
    "coding.revision": "States of coded events",
    "coding.comment": "Comments",
    "coding.mention": "Names in comments",
    "meaning.reading": "Reading of combinations, states, voice and words",
    "meaning.speakers": "Who speaks when",
    "meaning.markers": "Tasks and questions",
    "agreement.comparison": "Figures of agreement",
    "agreement.adjudication": "Adjudication",
    "agreement.step": "Places of an adjudication",
    "agreement.decision": "Decisions of an adjudication",
    "practice.segment": "Practice segment",
    "practice.attempt": "Try at a practice segment",
    "exchange.upload": "Uploaded file with codings",
    "assignments.assignment": "Assignment of a coding",
    "transcripts.transcript": "Transcript or document",
    "transcripts.revision": "Versions of a text",
    "transcripts.sourcefile": "Files of a text",
    "transcripts.scores": "What a text was scored with",
    "transcripts.upload": "Uploaded text",
    "transcripts.recognition": "Recognition of speech",
    "reports.report": "Report, with its document",
    "reports.signoff": "Content of a report",
    "reports.document": "Summary or participant’s copy of a report",
    "reports.countersignature": "Second person’s word on a report",
    "reports.package": "Package of reports, with its file",
    "learning.training": "Scorer that learned from it",
    "calibration.version": "Calibration that used it",
    "privacy.copy": "Copy made for the participant",
    "studies.consentlink": "Address of the participant’s own pages",
    "api.keyedrequest": "Answer kept for another program",
    "api.delivery": "Message to another program",
    "studies.consent:words": "Name and signature on a consent",
    "studies.withdrawal:words": "Words of a withdrawal",
}


def name_of(kind: str) -> str:
    """A kind in words, for pages and certificates."""
    if kind in NAMES:
        return NAMES[kind]
    return str(apps.get_model(kind.partition(":")[0])._meta.verbose_name).capitalize()


def counts(tombstones: Iterable[Tombstone]) -> list[tuple[str, int]]:
    """How many of each kind went, by name."""
    found: dict[str, int] = {}
    for one in tombstones:
        found[one.kind] = found.get(one.kind, 0) + one.rows
    return sorted((name_of(kind), number) for kind, number in found.items())


def scopes_of(erasure: Erasure) -> list[str]:
    """What is not agreed to any more, in the words of the consent."""
    return [str(Scope(scope).label) for scope in erasure.scopes]


def tone(erasure: Erasure) -> dict[str, Any]:
    """State of an erasure as a chip."""
    state = Erasure.State(erasure.state)
    tones = {"queued": "attention", "running": "active", "succeeded": "good", "failed": "bad"}
    return {"tone": tones[state.value], "label": state.label, "live": erasure.is_active}
