"""A rendered clip of one identity with exact labels for every frame, laid out as the clips of ``tests/media``."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
import numpy as np

from analysis.facs.codes import ACTION_UNITS
from analysis.training.world import rigs, scene, screenplay
from analysis.training.world.camera import head_rotation
from analysis.training.world.generate import Person, Studio
from analysis.training.world.screenplay import Screenplay
from analysis.training.world.shot import Shot
from analysis.training.world.types import Labels, RigName, UInt8

EVENTS: Final = "events.csv"
_EVENT_COLUMNS: Final = (
    "clip", "au", "side", "onset_start_s", "apex_start_s", "apex_end_s", "offset_end_s", "peak_intensity"
)  # fmt: skip


@dataclass(frozen=True)
class Clip:
    """What to render.

    Attributes
    ----------
    world : Path
        Folder that ``rigs.prepare`` filled.
    identity : int
        Seed of the identity.
    seed : int
        Of the screenplay, the room and the camera.
    rate : int
        Frames a second.
    size : int
        Side of the pictures, pixels; even.
    """

    world: Path
    rig: RigName
    identity: int
    duration_s: float = 16.0
    seed: int = 0
    rate: int = 25
    size: int = 384

    @property
    def name(self) -> str:
        """What its files are called."""
        return f"{self.rig}_{self.identity}_{self.seed}"


@dataclass(frozen=True)
class Frame:
    """One picture (n, n, 3, BGR) and what shows in it: intensities 0–5, head angles, lip gap in centimetres."""

    time_s: float
    picture: UInt8
    labels: Labels
    pose: scene.Pose
    gap_cm: float


def film(clip: Clip) -> tuple[Screenplay, Person, Iterator[Frame]]:
    """Set a clip up; the frames are rendered as they are asked for.

    Raises
    ------
    FileNotFoundError
        The world folder was not prepared.
    ValueError
        The clip is too short for an expression.
    """
    rng = np.random.default_rng((clip.seed, rigs.RIGS.index(clip.rig), clip.identity, 2))
    studio = Studio(rigs.load(clip.world, clip.rig), clip.world, clip.size)
    play = screenplay.write(rng, studio.rig.codes, clip.duration_s)
    person = studio.enter(clip.identity, rng)
    return play, person, _frames(clip, rng, studio, person, play)


def _frames(
    clip: Clip, rng: np.random.Generator, studio: Studio, person: Person, play: Screenplay
) -> Iterator[Frame]:
    camera = studio.camera(rng, person.identity.vertices({}), head_rotation(0, 0, 0))
    light, background = scene.draw_light(rng), scene.draw_background(rng, clip.size)
    faults = scene.Faults(blur=0.5, motion=(0.0, 0.0), noise=2.0, gain=1.0, detail=1.0, quality=95)
    for number in range(round(clip.duration_s * clip.rate)):
        time = number / clip.rate
        activation, pose = play.activation(time), play.pose(time)
        vertices = person.identity.vertices(activation)
        head = head_rotation(pose.yaw, pose.pitch, pose.roll)
        shot = Shot(vertices, head, camera, light, person.wrinkles.relief(activation), person.outfit.props)
        picture = scene.develop(rng, studio.renderer.draw(shot), background, faults)
        found = screenplay.labels_in_time(person.identity.labels(activation, vertices), activation)
        yield Frame(time, picture, found, pose, person.identity.lip_gap_cm(vertices))


def write(clip: Clip, out: Path, report: Callable[[int, int], None] = lambda done, total: None) -> Path:
    """Render a clip; write NAME.mp4, NAME.csv and its rows of ``events.csv`` into the folder ``out``.

    Parameters
    ----------
    clip : Clip
    out : Path
        Made where it is not there; the events of other clips in it stay.
    report : callable
        Told the frames that are done, and all.

    Returns
    -------
    Path
        The video.
    """
    play, person, frames = film(clip)
    out.mkdir(parents=True, exist_ok=True)
    video = out / f"{clip.name}.mp4"
    total, rows, shown = round(clip.duration_s * clip.rate), [], []
    with av.open(str(video), "w") as output:
        stream = output.add_stream("libx264", rate=clip.rate, options={"crf": "18"})
        stream.width = stream.height = clip.size
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = Fraction(1, clip.rate)
        for number, frame in enumerate(frames):
            picture = av.VideoFrame.from_ndarray(frame.picture, format="bgr24")
            picture.pts, picture.time_base = number, Fraction(1, clip.rate)
            output.mux(stream.encode(picture))
            rows.append(_row(clip, person, number, frame))
            shown.append((frame.time_s, frame.labels))
            report(number + 1, total)
        output.mux(stream.encode())
    _write_rows(video.with_suffix(".csv"), rows)
    _write_events(out / EVENTS, clip, play, shown)
    return video


def _row(clip: Clip, person: Person, number: int, frame: Frame) -> dict[str, str]:
    largest = {f"AU{int(code):02d}": max(sides) for code, sides in frame.labels.items()}
    sides = {f"AU{int(code):02d}_{'LR'[n]}": frame.labels[code][n] for code in ACTION_UNITS for n in (0, 1)}
    return {
        "frame": str(number),
        "time_s": f"{frame.time_s:.6f}",
        "ident": f"{clip.rig}_{clip.identity}",
        "rig": clip.rig,
        "cohort": person.identity.appearance.cohort,
        "yaw": f"{frame.pose.yaw:.2f}",
        "pitch": f"{frame.pose.pitch:.2f}",
        "roll": f"{frame.pose.roll:.2f}",
        "gap_mm": f"{10 * frame.gap_cm:.2f}",
        "phase": "action" if any(largest.values()) else "neutral",
        **{name: f"{value:.3f}" for name, value in (largest | sides).items()},
    }


def _write_rows(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def _write_events(path: Path, clip: Clip, play: Screenplay, shown: list[tuple[float, Labels]]) -> None:
    """Rows of the acts as they were meant, peaks as they came out; other clips' rows are kept."""
    kept = []
    if path.exists():
        with path.open(encoding="utf-8", newline="") as file:
            kept = [row for row in csv.DictReader(file) if row["clip"] != clip.name]
    for act in play.acts:
        for code in act.activation:
            peaks = [labels[code] for time, labels in shown if act.onset_s <= time <= act.offset_s]
            left, right = (max((peak[n] for peak in peaks), default=0.0) for n in (0, 1))
            if max(left, right) == 0:
                continue
            side = "both" if min(left, right) > 0 else ("left" if left > 0 else "right")
            times = (act.onset_s, act.apex_s, act.release_s, act.offset_s)
            cells = [clip.name, code, side, *(f"{time:.3f}" for time in times), f"{max(left, right):.2f}"]
            kept.append(dict(zip(_EVENT_COLUMNS, cells, strict=True)))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, _EVENT_COLUMNS)
        writer.writeheader()
        writer.writerows(kept)
