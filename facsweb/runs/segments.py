"""A long recording is measured in segments: by the run's own job, and by every worker that is free.

The run's job takes one segment after the other, so that a single worker needs nobody else. Others take segments
by jobs of their own. When none is left to take, the run's job waits for those that others are at, joins all, and
goes on as with any measurement. Finished segments outlive the job: the run's next attempt joins them too.
"""

from __future__ import annotations

import contextlib
import time
import uuid
from pathlib import Path
from typing import Any, Final, Protocol

from django.conf import settings

from analysis import media, pipeline
from analysis.scoring.package import Package
from analysis.segments.join import join
from analysis.segments.part import ABOUT, measure_part, read_part
from analysis.segments.plan import Plan, plan
from analysis.types import AnalysisError, Cancelled, Hook, Rgb
from facsweb.processes import limits
from facsweb.processes.pulse import Pulse, carry_out
from facsweb.recordings.services import original_path
from facsweb.runs import segment_attempts
from facsweb.runs.models import AnalysisRun, Segment
from facsweb.runs.progress import MEASURE
from facsweb.runs.segment_attempts import FENCE
from facsweb.storage import shelf
from facsweb.studies.models import Scope
from facsweb.studies.services import ConsentMissing, require_consent

LOOK_S: Final = 0.5  # others' progress is read so often
STALL_S: Final = 300.0  # a segment that does not get on for so long is given to another worker
UNEXPECTED: Final = (
    "Measuring a part of the recording stopped because of an error in the program. The recording is safe. Try "
    "again; if it happens again, give an administrator the address of this page."
)


class RunPulse(Protocol):
    """What this module needs of the pulse of a run (`runs.job.Pulse`)."""

    def hook(self, stage: str, done: int, total: int | None, *, still: Rgb | None = None) -> None: ...
    def should_stop(self) -> bool: ...


def is_split(run: AnalysisRun, video: Path) -> bool:
    """Whether a run's recording is measured in segments; decides it the first time, and makes them."""
    over_us = settings.FACSWEB_SEGMENTS_OVER_S * 1_000_000
    if not run.plan and run.recording.duration_us > over_us:
        chosen = plan(video, over_us=over_us, part_us=settings.FACSWEB_SEGMENT_S * 1_000_000)
        if chosen.joints:
            segment_attempts.make(run, chosen.plain(), chosen.frames)
            run.refresh_from_db(fields=["plan"])
    return bool(run.plan)


def measure(run: AnalysisRun, video: Path, out: Path, pulse: RunPulse) -> None:
    """Do what `pipeline.measure` does, with everybody who is free; errors are the same."""
    chosen, how = Plan.of_plain(run.plan), _how(run)

    def work(temporary: Path, stream: media.VideoStream, package: Package) -> pipeline.Counts:
        _work_through(run, video, chosen, package.encoder_sha256, pulse)
        folders = [shelf.fetch(segment.folder) for segment in run.segments.order_by("number")]
        total = sum(chosen.frames)

        def hook(stage: str, done: int, known: int | None, *, still: Rgb | None = None) -> None:
            pulse.hook(MEASURE, total, total, still=still)  # frames that have to be measured again count once

        pulse.hook(MEASURE, total, total)
        files = temporary / pipeline.PARQUET, temporary / "between"
        found = join(video, chosen, folders, *files, hook=hook, should_stop=pulse.should_stop, **how)
        return pipeline.Counts(found.frames, found.persons, found.skipped_packets, found.seconds)

    pipeline.published(video, out, how["scorer"], work)


def perform(segment_id: uuid.UUID, attempt: int, worker: str) -> None:
    """Claim the attempt at a segment and measure it, on behalf of a run that another worker's job is at."""
    if not FENCE.claim(segment_id, attempt, worker):
        return  # carried twice, taken by the run's own job, or not wanted any more
    segment = Segment.objects.select_related("run__recording__participant__study").get(pk=segment_id)
    chosen = Plan.of_plain(segment.run.plan)
    limits.limit_processor(_length_us(chosen, segment.number, segment.run.recording.duration_us))

    def work(segment: Segment, pulse: Pulse) -> bool:
        video = original_path(segment.run.recording)
        try:
            return _measured(segment, video, chosen, pulse, pulse.hook)
        except MemoryError as error:
            raise AnalysisError(limits.too_much()) from error

    explained = (AnalysisError, ConsentMissing)
    carry_out(segment, FENCE, work, unexpected=UNEXPECTED, explained=explained)
    _tidy(segment)


