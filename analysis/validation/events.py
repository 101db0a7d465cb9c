"""How well proposed events agree with labelled ones: matched one to one by overlap, then counted and timed.

An event counts from intensity B on. Frame-wise figures (`analysis.validation.metrics`) say how well intensities
agree; these say whether each action was found once, and when it was said to start.
"""

from __future__ import annotations

import csv
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from analysis.agreement import matching
from analysis.facs.codes import CATALOGUE
from analysis.facs.events import Event
from analysis.validation.metrics import PRESENT_ABOVE

_COUNTED: Final = frozenset("BCDE")
_CODED_AS: Final = {"27": "26", "43": "45", "46": "45"}
_AT_ONCE_US: Final = 80_000


@dataclass(frozen=True, slots=True)
class Span:
    """An event as far as it is compared; media time in microseconds, the offset not before the onset.

    Attributes
    ----------
    begun, ended : bool
        False where the coded stretch begins or ends within the event: its true onset or offset is not known.
    """

    code: str
    onset_us: int
    offset_us: int
    begun: bool = True
    ended: bool = True


@dataclass(frozen=True)
class Agreement:
    """Labelled and proposed events of one recording, or of several together.

    Attributes
    ----------
    pairs : tuple of (Span, Span)
        Labelled and proposed event of the same code that were matched.
    missed, extra : tuple of Span
        Labelled events without a proposed one, and the reverse.
    """

    pairs: tuple[tuple[Span, Span], ...] = ()
    missed: tuple[Span, ...] = ()
    extra: tuple[Span, ...] = ()

    @property
    def f1(self) -> float:
        """Event F1, 2·TP / (2·TP + FP + FN), 0–1; NaN where there is no event at all."""
        found, wrong = 2 * len(self.pairs), len(self.missed) + len(self.extra)
        return found / (found + wrong) if found + wrong else float("nan")

    @property
    def onset_errors_us(self) -> tuple[int, ...]:
        """Proposed minus labelled onset of every pair whose onset is known, microseconds; positive is late."""
        return tuple(two.onset_us - one.onset_us for one, two in self.pairs if one.begun)

    @property
    def offset_errors_us(self) -> tuple[int, ...]:
        """Likewise of the offsets."""
        return tuple(two.offset_us - one.offset_us for one, two in self.pairs if one.ended)

    @property
    def onset_error_us(self) -> float:
        """Median of the onset errors' amounts, microseconds; NaN without any."""
        return _median_amount(self.onset_errors_us)

    @property
    def offset_error_us(self) -> float:
        """Likewise of the offsets."""
        return _median_amount(self.offset_errors_us)

    @property
    def codes(self) -> list[str]:
        """Codes of all events, in the catalogue's order."""
        known = {span.code for span in (*self.missed, *self.extra, *(labelled for labelled, _ in self.pairs))}
        return sorted(known, key=lambda code: CATALOGUE[code].order)

    def of(self, code: str) -> Agreement:
        """The part of one code."""
        return Agreement(
            tuple(pair for pair in self.pairs if pair[0].code == code),
            tuple(span for span in self.missed if span.code == code),
            tuple(span for span in self.extra if span.code == code),
        )


def _median_amount(errors: Sequence[int]) -> float:
    return float(np.median(np.abs(errors))) if errors else float("nan")


def together(parts: Iterable[Agreement]) -> Agreement:
    """Agreements of several recordings as one."""
    parts = list(parts)
    return Agreement(
        tuple(pair for part in parts for pair in part.pairs),
        tuple(span for part in parts for span in part.missed),
        tuple(span for part in parts for span in part.extra),
    )


def match(labelled: Sequence[Span], proposed: Sequence[Span], codes: Iterable[str] | None = None) -> Agreement:
    """Match events of the same code that overlap in time, one to one.

    As many as possible are matched; among such matchings that with the largest sum of intersection over union is
    taken, so an event that was proposed in two pieces is one pair and one extra.

    Parameters
    ----------
    labelled, proposed : sequence of Span
        Of one face in one recording.
    codes : iterable of str, optional
        Events of other codes are left out; all codes count when not given.
    """
    wanted = {span.code for span in (*labelled, *proposed)} if codes is None else set(codes)
    return together(
        _matched([s for s in labelled if s.code == code], [s for s in proposed if s.code == code])
        for code in sorted(wanted)
    )


def _matched(labelled: list[Span], proposed: list[Span]) -> Agreement:
    pairs = matching.match(
        [(one.onset_us, one.offset_us) for one in labelled], [(one.onset_us, one.offset_us) for one in proposed]
    )
    taken_labelled, taken_proposed = {i for i, _ in pairs}, {j for _, j in pairs}
    return Agreement(
        tuple((labelled[i], proposed[j]) for i, j in pairs),
        tuple(span for i, span in enumerate(labelled) if i not in taken_labelled),
        tuple(span for j, span in enumerate(proposed) if j not in taken_proposed),
    )


def proposed_spans(events: Iterable[Event]) -> list[Span]:
    """Proposed events whose letter is B or more."""
    return [Span(one.code, one.onset_us, one.offset_us) for one in events if one.intensity in _COUNTED]


