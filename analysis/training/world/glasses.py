"""Glasses: two rims, a bridge, two temples and lenses, fitted to an identity's eyes, nose and ears."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from analysis.training.world.shot import Prop
from analysis.training.world.solids import Solid, disc, joined, tube
from analysis.training.world.types import Float32, Surface

#: Kinds of lenses: share of the glasses that have them, sRGB colours to mix, opacity.
_LENSES = {
    "clear": (0.75, (0.85, 0.90, 0.95), (0.04, 0.12)),
    "tinted": (0.12, (0.45, 0.33, 0.22), (0.25, 0.48)),
    "dark": (0.13, (0.05, 0.05, 0.06), (0.82, 0.96)),
}
_FRAMES = (
    (0.04, 0.04, 0.05),
    (0.22, 0.13, 0.08),
    (0.55, 0.50, 0.42),
    (0.62, 0.63, 0.66),
    (0.45, 0.08, 0.10),
    (0.10, 0.14, 0.30),
)


def _rim(centre: Float32, half: tuple[float, float], exponent: float, tilt: float, side: float) -> Float32:
    """Outline of a lens, (48, 3): a superellipse, its temple end a little higher, bent around the face."""
    t = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    x = half[0] * np.sign(np.cos(t)) * np.abs(np.cos(t)) ** (2 / exponent)
    y = half[1] * np.sign(np.sin(t)) * np.abs(np.sin(t)) ** (2 / exponent)
    y = y * (1 + 0.08 * (x * side) / half[0])
    # lenses stand closer to the cheek below (pantoscopic tilt) and follow the head to the side
    z = tilt * y - 0.035 * (np.abs(centre[0] + x) - 2.0).clip(0) ** 2
    outline: Float32 = (centre + np.stack([x, y, z], axis=1)).astype(np.float32)
    return outline


def fit(rng: Generator, surface: Surface, neutral: Float32) -> tuple[str, tuple[Prop, ...]]:
    """Draw glasses for a neutral face (V, 3): their kind (`clear`, `tinted` or `dark`) and their props."""
    marks = surface.landmarks
    eyes = {side: neutral[marks[f"eye_{side}"]] for side in "LR"}
    apart = float(eyes["L"].mean(axis=0)[0] - eyes["R"].mean(axis=0)[0]) / 2
    ears = neutral[marks["jaw"][[0, -1]]]
    root = neutral[marks["nose_root"]].mean(axis=0)
    exponent, thin = rng.uniform(2.0, 4.0), rng.uniform(0.06, 0.24)
    half = (float(rng.uniform(2.2, 2.7)), float(rng.uniform(1.5, 2.1)))
    x = max(apart + rng.uniform(-0.05, 0.2), half[0] + 0.75)
    y = float(np.vstack(list(eyes.values()))[:, 1].mean()) - rng.uniform(0.1, 0.5)
    z = max(float(max(ring[:, 2].max() for ring in eyes.values())) + rng.uniform(0.9, 1.3), float(root[2]) + 0.2)
    tilt = rng.uniform(0.05, 0.15)
    solids: list[Solid] = []
    lenses: list[Solid] = []
    inner = []
    for side, ear in ((1.0, ears[-1]), (-1.0, ears[0])):
        rim = _rim(np.array([side * x, y, z], np.float32), half, exponent, tilt, side)
        solids.append(tube(rim, thin, closed=True))
        lenses.append(disc(rim))
        outer = rim[(rim[:, 0] * side + 0.5 * rim[:, 1]).argmax()]
        inner.append(rim[(-rim[:, 0] * side + 0.35 * rim[:, 1]).argmax()])
        wide = side * max(abs(float(ear[0])) + 0.35, abs(float(outer[0])) + 0.2)
        hook = np.array([wide, ear[1] + 1.2, ear[2] - 0.5])
        bend = np.array([wide, outer[1] * 0.9 + hook[1] * 0.1, outer[2] * 0.75 + hook[2] * 0.25])
        solids.append(tube(np.stack([outer, bend, hook, hook - np.array([0, 1.5, 1.5])]), max(thin * 0.8, 0.09)))
    s = np.linspace(0, 1, 9)[:, None]
    bridge = inner[1] * (1 - s) + inner[0] * s + np.sin(np.pi * s) * np.array([0, 0.25, 0.15])
    solids.append(tube(bridge, max(thin * 0.9, 0.09)))
    kind = str(rng.choice(list(_LENSES), p=[share for share, _, _ in _LENSES.values()]))
    _, colour, (least, most) = _LENSES[kind]
    frame = joined(*solids).prop(_FRAMES[rng.integers(len(_FRAMES))], roughness=0.3)
    glass = joined(*lenses).prop(colour, roughness=0.12, opacity=float(rng.uniform(least, most)), f0=0.06)
    return kind, (frame, glass)
