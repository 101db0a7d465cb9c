"""A formula in words and signs: written out, which one it is, and what became different."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from analysis.indicators.formulas import Indicator, Term


def which(told: Mapping[str, Any], numbers: Mapping[str, int] | None) -> str:
    """Which formula an indicator of a reading was computed with.

    Parameters
    ----------
    told : mapping
        The indicator in ``indicators.json``.
    numbers : mapping of str to int or None
        The study's own versions that the reading used, by id (``Reading.inputs["indicators"]``).
    """
    number = (numbers or {}).get(told["id"])
    if number is None:
        return f"shipped formula {told['version']}, {told['author']}, {told['date']}"
    return f"this study’s own formula, version {number}, by {told['author']}, {told['date']}"


def written(indicator: Indicator) -> list[str]:
    """The formula line by line: each input's part, then the sum of the weights."""
    lines = []
    for number, term in enumerate(indicator.terms):
        share = f"u({term.input.id}, {_number(term.low)}, {_number(term.high)})"
        share = share if term.direction == "raises" else f"(1 − {share})"
        lines.append(f"{'+' if number else ' '} {_number(term.weight)} · {share}")
    return [
        f"{indicator.id} = 100 / {_number(sum(term.weight for term in indicator.terms))} · (",
        *(f"  {line}" for line in lines),
        ")",
    ]


def changes(before: Indicator | None, after: Indicator) -> list[str]:
    """What is different, a sentence without its full stop each; empty where nothing is."""
    if before is None:
        inputs = ", ".join(f"{term.input.label} (weight {_number(term.weight)})" for term in after.terms)
        return [f"“{after.name}” from {inputs}"]
    told = []
    if before.name != after.name:
        told.append(f"Called “{after.name}”, no longer “{before.name}”")
    if before.note != after.note:
        told.append("Other words about what it sums")
    old, new = ({term.input.id: term for term in one.terms} for one in (before, after))
    told += [f"{term.input.label}: left out" for key, term in old.items() if key not in new]
    for key, term in new.items():
        if key not in old:
            told.append(
                f"{term.input.label}: added, weight {_number(term.weight)}, {_between(term)}, {_way(term)}"
            )
        elif parts := _different(old[key], term):
            told.append(f"{term.input.label}: {', '.join(parts)}")
    return told


def _different(old: Term, new: Term) -> list[str]:
    parts = []
    if old.weight != new.weight:
        parts.append(f"weight {_number(new.weight)}, no longer {_number(old.weight)}")
    if (old.low, old.high) != (new.low, new.high):
        parts.append(f"{_between(new)}, no longer {_between(old)}")
    if old.direction != new.direction:
        parts.append(f"more of it {_way(new)}")
    if old.why != new.why:
        parts.append("other words why it is in")
    if old.sources != new.sources:
        parts.append("other sources")
    return parts


def _between(term: Term) -> str:
    return f"between {_number(term.low)} and {_number(term.high)}"


def _way(term: Term) -> str:
    return f"{term.direction} the value"


def _number(value: float) -> str:
    return f"{value:.6g}".replace("-", "−")
