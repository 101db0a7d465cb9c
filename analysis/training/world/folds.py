"""Where expression lines run: strokes on the average face, one set for each Action Unit and side.

Lines follow the appearance changes of the FACS manual (Ekman, Friesen & Hager, 2002) and the muscles' pull:
skin folds across the direction in which it is pushed together. Positions come from the rig's landmarks, so they
fit both rigs. Lengths are centimetres, x and y as in ``types.py``; each stroke is laid on the surface later
(``wrinkles.py``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from analysis.training.world.types import Float32, Surface

#: (code, side): side is "L" or "R"; what acts on the whole face has both halves.
Place = tuple[str, str]
#: Lines across the lips belong to the person, and several units deepen the same ones (`LIP_LINES`).
LIPS_LONG, LIPS_SHORT = "lips, long", "lips, short"
#: Code to (set of lip lines, how much of their depth it brings out).
LIP_LINES: dict[str, tuple[str, float]] = {
    "8": (LIPS_SHORT, 0.5),
    "18": (LIPS_LONG, 1.0),
    "22": (LIPS_LONG, 0.6),
    "23": (LIPS_SHORT, 1.0),
    "24": (LIPS_SHORT, 0.45),
    "28": (LIPS_LONG, 0.6),
}


@dataclass(frozen=True)
class Stroke:
    """A crease along `points` (n, 2), `depth` deep and `width` wide (half), or, where `depth` < 0, a swelling."""

    points: Float32
    depth: float
    width: float


@dataclass(frozen=True)
class Marks:
    """Points of the subject's left half (the face is taken as symmetric), (x, y)."""

    brow_in: Float32
    brow_out: Float32
    eye_in: Float32
    eye_out: Float32
    eye: Float32
    root: Float32
    wing: Float32
    subnasale: Float32
    mouth: Float32
    lip_low: float
    lip_high: float
    chin: Float32

    @classmethod
    def of(cls, surface: Surface) -> Marks:
        """Measure the average face."""

        def both(name: str) -> Float32:
            left, right = surface.point(f"{name}_L"), surface.point(f"{name}_R")
            return np.array([(left[0] - right[0]) / 2, (left[1] + right[1]) / 2], np.float32)

        brow = surface.rest[surface.landmarks["brow_L"]][:, :2]
        # the rigs mark the wing at different heights; nostril and nose's base are the same point in both
        base = surface.point("subnasale")[:2]
        wing = np.array([both("nostril")[0] + 0.45, base[1] + 0.1], np.float32)
        ring = surface.rest[surface.landmarks["eye_L"]][:, :2]
        lips = surface.rest[surface.landmarks["lips_outer"]]
        return cls(
            brow_in=brow[0], brow_out=brow[-1],
            eye_in=ring[ring[:, 0].argmin()], eye_out=ring[ring[:, 0].argmax()],
            eye=ring.mean(axis=0), root=surface.point("nose_root")[:2], wing=wing,
            subnasale=base, mouth=both("mouth"),
            lip_low=float(lips[:, 1].min()), lip_high=float(lips[:, 1].max()), chin=surface.point("chin")[:2],
        )  # fmt: skip


def _curve(*points: tuple[float, float]) -> Float32:
    """Smooth curve through a few points (n, 2): Catmull–Rom, 12 steps a span."""
    p = np.array([points[0], *points, points[-1]], np.float32)
    t = np.linspace(0, 1, 12, endpoint=False)[:, None]
    spans = [
        0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
        for a, b, c, d in zip(p[:-3], p[1:-2], p[2:-1], p[3:], strict=True)
    ]
    return np.vstack([*spans, p[-1:]]).astype(np.float32)


def _forehead(rng: Generator, m: Marks) -> tuple[list[Stroke], list[Stroke]]:
    """Lines across the forehead: over the inner (1) and the outer (2) brow."""
    inner, outer = [], []
    count, first = int(rng.integers(3, 6)), float(m.brow_in[1] + rng.uniform(0.9, 1.4))
    for k in range(count):
        y, depth = first + k * 3.2 / count, rng.uniform(0.05, 0.09)
        arch = rng.uniform(-0.2, 0.3)
        end = float(m.brow_out[0]) - 0.5 - 0.25 * k + rng.uniform(-0.4, 0.4)
        drop = 0.12 * k
        inner.append(Stroke(_curve((-0.15, y), (1.0, y + arch * 0.5), (2.4, y + arch)), depth, 0.13))
        outer.append(Stroke(_curve((1.9, y + arch), (3.2, y + arch * 0.9), (end, y - 0.7 - drop)), depth, 0.13))
    return inner, outer


