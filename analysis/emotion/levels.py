"""Values of a whole session: of this recording, and of such recordings of this face.

The first interval asks what the scores may have got wrong. The second asks besides how the mean would come out on
another stretch of the same length: the course is resampled in blocks, so that neighbours that are alike stay
together. Both are over draws, so neither forgets the other's uncertainty. What a recording did not show at all,
resampling does not show either; then the second interval ends where one more expression would have brought it.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.emotion.course import Course, Sums
from analysis.emotion.figures import ALL, Level, scale
from analysis.emotion.spread import block_length, blocks
from analysis.emotion.values import told
from analysis.facs.series import Float64

#: How far one more event takes a value down and up; a choice of ours: half of the scale for valence, arousal and
#: neutral, whose events are not alike, and all of it up for a state.
_EVENT: Final = {"neutral": (0.5, 0.0), "valence": (0.5, 0.5), "arousal": (0.0, 0.5)}


def levels(found: Course, by_cell: Sums, rng: np.random.Generator) -> dict[str, Level]:
    """Session values of everything, in the order of `ALL`."""
    seconds = np.where(found.measured, found.bins.seconds, 0.0)
    time = float(seconds.sum())
    limits = found.given.abstain
    if not time:
        nothing = Level(None, None, None, None, None, 0.0, "nothing was measured", "nothing was measured")
        return dict.fromkeys(ALL, nothing)
    quality = float((np.nan_to_num(found.bins.quality) * seconds).sum() / time)
    reach = (found.reach * seconds).sum(axis=1) / time
    unseen = (found.unseen * seconds).sum(axis=1) / time
    span = float(found.bins.seconds.sum())
    evidence = np.clip(reach * quality * time / span, 0, 1)
    known = by_cell.seconds > 0
    cells = by_cell.total if known.all() else by_cell.total[known]
    weight = by_cell.seconds[known]
    draws = cells.sum(axis=0, dtype=np.float64) / time
    least = round(limits.block_s * 1e6 / found.given.step_us)
    expected = np.stack([_resampled(cells[:, at], weight, least, rng) for at in range(len(ALL))])
    for at in np.flatnonzero(unseen > 0).tolist():
        hidden = _elsewhere(cells[:, at], weight, unseen[at], rng)
        draws[at] += unseen[at] * (hidden - draws[at])
        expected[at] += unseen[at] * (hidden - expected[at])
    value, low, high = told(draws)
    further_low, further_high = _beyond(expected, limits.unseen_s / time, rng)
    out = {}
    for at, state in enumerate(ALL):
        bottom, top = scale(state)
        own = np.clip([low[at], value[at], high[at]], bottom, top)
        why = ""
        if evidence[at] < limits.least_evidence:
            why = f"too little of what {state} rests on was scored (evidence {evidence[at]:.2f})"
        elif own[2] - own[0] > limits.widest * (top - bottom):
            why = f"the interval is too wide ({own[0]:.2f} to {own[2]:.2f})"
        why_expected = why
        if not why and time < limits.least_session_s:
            why_expected = f"{time:.0f} s are too short to say how the face moves beyond this recording"
        ends = (min(own[0], own[1]), max(own[2], own[1]))
        further = (min(further_low[at], ends[0]), max(further_high[at], ends[1]))
        out[state] = Level(
            None if why else float(own[1]),
            None if why else float(ends[0]),
            None if why else float(ends[1]),
            None if why_expected else float(further[0]),
            None if why_expected else float(further[1]),
            float(evidence[at]),
            why,
            why_expected,
        )
    return out


def _beyond(expected: Float64, unseen: float, rng: np.random.Generator) -> tuple[Float64, Float64]:
    """Ends of the intervals of such recordings' means.

    How often something rare happens is known only as well as it was counted. Of n events seen in a time the mean
    number lies, 90 %, between those Poisson means of which n or more, and n or fewer, are seen one time in twenty
    (Garwood 1936, Biometrika 28(3/4):437–442): the spread of n waiting times for the lower end, and of n + 1 for
    the upper. Resampling has the spread of n. So for the upper end one more event is added that waits as long as
    chance has it (an exponential deviate), and where nothing was seen that one is all there is. Valence can go
    either way.

    Parameters
    ----------
    expected : float64, shape (all, draws)
        Resampled means.
    unseen : float
        What one more event adds to a share, as a share of the time.
    rng : numpy Generator

    Returns
    -------
    low, high : float64, shape (all,)
    """
    more = unseen * rng.standard_exponential(expected.shape)
    low, high = np.empty(len(ALL)), np.empty(len(ALL))
    for at, state in enumerate(ALL):
        bottom, top = scale(state)
        size = _EVENT.get(state, (0.0, 1.0))
        up = np.clip(expected[at] + size[1] * more[at], bottom, top)
        down = np.clip(expected[at] - size[0] * more[at], bottom, top)
        low[at], high[at] = np.quantile(down, 0.05), np.quantile(up, 0.95)
        if low[at] <= bottom:  # then all ten of a hundred lie above, as everywhere
            high[at] = np.quantile(up, 0.9)
        elif high[at] >= top:
            low[at] = np.quantile(down, 0.1)
    return low, high


def _elsewhere(cells: NDArray[np.float32], weight: Float64, share: float, rng: np.random.Generator) -> Float64:
    """What the unseen share of the time may have shown: for each draw a stretch as long that was seen, shape (d,).

    As if what hid the face had nothing to do with what it did. Over seconds that cannot be assumed (a hand at the
    mouth of somebody who laughs), so windows take the bounds instead; over a session those would drown everything.
    """
    count, draws = cells.shape
    length = int(np.clip(round(share * count), 1, count))
    places = (rng.integers(0, count, (draws, 1)) + np.arange(length)) % count
    total = cells[places, np.arange(draws)[:, None]].sum(axis=1, dtype=np.float64)
    found: Float64 = total / weight[places].sum(axis=1)
    return found


def _resampled(cells: NDArray[np.float32], weight: Float64, least: int, rng: np.random.Generator) -> Float64:
    """Means of resampled courses, one for each draw, shape (draws,).

    Parameters
    ----------
    cells : float32, shape (c, draws)
        Sums of value × seconds.
    weight : float64, shape (c,)
        Seconds.
    least : int
        No block is shorter, unless there would be fewer than four: one that cuts movements in two shows less than
        they spread.
    rng : numpy Generator
    """
    count, draws = cells.shape
    course = cells.mean(axis=1, dtype=np.float64) / weight
    length = max(block_length(course), min(least, max(count // 4, 1)))
    places = blocks(count, length, draws, rng)
    total = cells[places, np.arange(draws)[:, None]].sum(axis=1, dtype=np.float64)
    mean = cells.sum(axis=0, dtype=np.float64) / weight.sum()
    found: Float64 = mean + _few(count / length) * (total / weight[places].sum(axis=1) - mean)
    return found


def _few(number: float) -> float:
    """How much wider a mean of so many independent blocks lies than resampling them shows.

    Student's t instead of the normal, at the ends of a 90 % interval, and n / (n − 1) of the variance. The
    quantile is Fisher's expansion in 1 / degrees of freedom (Abramowitz & Stegun 1964, 26.7.5), within 1 %
    from four on.
    """
    left = max(number - 1, 4.0)
    z = 1.6449
    t = z + (z**3 + z) / (4 * left) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * left**2)
    return float(t / z * np.sqrt((left + 1) / left))
