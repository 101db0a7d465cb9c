"""Runs the attention mesh's parallel branches as one: left eye, right eye and lips side by side in one picture.

After the three regions are cut out, the same small operators follow for each of them, later for five branches
(each eye has one for its outline and one for its iris). On pictures of 16 × 16 and smaller much of an operator's
cost is the call, not the arithmetic; joined along the channels (convolutions become grouped) there are a third to
a fifth as many calls. The arithmetic is unchanged.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from analysis.models.tflite_graph import Array, Operator, TfliteGraph

JOIN: Final = "LANES_JOIN"
"""Puts pictures side by side along their channels; the inputs are the lanes."""
PICK: Final = "LANES_PICK"
"""Takes channels out of a picture; ``values`` holds their numbers."""

_WEIGHTED: Final = {"CONV_2D", "DEPTHWISE_CONV_2D", "PRELU"}
_MERGEABLE: Final = {*_WEIGHTED, "ADD", "MAX_POOL_2D"}


def expand_channel_padding(graph: TfliteGraph) -> None:
    """Replace the padding of channels by a 1×1 convolution, which the following addition absorbs."""
    operators = []
    for operator in graph.operators:
        amounts = graph.constants[operator.inputs[1]].reshape(4, 2) if operator.name == "PAD" else None
        if amounts is None or amounts[:3].any():
            operators.append(operator)
            continue
        channels, before = graph.shapes[operator.inputs[0]][3], int(amounts[3, 0])
        weights = np.zeros((graph.shapes[operator.outputs[0]][3], 1, 1, channels), np.float32)
        weights[np.arange(channels) + before, 0, 0, np.arange(channels)] = 1
        inputs = (operator.inputs[0], graph.add_constant(weights))
        operators.append(Operator("CONV_2D", inputs, operator.outputs))
    graph.operators = operators


def merge(graph: TfliteGraph) -> None:
    """Merge the branches that start at the cut-out regions; a graph without them stays as it is."""
    starts = tuple(o.outputs[0] for o in graph.operators if o.name.startswith("TransformTensorBilinear"))
    if len(starts) > 1:
        _Merger(graph, starts).run()


@dataclass(slots=True)
class _Merger:
    graph: TfliteGraph
    starts: tuple[int, ...]
    places: dict[int, tuple[int, int]] = field(default_factory=dict)  # tensor of a branch → merged tensor, lane
    widths: dict[int, int] = field(default_factory=dict)  # merged tensor → channels of a lane
    picked: dict[tuple[int, tuple[int, ...]], int] = field(default_factory=dict)
    out: list[Operator] = field(default_factory=list)

    def run(self) -> None:
        remaining, made = list(self.graph.operators), set(self.graph.inputs)
        while remaining:
            first = next(o for o in remaining if self._is_ready(o, made))
            alike = [first]
            if self._is_mergeable(first):
                alike = [o for o in remaining if self._is_ready(o, made) and self._is_alike(first, o)]
            if len(alike) > 1:
                self._merge(alike)
            else:
                self._keep(first)
            done = {number for operator in alike for number in operator.outputs}
            remaining = [operator for operator in remaining if operator.outputs[0] not in done]
            made |= done
            if not self.places and made.issuperset(self.starts):
                self._join()
        self.graph.operators = self.out

    def _is_ready(self, operator: Operator, made: set[int]) -> bool:
        return all(number in made or number in self.graph.constants for number in operator.inputs)

    def _is_mergeable(self, operator: Operator) -> bool:
        return operator.name in _MERGEABLE and all(number in self.places for number in self._data(operator))

    def _is_alike(self, first: Operator, other: Operator) -> bool:
        """Tell whether two operators do the same to branches that lie side by side."""
        return (
            (other.name, other.window) == (first.name, first.window)
            and self._is_mergeable(other)
            and self._sources(other) == self._sources(first)
            and (first.name != "CONV_2D" or self._filter(other) == self._filter(first))
        )

    def _sources(self, operator: Operator) -> tuple[int, ...]:
        return tuple(self.places[number][0] for number in self._data(operator))

    def _filter(self, operator: Operator) -> tuple[int, ...]:
        return tuple(self.graph.constants[operator.inputs[1]].shape[1:])

    @staticmethod
    def _data(operator: Operator) -> tuple[int, ...]:
        return operator.inputs[:1] if operator.name in _WEIGHTED else operator.inputs

    def _join(self) -> None:
        merged = self._new_tensor(self.starts, self.graph.shapes[self.starts[0]][3])
        self.out.append(Operator(JOIN, self.starts, (merged,)))

    def _new_tensor(self, lanes: tuple[int, ...], width: int) -> int:
        shape = self.graph.shapes[lanes[0]]
        merged = self.graph.add_tensor([*shape[:3], width * len(lanes)])
        self.widths[merged] = width
        self.places.update({number: (merged, lane) for lane, number in enumerate(lanes)})
        return merged

    def _merge(self, alike: list[Operator]) -> None:
        """Write one operator for all of them."""
        columns = zip(*(self._data(operator) for operator in alike), strict=True)
        data = [
            self._pick(source, column) for source, column in zip(self._sources(alike[0]), columns, strict=True)
        ]
        outputs = tuple(operator.outputs[0] for operator in alike)
        width = max(self.graph.shapes[number][3] for number in outputs)
        constants = [
            self.graph.add_constant(
                _concatenated(alike[0].name, [self.graph.constants[o.inputs[i]] for o in alike], width)
            )
            for i in range(len(data), len(alike[0].inputs))
        ]
        merged = self._new_tensor(outputs, width)
        self.out.append(replace(alike[0], inputs=(*data, *constants), outputs=(merged,)))

    def _pick(self, merged: int, column: tuple[int, ...]) -> int:
        """Return a tensor with these branches side by side, in this order."""
        lanes = tuple(self.places[number][1] for number in column)
        width = self.widths[merged]
        if lanes == tuple(range(self.graph.shapes[merged][3] // width)):
            return merged
        if (merged, lanes) not in self.picked:
            target = self.graph.add_tensor([*self.graph.shapes[merged][:3], width * len(lanes)])
            channels = tuple(width * lane + c for lane in lanes for c in range(width))
            self.out.append(Operator(PICK, (merged,), (target,), values=channels))
            self.picked[merged, lanes] = target
        return self.picked[merged, lanes]

    def _keep(self, operator: Operator) -> None:
        """Write an operator as it is, after taking its inputs out of the merged pictures."""
        for number in operator.inputs:
            if number in self.places and number not in self.starts:
                merged, lane = self.places.pop(number)
                first = lane * self.widths[merged]
                channels = tuple(range(first, first + self.graph.shapes[number][3]))
                self.out.append(Operator(PICK, (merged,), (number,), values=channels))
        self.out.append(operator)


def _concatenated(name: str, arrays: list[Array], width: int) -> Array:
    """Put the branches' weights or biases side by side; branches with fewer output channels get empty ones."""
    if name != "CONV_2D":
        return np.concatenate(arrays, axis=-1)
    return np.concatenate([np.pad(a, [(0, width - len(a)), *[(0, 0)] * (a.ndim - 1)]) for a in arrays])
