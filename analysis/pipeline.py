"""The two passes: `measure` touches pixels once and streams, `interpret` is arithmetic on what was stored."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final, NamedTuple

from analysis import media
from analysis.facs.neutral_store import FILE as NEUTRAL
from analysis.facs.neutral_store import Choice
from analysis.interpretation import Interpretation, interpret
from analysis.measuring import Pass, Report
from analysis.memory import return_large_blocks
from analysis.models.registry import MODELS
from analysis.people import PEOPLE
from analysis.scoring.choice import chosen
from analysis.scoring.package import Package, default
from analysis.types import AnalysisError, Hook, MediaError, ShouldStop

__all__ = ["Interpretation", "Measurement", "analyze", "interpret", "measure"]

SCHEMA: Final = 1
METHOD: Final = 2
"""How faces are followed: 2 since crops lie on a grid, and detector and looks keep to media time."""
PARQUET: Final = "measurement.parquet"
ABOUT: Final = "measurement.json"
_RESULTS: Final = ("signals.parquet", "events.csv", "summary.json", NEUTRAL, PEOPLE)
_TEMPORARY: Final = ".measuring-"
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
    video = Path(video)

    def work(temporary: Path, stream: media.VideoStream, package: Package) -> Counts:
        report = Report(hook, stream.frames_estimate)
        pass_ = Pass(stream, max_faces, temporary / PARQUET, report, package)
        reader = media.FrameReader(video)
        persons = pass_.run(iter(reader), should_stop)
        return Counts(pass_.frames, persons, reader.skipped_packets, dict(pass_.stages.seconds))

    return published(video, out, scorer, work)


class Counts(NamedTuple):
    """What there is to tell of a measurement beside its rows; ``persons`` is the person of every track."""

    frames: int
    persons: list[int]
    skipped_packets: int
    seconds: dict[str, float]


Work = Callable[[Path, media.VideoStream, Package], Counts]


def published(video: Path, out: Path, scorer: str | None, work: Work) -> Measurement:
    """Have ``work`` write ``measurement.parquet`` into a temporary folder, and publish it in ``out`` when
    complete.

    Errors are those of `measure`, and what the work raises.
    """
    video, out = Path(video), Path(out)
    return_large_blocks()
    package = chosen(scorer) or default()
    info = media.probe(video)
    if info.video is None:
        raise MediaError("This file holds no video.")
    temporary = _temporary_folder(out)
    try:
        found = work(temporary, info.video, package)
        counts = found.frames, len(set(found.persons)), len(found.persons), found.skipped_packets
        measurement = Measurement(out, *counts, found.seconds)
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


def _about(info: media.MediaInfo, measurement: Measurement, package: Package) -> dict[str, Any]:
    # one flat mapping, the picture's own entries first: what readers of ``summary.json`` ask for
    found = asdict(info)
    found = found.pop("video") | found
    found["frames"] = measurement.frames
    found["skipped_packets"] = measurement.skipped_packets
    return {
        "schema": SCHEMA,
        "method": METHOD,
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
