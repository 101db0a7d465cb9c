"""How far two series of intensities agree: the figures that facial action coding publishes.

Everything works on one-dimensional series of equal length; pairs with a NaN on either side are left out. A figure
that the data do not define (no variance, nothing present) is NaN, never 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.agreement.icc import icc

Float64 = NDArray[np.float64]

#: Intensities above this are B or more (a letter is the ceiling of the intensity), which counts as present. For
#: whole numbers it is the usual "2 or more" of work on DISFA.
PRESENT_ABOVE: Final = 1.0


def icc31(first: ArrayLike, second: ArrayLike) -> float:
    """ICC(3,1): consistency of two raters, single measures (Shrout & Fleiss 1979, doi:10.1037/0033-2909.86.2.420).

    A constant offset between the raters does not count against them, a different scale does.

    Parameters
    ----------
    first, second : array_like, shape (n,)

    Returns
    -------
    float
        −1 to 1; NaN with fewer than two pairs or no variance at all.

    Raises
    ------
    ValueError
        The shapes differ or are not one-dimensional.
    """
    a, b = _pairs(first, second)
    return icc(np.stack([a, b], axis=1)).icc3


def pearson(first: ArrayLike, second: ArrayLike) -> float:
    """Pearson's product-moment correlation (PCC), −1 to 1; NaN with fewer than two pairs or a constant series."""
    a, b = _pairs(first, second)
    if len(a) < 2 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return float("nan")
    return float(np.corrcoef(a, b)[0, 1])


def mae(first: ArrayLike, second: ArrayLike) -> float:
    """Mean absolute error in the unit of the series; NaN without a pair."""
    a, b = _pairs(first, second)
    return float(np.abs(a - b).mean()) if len(a) else float("nan")


def f1(
    predicted: ArrayLike, true: ArrayLike, *, above: float = PRESENT_ABOVE, true_above: float | None = None
) -> float:
    """F1 of presence: 2·TP / (2·TP + FP + FN).

    Parameters
    ----------
    predicted, true : array_like, shape (n,)
        Intensities.
    above : float
        A value counts as present when it is greater.
    true_above : float, optional
        The same for ``true`` where it is on another scale, as occurrence (0 or 1) is.

    Returns
    -------
    float
        0–1; NaN if neither side has anything present.
    """
    a, b = _pairs(predicted, true)
    found, there = a > above, b > (above if true_above is None else true_above)
    return _ratio(2.0 * float((found & there).sum()), float(found.sum() + there.sum()))


def base_rate(true: ArrayLike, *, above: float = PRESENT_ABOVE) -> float:
    """Share of the values that count as present, 0–1; NaN without a value."""
    values = np.asarray(true, np.float64)
    values = values[~np.isnan(values)]
    return float((values > above).mean()) if len(values) else float("nan")


@dataclass(frozen=True, slots=True)
class Agreement:
    """How one AU agrees with its labels.

    Attributes
    ----------
    code : str
        The AU's number.
    frames : int
        Frames with a label and a measurement; all figures are of these.
    unmeasured : int
        Frames with a label and no measurement (no face seen, or turned away too far).
    base_rate, f1 : float
        0–1, of presence.
    icc, pcc : float
        ICC(3,1) and Pearson's r, −1 to 1, of the intensities.
    mae : float
        Mean absolute error of the intensities, 0–5.
    """

    code: str
    frames: int
    unmeasured: int
    base_rate: float
    f1: float
    icc: float
    pcc: float
    mae: float


def table(
    predicted: Mapping[str, ArrayLike],
    true: Mapping[str, ArrayLike],
    occurrence: Mapping[str, ArrayLike] | None = None,
) -> list[Agreement]:
    """Compare every AU that both sides have, in the order of ``true``.

    Parameters
    ----------
    predicted, true : mapping of code to array_like, shape (n,)
        Intensities 0–5, NaN where there is none.
    occurrence : mapping of code to array_like, shape (n,), optional
        Presence as people coded it, 0 or 1, NaN where they did not. AUs without it take presence from the
        intensity (B or more). The prediction counts as present from B on either way.

    Raises
    ------
    ValueError
        The series of an AU differ in length.
    """
    return [
        _agreement(code, _series(predicted[code]), _series(true[code]), (occurrence or {}).get(code))
        for code in true
        if code in predicted
    ]


def _agreement(code: str, predicted: Float64, true: Float64, occurrence: ArrayLike | None) -> Agreement:
    coded = occurrence is not None
    present = _series(occurrence) if occurrence is not None else true
    _same_shape(predicted, true)
    _same_shape(predicted, present)
    above = 0.5 if coded else PRESENT_ABOVE
    measured = ~np.isnan(predicted)
    labelled = ~(np.isnan(true) & np.isnan(present))
    return Agreement(
        code=code,
        frames=int((measured & labelled).sum()),
        unmeasured=int((labelled & ~measured).sum()),
        base_rate=base_rate(present[measured], above=above),
        f1=f1(predicted, present, true_above=above),
        icc=icc31(predicted, true),
        pcc=pearson(predicted, true),
        mae=mae(predicted, true),
    )


def _pairs(first: ArrayLike, second: ArrayLike) -> tuple[Float64, Float64]:
    a, b = _series(first), _series(second)
    _same_shape(a, b)
    both = ~(np.isnan(a) | np.isnan(b))
    return a[both], b[both]


def _series(values: ArrayLike) -> Float64:
    out = np.asarray(values, np.float64)
    if out.ndim != 1:
        raise ValueError(f"expected one dimension, got shape {out.shape}")
    return out


def _same_shape(first: Float64, second: Float64) -> None:
    if first.shape != second.shape:
        raise ValueError(f"expected series of one length, got {len(first)} and {len(second)}")


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole > 0 else float("nan")
