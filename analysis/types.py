"""Values that travel between the parts of the analysis, validated where they are made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

N_LANDMARKS = 478

Float32 = NDArray[np.float32]
Rgb = NDArray[np.uint8]


class AnalysisError(Exception):
    """Base of everything this package raises on purpose; the message is fit to show a person."""


class MediaError(AnalysisError):
    """The file cannot be read as video; the message says what was found and what to do."""


class ModelError(AnalysisError):
    """A model file is missing, corrupt or cannot be obtained; the message says what to do."""


class Cancelled(AnalysisError):  # noqa: N818 (a state, not a fault)
    """The caller's ``should_stop`` returned true."""


class Hook(Protocol):
    """Receives progress without the analysis knowing who listens.

    ``stage`` is one of ``decode``/``measure``/``interpret``/``proxy``…, ``done`` and ``total`` count frames
    (``total`` is None while unknown), ``still`` is an RGB picture with the mesh drawn in, every few seconds.
    """

    def __call__(self, stage: str, done: int, total: int | None, *, still: Rgb | None = None) -> None: ...


ShouldStop = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class InnerMaps:
    """What the mesh net sees of faces on its way to the points; it was learned on photographs of people.

    Attributes
    ----------
    regions : float32, shape (N, 96, 16, 16) or (96, 16, 16)
        Lips, the eye at the crop's left and at its right, each laid straight, 32 channels each.
    crop : float32, shape (N, 32, 24, 24) or (32, 24, 24)
        The whole crop.
    """

    regions: Float32
    crop: Float32

    def __getitem__(self, number: int) -> InnerMaps:
        return InnerMaps(self.regions[number], self.crop[number])


@dataclass(frozen=True, slots=True)
class Observation:
    """One face in one frame.

    Attributes
    ----------
    track : int
        Number of the track, from 0, in the order of first appearance.
    landmarks : float32, shape (478, 3)
        x and y in pixels of the upright frame (origin top left), z in the same scale, smaller is nearer.
    presence : float
        The mesh model's own face score, 0–1. It says nothing about occlusion.
    maps : InnerMaps, optional
        Of this face alone.
    """

    track: int
    landmarks: Float32
    presence: float
    maps: InnerMaps | None = None

    def __post_init__(self) -> None:
        if self.landmarks.shape != (N_LANDMARKS, 3):
            raise ValueError(f"landmarks: expected shape (478, 3), got {self.landmarks.shape}")
        if not 0.0 <= self.presence <= 1.0:
            raise ValueError(f"presence: expected 0–1, got {self.presence}")
