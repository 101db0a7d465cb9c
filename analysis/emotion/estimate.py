"""States of a face: shares by window and session with 90 % intervals, and silence where the evidence is thin.

What a value is, what its interval covers and what it does not: ``docs/method.md``. In one sentence: it says to
what share the face moved as the literature lists for a state, never whether the person feels it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np

from analysis.emotion.course import Course, Priors, Sums, course, summed
from analysis.emotion.episodes import episodes, stretches
from analysis.emotion.figures import ALL, OTHER, SHARES, SHOWN, States, Windows, scale
from analysis.emotion.levels import levels
from analysis.emotion.missing import widened
from analysis.emotion.parameters import Abstain, Parameters, parameters
from analysis.emotion.values import told
from analysis.facs.combination_model import Combination
from analysis.facs.evidence import Evidence
from analysis.facs.series import Float64, Int64
from analysis.types import AnalysisError

#: Windows that are looked at together, for memory.
_TOGETHER: Final = 256


def states(
    evidence: Evidence,
    *,
    combinations: Sequence[Combination] | None = None,
    speech: Sequence[tuple[int, int]] = (),
    seed: int = 0,
    priors: Priors | None = None,
    window_us: int | None = None,
    step_us: int | None = None,
    given: Parameters | None = None,
) -> States:
    """How far a face fits each state, over time and in all.

    Parameters
    ----------
    evidence : Evidence
        One face, from a machine or a coder.
    combinations : sequence of Combination, optional
        The shipped catalogue when left out.
    speech : sequence of (int, int)
        Stretches in which the person speaks, microseconds: mouth codes count less then.
    seed : int
        Of the draws; the same seed gives the same figures.
    priors : mapping of str to (float, float), optional
        Log-odds by state and their standard error: display rules of a cohort.
    window_us, step_us : int, optional
        Length and distance of windows; 2 s every 1 s when left out. A window is a whole number of steps, a step a
        whole number of bins (0.1 s).
    given : Parameters, optional
        The shipped ones when left out.

    Returns
    -------
    States

    Raises
    ------
    ValueError
        Windows or steps that do not divide, priors of a state that is not there.
    AnalysisError
        There is no time in the evidence.
    """
    used = parameters() if given is None else given
    used = replace(used, window_us=window_us or used.window_us, step_us=step_us or used.step_us)
    _check(used, priors or {})
    if not len(evidence):
        raise AnalysisError("There is nothing to compute states from: the face has no frames.")
    if combinations is None:
        from analysis.facs.combinations import catalogue

        combinations = catalogue()
    found = course(evidence, combinations, speech, used)
    rng = np.random.default_rng([seed, evidence.face])
    first = int(evidence.time_us[0]) // used.step_us
    last_us = int(evidence.time_us[-1] + evidence.interval_us)
    cells = max(-(-last_us // used.step_us) - first, 1)
    cell = found.bins.time_us // used.step_us - first
    spans = stretches(found)
    by_cell, by_episode = summed(found, [(cell, cells), (spans.place, len(spans))], used.draws, rng, priors or {})
    starts, ends, windows = _windows(found, by_cell, cell, first)
    return States(
        evidence.face,
        evidence.origin,
        starts,
        ends,
        windows,
        levels(found, by_cell, rng),
        episodes(found, spans, by_episode),
        float(found.bins.seconds[found.measured].sum()),
        _about(found, seed, priors or {}),
    )


def _check(given: Parameters, priors: Priors) -> None:
    if given.window_us % given.step_us or given.step_us % given.bin_us:
        raise ValueError(
            f"a window ({given.window_us}) is a whole number of steps ({given.step_us}), "
            f"a step a whole number of bins ({given.bin_us})"
        )
    for state, (offset, error) in priors.items():
        if state not in SHARES or not math.isfinite(offset) or not 0 <= error < math.inf:
            raise ValueError(f"priors: {state!r} with {offset} ± {error}")


# Windows


def _windows(found: Course, by_cell: Sums, cell: Int64, first: int) -> tuple[Int64, Int64, dict[str, Windows]]:
    given = found.given
    cells = len(by_cell.seconds)
    each = given.window_us // given.step_us
    count = max(cells - each + 1, 1)
    starts = (first + np.arange(count, dtype=np.int64)) * given.step_us
    seconds = np.where(found.measured, found.bins.seconds, 0.0)

    def over(weights: Float64) -> Float64:
        """Sum over each window of what its bins hold, shape (w,)."""
        by = np.bincount(cell, weights, cells).astype(np.float64)
        return _rolling(by, each, count)

    time = over(seconds)
    share = np.clip(time / (given.window_us / 1e6), 0, 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        quality = over(np.nan_to_num(found.bins.quality) * seconds) / time
        reach = np.stack([over(row * seconds) for row in found.reach]) / time
        unseen = np.stack([over(row * seconds) for row in found.unseen]) / time
    evidence = np.nan_to_num(np.clip(reach * quality * share, 0, 1))
    value, low, high = (np.full((len(ALL), count), np.nan) for _ in range(3))
    for begin in range(0, count, _TOGETHER):
        end = min(begin + _TOGETHER, count)
        total = sum((by_cell.total[begin + k : end + k] for k in range(min(each, cells))), np.float32(0))
        known = time[begin:end] > 0
        draws = np.asarray(total)[known] / time[begin:end][known][:, None, None]
        rows = np.arange(begin, end)[known]
        value[:, rows], low[:, rows], high[:, rows] = (array.T for array in told(draws))
    low, high = widened(low, high, np.nan_to_num(unseen))
    low, high = np.fmin(low, value), np.fmax(high, value)
    why = _silences(value, low, high, evidence, share, given.abstain)
    windows = {}
    for at, state in enumerate(ALL):
        silent = np.array([bool(text) for text in why[at]])
        middle, bottom, top = (np.where(silent, np.nan, array[at]) for array in (value, low, high))
        windows[state] = Windows(middle, bottom, top, evidence[at], tuple(why[at]))
    return starts, starts + given.window_us, windows


def _rolling(by: Float64, each: int, count: int) -> Float64:
    ends = np.concatenate([[0.0], np.cumsum(by)])
    last = np.minimum(np.arange(count) + each, len(by))
    found: Float64 = ends[last] - ends[:count]
    return found


def _silences(
    value: Float64, low: Float64, high: Float64, evidence: Float64, share: Float64, limits: Abstain
) -> list[list[str]]:
    """Why a state has no value in a window, by state and window; empty where it has one."""
    count = value.shape[1]
    why = [[""] * count for _ in ALL]
    for at, state in enumerate(ALL):
        bottom, top = scale(state)
        for row in range(count):
            if share[row] < limits.least_time:
                why[at][row] = f"only {share[row]:.0%} of this window was measured"
            elif evidence[at, row] < limits.least_evidence:
                why[at][row] = f"too little of what {state} rests on was scored (evidence {evidence[at, row]:.2f})"
            elif high[at, row] - low[at, row] > limits.widest * (top - bottom):
                why[at][row] = f"the interval is too wide ({low[at, row]:.2f} to {high[at, row]:.2f})"
    shown = [at for at, state in enumerate(ALL) if state in SHOWN]
    for row in range(count):
        given = [at for at in shown if not why[at][row]]
        if not given:
            continue
        best = max(given, key=lambda at: value[at, row])
        if value[best, row] >= limits.claimed and low[best, row] <= limits.told_apart:
            why[best][row] = f"cannot be told from no state (its interval begins at {low[best, row]:.2f})"
    return why


def _about(found: Course, seed: int, priors: Priors) -> dict[str, Any]:
    given = found.given
    known = set(found.bins.value)
    left_out = {
        key.split("_")[0] for part in found.parts for group in part.required for key in group if key not in known
    }
    return {
        "parameters": given.version,
        "estimand": given.says,
        "seed": seed,
        "draws": given.draws,
        "window_us": given.window_us,
        "step_us": given.step_us,
        "bin_us": given.bin_us,
        "level": 0.9,
        "priors": {state: list(pair) for state, pair in priors.items()},
        "not_scored": sorted(left_out, key=lambda code: (len(code), code)),
        "other": OTHER,
    }
