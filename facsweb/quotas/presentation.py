"""Limits and usage as pages show them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from django.template.defaultfilters import filesizeformat

from facsweb.quotas import services
from facsweb.studies.models import Study

NEARLY: Final = 0.9
COUNTED: Final = 10_000


@dataclass(frozen=True, slots=True)
class Bar:
    """One limit: a bar of ``value`` in ``max``; without a limit only words."""

    label: str
    note: str
    value: int = 0
    max: int | None = None

    @property
    def tone(self) -> str:
        if self.max is None or self.value < NEARLY * self.max:
            return ""
        return "bad" if self.value >= self.max else "attention"


def bars(study: Study) -> list[Bar]:
    """What the study has of what it may have."""
    allowed, has = services.limits_of(study), services.usage_of(study)
    waits = services.queued(study, allowed.queued or COUNTED)
    return [
        _bar("Stored originals", has.bytes, allowed.bytes, filesizeformat),
        _bar("Recorded time", has.us, allowed.us, services.hours),
        _bar("Analyses that wait", waits, allowed.queued, str),
    ]


def _bar(label: str, value: int, most: int | None, words: Callable[[int], str]) -> Bar:
    if most is None:
        return Bar(label, f"{words(value)}, no limit", value)
    return Bar(label, f"{words(value)} of {words(most)}", min(value, most), most)


def sentences(study: Study) -> list[str]:
    """How it gets its part of the workers, for the page."""
    allowed = services.limits_of(study)
    turn = "While other studies wait too, they take turns with this one"
    told = [f"{turn}." if allowed.weight == 1 else f"{turn}, which gets {allowed.weight} times a usual part."]
    if allowed.running is not None:
        told.append(f"At most {allowed.running} of its jobs of one kind are under way at a time.")
    return told
