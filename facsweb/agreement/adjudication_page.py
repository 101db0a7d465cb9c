"""What the page of an adjudication is told."""

from __future__ import annotations

from typing import Any, Final

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.urls import reverse

from analysis.facs.codes import CATALOGUE
from facsweb.agreement import trace
from facsweb.agreement.models import Adjudication, Decision
from facsweb.agreement.presentation import value_words
from facsweb.coding import sight
from facsweb.coding.models import Layer
from facsweb.coding.page import optional_url
from facsweb.coding.reading import current_events
from facsweb.coding.services import faces_of, limit_us
from facsweb.recordings.services import playable
from facsweb.studies import access

CHOICES: Final = frozenset(str(value) for value in Decision.Taken)


def check_blind(user: Any, adjudication: Adjudication) -> None:
    """Raise PermissionDenied for somebody who codes the recording blind."""
    if why := sight.hides(user, adjudication.layer.run):
        raise PermissionDenied(why)


def is_open(adjudication: Adjudication) -> bool:
    """Whether it can still be decided."""
    return adjudication.layer.state == Layer.State.OPEN


def coders(user: Any, adjudication: Adjudication) -> tuple[str, str]:
    """What the coders are called: A and B; leads who do not decide see names, others where a lead shows them."""
    decides = adjudication.layer.owner_id == user.pk
    lead = bool(access.roles_of(user, adjudication.study) & access.LEADS)
    if not adjudication.names_shown and (decides or not lead):
        return "Coder A", "Coder B"
    both = (adjudication.first.owner, adjudication.second.owner)
    first, second = (owner.get_full_name() if owner else "–" for owner in both)
    return f"A: {first}", f"B: {second}"


def context(request: HttpRequest, adjudication: Adjudication) -> dict[str, Any]:
    """Everything the template needs."""
    layer, run = adjudication.layer, adjudication.layer.run
    recording = run.recording
    mine = layer.owner_id == request.user.pk
    index = adjudication.before["figures"].get("index")
    names = coders(request.user, adjudication)
    return {
        "adjudication": adjudication,
        "layer": layer,
        "run": run,
        "recording": recording,
        "coders": names,
        "mine": mine,
        "may_decide": mine and is_open(adjudication),
        "may_give_up": is_open(adjudication),
        "may_show_names": bool(access.roles_of(request.user, adjudication.study) & access.LEADS),
        "index": value_words("index", index["value"]) if index else "–",
        "index_interval": _interval(index),
        "index_why": (index["why"] if index else "") or adjudication.before["basis"],
        "speeds": ["0.25", "0.5", "1", "1.5", "2"],
        "times": [("onset", "Onset", "i"), ("apex", "Apex", "p"), ("offset", "Offset", "o")],
        "sign_url": optional_url("reports:sign", layer.pk) if mine and is_open(adjudication) else "",
        "data": _data(adjudication, names, may_decide=mine and is_open(adjudication)),
        "crumbs": [
            (adjudication.study.name, reverse("studies:detail", args=[adjudication.study.pk])),
            ("Agreement", reverse("agreement:study", args=[adjudication.study.pk])),
            (f"{recording.participant.code} · {recording.title}", ""),
        ],
    }


def _interval(figure: dict[str, Any] | None) -> str:
    if figure is None or figure["low"] is None or figure["high"] is None:
        return ""
    return f"{value_words('index', figure['low'])} to {value_words('index', figure['high'])}"


def _data(adjudication: Adjudication, names: tuple[str, str], *, may_decide: bool) -> dict[str, Any]:
    run = adjudication.layer.run
    return {
        "coders": list(names),
        "mayDecide": may_decide,
        "durationUs": limit_us(run),
        "frameRate": run.summary.get("video", {}).get("frame_rate") or 0,
        "hasVideo": playable(run.recording) is not None,
        "faces": faces_of(run),
        "urls": {
            "decide": reverse("agreement:decide", args=[adjudication.pk]),
            "steps": reverse("agreement:steps", args=[adjudication.pk]),
            "frames": f"{reverse('coding:frames', args=[run.pk])}?v={run.attempt}",
        },
        "codes": [
            {
                "code": code.code,
                "name": code.name,
                "group": code.group,
                "sided": code.sided,
                "graded": code.has_intensity,
                "tier": code.tier,
                "exclusiveWith": list(code.exclusive_with),
                "needs": [],
                "description": code.description,
            }
            for code in CATALOGUE.values()
        ],
        "state": state(adjudication),
    }


def state(adjudication: Adjudication) -> dict[str, Any]:
    """The steps and the events of all three layers, as they stand."""
    rows = trace.rows_of(adjudication)
    layer = Layer.objects.get(pk=adjudication.layer_id)
    return {
        "state": layer.state,
        "revision": layer.revision,
        "counts": trace.counts(rows),
        "steps": [_step(row) for row in rows if row["number"] is not None],
        "agreed": [_step(row) for row in rows if row["number"] is None],
        "lanes": {
            "a": _events(adjudication.first),
            "b": _events(adjudication.second),
            "result": _events(layer),
        },
    }


def _events(layer: Layer) -> list[dict[str, Any]]:
    return [said for state in current_events(layer) if (said := trace.plain(state)) is not None]


def _step(row: dict[str, Any]) -> dict[str, Any]:
    keys = ("number", "kind", "words", "also", "code", "from_us", "to_us", "face", "decided", "taken", "note")
    return {
        **{key: row[key] for key in keys},
        "a": trace.plain(row["a"]),
        "b": trace.plain(row["b"]),
        "results": [trace.plain(state) for state in row["results"]],
        "history": [
            {"taken": one.get_taken_display(), "by": str(one.by), "at": one.at.isoformat(), "note": one.note}
            for one in row["decisions"]
        ],
    }
