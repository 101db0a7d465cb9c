"""Drawn signatures: strokes of points, checked before they are stored, and shown as vector paths."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Final

from django.core.exceptions import ValidationError

WIDTH: Final = 1000
HEIGHT: Final = 400
#: More than anybody draws by hand, and little enough to store (ours).
MOST_STROKES: Final = 100
MOST_POINTS: Final = 4000
MOST_LETTERS: Final = 80_000
#: A dot is no signature: the pen has to travel this far in all.
LEAST_WAY: Final = 120

Strokes = list[list[list[int]]]


def checked(text: str) -> Strokes | None:
    """Strokes from what a page sent; None where nothing was drawn.

    Raises
    ------
    ValidationError
        It is no drawing: not lists of whole points inside of the field, too many of them, or hardly a line.
    """
    if not text.strip() or text.strip() == "[]":
        return None
    if len(text) > MOST_LETTERS:
        raise ValidationError("The drawing is too large.", code="drawing")
    try:
        strokes = json.loads(text)
        found = [[[_within(x, WIDTH), _within(y, HEIGHT)] for x, y in stroke] for stroke in strokes]
    except (ValueError, TypeError, RecursionError) as error:
        raise ValidationError("The drawing cannot be read.", code="drawing") from error
    points = sum(len(stroke) for stroke in found)
    if len(found) > MOST_STROKES or points > MOST_POINTS or not all(found):
        raise ValidationError("The drawing has too many points.", code="drawing")
    if _way(found) < LEAST_WAY:
        raise ValidationError("The drawing is hardly a line.", code="drawing")
    return found


def _within(value: object, most: int) -> int:
    if type(value) is not int or not 0 <= value <= most:
        raise ValueError("not a point of the field")
    return value


def _way(strokes: Strokes) -> float:
    return sum(((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2) ** 0.5 for stroke in strokes for a, b in pairwise(stroke))


def path(strokes: Strokes) -> str:
    """The strokes as the ``d`` of an SVG path in a field of 1000 × 400."""
    parts = []
    for stroke in strokes:
        first, *rest = stroke
        parts.append(f"M{first[0]} {first[1]}" + "".join(f"L{x} {y}" for x, y in rest or [first]))
    return "".join(parts)


def svg(strokes: Strokes) -> str:
    """A whole SVG file of the signature, in black."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'width="{WIDTH}" height="{HEIGHT}">'
        f'<path d="{path(strokes)}" fill="none" stroke="#12151d" stroke-width="6" stroke-linecap="round" '
        'stroke-linejoin="round"/></svg>'
    )
