"""What the page of two codings of one recording shows."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from typing import Any, Final

import numpy as np
from django.http import HttpRequest
from django.urls import reverse

from analysis.agreement import METRIC
from analysis.facs.codes import CATALOGUE
from facsweb.agreement import beginning, comparing, pairs, presentation
from facsweb.agreement.forms import PairForm
from facsweb.agreement.matching import Compared, Place, compared
from facsweb.agreement.models import Adjudication
from facsweb.agreement.trace import WORDS
from facsweb.coding import sight
from facsweb.coding.models import Layer
from facsweb.studies import access

#: Columns of the table of codes.
BY_CODE: Final = (
    *("index", "index_frames", "kappa", "alpha", "ac1", "icc2"),
    *("onset_us", "offset_us", "overlap", "prevalence"),
)
#: Half the width of a picture of deviations, ms, and its bars; what lies beyond is counted in the outermost.
REACH_MS: Final = 500
BARS: Final = 21
BAR_WIDTH, PICTURE_HEIGHT = 12, 56


def context(request: HttpRequest, first: Layer, second: Layer) -> dict[str, Any]:
    """Figures, confusions, deviations and disagreements of two layers of a run."""
    form = PairForm(request.GET)
    options = form.options()
    if pairs.MACHINE in (pairs.key_of(first), pairs.key_of(second)):
        if pairs.key_of(first) == pairs.MACHINE:
            first, second = second, first
        options = replace(options, codes=comparing.machine_codes([first.run]))
    pair = pairs.Pair(
        pairs.key_of(first),
        pairs.key_of(second),
        (pairs.name_of(first), pairs.name_of(second)),
        [(first, second)],
    )
    found = compared(first, second, options)
    comparison = comparing.compare(first.study, [pair], form.options(), group=False)
    recording = first.run.recording
    active = Adjudication.objects.filter(
        first__in=(first, second), second__in=(first, second), given_up_at__isnull=True
    ).first()
    return {
        "first": first,
        "second": second,
        "names": pair.names,
        "recording": recording,
        "form": form,
        "comparison": comparison,
        "figures": _figures(comparison.result),
        "heads": [METRIC[key] for key in BY_CODE],
        "confusion": _confusion(found),
        "deviations": _deviations(found),
        "places": [_place(request, first, second, place, active) for place in found.places],
        "agreed": len(found.agreed),
        "adjudication": active,
        "start": _start(request, first, second) if active is None else None,
        "crumbs": [
            (first.study.name, reverse("studies:detail", args=[first.study.pk])),
            ("Agreement", reverse("agreement:study", args=[first.study.pk])),
            (f"{recording.participant.code} · {recording.title}", ""),
        ],
    }


def _figures(result: dict[str, Any] | None) -> dict[str, Any] | None:
    if result is None or not result["pairs"]:
        return None
    (pair,) = result["pairs"]
    rows = [pair["overall"], *pair["rows"]]
    return {
        "pair": pair,
        "minutes": pair["seconds"] / 60,
        "index": presentation.cell("index", pair["overall"]["figures"]["index"]),
        "rows": [
            {
                **{key: row[key] for key in ("label", "code", "matched", "first_only", "second_only")},
                "name": CATALOGUE[row["code"]].name if row["code"] else "All codes",
                "group": CATALOGUE[row["code"]].group if row["code"] else "",
                "cells": [presentation.cell(key, row["figures"].get(key)) for key in BY_CODE],
            }
            for row in rows
        ],
    }


def _confusion(found: Compared) -> dict[str, Any] | None:
    """How often the first coder's code met which of the second's; the last row and column are for nothing."""
    count: Counter[tuple[str, str]] = Counter((match.first.code, match.second.code) for match in found.matches)
    for place in found.places:
        a, b = place.said.a, place.said.b
        if place.said.kind in ("code", "missed", "extra"):
            count[a.code if a else "", b.code if b else ""] += 1
    order = {code: number for number, code in enumerate(CATALOGUE)}
    codes = sorted({code for couple in count for code in couple if code}, key=order.__getitem__)
    if not codes:
        return None
    heads = [*codes, ""]
    return {
        "heads": heads,
        "rows": [
            (code, [(count[code, other], code == other and code != "") for other in heads]) for code in heads
        ],
    }


def _deviations(found: Compared) -> list[dict[str, Any]]:
    """Second minus first of matched events: a picture in bars, and its quartiles."""
    shown = []
    for name in ("onset", "apex", "offset"):
        values = np.array([getattr(match, f"{name}_us") for match in found.matches], np.float64) / 1000
        values = values[~np.isnan(values)]
        if not len(values):
            continue
        clipped = np.clip(values, -REACH_MS, REACH_MS)
        heights, _ = np.histogram(clipped, BARS, (-REACH_MS * (1 + 1 / BARS), REACH_MS * (1 + 1 / BARS)))
        low, middle, high = (round(float(value)) for value in np.quantile(values, (0.25, 0.5, 0.75)))
        most = int(heights.max())
        shown.append(
            {
                "name": name.capitalize(),
                "n": len(values),
                "low": low,
                "median": middle,
                "high": high,
                "beyond": int((np.abs(values) > REACH_MS).sum()),
                "width": BARS * BAR_WIDTH,
                "middle": BARS * BAR_WIDTH / 2,
                "bars": [
                    {"x": place * BAR_WIDTH + 1, "y": PICTURE_HEIGHT - tall, "height": tall}
                    for place, height in enumerate(heights)
                    if (tall := math.ceil(int(height) / most * PICTURE_HEIGHT)) > 0
                ],
            }
        )
    return shown


def _place(
    request: HttpRequest, first: Layer, second: Layer, place: Place, active: Adjudication | None
) -> dict[str, Any]:
    said = place.said
    review = reverse("coding:review", args=[first.run_id])
    address = f"{review}?at={said.from_us}&layer="
    sides = [(first, place.a, said.a), (second, place.b, said.b)]
    return {
        "kind": said.kind,
        "words": WORDS[said.kind],
        "also": [WORDS[kind].lower() for kind in said.also],
        "from_us": said.from_us,
        "to_us": said.to_us,
        "face": said.face + 1,
        "group": CATALOGUE[said.code].group,
        "sides": [
            {
                "facs": str(event) if event else "",
                "event": event,
                "url": f"{address}{layer.pk}{f'&event={key}' if key else ''}"
                if sight.may_read(request.user, layer)
                else "",
            }
            for layer, key, event in sides
        ],
        "step": _step(active, first, place),
    }


def _step(active: Adjudication | None, first: Layer, place: Place) -> int | None:
    if active is None:
        return None
    a, b = (place.a, place.b) if active.first_id == first.pk else (place.b, place.a)
    step = active.steps.filter(a=a, b=b, number__isnull=False).first()
    return step.number if step else None


def _start(request: HttpRequest, first: Layer, second: Layer) -> dict[str, Any] | None:
    """Who could settle these two; None where they cannot be settled or this person may not begin it."""
    ready = {Layer.State.SUBMITTED, Layer.State.SIGNED, Layer.State.ADJUDICATION}
    if {first.kind, second.kind} != {Layer.Kind.CODER} or {first.state, second.state} - ready:
        return None
    if not pairs.common(first, second):
        return None
    if not access.roles_of(request.user, first.study) & access.LEADS:
        return None
    return {"people": beginning.adjudicators(first.study, first, second)}
