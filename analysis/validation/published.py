"""Figures that others published, from ``published.toml``, each with its source."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

METRICS: Final = ("F1", "ICC", "PCC", "MAE")
#: Corpora whose figures are shown beside a corpus: DISFA+ has the same AUs and coders, but posed expressions.
_BESIDE: Final[Mapping[str, tuple[str, ...]]] = {"DISFA": ("DISFA", "DISFA+")}


@dataclass(frozen=True, slots=True)
class Published:
    """One system's figures of one metric on one corpus.

    Attributes
    ----------
    system, corpus, metric, source, note : str
    mean : float or None
        Mean over the system's AUs as published.
    per_au : mapping of str to float
        By AU; AUs without a figure are missing.
    """

    system: str
    corpus: str
    metric: str
    source: str
    note: str = ""
    mean: float | None = None
    per_au: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.metric not in METRICS:
            raise ValueError(f"{self.system}: unknown metric {self.metric!r}")
        if not self.source:
            raise ValueError(f"{self.system}: no source")

    @property
    def heading(self) -> str:
        """``LibreFace PCC (DISFA)``."""
        return f"{self.system} {self.metric} ({self.corpus})"


@cache
def figures() -> tuple[Published, ...]:
    """All published figures, in the order of the file."""
    text = Path(__file__).with_name("published.toml").read_text(encoding="utf-8")
    return tuple(Published(**entry) for entry in tomllib.loads(text)["figures"])


def beside(corpus: str) -> tuple[Published, ...]:
    """The figures to show beside results on a corpus; none for one's own folder."""
    return tuple(one for one in figures() if one.corpus in _BESIDE.get(corpus, (corpus,)))
