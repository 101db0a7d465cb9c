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
from onnx import TensorProto

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
    points = out.add("Transpose", out.slice(landmarks, 2, 0, 2), perm=[0, 2, 1])
    ends = [given["left_rotation_idx"], given["right_rotation_idx"]]
    line = out.add("MatMul", out.add("Gather", points, out.ints(*ends), axis=2), out.constant([[-1], [1]]))
    unit = out.add("Div", line, out.add("ReduceL2", line, out.ints(1), keepdims=1))

    def rotation(*rows: tuple[int, int]) -> str:
        """A 2×2 matrix whose entries are multiples of cosine and sine, one row of factors for each entry."""
        return out.add("Reshape", out.add("MatMul", out.constant(rows), unit), out.ints(-1, 2, 2))

    upright = rotation((1, 0), (0, 1), (0, -1), (1, 0))  # turns the line level
    turned = rotation((1, 0), (0, -1), (0, 1), (1, 0))  # turns it back
    subset = out.add("Gather", points, out.ints(*given["subset_idxs"]), axis=2)
    level = out.add("MatMul", upright, subset)
    high = out.add("ReduceMax", level, out.ints(2), keepdims=1)
    low = out.add("ReduceMin", level, out.ints(2), keepdims=1)

    # Before turning back: scale a pixel of the region to (high − low) · enlargement / size, and put the region's
    # middle on (high + low) / 2. Both are linear in high and low, so the matrix is a sum of two constant ones.
    x, y = given["scale_x"], given["scale_y"]
    per_x, per_y = x / given["output_width"], y / given["output_height"]
    from_high = out.constant([[per_x, 0, 0, 0.5 - x / 2], [0, per_y, 0, 0.5 - y / 2]])
    from_low = out.constant([[-per_x, 0, 0, 0.5 + x / 2], [0, -per_y, 0, 0.5 + y / 2]])
    straight = out.add("Add", out.add("Mul", high, from_high), out.add("Mul", low, from_low))
    out.add("Pad", out.add("MatMul", turned, straight), out.ints(0, 0, 0, 0, 2, 0), output=target)


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
    # MediaPipe gives zero as soon as one of the four neighbours is missing, GridSample would fade out: such places
    # are sent far outside.
    missing = out.add("Greater", out.add("Abs", grid), out.constant(1 - 1 / size))
    missing = out.add("ReduceMax", out.add("Cast", missing, to=TensorProto.FLOAT), out.ints(1), keepdims=1)
    grid = out.add("Add", grid, out.add("Mul", missing, out.constant(1e3)))
    grid = out.add("Reshape", out.add("Transpose", grid, perm=[0, 2, 1]), out.ints(-1, rows, columns, 2))
    out.add("GridSample", picture, grid, output=target, mode="linear", padding_mode="zeros", align_corners=0)


def transform_landmarks(out: OnnxGraph, landmarks: str, transform: str, target: str) -> None:
    """Write (N, P, 2) points of a region mapped by (N, 4, 4) to the crop's pixels."""
    rows = out.slice(transform, 1, 0, 2)
    linear = out.add("Transpose", out.slice(rows, 2, 0, 2), perm=[0, 2, 1])
    shift = out.add("Transpose", out.slice(rows, 2, 3, 4), perm=[0, 2, 1])
    out.add("Add", out.add("MatMul", landmarks, linear), shift, output=target)
