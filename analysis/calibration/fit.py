"""One code's rest and gain in every cohort, and what to do with a value so that the cohort's offset is gone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from analysis.calibration.people import Estimates, Mask, Windows
from analysis.calibration.pooling import Pooled, grouped, pool
from analysis.facs.series import Float64, Int64

#: Scales of the priors on how far cohorts lie apart, in intensities (0–5) and in parts of a gain: half of the
#: prior lies below, its heavy tail lets data speak for more. Our choice: half a letter, and a third.
REST_SCALE: Final = 0.5
GAIN_SCALE: Final = 0.3
#: A gain is held between these: outside of them the machine answers to something else than the code.
GAINS: Final = (0.25, 4.0)
#: A cohort is calibrated from so many participants on. The 90 % interval of a mean of 8 people reaches .67
#: standard deviations to each side (Student's t, 7 degrees of freedom: 1.895/√8); with 5 it is .95, and one
#: unusual person moves it by a fifth. A choice of ours.
LEAST_PARTICIPANTS: Final = 8
#: And a code in it from so many events, by so many participants, on: a slope over fewer hangs on single letters.
LEAST_EVENTS: Final = 20
LEAST_SHOWING: Final = 5


@dataclass(frozen=True)
class Correction:
    """What is known of one code in every cohort; arrays of shape (k,).

    Attributes
    ----------
    rest, gain : Pooled
    people, showing : int64
        Participants with windows in which the code was absent, and with its events too.
    """

    rest: Pooled
    gain: Pooled
    people: Int64
    showing: Int64


def estimate(est: Estimates, cohort: Int64, k: int) -> Correction | None:
    """Pool the participants' rests and gains; None where nobody has both.

    Parameters
    ----------
    est : Estimates
    cohort : int64, shape (people,)
        Place of each participant's cohort.
    k : int
        Number of cohorts.
    """
    rest = grouped(est.rest, est.rest_variance, cohort, k)
    gain = grouped(est.gain, est.gain_variance, cohort, k)
    if not gain.people.sum():
        return None
    return Correction(
        pool(rest.value, rest.variance, scale=REST_SCALE, freedom=rest.freedom),
        pool(gain.value, gain.variance, scale=GAIN_SCALE, freedom=gain.freedom),
        rest.people,
        gain.people,
    )


def enough(found: Correction | None, events: Float64) -> Mask:
    """Cohorts whose data of a code reach the stated minimum, shape (k,).

    Parameters
    ----------
    found : Correction or None
    events : float64, shape (k,)
        Events of the code, one of several coders of a recording counted once.
    """
    if found is None:
        return np.zeros(len(events), bool)
    many = (found.people >= LEAST_PARTICIPANTS) & (found.showing >= LEAST_SHOWING)
    return many & (events >= LEAST_EVENTS)


def corrected(machine: Float64, rest: Float64 | float, gain: Float64 | float) -> Float64:
    """Values as a coder would have put them, 0–5; NaN stays NaN.

    Parameters
    ----------
    machine : float64, shape (n,)
    rest, gain : float64, shape (n,), or float
    """
    out: Float64 = np.clip((machine - rest) / np.clip(gain, *GAINS), 0.0, 5.0)
    return out


def applied(windows: Windows, found: Correction | None, cohort: Int64, which: Mask) -> Float64:
    """One code's windows as the product would show them: corrected in the cohorts of ``which``, else as they are.

    Parameters
    ----------
    windows : Windows
    found : Correction or None
    cohort : int64, shape (people,)
    which : bool array, shape (k,)

    Returns
    -------
    float64, shape (n,)
    """
    if found is None:
        return windows.machine
    place = cohort[windows.person]
    better = corrected(windows.machine, found.rest.value[place], found.gain.value[place])
    return np.where(which[place], better, windows.machine)
