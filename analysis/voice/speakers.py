"""Who speaks: marked by hand or told by two microphones; one channel is one speaker until somebody marks it."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from analysis.types import AnalysisError, Float32
from analysis.voice.activity import MIN_SPEECH_US, Span
from analysis.voice.pitch import HOP_US

Method = Literal["hand", "channels", "one"]
#: A stretch of speech: start, end (µs), speaker or None where nobody said who.
Segment = tuple[int, int, str | None]

#: Two microphones: the levels of the channels fall into two heaps this far apart, each with this share of the
#: speech, and by this multiple of their spread (Ashman's D; a normal heap cut in two has 2.7). Our choices;
#: docs/voice.md has how often they are wrong on made recordings.
_APART_DB: Final = 6.0
_SHARE: Final = 0.05
_SEPARATION: Final = 3.5
#: Frames over which the channels' levels are averaged before they are compared, 0.26 s.
_SMOOTH: Final = 17


@dataclass(frozen=True, slots=True)
class Mark:
    """Somebody's word for who speaks from `start_us` to `end_us`."""

    start_us: int
    end_us: int
    speaker: str

    def __post_init__(self) -> None:
        if not 0 <= self.start_us < self.end_us:
            raise ValueError("a mark ends after it starts, and starts at 0 or later")
        if not self.speaker.strip():
            raise ValueError("a mark names a speaker")


def marks(content: Any) -> tuple[Mark, ...]:
    """Marks from what a JSON file holds: a list of ``{"start_us", "end_us", "speaker"}``.

    Raises
    ------
    AnalysisError
        It is something else; the message says which entry.
    """
    if not isinstance(content, list):
        raise AnalysisError("Speakers are a list of entries with start_us, end_us and speaker.")
    found = []
    for number, entry in enumerate(content, 1):
        try:
            start, end, speaker = entry["start_us"], entry["end_us"], entry["speaker"]
            if not (isinstance(start, int) and isinstance(end, int) and isinstance(speaker, str)):
                raise TypeError
            found.append(Mark(start, end, speaker.strip()))
        except (TypeError, KeyError):
            raise AnalysisError(
                f"Entry {number} of the speakers needs start_us and end_us (whole microseconds) and speaker (a "
                "name)."
            ) from None
        except ValueError as error:
            raise AnalysisError(f"Entry {number} of the speakers: {error}.") from error
    return tuple(found)


