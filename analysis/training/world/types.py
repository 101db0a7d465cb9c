"""What the rigs (``makehuman.py``, ``ict.py``) give and the pictures (``render.py``, ``generate.py``) take.

Coordinates are centimetres: x to the subject's left, y up, z out of the face towards the camera. The origin lies
inside the head, where it turns; the eyes' middle is about (0, 3.7, 9). Sides are the subject's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]
Int32 = NDArray[np.int32]
UInt8 = NDArray[np.uint8]
RigName = Literal["mh", "ict"]
Sex = Literal["female", "male"]
Colour = tuple[float, float, float]

#: Code (``"1"``…``"46"``; gaze ``"61"``…``"66"``) to (subject's left, right), each 0–1. What acts on the whole
#: face holds one value twice; 30 is (jaw to the left, jaw to the right). A missing code is at rest.
Activation = Mapping[str, tuple[float, float]]
#: Code to (left, right) intensity, 0–5, for each of the 44 Action Units.
Labels = dict[str, tuple[float, float]]


class Material(IntEnum):
    """What a triangle is made of."""

    FACE = 0
    HEAD = 1
    TONGUE = 2
    TEETH = 3
    SCLERA = 4
    IRIS = 5
    LASHES = 6
    SOCKET = 7
    OTHER = 8


@dataclass(frozen=True)
class Surface:
    """A rig's mesh, the same for all of its identities.

    Attributes
    ----------
    triangles : (T, 3) int32
        Vertex indices, counter-clockwise seen from outside.
    uv_triangles : (T, 3) int32
        Indices into `uv`.
    uv : (U, 2) float32
        Texture coordinates, v upwards. Face skin, head, and eyes each fill 0–1 of a texture of their own (in the
        ICT rig the eye texture holds the sclera left of u = 0.5 and the iris right of it).
    material : (T,) int32
        `Material` of each triangle.
    rest : (V, 3) float32
        The average face with closed lips, centimetres.
    landmarks : mapping of str to (n,) int32
        Vertex indices, n ≥ 1. Lines: ``brow_L``/``brow_R`` (nose to temple), ``lips_outer``, ``lips_inner``,
        ``eye_L``/``eye_R`` (rings), ``jaw`` (subject's right ear to left ear). Points (n = 1): ``nose_tip``,
        ``nose_root``, ``subnasale``, ``nostril_L``/``nostril_R`` (the opening), ``wing_L``/``wing_R``, ``chin``,
        ``cheek_L``/``cheek_R``, ``mouth_L``/``mouth_R`` (corners), ``lip_top``, ``lip_bottom`` (inner edges).
    lips : (V,) float32
        How much of a vertex is red lip, 0–1.
    eye_picture : (H, W, 4) uint8 or None
        RGBA picture of an eyeball for `Material.SCLERA` of the MakeHuman rig; None where the eyes are painted.
    """

    triangles: Int32
    uv_triangles: Int32
    uv: Float32
    material: Int32
    rest: Float32
    landmarks: Mapping[str, Int32]
    lips: Float32
    eye_picture: UInt8 | None = None

    def point(self, name: str) -> Float32:
        """Mean rest position of landmark `name`, (3,) centimetres."""
        mean: Float32 = self.rest[self.landmarks[name]].mean(axis=0)
        return mean


@dataclass(frozen=True)
class Appearance:
    """What an identity looks like besides its shape, drawn from its seed.

    Attributes
    ----------
    cohort : str
        MakeHuman: ``african``, ``asian``, ``caucasian`` or ``mixed``; ICT: the skin tone.
    sex : str or None
        None where the rig does not say (ICT).
    age : float
        0 (young adult) to 1 (old).
    tone : str
        Fitzpatrick-like skin tone, ``I`` to ``VI``.
    hair, eyes : tuple of float
        Colours of hair and iris, sRGB 0–1.
    beard, makeup : float
        Strength, 0–1; 0 is none.
    cropped : bool
        Hair is cut to the skin, so that the painted scalp is all there is of it.
    """

    cohort: str
    sex: Sex | None
    age: float
    tone: str
    hair: Colour
    eyes: Colour
    beard: float
    makeup: float
    cropped: bool


class Identity(Protocol):
    """One face of a rig."""

    @property
    def seed(self) -> int:
        """What the identity was drawn from."""

    @property
    def rig(self) -> RigName:
        """The rig that it belongs to."""

    @property
    def appearance(self) -> Appearance:
        """Colours, age and cohort."""

    def vertices(self, activation: Activation) -> Float32:
        """Pose the face: (V, 3) centimetres, with the identity's own way of moving and gaze codes 61–66 included.

        In the MakeHuman rig the first vertices are those of the program's base mesh, so clothing (hair) fits them.
        """

    def lip_gap_cm(self, vertices: Float32) -> float:
        """Opening between the inner lip edges beyond the neutral face's, centimetres, ≥ 0."""

    def labels(self, activation: Activation, vertices: Float32) -> Labels:
        """Intensities of all 44 Action Units for posed `vertices`; see ``mapping.labels``."""


class Rig(Protocol):
    """A face that can be posed."""

    @property
    def name(self) -> RigName:
        """``mh`` (MakeHuman with FACSHuman) or ``ict`` (ICT-FaceKit)."""

    @property
    def surface(self) -> Surface:
        """Its mesh."""

    @property
    def codes(self) -> frozenset[str]:
        """Action Units that it can show."""

    def identity(self, seed: int, cohort: str | None = None) -> Identity:
        """Draw the identity of `seed`; `cohort` fixes the cohort (ICT: the skin tone)."""
