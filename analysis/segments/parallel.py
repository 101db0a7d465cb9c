"""Measures the segments of one recording in several processes of this machine."""

from __future__ import annotations

import multiprocessing
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from analysis import cores, media, pipeline
from analysis.scoring.package import Package
from analysis.segments.join import Joined, join
from analysis.segments.part import ABOUT, measure_part
from analysis.segments.plan import PART_US, Plan, plan
from analysis.types import AnalysisError, Cancelled, Hook, Rgb, ShouldStop

_LOOK_S: Final = 0.1


def measure(
    video: Path,
    out: Path,
    *,
    jobs: int,
    part_us: int = PART_US,
    max_faces: int = 4,
    scorer: str | None = None,
    hook: Hook | None = None,
    should_stop: ShouldStop | None = None,
) -> Joined | None:
    """Do what `pipeline.measure` does, with the same result, in ``jobs`` processes that share the cores.

    Returns
    -------
    Joined or None
        How the segments were joined; None where the recording cannot be split and was measured in one go.
    """
    chosen = plan(video, over_us=part_us, part_us=part_us)
    how: dict[str, Any] = {"max_faces": max_faces, "scorer": scorer}
    if not chosen.joints:
        pipeline.measure(video, out, hook=hook, should_stop=should_stop, **how)
        return None
    joined: list[Joined] = []

    def work(temporary: Path, stream: media.VideoStream, package: Package) -> pipeline.Counts:
        folders = [temporary / f"part-{number}" for number in range(chosen.parts)]
        _all_parts(Path(video), chosen, folders, jobs, how, hook, should_stop)
        parquet, aside = temporary / pipeline.PARQUET, temporary / "between"
        found = join(Path(video), chosen, folders, parquet, aside, should_stop=should_stop, **how)
        joined.append(found)
        return pipeline.Counts(found.frames, found.persons, found.skipped_packets, found.seconds)

    pipeline.published(video, out, scorer, work)
    return joined[0]


def _all_parts(
    video: Path,
    chosen: Plan,
    folders: list[Path],
    jobs: int,
    how: Mapping[str, Any],
    hook: Hook | None,
    should_stop: ShouldStop | None,
) -> None:
    """Measure all segments; ends all processes when one fails or the work is to stop."""
    context = multiprocessing.get_context("spawn")
    done: Any = context.Array("q", chosen.parts)
    waiting: Any = context.Value("i", 0)
    told: Any = context.SimpleQueue()
    arguments = (video, chosen.plain(), folders, dict(how), waiting, done, told)
    processes = [context.Process(target=_serve, args=arguments, daemon=True) for _ in range(jobs)]
    for process, share in zip(processes, cores.shares(jobs), strict=True):
        with cores.starting_on(share):
            process.start()
    try:
        while any(process.is_alive() for process in processes):
            time.sleep(_LOOK_S)
            if should_stop is not None and should_stop():
                raise Cancelled("The analysis was stopped.")
            if not told.empty():
                raise told.get()
            if hook is not None:
                hook("measure", sum(done), sum(chosen.frames))
    finally:
        for process in processes:
            process.terminate()
            process.join()
    if not told.empty():
        raise told.get()
    if not all((folder / ABOUT).is_file() for folder in folders):
        raise AnalysisError("A process that measured a segment ended unexpectedly. Memory may have run out.")


def _counting(counts: Any, number: int) -> Hook:
    def hook(stage: str, done: int, total: int | None, *, still: Rgb | None = None) -> None:
        counts[number] = done

    return hook


def _serve(
    video: Path,
    plain: Mapping[str, Any],
    folders: list[Path],
    how: Mapping[str, Any],
    waiting: Any,
    done: Any,
    told: Any,
) -> None:
    """Take one segment after the other until none is left."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started this process ends it
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    chosen = Plan.of_plain(plain)
    while True:
        with waiting.get_lock():
            number = waiting.value
            waiting.value += 1
        if number >= chosen.parts:
            return

        try:
            measure_part(video, chosen, number, folders[number], hook=_counting(done, number), **how)
        except AnalysisError as error:
            told.put(error)
            return
