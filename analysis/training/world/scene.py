"""What a webcam adds: light, background, where the head is, and the camera's own faults."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator

from analysis.training.world.camera import Camera, Light
from analysis.training.world.types import Float32, UInt8

#: Largest head angles in a picture, degrees.
MAX_YAW, MAX_PITCH, MAX_ROLL = 35.0, 20.0, 15.0
_AZIMUTH_LIMIT = 65.0


@dataclass(frozen=True)
class Pose:
    """Head angles in degrees, with the signs of `camera.head_rotation`."""

    yaw: float
    pitch: float
    roll: float


def draw_pose(rng: Generator, neutral: bool) -> Pose:
    """Draw head angles; a neutral face looks about ahead, two in three of the others moderately aside."""
    if neutral:
        return Pose(rng.uniform(-12, 12), rng.uniform(-8, 8), rng.uniform(-6, 6))
    scale = 1.0 if rng.random() < 1 / 3 else 0.45
    yaw, pitch, roll = rng.uniform(-1, 1, 3) * (MAX_YAW, MAX_PITCH, MAX_ROLL) * scale
    return Pose(float(yaw), float(pitch), float(roll))


def draw_light(rng: Generator) -> Light:
    """Draw a room's light: a window or lamp to one side, something weaker from the other, walls around."""
    azimuth, elevation = np.radians(rng.uniform(-_AZIMUTH_LIMIT, _AZIMUTH_LIMIT)), np.radians(rng.uniform(0, 60))
    key = np.array([np.sin(azimuth) * np.cos(elevation), np.sin(elevation), np.cos(azimuth) * np.cos(elevation)])
    fill = np.array([-np.sign(azimuth) * rng.uniform(0.3, 1), rng.uniform(-0.2, 0.4), rng.uniform(0.3, 1)])
    exposure = rng.uniform(0.75, 1.2)

    def cast(limit: float) -> np.ndarray:
        warmth = rng.uniform(-limit, limit)
        return np.array([1 + warmth, 1, 1 - warmth])

    lamp, room = cast(0.12), cast(0.10)
    ambient = rng.uniform(0.16, 0.45)
    return Light(
        key.astype(np.float32),
        (lamp * rng.uniform(0.5, 1.2) * exposure).astype(np.float32),
        fill.astype(np.float32),
        (room * rng.uniform(0.08, 0.4) * exposure).astype(np.float32),
        (room * ambient * exposure).astype(np.float32),
        (room * np.array([1, 0.9, 0.8]) * ambient * 0.5 * exposure).astype(np.float32),
    )


def draw_camera(rng: Generator, middle: Float32, face_height: float) -> Camera:
    """Draw a camera that holds the face.

    Parameters
    ----------
    middle : (3,) float32
        Middle of the face, centimetres.
    face_height : float
        Brow to chin, centimetres; it fills 46 to 64 percent of the picture.
    """
    distance = float(rng.choice([45.0, 70.0, 110.0]))
    height = face_height / rng.uniform(0.46, 0.64)
    target = middle + rng.uniform(-1, 1, 3) * (2.0, 1.8, 0.0)
    position = (float(rng.uniform(-4, 4)), float(middle[1] + rng.uniform(-5, 5)), distance)
    view = 2 * np.degrees(np.arctan(height / 2 / (distance - float(middle[2]))))
    return Camera(position, (float(target[0]), float(target[1]), float(target[2])), float(view))