def _glabella(rng: Generator, m: Marks) -> list[Stroke]:
    x, y = rng.uniform(0.45, 0.75), float(m.brow_in[1])
    lines = [
        Stroke(_curve((x - 0.12, y - 0.7), (x, y + 0.1), (x + 0.12, y + rng.uniform(0.8, 1.5))), 0.10, 0.13),
        Stroke(_curve((-0.05, y - 0.75), (0.45, y - 0.72), (0.8, y - 0.6)), 0.05, 0.12),
        Stroke(_curve((x + 0.7, y + 0.1), (x + 1.2, y + 0.25)), -0.07, 0.5),
    ]
    if rng.random() < 0.5:
        lines.append(Stroke(_curve((x + 0.45, y - 0.1), (x + 0.6, y + 0.8)), 0.06, 0.10))
    return lines


def _eye_corner(rng: Generator, m: Marks, strength: float) -> list[Stroke]:
    """Crow's feet."""
    lines = []
    for angle in np.linspace(38, -38, int(rng.integers(3, 6))) + rng.uniform(-6, 6):
        a, start, length = np.radians(angle), rng.uniform(0.75, 1.05), rng.uniform(1.0, 1.9)
        way = np.array([np.cos(a), np.sin(a)])
        begin, end = m.eye_out + way * start, m.eye_out + way * (start + length) + (0, -0.12)
        lines.append(
            Stroke(_curve(tuple(begin), tuple((begin + end) / 2 + (0, 0.05)), tuple(end)), 0.06 * strength, 0.12)
        )
    return lines


def _under_eye(rng: Generator, m: Marks, drop: float, depth: float) -> Stroke:
    y = float(m.eye[1]) - drop
    start, end = float(m.eye_in[0]) + 0.15, float(m.eye_out[0]) + 0.35
    return Stroke(
        _curve((start, y + 0.15), ((start + end) / 2, y - 0.25), (end, y + rng.uniform(0.2, 0.45))), depth, 0.11
    )


def _nose(rng: Generator, m: Marks) -> list[Stroke]:
    """Wrinkles across the root and obliquely along the side of the nose."""
    y, lines = float(m.root[1]), []
    for k in range(int(rng.integers(2, 4))):
        level = y - 0.25 - 0.42 * k
        lines.append(Stroke(_curve((-0.1, level), (0.35, level - 0.03), (0.75, level - 0.2)), 0.06, 0.09))
        lines.append(Stroke(_curve((0.55, level - 0.5), (0.95, level - 0.8), (1.25, level - 1.25)), 0.07, 0.09))
    wing = m.wing
    lines.append(
        Stroke(
            _curve((wing[0] - 0.5, wing[1] + 1.4), (wing[0] + 0.1, wing[1] + 0.6), (wing[0] + 0.45, wing[1])),
            0.12,
            0.17,
        )
    )
    return lines  # fmt: skip


def _nasolabial(m: Marks, upto: float, depth: float) -> Stroke:
    """Fold from the nose's wing around the mouth's corner; `upto` (0–1) is how far down it is seen."""
    wing, mouth = m.wing, m.mouth
    whole = _curve(
        (wing[0] + 0.15, wing[1] + 0.85),
        (wing[0] + 0.65, wing[1] + 0.05),
        (mouth[0] + 0.4, (wing[1] + mouth[1]) / 2 - 0.2),
        (mouth[0] + 0.7, mouth[1] - 0.2),
        (mouth[0] + 0.6, mouth[1] - 1.2),
    )
    return Stroke(whole[: max(4, round(upto * len(whole)))], depth, 0.19)


def _lip_lines(rng: Generator, m: Marks, reach: float, depth: float) -> list[Stroke]:
    """Short lines across the lips' red edge, spread like a sun around the mouth."""
    count = int(rng.integers(5, 9))
    centre = np.array([0.0, (m.lip_low + m.lip_high) / 2])
    half = np.array([float(m.mouth[0]), (m.lip_high - m.lip_low) / 2])
    lines = []
    for sign in (1, -1):
        for a in np.radians(np.linspace(8, 88, count) + rng.uniform(-3, 3, count)):
            edge = np.array([np.cos(a), sign * np.sin(a)])
            begin, end = centre + edge * half * 0.65, centre + edge * (half + reach * rng.uniform(0.4, 1.0))
            lines.append(Stroke(_curve(tuple(begin), tuple(end)), depth * rng.uniform(0.5, 1.2), 0.07))
    return lines


