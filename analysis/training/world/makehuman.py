"""The MakeHuman rig: a morphable head with FACSHuman's targets and our own (``makehuman_build.py``)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np

from analysis.facs.codes import ACTION_UNITS
from analysis.training.world import cohorts, mapping
from analysis.training.world.makehuman_build import base_average
from analysis.training.world.obj import Proxy
from analysis.training.world.types import Activation, Appearance, Float32, Labels, RigName, Surface

_PROXIES: Final = 3
#: Strength (standard deviation) of the sliders that make one face differ from another, and how often each is used.
_SLIDER_SD, _SLIDER_USED = 0.26, 0.45
_OPPOSITES: Final = (
    ("-incr", "-decr"),
    ("-up", "-down"),
    ("-in", "-out"),
    ("-forward", "-backward"),
    ("-convex", "-concave"),
)
_HEADS: Final = ("oval", "round", "rectangular", "square", "triangular", "invertedtriangular", "diamond")
#: Sliders whose full range leaves what faces look like.
_GENTLE: Final = ("l-eye", "l-cheek", "mouth-")


class MakeHumanRig:
    """See ``types.Rig``; `path` is the file that ``makehuman_build.build`` wrote."""

    name: RigName = "mh"
    codes: frozenset[str] = frozenset(ACTION_UNITS)

    def __init__(self, path: Path) -> None:
        with np.load(path) as file:
            data = {key: file[key] for key in file.files}
        self.base: Float32 = data["base"]
        self.morphs = dict(zip(map(str, data["morph_names"]), data["morphs"], strict=True))
        self.shapes = dict(zip(map(str, data["shape_names"]), data["shapes"].astype(np.float32), strict=True))
        self.proxies = [
            Proxy(*(data[f"proxy{number}_{part}"] for part in ("corners", "weights", "offsets", "scales")))
            for number in range(_PROXIES)
        ]
        self._eyes = data["eyes"]
        average = base_average({name: self.morph(name) for name in self.morphs}, self.base)
        self._eye_middle: Float32 = average[self._eyes].mean(axis=0)
        rest = self.dressed(average + self.shapes["close_lips"])
        landmarks = {key[len("landmark_") :]: data[key] for key in data if key.startswith("landmark_")}
        lips = np.zeros(len(rest), np.float32)
        lips[: len(self.base)] = data["lips"]
        self.surface = Surface(
            data["triangles"],
            data["uv_triangles"],
            data["uv"],
            data["material"],
            rest,
            landmarks,
            lips,
            data["eye_picture"],
        )

    def morph(self, name: str) -> Float32:
        """Displacement of the base mesh by one morphology target, (V, 3) centimetres."""
        moved: Float32 = self.morphs[name].astype(np.float32)
        return moved

    def dressed(self, base: Float32) -> Float32:
        """Base vertices followed by those of eyes, teeth and lashes."""
        return np.vstack([base, *(proxy.fit(base) for proxy in self.proxies)]).astype(np.float32)

    def centred(self, base: Float32) -> Float32:
        """Put the eyes where every identity has them."""
        placed: Float32 = base - (base[self._eyes].mean(axis=0) - self._eye_middle)
        return placed

    @cached_property
    def sliders(self) -> list[tuple[str, str]]:
        """Pairs of opposite morphology targets; of left/right ones only the left."""
        pairs = [
            (name, name.removesuffix(more) + less)
            for name in self.morphs
            for more, less in _OPPOSITES
            if name.endswith(more) and name.removesuffix(more) + less in self.morphs
        ]
        unfit = ("age", "head-trans", "head-back")
        return [pair for pair in pairs if not pair[0].startswith("r-") and not any(x in pair[0] for x in unfit)]

    def identity(self, seed: int, cohort: str | None = None) -> MakeHumanIdentity:
        """Draw the identity of `seed`; `cohort` is one of ``cohorts.MAKEHUMAN``.

        Raises
        ------
        ValueError
            There is no such cohort.
        """
        rng = np.random.default_rng(seed + 777_000)
        person = cohorts.person(rng, seed, cohort)
        base = self.base.copy()
        for kind, share in person.mixture.items():
            for sex, part in (("male", person.maleness), ("female", 1 - person.maleness)):
                base += share * part * (1 - person.age) * self.morph(f"{kind}-{sex}-young")
                base += share * part * person.age * self.morph(f"{kind}-{sex}-old")
        weight = rng.uniform(-0.35, 0.5)
        for sex, part in (("male", person.maleness), ("female", 1 - person.maleness)):
            young, old = (self._build(sex, age, "average") for age in ("young", "old"))
            base += part * ((1 - person.age) * young + person.age * old)
            extreme = self._build(sex, "young", "max" if weight > 0 else "min")
            base += part * abs(weight) * (extreme - young)
        base += self._character(rng) + self.shapes["close_lips"]
        return MakeHumanIdentity(self, seed, person.appearance(rng), self.centred(base).astype(np.float32))

    def _build(self, sex: str, age: str, weight: str) -> Float32:
        return self.morph(f"universal-{sex}-{age}-averagemuscle-{weight}weight")

    def _character(self, rng: np.random.Generator) -> Float32:
        """What makes this face different from others of its cohort, sex and age."""
        moved = np.zeros_like(self.base)
        for more, less in self.sliders:
            if rng.random() >= _SLIDER_USED:
                continue
            amount = float(np.clip(rng.normal(0, _SLIDER_SD), -0.9, 0.9))
            amount *= 0.5 if more.startswith(_GENTLE) else 1.0
            name = more if amount > 0 else less
            moved += abs(amount) * self.morph(name)
            if name.startswith("l-"):  # faces are not quite symmetric
                moved += abs(amount) * rng.uniform(0.9, 1.1) * self.morph("r-" + name[2:])
        for form in _HEADS:
            if rng.random() < 0.15:
                moved += rng.uniform(0, 0.5) * self.morph(f"head-{form}")
        return moved


@dataclass(frozen=True)
class MakeHumanIdentity:
    """See ``types.Identity``."""

    owner: MakeHumanRig
    seed: int
    appearance: Appearance
    neutral: Float32
    rig: RigName = "mh"

    @cached_property
    def style(self) -> mapping.Style:
        """How this face moves."""
        return mapping.style(self.seed)

    def vertices(self, activation: Activation) -> Float32:
        """Pose the face; see ``types.Identity``."""
        base = self.neutral.copy()
        for name, weight in mapping.mh_shapes(activation, self.style).items():
            base += weight * self.owner.shapes[name]
        return self.owner.dressed(base)

    def lip_gap_cm(self, vertices: Float32) -> float:
        """Opening of the lips beyond the neutral face's."""
        top, bottom = (int(self.owner.surface.landmarks[name][0]) for name in ("lip_top", "lip_bottom"))
        return mapping.lip_gap_cm(vertices[top], vertices[bottom], self.neutral[top], self.neutral[bottom])

    def labels(self, activation: Activation, vertices: Float32) -> Labels:
        """Intensities of the 44 AUs; see ``mapping.labels``."""
        return mapping.labels(activation, self.lip_gap_cm(vertices))
