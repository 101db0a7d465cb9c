"""Writes fitted nets as ONNX: convolutions and matrices, batch norms folded in, weights in half precision."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from analysis.models.onnx_graph import IR_VERSION, OPSET
from analysis.training.scorer.nets import Encoder, Head, Heads, Sight

#: Answers beyond this many log units would overflow when they are raised to a power.
_DOUBT: Final = (-6.0, 3.0)


class _Graph:
    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, values: NDArray[np.generic]) -> str:
        """Store weights in half precision; the runtime widens them once, when it loads the file."""
        name = f"w{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(values.astype(np.float16), name))
        return self.add("Cast", name, to=TensorProto.FLOAT)

    def scalar(self, value: float) -> str:
        name = f"w{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.array(value, np.float32), name))
        return name

    def add(self, kind: str, *inputs: str, output: str | None = None, **attributes: Any) -> str:
        output = output or f"x{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def linear(self, layer: nn.Linear, value: str, output: str | None = None) -> str:
        weight, bias = self.constant(_array(layer.weight)), self.constant(_array(layer.bias))
        return self.add("Gemm", value, weight, bias, transB=1, output=output)

    def block(self, block: nn.Sequential, value: str) -> str:
        """Convolution, batch norm, ReLU."""
        convolution, norm = block[0], block[1]
        assert isinstance(convolution, nn.Conv2d)
        assert isinstance(norm, nn.BatchNorm2d)
        assert norm.running_mean is not None
        assert norm.running_var is not None
        gain = _array(norm.weight) / np.sqrt(_array(norm.running_var) + norm.eps)
        weight = self.constant(_array(convolution.weight) * gain[:, None, None, None])
        bias = self.constant(_array(norm.bias) - _array(norm.running_mean) * gain)
        stride = convolution.stride[0]
        value = self.add(
            "Conv", value, weight, bias, kernel_shape=[3, 3], pads=[1, 1, 1, 1], strides=[stride, stride],
            group=convolution.groups,
        )  # fmt: skip
        return self.add("Relu", value)

    def branch(self, layers: nn.Sequential, value: str) -> str:
        for layer in layers:
            if isinstance(layer, nn.Sequential):
                value = self.block(layer, value)
            elif isinstance(layer, nn.Flatten):
                value = self.add("Flatten", value)
            elif isinstance(layer, nn.Linear):
                value = self.linear(layer, value)
            elif isinstance(layer, nn.ReLU):
                value = self.add("Relu", value)
            elif not isinstance(layer, nn.Dropout | nn.Dropout2d):
                raise TypeError(f"no ONNX form of {type(layer).__name__}")
        return value

    def finished(self, inputs: dict[str, list[int]], output: str, size: int) -> bytes:
        described = [
            helper.make_tensor_value_info(n, TensorProto.FLOAT, ["N", *shape]) for n, shape in inputs.items()
        ]
        answered = helper.make_tensor_value_info(output, TensorProto.FLOAT, ["N", size])
        graph = helper.make_graph(self.nodes, "scorer", described, [answered], self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="facsweb")
        model.ir_version = IR_VERSION
        onnx.checker.check_model(model, full_check=True)
        return bytes(model.SerializeToString(deterministic=True))


def _array(tensor: Tensor) -> NDArray[np.float32]:
    found: NDArray[np.float32] = tensor.detach().cpu().numpy().astype(np.float32)
    return found


def encoder_file(encoder: Encoder, size: int) -> bytes:
    """ONNX of the encoder: ``region_maps``, ``crop_map`` → ``code`` (N, size)."""
    graph = _Graph()
    regions = graph.add("Div", "region_maps", graph.scalar(encoder.region_scale))
    crop = graph.add("Div", "crop_map", graph.scalar(encoder.crop_scale))
    parts = (graph.branch(encoder.regions, regions), graph.branch(encoder.crop, crop))
    graph.add("Concat", *parts, output="code", axis=1)
    return graph.finished({"region_maps": [96, 16, 16], "crop_map": [32, 24, 24]}, "code", size)


def head_file(heads: Heads, inputs: int) -> bytes:
    """ONNX of heads: ``difference`` (N, inputs) → ``answer`` (N, 2 × targets): intensities, expected errors."""
    graph = _Graph()
    answers, doubts = [], []
    for head in heads.heads:
        assert isinstance(head, Head)
        hidden = graph.branch(head.body, "difference")
        answers.append(graph.linear(head.answer, hidden))
        doubts.append(graph.linear(head.doubt, hidden))
    doubt = graph.add("Clip", graph.add("Mean", *doubts), graph.scalar(_DOUBT[0]), graph.scalar(_DOUBT[1]))
    graph.add("Concat", graph.add("Mean", *answers), graph.add("Exp", doubt), output="answer", axis=1)
    return graph.finished({"difference": [inputs]}, "answer", 2 * heads.targets)


def sight_file(sight: Sight, parts: int) -> bytes:
    """ONNX of the visibility net: ``crop_map`` → ``visible`` (N, parts), shares 0–1."""
    graph = _Graph()
    seen = graph.branch(sight.crop, graph.add("Div", "crop_map", graph.scalar(sight.crop_scale)))
    graph.add("Sigmoid", seen, output="visible")
    return graph.finished({"crop_map": [32, 24, 24]}, "visible", parts)
