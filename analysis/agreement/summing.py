"""From figures of the sample and of every resample to rows with values, intervals and reasons."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.agreement.bootstrap import interval
from analysis.agreement.figures import Basis, Figure
from analysis.agreement.metrics import METRIC
from analysis.agreement.options import Options
from analysis.agreement.shared import Key
from analysis.coded import CodedLayer
from analysis.facs.codes import CATALOGUE

Float64 = NDArray[np.float64]
#: Fewer clusters than this make a bootstrap interval rough.
FEW = 10
NOBODY = "nobody coded it"


@dataclass(frozen=True, slots=True)
class Series:
    """One kind of figure, of every row and of all rows together.

    Attributes
    ----------
    rows : float64, shape (1 + resamples, rows)
        The sample first.
    n : float64, shape (rows,)
        What each is of.
    pooled : float64, shape (1 + resamples,), optional
        Of all rows together; their mean is taken when there is none.
    pooled_n : int
    why : callable
        From the place of a row to the reason if it has no value.
    """

    rows: Float64
    n: Float64
    why: Callable[[int], str]
    pooled: Float64 | None = None
    pooled_n: int = 0


def in_order(keys: Sequence[Key]) -> list[Key]:
    """Rows as the catalogue orders codes, left before right."""
    return sorted(keys, key=lambda key: (CATALOGUE[key[0]].order, key[1]))


def counted(keys: Sequence[Key]) -> Float64:
    """1 for rows that count in the overall row: visibility codes say what could not be seen, not what was done."""
    return np.array([float(CATALOGUE[code].group != "visibility") for code, _ in keys])


def figures(
    series: Mapping[str, Series], keys: Sequence[Key], options: Options
) -> tuple[dict[str, Figure], list[dict[str, Figure]]]:
    """The overall figures, and those of every row."""
    overall: dict[str, Figure] = {}
    rows: list[dict[str, Figure]] = [{} for _ in keys]
    within = counted(keys) > 0
    for name, one in series.items():
        low, high = interval(one.rows, options.level)
        for place in range(len(keys)):
            value = float(one.rows[0, place])
            ends = float(low[place]), float(high[place])
            why = one.why(place) if np.isnan(value) else ""
            rows[place][name] = _figure(value, ends, int(one.n[place]), why, len(one.rows))
        overall[name] = _overall(one, within, METRIC[name].pooled, options)
    return overall, rows


def _figure(value: float, ends: tuple[float, float], n: int, why: str, drawn: int) -> Figure:
    if np.isnan(value):
        return Figure(value, n=n, why=why)
    if drawn > 1 and np.isnan(ends[0]):
        why = "no interval: undefined in most resamples"
    return Figure(value, *ends, n=n, why=why)


def _overall(one: Series, within: NDArray[np.bool_], pooled: bool, options: Options) -> Figure:
    if pooled and one.pooled is not None:
        values, n, why = one.pooled, one.pooled_n, "nothing of any code to take it from"
    else:
        # Only rows that the sample defines, so that resamples average over the same rows where they can.
        used = one.rows[:, within & ~np.isnan(one.rows[0])]
        known = (~np.isnan(used)).sum(1)
        values = np.where(known > 0, np.nansum(used, 1) / np.maximum(known, 1), np.nan)
        n, why = used.shape[1], "undefined for every code"
    low, high = interval(values[:, None], options.level)
    value = float(values[0])
    return _figure(value, (float(low[0]), float(high[0])), n, why if np.isnan(value) else "", len(values))


def choose_over(layers: Sequence[CodedLayer], options: Options) -> str:
    """Whether participants or segments are drawn."""
    if options.over != "auto":
        return options.over
    names = {layer.participant for layer in layers}
    return "participants" if len(names) > 1 and "" not in names else "segments"


def basis(over: str, clusters: int, options: Options) -> Basis:
    """What the intervals are over."""
    one = over.removesuffix("s")
    note = ""
    if clusters < 2:
        note = f"there is only one {one} to draw from" if clusters else "no time was coded by both"
    elif clusters < FEW:
        note = f"rough: only {clusters} {over}"
    return Basis(
        over=over,
        clusters=clusters,
        resamples=options.resamples if clusters > 1 else 0,
        level=options.level,
        segment_us=options.segment_us if over == "segments" else 0,
        seed=options.seed,
        note=note,
    )
