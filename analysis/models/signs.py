"""Lets channels travel negated where that saves an operator after a PReLU.

A PReLU is a·x + (1 − a)·relu(x). onnxruntime fuses a ReLU into a convolution only when the convolution comes
first, so (1 − a)·relu(x) is written as relu((1 − a)·x), which needs 1 − a ≥ 0. Where some channels have a > 1,
their negative is computed instead and the next convolution's weights for them change sign; nothing else changes.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from analysis.models.tflite_graph import Array, TfliteGraph
from analysis.types import Float32

_ABSORBING = {"CONV_2D", "DEPTHWISE_CONV_2D"}


@dataclass(slots=True)
class Signs:
    """Knows for every picture which of its channels are negated: +1 or −1 each."""

    graph: TfliteGraph
    _signs: dict[int, Float32] = field(default_factory=dict)
    _users: dict[int, list[int]] = field(default_factory=dict)
    _makers: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for place, operator in enumerate(self.graph.operators):
            for number in operator.inputs:
                self._users.setdefault(number, []).append(place)
            self._makers[operator.outputs[0]] = place

    def of(self, tensor: int) -> Float32:
        """Return the signs of a picture's channels."""
        found = self._signs.get(tensor)
        return np.ones(self.graph.shapes[tensor][-1], np.float32) if found is None else found

    def set(self, tensor: int, signs: Array) -> None:
        self._signs[tensor] = signs.astype(np.float32)

    def may_negate(self, tensor: int) -> bool:
        """Tell whether everything that reads the picture can take negated channels."""
        place = self._makers[tensor]
        return tensor not in self.graph.outputs and all(
            self.graph.operators[user].name in _ABSORBING or self._partner_follows(user, tensor, place)
            for user in self._users.get(tensor, [])
        )

    def wanted(self, tensor: int) -> Float32:
        """Return the signs in which a convolution should write its output: those of what it is added to."""
        users = self._users.get(tensor, [])
        if len(users) == 1 and self.graph.operators[users[0]].name == "ADD":
            for other in self.graph.operators[users[0]].inputs:
                if other != tensor and other in self._signs:
                    return self._signs[other]
        return self.of(tensor)

    def _partner_follows(self, user: int, tensor: int, place: int) -> bool:
        """Tell whether ``tensor`` is added to the output of a later convolution that nothing else reads."""
        operator = self.graph.operators[user]
        if operator.name != "ADD":
            return False
        others = [number for number in operator.inputs if number != tensor]
        if len(others) != 1:
            return False
        maker = self._makers.get(others[0], -1)
        return (
            maker > place
            and self.graph.operators[maker].name == "CONV_2D"
            and self._users.get(others[0]) == [user]
        )
