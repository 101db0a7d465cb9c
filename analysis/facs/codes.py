"""The catalogue of FACS codes, as data (``catalogue.toml`` beside this module)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal, NamedTuple, get_args

Group = Literal["upper_face", "lower_face", "miscellaneous", "head", "eyes", "visibility", "gross"]
Tier = Literal["measured", "experimental", "human-coded only"]

#: The 44 Action Units, in numeric order: {1, 2, 4–28, 29–39, 41–46}.
ACTION_UNITS: Final[tuple[str, ...]] = tuple(str(n) for n in (1, 2, *range(4, 40), *range(41, 47)))
#: Head positions and eye positions that the machine proposes.
HEAD_CODES: Final[tuple[str, ...]] = tuple(str(n) for n in range(51, 59))
EYE_CODES: Final[tuple[str, ...]] = tuple(str(n) for n in range(61, 67))
#: What cannot be seen: brows, eyes, lower face, entire face; seen but unscorable.
VISIBILITY_CODES: Final[tuple[str, ...]] = tuple(str(n) for n in range(70, 75))


class Exclusion(NamedTuple):
    """Two codes that cannot be scored at the same time, the lower number first; why, and who says so."""

    a: str
    b: str
    why: str
    source: str


@dataclass(frozen=True, slots=True)
class Code:
    """One FACS code.

    Attributes
    ----------
    code : str
        Bare number as it is written, ``"12"``; movement codes start with M, ``"M55"``.
    name : str
        The field's English name.
    group : str
        ``upper_face``, ``lower_face``, ``miscellaneous``, ``head``, ``eyes``, ``visibility`` or ``gross``.
    muscles : tuple of str
        Muscular basis; empty where FACS gives none.
    sided : bool
        True when the code can be scored for one side of the face (30: the side that the jaw goes to).
    has_intensity : bool
        True when this project grades the code A–E.
    tier : str
        What the machine's figure is worth: ``measured``, ``experimental`` or ``human-coded only``.
    exclusive_with : tuple of str
        Codes that cannot be scored at the same time, from `EXCLUSIONS`; symmetric, not complete.
    order : int
        Place in lists and timelines, from 0: brows downward, then head, eyes, visibility, gross behaviour.
    description : str
        What one sees, in our own words.
    """

    code: str
    name: str
    group: Group
    muscles: tuple[str, ...]
    sided: bool
    has_intensity: bool
    tier: Tier
    exclusive_with: tuple[str, ...]
    order: int
    description: str

    def __post_init__(self) -> None:
        if self.group not in get_args(Group):
            raise ValueError(f"code {self.code}: unknown group {self.group!r}")
        if self.tier not in get_args(Tier):
            raise ValueError(f"code {self.code}: unknown tier {self.tier!r}")


def _code(order: int, row: Mapping[str, Any], exclusions: tuple[Exclusion, ...]) -> Code:
    own = [pair for pair in exclusions if row["code"] in pair[:2]]
    return Code(
        code=row["code"],
        name=row["name"],
        group=row["group"],
        muscles=tuple(row["muscles"]),
        sided=row["sided"],
        has_intensity=row["graded"],
        tier=row["tier"],
        exclusive_with=tuple(pair.b if pair.a == row["code"] else pair.a for pair in own),
        order=order,
        description=row["description"],
    )


def _load() -> tuple[Mapping[str, Code], tuple[Exclusion, ...]]:
    text = Path(__file__).with_name("catalogue.toml").read_text(encoding="utf-8")
    stored = tomllib.loads(text)
    exclusions = tuple(
        Exclusion(row["codes"][0], row["codes"][1], row["why"], row["source"]) for row in stored["exclusive"]
    )
    codes = {row["code"]: _code(order, row, exclusions) for order, row in enumerate(stored["code"])}
    unknown = {code for pair in exclusions for code in pair[:2]} - codes.keys()
    if unknown:
        raise ValueError(f"exclusive pairs name unknown codes: {sorted(unknown)}")
    return MappingProxyType(codes), exclusions


_LOADED: Final = _load()
#: Every code this project knows, keyed by its bare number, in display order.
CATALOGUE: Final[Mapping[str, Code]] = _LOADED[0]
#: Every pair of codes that cannot be scored at the same time, once.
EXCLUSIONS: Final[tuple[Exclusion, ...]] = _LOADED[1]
