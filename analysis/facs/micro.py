"""Candidates for micro-expressions: short events of the face. A rule on durations, no more.

Yan, Wu, Liang, Chen & Fu (2013, Journal of Nonverbal Behavior 37:217–230) measured spontaneous ones and put their
whole duration, from onset to offset, at up to 500 ms. At less than 25 frames/s half a second is a dozen frames or
fewer, and an event's two edges are each uncertain by one: durations then say nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from analysis.facs.codes import ACTION_UNITS
from analysis.facs.events import Event
from analysis.facs.series import FaceSeries, Float64, finite_runs

#: Longest duration, onset to offset, microseconds.
LONGEST_US: Final = 500_000
#: Lowest frame rate at which durations are judged, frames a second.
LEAST_RATE: Final = 25.0
#: Time stamps are rounded, so a median interval may say a little less than the rate that was meant.
_ROUNDING: Final = 0.01
#: Lids close and open this fast all day: blinks, winks and lowered lids are no expressions for their shortness.
_LIDS: Final = frozenset({"41", "42", "43", "45", "46"})
#: Codes whose short events can be candidates; head, eyes and visibility are not among them.
MICRO_CODES: Final = frozenset(ACTION_UNITS) - _LIDS
CAUTION: Final = "Short events are also what noise and speech look like. Which of them are more, a coder decides."


def timed(series: FaceSeries, both: Mapping[str, Float64], events: Sequence[Event]) -> list[Event]:
    """Events of the face whose duration is known.

    Their code is scored without a break from before the onset until after the offset, so that neither the
    recording's edge nor a hand cuts them short, and in between there are enough frames a second where the
    recording's rate varies.

    Parameters
    ----------
    series : FaceSeries
    both : mapping of str to float64, shape (n,)
        Intensities by code; NaN where not scored.
    events : sequence of Event
    """
    runs = {code: finite_runs(series, both[code]) for code in {event.code for event in events} & MICRO_CODES}
    out = []
    for event in events:
        first, last = np.searchsorted(series.time_us, [event.onset_us, event.offset_us]).tolist()
        whole = any(run.start < first and last < run.stop - 1 for run in runs.get(event.code, ()))
        if whole and (last - first) * 1e6 >= LEAST_RATE * (1 - _ROUNDING) * (event.offset_us - event.onset_us):
            out.append(event)
    return out


def micro(interval_us: float | None, events: Sequence[Event]) -> dict[str, Any]:
    """Which events of a face are candidates, as plain JSON.

    Parameters
    ----------
    interval_us : float or None
        Median time between neighbouring frames, microseconds (`FaceSeries.interval_us`); None of a single frame.
    events : sequence of Event
        Of the face, those with a known duration (`timed`).

    Returns
    -------
    dict
        ``possible``: whether the recording is fast enough to say; ``why``: the frame rate and what follows from
        it, a sentence; ``events``: code, side, onset_us, apex_us and offset_us of every candidate, by onset.
    """
    if interval_us is None:
        return {"possible": False, "why": "A single frame does not tell how long a movement lasts.", "events": []}
    rate = 1e6 / interval_us
    frames = int(LONGEST_US / interval_us + 0.5)
    if rate < LEAST_RATE * (1 - _ROUNDING):
        count = f"{frames} frame{'' if frames == 1 else 's'}"
        why = (
            f"At {rate:.3g} frames/s half a second is {count}: too few to tell how long a movement lasts. "
            f"{LEAST_RATE:.0f} frames/s are needed."
        )
        return {"possible": False, "why": why, "events": []}
    found = [
        {
            "code": event.code,
            "side": event.side,
            "onset_us": event.onset_us,
            "apex_us": event.apex_us,
            "offset_us": event.offset_us,
        }
        for event in sorted(events, key=lambda event: event.onset_us)
        if event.code in MICRO_CODES and event.offset_us - event.onset_us <= LONGEST_US
    ]
    return {"possible": True, "why": f"At {rate:.3g} frames/s half a second is {frames} frames.", "events": found}
