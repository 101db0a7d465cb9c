"""Displacement fields of our own for what the rigs cannot show: AU 8, 21, 27, 36, 37, and more for the ICT rig.

Each function takes an `Anatomy` and gives the displacement of every vertex at full strength, (V, 3) centimetres.
Muscle courses and appearance follow the FACS manual's descriptions as published summaries give them [1]_: platysma
cords from the jaw to the collar bones (21), masseter at the angle of the jaw (31), orbicularis oris (8, 23).

References
----------
.. [1] Ekman, Friesen, Hager (2002), Facial Action Coding System; summary tables at imotions.com and Wikipedia.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from analysis.training.world.types import Float32

Side = Literal["L", "R"]
SIDES: Final[tuple[tuple[Side, float], ...]] = (("L", 1.0), ("R", -1.0))


@dataclass(frozen=True)
class Anatomy:
    """Where things are on a rig's average face.

    Attributes
    ----------
    rest, normals : (V, 3) float32
        Positions in centimetres; unit normals out of the skin, 0 where no skin is.
    soft : (V,) float32
        1 on skin and on the inside of cheeks and lips, 0 on teeth, eyes and the rest.
    jaw : (V, 3) float32
        Displacement of the fully open jaw.
    lips : (V,) float32
        Red lip, 0–1.
    tongue : (V,) float32
        Place along the tongue, 0 root to 1 tip; 0 elsewhere.
    points : mapping of str to (3,) float32
        Landmark positions, the names of ``types.Surface.landmarks``.
    """

    rest: Float32
    normals: Float32
    soft: Float32
    jaw: Float32
    lips: Float32
    tongue: Float32
    points: Mapping[str, Float32]

    @property
    def lower(self) -> Float32:
        """How far a vertex follows the jaw, 0 (upper lip) to 1 (middle of the lower lip)."""
        moved = np.linalg.norm(self.jaw, axis=1)
        nearest = np.linalg.norm(self.rest - self.points["lip_bottom"], axis=1) < 0.8
        share: Float32 = np.clip(moved / (np.quantile(moved[nearest & (self.soft > 0)], 0.9) + 1e-6), 0, 1)
        return share


Field = Callable[[Anatomy], Float32]


def _vector(*xyz: float) -> Float32:
    return np.array(xyz, np.float32)


def _ball(face: Anatomy, centre: NDArray[np.floating], radii: Float32) -> Float32:
    """Gaussian weight about `centre` on soft parts, (V, 1)."""
    inside: Float32 = np.exp(-0.5 * (((face.rest - centre) / radii) ** 2).sum(axis=1)) * face.soft
    return inside[:, None].astype(np.float32)


def _step(x: Float32, low: float, high: float) -> Float32:
    t = np.clip((x - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def _outward(face: Anatomy, weight: Float32) -> Float32:
    """Mean normal where `weight` is, (3,): one direction for a whole bulge, so that it does not tear."""
    mean = (face.normals * weight).sum(axis=0)
    direction: Float32 = mean / (np.linalg.norm(mean) + 1e-9)
    return direction.astype(np.float32)


def _corner(face: Anatomy, side: Side) -> Float32:
    return face.points[f"mouth_{side}"]


def lips_closed(face: Anatomy) -> Float32:
    """AU8 over a jaw at full opening: the lips meet although the teeth are apart; scale with the opening."""
    lip = face.points["lip_bottom"]
    half = abs(float(_corner(face, "L")[0])) or 1.0
    x = face.rest[:, 0] / half
    near = np.exp(-0.5 * (((face.rest[:, 1] - lip[1]) / 1.5) ** 2 + ((face.rest[:, 2] - lip[2]) / 3.0) ** 2))
    weight = near * np.exp(-0.5 * (x / 1.15) ** 6) * face.soft
    edge = np.linalg.norm(face.rest - lip, axis=1) < 0.5
    drop = face.jaw[edge & (face.lower > 0.7)].mean(axis=0)
    # the lower lip goes all the way back to the upper one, then both go down together by a third of the way
    back = -1.05 * face.jaw * weight[:, None]
    together = 0.33 * drop * _vector(0, 1, 0.6) * (weight * np.clip(1 - 0.8 * x**2, 0, 1))[:, None]
    return np.asarray(back + together, np.float32)


def lips_narrowed(face: Anatomy) -> Float32:
    """The rest of AU8: corners drawn a little inward, lips a little forward."""
    moved = np.zeros_like(face.rest)
    for side, sign in SIDES:
        moved += _ball(face, _corner(face, side), _vector(0.9, 0.8, 1.2)) * _vector(-0.22 * sign, 0, 0.1)
    forward = _ball(face, face.points["lip_top"], _vector(1.4, 0.7, 0.9)) * _vector(0, -0.05, 0.1)
    return np.asarray(moved + forward, np.float32)


def neck_cords(face: Anatomy) -> Float32:
    """AU21: two cords on each side from the jaw towards the collar bones, the skin between them sunk."""
    chin = face.points["chin"]
    below = chin[1] - face.rest[:, 1]
    band = _step(below, 1.2, 3.2) * (1 - _step(below, 9.0, 12.0)) * _step(face.normals[:, 2], 0.05, 0.45)
    across = np.abs(face.rest[:, 0])
    height = np.full(len(face.rest), -0.12, np.float32)
    for start, slope, strength in ((1.3, 0.10, 0.75), (3.4, 0.26, 0.6)):
        height += strength * np.exp(-0.5 * ((across - start - slope * below) / 0.5) ** 2)
    moved = face.normals * (height * band * face.soft)[:, None]
    for side, sign in SIDES:
        moved += _ball(face, _corner(face, side), _vector(1.2, 1.0, 1.5)) * _vector(0.14 * sign, -0.24, -0.05)
    return moved.astype(np.float32)


def mouth_stretched(face: Anatomy) -> Float32:
    """AU27 beyond a dropped jaw: chin pulled further down, cheeks hollow, corners drawn in, upper lip long."""
    moved = face.jaw * (0.14 * face.lower)[:, None]  # teeth too, or they would pierce the chin
    for side, sign in SIDES:
        moved += _ball(face, _corner(face, side), _vector(1.0, 1.3, 1.3)) * _vector(-0.28 * sign, -0.15, 0.1)
        hollow = _ball(face, _corner(face, side) + _vector(1.9 * sign, 0.6, -2.0), _vector(1.2, 1.7, 1.6))
        moved -= hollow * _outward(face, hollow) * 0.45
    upper = _ball(face, face.points["lip_top"], _vector(1.3, 0.7, 1.0)) * (1 - face.lower)[:, None]
    return np.asarray(moved + upper * _vector(0, -0.14, -0.05), np.float32)


def tongue_bulge(side: Side) -> Field:
    """AU36: the tongue pushes the cheek beside the mouth corner outward."""

    def field(face: Anatomy) -> Float32:
        sign = dict(SIDES)[side]
        weight = _ball(face, _corner(face, side) + _vector(1.7 * sign, 0.1, -1.2), _vector(1.0, 1.0, 1.4))
        weight = np.clip(weight * 1.3, 0, 1)  # a blunt top: the tip of a tongue, not a needle
        return np.asarray(weight * _outward(face, weight) * 0.95, np.float32)

    return field


def _tongue(face: Anatomy, tip: Float32, lift: float) -> Float32:
    """Carry the tip of the tongue to `tip`, bending the body over the lower teeth by `lift`."""
    along = face.tongue
    moved = (tip - face.points["tongue_tip"]) * (along**1.4)[:, None]
    moved[:, 1] += lift * np.sin(np.pi * along**2)  # highest where it crosses the lower lip
    return np.asarray(moved, np.float32)


def tongue_shown(face: Anatomy) -> Float32:
    """AU19: the tongue comes out between the lips and a little down, over the lower lip."""
    return _tongue(face, face.points["lip_bottom"] + _vector(0, -0.35, 1.1), 0.75)


def lip_wiped(side: Side) -> Field:
    """AU37: the tip of the tongue lies on the upper lip, to one side of the middle."""

    def field(face: Anatomy) -> Float32:
        return _tongue(face, face.points["lip_top"] + _vector(0.9 * dict(SIDES)[side], 0.45, 0.65), 0.45)

    return field


def furrow_deepened(side: Side) -> Field:
    """AU11: the skin beside the middle of the nasolabial furrow is pulled up and out."""

    def field(face: Anatomy) -> Float32:
        sign = dict(SIDES)[side]
        middle = 0.5 * (face.points[f"wing_{side}"] + _corner(face, side))
        cheek = _ball(face, middle + _vector(0.9 * sign, 0.35, -0.3), _vector(0.75, 0.9, 1.0))
        fold = _ball(face, middle + _vector(0.1 * sign, 0, 0), _vector(0.35, 0.8, 0.9))
        moved: Float32 = cheek * _vector(0.12 * sign, 0.5, 0.28) + fold * _vector(0.02 * sign, 0.16, -0.2)
        return moved

    return field


def sharply_pulled(side: Side) -> Field:
    """AU13: the corner goes steeply up and stays narrow; the cheek puffs above it."""

    def field(face: Anatomy) -> Float32:
        sign = dict(SIDES)[side]
        corner = _ball(face, _corner(face, side), _vector(0.75, 0.75, 1.0))
        cheek = _ball(face, _corner(face, side) + _vector(1.2 * sign, 1.7, -0.7), _vector(1.1, 0.9, 1.2))
        moved: Float32 = corner * _vector(0.12 * sign, 0.72, -0.12) + cheek * _outward(face, cheek) * 0.4
        return (moved + cheek * _vector(0, 0.2, 0)).astype(np.float32)

    return field


def lips_tightened(face: Anatomy) -> Float32:
    """AU23: the red of the lips becomes thin, the mouth a little shorter, the skin around it bulges."""
    top, bottom = face.points["lip_top"], face.points["lip_bottom"]
    half = abs(float(_corner(face, "L")[0])) or 1.0
    bend = np.clip(np.abs(face.rest[:, 0]) / half, 0, 1) ** 2
    line = (top[1] + bottom[1]) / 2 * (1 - bend) + float(_corner(face, "L")[1]) * bend
    moved = np.zeros_like(face.rest)
    weight = face.lips * face.soft
    moved[:, 1] = -0.42 * (face.rest[:, 1] - line) * weight
    moved[:, 0] = -0.10 * face.rest[:, 0] * weight
    moved[:, 2] = -0.12 * weight
    around = _ball(face, (top + bottom) / 2, _vector(2.0, 1.4, 1.5)) * (1 - face.lips)[:, None]
    return (moved + around * face.normals * 0.1).astype(np.float32)


def jaw_clenched(side: Side) -> Field:
    """AU31: the masseter bulges at the angle of the jaw."""

    def field(face: Anatomy) -> Float32:
        sign = dict(SIDES)[side]
        weight = _ball(face, face.points[f"jaw_angle_{side}"] + _vector(0, 1.0, -0.4), _vector(1.4, 1.4, 1.2))
        bulge: Float32 = weight * _vector(0.5 * sign, 0, 0.12)
        return bulge

    return field


def cheek_sucked(side: Side) -> Field:
    """AU35: the cheek is drawn in between the jaws."""

    def field(face: Anatomy) -> Float32:
        sign = dict(SIDES)[side]
        weight = _ball(face, _corner(face, side) + _vector(2.2 * sign, 0.1, -2.2), _vector(1.3, 1.5, 1.6))
        corner = _ball(face, _corner(face, side), _vector(0.9, 0.8, 1.0))
        return (-1.2 * weight * _outward(face, weight) + corner * _vector(-0.2 * sign, 0, 0.05)).astype(np.float32)

    return field


def nostril(side: Side, widen: bool) -> Field:
    """AU38 (`widen`) or AU39: the wing of the nose moves outward or inward."""

    def field(face: Anatomy) -> Float32:
        sign = dict(SIDES)[side] * (1 if widen else -1)
        weight = _ball(face, face.points[f"wing_{side}"], _vector(0.6, 0.6, 0.8))
        moved: Float32 = weight * _vector(0.42 * sign, 0.08 if widen else -0.06, 0.0)
        return moved

    return field


def _sided(name: str, make: Callable[[Side], Field]) -> dict[str, Field]:
    return {f"own_{name}_{side}": make(side) for side, _ in SIDES}


#: Shapes that both rigs need.
COMMON: Final[Mapping[str, Field]] = MappingProxyType(
    {
        "own_8": lips_narrowed,
        "own_19": tongue_shown,
        "own_8_closed": lips_closed,
        "own_21": neck_cords,
        "own_27": mouth_stretched,
        **_sided("36", tongue_bulge),
        **_sided("37", lip_wiped),
    }
)
#: Shapes that only the ICT rig needs; FACSHuman has them.
ICT_ONLY: Final[Mapping[str, Field]] = MappingProxyType(
    {
        "own_23": lips_tightened,
        **_sided("11", furrow_deepened),
        **_sided("13", sharply_pulled),
        **_sided("31", jaw_clenched),
        **_sided("35", cheek_sucked),
        **_sided("38", lambda side: nostril(side, widen=True)),
        **_sided("39", lambda side: nostril(side, widen=False)),
    }
)
