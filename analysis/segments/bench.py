"""Measures a recording in one go and in segments on this machine, and compares time and results."""

from __future__ import annotations

import os
import resource
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from analysis import bench as whole
from analysis import pipeline
from analysis.segments import parallel
from analysis.segments.plan import PART_US, plan
from analysis.types import AnalysisError, Hook

_MARGIN_US = 1_000_000


@dataclass(frozen=True, slots=True)
class Compared:
    """One comparison.

    Attributes
    ----------
    minutes : float
    parts, jobs, cores : int
    again : int
        Frames that had to be measured again at joints.
    wall_s, processor_s : (float, float)
        In one go, and in segments.
    events_equal : bool
    measured_difference, signals_difference : float
        Largest difference anywhere of what was measured, and of the signals.
    signals_away : float
        That of the signals more than 1 s away from every joint.
    """

    minutes: float
    parts: int
    jobs: int
    cores: int
    again: int
    wall_s: tuple[float, float]
    processor_s: tuple[float, float]
    events_equal: bool
    measured_difference: float
    signals_difference: float
    signals_away: float

    def table(self) -> str:
        """Return the figures as text."""
        one, many = self.wall_s
        spent, spent_many = self.processor_s
        return "\n".join(
            [
                f"{self.minutes:.1f} minutes, {self.parts} segments, {self.jobs} processes, {self.cores} cores",
                f"time: {one:.1f} s in one go, {many:.1f} s in segments: {many / one:.3f} of it",
                f"processor: {spent:.1f} s in one go ({spent / one:.2f} cores), {spent_many:.1f} s in segments: "
                f"{spent_many / spent:.3f} of it; {self.again} frames measured again at joints",
                f"events: {'the same' if self.events_equal else 'DIFFERENT'}; largest difference of what was "
                f"measured {self.measured_difference:.1e}, of signals {self.signals_difference:.1e}, more than "
                f"1 s away from joints {self.signals_away:.1e}",
            ]
        )


def compare(
    video: Path, *, jobs: int, minutes: float | None = None, part_us: int = PART_US, hook: Hook | None = None
) -> Compared:
    """Measure a recording, repeated to ``minutes`` first, in one go and in segments by ``jobs`` processes.

    Raises
    ------
    AnalysisError
        The recording cannot be read, or cannot be split.
    """
    with tempfile.TemporaryDirectory(prefix="facsweb-segments-") as name:
        folder = Path(name)
        source = Path(video)
        if minutes is not None:
            source = whole.repeated(source, folder / "repeated.mp4", minutes)
        chosen = plan(source, over_us=part_us, part_us=part_us)
        if not chosen.joints:
            raise AnalysisError("This recording cannot be split: it is too short, or keyframes are too far apart.")
        one, spent, _ = _timed(lambda: pipeline.measure(source, folder / "one", hook=hook))
        many, spent_many, found = _timed(
            lambda: parallel.measure(source, folder / "many", jobs=jobs, part_us=part_us, hook=hook)
        )
        pipeline.interpret(folder / "one")
        pipeline.interpret(folder / "many")
        joints = [joint.begin_us for joint in chosen.joints]
        tables = [
            [pq.read_table(folder / side / file) for side in ("one", "many")]
            for file in (pipeline.PARQUET, "signals.parquet")
        ]
        events = [(folder / side / "events.csv").read_bytes() for side in ("one", "many")]
        length_us = int(tables[0][0]["time_us"][-1].as_py())
        return Compared(
            minutes=length_us / 60e6,
            parts=chosen.parts,
            jobs=jobs,
            cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
            again=0 if found is None else found.again,
            wall_s=(one, many),
            processor_s=(spent, spent_many),
            events_equal=events[0] == events[1],
            measured_difference=_difference(*tables[0], joints_us=[]),
            signals_difference=_difference(*tables[1], joints_us=[]),
            signals_away=_difference(*tables[1], joints_us=joints),
        )


def _timed(work: Callable[[], Any]) -> tuple[float, float, Any]:
    """Seconds, and processor seconds of this process and its children."""

    def spent() -> float:
        used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return sum(one.ru_utime + one.ru_stime for one in used)

    before, began = spent(), time.perf_counter()
    found = work()
    return time.perf_counter() - began, spent() - before, found


def _difference(one: Any, other: Any, *, joints_us: list[int]) -> float:
    """Largest difference of two tables, infinite where one has no value and the other has."""
    if one.num_rows != other.num_rows:
        return float("inf")
    times = one["time_us"].to_numpy()
    away = np.ones(len(times), bool)
    for joint in joints_us:
        away &= np.abs(times - joint) > _MARGIN_US
    worst = 0.0
    for name in one.column_names:
        a, b = (np.asarray(table[name].to_numpy()[away]) for table in (one, other))
        if a.dtype == object:
            worst = worst if (a == b).all() else float("inf")
            continue
        a, b = a.astype(np.float64), b.astype(np.float64)
        if (np.isnan(a) != np.isnan(b)).any():
            return float("inf")
        worst = max(worst, float(np.nanmax(np.abs(a - b), initial=0.0)))
    return worst
