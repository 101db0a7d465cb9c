"""Hairdos: ribbons of strands that grow from the scalp, are combed, fall, and rest on the head."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.random import Generator

from analysis.training.world.head import Head
from analysis.training.world.shot import Prop
from analysis.training.world.skin import hairline, linear
from analysis.training.world.types import Colour, Float32, Material, Surface

_STEPS: Final = 11
_STRANDS: Final = 9


@dataclass(frozen=True)
class Style:
    """How hair grows: ribbons, length range (cm), lift off the scalp, comb (x outward, y, z), fall, curl, fringe.

    `fringe` is the range of lengths of the hair over the forehead, None where it is combed away.
    """

    ribbons: int
    length: tuple[float, float]
    lift: float
    comb: tuple[float, float, float]
    fall: float
    curl: float
    fringe: tuple[float, float] | None = None


STYLES: Final[dict[str, Style]] = {
    "short": Style(1700, (2.0, 4.5), 0.8, (0.2, 0.1, -0.5), 0.10, 0.1),
    "short-fringe": Style(1700, (2.5, 5.0), 0.7, (0.2, 0.0, 0.0), 0.15, 0.1, (3.0, 5.5)),
    "curly": Style(1700, (4.0, 7.0), 1.2, (0.0, 0.2, 0.0), 0.05, 0.9),
    "bob": Style(1500, (13.0, 18.0), 0.4, (0.45, 0.0, -0.3), 1.0, 0.05),
    "bob-fringe": Style(1500, (13.0, 17.0), 0.4, (0.45, 0.0, -0.3), 1.0, 0.05, (4.0, 6.5)),
    "long": Style(1500, (24.0, 34.0), 0.4, (0.4, 0.0, -0.35), 1.0, 0.08),
}
#: The styles that each sex is drawn from; a rig that does not say may have any.
_WORN: Final = {
    "male": ("short", "short", "short-fringe", "curly"),
    "female": ("bob", "bob-fringe", "long", "curly", "short-fringe", "short"),
    None: tuple(STYLES),
}


def choose(rng: Generator, sex: str | None) -> str:
    """Draw a style's name."""
    return str(rng.choice(_WORN[sex]))


def _roots(rng: Generator, surface: Surface, neutral: Float32, count: int) -> tuple[Float32, Float32]:
    """Draw `count` points of the scalp: where they are on this head, and on the average one."""
    skin = surface.triangles[np.isin(surface.material, (Material.FACE, Material.HEAD))]
    inside = hairline(surface, surface.rest) > 0.05
    scalp = skin[inside[skin].all(axis=1)]
    a, b, c = (neutral[scalp[:, i]] for i in range(3))
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1)
    chosen = scalp[rng.choice(len(scalp), count, p=area / area.sum())]
    share = rng.dirichlet((1, 1, 1), count).astype(np.float32)
    here, there = (np.einsum("nc,ncx->nx", share, where[chosen]) for where in (neutral, surface.rest))
    return here, there


def _unit(vectors: Float32) -> Float32:
    out: Float32 = vectors / (np.linalg.norm(vectors, axis=1, keepdims=True) + 1e-9)
    return out


