"""Reads a TFLite file into tensors, constants and operators; sparse and half-precision weights become dense."""

from __future__ import annotations

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
class Window:
    """Options of a convolution or pooling: rows and columns, TFLite's SAME padding or none, fused activation."""

    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    kernel: tuple[int, int] = (1, 1)
    same: bool = False
    activation: int = tflite.ActivationFunctionType.NONE


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator.

    Attributes
    ----------
    name : str
        TFLite's name; custom operators as ``Name_v2``; `lanes` adds its own.
    inputs, outputs : tuple of int
        Tensor numbers.
    window : Window
        For convolutions, pooling and additions.
    values : tuple
        Whatever else the operator needs, see `convert`.
    """

    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    window: Window = Window()
    values: tuple[Any, ...] = ()


@dataclass(slots=True)
class TfliteGraph:
    """The first subgraph of a TFLite model.

    Attributes
    ----------
    shapes : dict of int to list of int
        Static shape of every tensor, batch first.
    constants : dict of int to array
        Dense arrays of the tensors that hold data.
    """

    inputs: list[int]
    outputs: list[int]
    names: dict[int, str]
    shapes: dict[int, list[int]]
    operators: list[Operator]
    constants: dict[int, Array] = field(default_factory=dict)

    def add_tensor(self, shape: list[int]) -> int:
        """Make a tensor for something that the file does not have, return its number."""
        number = max(self.shapes) + 1
        self.shapes[number] = shape
        return number

    def add_constant(self, values: Array) -> int:
        number = self.add_tensor(list(values.shape))
        self.constants[number] = values
        return number


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
    _fold(graph)
    return graph


def _fold(graph: TfliteGraph) -> None:
    """Compute ahead what only unpacks weights: half to single precision, sparse to dense (done on reading)."""
    kept = []
    for operator in graph.operators:
        if operator.name in ("DEQUANTIZE", "DENSIFY"):
            values = graph.constants[operator.inputs[0]]
            graph.constants[operator.outputs[0]] = (
                values.astype(np.float32) if operator.name == "DEQUANTIZE" else values
            )
        else:
            kept.append(operator)
    graph.operators = kept


def _operators(model: Any, subgraph: Any) -> Iterator[Operator]:
    for number in range(subgraph.OperatorsLength()):
        raw = subgraph.Operators(number)
        code = model.OperatorCodes(raw.OpcodeIndex())
        # Old files keep the operator in the deprecated 8-bit field; the larger of the two is the real one.
        name = _OPERATOR_NAMES[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())]
        if name == "CUSTOM":
            name = f"{code.CustomCode().decode()}_v{code.Version()}"
        inputs, outputs = (tuple(values.tolist()) for values in (raw.InputsAsNumpy(), raw.OutputsAsNumpy()))
        window, values = _options(name, raw)
        yield Operator(name, inputs, outputs, window, values)


def _options(name: str, raw: Any) -> tuple[Window, tuple[Any, ...]]:
    """Read an operator's options into plain values."""

    def table(kind: type[Any]) -> Any:
        options, found = kind(), raw.BuiltinOptions()
        options.Init(found.Bytes, found.Pos)
        return options

    if name in ("CONV_2D", "DEPTHWISE_CONV_2D"):
        found = table(tflite.Conv2DOptions if name == "CONV_2D" else tflite.DepthwiseConv2DOptions)
        if name == "DEPTHWISE_CONV_2D" and found.DepthMultiplier() != 1:
            raise ModelError("The TFLite file uses a depth multiplier, which is not expected.")
        dilation = (found.DilationHFactor(), found.DilationWFactor())
        return _window(found, dilation, (1, 1)), ()
    if name == "MAX_POOL_2D":
        found = table(tflite.Pool2DOptions)
        return _window(found, (1, 1), (found.FilterHeight(), found.FilterWidth())), ()
    if name == "ADD":
        return Window(activation=table(tflite.AddOptions).FusedActivationFunction()), ()
    if name == "RESIZE_BILINEAR":
        found = table(tflite.ResizeBilinearOptions)
        return Window(), (bool(found.AlignCorners()), bool(found.HalfPixelCenters()))
    if name == "DEPTH_TO_SPACE":
        return Window(), (table(tflite.DepthToSpaceOptions).BlockSize(),)
    if name == "CONCATENATION":
        return Window(), (table(tflite.ConcatenationOptions).Axis(),)
    if raw.CustomOptionsLength():
        return Window(), (bytes(raw.CustomOptionsAsNumpy().tobytes()),)
    return Window(), ()


def _window(found: Any, dilation: tuple[int, int], kernel: tuple[int, int]) -> Window:
    return Window(
        stride=(found.StrideH(), found.StrideW()),
        dilation=dilation,
        kernel=kernel,
        same=found.Padding() == tflite.Padding.SAME,
        activation=found.FusedActivationFunction(),
    )


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
            yield (coordinate, *rest), leaf


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
