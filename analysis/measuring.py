"""The loop over the frames of a video, or of a segment of one: faces are followed, measured and written down.

Every five seconds of media time, as soon as no track is tentative, there is a *mark*. Nothing is held back
there and
no batch reaches across, so that a segment may end at one and another one may begin (`analysis.segments`).
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from analysis import media
from analysis.face.detector import Detection, Detector
from analysis.face.identity import Identity
from analysis.face.mesh import Mesh, Placement, Region
from analysis.face.texture import SkinTexture
from analysis.face.tracker import CONFIRM_FRAMES, CONFIRM_US, Standing, Tracker
from analysis.measurement import Confirmation, Row, Writer
from analysis.scoring.package import Package
from analysis.stages import Stages
from analysis.threads import Ahead, Behind
from analysis.types import Cancelled, Float32, Hook, Observation, Rgb, ShouldStop

STEP_US: Final = 5_000_000
"""Media time from mark to mark; beyond how long a lost face may come back as the same track."""
_REPORT_S: Final = 0.2
_DEPTH: Final = 2
"""Pictures that wait before, and after, the mesh; each is up to 25 MB (4K)."""
_STILL_S: Final = 3.0
_STILL_WIDTH: Final = 480
MESH_COLOUR: Final = (64, 224, 160)
_PATIENCE_S: Final = 0.2
_EVERY: Final = 4  # of how many pixels, each way, one is compared between two decodings

OnMark = Callable[[Mapping[str, Any]], bool]


@dataclass(slots=True)
class _Mark:
    """A mark that the thread behind completes."""

    values: dict[str, Any]
    tracks: list[tuple[int, list[Any]]]
    rest: list[Any]
    ready: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True, slots=True)
class _Tracked:
    """A picture whose faces were found: all that the rest of the work needs."""

    frame: media.Frame
    seen: list[Observation]
    standing: Standing
    settles: bool
    mark: _Mark | None


class Pass:
    """The loop over the frames of one video.

    Pictures are decoded in one thread, faces are followed in this one, and measured and stored in a third. Each
    keeps the order of the pictures, and what the tracker thought travels with them: the result is that of one
    thread.

    Parameters
    ----------
    stream : VideoStream
    max_faces : int
    parquet : Path
        Where the rows go.
    report : Report
    package : Package
        Whose encoder makes the code of every face.
    on_mark : callable, optional
        For a segment: is told every mark as plain values and returns whether the segment ends there. Rows then
        hold the piece as their track.
    first_us : int
        No mark before this time.
    warm : bool
        Nothing is stored up to the first mark: the pictures before it only bring the tracker to where it would be.
    """

    def __init__(
        self,
        stream: media.VideoStream,
        max_faces: int,
        parquet: Path,
        report: Report,
        package: Package,
        *,
        on_mark: OnMark | None = None,
        first_us: int = STEP_US,
        warm: bool = False,
    ) -> None:
        self.stages = Stages()
        detector, mesh = TimedDetector(self.stages), TimedMesh(self.stages)
        self._tracker = Tracker(max_faces, detector=detector, mesh=mesh)
        self._identity = Identity()
        self._confirmation = Confirmation(self._identity)
        self._texture = SkinTexture()
        self._report = report
        self._writer = Writer(parquet, stream.width, stream.height, self.stages, package)
        self._on_mark, self._due, self._keeps = on_mark, first_us // STEP_US, not warm
        self._pictures = _Pictures()
        self._written_us = -1
        self.frames, self.length_us, self.stopped = 0, 0, False

    def restore(self, mark: Mapping[str, Any]) -> None:
        """Go on after a mark of another pass, which holds its state."""
        self._tracker.restore(mark["state"]["tracker"])
        self._identity.restore(mark["state"]["identity"])
        self._pictures = _Pictures.of_plain(mark["pictures"])
        self._due, self._written_us = mark["time_us"] // STEP_US + 1, mark["time_us"]

    def run(self, frames: Iterator[media.Frame], should_stop: ShouldStop | None) -> list[int]:
        """Measure the frames; return the person of every track (of a segment: nothing of use)."""
        try:
            decoded = self.stages.iterate("decode", frames)
            with Ahead(decoded, _DEPTH) as pictures, Behind(self._measure, _DEPTH) as behind:
                for frame in pictures:
                    if should_stop is not None and should_stop():
                        raise Cancelled("The analysis was stopped.")
                    if self._follow(frame, behind):
                        break
            too_short = self.frames < CONFIRM_FRAMES or self.length_us < CONFIRM_US  # for any track to be believed
            for row in self._confirmation.finish(keep_tentative=too_short and self._on_mark is None):
                self._keep(row)
            persons = [] if self._on_mark is not None else self._confirmation.persons()
        except BaseException:
            self._writer.abandon()
            raise
        self._writer.close(persons)
        self._report.finish(self.frames)
        return persons

    def written(self) -> list[dict[str, Any]]:
        """What was seen of every piece since the last mark, at the end of a segment (`Identity.written`)."""
        return self._identity.written(self._written_us)

    def slid(self) -> list[tuple[int, int]]:
        """Decisions since the last mark that depended on which track is older (`Tracker.slid`)."""
        found, self._tracker.slid = self._tracker.slid, []
        return found

    def _follow(self, frame: media.Frame, behind: Behind[_Tracked]) -> bool:
        """Take the next picture in; tell whether it is the last."""
        seen = self._tracker.update(frame.rgb, frame.time_us)
        standing = self._tracker.standing()
        slot = frame.time_us // STEP_US
        if self._on_mark is not None:
            self._pictures.see(frame.rgb, slot)
        settles = slot >= self._due and not standing.tentative
        mark = self._mark(frame) if settles and self._on_mark is not None else None
        behind.put(_Tracked(frame, seen, standing, settles, mark))
        self.frames, self.length_us = frame.index + 1, frame.time_us
        self._report(self.frames, frame.rgb, seen)
        if settles:
            self._due = slot + 1
        if mark is None or self._on_mark is None:
            return False
        while not mark.ready.wait(_PATIENCE_S):
            behind.check()
        self.stopped = bool(mark.values.get("alike")) and self._on_mark(mark.values)
        return self.stopped

    def _mark(self, frame: media.Frame) -> _Mark:
        tracks, rest = self._tracker.alike(frame.time_us)
        state = self._tracker.snapshot()
        values = {"frame": frame.index, "time_us": frame.time_us, "pictures": self._pictures.plain()}
        values["picture"] = picture_sum(frame.rgb)
        values |= {"slid": self.slid(), "next": [state["next"]], "state": {"tracker": state}}
        return _Mark(values, tracks, rest)

    def _measure(self, tracked: _Tracked) -> None:
        try:
            self._measured(tracked)
        finally:
            if tracked.mark is not None:
                tracked.mark.ready.set()

    def _measured(self, tracked: _Tracked) -> None:
        frame = tracked.frame
        with self.stages("identity"):
            pieces = self._identity.see(frame.rgb, frame.time_us, tracked.seen)
        textured = self._textured(frame.rgb, tracked.seen)
        rows = self._confirmation.add(frame.index, frame.time_us, pieces, textured, tracked.standing)
        for row in rows:
            self._keep(row)
        if tracked.settles:
            self._writer.settle()
        if tracked.mark is not None:
            self._complete(tracked.mark)
            self._keeps = True

    def _keep(self, row: Row) -> None:
        if self._on_mark is not None and row.observation is not None:
            row.track = row.piece
        if self._keeps:
            self._writer.add(row)

    def _complete(self, mark: _Mark) -> None:
        """Add to a mark what was made of its picture behind the tracker."""
        now_us, identity = mark.values["time_us"], self._identity
        described = sorted(
            (json.dumps([found, identity.alike(number, now_us)]), number) for number, found in mark.tracks
        )
        same = [now_us, [text for text, _ in described], mark.rest, identity.picture(), mark.values["pictures"]]
        written = identity.written(self._written_us)
        mark.values |= {
            "tracks": [(number, identity.standing(number)) for _, number in described],
            "written": written if self._keeps else [],
            "shot": identity.shot,
        }
        snapshot = identity.snapshot()
        mark.values["next"].append(snapshot["next"])
        mark.values["state"]["identity"] = snapshot
        self._written_us = now_us
        mark.values["alike"] = hashlib.sha256(json.dumps(same).encode()).hexdigest()

    def _textured(self, rgb: Rgb, seen: list[Observation]) -> list[tuple[Observation, Float32]]:
        if not seen:
            return []
        if not self._keeps:
            return [(observation, _NOTHING) for observation in seen]
        with self.stages("texture"):
            return [(observation, self._texture(rgb, observation.landmarks)) for observation in seen]


def picture_sum(rgb: Rgb) -> int:
    """Checksum of a whole picture."""
    return zlib.crc32(rgb.tobytes())


_NOTHING: Final = np.zeros(0, np.float32)


class _Pictures:
    """Checksums of the pictures since the mark before the last one was due: whether two decodings are the same."""

    def __init__(self) -> None:
        self._slot, self._sums = -1, [0, 0]

    def see(self, rgb: Rgb, slot: int) -> None:
        if slot != self._slot:
            before = self._sums[1] if slot == self._slot + 1 else 0
            self._slot, self._sums = slot, [before, 0]
        self._sums[1] = zlib.crc32(rgb[::_EVERY, ::_EVERY].tobytes(), self._sums[1])

    def plain(self) -> list[int]:
        return [self._slot, *self._sums]

    @classmethod
    def of_plain(cls, values: list[int]) -> _Pictures:
        made = cls()
        made._slot, made._sums = values[0], list(values[1:])
        return made


class TimedDetector(Detector):
    def __init__(self, stages: Stages) -> None:
        super().__init__()
        self._stages = stages

    def __call__(self, rgb: Rgb, *, thorough: bool = True) -> list[Detection]:
        with self._stages("detect"):
            return super().__call__(rgb, thorough=thorough)


class TimedMesh(Mesh):
    def __init__(self, stages: Stages) -> None:
        super().__init__()
        self._stages = stages

    def __call__(self, rgb: Rgb, regions: list[Region]) -> Placement:
        with self._stages("mesh"):
            return super().__call__(rgb, regions)


class Report:
    """Tells the hook how far the work is, not too often."""

    def __init__(self, hook: Hook | None, total: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._hook = hook
        self._total = total
        self._clock = clock
        self._reported = self._drawn = -np.inf

    def __call__(self, done: int, rgb: Rgb, seen: list[Observation]) -> None:
        now = self._clock()
        if self._hook is None or now - self._reported < _REPORT_S:
            return
        self._reported = now
        if now - self._drawn >= _STILL_S:
            self._drawn = now
            self._hook("measure", done, max(done, self._total), still=_still(rgb, seen))
        else:
            self._hook("measure", done, max(done, self._total))

    def finish(self, done: int) -> None:
        if self._hook is not None:
            self._hook("measure", done, done)


def _still(rgb: Rgb, seen: list[Observation]) -> Rgb:
    height, width = rgb.shape[:2]
    scale = min(1.0, _STILL_WIDTH / width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    picture = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA) if scale < 1 else rgb.copy()
    for observation in seen:
        for x, y in np.rint(observation.landmarks[:, :2] * scale).astype(int).tolist():
            cv2.circle(picture, (x, y), 1, MESH_COLOUR, -1, cv2.LINE_AA)
    result: Rgb = picture.astype(np.uint8, copy=False)
    return result
