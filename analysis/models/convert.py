"""Turns the three TFLite face models into ONNX: opset 20, any batch size, plain operators only.

TFLite keeps pictures as (batch, height, width, channel), ONNX as (batch, channel, height, width). A tensor stays
in ONNX's order from its first convolution on and is turned back only where its values leave as a list.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import onnx
import tflite
from onnx import TensorProto

from analysis.models import attention_ops, lanes, registry, tflite_graph
from analysis.models.onnx_graph import OnnxGraph
from analysis.models.signs import Signs
from analysis.models.tflite_graph import Operator, Window
from analysis.types import ModelError


def convert(data: bytes, *, byte_input: bool = False) -> bytes:
    """Convert one TFLite file.

    Parameters
    ----------
    data : bytes
        Content of the ``.tflite`` file.
    byte_input : bool
        The net expects 0…1; let it take the picture's bytes 0…255 as they are. The scale goes into the first
        convolution's weights, and a quarter of the memory is touched.

    Returns
    -------
    bytes
        Content of the ``.onnx`` file; equal input gives equal output.

    Raises
    ------
    ModelError
        The file uses an operator or option that the face models do not.
    """
    model = _Converter(data, byte_input=byte_input).run()
    return bytes(model.SerializeToString(deterministic=True))


def _same_padding(extent: Sequence[int], kernel: Sequence[int], window: Window) -> list[int]:
    """TFLite's SAME padding as ONNX pads: begins of all axes, then ends; the odd pixel goes to the end."""
    begins, ends = [], []
    for n, k, s, d in zip(extent, kernel, window.stride, window.dilation, strict=True):
        total = max((-(-n // s) - 1) * s + (k - 1) * d + 1 - n, 0)
        begins.append(total // 2)
        ends.append(total - total // 2)
    return begins + ends


class _Converter:
    def __init__(self, data: bytes, *, byte_input: bool) -> None:
        self.byte_input = byte_input
        self.source = tflite_graph.read(data)
        lanes.expand_channel_padding(self.source)
        lanes.merge(self.source)
        self.signs = Signs(self.source)
        self.out = OnnxGraph()
        self.channels_first: set[int] = set()
        self.rules: dict[str, Callable[[Operator], None]] = {
            "CONV_2D": self._conv,
            "DEPTHWISE_CONV_2D": self._depthwise_conv,
            "MAX_POOL_2D": self._max_pool,
            "RELU": self._relu,
            "PRELU": self._prelu,
            "ADD": self._add,
            "MUL": self._mul,
            "PAD": self._pad,
            "RESIZE_BILINEAR": self._resize,
            "DEPTH_TO_SPACE": self._depth_to_space,
            "RESHAPE": self._reshape,
            "CONCATENATION": self._concatenate,
            "STRIDED_SLICE": self._strided_slice,
            lanes.JOIN: self._join,
            lanes.PICK: self._pick,
            "Landmarks2TransformMatrix_v2": self._landmarks_to_transform,
            "TransformTensorBilinear_v2": self._transform_tensor,
            "TransformLandmarks_v2": self._transform_landmarks,
        }

    def run(self) -> onnx.ModelProto:
        for operator in self.source.operators:
            rule = self.rules.get(operator.name)
            if rule is None:
                raise ModelError(f"The TFLite file uses the operator {operator.name}, which is not expected.")
            rule(operator)
        outputs = []
        for number in self.source.outputs:
            name = self.source.names[number]
            self.out.add("Identity", self.as_stored(number), output=name)
            outputs.append((name, self.source.shapes[number][1:]))
        outputs += self._inner_pictures()
        inputs = [(self.name(i), self.source.shapes[i][1:]) for i in self.source.inputs]
        return self.out.model(inputs, outputs, TensorProto.UINT8 if self.byte_input else TensorProto.FLOAT)

    def _inner_pictures(self) -> list[tuple[str, list[int]]]:
        """Hand out what the attention mesh sees inside: the cut-out regions, and the whole crop at their depth."""
        joined = next((o for o in self.source.operators if o.name == lanes.JOIN), None)
        if joined is None:
            return []
        cut_from = next(o.inputs[0] for o in self.source.operators if o.outputs[0] in joined.inputs)
        pooled = next(o.outputs[0] for o in self._after(cut_from) if o.name == "MAX_POOL_2D")
        out = []
        for name, number in ((registry.REGION_MAPS, joined.outputs[0]), (registry.CROP_MAP, pooled)):
            if not (self.signs.of(number) > 0).all():
                raise AssertionError(f"{name}: channels are negated inside the net")
            self.out.add("Identity", self.as_picture(number), output=name)
            height, width, channels = self.source.shapes[number][1:]
            out.append((name, [channels, height, width]))
        return out

    def _after(self, tensor: int) -> list[Operator]:
        made = next(i for i, o in enumerate(self.source.operators) if tensor in o.outputs)
        return self.source.operators[made + 1 :]

    # Names and layouts

    @staticmethod
    def name(tensor: int) -> str:
        return f"t{tensor}"

    def as_stored(self, tensor: int) -> str:
        """Name of the tensor in TFLite's order."""
        if tensor in self.channels_first:
            return self.out.add("Transpose", self.name(tensor), perm=[0, 2, 3, 1])
        return self.name(tensor)

    def as_picture(self, tensor: int) -> str:
        """Name of the tensor with its channels first."""
        if tensor in self.channels_first or len(self.source.shapes[tensor]) != 4:
            return self.name(tensor)
        turned = self.out.add("Transpose", self.name(tensor), perm=[0, 3, 1, 2])
        if self.byte_input and tensor in self.source.inputs:
            return self.out.add("Cast", turned, to=TensorProto.FLOAT)
        return turned

    def emit_picture(self, operator: Operator, kind: str, *inputs: str, **attributes: object) -> None:
        """Write a node whose output is a picture in ONNX's order."""
        (number,) = operator.outputs
        self.out.add(kind, *inputs, output=self.name(number), **attributes)
        if len(self.source.shapes[number]) == 4:
            self.channels_first.add(number)

    def fuse_activation(self, activation: int) -> None:
        """Apply TFLite's fused activation to the node written last."""
        if activation == tflite.ActivationFunctionType.NONE:
            return
        node = self.out.nodes[-1]
        final, node.output[0] = node.output[0], self.out.new_name()
        if activation == tflite.ActivationFunctionType.RELU:
            self.out.add("Relu", node.output[0], output=final)
        elif activation == tflite.ActivationFunctionType.RELU6:
            bounds = (self.out.constant(0.0), self.out.constant(6.0))
            self.out.add("Clip", node.output[0], *bounds, output=final)
        else:
            raise ModelError(f"The TFLite file uses the fused activation {activation}, which is not expected.")

    # Pictures

    def _conv(self, operator: Operator) -> None:
        weights = self.source.constants[operator.inputs[1]].transpose(0, 3, 1, 2)
        outputs, per_group = weights.shape[:2]
        group = self.source.shapes[operator.inputs[0]][3] // per_group
        # The input's signs go into the weights, lane by lane.
        signs = self.signs.of(operator.inputs[0]).reshape(group, 1, per_group, 1, 1)
        weights = (weights.reshape(group, outputs // group, per_group, *weights.shape[2:]) * signs).reshape(
            weights.shape
        )
        self._convolve(operator, weights, group)

    def _depthwise_conv(self, operator: Operator) -> None:
        weights = self.source.constants[operator.inputs[1]].transpose(3, 0, 1, 2)
        signs = self.signs.of(operator.inputs[0]).reshape(-1, 1, 1, 1)
        self._convolve(operator, weights * signs, len(weights))

    def _convolve(self, operator: Operator, weights: tflite_graph.Array, group: int) -> None:
        source, target, window = operator.inputs[0], operator.outputs[0], operator.window
        if self.byte_input and source in self.source.inputs:
            weights = weights / np.float32(255)
        fused = window.activation != tflite.ActivationFunctionType.NONE
        signs = self.signs.of(target) if fused else self.signs.wanted(target)
        self.signs.set(target, signs)
        inputs = [self.as_picture(source), self.out.constant(weights * signs.reshape(-1, 1, 1, 1))]
        if len(operator.inputs) > 2 and operator.inputs[2] >= 0:
            inputs.append(self.out.constant(self.source.constants[operator.inputs[2]] * signs))
        kernel = list(weights.shape[2:])
        self.emit_picture(
            operator,
            "Conv",
            *inputs,
            kernel_shape=kernel,
            strides=list(window.stride),
            dilations=list(window.dilation),
            pads=self._pads(source, kernel, window),
            group=group,
        )
        self.fuse_activation(window.activation)

    def _pads(self, source: int, kernel: Sequence[int], window: Window) -> list[int]:
        return _same_padding(self.source.shapes[source][1:3], kernel, window) if window.same else [0, 0, 0, 0]

    def _max_pool(self, operator: Operator) -> None:
        window, picture = operator.window, self.as_picture(operator.inputs[0])
        pads = self._pads(operator.inputs[0], window.kernel, window)
        self.emit_picture(
            operator, "MaxPool", picture, kernel_shape=list(window.kernel), strides=list(window.stride), pads=pads
        )
        self.fuse_activation(window.activation)

    def _relu(self, operator: Operator) -> None:
        self.emit_picture(operator, "Relu", self.as_picture(operator.inputs[0]))

    def _prelu(self, operator: Operator) -> None:
        """Write a PReLU as two 1×1 depthwise convolutions and a sum (see `signs`).

        onnxruntime's own PRelu kernel takes about 70 % of the mesh's time; its convolutions are vectorised.
        """
        slope = self.source.constants[operator.inputs[1]]
        if slope.shape[:2] != (1, 1):
            raise ModelError(f"The TFLite file holds a PReLU slope of shape {slope.shape}, which is not expected.")
        slope = slope.ravel()
        curved = np.float32(1) - slope
        # For a negated channel x = −x': a·x + (1 − a)·relu(x) = −x' + (1 − a)·relu(x').
        linear = np.where(self.signs.of(operator.inputs[0]) > 0, slope, np.float32(-1))

        def scale(value: str, factor: tflite_graph.Array) -> str:
            weights = self.out.constant(factor.reshape(-1, 1, 1, 1))
            return self.out.add("Conv", value, weights, group=len(factor), kernel_shape=[1, 1])

        x = self.as_picture(operator.inputs[0])
        if (curved >= 0).all() or self.signs.may_negate(operator.outputs[0]):
            signs = np.where(curved >= 0, np.float32(1), np.float32(-1))
            self.signs.set(operator.outputs[0], signs)
            rest = self.out.add("Relu", scale(x, curved * signs))
            self.emit_picture(operator, "Add", scale(x, linear * signs), rest)
        else:
            rest = scale(self.out.add("Relu", x), curved)
            self.emit_picture(operator, "Add", scale(x, linear), rest)

    def _add(self, operator: Operator) -> None:
        first, second = (self.signs.of(number) for number in operator.inputs)
        if not np.array_equal(first, second):
            raise AssertionError(f"addition {operator.outputs} of channels with different signs")
        self.signs.set(operator.outputs[0], first)
        self.emit_picture(operator, "Add", *(self.as_picture(i) for i in operator.inputs))
        self.fuse_activation(operator.window.activation)

    def _pad(self, operator: Operator) -> None:
        by_axis = self.source.constants[operator.inputs[1]].reshape(4, 2)[[0, 3, 1, 2]]
        amounts = self.out.ints(*by_axis.T.ravel().tolist())
        self.emit_picture(operator, "Pad", self.as_picture(operator.inputs[0]), amounts)

    def _resize(self, operator: Operator) -> None:
        align_corners, half_pixel = operator.values
        mode = "align_corners" if align_corners else "half_pixel" if half_pixel else "asymmetric"
        before, after = self.source.shapes[operator.inputs[0]], self.source.shapes[operator.outputs[0]]
        scales = self.out.constant([1, 1, after[1] / before[1], after[2] / before[2]])
        picture = self.as_picture(operator.inputs[0])
        self.emit_picture(
            operator, "Resize", picture, "", scales, mode="linear", coordinate_transformation_mode=mode
        )

    def _depth_to_space(self, operator: Operator) -> None:
        picture = self.as_picture(operator.inputs[0])
        self.emit_picture(operator, "DepthToSpace", picture, blocksize=operator.values[0], mode="DCR")

    def _join(self, operator: Operator) -> None:
        self.emit_picture(operator, "Concat", *(self.as_picture(i) for i in operator.inputs), axis=1)

    def _pick(self, operator: Operator) -> None:
        channels = self.out.ints(*operator.values)
        self.emit_picture(operator, "Gather", self.as_picture(operator.inputs[0]), channels, axis=1)

    # Lists of numbers

    def _mul(self, operator: Operator) -> None:
        factor = self.out.constant(self.source.constants[operator.inputs[1]])
        self.out.add("Mul", self.as_stored(operator.inputs[0]), factor, output=self.name(operator.outputs[0]))

    def _reshape(self, operator: Operator) -> None:
        shape = self.out.ints(-1, *self.source.shapes[operator.outputs[0]][1:])
        self.out.add("Reshape", self.as_stored(operator.inputs[0]), shape, output=self.name(operator.outputs[0]))

    def _concatenate(self, operator: Operator) -> None:
        parts = (self.as_stored(i) for i in operator.inputs)
        self.out.add("Concat", *parts, output=self.name(operator.outputs[0]), axis=operator.values[0])

    def _strided_slice(self, operator: Operator) -> None:
        source, target = operator.inputs[0], operator.outputs[0]
        begins = self.source.constants[operator.inputs[1]]
        if self.source.shapes[source] != self.source.shapes[target] or begins.any():
            raise ModelError("The TFLite file cuts a tensor, which is not expected.")
        self.out.add("Identity", self.as_stored(source), output=self.name(target))

    # MediaPipe's own operators

    def _landmarks_to_transform(self, operator: Operator) -> None:
        landmarks = self.as_stored(operator.inputs[0])
        target = self.name(operator.outputs[0])
        attention_ops.landmarks_to_transform(self.out, landmarks, operator.values[0], target)

    def _transform_tensor(self, operator: Operator) -> None:
        before, after = self.source.shapes[operator.inputs[0]], self.source.shapes[operator.outputs[0]]
        picture, transform = self.as_picture(operator.inputs[0]), self.name(operator.inputs[1])
        target = self.name(operator.outputs[0])
        attention_ops.transform_tensor(self.out, picture, transform, before[1:3], after[1:3], target)
        self.channels_first.add(operator.outputs[0])

    def _transform_landmarks(self, operator: Operator) -> None:
        if self.source.shapes[operator.outputs[0]][-1] != 2:
            raise ModelError("The TFLite file turns landmarks in three dimensions, which is not expected.")
        landmarks, transform = self.as_stored(operator.inputs[0]), self.name(operator.inputs[1])
        attention_ops.transform_landmarks(self.out, landmarks, transform, self.name(operator.outputs[0]))
