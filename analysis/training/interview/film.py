"""The interview as a file: pictures of the figure, the sound of both voices, in one MP4 for browsers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
import numpy as np

from analysis.training.interview.acting import Acting
from analysis.training.interview.play import Play
from analysis.training.interview.voices import RATE
from analysis.training.world import rigs, scene
from analysis.training.world.camera import head_rotation
from analysis.training.world.generate import Studio
from analysis.training.world.shot import Shot
from analysis.training.world.types import UInt8
from analysis.types import Float32

#: Small enough for a repository: 80 s make 2 MB.
_QUALITY: Final = {"crf": "27", "preset": "slow"}
_SOUND_BITS: Final = 40_000
_NOISE: Final = 0.8
#: Above and below, RGB.
_WALL: Final = ((206, 210, 214), (150, 158, 168))
_NOBODY: Final[Callable[[int, int], None]] = lambda done, total: None  # noqa: E731


def pictures(play: Play, studio: Studio, acting: Acting, frames: Iterable[int]) -> Iterator[UInt8]:
    """Pictures of these frames, (size, size, 3), BGR; each the same whichever others are asked for."""
    rng = np.random.default_rng((play.seed, play.identity, 3))
    person = studio.enter(play.identity, rng)
    camera = studio.camera(rng, person.identity.vertices({}), head_rotation(0, 0, 0))
    light, wall = scene.draw_light(rng), _wall(play.size)
    faults = scene.Faults(blur=0.4, motion=(0.0, 0.0), noise=_NOISE, gain=1.0, detail=1.0, quality=95)
    for number in frames:
        time = number / play.rate
        activation, pose = acting.activation(time), acting.pose(time)
        vertices = person.identity.vertices(activation)
        head = head_rotation(pose.yaw, pose.pitch, pose.roll)
        shot = Shot(vertices, head, camera, light, person.wrinkles.relief(activation), person.outfit.props)
        noise = np.random.default_rng((play.seed, play.identity, 5, number))
        yield scene.develop(noise, studio.renderer.draw(shot), wall, faults)


def _wall(size: int) -> Float32:
    """A plain wall, darker below, (size, size, 3), 0–255."""
    down = np.linspace(0, 1, size, dtype=np.float32)[:, None, None]
    above, below = (np.array(colour, np.float32) for colour in _WALL)
    return np.broadcast_to(above * (1 - down) + below * down, (size, size, 3)).astype(np.float32)


def studio_of(world: Path, play: Play) -> Studio:
    """The rig "mh" at the play's size.

    Raises
    ------
    FileNotFoundError
        The world folder was not prepared.
    """
    return Studio(rigs.load(world, "mh"), world, play.size)


def write(
    file: Path, play: Play, film: Iterator[UInt8], sound: Float32, report: Callable[[int, int], None] = _NOBODY
) -> None:
    """Write the MP4.

    Parameters
    ----------
    file : Path
    film : iterator of uint8 arrays (size, size, 3), BGR
    sound : float32, shape (n,)
        16 kHz, −1 … 1.
    report : callable
        Told the frames that are done, and all.
    """
    total = round(play.seconds * play.rate)
    with av.open(str(file), "w", options={"movflags": "faststart"}) as output:
        video = output.add_stream("libx264", rate=play.rate, options=_QUALITY)
        video.width = video.height = play.size
        video.pix_fmt = "yuv420p"
        video.codec_context.time_base = Fraction(1, play.rate)
        audio = output.add_stream("aac", rate=RATE, layout="mono")
        audio.bit_rate = _SOUND_BITS
        for number, picture in enumerate(film):
            frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
            frame.pts, frame.time_base = number, Fraction(1, play.rate)
            output.mux(video.encode(frame))
            report(number + 1, total)
        output.mux(video.encode())
        heard = av.AudioFrame.from_ndarray(sound[None], format="fltp", layout="mono")
        heard.sample_rate, heard.pts, heard.time_base = RATE, 0, Fraction(1, RATE)
        output.mux(audio.encode(heard))
        output.mux(audio.encode())
