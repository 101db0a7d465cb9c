"""Reads a TFLite file into tensors, constants and operators; sparse and half-precision weights become dense."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import tflite
from numpy.typing import NDArray

from analysis.types import ModelError

Array = NDArray[Any]

_DTYPES = {
    tflite.TensorType.FLOAT32: np.float32,
    tflite.TensorType.FLOAT16: np.float16,
    tflite.TensorType.INT32: np.int32,
    tflite.TensorType.UINT8: np.uint8,
}
_OPERATOR_NAMES = {value: name for name, value in vars(tflite.BuiltinOperator).items() if isinstance(value, int)}
_INDEX_VECTORS = {1: tflite.Int32Vector, 2: tflite.Uint16Vector, 3: tflite.Uint8Vector}


@dataclass(frozen=True, slots=True)
class Operator:
    """One TFLite operator: its name (custom operators as ``Name_v2``), tensor numbers, and raw options."""

    name: str
    inputs: list[int]
    outputs: list[int]
    raw: Any

    def options(self, table: type[Any]) -> Any:
        """Return the builtin options read as ``table`` (a class of the tflite package)."""
        options, found = table(), self.raw.BuiltinOptions()
        options.Init(found.Bytes, found.Pos)
        return options

    def custom_options(self) -> bytes:
        return bytes(self.raw.CustomOptionsAsNumpy().tobytes())


@dataclass(slots=True)
class TfliteGraph:
    """The first subgraph of a TFLite model.

    Attributes
    ----------
    shapes : dict of int to list of int
        Static shape of every tensor, batch first.
    constants : dict of int to array
        Dense arrays of the tensors that hold data; ``convert`` adds what it can compute ahead.
    """

    inputs: list[int]
    outputs: list[int]
    names: dict[int, str]
    shapes: dict[int, list[int]]
    operators: list[Operator]
    constants: dict[int, Array] = field(default_factory=dict)


def read(data: bytes) -> TfliteGraph:
    """Parse a TFLite flatbuffer.

    Raises
    ------
    ModelError
        A tensor has an element type that the face models do not use.
    """
    model = tflite.Model.GetRootAsModel(data, 0)
    subgraph = model.Subgraphs(0)
    graph = TfliteGraph(
        inputs=subgraph.InputsAsNumpy().tolist(),
        outputs=subgraph.OutputsAsNumpy().tolist(),
        names={},
        shapes={},
        operators=list(_operators(model, subgraph)),
    )
    for number in range(subgraph.TensorsLength()):
        tensor = subgraph.Tensors(number)
        graph.names[number] = tensor.Name().decode()
        graph.shapes[number] = tensor.ShapeAsNumpy().tolist() if tensor.ShapeLength() else []
        buffer = model.Buffers(tensor.Buffer())
        if buffer.DataLength():
            graph.constants[number] = _constant(tensor, buffer, graph.shapes[number])
    return graph


def _operators(model: Any, subgraph: Any) -> Iterator[Operator]:
    for number in range(subgraph.OperatorsLength()):
        raw = subgraph.Operators(number)
        code = model.OperatorCodes(raw.OpcodeIndex())
        # Old files keep the operator in the deprecated 8-bit field; the larger of the two is the real one.
        name = _OPERATOR_NAMES[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())]
        if name == "CUSTOM":
            name = f"{code.CustomCode().decode()}_v{code.Version()}"
        yield Operator(name, raw.InputsAsNumpy().tolist(), raw.OutputsAsNumpy().tolist(), raw)


def _constant(tensor: Any, buffer: Any, shape: list[int]) -> Array:
    dtype = _DTYPES.get(tensor.Type())
    if dtype is None:
        raise ModelError(f"The TFLite file holds a tensor of element type {tensor.Type()}, which is not expected.")
    values = np.frombuffer(buffer.DataAsNumpy().tobytes(), dtype)
    return values.reshape(shape) if tensor.Sparsity() is None else _densify(tensor.Sparsity(), shape, values)


@dataclass(frozen=True, slots=True)
class _Level:
    """One level of a sparse tensor's storage tree: dense (``size``) or compressed (``segments``, ``indices``)."""

    size: int
    segments: NDArray[np.int64] | None = None
    indices: NDArray[np.int64] | None = None

    def children(self, parent: int) -> Iterator[tuple[int, int]]:
        """Yield (coordinate, position in storage) of every stored child of the node ``parent``."""
        if self.segments is None or self.indices is None:
            yield from ((i, parent * self.size + i) for i in range(self.size))
        else:
            span = range(int(self.segments[parent]), int(self.segments[parent + 1]))
            yield from ((int(self.indices[p]), p) for p in span)


def _densify(sparsity: Any, shape: list[int], values: Array) -> Array:
    """Expand TFLite's sparse storage (any traversal order, blocked or not) into a dense array.

    The format is TACO's: a tree with one level a dimension in traversal order, then one level a block dimension.
    """
    levels = [_level(sparsity.DimMetadata(i)) for i in range(sparsity.DimMetadataLength())]
    order = sparsity.TraversalOrderAsNumpy().tolist()
    blocked_axes = sparsity.BlockMapAsNumpy().tolist() if sparsity.BlockMapLength() else []
    rank = len(shape)
    block = dict.fromkeys(range(rank), 1)
    for number, axis in enumerate(blocked_axes):
        block[axis] = levels[rank + number].size
    dense = np.zeros(shape, values.dtype)
    for coordinates, position in _leaves(levels, 0, 0):
        index = [0] * rank
        for level, axis in enumerate(order):
            if level < rank:
                index[axis] += coordinates[level] * block[axis]
            else:
                index[blocked_axes[axis - rank]] += coordinates[level]
        dense[tuple(index)] = values[position]
    return dense


def _leaves(levels: list[_Level], depth: int, parent: int) -> Iterator[tuple[tuple[int, ...], int]]:
    if depth == len(levels):
        yield (), parent
        return
    for coordinate, position in levels[depth].children(parent):
        for rest, leaf in _leaves(levels, depth + 1, position):
            yield tuple(itertools.chain((coordinate,), rest)), leaf


def _level(metadata: Any) -> _Level:
    if metadata.Format() == tflite.DimensionType.DENSE:
        return _Level(size=metadata.DenseSize())
    segments = _vector(metadata.ArraySegments(), metadata.ArraySegmentsType())
    indices = _vector(metadata.ArrayIndices(), metadata.ArrayIndicesType())
    return _Level(size=0, segments=segments, indices=indices)


def _vector(table: Any, kind: int) -> NDArray[np.int64]:
    vector = _INDEX_VECTORS[kind]()
    vector.Init(table.Bytes, table.Pos)
    values: NDArray[np.int64] = vector.ValuesAsNumpy().astype(np.int64)
    return values
