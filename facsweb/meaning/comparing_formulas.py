"""Which formulas the compared sessions' indicators were computed with: only alike ones are compared."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from facsweb.meaning import services
from facsweb.meaning.formula_words import which
from facsweb.meaning.models import Reading
from facsweb.meaning.session import Files


def of_sessions(sessions: Iterable[tuple[Reading, int]]) -> dict[str, Counter[tuple[str, str]]]:
    """By indicator, how many sessions have a value of which formula.

    A formula is told by what decides the value (inputs, weights, anchors, directions) and by its words: two
    versions that differ in a reason or a source alone give the same values.
    """
    found: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    for reading, face in sessions:
        told = Files(services.folder(reading)).face("indicators.json", face) or {}
        for one in told.get("indicators", ()):
            if one["value"] is not None:
                found[one["id"]][_sign(one), which(one, reading.inputs.get("indicators"))] += 1
    return found


def _sign(told: Mapping[str, Any]) -> str:
    keys = ("id", "weight", "direction", "anchors")
    return json.dumps(sorted([row[key] for key in keys] for row in told.get("inputs", ())))


def mixed(found: Mapping[str, Counter[tuple[str, str]]]) -> dict[str, str]:
    """Why an indicator is not compared, a sentence each, by id."""
    return {
        key: f"Not compared, for the sessions were read with different formulas: {_words(formulas)}. "
        "Read them again first."
        for key, formulas in found.items()
        if len({sign for sign, _ in formulas}) > 1
    }


def used(found: Mapping[str, Counter[tuple[str, str]]]) -> list[tuple[str, str]]:
    """Id and formula of every indicator that may be compared."""
    apart = mixed(found)
    return [(key, _words(formulas)) for key, formulas in found.items() if key not in apart]


def _words(formulas: Counter[tuple[str, str]]) -> str:
    by_words: Counter[str] = Counter()
    for (_, words), sessions in formulas.items():
        by_words[words] += sessions
    if len(by_words) == 1:
        return next(iter(by_words))
    return "; ".join(f"{sessions} with {words}" for words, sessions in by_words.most_common())
