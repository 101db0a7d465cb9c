"""Compares converted models with stored outputs of the makers' own runtimes.

The references in ``parity_vectors/`` were made by `analysis.training.parity_vectors`. Every model sees a face and
a picture of noise, both in one batch, so that the batch axis is exercised too.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.models import registry
from analysis.types import Float32, ModelError, Rgb

FOLDER: Final = Path(__file__).parent / "parity_vectors"

MESH_OUTPUTS: Final = (
    "output_mesh_identity",
    "output_lips",
    "output_left_eye",
    "output_right_eye",
    "output_left_iris",
    "output_right_iris",
    "conv_faceflag",
)
"""The attention mesh's outputs in the order of the TFLite file."""

TOLERANCE: Final = {registry.DETECTOR_SHORT: 5e-4, registry.DETECTOR_FULL: 5e-4, registry.MESH: 1e-3}
"""Largest accepted difference, in the outputs' own unit: pixels of the net's input, or logits."""

_STEP: Final = 7


def pictures(model_id: str) -> dict[str, Rgb]:
    """Return the test pictures, each (size, size, 3), at the model's input size."""
    import cv2

    bgr = cv2.imread(str(FOLDER / "face.png"))
    if bgr is None:
        raise ModelError(
            f"The reference picture {FOLDER / 'face.png'} is missing; restore it from the repository."
        )
    face = np.ascontiguousarray(bgr[..., ::-1]).astype(np.uint8)
    if model_id == registry.DETECTOR_SHORT:
        face = np.ascontiguousarray(face[24:152, 24:152])
    return {"face": face, "noise": noise(face.shape)}


def noise(shape: tuple[int, ...]) -> Rgb:
    """Return uniform 8-bit noise by integer arithmetic alone (Wang's hash), the same on every machine."""
    x = np.arange(np.prod(shape), dtype=np.uint32)
    x = (x ^ np.uint32(61)) ^ (x >> np.uint32(16))
    x = x * np.uint32(9)
    x = (x ^ (x >> np.uint32(4))) * np.uint32(0x27D4EB2D)
    return ((x ^ (x >> np.uint32(15))) & np.uint32(255)).astype(np.uint8).reshape(shape)


def sample(values: Float32) -> Float32:
    """Keep a seventh of a detector's many anchors, everything of the mesh."""
    return values[::_STEP] if values.ndim == 2 else values.reshape(-1)


def differences(model_id: str, onnx_file: bytes) -> dict[str, float]:
    """Run a model on the test pictures.

    Returns
    -------
    dict of str to float
        Largest absolute difference from the reference by ``case/output``.

    Raises
    ------
    ModelError
        The model has other outputs than the reference.
    """
    from analysis.models.runtime import session_from

    stacked = np.stack(list(pictures(model_id).values()))
    batch = stacked if registry.spec(model_id).byte_input else stacked * np.float32(2 / 255) - 1
    session = session_from(onnx_file)
    outputs: list[NDArray[np.float32]] = session.run(None, {session.get_inputs()[0].name: batch})
    found = {output.name: values for output, values in zip(session.get_outputs(), outputs, strict=True)}
    result: dict[str, float] = {}
    with np.load(FOLDER / f"{model_id}.npz") as reference:
        for key in reference.files:
            case, name = key.split("/")
            if name not in found:
                raise ModelError(f"The converted model {model_id} lacks the output {name}.")
            values = sample(found[name][("face", "noise").index(case)])
            result[key] = float(np.abs(values - reference[key]).max())
    return result


def check(model_id: str, onnx_file: bytes) -> float:
    """Return the largest difference from the reference.

    Raises
    ------
    ModelError
        It exceeds `TOLERANCE`.
    """
    worst = max(differences(model_id, onnx_file).values())
    if not worst <= TOLERANCE[model_id]:
        raise ModelError(
            f"The converted model {model_id} differs from the reference by {worst:.1e} (allowed "
            f"{TOLERANCE[model_id]:.0e}). This machine's onnxruntime computes something else; please report it."
        )
    return worst
