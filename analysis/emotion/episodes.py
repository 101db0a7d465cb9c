"""Episodes: stretches in which one state leads, with all that it may have been and the codes behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.emotion.course import Course, Sums
from analysis.emotion.figures import ALL, SHARES, SHOWN, Candidate, Episode
from analysis.emotion.values import told
from analysis.facs.codes import CATALOGUE
from analysis.facs.combination_model import Unit
from analysis.facs.combination_presence import HALF_STEP, minimum
from analysis.facs.series import Float64, Int64

#: Choices of ours. The course is smoothed over this long before its leader is looked for, seconds ...
_SMOOTHED_S: Final = 0.5
#: ... a leader has at least this share ...
_LEAST: Final = 0.2
#: ... stretches of one state closer than this belong together, and shorter ones than that are none.
_JOINED_S: Final = 0.5
_SHORTEST_S: Final = 0.3
#: A pause in the record longer than this ends a stretch.
_PAUSE_S: Final = 1.0
#: Candidates with less are not listed, nor combinations that count less beside the first one's.
_LISTED: Final = 0.05
_BEHIND: Final = 0.3
_MOST_BEHIND: Final = 4


@dataclass(frozen=True)
class Stretches:
    """Stretches that may become episodes.

    Attributes
    ----------
    first, last : int64, shape (e,)
        First bin and the one after the last.
    apex : int64, shape (e,)
        Bin of the largest share.
    place : int64, shape (n,)
        Stretch of every bin; −1 in none.
    """

    first: Int64
    last: Int64
    apex: Int64
    place: Int64

    def __len__(self) -> int:
        return len(self.first)


def stretches(found: Course) -> Stretches:
    """Where one state leads in the scores as they stand: ahead of all others, of neutral and of other."""
    count = len(found.bins)
    time_s = found.bins.time_us / 1e6
    path = _smoothed(found.path[: len(SHARES)], found, time_s)
    ahead = path.argmax(axis=0) if count else np.zeros(0, np.int64)
    leads = np.isin(ahead, [SHARES.index(state) for state in SHOWN]) & found.measured
    leads &= path.max(axis=0, initial=0) >= _LEAST
    runs: list[list[int]] = []
    for row in np.flatnonzero(leads).tolist():
        if runs and ahead[row] == runs[-1][2] and time_s[row] - time_s[runs[-1][1]] <= _JOINED_S:
            runs[-1][1] = row
        else:
            runs.append([row, row, int(ahead[row])])
    width = found.bins.width_us / 1e6
    runs = [run for run in runs if time_s[run[1]] - time_s[run[0]] + width >= _SHORTEST_S]
    place = np.full(count, -1, np.int64)
    found_runs: list[tuple[int, int, int]] = []
    for begin, end, state in runs:
        place[begin : end + 1] = len(found_runs)
        found_runs.append((begin, end + 1, begin + int(path[state, begin : end + 1].argmax())))
    first, last, apex = np.array(found_runs, np.int64).reshape(-1, 3).T
    return Stretches(first, last, apex, place)


def _smoothed(path: NDArray[np.float32], found: Course, time_s: Float64) -> NDArray[np.float32]:
    """Mean over neighbours within half the width either way, not across pauses."""
    half = max(round(_SMOOTHED_S * 1e6 / found.bins.width_us) // 2, 0)
    if not half or not len(time_s):
        return path
    total, number = path.astype(np.float64), np.ones(len(time_s))
    for shift in range(1, half + 1):
        near = time_s[shift:] - time_s[:-shift] <= _PAUSE_S
        near &= found.measured[shift:] & found.measured[:-shift]
        total[:, shift:] += np.where(near, path[:, :-shift], 0)
        total[:, :-shift] += np.where(near, path[:, shift:], 0)
        number[shift:] += near
        number[:-shift] += near
    return (total / number).astype(np.float32)


def episodes(found: Course, spans: Stretches, sums: Sums) -> tuple[Episode, ...]:
    """Stretches whose leading state also leads in the draws, above neutral.

    A stretch stands where the lower end of its first candidate's interval lies above the mean of neutral, and
    where enough of what that state rests on was scored.
    """
    out = []
    for number in range(len(spans)):
        if not sums.seconds[number] > 0:
            continue
        rows = slice(int(spans.first[number]), int(spans.last[number]))
        draws = sums.total[number] / sums.seconds[number]
        value, low, high = told(draws)
        order = sorted((ALL.index(state) for state in SHOWN), key=lambda at: -value[at])
        lead = order[0]
        enough = found.reach[lead, rows].mean() >= found.given.abstain.least_evidence
        if not enough or low[lead] <= value[ALL.index("neutral")]:
            continue
        candidates = [
            _candidate(found, rows, ALL[at], (value[at], low[at], high[at]))
            for at in order
            if value[at] >= _LISTED or at == lead
        ]
        start = int(found.bins.time_us[rows.start])
        end = int(found.bins.time_us[rows.stop - 1]) + found.bins.width_us
        apex = int(found.bins.time_us[spans.apex[number]]) + found.bins.width_us // 2
        out.append(Episode(start, min(apex, end), end, tuple(candidates)))
    return tuple(out)


def _candidate(found: Course, rows: slice, state: str, ends: tuple[float, float, float]) -> Candidate:
    """With the combinations that were there most, and which of their codes."""
    strength: dict[str, float] = {}
    codes: set[str] = set()
    own = [(place, part) for place, part in enumerate(found.parts) if part.state == state]
    best = {place: float(np.nan_to_num(found.point[place, rows]).mean()) * part.weight for place, part in own}
    most = max(best.values(), default=0.0)
    for place, part in own:
        if best[place] > 0 and best[place] >= _BEHIND * most:
            name = part.combination.id
            strength[name] = max(strength.get(name, 0.0), best[place])
    ids = sorted(strength, key=lambda name: -strength[name])[:_MOST_BEHIND]
    for place, part in own:
        if part.combination.id in ids and best[place] >= _BEHIND * most:
            codes |= {code for group in part.required for code in group if _there(found, code, rows)}
    value, low, high = (float(np.clip(end, 0, 1)) for end in ends)
    named = tuple(sorted(codes, key=lambda code: CATALOGUE[code].order))
    return Candidate(state, value, low, high, tuple(ids), named)


def _there(found: Course, code: str, rows: slice) -> bool:
    values: Sequence[float] | Float64 = found.bins.value.get(code, np.zeros(0))[rows]
    if not len(values) or not np.isfinite(values).any():
        return False
    return bool(np.nanmax(values) > max(minimum(Unit(code), found.origin) - HALF_STEP, 0.0))