def grow(rng: Generator, surface: Surface, neutral: Float32, name: str, colour: Colour) -> Prop:
    """Grow the style `name` of `STYLES` on a neutral head (V, 3); `colour` is sRGB."""
    style, head = STYLES[name], Head.of(surface, neutral)
    root, rest = _roots(rng, surface, neutral, style.ribbons)
    brow = float(surface.rest[surface.landmarks["brow_L"]][:, 1].mean())
    ear = surface.rest[surface.landmarks["jaw"]][0]
    front = (
        (hairline(surface, rest) < rng.uniform(1.5, 2.8)) & (rest[:, 2] > ear[2] + 1.0) & (rest[:, 1] > brow + 1.5)
    )
    parting = rng.uniform(-1.8, 1.8)
    outward = np.sign(root[:, 0] - parting + rng.normal(0, 0.3, len(root)))
    comb = np.stack(
        [outward * style.comb[0], np.full(len(root), style.comb[1]), np.full(len(root), style.comb[2])], axis=1
    )
    length = rng.uniform(*style.length) * rng.uniform(0.8, 1.05, len(root))
    is_fringe = front if style.fringe else np.zeros(len(root), bool)
    if style.fringe:
        many = int(is_fringe.sum())
        comb[is_fringe] = np.stack([rng.normal(0.15, 0.1, many), np.full(many, -0.3), np.full(many, 0.9)], axis=1)
        length[is_fringe] = rng.uniform(*style.fringe) * rng.uniform(0.85, 1.1, many)
    aside_pull = float(rng.choice([1.0, 2.0, 3.0]))  # one in three lets it fall into the face a little
    layer = rng.uniform(0.1, 0.75, len(root)).astype(np.float32)
    point, normal = head.outside(root.astype(np.float32), np.full(len(root), 0.03, np.float32))
    way = _unit(normal * style.lift + comb + rng.normal(0, 0.12, root.shape))
    points, normals = [point], [normal]
    step = (length / (_STEPS - 1))[:, None]
    for k in range(1, _STEPS):
        sway = rng.normal(0, 1, root.shape) * style.curl * 0.5
        # hair that hangs keeps to the side of the face unless it is a fringe
        aside = ((point[:, 2] > ear[2] + 1.5) & (point[:, 1] < brow + 4.0) & ~is_fringe)[:, None]
        away = aside * np.stack(
            [outward * aside_pull, np.zeros(len(root)), np.full(len(root), -aside_pull)], axis=1
        )
        way = _unit(way + np.array([0, -style.fall, 0]) * (0.5 + 0.1 * k) + sway + away)
        point, normal = head.outside((point + way * step).astype(np.float32), layer * (0.4 + 0.06 * k))
        points.append(point)
        normals.append(normal)
    return _ribbons(rng, np.stack(points, axis=1), np.stack(normals, axis=1), colour)


def _ribbons(rng: Generator, paths: Float32, normals: Float32, colour: Colour) -> Prop:
    """Ribbons along `paths` (n, steps, 3), lying on the skin as its `normals` say."""
    count, steps, _ = paths.shape
    tangent = np.gradient(paths, axis=1)
    tangent /= np.linalg.norm(tangent, axis=2, keepdims=True) + 1e-9
    twist = normals + rng.normal(0, 0.25, (count, 1, 3))
    across = np.cross(tangent, twist)
    across /= np.linalg.norm(across, axis=2, keepdims=True) + 1e-9
    width = rng.uniform(0.28, 0.5, (count, 1, 1)) * np.linspace(1, 0.6, steps)[None, :, None]
    vertices = np.stack([paths - across * width, paths + across * width], axis=2).reshape(-1, 3)
    bent = np.repeat((normals + 0.3 * tangent)[:, :, None], 2, axis=2).reshape(-1, 3)
    along = np.linspace(0, 1, steps)
    v = np.tile(np.repeat(along, 2), count)
    # each ribbon starts at a column of its own, so that no two show the same strands
    u = np.tile(np.array([0.0, 1.0]), count * steps) + np.repeat(rng.integers(0, 40, count), steps * 2)
    i = (np.arange(count)[:, None] * steps + np.arange(steps - 1)).reshape(-1) * 2
    triangles = np.concatenate([np.stack([i, i + 1, i + 2], axis=1), np.stack([i + 1, i + 3, i + 2], axis=1)])
    shade = np.repeat(np.exp(rng.normal(0, 0.18, count)), steps * 2)[:, None]
    return Prop(
        vertices.astype(np.float32),
        triangles.astype(np.int32),
        (linear(colour) * shade).astype(np.float32),
        uv=np.stack([u, v], axis=1).astype(np.float32),
        tangent=np.repeat(tangent[:, :, None], 2, axis=2).reshape(-1, 3).astype(np.float32),
        normals=_unit(bent.astype(np.float32)),
        strands=_STRANDS,
    )
