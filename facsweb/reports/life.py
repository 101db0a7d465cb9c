"""The life of a coding: draft → coded → adjudicated → signed → revoked, told from what is stored."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import QuerySet

from facsweb.agreement import trace
from facsweb.coding import sight
from facsweb.coding.models import Layer
from facsweb.recordings.models import Recording
from facsweb.reports.models import Countersignature, Report
from facsweb.studies import access

DRAFT, CODED, ADJUDICATED = "draft", "coded", "adjudicated"
SIGNED, REVOKED = "signed", "revoked"
#: What pages call a state, with the tone of its mark.
WORDS: Final[dict[str, tuple[str, str]]] = {
    DRAFT: ("machine", "Draft"),
    CODED: ("active", "Coded"),
    ADJUDICATED: ("active", "Adjudicated"),
    SIGNED: ("good", "Signed"),
    REVOKED: ("bad", "Revoked"),
}
#: States of layers that nobody signed yet.
ON_THE_WAY: Final = {
    DRAFT: (Layer.State.ASSIGNED, Layer.State.OPEN),
    CODED: (Layer.State.SUBMITTED, Layer.State.ADJUDICATION),
}


@dataclass(frozen=True, slots=True)
class Moment:
    """One step of a life.

    Attributes
    ----------
    state : str
        A key of `WORDS`.
    what : str
        The step in a few words.
    at : datetime or None
    by : str
        Who took it; empty for the machine, or where that is not to be said.
    reason : str
    """

    state: str
    what: str
    at: dt.datetime | None
    by: str = ""
    reason: str = ""

    @property
    def tone(self) -> str:
        return WORDS[self.state][0]

    @property
    def label(self) -> str:
        return WORDS[self.state][1]


def of_report(report: Report) -> list[Moment]:
    """Every step of the report's coding so far, the first one first."""
    return of_layer(report.sign_off.layer)


def of_recording(user: Any, recording: Recording) -> list[Moment]:
    """Steps of the coding of a recording that has come farthest; none where the user may not know of them.

    Who codes the recording blind is told nothing; who does not work on the study, nothing of what nobody signed.
    """
    if sight.hides_on(user, recording):
        return []
    layers = Layer.objects.filter(run__recording=recording, kind__in=(Layer.Kind.CODER, Layer.Kind.ADJUDICATED))
    issued = Report.objects.filter(
        sign_off__layer__in=layers, state__in=(Report.State.READY, Report.State.REVOKED)
    )
    newest = issued.select_related("sign_off__layer").defer("sign_off__content")
    # What stands comes before what was revoked: "ready" < "revoked".
    if (report := newest.order_by("state", "-sign_off__signed_at").first()) is not None:
        return of_report(report)
    if not access.may(user, "coding:review", recording):
        return []
    far = {Layer.State.SIGNED: 0, Layer.State.SUBMITTED: 1, Layer.State.ADJUDICATION: 1, Layer.State.OPEN: 2}
    begun = [layer for layer in layers if layer.state in far]
    begun.sort(key=lambda layer: (layer.kind != Layer.Kind.ADJUDICATED, far[layer.state], layer.created_at))
    return of_layer(begun[0]) if begun else []


def of_layer(layer: Layer) -> list[Moment]:
    """Every step of a coding so far, the first one first."""
    moments = _before(layer)
    for one in Report.objects.filter(sign_off__layer=layer).select_related(
        "sign_off__signer", "revoked_by", "second__by"
    ):
        moments += _of_sign_off(one)
    return sorted(moments, key=lambda step: (step.at is None, step.at))


def _before(layer: Layer) -> list[Moment]:
    moments = [Moment(DRAFT, "Begun", layer.begun_at or layer.created_at)]
    if layer.submitted_at:
        moments.append(Moment(CODED, "Submitted", layer.submitted_at))
    if (settled := trace.of_layer(layer)) is not None:
        first = [one.submitted_at for one in (settled.first, settled.second) if one.submitted_at]
        if first:
            moments.append(Moment(CODED, "Both codings submitted", max(first)))
        moments.append(Moment(ADJUDICATED, "Adjudication begun", settled.started_at))
    return moments


def _of_sign_off(report: Report) -> list[Moment]:
    sign_off, second = report.sign_off, getattr(report, "second", None)
    coded = ADJUDICATED if sign_off.layer.kind == Layer.Kind.ADJUDICATED else CODED
    first = coded if report.second_needed else SIGNED
    what = "First signature" if report.second_needed else "Signed"
    moments = [Moment(first, what, sign_off.signed_at, str(sign_off.signer))]
    if second is not None and second.decision == Countersignature.Decision.SIGNED:
        moments.append(Moment(SIGNED, "Second signature", second.at, str(second.by)))
    elif second is not None:
        moments.append(Moment(DRAFT, "Sent back", second.at, str(second.by), second.statement))
    if report.revoked_at:
        by = str(report.revoked_by) if report.revoked_by else ""
        moments.append(Moment(REVOKED, "Revoked", report.revoked_at, by, report.revoked_reason))
    return moments


def state_of(report: Report) -> str:
    """Where the coding of a report stands."""
    if report.state == Report.State.REVOKED:
        return REVOKED
    if report.state == Report.State.RETURNED:
        return DRAFT
    second = getattr(report, "second", None)
    if report.second_needed and (second is None or second.decision != Countersignature.Decision.SIGNED):
        return ADJUDICATED if report.sign_off.layer.kind == Layer.Kind.ADJUDICATED else CODED
    return SIGNED


def codings(user: Any, state: str) -> QuerySet[Layer]:
    """Codings of a state before signing, in studies that the user works on; never what they code blind."""
    layers = Layer.objects.filter(
        run__recording__participant__study__in=access.studies(user, "coding:review"),
        kind__in=(Layer.Kind.CODER, Layer.Kind.ADJUDICATED),
    ).exclude(run__recording__in=sight.blind_recordings(user))
    if state == ADJUDICATED:
        return layers.filter(kind=Layer.Kind.ADJUDICATED, state__in=(*ON_THE_WAY[DRAFT], *ON_THE_WAY[CODED]))
    return layers.filter(kind=Layer.Kind.CODER, state__in=ON_THE_WAY[state])