def draw_background(rng: Generator, size: int) -> Float32:
    """Draw what is behind the head, (size, size, 3), 0–255: a graded wall, soft blotches, or a blurred room."""
    kind = rng.integers(3)
    grey = rng.uniform(30, 220)
    low, high = (np.clip(grey + rng.uniform(-45, 45, 3), 5, 250) for _ in range(2))
    if kind == 0:
        down = np.linspace(0, 1, size)[:, None, None]
        return np.broadcast_to(low * (1 - down) + high * down, (size, size, 3)).astype(np.float32)
    coarse = (rng.standard_normal((6, 8, 1)) * 35 + rng.standard_normal((6, 8, 3)) * 12 + low).astype(np.float32)
    picture = cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC)
    if kind == 2:
        for _ in range(rng.integers(3, 9)):
            corner = rng.uniform(-0.1, 1, 2)
            end = corner + rng.uniform(0.05, 0.6, 2)
            ends = [(int(x * size), int(y * size)) for x, y in (corner, end)]
            cv2.rectangle(picture, ends[0], ends[1], tuple(float(c) for c in rng.uniform(10, 245, 3)), -1)
        picture = cv2.GaussianBlur(picture, (0, 0), size / rng.uniform(40, 120))
    out: Float32 = np.clip(picture, 0, 255)
    return out


@dataclass(frozen=True)
class Faults:
    """A camera's faults: blur and noise in pixels and grey levels, gain, detail kept (1 is all), JPEG quality."""

    blur: float
    motion: tuple[float, float]
    noise: float
    gain: float
    detail: float
    quality: int


def draw_faults(rng: Generator) -> Faults:
    """Draw how good the camera is: mostly fair, one in six keeps only a third to two thirds of the detail."""
    detail = float(rng.uniform(0.35, 0.7)) if rng.random() < 1 / 6 else 1.0
    angle, length = rng.uniform(0, np.pi), float(rng.choice([0.0, 0.0, 0.0, 0.0, 3.0, 6.0]))
    return Faults(
        blur=float(rng.choice([0.0, 0.0, 0.5, 0.9])),
        motion=(float(np.cos(angle) * length), float(np.sin(angle) * length)),
        noise=float(rng.uniform(0, 5)),
        gain=float(rng.uniform(0.85, 1.12)),
        detail=detail,
        quality=int(rng.integers(55, 96)),
    )


def _motion_kernel(motion: tuple[float, float]) -> np.ndarray:
    size = int(np.ceil(max(abs(motion[0]), abs(motion[1])))) | 1
    kernel = np.zeros((size + 2, size + 2), np.float32)
    centre = (size + 1) / 2
    ends = [(round(centre + s * motion[0] / 2), round(centre + s * motion[1] / 2)) for s in (-1, 1)]
    cv2.line(kernel, ends[0], ends[1], 1.0, 1)
    return np.asarray(kernel / kernel.sum(), np.float32)


def develop(rng: Generator, drawn: UInt8, background: Float32, faults: Faults) -> UInt8:
    """Lay a drawn figure over a background and photograph it: (n, n, 3) BGR, as OpenCV writes it.

    Parameters
    ----------
    drawn : (m, m, 4) uint8
        RGBA from the renderer, m ≥ n.
    background : (n, n, 3) float32
        0–255.
    """
    size = len(background)
    figure = drawn.astype(np.float32)
    alpha = figure[..., 3:] / 255
    figure[..., :3] *= alpha > 0
    small = cv2.resize(figure, (size, size), interpolation=cv2.INTER_AREA)
    picture: np.ndarray = small[..., :3] + background * (1 - small[..., 3:] / 255)
    picture *= faults.gain
    if any(faults.motion):
        picture = cv2.filter2D(picture, -1, _motion_kernel(faults.motion))
    if faults.blur:
        picture = cv2.GaussianBlur(picture, (0, 0), faults.blur)
    if faults.detail < 1:
        few = max(32, round(size * faults.detail))
        picture = cv2.resize(picture, (few, few), interpolation=cv2.INTER_AREA)
        picture = cv2.resize(picture, (size, size), interpolation=cv2.INTER_LINEAR)
    picture = picture + rng.standard_normal(picture.shape, np.float32) * faults.noise
    return np.ascontiguousarray(np.clip(picture, 0, 255).astype(np.uint8)[..., ::-1])
