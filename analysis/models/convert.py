"""Turns the three TFLite face models into ONNX: opset 20, any batch size, plain operators only.

TFLite keeps pictures as (batch, height, width, channel), ONNX as (batch, channel, height, width). A tensor stays
in ONNX's order from its first convolution on and is turned back only where its values leave as a list.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx
import tflite

from analysis.models import attention_ops, tflite_graph
from analysis.models.onnx_graph import OnnxGraph
from analysis.models.tflite_graph import Operator
from analysis.types import ModelError


def convert(data: bytes) -> bytes:
    """Convert one TFLite file.

    Parameters
    ----------
    data : bytes
        Content of the ``.tflite`` file.

    Returns
    -------
    bytes
        Content of the ``.onnx`` file; equal input gives equal output.

    Raises
    ------
    ModelError
        The file uses an operator or option that the face models do not.
    """
    model = _Converter(data).run()
    return bytes(model.SerializeToString(deterministic=True))


def _same_padding(extent: list[int], kernel: list[int], stride: list[int], dilation: list[int]) -> list[int]:
    """TFLite's SAME padding as ONNX pads: begins of all axes, then ends; the odd pixel goes to the end."""
    begins, ends = [], []
    for n, k, s, d in zip(extent, kernel, stride, dilation, strict=True):
        total = max((-(-n // s) - 1) * s + (k - 1) * d + 1 - n, 0)
        begins.append(total // 2)
        ends.append(total - total // 2)
    return begins + ends


class _Converter:
    def __init__(self, data: bytes) -> None:
        self.source = tflite_graph.read(data)
        self.out = OnnxGraph()
        self.channels_first: set[int] = set()
        self.rules: dict[str, Callable[[Operator], None]] = {
            "DEQUANTIZE": self._dequantize,
            "DENSIFY": self._densify,
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
        inputs = [(self.name(i), self.source.shapes[i][1:]) for i in self.source.inputs]
        return self.out.model(inputs, outputs)

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
        return self.out.add("Transpose", self.name(tensor), perm=[0, 3, 1, 2])

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

    # Constants

    def _dequantize(self, operator: Operator) -> None:
        self.source.constants[operator.outputs[0]] = self.source.constants[operator.inputs[0]].astype(np.float32)

    def _densify(self, operator: Operator) -> None:
        self.source.constants[operator.outputs[0]] = self.source.constants[operator.inputs[0]]

    # Pictures

    def _conv(self, operator: Operator) -> None:
        weights = self.source.constants[operator.inputs[1]].transpose(0, 3, 1, 2)
        self._convolve(operator, operator.options(tflite.Conv2DOptions), weights, group=1)

    def _depthwise_conv(self, operator: Operator) -> None:
        options = operator.options(tflite.DepthwiseConv2DOptions)
        if options.DepthMultiplier() != 1:
            raise ModelError("The TFLite file uses a depth multiplier, which is not expected.")
        weights = self.source.constants[operator.inputs[1]].transpose(3, 0, 1, 2)
        self._convolve(operator, options, weights, group=weights.shape[0])

    def _convolve(self, operator: Operator, options: object, weights: tflite_graph.Array, *, group: int) -> None:
        source, kernel = operator.inputs[0], list(weights.shape[2:])
        stride = [options.StrideH(), options.StrideW()]  # type: ignore[attr-defined]
        dilation = [options.DilationHFactor(), options.DilationWFactor()]  # type: ignore[attr-defined]
        inputs = [self.as_picture(source), self.out.constant(weights)]
        if len(operator.inputs) > 2 and operator.inputs[2] >= 0:
            inputs.append(self.out.constant(self.source.constants[operator.inputs[2]]))
        pads = self._pads(options, source, kernel, stride, dilation)
        self.emit_picture(
            operator,
            "Conv",
            *inputs,
            kernel_shape=kernel,
            strides=stride,
            dilations=dilation,
            pads=pads,
            group=group,
        )
        self.fuse_activation(options.FusedActivationFunction())  # type: ignore[attr-defined]

    def _pads(
        self, options: object, source: int, kernel: list[int], stride: list[int], dilation: list[int]
    ) -> list[int]:
        if options.Padding() != tflite.Padding.SAME:  # type: ignore[attr-defined]
            return [0, 0, 0, 0]
        return _same_padding(self.source.shapes[source][1:3], kernel, stride, dilation)

    def _max_pool(self, operator: Operator) -> None:
        options = operator.options(tflite.Pool2DOptions)
        kernel = [options.FilterHeight(), options.FilterWidth()]
        stride = [options.StrideH(), options.StrideW()]
        pads = self._pads(options, operator.inputs[0], kernel, stride, [1, 1])
        picture = self.as_picture(operator.inputs[0])
        self.emit_picture(operator, "MaxPool", picture, kernel_shape=kernel, strides=stride, pads=pads)
        self.fuse_activation(options.FusedActivationFunction())

    def _relu(self, operator: Operator) -> None:
        self.emit_picture(operator, "Relu", self.as_picture(operator.inputs[0]))

    def _prelu(self, operator: Operator) -> None:
        """Write ``max(x, 0) + a·min(x, 0)`` as two 1×1 depthwise convolutions and a sum.

        onnxruntime's own PRelu kernel takes about 70 % of the mesh's time; its convolutions are vectorised.
        With b = 1 − a ≥ 0 the sum is ``a·x + relu(b·x)``; where some b < 0 the ReLU goes first.
        """
        slope = self.source.constants[operator.inputs[1]].astype(np.float32)
        if slope.shape[:2] != (1, 1):
            raise ModelError(f"The TFLite file holds a PReLU slope of shape {slope.shape}, which is not expected.")
        channels = slope.shape[-1]
        rest = np.float32(1) - slope

        def scale(value: str, factor: tflite_graph.Array) -> str:
            weights = self.out.constant(factor.reshape(channels, 1, 1, 1))
            return self.out.add("Conv", value, weights, group=channels, kernel_shape=[1, 1])

        x = self.as_picture(operator.inputs[0])
        linear = scale(x, slope)
        if (rest >= 0).all():
            positive = self.out.add("Relu", scale(x, rest))
        else:
            positive = scale(self.out.add("Relu", x), rest)
        self.emit_picture(operator, "Add", linear, positive)

    def _add(self, operator: Operator) -> None:
        self.emit_picture(operator, "Add", *(self.as_picture(i) for i in operator.inputs))
        self.fuse_activation(operator.options(tflite.AddOptions).FusedActivationFunction())

    def _pad(self, operator: Operator) -> None:
        by_axis = self.source.constants[operator.inputs[1]].reshape(4, 2)[[0, 3, 1, 2]]
        amounts = self.out.ints(*by_axis.T.ravel().tolist())
        self.emit_picture(operator, "Pad", self.as_picture(operator.inputs[0]), amounts)

    def _resize(self, operator: Operator) -> None:
        options = operator.options(tflite.ResizeBilinearOptions)
        if options.AlignCorners():
            mode = "align_corners"
        else:
            mode = "half_pixel" if options.HalfPixelCenters() else "asymmetric"
        before, after = self.source.shapes[operator.inputs[0]], self.source.shapes[operator.outputs[0]]
        scales = self.out.constant([1, 1, after[1] / before[1], after[2] / before[2]])
        picture = self.as_picture(operator.inputs[0])
        self.emit_picture(
            operator, "Resize", picture, "", scales, mode="linear", coordinate_transformation_mode=mode
        )

    def _depth_to_space(self, operator: Operator) -> None:
        size = operator.options(tflite.DepthToSpaceOptions).BlockSize()
        picture = self.as_picture(operator.inputs[0])
        self.emit_picture(operator, "DepthToSpace", picture, blocksize=size, mode="DCR")

    # Lists of numbers

    def _mul(self, operator: Operator) -> None:
        factor = self.out.constant(self.source.constants[operator.inputs[1]])
        self.out.add("Mul", self.as_stored(operator.inputs[0]), factor, output=self.name(operator.outputs[0]))

    def _reshape(self, operator: Operator) -> None:
        shape = self.out.ints(-1, *self.source.shapes[operator.outputs[0]][1:])
        self.out.add("Reshape", self.as_stored(operator.inputs[0]), shape, output=self.name(operator.outputs[0]))

    def _concatenate(self, operator: Operator) -> None:
        axis = operator.options(tflite.ConcatenationOptions).Axis()
        parts = (self.as_stored(i) for i in operator.inputs)
        self.out.add("Concat", *parts, output=self.name(operator.outputs[0]), axis=axis)

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
        attention_ops.landmarks_to_transform(self.out, landmarks, operator.custom_options(), target)

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
