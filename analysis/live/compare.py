"""How far the numbers of a live session lie from those of the analysis of the same video."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow.parquet as pq

from analysis import media
from analysis.facs.codes import ACTION_UNITS
from analysis.facs.series import Float64
from analysis.live.engine import Engine
from analysis.pipeline import analyze
from analysis.types import Hook

#: What our page sends.
RATE: Final = 15.0
#: From this intensity on a code is there.
_THERE: Final = 1.0
#: A correlation is said only where the analysis sees the code move so much (standard deviation).
_MOVES: Final = 0.25


@dataclass(frozen=True)
class Figures:
    """Of one Action Unit over all videos.

    Attributes
    ----------
    code : str
    frames : int
        Moments in which both have a number.
    correlation : float
        Pearson's; NaN where the analysis hardly sees it move.
    bias, difference : float
        Mean of live − analysis, and of its size, in steps of intensity.
    only_one : float
        Share of moments in which one has it at 1 or more and the other one does not.
    """

    code: str
    frames: int
    correlation: float
    bias: float
    difference: float
    only_one: float


def compare(videos: Sequence[Path], rate: float = RATE, hook: Hook | None = None) -> list[Figures]:
    """Analyse every video, and look at it as a live session would.

    Parameters
    ----------
    videos : sequence of Path
        Each with one face.
    rate : float
        Pictures a second that the live session gets.
    hook : Hook, optional
        Told ``measure`` and ``interpret`` of each analysis.

    Returns
    -------
    list of Figures
        In numeric order, of codes that have numbers in both.
    """
    pairs: dict[str, list[Float64]] = {code: [] for code in ACTION_UNITS}
    for video in videos:
        for code, pair in _of_video(video, rate, hook).items():
            pairs[code].append(pair)
    return [_figures(code, np.concatenate(found, axis=1)) for code, found in pairs.items() if found]


def live_series(video: Path, rate: float = RATE) -> tuple[list[int], list[dict[str, float]]]:
    """Times (µs) of the pictures that a live session gets of a video, and its intensities by code."""
    engine = Engine()
    times: list[int] = []
    said: list[dict[str, float]] = []
    for frame in media.FrameReader(video):
        if frame.time_us * rate / 1e6 < len(times) - 1e-3:
            continue
        times.append(frame.time_us)
        said.append(dict(engine.see(frame.rgb, frame.time_us).both))
    return times, said


def _of_video(video: Path, rate: float, hook: Hook | None) -> dict[str, Float64]:
    """By code both numbers at the live pictures where both have one, (2, n)."""
    with tempfile.TemporaryDirectory(prefix="facsweb-live-") as folder:
        analyze(video, Path(folder), max_faces=1, hook=hook)
        table: Any = pq.read_table(Path(folder) / "signals.parquet").to_pydict()
    recorded_us = np.array(table["time_us"], np.int64)
    times, said = live_series(video, rate)
    rows = np.searchsorted(recorded_us, times)
    out: dict[str, Float64] = {}
    for code in ACTION_UNITS:
        if f"AU{code}" not in table:
            continue
        values = np.array([np.nan if one is None else one for one in table[f"AU{code}"]], np.float64)
        pair = np.array([[one.get(code, np.nan) for one in said], values[rows]], np.float64)
        out[code] = pair[:, np.isfinite(pair).all(0)]
    return out


def _figures(code: str, pair: Float64) -> Figures:
    live, recorded = pair
    if not live.size:
        return Figures(code, 0, np.nan, np.nan, np.nan, np.nan)
    apart = live - recorded
    moves = recorded.std() >= _MOVES and live.std() > 0
    correlation = float(np.corrcoef(live, recorded)[0, 1]) if moves else np.nan
    only_one = float(((live >= _THERE) != (recorded >= _THERE)).mean())
    return Figures(code, live.size, correlation, float(apart.mean()), float(np.abs(apart).mean()), only_one)


def table(found: Sequence[Figures]) -> str:
    """The figures as lines for a terminal, those that move first."""
    lines = ["code  moments  correlation   bias  mean difference  only one has it"]
    for one in sorted(found, key=lambda figures: (not np.isfinite(figures.correlation), int(figures.code))):
        correlation = f"{one.correlation:11.2f}" if np.isfinite(one.correlation) else "          –"
        apart = f"{one.bias:+6.2f} {one.difference:16.2f} {one.only_one:16.1%}"
        lines.append(f"{one.code:>4} {one.frames:8d}  {correlation} {apart}")
    return "\n".join(lines)
