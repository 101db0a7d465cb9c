"""Chooses intervals on calibration identities (split conformal, by kind of score) and measures what they hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.face.geometry import GEOMETRY_COLUMNS
from analysis.face.texture import TEXTURE_COLUMNS
from analysis.facs.quality import picture_quality
from analysis.scoring.interval import FAINT, LEAST_DOUBT, POOR, SHOWN, TURNED_DEG
from analysis.scoring.targets import TARGETS, columns_of
from analysis.training.scorer.extract import Shard
from analysis.types import Float32

Mask = NDArray[np.bool_]
Entries = tuple[float, float, float, float, float]

#: Share of true intensities that an interval should hold.
COVERAGE: Final = 0.9
#: With fewer answers of a code, those of all codes together are used.
_ENOUGH: Final = 30
#: A code counts in a row of a coverage table from so many answers on.
_FEW: Final = 10
_YAW_BINS: Final = ((0.0, 10.0), (10.0, 25.0), (25.0, 36.0))
_QUALITY_BINS: Final = (("below .5", 0.0, 0.5), (".5–.75", 0.5, 0.75), (".75 and more", 0.75, 1.01))
_SAID_BINS: Final = (("below .5", 0.0, FAINT), (".5–1", FAINT, SHOWN), ("1 and more", SHOWN, 5.01))
_COLUMNS: Final = (*GEOMETRY_COLUMNS, *TEXTURE_COLUMNS)


def shard_quality(shard: Shard) -> NDArray[np.float64]:
    """Quality of every picture as a single frame is marked, (n,), 0–1; 0 where nothing would be measured."""
    return picture_quality(dict(zip(_COLUMNS, shard.columns.T, strict=True)))


def conformal(residuals: NDArray[np.floating]) -> float:
    """Smallest bound that holds `COVERAGE` of new residuals of the same kind, too.

    References
    ----------
    Lei, G'Sell, Rinaldo, Tibshirani, Wasserman (2018), "Distribution-free predictive inference for regression",
    JASA 113(523).
    """
    ordered = np.sort(residuals)
    place = int(np.ceil((len(ordered) + 1) * COVERAGE)) - 1
    return float(ordered[min(place, len(ordered) - 1)])


def entries(shard: Shard, value: Float32, doubt: Float32) -> dict[str, Entries]:
    """``interval`` of every learned code, as `analysis.scoring.interval.half_width` reads it.

    Parameters
    ----------
    shard : Shard
        Of calibration identities; their neutral pictures are left out, being what the others are compared with.
    value, doubt : float32, shape (n, targets)
        On the labels' scale; value need not be limited.
    """
    said = np.clip(value, 0, 5)
    off = np.abs(said - shard.labels)
    usable = np.isfinite(off) & ~shard.neutral[:, None]
    turned = (np.abs(shard.yaw) > TURNED_DEG)[:, None]
    absent = usable & (said < FAINT)
    faint, shown = usable & (said >= FAINT) & (said < SHOWN), usable & (said >= SHOWN)
    ratio = off / np.maximum(doubt, LEAST_DOUBT)
    kinds = ((ratio, absent & ~turned), (ratio, absent & turned), (off, faint), (off, shown))
    pooled = [conformal(amount[rows]) if rows.any() else 5.0 for amount, rows in kinds]

    def of(code: str, kind: int) -> float:
        amount, rows = (one[:, columns_of(code)] for one in kinds[kind])
        return conformal(amount[rows]) if rows.sum() >= _ENOUGH else pooled[kind]

    codes = dict.fromkeys(code for code, _ in TARGETS)
    known = {code: (of(code, 2), of(code, 3)) for code in codes}
    faint_width, shown_width = (np.array([known[code][kind] for code, _ in TARGETS]) for kind in (0, 1))
    poor = (shard_quality(shard) < POOR)[:, None] & (faint | shown)
    missed = (off / np.where(shown, shown_width, faint_width))[poor]
    more = max(1.0, conformal(missed)) if len(missed) >= _ENOUGH else 1.0
    return {code: (of(code, 0), of(code, 1), *known[code], more) for code in codes}


def coverage_by_code(shard: Shard, value: Float32, width: Float32) -> dict[str, float]:
    """Share of labels inside the interval, by learned code; NaN without labels. Neutral pictures do not count."""
    inside, known = _inside(shard, value, width)
    known &= ~shard.neutral[:, None]
    return {code: _share(inside, known, code, 1) for code in dict.fromkeys(code for code, _ in TARGETS)}


def tables(shard: Shard, value: Float32, width: Float32) -> dict[str, dict[str, dict[str, float | int]]]:
    """What the intervals hold by yaw, by quality of the picture and by what the scorer says.

    Returns
    -------
    dict
        ``coverage_by_yaw``, ``coverage_by_quality``, ``coverage_by_score``: by bin ``coverage`` and ``width``
        (from end to end, limited to 0–5), means over the codes, and ``n``, the pictures; ``shown_…`` likewise over
        all scores of B or more, which are too few in some bins to tell codes apart. The last table counts scores.
    """
    inside, known = _inside(shard, value, width)
    quality, yaw = shard_quality(shard), np.abs(shard.yaw)
    known &= (~shard.neutral & (quality > 0))[:, None]
    said = np.clip(value, 0, 5)
    full = np.clip(said + width, 0, 5) - np.clip(said - width, 0, 5)

    def of_pictures(rows: Mask) -> dict[str, float | int]:
        own = known & rows[:, None]
        there = own & (said >= SHOWN)
        return {
            **_means(inside, full, own),
            "n": int(own.any(axis=1).sum()),
            "shown_coverage": float(inside[there].mean()) if there.any() else float("nan"),
            "shown_width": float(full[there].mean()) if there.any() else float("nan"),
            "shown_n": int(there.sum()),
        }

    by_score = {}
    for name, low, high in _SAID_BINS:
        own = known & (said >= low) & (said < high)
        by_score[name] = {**_means(inside, full, own), "n": int(own.sum())}
    return {
        "coverage_by_yaw": {
            f"{low:.0f}–{high:.0f}": of_pictures((yaw >= low) & (yaw < high)) for low, high in _YAW_BINS
        },
        "coverage_by_quality": {
            name: of_pictures((quality >= low) & (quality < high)) for name, low, high in _QUALITY_BINS
        },
        "coverage_by_score": by_score,
    }


def _inside(shard: Shard, value: Float32, width: Float32) -> tuple[Mask, Mask]:
    """Whether a label is inside the interval, and whether there are both, (n, targets)."""
    off = np.abs(np.clip(value, 0, 5) - shard.labels)
    return off <= width, np.isfinite(off)


def _share(amount: NDArray[np.generic], rows: Mask, code: str, least: int) -> float:
    """Mean of a code's answers; NaN with too few of them."""
    places = columns_of(code)
    own = rows[:, places]
    return float(amount[:, places][own].mean()) if own.sum() >= least else float("nan")


def _means(inside: Mask, full: NDArray[np.floating], rows: Mask) -> Mapping[str, float]:
    codes = list(dict.fromkeys(code for code, _ in TARGETS))
    return {
        "coverage": _mean(_share(inside, rows, code, _FEW) for code in codes),
        "width": _mean(_share(full, rows, code, _FEW) for code in codes),
    }


def _mean(values: Iterable[float]) -> float:
    found = [value for value in values if not np.isnan(value)]
    return float(np.mean(found)) if found else float("nan")
