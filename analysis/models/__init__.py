"""The face models: what they are (`registry`), where they lie (`store`), how they are made (`install`)."""

from analysis.models.installer import install
from analysis.models.registry import DETECTOR_FULL, DETECTOR_SHORT, MESH, MODELS, ModelSpec
from analysis.models.store import models_dir, path, present

__all__ = [
    "DETECTOR_FULL",
    "DETECTOR_SHORT",
    "MESH",
    "MODELS",
    "ModelSpec",
    "install",
    "models_dir",
    "path",
    "present",
]
