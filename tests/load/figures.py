"""Measured requests, by kind: percentiles, errors with their reasons, and both as Markdown."""

from __future__ import annotations

import contextlib
import math
import statistics
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

KINDS = {
    "page": "page",
    "window": "window of a timeline (API)",
    "range": "range of a video",
    "socket": "news over a WebSocket",
    "piece": "piece of an upload",
    "end": "last piece of an upload, with the check of the file",
    "start": "start of an analysis",
    "edit": "edit of a coding",
    "sign-in": "sign-in with a password",
}


def percentile(values: list[float], share: float) -> float:
    """The value below which that share of the values lies (nearest rank); raises where there is none."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered) - 1e-9) - 1)]


@dataclass
class Figures:
    """What the clients saw; seconds."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    slow: Counter[str] = field(default_factory=Counter)
    by_page: dict[str, list[float]] = field(default_factory=dict)

    def add(self, kind: str, seconds: float, page: str = "") -> None:
        self.seconds.setdefault(kind, []).append(seconds)
        if page:
            self.by_page.setdefault(page, []).append(seconds)

    def wrong(self, what: str) -> None:
        """An answer that nobody should get, with its reason."""
        self.errors.append(what)

    @contextlib.contextmanager
    def timed(self, kind: str, page: str = "") -> Iterator[None]:
        began = time.perf_counter()
        yield
        self.add(kind, time.perf_counter() - began, page)

    def table(self) -> dict[str, dict[str, float]]:
        """Kind → number, and p50, p95, p99 and the longest in milliseconds."""
        found = {}
        for kind, values in self.seconds.items():
            shares = {name: 1000 * percentile(values, share) for name, share in SHARES}
            found[kind] = {"n": len(values), **shares, "longest": 1000 * max(values)}
        return found

    def pages(self) -> list[tuple[str, int, float, float]]:
        """Name, number, median and p95 in milliseconds of every page, the slowest first."""
        rows = [
            (page, len(values), 1000 * statistics.median(values), 1000 * percentile(values, 0.95))
            for page, values in self.by_page.items()
        ]
        return sorted(rows, key=lambda row: -row[2])


SHARES = (("p50", 0.50), ("p95", 0.95), ("p99", 0.99))


def markdown(headings: list[str], rows: list[list[str]]) -> str:
    """A table; the first column is text, the others are numbers."""
    rule = ["---", *["---:" for _ in headings[1:]]]
    return "\n".join("| " + " | ".join(line) + " |" for line in [headings, rule, *rows])