def labelled_spans(code: str, times_us: ArrayLike, intensity: ArrayLike) -> list[Span]:
    """Runs of labelled frames above 0 with a peak of B or more.

    Parameters
    ----------
    code : str
    times_us : array_like of int, shape (n,)
        Increasing.
    intensity : array_like of float, shape (n,)
        0–5, NaN where it is not known.

    Returns
    -------
    list of Span
        From the first to the last frame above 0. One that begins or ends where the labels do has no known onset or
        offset.
    """
    times, values = np.asarray(times_us, np.int64), np.asarray(intensity, np.float64)
    known = np.concatenate([[False], np.isfinite(values), [False]])
    edges = np.flatnonzero(np.diff((values > 0).astype(np.int8), prepend=0, append=0))
    return [
        Span(code, int(times[first]), int(times[stop - 1]), bool(known[first]), bool(known[stop + 1]))
        for first, stop in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
        if values[first:stop].max() > PRESENT_ABOVE
    ]


def as_coded(proposed: Iterable[Span], coded: Container[str]) -> list[Span]:
    """Proposed events with the codes that the labels tell apart: 27 as 26, and 43 and 46 as 45, where they are not
    coded; those of one code that then overlap or follow each other at once are one."""
    out: list[Span] = []
    for one in sorted(proposed, key=lambda span: span.onset_us):
        code = one.code if one.code in coded else _CODED_AS.get(one.code, one.code)
        last = next((n for n in range(len(out) - 1, -1, -1) if out[n].code == code), None)
        if code != one.code and last is not None and one.onset_us <= out[last].offset_us + _AT_ONCE_US:
            out[last] = replace(out[last], offset_us=max(out[last].offset_us, one.offset_us))
        else:
            out.append(replace(one, code=code))
    return out


def where_coded(proposed: Iterable[Span], times_us: ArrayLike, labels: Mapping[str, ArrayLike]) -> list[Span]:
    """Proposed events with at least one frame whose label is known; nobody says what is elsewhere.

    Parameters
    ----------
    proposed : iterable of Span
    times_us : array_like of int, shape (n,)
        Of the coded frames.
    labels : mapping of code to array_like of float, shape (n,)
        NaN where it is not known; events of other codes are left out.
    """
    times = np.asarray(times_us, np.int64)

    def seen(span: Span) -> bool:
        known = np.isfinite(np.asarray(labels[span.code], np.float64))
        return bool((known & (times >= span.onset_us) & (times <= span.offset_us)).any())

    return [span for span in proposed if span.code in labels and seen(span)]


def read_spans(path: Path) -> dict[str, list[Span]]:
    """Labelled events of B or more by clip, from a table with columns clip, au, onset_start_s, offset_end_s and
    peak_intensity (0–5); times in seconds."""
    out: dict[str, list[Span]] = {}
    with path.open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            onset, offset = (round(float(row[name]) * 1e6) for name in ("onset_start_s", "offset_end_s"))
            if float(row["peak_intensity"]) > PRESENT_ABOVE:
                out.setdefault(row["clip"], []).append(Span(row["au"], onset, offset))
    return out


def read_labels(path: Path) -> list[Span]:
    """Labelled events of B or more of one clip, from its labels by frame: columns time_s and AU01 … (0–5)."""
    with path.open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    times = [round(float(row["time_s"]) * 1e6) for row in rows]
    names = [name for name in rows[0] if name.startswith("AU") and name[2:].isdigit()] if rows else []
    return [
        span
        for name in names
        for span in labelled_spans(str(int(name[2:])), times, [float(r[name]) for r in rows])
    ]


def _milliseconds(error_us: float) -> str:
    return "–" if np.isnan(error_us) else f"{error_us / 1000:.0f}"


def table(clips: Mapping[str, Agreement]) -> str:
    """Markdown: a row a code over all clips, a row for all codes, then what was missed, extra or late by clip."""
    whole = together(clips.values())
    head = ["AU", "labelled", "found", "missed", "extra", "F1"]
    head += [f"median {end} error, ms" for end in ("onset", "offset")]
    rows = [head, ["---"] * len(head)]
    for name, part in [*((f"AU{code}", whole.of(code)) for code in whole.codes), ("all", whole)]:
        found, missed = len(part.pairs), len(part.missed)
        counts = [str(number) for number in (found + missed, found, missed, len(part.extra))]
        rows.append([name, *counts, f"{part.f1:.2f}"])
        rows[-1] += [_milliseconds(part.onset_error_us), _milliseconds(part.offset_error_us)]
    lines = [f"| {' | '.join(row)} |" for row in rows]
    notes = [
        f"- {clip}: AU{span.code} at {span.onset_us / 1e6:.2f} s {what}"
        for clip, part in clips.items()
        for what, spans in (("missed", part.missed), ("extra", part.extra))
        for span in spans
    ]
    late = [
        f"- {clip}: AU{labelled.code} at {labelled.onset_us / 1e6:.2f} s: {error / 1000:+.0f} ms"
        for clip, part in clips.items()
        for labelled, proposed in part.pairs
        if labelled.begun and abs(error := proposed.onset_us - labelled.onset_us) > 200_000
    ]
    return "\n".join([*lines, "", *(notes + late or ["- nothing missed, extra or late by more than 200 ms"])])
