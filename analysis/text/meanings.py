"""The labels in the product's words: states and valence, read from ``meanings.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np

from analysis.types import Float32

_DATA: Final = Path(__file__).with_name("meanings.toml")


@dataclass(frozen=True)
class Meaning:
    """What one label says; ``state`` is empty where it stands for none, ``valence`` is −1, 0 or 1."""

    label: str
    state: str
    valence: int
    why: str

    def __post_init__(self) -> None:
        if self.valence not in (-1, 0, 1) or not self.why.strip():
            raise ValueError(f"{self.label}: valence is -1, 0 or 1, and a reason is given")


@cache
def meanings() -> Mapping[str, Meaning]:
    """By label."""
    table = tomllib.loads(_DATA.read_text(encoding="utf-8"))
    return MappingProxyType({label: Meaning(label, **entry) for label, entry in table["label"].items()})


@cache
def missing() -> Mapping[str, str]:
    """States that text gives no value for, with the reason."""
    found: dict[str, str] = tomllib.loads(_DATA.read_text(encoding="utf-8"))["missing"]
    return MappingProxyType(found)


def states(labels: Sequence[str], scores: Float32) -> dict[str, float]:
    """Per state the largest probability among its labels, 0–1.

    The largest, because labels of one state are said of the same texts: adding them as if they were independent
    would count one reading twice.
    """
    known = meanings()
    out: dict[str, float] = {}
    for label, score in zip(labels, scores, strict=True):
        if state := known[label].state:
            out[state] = max(out.get(state, 0.0), float(score))
    return out


def valences(labels: Sequence[str], scores: Float32) -> Float32:
    """How positive the wording of each text reads, float32 (n,), −1…1.

    Largest probability among the positive labels less the largest among the negative ones; the signs are the
    paper's, taking the largest is a choice of ours as in :func:`states`.
    """
    signs = np.array([meanings()[label].valence for label in labels])
    return np.asarray(scores[:, signs > 0].max(1) - scores[:, signs < 0].max(1), np.float32)
