"""Measures a recording in one go and in segments on this machine, and compares time and results."""

from __future__ import annotations

import resource
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow.parquet as pq

from analysis import bench as whole
from analysis import cores, pipeline
from analysis.segments import parallel
from analysis.segments.plan import PART_US, plan
from analysis.types import AnalysisError, Hook

_MARGIN_US = 1_000_000


_WAYS: Final = {
    "all_cores": "in one go, all cores",
    "one_share": "in one go, one process' cores",
    "segments": "in segments",
}


@dataclass(frozen=True, slots=True)
class Compared:
    """One comparison.

    Attributes
    ----------
    minutes : float
    frames : int
        Pictures of the recording.
    parts, jobs, cores : int
    again : int
        Frames that had to be measured again at joints.
    wall_s, processor_s : dict of str to float
        Of measuring in one go with all cores, in one go on what one of the processes has, and in segments: by
        ``all_cores``, ``one_share`` and ``segments``.
    events_equal : bool
    measured_difference, signals_difference : float
        Largest difference anywhere of what was measured, and of the signals.
    signals_away : float
        That of the signals more than 1 s away from every joint.
    """

    minutes: float
    frames: int
    parts: int
    jobs: int
    cores: int
    again: int
    wall_s: dict[str, float]
    processor_s: dict[str, float]
    events_equal: bool
    measured_difference: float
    signals_difference: float
    signals_away: float

    def table(self) -> str:
        """Return the figures as text."""
        rate = self.frames / self.minutes / 60
        many = self.wall_s["segments"]
        lines = [
            f"{self.minutes:.1f} minutes, {self.frames} pictures ({rate:.1f} a second), {self.parts} segments, "
            f"{self.jobs} processes, {self.cores} cores"
        ]
        for name, words in _WAYS.items():
            wall, spent = self.wall_s[name], self.processor_s[name]
            ratio = "" if name == "segments" else f"; segments took {many / wall:.3f} of the time"
            lines.append(
                f"{words:<34}{wall:8.1f} s, {self.frames / wall:5.1f} pictures a second, "
                f"{spent:8.1f} s of processor ({spent / wall:.2f} cores){ratio}"
            )
        return "\n".join(
            [
                *lines,
                f"{self.again} pictures measured again at joints",
                f"events: {'the same' if self.events_equal else 'DIFFERENT'}; largest difference of what was "
                f"measured {self.measured_difference:.1e}, of signals {self.signals_difference:.1e}, more than "
                f"1 s away from joints {self.signals_away:.1e}",
            ]
        )


def compare(
    video: Path,
    *,
    jobs: int,
    minutes: float | None = None,
    fps: int | None = None,
    part_us: int = PART_US,
    hook: Hook | None = None,
) -> Compared:
    """Measure a recording in one go, with all cores and with one process' share, and in segments by ``jobs``.

    It is first thinned to ``fps`` pictures a second and repeated to ``minutes``, where these are given.

    Raises
    ------
    AnalysisError
        The recording cannot be read, or cannot be split.
    """
    with tempfile.TemporaryDirectory(prefix="facsweb-segments-") as name:
        folder = Path(name)
        source = Path(video)
        if fps is not None:
            source = whole.encoded(source, folder / "thinned.mp4", fps=fps)
        if minutes is not None:
            source = whole.repeated(source, folder / "repeated.mp4", minutes)
        chosen = plan(source, over_us=part_us, part_us=part_us)
        if not chosen.joints:
            raise AnalysisError("This recording cannot be split: it is too short, or keyframes are too far apart.")
        took = {"all_cores": _timed(lambda: pipeline.measure(source, folder / "one", hook=hook))}
        with cores.kept_on(cores.shares(jobs)[0]):
            took["one_share"] = _timed(lambda: pipeline.measure(source, folder / "share", hook=hook))
        took["segments"] = _timed(
            lambda: parallel.measure(source, folder / "many", jobs=jobs, part_us=part_us, hook=hook)
        )
        found = took["segments"].found
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
            frames=sum(chosen.frames),
            parts=chosen.parts,
            jobs=jobs,
            cores=len(cores.usable()),
            again=0 if found is None else found.again,
            wall_s={name: one.wall_s for name, one in took.items()},
            processor_s={name: one.processor_s for name, one in took.items()},
            events_equal=events[0] == events[1],
            measured_difference=_difference(*tables[0], joints_us=[]),
            signals_difference=_difference(*tables[1], joints_us=[]),
            signals_away=_difference(*tables[1], joints_us=joints),
        )


class _Timed(NamedTuple):
    """How long something took, and what it returned."""

    wall_s: float
    processor_s: float
    found: Any


def _timed(work: Callable[[], Any]) -> _Timed:
    """Do it; processor seconds are those of this process and its children."""

    def spent() -> float:
        used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return sum(one.ru_utime + one.ru_stime for one in used)

    before, began = spent(), time.perf_counter()
    found = work()
    return _Timed(time.perf_counter() - began, spent() - before, found)


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
