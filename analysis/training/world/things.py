"""What people have in front of their faces: a hand, a cup, a microphone, a telephone, a mask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike
from scipy.spatial import cKDTree

from analysis.training.world.hands import Hand
from analysis.training.world.head import Head
from analysis.training.world.shot import Prop
from analysis.training.world.skin import TONES, linear
from analysis.training.world.solids import Solid, ball, box, joined, lathe, tube
from analysis.training.world.types import Appearance, Float32, Int32, Material, Surface

#: Bend of the fingers (degrees at knuckle, middle and end joint; thumb apart) for a way of holding the hand.
_FLAT, _LOOSE, _FIST, _GRIP = (8, 10, 6), (22, 28, 15), (62, 80, 45), (42, 48, 30)
#: Part of a hand that must not sink into the face, around the point where it lies.
_NEAR_CM: Final = 8.0
_SKIN_WRAP: Final = (0.35, 0.18, 0.12)


@dataclass(frozen=True)
class Face:
    """A posed face to put things in front of, in the head's frame."""

    surface: Surface
    vertices: Float32
    head: Head
    appearance: Appearance

    @classmethod
    def of(cls, surface: Surface, vertices: Float32, appearance: Appearance) -> Face:
        """Index the skin of posed `vertices` (V, 3)."""
        return cls(surface, vertices, Head.of(surface, vertices), appearance)

    def point(self, name: str) -> Float32:
        """Where landmark `name` is now, (3,)."""
        mean: Float32 = self.vertices[self.surface.landmarks[name]].mean(axis=0)
        return mean


def _angles(rng: Generator, bend: ArrayLike) -> Float32:
    """Bend of all fingers, each a little its own way, (5, 3) degrees."""
    angles = np.asarray(bend, np.float32) * rng.uniform(0.75, 1.25, (5, 1)) + rng.normal(0, 4, (5, 3))
    angles[0] = angles[0] * 0.35
    return angles.astype(np.float32)


def _skin(rng: Generator, solid: Solid, hand: Hand, appearance: Appearance) -> Prop:
    """Paint a hand in the person's tone, the palm paler, the knuckles redder."""
    tone = linear(TONES[appearance.tone]) * np.exp(rng.normal(0, 0.06))
    palm = np.clip(hand.vertices[:, 2] * 0.5, 0, 1)[:, None] * 0.35
    albedo = tone * (1 - palm) + np.maximum(tone, linear((0.80, 0.60, 0.50))) * palm
    knuckles = cKDTree(hand.joints[:, :2].reshape(-1, 3)).query(hand.vertices)[0]
    red = np.exp(-((knuckles / 0.9) ** 2))[:, None]
    albedo = albedo * np.exp(-0.25 * red * np.array([0.05, 1.0, 0.8]))
    return Prop(solid.vertices, solid.triangles, albedo.astype(np.float32), roughness=0.55, wrap=_SKIN_WRAP)


def _placed(
    hand: Hand, bent: Float32, right: bool, anchor: Float32, target: Float32, fingers: ArrayLike, palm: ArrayLike
) -> Solid:
    """Lay a hand so that its `anchor` is at `target`, its fingers and its palm's outward side point as given."""
    z = np.asarray(palm, np.float64) / np.linalg.norm(palm)
    y = np.asarray(fingers, np.float64)
    y = y - (y @ z) * z
    y /= np.linalg.norm(y)
    mirror = np.array([-1.0 if right else 1.0, 1.0, 1.0])
    frame = np.stack([np.cross(y, z), y, z], axis=1)
    vertices = (bent * mirror - anchor * mirror) @ frame.T + target
    triangles = hand.triangles[:, ::-1] if right else hand.triangles
    return Solid(vertices.astype(np.float32), np.ascontiguousarray(triangles))


def _touching(face: Face, solid: Solid, target: Float32, outward: Float32) -> Solid:
    """Shift a hand along `outward` until what is near `target` just touches the skin."""
    near = np.linalg.norm(solid.vertices - target, axis=1) < _NEAR_CM
    for _ in range(4):
        heights = face.head.heights(solid.vertices[near])
        shift = 0.05 - float(np.percentile(heights, 2))
        solid = Solid((solid.vertices + outward * np.float32(shift)).astype(np.float32), solid.triangles)
        if abs(shift) < 0.05:
            break
    return solid


