"""MediaPipe's three custom TFLite operators (version 2), batched and written with standard ONNX operators.

The attention mesh first places all points coarsely, then cuts a region out of its own feature map for each eye and
for the lips, and refines the points there. ``Landmarks2TransformMatrix`` finds the affine map from region to
feature map, ``TransformTensorBilinear`` cuts, ``TransformLandmarks`` carries the refined points back.
Behaviour follows mediapipe/util/tflite/operations (Apache-2.0) and is held to its results by the parity vectors.

An affine map is TFLite's (N, 4, 4) matrix, of which only the first two rows and the columns 0, 1 (linear part) and
3 (shift) matter; the rest is zero. The model scales such matrices by constants, so the shape is kept.
"""

from __future__ import annotations

import numpy as np
from flatbuffers import flexbuffers

from analysis.models.onnx_graph import OnnxGraph
from analysis.types import ModelError


def landmarks_to_transform(out: OnnxGraph, landmarks: str, options: bytes, target: str) -> None:
    """Write the map from a region's pixels to the crop's pixels.

    The region is the box, upright to the line between two given landmarks, around a given subset of landmarks,
    enlarged by a given scale.

    Parameters
    ----------
    landmarks : str
        Name of the (N, P, 3) tensor, pixels.
    options : bytes
        The operator's flexbuffer.
    target : str
        Name for the (N, 4, 4) result.
    """
    given = flexbuffers.Loads(bytearray(options))
    if given["target_rotation_radians"] != 0:
        raise ModelError("The TFLite file asks for a rotated region, which is not expected.")
    points = out.slice(landmarks, 2, 0, 2)
    left = out.add("Gather", points, out.ints(given["left_rotation_idx"]), axis=1)
    right = out.add("Gather", points, out.ints(given["right_rotation_idx"]), axis=1)
    line = out.add("Sub", right, left)
    unit = out.add("Div", line, out.add("ReduceL2", line, out.ints(2), keepdims=1))
    cosine, sine = out.slice(unit, 2, 0, 1), out.slice(unit, 2, 1, 2)
    minus_sine = out.add("Neg", sine)

    def matrix(a: str, b: str, c: str, d: str) -> str:
        rows = [out.add("Concat", a, b, axis=2), out.add("Concat", c, d, axis=2)]
        return out.add("Concat", *rows, axis=1)

    # Row vectors: point · upright turns the line level, point · turned turns it back.
    upright = matrix(cosine, minus_sine, sine, cosine)
    turned = matrix(cosine, sine, minus_sine, cosine)
    subset = out.add("Gather", points, out.ints(*given["subset_idxs"]), axis=1)
    level = out.add("MatMul", subset, upright)
    high = out.add("ReduceMax", level, out.ints(1), keepdims=1)
    low = out.add("ReduceMin", level, out.ints(1), keepdims=1)
    middle = out.add("Mul", out.add("Add", high, low), out.constant(0.5))
    centre = out.add("Transpose", out.add("MatMul", middle, turned), perm=[0, 2, 1])

    width, height = given["output_width"], given["output_height"]
    per_pixel = out.constant([given["scale_x"] / width, given["scale_y"] / height])
    scale = out.add("Mul", out.add("Sub", high, low), per_pixel)
    linear = out.add("Mul", matrix(cosine, minus_sine, sine, cosine), scale)
    half = out.constant([[width / 2], [height / 2]])
    shift = out.add("Sub", centre, out.add("MatMul", linear, half))
    rows = out.add("Concat", out.add("Pad", linear, out.ints(0, 0, 0, 0, 0, 1)), shift, axis=2)
    out.add("Pad", rows, out.ints(0, 0, 0, 0, 2, 0), output=target)


def transform_tensor(
    out: OnnxGraph, picture: str, transform: str, before: list[int], after: list[int], target: str
) -> None:
    """Write the bilinear cut of a region out of a feature map; what lies outside the map is zero.

    Parameters
    ----------
    picture : str
        Name of the (N, C, *before) feature map.
    transform : str
        Name of the (N, 4, 4) map from region to feature map.
    before, after : list of int
        Height and width of the feature map and of the region.
    target : str
        Name for the (N, C, *after) result.
    """
    (height, width), (rows, columns) = before, after
    y, x = np.mgrid[0:rows, 0:columns]
    centres = np.stack([x + 0.5, y + 0.5, np.zeros_like(x), np.ones_like(x)]).reshape(4, -1)
    # Positions count from pixel corners here (sample position + 0.5), as GridSample does without align_corners.
    position = out.add("MatMul", out.slice(transform, 1, 0, 2), out.constant(centres))
    size = np.array([[width], [height]], np.float32)
    grid = out.add("Sub", out.add("Mul", position, out.constant(2 / size)), out.constant(1.0))
    grid = out.add("Reshape", out.add("Transpose", grid, perm=[0, 2, 1]), out.ints(-1, rows, columns, 2))
    sampled = out.add("GridSample", picture, grid, mode="linear", padding_mode="zeros", align_corners=0)
    # MediaPipe gives zero as soon as one of the four neighbours is missing; GridSample would fade out.
    inside = out.add(
        "And",
        out.add("GreaterOrEqual", position, out.constant(0.5)),
        out.add("LessOrEqual", position, out.constant(size - np.float32(0.5))),
    )
    inside = out.add("ReduceMin", out.add("Cast", inside, to=1), out.ints(1), keepdims=0)
    out.add("Mul", sampled, out.add("Reshape", inside, out.ints(-1, 1, rows, columns)), output=target)


def transform_landmarks(out: OnnxGraph, landmarks: str, transform: str, target: str) -> None:
    """Write (N, P, 2) points of a region mapped by (N, 4, 4) to the crop's pixels."""
    rows = out.slice(transform, 1, 0, 2)
    linear = out.add("Transpose", out.slice(rows, 2, 0, 2), perm=[0, 2, 1])
    shift = out.add("Transpose", out.slice(rows, 2, 3, 4), perm=[0, 2, 1])
    out.add("Add", out.add("MatMul", landmarks, linear), shift, output=target)
