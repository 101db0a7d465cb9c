"""One call: the codings of several coders in, every figure with its interval out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from numpy.typing import ArrayLike

from analysis.agreement.figures import Agreement
from analysis.agreement.options import Options
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
        A recording has two layers of one coder, or layers of different recordings.
    """
    raise NotImplementedError