def hand(rng: Generator, face: Face, shape: Hand, place: str) -> tuple[Prop, ...]:
    """A hand on the face at `place`: ``mouth``, ``chin``, ``cheek``, ``eye``, ``brow`` or ``nose``."""
    right = bool(rng.random() < 0.5)
    own = -1.0 if right else 1.0  # the side of the picture's person that the arm comes from
    letter = "R" if right else "L"
    bend, anchor, slope = _FLAT, shape.palm, rng.uniform(15, 60)
    target = face.point("lip_top")
    if place == "mouth":
        anchor, slope = shape.fingers if rng.random() < 0.5 else shape.palm, rng.uniform(25, 75)
    elif place == "chin":
        target, bend, anchor = face.point("chin"), (_FIST, _LOOSE)[rng.integers(2)], shape.fingers
    elif place == "cheek":
        target, slope = face.point(f"cheek_{letter}"), rng.uniform(-10, 25)
        anchor = shape.fingers if rng.random() < 0.5 else shape.palm
    elif place == "eye":
        target, anchor = face.point(f"eye_{letter}"), shape.fingers
        bend = (_FLAT, _LOOSE)[rng.integers(2)]
    elif place == "brow":
        target, anchor = face.point(f"brow_{letter}") + np.array([0, 1, 0], np.float32), shape.fingers
    else:
        target, bend, anchor = face.point("nose_tip"), (_LOOSE, _FIST)[rng.integers(2)], shape.fingers
    target = target + rng.normal(0, (0.6, 0.4, 0)).astype(np.float32)
    # around the mouth's opening and the chin's edge the skin's own normal says little
    sideways = face.head.normal(target) * (0.5 if place in ("cheek", "eye", "brow") else 0.0)
    outward = sideways * (1, 0, 1) + np.array([0, rng.uniform(-0.1, 0.15), 0.5])
    outward = (outward / np.linalg.norm(outward)).astype(np.float32)
    angle = np.radians(slope)
    fingers = np.array([-own * np.sin(angle), np.cos(angle), 0.0])
    solid = _placed(shape, shape.bent(_angles(rng, bend)), right, anchor, target + outward, fingers, -outward)
    return (_skin(rng, _touching(face, solid, target, outward), shape, face.appearance),)


def _holding(rng: Generator, face: Face, shape: Hand, axis_point: Float32, radius: float) -> tuple[Prop, ...]:
    """A hand around an upright cylinder through `axis_point`: palm at its side, fingers towards the camera."""
    right = bool(rng.random() < 0.5)
    own = -1.0 if right else 1.0
    side = np.array([own, -0.15, 0.25])
    target = axis_point + side / np.linalg.norm(side) * (radius + 1.3)
    fingers = np.array([-own * 0.45, 0.25, 0.9])
    bend = np.array(_GRIP) * np.clip(3.5 / radius, 0.6, 1.6)
    solid = _placed(shape, shape.bent(_angles(rng, bend)), right, shape.palm, target, fingers, -side)
    return (_skin(rng, solid, shape, face.appearance),)


def _tilt(rng: Generator, forward: float, aside: float) -> Float32:
    """Rotation by about `forward` degrees towards the face and up to `aside` to a side, (3, 3)."""
    a, b = np.radians(forward), np.radians(rng.uniform(-aside, aside))
    nod = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    lean = np.array([[np.cos(b), -np.sin(b), 0], [np.sin(b), np.cos(b), 0], [0, 0, 1]])
    both: Float32 = (lean @ nod).astype(np.float32)
    return both


def _any_colour(rng: Generator) -> tuple[float, float, float]:
    r, g, b = rng.uniform(0.05, 0.95, 3)
    return float(r), float(g), float(b)


def cup(rng: Generator, face: Face, shape: Hand | None) -> tuple[Prop, ...]:
    """A mug or paper cup at the mouth, held by a hand where there is one."""
    radius, height = rng.uniform(3.4, 4.3), rng.uniform(8, 11)
    foot = radius * rng.uniform(0.7, 1.0)
    body = lathe([(0, 0), (foot, 0), (radius, height), (radius - 0.3, height), (foot - 0.3, 0.4), (0, 0.4)])
    rotation = _tilt(rng, -rng.uniform(5, 40), 8)
    rim = face.point("lip_bottom") + np.array([rng.normal(0, 0.4), rng.uniform(-1.6, 0.3), 0.4])
    offset = rim - rotation @ np.array([0, height, -radius])
    mug = body.moved(rotation, offset)
    middle = (rotation @ np.array([0, height * 0.45, 0]) + offset).astype(np.float32)
    held = _holding(rng, face, shape, middle, float(radius)) if shape and rng.random() < 0.8 else ()
    return (mug.prop(_any_colour(rng), roughness=0.35), *held)


