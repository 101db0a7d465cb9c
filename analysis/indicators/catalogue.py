"""The catalogue of inputs (``inputs.toml``): what formulas are made of."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

#: Procedures of `analysis.indicators.measures`.
MEASURES: Final = (
    "together",
    "event_rate",
    "gesture_rate",
    "component",
    "engagement",
    "combination_share",
    "state",
    "voice",
    "answer_latency",
    "words",
    "agreement",
)
CHANNELS: Final = ("face", "voice", "text", "channels")


@dataclass(frozen=True)
class Input:
    """One named measurement.

    Attributes
    ----------
    id, label, unit : str
    measure : str
        One of `MEASURES`.
    told : mapping
        What the procedure is told.
    file : str
        Where it comes from.
    channel : str
        One of `CHANNELS`; consent is asked by it.
    range : (float, float)
        What the value can be.
    anchors : (float, float)
        Values that become 0 and 1 where a formula names no others.
    anchors_source, more_means : str

    Raises
    ------
    ValueError
        A value that is not one of these; the message says which.
    """

    id: str
    label: str
    unit: str
    measure: str
    file: str
    channel: str
    range: tuple[float, float]
    anchors: tuple[float, float]
    anchors_source: str
    more_means: str
    told: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.measure not in MEASURES:
            raise ValueError(f"input {self.id}: there is no measure {self.measure!r}")
        if self.channel not in CHANNELS:
            raise ValueError(f"input {self.id}: there is no channel {self.channel!r}")
        if not self.range[0] <= self.anchors[0] < self.anchors[1] <= self.range[1]:
            raise ValueError(f"input {self.id}: anchors must ascend and be within the range")
        if not all((self.label, self.unit, self.file, self.anchors_source, self.more_means)):
            raise ValueError(f"input {self.id}: label, unit, file, source of the anchors and meaning are needed")


@cache
def _stored() -> tuple[str, Mapping[str, Input]]:
    stored = tomllib.loads(Path(__file__).with_name("inputs.toml").read_text(encoding="utf-8"))
    found: dict[str, Input] = {}
    for row in stored["input"]:
        content = dict(row)
        content["told"] = content.pop("with", {})
        content |= {name: (float(row[name][0]), float(row[name][1])) for name in ("range", "anchors")}
        if row["id"] in found:
            raise ValueError(f"input {row['id']} is there twice")
        found[row["id"]] = Input(**content)
    return stored["version"], MappingProxyType(found)


def inputs() -> Mapping[str, Input]:
    """All inputs by id, in the catalogue's order."""
    return _stored()[1]


def version() -> str:
    """The catalogue's."""
    return _stored()[0]
