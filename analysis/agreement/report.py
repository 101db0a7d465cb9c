"""One call: the codings of several coders in, every figure with its interval out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

from numpy.typing import ArrayLike

from analysis.agreement.counts import part
from analysis.agreement.figures import Agreement
from analysis.agreement.group import compare_all
from analysis.agreement.options import Options
from analysis.agreement.pair import compare
from analysis.coded import CodedLayer


def agree(
    recordings: Iterable[Sequence[CodedLayer]],
    options: Options | None = None,
    *,
    clocks: Mapping[str, ArrayLike] | None = None,
) -> Agreement:
    """Compare every two coders, and all together.

    Parameters
    ----------
    recordings : iterable of sequence of CodedLayer
        For each recording the layers of its coders. Coders are told apart by `CodedLayer.coder`; a coder has one
        layer of a recording. Pairs are in the order in which coders are first met, so put the standard (the
        machine's human, the gold coding) first.
    options : Options, optional
    clocks : mapping of str to array_like of int, optional
        By recording, the times of its frames, microseconds, increasing. Recordings without one are compared every
        `Options.frame_us`.

    Returns
    -------
    Agreement

    Raises
    ------
    ValueError
        A recording has two layers of one coder, or layers of different recordings or participants.
    """
    options, clocks = options or Options(), clocks or {}
    groups = [tuple(group) for group in recordings]
    for group in groups:
        _check(group)
    coders = list(dict.fromkeys(layer.coder for group in groups for layer in group))
    pairs, notes = [], []
    for first, second in combinations(coders, 2):
        parts = []
        for number, group in enumerate(groups):
            by_coder = {layer.coder: layer for layer in group}
            if first in by_coder and second in by_coder:
                layers = by_coder[first], by_coder[second]
                found = part(str(number), layers, options, clocks.get(layers[0].recording))
                if found is None:
                    notes.append(
                        f"{first} and {second} coded no time of {layers[0].recording or 'a recording'} both."
                    )
                else:
                    parts.append(found)
        if parts:
            pairs.append(compare(first, second, parts, options))
    together = None
    if len(coders) > 2:
        all_parts = [
            found
            for number, group in enumerate(groups)
            if len(group) > 1 and (found := part(str(number), group, options, clocks.get(group[0].recording)))
        ]
        together = compare_all(coders, all_parts, options) if all_parts else None
    return Agreement(tuple(coders), tuple(pairs), together, tuple(notes))


def _check(group: Sequence[CodedLayer]) -> None:
    if len({layer.coder for layer in group}) < len(group):
        raise ValueError("a recording has two layers of one coder")
    if len({(layer.recording, layer.participant) for layer in group}) > 1:
        raise ValueError("layers of different recordings or participants cannot be compared")