def _work_through(run: AnalysisRun, video: Path, chosen: Plan, encoder: str, pulse: RunPulse) -> None:
    """Take segments until none waits, then wait for the others; returns when all are finished and fit together."""
    seen = _Seen()
    while True:
        segment = segment_attempts.take(run, run.worker)
        if segment is not None:
            _own(run, segment, video, chosen, pulse)
            continue
        segments = list(run.segments.order_by("number"))
        if failed := [one for one in segments if one.state == Segment.State.FAILED]:
            raise AnalysisError(failed[0].error)
        if all(one.state == Segment.State.SUCCEEDED for one in segments):
            unfit = [one for one in segments if not _fits(one, encoder)]
            if not unfit:
                return
            for one in unfit:
                segment_attempts.again(one)
            continue
        for one in seen.hung(segments):
            segment_attempts.give_up_hung(one)
        FENCE.take_back(run)
        _tell(pulse, chosen, segments)
        time.sleep(LOOK_S)


def _own(run: AnalysisRun, segment: Segment, video: Path, chosen: Plan, pulse: RunPulse) -> None:
    """Measure a segment in the run's own job; its row beats by a pulse of its own."""
    told = _Told(run, segment, chosen, pulse)
    try:
        with Pulse(segment, FENCE) as own:
            told.own = own
            _measured(segment, video, chosen, own, told)
    except BaseException as error:
        if isinstance(error, Cancelled) and not pulse.should_stop():
            return  # only this segment was lost: it was given to another worker
        FENCE.give_back(segment.pk, segment.attempt)
        raise
    finally:
        _tidy(segment)


def _measured(segment: Segment, video: Path, chosen: Plan, pulse: Pulse, hook: Hook) -> bool:
    """Measure into the folder of the attempt and finish it; False when it is no longer this attempt's."""
    require_consent(segment.run.recording.participant, [Scope.VIDEO])
    name = segment_attempts.folder(segment)
    shelf.remove(name)
    how = _how(segment.run)
    stop = pulse.should_stop
    measure_part(video, chosen, segment.number, shelf.path(name), hook=hook, should_stop=stop, **how)
    shelf.keep(name)
    return FENCE.finish(segment, {"folder": name, "done": chosen.frames[segment.number]})


def _tidy(segment: Segment) -> None:
    """Remove what an attempt left that did not become the segment."""
    now = Segment.objects.filter(pk=segment.pk).first()
    name = segment_attempts.folder(segment)
    if now is None or now.folder != name:
        shelf.remove(name)
    if now is None:
        with contextlib.suppress(OSError):  # the run's folder, if nothing else is in it
            shelf.path(name).parent.rmdir()
            shelf.path(name).parent.parent.rmdir()


def _fits(segment: Segment, encoder: str) -> bool:
    """Whether a finished segment's files are there and were made with the models that join it."""
    try:
        found = shelf.fetch(segment.folder)
        if not (found / ABOUT).is_file():
            return False
        return read_part(found).models in ("", encoder)
    except FileNotFoundError:
        return False


class _Told:
    """The hook of a segment that the run's own job measures: tells the run what all have done together."""

    def __init__(self, run: AnalysisRun, segment: Segment, chosen: Plan, pulse: RunPulse) -> None:
        self._run, self._segment, self._chosen, self._pulse = run, segment, chosen, pulse
        self._others, self._read_at = 0, float("-inf")
        self.own: Pulse | None = None

    def __call__(self, stage: str, done: int, total: int | None, *, still: Rgb | None = None) -> None:
        if self.own is not None:
            self.own.hook(stage, done, total)
        if time.monotonic() - self._read_at > LOOK_S:
            others = self._run.segments.exclude(pk=self._segment.pk)
            self._others, self._read_at = sum(others.values_list("done", flat=True)), time.monotonic()
        part = f"{MEASURE} {self._segment.number + 1}/{self._chosen.parts}"
        self._pulse.hook(part, self._others + done, sum(self._chosen.frames), still=still)


def _tell(pulse: RunPulse, chosen: Plan, segments: list[Segment]) -> None:
    open_ = next(one.number for one in segments if one.state != Segment.State.SUCCEEDED)
    done = sum(one.done for one in segments)
    pulse.hook(f"{MEASURE} {open_ + 1}/{chosen.parts}", done, sum(chosen.frames))


class _Seen:
    """Remembers since when the segments that others are at have not got on."""

    def __init__(self) -> None:
        self._since: dict[tuple[Any, ...], float] = {}

    def hung(self, segments: list[Segment]) -> list[Segment]:
        now = time.monotonic()
        running = {(one.pk, one.attempt, one.done): one for one in segments if one.state == Segment.State.RUNNING}
        self._since = {key: self._since.get(key, now) for key in running}
        return [one for key, one in running.items() if now - self._since[key] > STALL_S]


def _how(run: AnalysisRun) -> dict[str, Any]:
    return {"max_faces": run.parameters["max_faces"], "scorer": run.parameters.get("scorer")}


def _length_us(chosen: Plan, number: int, duration_us: int) -> int:
    """How long the stretch is that a segment decodes."""
    begin = chosen.joints[number - 1].keyframe_us if number else 0
    return (chosen.joints[number].begin_us if number < len(chosen.joints) else duration_us) - begin
