"""What the true intensities may have been: draws from the errors of the scores, alike over time.

A score comes with an interval that holds 90 % of the labels of faces scored like it (`analysis.scoring.interval`),
so it says where the truth lies given the score, and not only how far scores stray from a truth. The draws take it
so: a normal distribution about the score, what falls below 0 or above 5 laid on the end, with the width at which
the interval holds 90 %. Where the interval reaches 0 much of the draws is exactly 0: at rest. Adding noise to a
score the other way round (naive jitter) would push every resting face into movement.

An error is not new in every frame. Part of it belongs to the face and code for the whole recording, the rest fades
(`parameters.toml`, ``errors``).

A weak score is not worth the same everywhere. Codes that act together come together: where all else of a
combination stands, the one that is scored weakly is more often scored too low than too high, because it is the
weakest of several scores with errors; and where a weak score stands alone it is more often nothing. The interval
of a score does not know its company, so the draws are moved by a share of their spread (``company``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.emotion.parameters import Company, Errors
from analysis.facs.evidence import Evidence
from analysis.facs.series import Float64, Int64

Float32 = NDArray[np.float32]

MOST: Final = 5.0
#: Normal deviates beyond which 5 and 10 of a hundred lie on one side.
_TWO_SIDED: Final = 1.6449
_ONE_SIDED: Final = 1.2816
#: Name of the error that all codes of a face share.
_FACE: Final = "face"
#: Ends of an interval this close to the ends of the scale are at them.
_AT_END: Final = 1e-6


@dataclass(frozen=True)
class Bins:
    """One face's scores, averaged over short bins of time.

    Attributes
    ----------
    time_us : int64, shape (n,)
        Beginning of each bin that has a frame, microseconds, ascending.
    width_us : int
    seconds : float64, shape (n,)
        Time that the bin's frames stand for.
    value, sigma : mapping of str to float64, shape (n,)
        Mean score by code and side, 0–5, and the spread of the truth about it; NaN where not scored.
    quality : float64, shape (n,)
        0–1; NaN where the face was not seen.
    speech : float64, shape (n,)
        Share of the bin in which the person speaks, 0–1.
    company : mapping of str to float64, shape (n,)
        By code, how far all else of some combination that asks for it stands, 0–1; none where a person coded.
    """

    time_us: Int64
    width_us: int
    seconds: Float64
    value: Mapping[str, Float64]
    sigma: Mapping[str, Float64]
    quality: Float64
    speech: Float64
    company: Mapping[str, Float64] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.time_us)


def spread_of(value: Float64, low: Float64, high: Float64) -> Float64:
    """Width of the normal distribution about a score of which the interval holds 90 %, once laid on 0–5.

    An end of the interval at the end of the scale leaves nothing out: all ten of a hundred lie beyond the other.

    Parameters
    ----------
    value, low, high : float64, shape (n,)

    Returns
    -------
    float64, shape (n,)
        0 or more; NaN where an end is.
    """
    below, above = np.maximum(value - low, 0), np.maximum(high - value, 0)
    floor, ceiling = low <= _AT_END, high >= MOST - _AT_END
    both = np.maximum(below, above) / _ONE_SIDED
    found = np.where(floor, above / _ONE_SIDED, (below + above) / 2 / _TWO_SIDED)
    found = np.where(ceiling, below / _ONE_SIDED, found)
    return np.where(floor & ceiling, both, found)


def binned(
    evidence: Evidence,
    keys: Sequence[str],
    speech: Sequence[tuple[int, int]],
    width_us: int,
    errors: Errors,
) -> Bins:
    """Average the scores over bins, because faces move slower than frames follow each other.

    A bin is scored where at least half of its frames are. The spread is the mean of its frames': their errors are
    nearly the same error.
    """
    time_us = evidence.time_us
    place = time_us // width_us
    starts = np.flatnonzero(np.diff(place, prepend=place[0] - 1)) if len(place) else np.zeros(0, np.int64)
    counts = np.diff(starts, append=len(place))
    begin = place[starts] * width_us

    def averaged(array: Float64) -> Float64:
        finite = np.isfinite(array)
        number = np.add.reduceat(finite, starts, dtype=np.int64) if len(starts) else np.zeros(0, np.int64)
        total = np.add.reduceat(np.where(finite, array, 0.0), starts) if len(starts) else np.zeros(0)
        mean = total / np.maximum(number, 1)
        return np.where(2 * number >= counts, mean, np.nan)

    value: dict[str, Float64] = {}
    sigma: dict[str, Float64] = {}
    for key in keys:
        scores = evidence.values.get(key)
        if scores is None:
            continue
        value[key] = np.clip(averaged(scores), 0, MOST)
        sigma[key] = averaged(_sigma(evidence, key, scores, errors))
    seconds = np.add.reduceat(evidence.durations_s(), starts) if len(starts) else np.zeros(0)
    return Bins(
        begin, width_us, seconds, value, sigma, averaged(evidence.quality), spoken(begin, width_us, speech)
    )


def _sigma(evidence: Evidence, key: str, scores: Float64, errors: Errors) -> Float64:
    """Of each frame; a side without an interval of its own has its code's, and what has none the default."""
    code = key.split("_")[0]
    if key in evidence.low:
        found = spread_of(scores, evidence.low[key], evidence.high[key])
    elif code in evidence.low:
        found = spread_of(evidence[code], evidence.low[code], evidence.high[code])
    else:
        found = np.full(len(scores), np.nan)
    default = np.where(scores >= errors.faint, errors.default_shown, errors.default_faint) / _TWO_SIDED
    found = np.where(np.isfinite(found), found, default)
    if evidence.origin == "machine":
        found = np.maximum(found, _least(scores, errors))
    return np.where(np.isfinite(scores), found, np.nan)


