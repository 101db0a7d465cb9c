"""What face models the product uses, where they come from, and what is known about how they were made.

Nothing here touches the disk or the network: `store` finds the files, `installer` makes them.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from analysis.types import ModelError

CONVERTER_VERSION: Final = 3
"""Raised whenever the conversion gives other bytes; it is the last part of every model's version."""

WHEEL_REQUIREMENT: Final = "mediapipe==0.10.21"
WHEEL_FILE: Final = "mediapipe-0.10.21-cp311-cp311-manylinux_2_28_x86_64.whl"
WHEEL_SHA256: Final = "05dc4a9e593655a79558d05d6227d31018c2537a4bd3362b51e230cf22aecfe3"
WHEEL_TAGS: Final = (
    ("--python-version", "3.11"),
    ("--implementation", "cp"),
    ("--abi", "cp311"),
    ("--platform", "manylinux_2_28_x86_64"),
)
"""One fixed wheel whatever this machine is: only the model files inside are used, never the code."""


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """One model file.

    Attributes
    ----------
    id, version : str
        Stable name; version of the source wheel followed by the version of our conversion.
    sha256 : str
        Hash of the finished ONNX file (the conversion is deterministic).
    member, member_sha256 : str
        Path of the TFLite file inside the wheel, and its hash.
    byte_input : bool
        The ONNX file takes a picture's bytes; otherwise float32, −1…1.
    licence, provenance, trained_on, intended_for : str
        Sentences for a person; "not published" where the makers say nothing.
    """

    id: str
    version: str
    sha256: str
    member: str
    member_sha256: str
    byte_input: bool
    licence: str
    provenance: str
    trained_on: str
    intended_for: str

    @property
    def file_name(self) -> str:
        """Versioned, so that two versions of the product can share one cache folder."""
        return f"{self.id}-{self.version}.onnx"


_VERSION = f"0.10.21.{CONVERTER_VERSION}"
_PROVENANCE = (
    "Google MediaPipe; TFLite member {member} of the official wheel {wheel}, converted to ONNX by this project"
)


def _spec(id_: str, sha256: str, member: str, member_sha256: str, trained_on: str, intended: str) -> ModelSpec:
    return ModelSpec(
        id=id_,
        version=_VERSION,
        sha256=sha256,
        member=member,
        member_sha256=member_sha256,
        byte_input=id_ == MESH,
        licence="Apache-2.0",
        provenance=_PROVENANCE.format(member=member, wheel=WHEEL_FILE),
        trained_on=trained_on,
        intended_for=intended,
    )


DETECTOR_SHORT: Final = "face-detector-short-range"
DETECTOR_FULL: Final = "face-detector-full-range"
MESH: Final = "face-mesh-attention"
REGION_MAPS: Final = "region_maps"
"""Output of the mesh: what it sees of lips, left-hand and right-hand eye, (N, 96, 16, 16), 32 channels each."""
CROP_MAP: Final = "crop_map"
"""Output of the mesh: what it sees of its whole crop, (N, 32, 24, 24)."""

_MODELS = (
    _spec(
        DETECTOR_SHORT,
        "9d0df7778297d3a95202be98e187ff6709f1173681e97d55e92ba5e50a4c3079",
        "mediapipe/modules/face_detection/face_detection_short_range.tflite",
        "bbff11cebd1eb27a1e004cae0b0e63ec8c551cbf34a4451148b4908b8db3eca8",
        "66,000 images, evaluated on 2,000 images from geographically diverse places "
        "(Bazarevsky et al. 2019, BlazeFace, arXiv:1907.05047); the images themselves are not published",
        "Faces in pictures from a phone's front camera, up to about 2 m away",
    ),
    _spec(
        DETECTOR_FULL,
        "89aee89f5a2bf60ae9786de18c6fe44c3bbea5f6f097b77171864228470ba555",
        "mediapipe/modules/face_detection/face_detection_full_range_sparse.tflite",
        "2c3728e6da56f21e21a320433396fb06d40d9088f2247c05e5635a688d45dfe1",
        "Not published for this model (the BlazeFace paper, arXiv:1907.05047, describes its predecessor)",
        "Faces in pictures from a phone's back camera, up to about 5 m away",
    ),
    _spec(
        MESH,
        "1b9cb10f5f7d21b40b402991ceea90dcafd9e5016c432216b5a8a040691f08a1",
        "mediapipe/modules/face_landmark/face_landmark_with_attention.tflite",
        "e06a804e0144f9929eda782122916b35d60c697c3c9344013ca2bbe76a6ce2b4",
        "30,000 photographs from mobile cameras, hand-annotated in two dimensions, depth from a synthetic model "
        "(Grishchenko et al. 2020, Attention Mesh, arXiv:2006.10962); the photographs are not published",
        "478 points of one face in a square crop, irises included",
    ),
)

MODELS: Final = MappingProxyType({spec.id: spec for spec in _MODELS})


def spec(model_id: str) -> ModelSpec:
    """Return the registered model of that id.

    Raises
    ------
    ModelError
        No such model.
    """
    try:
        return MODELS[model_id]
    except KeyError:
        known = ", ".join(MODELS)
        raise ModelError(f"There is no face model called {model_id!r}. Known models: {known}.") from None
