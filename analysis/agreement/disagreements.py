"""Where two coders differ, one after another: what an adjudicator steps through."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Literal

from analysis.agreement.confusion import confused
from analysis.agreement.events import matched
from analysis.agreement.options import Options
from analysis.agreement.shared import Bounded, shared_events, shared_spans
from analysis.coded import CodedEvent, CodedLayer
from analysis.facs.codes import CATALOGUE

Kind = Literal["missed", "extra", "code", "side", "intensity", "timing"]
#: What is wrong, in a person's words; ``first`` and ``second`` are the coders.
KINDS: Final[dict[Kind, str]] = {
    "missed": "only the first coder has it",
    "extra": "only the second coder has it",
    "code": "different codes at the same time",
    "side": "different sides",
    "intensity": "different intensities",
    "timing": "onset or offset farther apart than the tolerance",
}


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One place where two coders differ.

    Attributes
    ----------
    kind : str
        One of `KINDS`; the gravest where several hold.
    also : tuple of str
        The others that hold.
    code : str
        The first coder's code, or the second's where only that one has an event.
    a, b : CodedEvent or None
        The first and the second coder's event, as they were coded.
    from_us, to_us : int
        Stretch to look at: both events, microseconds.
    face : int
    """

    kind: Kind
    also: tuple[Kind, ...]
    code: str
    a: CodedEvent | None
    b: CodedEvent | None
    from_us: int
    to_us: int
    face: int

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON; events as FACS strings (``L12C``)."""
        return {
            "kind": self.kind,
            "also": list(self.also),
            "code": self.code,
            "a": str(self.a) if self.a else None,
            "b": str(self.b) if self.b else None,
            "from_us": self.from_us,
            "to_us": self.to_us,
            "face": self.face,
        }


def disagreements(
    first: CodedLayer, second: CodedLayer, options: Options | None = None
) -> tuple[Disagreement, ...]:
    """Every disagreement of two codings of one recording, by time.

    Only time that both coded counts. Events are matched as `analysis.agreement.agree` matches them; what is left
    over is paired with what the other coder has of another code at the same time (``code``), else it is ``missed``
    or ``extra``. Matched events can differ by side (``unilateral`` goes with left and right), by intensity and by
    timing: an onset or offset more than ``options.tolerance_us`` apart, as far as both lie within the time that
    both coded.

    Parameters
    ----------
    first, second : CodedLayer
    options : Options, optional
        `Options.sides_apart` makes no difference here: a side is always compared.
    """
    options = options or Options()
    spans = shared_spans((first, second))
    parts = [_by_face(shared_events(layer, spans, options.codes, options.faces)) for layer in (first, second)]
    found: list[Disagreement] = []
    for face in sorted({*parts[0], *parts[1]}):
        found += _of_face(parts[0].get(face, []), parts[1].get(face, []), options)
    return tuple(sorted(found, key=lambda one: (one.from_us, CATALOGUE[one.code].order, one.face, one.to_us)))


def _by_face(events: Iterable[Bounded]) -> dict[int, list[Bounded]]:
    faces: dict[int, list[Bounded]] = defaultdict(list)
    for one in events:
        faces[one.event.face].append(one)
    return faces


def _of_face(a: list[Bounded], b: list[Bounded], options: Options) -> list[Disagreement]:
    same = matched(a, b, options)
    other = confused(a, b, same)
    found = [one for i, j in same if (one := _difference(a[i], b[j], options)) is not None]
    found += [_disagreement(("code",), a[i], b[j]) for i, j in other]
    taken_a = {i for i, _ in (*same, *other)}
    taken_b = {j for _, j in (*same, *other)}
    found += [_disagreement(("missed",), one, None) for i, one in enumerate(a) if i not in taken_a]
    found += [_disagreement(("extra",), None, one) for j, one in enumerate(b) if j not in taken_b]
    return found


def _difference(a: Bounded, b: Bounded, options: Options) -> Disagreement | None:
    kinds: list[Kind] = []
    if not _sides_agree(a.event.side, b.event.side):
        kinds.append("side")
    if a.event.intensity and b.event.intensity and a.event.intensity != b.event.intensity:
        kinds.append("intensity")
    late = a.begun and b.begun and abs(a.span[0] - b.span[0]) > options.tolerance_us
    if late or (a.ended and b.ended and abs(a.span[1] - b.span[1]) > options.tolerance_us):
        kinds.append("timing")
    return _disagreement(tuple(kinds), a, b) if kinds else None


def _sides_agree(one: str, two: str) -> bool:
    # "Unilateral" leaves open which side, so it contradicts "both" alone; an empty side says nothing.
    if one == two or "" in (one, two):
        return True
    return "unilateral" in (one, two) and "both" not in (one, two)


def _disagreement(kinds: tuple[Kind, ...], a: Bounded | None, b: Bounded | None) -> Disagreement:
    events = [one for one in (a, b) if one is not None]
    return Disagreement(
        kind=kinds[0],
        also=kinds[1:],
        code=events[0].event.code,
        a=a.event if a else None,
        b=b.event if b else None,
        from_us=min(one.span[0] for one in events),
        to_us=max(one.span[1] for one in events),
        face=events[0].event.face,
    )
