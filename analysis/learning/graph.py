"""Adds corrections to a head's ONNX file: its answers are scaled, and a matrix of its inputs is added."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import onnx
from onnx import helper, numpy_helper

from analysis.learning.refit import Correction
from analysis.scoring.targets import TARGETS
from analysis.types import Float32

_INPUT: Final = "difference"
_OUTPUT: Final = "answer"


def corrected(
    head: bytes, corrections: Mapping[int, Correction], line: Mapping[int, tuple[float, float]]
) -> bytes:
    """A head whose answers for some targets are corrected and calibrated.

    Parameters
    ----------
    head : bytes
        ONNX: ``difference`` (n, inputs) → ``answer`` (n, 2 × targets), intensities and expected errors.
    corrections : mapping of int to Correction
        By target; the others stay as they are.
    line : mapping of int to (float, float)
        Gain and offset that calibrate those targets in the base; they are folded in, so that a corrected target
        needs none.

    Returns
    -------
    bytes
    """
    model = onnx.load_model_from_string(head)
    prefix = f"own{sum(1 for node in model.graph.node if node.op_type == 'Gemm')}_"
    inputs = model.graph.input[0].type.tensor_type.shape.dim[1].dim_value
    gain, offset, weights = _matrices(inputs, corrections, line)
    for node in model.graph.node:
        node.output[:] = [f"{prefix}base" if name == _OUTPUT else name for name in node.output]
    constants = {"gain": gain, "offset": offset, "weights": weights}
    for name, values in constants.items():
        model.graph.initializer.append(numpy_helper.from_array(values, prefix + name))
    names = {name: prefix + name for name in (*constants, "base", "scaled", "linear")}
    model.graph.node.extend(
        [
            helper.make_node("Mul", [names["base"], names["gain"]], [names["scaled"]]),
            helper.make_node("Gemm", [_INPUT, names["weights"], names["offset"]], [names["linear"]]),
            helper.make_node("Add", [names["scaled"], names["linear"]], [_OUTPUT]),
        ]
    )
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString(deterministic=True))


def _matrices(
    inputs: int, corrections: Mapping[int, Correction], line: Mapping[int, tuple[float, float]]
) -> tuple[Float32, Float32, Float32]:
    gain = np.ones((1, 2 * len(TARGETS)), np.float32)
    offset = np.zeros(2 * len(TARGETS), np.float32)
    weights = np.zeros((inputs, 2 * len(TARGETS)), np.float32)
    for target, correction in corrections.items():
        base_gain, base_offset = line[target]
        gain[0, target] = correction.gain * base_gain
        offset[target] = correction.gain * base_offset + correction.offset
        weights[:, target] = correction.weights
        gain[0, len(TARGETS) + target] = abs(base_gain)  # an expected error is an intensity, too
    return gain, offset, weights
