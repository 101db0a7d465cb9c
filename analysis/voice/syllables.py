"""Where syllables have their nuclei: peaks of level in voiced sound, after De Jong & Wempe 2009."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analysis.types import Float32
from analysis.voice.pitch import HOP_US

#: A nucleus rises this much above the dips on both its sides: De Jong & Wempe 2009 (2 dB for clean sound).
DIP_DB: Final = 2.0
#: …and is no more than this below the loud parts (their later script: 25 dB below the 99 % quantile).
BELOW_LOUD_DB: Final = 25.0
_LOUD: Final = 0.99

Int64 = NDArray[np.int64]


def nuclei(level_db: Float32, pitch_hz: Float32, spans: Sequence[tuple[int, int]]) -> Int64:
    """Frames in which a syllable has its nucleus.

    Parameters
    ----------
    level_db : float32, shape (n,)
        Level every 16 ms.
    pitch_hz : float32, shape (n,)
        NaN where unvoiced: a peak without voice within a frame is none.
    spans : sequence of (start, end)
        Speech, microseconds; each is judged by its own loud parts.

    Returns
    -------
    int64, shape (m,)
        Ascending.
    """
    from scipy.signal import find_peaks

    voiced = np.isfinite(pitch_hz)
    near = voiced.copy()
    near[1:] |= voiced[:-1]
    near[:-1] |= voiced[1:]
    found: list[NDArray[Any]] = [np.zeros(0, np.int64)]
    for start, end in spans:
        first, last = max(start // HOP_US - 1, 0), min(-(-end // HOP_US) + 2, len(level_db))
        part = level_db[first:last]
        if len(part) < 3:
            continue
        height = float(np.quantile(part, _LOUD)) - BELOW_LOUD_DB
        # the ends count as dips: speech begins and ends in silence
        peaks, _ = find_peaks(np.concatenate([[-200.0], part, [-200.0]]), height=height, prominence=DIP_DB)
        peaks = peaks - 1 + first
        found.append(peaks[near[peaks]])
    return np.unique(np.concatenate(found)).astype(np.int64)