def usual_spread(errors: Errors) -> float:
    """Spread of a shown score that has no interval of its own, intensity units."""
    return errors.default_shown / _TWO_SIDED


def _least(scores: Float64, errors: Errors) -> Float64:
    """Least spread of faint scores: from nothing at rest to that of a code that is shown.

    The intervals of faint scores were found on faces that mostly show nothing, whose scores are lower still.
    """
    share = np.clip((scores - errors.resting) / (errors.faint - errors.resting), 0, None) * (scores < errors.faint)
    return np.asarray(share * errors.default_shown / _TWO_SIDED, np.float64)


def moved(bins: Bins, key: str, company: Company) -> tuple[Float64, Float64]:
    """By how many of its spreads the draws of a code lie beside its score, and how much of that is doubtful.

    Weak scores only: none of it up to ``begins`` and from ``ends`` on, all of it from ``full`` to ``fades``.

    Returns
    -------
    float64, float64, shapes (n,)
        The first −1 to 1, the second 0 or more; 0 where a person coded.
    """
    code = key.split("_")[0]
    nothing = np.zeros(len(bins))
    if code not in bins.company:
        return nothing, nothing
    corners = (company.begins, company.full, company.fades, company.ends)
    weak = np.interp(np.nan_to_num(bins.value[key]), corners, (0.0, 1.0, 1.0, 0.0))
    beside = bins.company[code]
    return weak * (company.alone + (company.together - company.alone) * beside), weak * company.doubt


def spoken(begin: Int64, width_us: int, speech: Sequence[tuple[int, int]]) -> Float64:
    """Share of every bin that lies in a stretch of speech, shape (n,)."""
    share = np.zeros(len(begin))
    for start, end in speech:
        first, last = np.searchsorted(begin, (start - width_us + 1, end)).tolist()
        inside = begin[first:last]
        share[first:last] += (np.minimum(inside + width_us, end) - np.maximum(inside, start)) / width_us
    return np.clip(share, 0, 1)


def drawn(
    bins: Bins,
    rows: Int64,
    errors: Errors,
    draws: int,
    chunk: int,
    rng: np.random.Generator,
    company: Company,
) -> Iterator[tuple[Int64, dict[str, Float32]]]:
    """Draws of the true intensities, some bins at a time.

    Every code has an error of the whole recording and one that fades with the time between two bins (an
    Ornstein-Uhlenbeck process, exact for any distance). The codes of a face share some of theirs, a side most of
    its code's.

    Parameters
    ----------
    bins : Bins
    rows : int64, shape (m,)
        Places of the bins that are wanted, ascending.
    errors : Errors
    draws : int
    chunk : int
        Bins at a time.
    rng : numpy Generator
    company : Company
        How far weak scores are moved; how far exactly is one deviate of every draw, for all codes and all time.

    Yields
    ------
    int64, shape (k,); dict of str to float32, shape (draws, k)
        Places of the bins and the draws by key, 0–5, NaN where not scored.
    """
    keys = list(bins.value)
    codes = sorted({key.split("_")[0] for key in keys})
    names = [*codes, *(key for key in keys if "_" in key), _FACE]
    at = {name: number for number, name in enumerate(names)}
    lasting = rng.standard_normal((len(names), draws), np.float32) * np.float32(np.sqrt(errors.lasting))
    fading = rng.standard_normal((len(names), draws), np.float32)
    share = np.float32(np.sqrt(1 - errors.lasting))
    own, common = np.float32(np.sqrt(1 - errors.sides_alike)), np.float32(np.sqrt(errors.sides_alike))
    alone, together = np.float32(np.sqrt(1 - errors.codes_alike)), np.float32(np.sqrt(errors.codes_alike))
    doubt = rng.standard_normal(draws, np.float32)
    beside = {key: moved(bins, key, company) for key in keys}
    last_us: int | None = None
    for first in range(0, len(rows), chunk):
        part = rows[first : first + chunk]
        unit = np.empty((len(names), len(part), draws), np.float32)
        for number, row in enumerate(part.tolist()):
            now = int(bins.time_us[row])
            keep = 0.0 if last_us is None else float(np.exp(-(now - last_us) / 1e6 / errors.fading_s))
            if last_us is not None:
                fresh = rng.standard_normal(fading.shape, np.float32)
                fading = np.float32(keep) * fading + np.float32(np.sqrt(1 - keep * keep)) * fresh
            unit[:, number] = lasting + share * fading
            last_us = now
        found: dict[str, Float32] = {}
        whole = together * unit[at[_FACE]]
        for key in keys:
            error = alone * unit[at[key.split("_")[0]]] + whole
            if "_" in key:
                error = common * error + own * unit[at[key]]
            shift, doubtful = (array[part].astype(np.float32)[:, None] for array in beside[key])
            error = error + shift + doubtful * doubt
            value = bins.value[key][part].astype(np.float32)[:, None]
            sigma = bins.sigma[key][part].astype(np.float32)[:, None]
            found[key] = np.ascontiguousarray(np.clip(value + sigma * error, 0, MOST).T)
        yield part, found