def read_marks(path: Path) -> tuple[Mark, ...]:
    """Marks from a file.

    Raises
    ------
    AnalysisError
        The file is not there or holds something else.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise AnalysisError(f"{path.name} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise AnalysisError(f"{path.name} is not JSON.") from error
    return marks(content)


def assigned(
    spans: Sequence[Span], given: Sequence[Mark] | None, channel_db: Float32
) -> tuple[list[Segment], Method]:
    """Speech with its speakers, by the best that is known.

    Parameters
    ----------
    spans : sequence of (start, end)
        Speech, ascending.
    given : sequence of Mark or None
        Marks of a person are taken as they are; speech outside of them has no speaker.
    channel_db : float32, shape (frames, channels)

    Returns
    -------
    segments, method
    """
    if given:
        return by_hand(spans, given), "hand"
    if channel_db.ndim == 2 and channel_db.shape[1] == 2:
        found = by_channel(spans, channel_db)
        if found is not None:
            return found, "channels"
    return [(start, end, "1") for start, end in spans], "one"


def by_hand(spans: Sequence[Span], given: Sequence[Mark]) -> list[Segment]:
    """Cut speech where marks begin and end; where marks of two people overlap nobody is the speaker."""
    edges = sorted({edge for mark in given for edge in (mark.start_us, mark.end_us)})
    out: list[Segment] = []
    for start, end in spans:
        cuts = [start, *(edge for edge in edges if start < edge < end), end]
        for a, b in itertools.pairwise(cuts):
            names = {mark.speaker for mark in given if mark.start_us <= a and b <= mark.end_us}
            name = names.pop() if len(names) == 1 else None
            if out and out[-1][1] == a and out[-1][2] == name:
                out[-1] = out[-1][0], b, name
            else:
                out.append((a, b, name))
    return out


def by_channel(spans: Sequence[Span], channel_db: Float32) -> list[Segment] | None:
    """Two speakers with a microphone each: "1" is louder in the first channel, "2" in the second.

    Returns
    -------
    list of segments, or None
        None where the levels of the channels do not fall into two heaps.
    """
    spoken = frames_of(spans, len(channel_db))
    difference = _smoothed_difference(channel_db)
    if spoken.sum() < 2 * _SMOOTH:
        return None
    values = difference[spoken]
    if np.ptp(values) < _APART_DB:
        return None
    cut = _otsu(values)
    first, second = values[values > cut], values[values <= cut]
    if min(len(first), len(second)) < _SHARE * len(values):
        return None
    apart = float(first.mean() - second.mean())
    spread = float(np.hypot(first.std(), second.std()))
    if apart < _APART_DB or apart * np.sqrt(2) < _SEPARATION * spread:
        return None
    out: list[Segment] = []
    for start, end in spans:
        a, b = -(-start // HOP_US), min(-(-end // HOP_US), len(difference))
        for run_start, run_end, is_first in _runs(difference[a:b] > cut):
            edges = start if run_start == 0 else (a + run_start) * HOP_US
            to = end if a + run_end == b else (a + run_end) * HOP_US
            out.append((edges, to, "1" if is_first else "2"))
    return out


def frames_of(spans: Sequence[Span], count: int) -> NDArray[np.bool_]:
    """Which frames lie in any of the stretches, (count,)."""
    out = np.zeros(count, np.bool_)
    for start, end in spans:
        out[-(-start // HOP_US) : -(-end // HOP_US)] = True
    return out


def _smoothed_difference(channel_db: Float32) -> NDArray[np.float64]:
    """First over second channel, dB, of the power of 0.26 s."""
    window = np.ones(_SMOOTH) / _SMOOTH
    power = [np.convolve(10 ** (channel_db[:, k].astype(np.float64) / 10), window, "same") for k in (0, 1)]
    found: NDArray[np.float64] = 10 * np.log10(np.maximum(power[0], 1e-12) / np.maximum(power[1], 1e-12))
    return found


def _otsu(values: NDArray[np.float64]) -> float:
    """Cut that makes the two sides' means differ most for their sizes (Otsu 1979)."""
    counts, edges = np.histogram(values, 128)
    middles = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts)[:-1]
    sums = np.cumsum(counts * middles)
    above = counts.sum() - below
    with np.errstate(divide="ignore", invalid="ignore"):
        between = below * above * np.square(sums[:-1] / below - (sums[-1] - sums[:-1]) / above)
    best = np.nan_to_num(between, nan=-1.0)
    # an empty valley scores the same all along: its middle is the cut
    top = np.flatnonzero(best >= best.max() * (1 - 1e-12))
    return float(edges[1 + (int(top[0]) + int(top[-1])) // 2])


def _runs(first: NDArray[np.bool_]) -> list[tuple[int, int, bool]]:
    """Runs of one speaker, (start, end, is first); runs too short to be speech go to the one before."""
    if not len(first):
        return []
    edges = [0, *(np.flatnonzero(np.diff(first)) + 1).tolist(), len(first)]
    out: list[tuple[int, int, bool]] = []
    for start, end in itertools.pairwise(edges):
        same = bool(out) and out[-1][2] == bool(first[start])
        if out and (same or (end - start) * HOP_US < MIN_SPEECH_US):
            out[-1] = out[-1][0], end, out[-1][2]
        else:
            out.append((start, end, bool(first[start])))
    if len(out) > 1 and (out[0][1] - out[0][0]) * HOP_US < MIN_SPEECH_US:
        out[:2] = [(0, out[1][1], out[1][2])]
    return out
