"""The two passes: `measure` touches pixels once and streams, `interpret` is arithmetic on what was stored."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
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
from analysis.facs.neutral_store import FILE as NEUTRAL
from analysis.facs.neutral_store import Choice
from analysis.interpretation import Interpretation, interpret
from analysis.measurement import Confirmation, Writer
from analysis.memory import return_large_blocks
from analysis.models.registry import MODELS
from analysis.people import PEOPLE
from analysis.scoring.choice import chosen
from analysis.scoring.package import Package, default
from analysis.stages import Stages
from analysis.threads import Ahead, Behind
from analysis.types import AnalysisError, Cancelled, Float32, Hook, MediaError, Observation, Rgb, ShouldStop

__all__ = ["Interpretation", "Measurement", "analyze", "interpret", "measure"]

SCHEMA: Final = 1
PARQUET: Final = "measurement.parquet"
ABOUT: Final = "measurement.json"
_RESULTS: Final = ("signals.parquet", "events.csv", "summary.json", NEUTRAL, PEOPLE)
_TEMPORARY: Final = ".measuring-"
_REPORT_S: Final = 0.2
_DEPTH: Final = 2
"""Pictures that wait before, and after, the mesh; each is up to 25 MB (4K)."""
_STILL_S: Final = 3.0
_STILL_WIDTH: Final = 480
_MESH_COLOUR: Final = (64, 224, 160)
_ENGINES: Final = ("av", "numpy", "onnxruntime", "opencv-python-headless")


@dataclass(frozen=True, slots=True)
class Measurement:
    """What `measure` did.

    Attributes
    ----------
    folder : Path
        Holds ``measurement.parquet`` and ``measurement.json``.
    frames, faces, tracks : int
        Decoded pictures; persons; tracks that were joined to them.
    skipped_packets : int
        Damaged packets that were left out.
    seconds : dict of str to float
        Processor seconds by stage (decode, detect, mesh, identity, texture, code, geometry, write).
    """

    folder: Path
    frames: int
    faces: int
    tracks: int
    skipped_packets: int
    seconds: dict[str, float]


def measure(
    video: Path,
    out: Path,
    *,
    max_faces: int = 4,
    scorer: str | None = None,
    hook: Hook | None = None,
    should_stop: ShouldStop | None = None,
) -> Measurement:
    """Measure every face in every frame and store the raw numbers.

    Writes ``measurement.parquet`` (a row for each face in each frame, or one with ``face`` and ``track`` −1 and
    NaN for a frame without a face; ``face`` is the person, numbered by first appearance, ``track`` one of the
    tracks that were joined to it) and ``measurement.json`` (the video, models and versions) into ``out``; they
    appear only when complete. The result depends on the video alone, not on the machine's load.

    Parameters
    ----------
    video : Path
    out : Path
        Folder, made if absent. Files of an earlier analysis in it are replaced.
    max_faces : int
        Most faces at a time.
    scorer : str, optional
        One of `analysis.scoring.choice.available`: faces are stored as its encoder sees them, so that it, and all
        that share the encoder, can read them; the newest that came with the product when left out.
    hook : Hook, optional
        Stage ``measure``, frames, at most five times a second; every three seconds with a still (at most 480
        pixels wide) in which the mesh is drawn.
    should_stop : ShouldStop, optional
        Asked at every frame.

    Raises
    ------
    MediaError
        The file cannot be read as video.
    ModelError
        The face models are not installed.
    Cancelled
        ``should_stop`` returned true; nothing was changed in ``out``.
    """
    video, out = Path(video), Path(out)
    return_large_blocks()
    package = chosen(scorer) or default()
    info = media.probe(video)
    if info.video is None:
        raise MediaError("This file holds no video.")
    temporary = _temporary_folder(out)
    try:
        report = _Report(hook, info.video.frames_estimate)
        pass_ = _Pass(info.video, max_faces, temporary / PARQUET, report, package)
        measurement = pass_.run(video, out, should_stop)
        about = _about(info, measurement, package)
        (temporary / ABOUT).write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
        _publish(temporary, out)
    except OSError as error:
        raise AnalysisError(f"The results cannot be written to {out}: {error.strerror or error}.") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return measurement


def analyze(
    video: Path,
    out: Path,
    *,
    neutral_us: int | None = None,
    neutrals: Mapping[int | None, Choice] | None = None,
    max_faces: int = 4,
    scorer: str | None = None,
    hook: Hook | None = None,
    should_stop: ShouldStop | None = None,
) -> Interpretation:
    """Measure and interpret; parameters and errors are those of `measure` and `interpret`."""
    measure(video, out, max_faces=max_faces, scorer=scorer, hook=hook, should_stop=should_stop)
    return interpret(Path(out), neutral_us=neutral_us, neutrals=neutrals, scorer=scorer, hook=hook)


@dataclass(frozen=True, slots=True)
class _Tracked:
    """A picture whose faces were found: all that the rest of the work needs."""

    frame: media.Frame
    seen: list[Observation]
    standing: Standing


class _Pass:
    """The loop over the frames of one video.

    Pictures are decoded in one thread, faces are followed in this one, and measured and stored in a third. Each
    keeps the order of the pictures, and what the tracker thought travels with them: the result is that of one
    thread.
    """

    def __init__(
        self, stream: media.VideoStream, max_faces: int, parquet: Path, report: _Report, package: Package
    ) -> None:
        self._stages = Stages()
        detector, mesh = _TimedDetector(self._stages), _TimedMesh(self._stages)
        self._tracker = Tracker(max_faces, detector=detector, mesh=mesh)
        self._identity = Identity()
        self._confirmation = Confirmation(self._identity)
        self._texture = SkinTexture()
        self._report = report
        self._writer = Writer(parquet, stream.width, stream.height, self._stages, package)

    def run(self, video: Path, out: Path, should_stop: ShouldStop | None) -> Measurement:
        reader = media.FrameReader(video)
        frames, length_us = 0, 0
        try:
            decoded = self._stages.iterate("decode", iter(reader))
            with Ahead(decoded, _DEPTH) as pictures, Behind(self._measure, _DEPTH) as behind:
                for frame in pictures:
                    if should_stop is not None and should_stop():
                        raise Cancelled("The analysis was stopped.")
                    seen = self._tracker.update(frame.rgb, frame.time_us)
                    behind.put(_Tracked(frame, seen, self._tracker.standing()))
                    frames, length_us = frame.index + 1, frame.time_us
                    self._report(frames, frame.rgb, seen)
            too_short = frames < CONFIRM_FRAMES or length_us < CONFIRM_US  # for any track to be believed
            for row in self._confirmation.finish(keep_tentative=too_short):
                self._writer.add(row)
            persons = self._confirmation.persons()
        except BaseException:
            self._writer.abandon()
            raise
        self._writer.close(persons)
        self._report.finish(frames)
        seconds = dict(self._stages.seconds)
        return Measurement(out, frames, len(set(persons)), len(persons), reader.skipped_packets, seconds)

    def _measure(self, tracked: _Tracked) -> None:
        frame = tracked.frame
        with self._stages("identity"):
            pieces = self._identity.see(frame.rgb, frame.time_us, tracked.seen)
        textured = self._textured(frame.rgb, tracked.seen)
        rows = self._confirmation.add(frame.index, frame.time_us, pieces, textured, tracked.standing)
        for row in rows:
            self._writer.add(row)

    def _textured(self, rgb: Rgb, seen: list[Observation]) -> list[tuple[Observation, Float32]]:
        if not seen:
            return []
        with self._stages("texture"):
            return [(observation, self._texture(rgb, observation.landmarks)) for observation in seen]


class _TimedDetector(Detector):
    def __init__(self, stages: Stages) -> None:
        super().__init__()
        self._stages = stages

    def __call__(self, rgb: Rgb, *, thorough: bool = True) -> list[Detection]:
        with self._stages("detect"):
            return super().__call__(rgb, thorough=thorough)


class _TimedMesh(Mesh):
    def __init__(self, stages: Stages) -> None:
        super().__init__()
        self._stages = stages

    def __call__(self, rgb: Rgb, regions: list[Region]) -> Placement:
        with self._stages("mesh"):
            return super().__call__(rgb, regions)


class _Report:
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
            cv2.circle(picture, (x, y), 1, _MESH_COLOUR, -1, cv2.LINE_AA)
    result: Rgb = picture.astype(np.uint8, copy=False)
    return result


def _about(info: media.MediaInfo, measurement: Measurement, package: Package) -> dict[str, Any]:
    # one flat mapping, the picture's own entries first: what readers of ``summary.json`` ask for
    found = asdict(info)
    found = found.pop("video") | found
    found["frames"] = measurement.frames
    found["skipped_packets"] = measurement.skipped_packets
    return {
        "schema": SCHEMA,
        "video": found,
        "faces": measurement.faces,
        "tracks": measurement.tracks,
        "models": [
            {"id": spec.id, "version": spec.version, "sha256": spec.sha256, "licence": spec.licence}
            for spec in MODELS.values()
        ],
        "encoder": package.encoder_sha256,
        "versions": {name: _version(name) for name in _ENGINES},
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"


def _temporary_folder(out: Path) -> Path:
    """Make a working folder on the disk of the results; sweep what an interrupted run left there."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        for left in out.glob(f"{_TEMPORARY}*"):
            shutil.rmtree(left, ignore_errors=True)
        return Path(tempfile.mkdtemp(prefix=_TEMPORARY, dir=out))
    except OSError as error:
        raise AnalysisError(f"The results cannot be written to {out}: {error.strerror}.") from error


def _publish(temporary: Path, out: Path) -> None:
    """Replace the results of an earlier analysis; ``measurement.json`` goes first and comes last."""
    for name in (ABOUT, *_RESULTS):
        (out / name).unlink(missing_ok=True)
    (temporary / PARQUET).replace(out / PARQUET)
    (temporary / ABOUT).replace(out / ABOUT)