def _mouth(rng: Generator, m: Marks) -> dict[str, list[Stroke]]:
    x, y = float(m.mouth[0]), float(m.mouth[1])
    low, high = m.lip_low, m.lip_high
    under = Stroke(_curve((-0.1, low - 0.55), (0.8, low - 0.5), (1.5, low - 0.2)), 0.09, 0.2)
    pressed = [
        Stroke(_curve((-0.1, high + 0.35), (1.0, high + 0.25), (x - 0.2, y + 0.45)), -0.07, 0.35),
        Stroke(_curve((-0.1, low - 0.3), (1.0, low - 0.2), (x - 0.2, y - 0.45)), -0.07, 0.35),
        Stroke(_curve((x + 0.12, y + 0.4), (x + 0.28, y), (x + 0.15, y - 0.45)), 0.08, 0.13),
    ]
    dimple = [
        Stroke(_curve((x + 0.5, y + 0.1), (x + 0.52, y - 0.1)), 0.13, 0.22),
        Stroke(_curve((x + 0.6, y + 0.75), (x + 0.9, y), (x + 0.7, y - 0.8)), 0.10, 0.15),
    ]
    cheek = Stroke(_curve((x + 1.5, y + 1.5), (x + 2.0, y + 0.4), (x + 1.7, y - 0.9)), 0.06, 0.2)
    marionette = [
        Stroke(_curve((x + 0.1, y - 0.15), (x + 0.4, y - 0.8), (x + 0.5, y - 1.7)), 0.08, 0.18),
        Stroke(_curve((x - 0.3, y - 0.85), (x - 0.1, y - 1.1)), -0.07, 0.4),
    ]
    apple = Stroke(_curve((float(m.eye[0]) + 0.2, y + 3.2), (float(m.eye[0]) + 1.2, y + 3.4)), -0.08, 0.8)
    return {
        "10": [_nasolabial(m, 0.6, 0.10)],
        "11": [_nasolabial(m, 0.75, 0.08)],
        "12": [_nasolabial(m, 1.0, 0.12), *([cheek] if rng.random() < 0.6 else [])],
        "13": [_nasolabial(m, 0.7, 0.07), apple],
        "14": dimple,
        "15": marionette,
        "16": [under],
        "20": [cheek, Stroke(_curve((x + 0.9, y + 0.5), (x + 1.1, y - 0.2), (x + 0.9, y - 1.2)), 0.07, 0.14)],
        "23": pressed[:2],
        "24": pressed,
        "28": [pressed[2]],
        LIPS_LONG: _lip_lines(rng, m, 0.45, 0.04),
        LIPS_SHORT: _lip_lines(rng, m, 0.15, 0.055),
    }


def _neck(m: Marks) -> list[Stroke]:
    """Cords of the platysma, where the texture reaches that far."""
    y = float(m.chin[1])
    return [
        Stroke(_curve((x0, y - 2.2), (x1, y - 6.5)), -0.14, 0.3) for x0, x1 in ((1.1, 1.0), (2.9, 3.2))
    ]  # fmt: skip


def strokes(rng: Generator, surface: Surface) -> dict[Place, list[Stroke]]:
    """Draw an identity's own lines: for each (code or set of lip lines, side) its strokes.

    The right half mirrors the left with small differences.

    The chin's orange-peel relief (17) is no line; ``wrinkles.py`` adds it to 17's crease.
    """
    m = Marks.of(surface)
    inner, outer = _forehead(rng, m)
    low = m.lip_low
    left: dict[str, list[Stroke]] = {
        "1": inner,
        "2": outer,
        "4": _glabella(rng, m),
        "6": [*_eye_corner(rng, m, 1.0), _under_eye(rng, m, 1.15, 0.07), _under_eye(rng, m, 1.6, 0.05)],
        "7": [_under_eye(rng, m, 0.75, 0.05), *_eye_corner(rng, m, 0.35)],
        "9": _nose(rng, m),
        "17": [Stroke(_curve((-0.1, low - 0.7), (0.9, low - 0.75), (1.7, low - 1.2)), 0.11, 0.2)],
        "21": _neck(m),
        **_mouth(rng, m),
    }
    left["44"] = [*left["7"], *_eye_corner(rng, m, 0.6)]
    out: dict[Place, list[Stroke]] = {}
    for code, lines in left.items():
        out[code, "L"] = [_vary(rng, line) for line in lines]
        out[code, "R"] = [_vary(rng, Stroke(line.points * (-1, 1), line.depth, line.width)) for line in lines]
    return out


def _vary(rng: Generator, stroke: Stroke) -> Stroke:
    """Let a line waver a little: no face is drawn with a ruler."""
    n = len(stroke.points)
    t = np.linspace(0, 1, n)
    waver = sum(rng.normal(0, 0.035 / f) * np.sin(np.pi * f * (t + rng.random())) for f in (1, 2, 4))
    away = np.gradient(stroke.points, axis=0)[:, ::-1] * (-1, 1)
    away = away / (np.linalg.norm(away, axis=1, keepdims=True) + 1e-9)
    points = stroke.points + away * np.asarray(waver)[:, None]
    return Stroke(
        points.astype(np.float32), stroke.depth * rng.uniform(0.75, 1.25), stroke.width * rng.uniform(0.85, 1.2)
    )
