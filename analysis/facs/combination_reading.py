"""Reads combinations from TOML or from a mapping, and says what is wrong with them in words for the writer.

A formula is written as FACS writes it, ``1+2+5B+25/26``: a letter is the lowest intensity that counts, ``/`` joins
alternatives, ``[+10]`` may be there or not. Before a code ``L`` or ``R`` asks for that side alone, ``U`` for one
side alone (the same for all), ``LR`` for both sides; without one the larger side counts. docs/combinations.md has
the fields.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from itertools import combinations as pairs
from typing import Any, Final, cast

from analysis.facs.codes import CATALOGUE, VISIBILITY_CODES
from analysis.facs.combination_model import (
    CHECKS,
    GRADES,
    GROUPS,
    KINDS,
    RANKS,
    AnyOf,
    Combination,
    CombinationError,
    Grade,
    Rank,
    Score,
    Share,
    Side,
    Source,
    Timing,
    Unit,
    Variant,
)
from analysis.facs.notation import NotationError, ScoredUnit

_TIMES: Final = {
    "onsets_within_ms": "onsets_within_us",
    "apexes_within_ms": "apexes_within_us",
    "least_ms": "least_us",
    "longest_ms": "longest_us",
    "together_ms": "together_us",
}
_VARIANT: Final = frozenset({"formula", "without", "rank", "order", "score", "share", "origin", *_TIMES})
_ENTRY: Final = frozenset(
    {"id", "name", "kind", "group", "grade", "citation", "alternatives", "note", "yields_to", "variant"}
)
_ID: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_UNIT: Final = re.compile(r"(?P<side>LR|[ULR])?(?P<code>M?\d+)(?P<letter>[A-E])?")
_SIDES: Final[dict[str, Side]] = {"": "any", "LR": "both", "L": "left", "R": "right", "U": "unilateral"}
_FORMULA: Final = re.compile(r"[^+\[\]]+(\+[^+\[\]]+|\[\+?[^+\[\]]+(\+[^+\[\]]+)*\])*")
_PIECE: Final = re.compile(r"\[[^\[\]]*\]|[^+\[\]]+|\+")
#: Longest formula and most variants that are read: a page sends them.
_LONGEST: Final = 200
_MOST: Final = 60


def parse(told: str | Mapping[str, Any], sources: Mapping[str, Source] | None = None) -> Combination:
    """Read one combination.

    Parameters
    ----------
    told : str or mapping
        TOML, either the fields alone or one ``[[combination]]``; or the fields as a mapping.
    sources : mapping of str to Source, optional
        References that ``citation`` names by key. Without them ``citation`` is free text, or several.

    Raises
    ------
    CombinationError
        The message names the field and says what to write instead.
    """
    fields = _toml(told) if isinstance(told, str) else told
    if "combination" in fields:
        entries = fields["combination"]
        if not isinstance(entries, Sequence) or len(entries) != 1:
            raise CombinationError("Write one combination; several in one file are read with --own.")
        fields = entries[0]
    return _entry(fields, sources)


def parse_all(text: str, sources: Mapping[str, Source] | None = None) -> tuple[Combination, ...]:
    """Read a file of ``[[combination]]`` entries; ids are unique.

    Raises
    ------
    CombinationError
        As `parse`, and for an id that stands twice.
    """
    fields = _toml(text)
    entries = fields.get("combination", [fields] if "id" in fields else [])
    if not isinstance(entries, list) or not entries:
        raise CombinationError("There is no combination in this file: begin each with a line [[combination]].")
    found = tuple(_entry(entry, sources) for entry in entries)
    twice = sorted({one.id for one in found if sum(other.id == one.id for other in found) > 1})
    if twice:
        raise CombinationError(f"id: {twice[0]!r} stands twice; give each combination an id of its own.")
    return found


def read_sources(told: Mapping[str, Mapping[str, Any]]) -> dict[str, Source]:
    """References by key; each has a text that holds its year, and says how it was checked.

    Raises
    ------
    CombinationError
        A reference without text or year, or of which it is not said when and by what it was checked.
    """
    found = {}
    for key, entry in told.items():
        text, year = str(entry.get("text", "")).strip(), entry.get("year")
        if not text or not isinstance(year, int) or str(year) not in text:
            raise CombinationError(f"source {key}: give the full reference as text, and its year, which is in it.")
        found[key] = Source(key, text, year, str(entry.get("doi", "")), str(entry.get("checked", "")).strip())
        if not _is_checked(found[key]):
            raise CombinationError(
                f'source {key}: checked: write when and by what it was looked up, such as "2026-11-22: abstract; '
                f'what is from memory". By one of {", ".join(CHECKS)}.'
            )
    return found


def _is_checked(source: Source) -> bool:
    try:
        date.fromisoformat(source.checked[:10])
    except ValueError:
        return False
    return source.checked[10:12] == ": " and source.check in CHECKS


def _toml(text: str) -> Mapping[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CombinationError(f'This is not TOML: {error}. Text stands in quotes: name = "…".') from error


def _entry(fields: Mapping[str, Any], sources: Mapping[str, Source] | None) -> Combination:
    if not isinstance(fields, Mapping):
        raise CombinationError("A combination is a set of fields: id, name, formula, citation and others.")
    own_id = _text(fields, "id", "")
    where = f"combination {own_id!r}" if own_id else "combination"
    try:
        _known(fields, _ENTRY | _VARIANT)
        if not _ID.fullmatch(own_id) or len(own_id) > 60:
            raise CombinationError("id: write small letters, digits and hyphens, such as tight-smile.")
        name = _text(fields, "name", "")
        if not name:
            raise CombinationError("name: write what it is called.")
        citation = _citation(fields.get("citation"), sources)
        return Combination(
            own_id,
            name,
            _one_of(fields, "kind", KINDS, "expression"),
            _one_of(fields, "group", GROUPS, "own" if sources is None else None),
            _variants(fields),
            citation,
            cast(Grade, _one_of(fields, "grade", tuple(GRADES), "ours" if sources is None else None)),
            tuple(_texts(fields, "alternatives")),
            _text(fields, "note", ""),
            tuple(_texts(fields, "yields_to")),
        )
    except (CombinationError, NotationError) as error:
        raise CombinationError(f"{where}: {error}") from error


def _known(fields: Mapping[str, Any], names: frozenset[str]) -> None:
    for name in fields:
        if name not in names:
            raise CombinationError(f"{name}: there is no such field. Fields are {', '.join(sorted(names))}.")


def _text(fields: Mapping[str, Any], name: str, default: str) -> str:
    found = fields.get(name, default)
    if not isinstance(found, str):
        raise CombinationError(f"{name}: write text in quotes.")
    return found.strip()


def _texts(fields: Mapping[str, Any], name: str) -> list[str]:
    found = fields.get(name, [])
    if isinstance(found, str):
        found = [found]
    if not isinstance(found, list | tuple) or not all(isinstance(text, str) and text.strip() for text in found):
        raise CombinationError(f'{name}: write a list of texts, such as {name} = ["…", "…"].')
    return [text.strip() for text in found]


def _one_of(fields: Mapping[str, Any], name: str, allowed: Sequence[str], default: str | None) -> str:
    found = fields.get(name, default)
    if found not in allowed:
        raise CombinationError(f"{name}: write one of {', '.join(allowed)}.")
    return cast(str, found)


def _citation(told: Any, sources: Mapping[str, Source] | None) -> tuple[Source, ...]:
    texts = _texts({"citation": told} if told is not None else {}, "citation")
    if not texts:
        raise CombinationError(
            "citation: say where it comes from, with the year. Where it is your own idea, write so: "
            'citation = "our own choice".'
        )
    if sources is None:
        return tuple(Source("", text) for text in texts)
    unknown = [key for key in texts if key not in sources]
    if unknown:
        raise CombinationError(f"citation: there is no source {unknown[0]!r}; add it under [source.{unknown[0]}].")
    return tuple(sources[key] for key in texts)


# Variants


def _variants(fields: Mapping[str, Any]) -> tuple[Variant, ...]:
    told = fields.get("variant")
    alone = {name: value for name, value in fields.items() if name in _VARIANT}
    if told is None:
        told = [alone]
    elif alone:
        raise CombinationError(f"{next(iter(alone))}: write it inside the variants, or leave the variants out.")
    if not isinstance(told, list | tuple) or not 1 <= len(told) <= _MOST:
        raise CombinationError(f"variant: write 1 to {_MOST} variants, each with a formula.")
    found = tuple(_variant(entry) for entry in told)
    for one, other in pairs(found, 2):
        if replace(one, formula="", rank="variant") == replace(other, formula="", rank="variant"):
            raise CombinationError(f"variant: {one.formula} and {other.formula} are the same; leave one out.")
    return found


def _variant(fields: Any) -> Variant:
    if not isinstance(fields, Mapping):
        raise CombinationError('variant: write each as {formula = "1+2"}.')
    _known(fields, _VARIANT)
    formula = _text(fields, "formula", "")
    score, share = _score(fields.get("score")), _share(fields.get("share"))
    required, optional = read_formula(formula, "formula") if formula else ((), ())
    without = _text(fields, "without", "")
    excluded, extra = read_formula(without, "without") if without else ((), ())
    if extra or any(len(group) > 1 for group in excluded):
        raise CombinationError("without: join the codes with + only; every one of them has to be absent.")
    if not required and score is None and share is None:
        raise CombinationError('formula: write the codes that have to be there, such as "4+7".')
    out = tuple(group[0] for group in excluded)
    timing = _timing(fields)
    _agree(required, out, timing)
    loose = [code for code in timing.order if code not in {u.code for group in required for u in group}]
    if loose:
        raise CombinationError(f"order: {loose[0]} is not among the codes of the formula; add it there.")
    rank = cast(Rank, _one_of(fields, "rank", RANKS, "variant"))
    origin = _one_of(fields, "origin", ("", "machine", "coder"), "")
    return Variant(formula, rank, required, optional, out, timing, score, share, origin)


def read_formula(text: str, field: str = "formula") -> tuple[tuple[AnyOf, ...], tuple[AnyOf, ...]]:
    """Required and optional units of a formula.

    Raises
    ------
    CombinationError, NotationError
        Something that is not a code, a side or a letter where none can be.
    """
    if len(text) > _LONGEST:
        raise CombinationError(f"{field}: write at most {_LONGEST} characters.")
    pieces = _PIECE.findall(text.replace(" ", ""))
    if _FORMULA.fullmatch(text.replace(" ", "")) is None:
        raise CombinationError(f"{field}: {text!r} cannot be read; join codes with +, such as 1+2+5B[+26].")
    required: list[AnyOf] = []
    optional: list[AnyOf] = []
    for piece in pieces:
        if piece == "+":
            continue
        inner, into = (piece[1:-1].strip("+"), optional) if piece[0] == "[" else (piece, required)
        into.extend(_any_of(part, field) for part in inner.split("+"))
    return tuple(required), tuple(optional)


def _any_of(text: str, field: str) -> AnyOf:
    units: list[Unit] = []
    for part in text.split("/"):
        if units and re.fullmatch("[A-E]", part):  # 12C/D
            units.append(Unit(units[-1].code, part, units[-1].side))
        else:
            units.append(_unit(part, field))
    return tuple(units)


def _unit(text: str, field: str) -> Unit:
    match = _UNIT.fullmatch(text.upper().removeprefix("AU"))
    if match is None:
        raise CombinationError(f"{field}: {text!r} is not a code; write a number such as 12, L12 or 12B.")
    code, side = match["code"].lstrip("0"), match["side"] or ""
    scored = ScoredUnit(code, "L" if side else "", match["letter"] or "")  # says what is wrong with it
    if code in VISIBILITY_CODES:
        raise CombinationError(f"{field}: {code} says what cannot be seen and belongs to no combination.")
    return Unit(code, scored.intensity, _SIDES[side])


def _agree(required: Sequence[AnyOf], excluded: Sequence[Unit], timing: Timing) -> None:
    """Raise for units that cannot all hold."""
    for one, other in pairs(required, 2):
        if {unit.code for unit in one} & {unit.code for unit in other}:
            code = next(unit.code for unit in one if unit.code in {u.code for u in other})
            raise CombinationError(f"formula: {code} is asked for twice; write it once.")
        apart = [(a, b) for a in one for b in other if b.code in CATALOGUE[a.code].exclusive_with]
        if len(apart) == len(one) * len(other) and timing.together_us is None:
            first, second = apart[0]
            raise CombinationError(
                f"formula: {first.code} and {second.code} exclude each other in FACS; leave one out, or write "
                "together_ms when one follows the other."
            )
    for unit in excluded:
        for group in required:
            clash = [one for one in group if _contradict(one, unit)]
            if len(clash) == len(group):
                raise CombinationError(
                    f"without: {unit} contradicts {clash[0]}, which has to be there; take it out of one of them."
                )


def _contradict(wanted: Unit, excluded: Unit) -> bool:
    """Whether a unit that is wanted is one that must not be there; ``12B`` without ``12D`` is a range."""
    sides = {"left", "right"}
    return (
        wanted.code == excluded.code
        and excluded.least <= wanted.least
        and not (wanted.side in sides and excluded.side in sides and wanted.side != excluded.side)
    )


def _timing(fields: Mapping[str, Any]) -> Timing:
    told: dict[str, int] = {}
    for name, inner in _TIMES.items():
        if name in fields:
            told[inner] = round(_number(fields[name], name, 1, 3_600_000) * 1000)
    if told.get("least_us", 0) > told.get("longest_us", 3_600_000_000):
        raise CombinationError("least_ms: is more than longest_ms; nothing could last that long.")
    order = tuple(_texts(fields, "order"))
    return Timing(**told, order=order)


def _number(value: Any, name: str, low: float, high: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise CombinationError(f"{name}: write a number from {low:g} to {high:g}.")
    return float(value)


def _codes(told: Any, name: str) -> tuple[str, ...]:
    if not isinstance(told, list | tuple) or not told:
        raise CombinationError(f'{name}: write a list of codes, such as ["9", "10"].')
    unknown = [code for code in told if code not in CATALOGUE]
    if unknown:
        raise CombinationError(f"{name}: {unknown[0]!r} is not a FACS code.")
    return tuple(told)


def _table(told: Any, name: str, names: Iterable[str]) -> Mapping[str, Any]:
    if not isinstance(told, Mapping) or set(told) != set(names):
        raise CombinationError(f"{name}: write {{{', '.join(names)}}}.")
    return told


def _score(told: Any) -> Score | None:
    if told is None:
        return None
    fields = _table(told, "score", ("parts", "binary", "least", "most", "least_parts"))
    if not isinstance(fields["parts"], list | tuple) or not fields["parts"]:
        raise CombinationError('score.parts: write lists of codes, such as [["4"], ["6", "7"]].')
    parts = tuple(_codes(part, "score.parts") for part in fields["parts"])
    binary = _codes(fields["binary"], "score.binary") if fields["binary"] else ()
    most = sum(1.0 if set(part) <= set(binary) else 5.0 for part in parts)
    if fields["most"] != most:
        raise CombinationError(f"score.most: these parts reach {most:g} at most; write that.")
    least = _number(fields["least"], "score.least", 0.1, most)
    return Score(
        parts, binary, least, most, int(_number(fields["least_parts"], "score.least_parts", 1, len(parts)))
    )


def _share(told: Any) -> Share | None:
    if told is None:
        return None
    fields = _table(told, "share", ("codes", "value", "window_s", "least", "closure_ms"))
    return Share(
        _codes(fields["codes"], "share.codes"),
        _number(fields["value"], "share.value", 0.1, 5),
        round(_number(fields["window_s"], "share.window_s", 1, 600) * 1e6),
        _number(fields["least"], "share.least", 0.001, 1),
        round(_number(fields["closure_ms"], "share.closure_ms", 0, 10_000) * 1000),
    )
