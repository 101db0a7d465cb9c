"""What one code's windows say about each participant: the machine's rest and gain in them, with their errors.

The machine's value ``m`` at a moment for which a coder's intensity is ``h`` (0 where the code was absent, the
middle of the letter's fifth at an apex)::

    m = rest + gain · h + error

A letter's true intensity lies anywhere in its fifth around the middle, which is an error of the Berkson kind: it
widens the error of a slope and does not bend it (Carroll et al. 2006, Measurement Error in Nonlinear Models, ch.
1).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.facs.series import Float64, Int64

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Windows:
    """One code's windows.

    Attributes
    ----------
    person : int64, shape (n,)
        Place of the participant, 0 to people − 1.
    machine, human : float64, shape (n,)
        Intensities 0–5 without NaN; ``human`` is 0 where the coder saw nothing.
    people : int
        Participants in all, also those without a window.

    Raises
    ------
    ValueError
        Arrays of other shapes, a NaN, or a participant that is not there.
    """

    person: Int64
    machine: Float64
    human: Float64
    people: int

    def __post_init__(self) -> None:
        shape = self.person.shape
        if len(shape) != 1 or self.machine.shape != shape or self.human.shape != shape:
            raise ValueError("person, machine and human: expected arrays of one length")
        if not (np.isfinite(self.machine).all() and np.isfinite(self.human).all()):
            raise ValueError("a window has no value")
        if len(self.person) and not 0 <= self.person.min() <= self.person.max() < self.people:
            raise ValueError(f"person: expected 0 to {self.people - 1}")

    def per_person(self, values: Float64 | None = None, rows: Mask | None = None) -> Float64:
        """Sums over each participant's windows (or some of them), shape (people,); counts without values."""
        person = self.person if rows is None else self.person[rows]
        weights = None if values is None else (values if rows is None else values[rows])
        return np.bincount(person, weights=weights, minlength=self.people).astype(np.float64)


@dataclass(frozen=True)
class Estimates:
    """Rest and gain of every participant; all of shape (people,), NaN where they cannot be known.

    Attributes
    ----------
    rest, rest_variance : float64
        Mean of the machine where the coder saw nothing, and its sampling variance.
    gain, gain_variance : float64
        Slope of the machine over the coder's intensity, through the participant's own rest.
    free, events : float64
        Windows without the code, and with it.
    """

    rest: Float64
    rest_variance: Float64
    gain: Float64
    gain_variance: Float64
    free: Float64
    events: Float64


def estimates(windows: Windows, chosen: Mask | None = None) -> Estimates:
    """Rest and gain of every participant by least squares.

    Parameters
    ----------
    windows : Windows
    chosen : bool array, shape (people,), optional
        Participants that count; the others are NaN and add nothing to what is taken over all. All when not given.

    Notes
    -----
    The variance within a person is taken over all of them: a person with two events cannot know theirs. Windows of
    one person are not independent, so these variances are too small alone; what is missing shows as spread between
    people, which `pooling.grouped` adds.
    """
    chosen = np.ones(windows.people, bool) if chosen is None else chosen
    free = (windows.human == 0) & chosen[windows.person]
    there = (windows.human > 0) & chosen[windows.person]
    counts, events = windows.per_person(rows=free), windows.per_person(rows=there)
    with np.errstate(divide="ignore", invalid="ignore"):
        rest = windows.per_person(windows.machine, free) / counts
        off = windows.machine - rest[windows.person]
        noise = _pooled(windows.per_person(np.square(off), free), counts, counts > 0)
        rest_variance = noise / counts
        h, beyond = windows.human, np.nan_to_num(off)
        squares, sums = windows.per_person(np.square(h), there), windows.per_person(h, there)
        known = (counts > 0) & (events > 0)
        gain = np.where(known, windows.per_person(h * beyond, there) / squares, np.nan)
        left = beyond - np.nan_to_num(gain)[windows.person] * h
        scatter = _pooled(windows.per_person(np.square(left), there), events, known)
        gain_variance = np.where(known, scatter / squares + rest_variance * (sums / squares) ** 2, np.nan)
    rest[counts == 0] = np.nan
    rest_variance[counts == 0] = np.nan
    return Estimates(rest, rest_variance, gain, gain_variance, counts, events)


def _pooled(squares: Float64, counts: Float64, known: Mask) -> float:
    """Variance within people over all of them; 0 where nobody has two windows."""
    freedom = float((counts[known] - 1).sum())
    return float(squares[known].sum()) / freedom if freedom > 0 else 0.0
