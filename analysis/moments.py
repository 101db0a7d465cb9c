"""Moments of a session that are worth a person's look, the most worth first. An order to watch in, no finding."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from analysis.facs.combinations import Found

MOST: Final = 20
#: A moment so close to a better one of the same kind is seen with it, microseconds: a choice of ours.
_APART_US: Final = 3_000_000
#: Where channels contradict a person has to look: such a moment stands as high as a clear, rare combination.
_OPPOSED: Final = 0.8
#: Short expressions are easily missed in passing, so they come a little earlier: a choice of ours.
_MICRO: Final = 1.25


@dataclass(frozen=True, slots=True)
class Moment:
    """One of them.

    Attributes
    ----------
    face : int
    start_us, at_us, end_us : int
        Media time, microseconds; ``at_us`` is where to look.
    kind : str
        ``combination``, ``micro`` or ``channels``.
    words : str
        What is there to be seen.
    score : float
        0–1.25. Confidence × strength ÷ 5 ÷ √(how often the same is found in the session) for a combination.
    """

    face: int
    start_us: int
    at_us: int
    end_us: int
    kind: str
    words: str
    score: float

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self) | {"score": round(self.score, 3)}


def moments(
    found: Sequence[Found], stretches: Sequence[Mapping[str, Any]] = (), *, most: int = MOST
) -> list[Moment]:
    """Rank what was found.

    Parameters
    ----------
    found : sequence of Found
        Combinations; actions such as blinks and what only confounds are no moments.
    stretches : sequence of mapping
        Of ``channels.json``; those that contradict are taken.
    most : int
        How many at most.
    """
    wanted = [one for one in found if one.kind != "action" and one.group != "confounder"]
    often = Counter((one.face, one.combination) for one in wanted)
    ranked = [_of(one, often[one.face, one.combination]) for one in wanted]
    ranked += [
        Moment(row["face"], row["start_us"], row["start_us"], row["end_us"], "channels", row["words"], _OPPOSED)
        for row in stretches
        if row["kind"] == "contradict"
    ]
    kept: list[Moment] = []
    for one in sorted(ranked, key=lambda moment: (-moment.score, moment.at_us)):
        near = (other for other in kept if (other.face, other.kind) == (one.face, one.kind))
        if all(abs(other.at_us - one.at_us) >= _APART_US for other in near):
            kept.append(one)
        if len(kept) == most:
            break
    return kept


def _of(one: Found, often: int) -> Moment:
    score = one.confidence * one.strength / 5 / often**0.5 * (_MICRO if one.micro else 1)
    kind = "micro" if one.micro else "combination"
    words = f"{one.name}: {one.codes}"
    return Moment(one.face, one.onset_us, one.apex_us, one.offset_us, kind, words, score)
