"""Expression lines as relief: how deep the skin folds at every point of the face for an activation.

The lines of an identity (``folds.py``) become one height field for each Action Unit and side in the face's
texture; a picture's relief is their sum, weighted by the activation. How readily a face wrinkles is its own: it
grows with age, differs between people and parts of the face, and in some people it is next to nothing. Old
faces keep part of their lines at rest.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator
from scipy.spatial import cKDTree

from analysis.training.world.folds import LIP_LINES, LIPS_LONG, LIPS_SHORT, Marks, Place, Stroke, strokes
from analysis.training.world.skin import Canvas, noise
from analysis.training.world.types import Activation, Float32

#: Side of the relief, texels.
SIZE = 384
#: No fold gets deeper than this, nor any swelling higher, centimetres.
LIMIT_CM = 0.16
#: Codes whose lines stay visible at rest with age, and how much of them.
_RESTING = {"1": 0.35, "2": 0.35, "4": 0.4, "6": 0.3, "7": 0.45, "12": 0.5, "15": 0.35}
#: Codes that crease alike in one person.
_GROUPS = (
    ("1", "2"),
    ("4", "9"),
    ("6", "7", "44"),
    ("10", "11", "12", "13", "14", "20"),
    ("15", "16", "17"),
    ("23", "24", "28", LIPS_LONG, LIPS_SHORT),
    ("21",),
)
#: Chance that a part of the face hardly wrinkles at all, and what is left of its lines.
_SMOOTH_CHANCE, _SMOOTH_SHARE = 0.15, 0.15


class Ground:
    """The surface that lines are laid on: texels of the front of the face, found by position."""

    def __init__(self, canvas: Canvas) -> None:
        step = len(canvas.face) // SIZE
        self.canvas = canvas
        self.position = np.ascontiguousarray(canvas.face[step // 2 :: step, step // 2 :: step, :3])
        covered = canvas.face[step // 2 :: step, step // 2 :: step, 3] > 0.5
        flat = self.position.reshape(-1, 3)
        ear = canvas.surface.rest[canvas.surface.landmarks["jaw"]][0]
        # behind the lips the texture folds back into the mouth; those texels lie deeper than the lips' rim
        rim = canvas.surface.rest[canvas.surface.landmarks["lips_inner"]][:, 2].min()
        mouth = canvas.surface.point("lip_top")
        inside = (np.abs(flat[:, :2] - mouth[:2]) < (2.2, 1.0)).all(axis=1) & (flat[:, 2] < rim - 0.6)
        self._index = np.flatnonzero(covered.reshape(-1) & (flat[:, 2] > ear[2] - 0.5) & ~inside)
        self._index = self._index[np.argsort(flat[self._index, 0])]  # by x, so that a stroke looks at a slice
        self._front = flat[self._index]
        self._plane = cKDTree(self._front[:, :2])

    def lay(self, points: Float32) -> Float32:
        """Put a curve (n, 2) on the surface: (n, 3), the foremost texel near each point."""
        _, near = self._plane.query(points, k=6)
        candidates = self._front[near]
        foremost = candidates[..., 2].max(axis=1)
        return np.concatenate([points, foremost[:, None]], axis=1).astype(np.float32)

    def press(self, height: Float32, stroke: Stroke) -> None:
        """Add a stroke to the relief `height` (SIZE, SIZE), in place."""
        dense = np.linspace(0, len(stroke.points) - 1, 3 * len(stroke.points))
        path = np.stack(
            [np.interp(dense, np.arange(len(stroke.points)), stroke.points[:, i]) for i in range(2)], axis=1
        )
        line = self.lay(path.astype(np.float32))
        reach = 3.2 * stroke.width
        low, high = line.min(axis=0) - reach, line.max(axis=0) + reach
        first, last = np.searchsorted(self._front[:, 0], (low[0], high[0]))
        slab = self._front[first:last]
        box = ((slab[:, 1:] > low[1:]) & (slab[:, 1:] < high[1:])).all(axis=1)
        if not box.any():
            return
        distance, nearest = cKDTree(line).query(slab[box], distance_upper_bound=reach)
        hit = np.isfinite(distance)
        share = nearest[hit] / (len(line) - 1)
        d = distance[hit] / stroke.width
        ends = np.sin(np.pi * np.clip(share, 0.03, 0.97)) ** 0.5 if stroke.depth > 0 else np.ones(hit.sum())
        # pushed-together skin stands up on both sides of the fold
        profile = np.exp(-(d**2)) - 0.35 * np.exp(-((d / 2.2) ** 2)) if stroke.depth > 0 else np.exp(-(d**2))
        where = self._index[first + np.flatnonzero(box)[hit]]
        height.reshape(-1)[where] -= (stroke.depth * ends * profile).astype(np.float32)

    def orange_peel(self, rng: Generator, side: str) -> Float32:
        """Cobbled relief of a raised chin (17), one half, (SIZE, SIZE)."""
        marks = Marks.of(self.canvas.surface)
        centre = self.lay(np.array([[0.0, (marks.chin[1] + marks.lip_low) / 2 - 0.2]], np.float32))[0]
        d = self.position - centre
        disc = np.exp(-((d[..., 0] / 1.5) ** 2) - (d[..., 1] / 1.0) ** 2 - (d[..., 2] / 2.0) ** 2)
        half = 1 / (1 + np.exp(-d[..., 0] * (1 if side == "L" else -1) / 0.15))
        grain = noise(rng, SIZE, rng.uniform(2.2, 3.2))
        out: Float32 = (0.035 * np.minimum(grain, 1.0) * disc * half).astype(np.float32)
        return out


@dataclass(frozen=True)
class Wrinkles:
    """An identity's relief, (SIZE, SIZE) cm: `fields` by (code, side) at full activation, `resting` always."""

    fields: dict[Place, Float32]
    resting: Float32

    @classmethod
    def draw(cls, rng: Generator, ground: Ground, age: float) -> Wrinkles:
        """Draw the lines of an identity of `age` (0 young to 1 old)."""
        readiness = _readiness(rng, age)
        resting = np.zeros((SIZE, SIZE), np.float32)
        fields: dict[Place, Float32] = {}
        peel_seed = int(rng.integers(1 << 31))
        for (code, side), lines in strokes(rng, ground.canvas.surface).items():
            field = np.zeros((SIZE, SIZE), np.float32)
            for line in lines:
                ground.press(field, line)
            if code == "17":
                field += ground.orange_peel(np.random.default_rng(peel_seed), side)
            field *= readiness[code]
            fields[code, side] = field
            if code in _RESTING:
                resting += np.minimum(field, 0) * _RESTING[code] * age**1.5
        for code, (lines_name, share) in LIP_LINES.items():
            for side in "LR":
                field = np.float32(share) * fields[lines_name, side]
                fields[code, side] = field + fields[code, side] if (code, side) in fields else field
        for side in "LR":
            del fields[LIPS_LONG, side], fields[LIPS_SHORT, side]
        return cls(fields, cv2.GaussianBlur(resting, (0, 0), 0.8).astype(np.float32))

    def relief(self, activation: Activation) -> Float32:
        """Relief of a picture, (SIZE, SIZE) centimetres, negative in the folds.

        Lines deepen a little faster than the muscle pulls; where several crease, they reach `LIMIT_CM` at most.
        """
        total = self.resting.copy()
        for code, values in activation.items():
            for side, value in zip("LR", values, strict=True):
                field = self.fields.get((code, side))
                if field is not None and value > 0.02:
                    total += field * np.float32(value**1.25)
        out: Float32 = LIMIT_CM * np.tanh(total / LIMIT_CM)
        return out


def _readiness(rng: Generator, age: float) -> dict[str, float]:
    """How strongly each code creases in one person, by groups, around 0.5 in the young and 1.2 in the old."""
    person = float(np.exp(rng.normal(0, 0.25)))
    out = {}
    for group in _GROUPS:
        share = (0.55 + 0.7 * age) * person * float(np.exp(rng.normal(0, 0.3)))
        if rng.random() < _SMOOTH_CHANCE:
            share *= _SMOOTH_SHARE
        out.update(dict.fromkeys(group, share))
    return out