def microphone(rng: Generator, face: Face, shape: Hand | None) -> tuple[Prop, ...]:
    """A microphone before the mouth or chin, with its foam or grille."""
    radius = rng.uniform(1.6, 2.8)
    length = 16.0
    centre = face.point("lip_bottom") + np.array(
        [rng.normal(0, 1.2), rng.uniform(-2.5, 0.2), radius + rng.uniform(0.8, 3.5)]
    )
    away = np.array([rng.uniform(-0.6, 0.6), -1.0, rng.uniform(0.1, 0.9)])
    away /= np.linalg.norm(away)
    s = np.linspace(0.6 * radius, length, 12)[:, None]
    head = ball(float(radius)).moved(np.eye(3, dtype=np.float32), centre)
    grip = tube(centre + away * s, np.linspace(1.5, 1.1, 12), sides=20)
    grey = float(rng.uniform(0.03, 0.35))
    held = (
        _holding(rng, face, shape, (centre + away * 8).astype(np.float32), 1.4)
        if shape and rng.random() < 0.7
        else ()
    )
    return (head.prop((grey, grey, grey), 0.8), grip.prop((0.06, 0.06, 0.07), 0.3), *held)


def telephone(rng: Generator, face: Face, shape: Hand | None) -> tuple[Prop, ...]:
    """A telephone held up between the camera and part of the face."""
    body = box(7.4, 15.2, 0.9)
    names = ("mouth_L", "mouth_R", "chin", "cheek_L", "cheek_R")
    target = face.point(str(rng.choice(names))) + np.array([rng.normal(0, 1.0), rng.uniform(-5.0, -1.0), 0])
    middle = np.array([target[0], target[1], face.point("nose_tip")[2] + rng.uniform(2.0, 6.0)])
    rotation = _tilt(rng, rng.uniform(-15, 15), 35)
    phone = body.moved(rotation, middle).prop(_any_colour(rng), roughness=0.2)
    lens = joined(*(ball(0.45).moved(rotation, middle + rotation @ np.array([x, 6.0, 0.3])) for x in (2.6, 1.4)))
    held = (
        _holding(rng, face, shape, (middle + rotation @ np.array([0, -4.0, 0])).astype(np.float32), 3.2)
        if shape
        else ()
    )
    return (phone, lens.prop((0.02, 0.02, 0.02), 0.1), *held)


def mask(rng: Generator, face: Face) -> tuple[Prop, ...]:
    """A surgical mask: a membrane stretched over nose, mouth and chin, with loops to the ears."""
    ears = face.vertices[face.surface.landmarks["jaw"][[0, -1]]]
    depth = float(ears[:, 2].mean())
    root, chin = face.point("nose_root"), face.point("chin")
    columns, rows = 49, 33
    angle = np.radians(np.linspace(-62, 62, columns))
    worn = rng.uniform(0.0, 0.3)  # how far down the nose it sits
    top = root[1] - 1.0 - worn * (root[1] - face.point("subnasale")[1]) - 1.6 * np.abs(angle)
    low = chin[1] - 0.7 + 1.2 * np.abs(angle)
    down = np.linspace(0, 1, rows)[:, None]
    height = top * (1 - down) + low * down
    skin = face.vertices[np.unique(face.surface.triangles[face.surface.material == Material.FACE])]
    skin = skin[skin[:, 2] > depth]
    polar = np.stack([np.arctan2(skin[:, 0], skin[:, 2] - depth) * 8, skin[:, 1]], axis=1)
    around = np.stack([np.broadcast_to(angle * 8, height.shape), height], axis=-1)
    _, near = cKDTree(polar).query(around, k=4)
    bound = np.hypot(skin[:, 0], skin[:, 2] - depth)[near].max(axis=-1).astype(np.float32) + 0.3
    radius = bound.copy()
    for _ in range(60):  # cloth under tension: as flat as the face below lets it be
        radius = np.maximum(bound, cv2.blur(radius, (3, 3), borderType=cv2.BORDER_REPLICATE))
    radius = radius + 0.06 * np.sin(down * np.pi * 7) * np.cos(angle)
    x, z = radius * np.sin(angle), depth + radius * np.cos(angle)
    vertices = np.stack([x, height, z], axis=-1).reshape(-1, 3).astype(np.float32)
    cloth = Solid(vertices, _sheet(rows, columns))
    edges = ((0, ears[0]), (columns - 1, ears[1]))
    loops = [
        tube(
            np.stack([vertices[row * columns + column], ear + np.array([0, 1.0 if row == 0 else -1.5, -0.3])]),
            0.12,
        )
        for column, ear in edges
        for row in (0, rows - 1)
    ]
    colour = ((0.55, 0.73, 0.82), (0.90, 0.91, 0.92), (0.08, 0.08, 0.09), (0.60, 0.72, 0.62))[rng.integers(4)]
    return cloth.prop(colour, roughness=0.9), joined(*loops).prop((0.9, 0.9, 0.9), 0.8)


def _sheet(rows: int, columns: int) -> Int32:
    i, j = np.meshgrid(np.arange(rows - 1), np.arange(columns - 1), indexing="ij")
    a = (i * columns + j).reshape(-1)
    return np.concatenate(
        [np.stack([a, a + columns, a + 1], axis=1), np.stack([a + 1, a + columns, a + columns + 1], axis=1)]
    ).astype(np.int32)
