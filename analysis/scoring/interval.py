"""Half the width of a score's interval: what a net expects to be off by, corrected by what it was off by.

Where a net sees nothing, which is most of the time, its own expected error is multiplied by a factor, frontal and
turned apart. Where it says that something is there it is wrong more often than it expects, and the figure of the
calibration identities is taken instead, more of it in poor pictures. Otherwise an interval that holds nine of ten
labels would hold those of absent units only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.facs.series import Float64

Mask = NDArray[np.bool_]

#: One factor up to here and another beyond.
TURNED_DEG: Final = 15.0
#: From here on a score says that something may be there, and from there on that it is (B or more).
FAINT: Final = 0.5
SHOWN: Final = 1.0
#: A picture of a lower quality (`analysis.facs.quality.picture_quality`) is poor.
POOR: Final = 0.5
#: No net can expect less.
LEAST_DOUBT: Final = 0.02
#: No interval is narrower: labels this close are the same.
_LEAST: Final = 0.1
#: No interval needs to be wider, on a scale of 0–5.
_MOST: Final = 5.0


def half_width(entries: Sequence[float], value: Float64, doubt: Float64, turned: Mask, poor: Mask) -> Float64:
    """Half the width of the interval that should hold 90 % of the labels.

    Parameters
    ----------
    entries : sequence of float
        ``interval`` of a code in ``scorer.json``: factor on the expected error, frontal and turned; half widths
        for scores of 0.5–1 and of 1 and more, in intensity units; factor on these in poor pictures. The first
        packages have the first two only.
    value : float64, shape (n,)
        Score, intensity units; need not be limited.
    doubt : float64, shape (n,)
        Expected error, intensity units.
    turned : bool, shape (n,)
        Yaw beyond `TURNED_DEG`.
    poor : bool, shape (n,)
        Quality below `POOR`.

    Returns
    -------
    float64, shape (n,)
        Intensity units, 0.1–5; not limited in packages with two entries, whose figures were measured so.
    """
    width = np.maximum(doubt, LEAST_DOUBT) * np.where(turned, entries[1], entries[0])
    if len(entries) == 2:
        return np.asarray(width, np.float64)
    known = np.where(value >= SHOWN, entries[3], entries[2]) * np.where(poor, entries[4], 1.0)
    width = np.where(value >= FAINT, known, width)
    return np.asarray(np.clip(width, _LEAST, _MOST), np.float64)


def widened(entries: Sequence[float], factor: float) -> list[float]:
    """Entries whose half widths are ``factor`` times as large; the one for poor pictures is a ratio and stays."""
    return [entry * factor for entry in entries[:4]] + list(entries[4:])
