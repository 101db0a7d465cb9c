"""What pages say of what is held, what was destroyed and what goes when."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from django.utils import timezone

from facsweb.coding.models import Comment, Layer
from facsweb.meaning.models import Reading
from facsweb.privacy import copying, wording
from facsweb.privacy.models import Copy, Erasure, Hold
from facsweb.privacy.retention import ANNOUNCED, Item
from facsweb.reports.models import Report
from facsweb.runs.models import AnalysisRun
from facsweb.studies.models import Participant
from facsweb.transcripts.models import Transcript


def held(person: Participant) -> list[tuple[str, int]]:
    """How much is stored about a participant, by what it is."""
    runs = AnalysisRun.objects.filter(recording__participant=person)
    reports = Report.objects.filter(sign_off__layer__run__recording__participant=person)
    return [
        ("Recordings", person.recordings.count()),
        ("Analyses", runs.count()),
        ("Codings", Layer.objects.filter(run__in=runs).exclude(kind=Layer.Kind.MACHINE).count()),
        ("Readings", Reading.objects.filter(run__in=runs).count()),
        ("Texts", Transcript.objects.filter(participant=person).count()),
        ("Comments", Comment.objects.filter(run__in=runs).count()),
        ("Reports", reports.count()),
        ("Consents", person.consents.count()),
    ]


def erasure_rows(person: Participant) -> list[dict[str, Any]]:
    """Everything that was or is to be destroyed, the newest first."""
    found = Erasure.objects.filter(participant=person).select_related("created_by", "withdrawal")
    on_hold = standing_hold(person) is not None
    return [
        {
            "erasure": one,
            "status": waiting(one, on_hold),
            "scopes": wording.scopes_of(one),
            "objects": sum(number for _, number in wording.counts(one.tombstones.all())),
        }
        for one in found
    ]


def waiting(erasure: Erasure, on_hold: bool) -> dict[str, Any]:
    """State of an erasure as a chip; held back is a state of its own for people."""
    if on_hold and erasure.state == Erasure.State.QUEUED:
        return {"tone": "attention", "label": "On hold", "live": False}
    return wording.tone(erasure)


#: Reasons that have nothing to do with what the participant took back.
NOT_WITHDRAWN: Final = (Erasure.Why.RETENTION, Erasure.Why.DELETED, Erasure.Why.LAW)


def own_state(person: Participant) -> tuple[str, datetime | None] | None:
    """How far the destruction of what a participant withdrew is, for their own page (``studies.hooks``)."""
    found = list(Erasure.objects.filter(participant=person).exclude(why__in=NOT_WITHDRAWN))
    states = {one.state for one in found}
    if not found:
        return None
    if Erasure.State.RUNNING in states:
        return "running", None
    if states == {Erasure.State.SUCCEEDED}:
        return "done", max(one.checked_at or one.created_at for one in found)
    if standing_hold(person) is not None:
        return "held", None
    return "failed" if Erasure.State.FAILED in states else "waiting", None


def standing_hold(person: Participant) -> Hold | None:
    """The hold on a participant, if there is one."""
    return Hold.objects.filter(participant=person, lifted_at=None).select_related("by").first()


def copy_rows(person: Participant) -> list[dict[str, Any]]:
    """Copies that were asked for, the newest first."""
    tones = {"queued": "attention", "running": "active", "succeeded": "good", "failed": "bad"}
    return [
        {
            "copy": one,
            "ready": copying.path_of(one) is not None,
            "tone": tones.get(one.state, "neutral"),
            "label": Copy.State(one.state).label,
        }
        for one in Copy.objects.filter(participant=person).select_related("created_by")[:5]
    ]


def retention_rows(items: Iterable[Item], now: datetime | None = None) -> list[dict[str, Any]]:
    """What goes when and why, with a word for how near it is."""
    now = now or timezone.now()
    rows = []
    for item in items:
        left = item.days_left(now)
        near = left is not None and left <= ANNOUNCED[-1]
        soon = left is not None and left <= ANNOUNCED[0]
        rows.append(
            {
                "item": item,
                "left": left,
                "tone": "bad" if near else "attention" if soon else "neutral",
                "label": "Stays" if left is None else "Goes today" if left == 0 else f"In {_days(left)}",
            }
        )
    return rows


def _days(number: int) -> str:
    return "1 day" if number == 1 else f"{number:,} days"
