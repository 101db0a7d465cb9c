"""The ICT-FaceKit rig: 100 identity modes, its expression shapes and our own (``ict_build.py``)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from analysis.facs.codes import ACTION_UNITS
from analysis.training.world import cohorts, mapping
from analysis.training.world.types import Activation, Appearance, Float32, Labels, RigName, Surface

#: Standard deviations that an identity may lie from the average along one mode.
_FURTHEST = 2.2


class IctRig:
    """See ``types.Rig``; `path` is the file that ``ict_build.build`` wrote."""

    name: RigName = "ict"
    codes: frozenset[str] = frozenset(ACTION_UNITS)

    def __init__(self, path: Path) -> None:
        with np.load(path) as file:
            data = {key: file[key] for key in file.files}
        self.modes: Float32 = data["modes"].astype(np.float32)
        shapes = data["shapes"].astype(np.float32)
        self.shapes = dict(zip(map(str, data["shape_names"]), shapes, strict=True))
        self.surface = Surface(
            data["triangles"],
            data["uv_triangles"],
            data["uv"],
            data["material"],
            data["rest"],
            {key[len("landmark_") :]: data[key] for key in data if key.startswith("landmark_")},
            data["lips"],
        )

    def identity(self, seed: int, cohort: str | None = None) -> IctIdentity:
        """Draw the identity of `seed`; `cohort` is a skin tone, ``I``–``VI``.

        Raises
        ------
        ValueError
            There is no such skin tone.
        """
        rng = np.random.default_rng(seed)
        amounts = np.clip(rng.standard_normal(len(self.modes)), -_FURTHEST, _FURTHEST).astype(np.float32)
        neutral = self.surface.rest + np.tensordot(amounts, self.modes, 1)
        return IctIdentity(self, seed, cohorts.ict_appearance(rng, seed, cohort), neutral.astype(np.float32))


@dataclass(frozen=True)
class IctIdentity:
    """See ``types.Identity``."""

    owner: IctRig
    seed: int
    appearance: Appearance
    neutral: Float32
    rig: RigName = "ict"

    @cached_property
    def style(self) -> mapping.Style:
        """How this face moves."""
        return mapping.style(self.seed)

    def vertices(self, activation: Activation) -> Float32:
        """Pose the face; see ``types.Identity``."""
        posed = self.neutral.copy()
        for name, weight in mapping.ict_shapes(activation, self.style).items():
            posed += np.float32(weight) * self.owner.shapes[name]
        return posed

    def lip_gap_cm(self, vertices: Float32) -> float:
        """Opening of the lips beyond the neutral face's."""
        top, bottom = (int(self.owner.surface.landmarks[name][0]) for name in ("lip_top", "lip_bottom"))
        return mapping.lip_gap_cm(vertices[top], vertices[bottom], self.neutral[top], self.neutral[bottom])

    def labels(self, activation: Activation, vertices: Float32) -> Labels:
        """Intensities of the 44 AUs; see ``mapping.labels``."""
        return mapping.labels(activation, self.lip_gap_cm(vertices))
