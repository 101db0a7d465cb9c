"""Two coders: a row for each code, and one for all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from analysis.agreement.bootstrap import draws
from analysis.agreement.counts import Counts, Part, count
from analysis.agreement.figures import Confused, Figure, PairAgreement, Row
from analysis.agreement.options import Options
from analysis.agreement.series import Resampled
from analysis.agreement.shared import Key
from analysis.agreement.summing import basis, choose_over, counted, figures, in_order
from analysis.facs.codes import CATALOGUE

Float64 = NDArray[np.float64]


def compare(first: str, second: str, parts: Sequence[Part], options: Options) -> PairAgreement:
    """Compare two coders.

    Parameters
    ----------
    first, second : str
        Their names.
    parts : sequence of Part
        The time they share, of two layers each.
    options : Options
    """
    over = choose_over([one.layers[0] for one in parts], options)
    counts = count(parts, options, over)
    keys = in_order(list(counts.rows))
    resampled = Resampled(counts, keys, draws(len(counts.clusters), options.resamples, options.seed))
    overall, by_row = figures(resampled.series(), keys, options)
    events, seconds = resampled.events[0], resampled.seconds()
    within = counted(keys)
    return PairAgreement(
        first=first,
        second=second,
        recordings=counts.recordings,
        seconds=counts.us / 1e6,
        frames=int(counts.frames.sum()),
        overall=_row(("", ""), overall, within @ events, within @ seconds),
        rows=tuple(_row(key, by_row[n], events[n], seconds[n]) for n, key in enumerate(keys)),
        confused=_confused(counts),
        basis=basis(over, len(counts.clusters), options),
    )


def _row(key: Key, found: Mapping[str, Figure], events: Float64, seconds: Float64) -> Row:
    matched, first_only, second_only = (round(float(number)) for number in events)
    return Row(*key, found, matched, first_only, second_only, *(float(part) for part in seconds))


def _confused(counts: Counts) -> tuple[Confused, ...]:
    found = [Confused(*codes, number) for codes, number in counts.confused.items()]
    return tuple(
        sorted(found, key=lambda one: (-one.count, CATALOGUE[one.first].order, CATALOGUE[one.second].order))
    )
