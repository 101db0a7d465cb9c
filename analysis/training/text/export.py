"""Writes the net as ONNX: weights and word vectors in 8 bits, products in integers, the rest in floats."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from analysis.models.onnx_graph import IR_VERSION
from analysis.training.text.net import Layer, TextNet

OPSET: Final = 17  # the first with LayerNormalization
_LARGEST: Final = 63
"""Of a weight's integer: with 7 bits sums do not saturate on processors without VNNI, so that all give the same
(onnxruntime's documentation of quantisation, "reduce range")."""


class _Graph:
    def __init__(self, *, integers: bool) -> None:
        self.integers = integers
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, values: Any, kind: Any = np.float32) -> str:
        name = f"w{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(values, kind, order="C"), name))
        return name

    def add(self, kind: str, *inputs: str, output: str | None = None, **attributes: Any) -> str:
        output = output or f"x{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def linear(self, weight: Array, bias: Array, value: str, output: str | None = None) -> str:
        """``value`` times the transposed weight (out, in) plus bias, in integers where the graph is so."""
        if not self.integers:
            product = self.add("MatMul", value, self.constant(weight.T))
            return self.add("Add", product, self.constant(bias), output=output)
        quantised, step = in_bits(weight, _LARGEST)
        level, scale, zero = (f"x{len(self.nodes)}{part}" for part in ("level", "scale", "zero"))
        self.nodes.append(helper.make_node("DynamicQuantizeLinear", [value], [level, scale, zero]))
        product = self.add("MatMulInteger", level, self.constant(quantised.T, np.int8), zero)
        product = self.add("Cast", product, to=TensorProto.FLOAT)
        product = self.add("Mul", product, self.add("Mul", scale, self.constant(step)))
        return self.add("Add", product, self.constant(bias), output=output)

    def norm(self, layer: nn.LayerNorm, value: str) -> str:
        weight, bias = self.constant(_array(layer.weight)), self.constant(_array(layer.bias))
        return self.add("LayerNormalization", value, weight, bias, axis=-1, epsilon=layer.eps)

    def rows(self, table: Array, index: str) -> str:
        """Rows of a table that is kept in 8 bits with one scale a row."""
        if not self.integers:
            return self.add("Gather", self.constant(table), index)
        quantised, step = in_bits(table, 127)
        found = self.add("Gather", self.constant(quantised, np.int8), index)
        scale = self.add("Gather", self.constant(step[:, None]), index)
        return self.add("Mul", self.add("Cast", found, to=TensorProto.FLOAT), scale)


Array = NDArray[np.float32]


def in_bits(weight: Array, largest: int) -> tuple[NDArray[np.int8], Array]:
    """Integers of at most ``largest`` and each row's step, so that ``integers * step`` is nearly the weight."""
    step = np.maximum(np.abs(weight).max(1), 1e-12) / largest
    return np.round(weight / step[:, None]).astype(np.int8), step.astype(np.float32)


def _array(tensor: Tensor) -> Array:
    return np.asarray(tensor.detach().cpu().numpy(), np.float32)


def _layer(graph: _Graph, layer: Layer, value: str) -> str:
    parts = (layer.query, layer.key, layer.value)
    width = layer.query.out_features
    size = width // layer.heads
    weight = np.concatenate([_array(part.weight) for part in parts])
    bias = np.concatenate([_array(part.bias) for part in parts])
    weight[:width] *= size**-0.5  # the scale of the scores, once for all
    bias[:width] *= size**-0.5
    joint = graph.linear(weight, bias, value)
    joint = graph.add("Reshape", joint, graph.constant([-1, 3, layer.heads, size], np.int64))
    joint = graph.add("Transpose", joint, perm=[1, 2, 0, 3])
    query, key, kept = (
        graph.add("Gather", joint, graph.constant(number, np.int64), axis=0) for number in range(3)
    )
    scores = graph.add("MatMul", query, graph.add("Transpose", key, perm=[0, 2, 1]))
    mixed = graph.add("MatMul", graph.add("Softmax", scores, axis=-1), kept)
    mixed = graph.add("Transpose", mixed, perm=[1, 0, 2])
    mixed = graph.add("Reshape", mixed, graph.constant([-1, width], np.int64))
    mixed = graph.linear(_array(layer.mix.weight), _array(layer.mix.bias), mixed)
    value = graph.norm(layer.mix_norm, graph.add("Add", value, mixed))
    inner = graph.linear(_array(layer.up.weight), _array(layer.up.bias), value)
    curve = graph.add("Erf", graph.add("Div", inner, graph.constant(np.sqrt(2))))
    inner = graph.add(
        "Mul", graph.add("Mul", inner, graph.add("Add", curve, graph.constant(1))), graph.constant(0.5)
    )
    inner = graph.linear(_array(layer.down.weight), _array(layer.down.bias), inner)
    return graph.norm(layer.down_norm, graph.add("Add", value, inner))


def net_file(net: TextNet, most_pieces: int, *, integers: bool = True) -> bytes:
    """ONNX of the net: ``ids`` int64 (length,) of one text → ``logits`` float32 (labels,).

    One text at a time: no padding is computed, and since activations are quantised by their range, a text's scores
    do not depend on which texts it came with.
    """
    graph = _Graph(integers=integers)
    words = graph.rows(_array(net.words.weight), "ids")
    length = graph.add("Shape", "ids")
    places = graph.add(
        "Slice", graph.constant(_array(net.places.weight)[:most_pieces]), graph.constant([0], np.int64), length
    )
    value = graph.norm(net.norm, graph.add("Add", words, places))
    for layer in net.layers:
        assert isinstance(layer, Layer)
        value = _layer(graph, layer, value)
    pooled = graph.add("ReduceMean", value, axes=[0], keepdims=1)
    weight, bias = graph.constant(_array(net.head.weight).T), graph.constant(_array(net.head.bias))
    logits = graph.add("Add", graph.add("MatMul", pooled, weight), bias)
    graph.add("Reshape", logits, graph.constant([-1], np.int64), output="logits")
    made = helper.make_graph(
        graph.nodes,
        "text",
        [helper.make_tensor_value_info("ids", TensorProto.INT64, ["length"])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [net.head.out_features])],
        graph.constants,
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="facsweb")
    model.ir_version = IR_VERSION
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString(deterministic=True))
