"""Collects ONNX nodes and constants while a graph is written; gives the same bytes for the same input."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from numpy.typing import ArrayLike
from onnx import TensorProto, helper, numpy_helper

OPSET = 20
"""The first with ``GridSample`` mode ``linear`` and an onnxruntime kernel for it."""

IR_VERSION = 9
"""What goes with opset 20; newer ones are refused by older runtimes for no gain."""


class OnnxGraph:
    """An ONNX graph under construction."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []
        self._names = 0

    def new_name(self) -> str:
        self._names += 1
        return f"x{self._names}"

    def constant(self, values: ArrayLike, dtype: type[np.generic] = np.float32) -> str:
        """Store an array of the given element type, return its name."""
        name = self.new_name()
        # asarray keeps scalars zero-dimensional, ascontiguousarray would not.
        array = np.asarray(values, dtype, order="C")
        self.initializers.append(numpy_helper.from_array(array, name))
        return name

    def ints(self, *values: int) -> str:
        return self.constant(values, np.int64)

    def add(self, operator: str, *inputs: str, output: str | None = None, **attributes: Any) -> str:
        """Append a node, return the name of its only output."""
        output = output or self.new_name()
        self.nodes.append(helper.make_node(operator, list(inputs), [output], **attributes))
        return output

    def slice(self, value: str, axis: int, start: int, stop: int, output: str | None = None) -> str:
        bounds = (self.ints(start), self.ints(stop), self.ints(axis))
        return self.add("Slice", value, *bounds, output=output)

    def model(
        self, inputs: list[tuple[str, list[int]]], outputs: list[tuple[str, list[int]]], input_type: int
    ) -> onnx.ModelProto:
        """Return the checked model; ``inputs`` and ``outputs`` are names with shapes without the batch."""

        def described(names: list[tuple[str, list[int]]], kind: int) -> list[onnx.ValueInfoProto]:
            return [helper.make_tensor_value_info(name, kind, ["N", *shape]) for name, shape in names]

        used = {name for node in self.nodes for name in node.input}
        initializers = [tensor for tensor in self.initializers if tensor.name in used]
        graph = helper.make_graph(
            self.nodes, "face", described(inputs, input_type), described(outputs, TensorProto.FLOAT), initializers
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="facsweb")
        model.ir_version = IR_VERSION
        onnx.checker.check_model(model, full_check=True)
        return model
