"""Formulas of indicators as data: read, checked, never executed."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from analysis.indicators.catalogue import Input, inputs
from analysis.indicators.statement import claimed, judging
from analysis.types import AnalysisError

DIRECTIONS: Final = ("raises", "lowers")
_ID: Final = re.compile(r"[a-z][a-z0-9_]{1,59}")
_INDICATOR: Final = frozenset({"id", "name", "version", "author", "date", "note", "input"})
_TERM: Final = frozenset({"input", "weight", "direction", "low", "high", "why", "sources"})
_TEXT: Final = 600
#: An indicator of one input is that input, and has its own name.
_LEAST_TERMS: Final = 2
_MOST_TERMS: Final = 30
#: Below it an input gives less than anybody sees in a value with one decimal, and the sum without the other inputs
#: would be lost in rounding (a choice of ours).
_LEAST_WEIGHT: Final = 0.001
_MOST_WEIGHT: Final = 100.0
#: Anchors are at least this share of the input's range apart: nearer ones would make a step of the line (ours).
_LEAST_GAP: Final = 0.001
_TEXTS: Final = ("name", "version", "author", "date", "note")


class FormulaError(AnalysisError):
    """Something of a formula is missing, unknown or not allowed.

    Attributes
    ----------
    where : str
        Indicator and input.
    sentence : str
        What is wrong and what to write instead; the message is both.
    field : str
        The entry's name as in the file; empty where it is about the whole.
    term : str
        Id of the input; empty where it is about the indicator.
    """

    def __init__(self, where: str, sentence: str, field: str = "", term: str = "") -> None:
        super().__init__(f"{where}: {sentence}")
        self.where, self.sentence, self.field, self.term = where, sentence, field, term


@dataclass(frozen=True)
class Term:
    """One input in a formula.

    Attributes
    ----------
    input : Input
    weight : float
        More than 0.
    direction : str
        One of `DIRECTIONS`.
    low, high : float
        Values of the input that become 0 and 1.
    why : str
    sources : tuple of str
        At least one; “choice of ours: no source found” is one.
    """

    input: Input
    weight: float
    direction: str
    low: float
    high: float
    why: str
    sources: tuple[str, ...]


@dataclass(frozen=True)
class Indicator:
    """One formula."""

    id: str
    name: str
    version: str
    author: str
    date: str
    note: str
    terms: tuple[Term, ...]


@dataclass(frozen=True)
class Formulas:
    """A file of formulas; ``sha256`` is that of its text."""

    version: str
    sha256: str
    indicators: tuple[Indicator, ...]


@cache
def shipped() -> Formulas:
    """The formulas that came with the product."""
    return parse(Path(__file__).with_name("formulas.toml").read_text(encoding="utf-8"))


def read(path: Path) -> Formulas:
    """Formulas of a file.

    Raises
    ------
    AnalysisError
        The file is not there, or `parse` refuses it.
    """
    try:
        return parse(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise AnalysisError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise AnalysisError(f"{path.name} is no text in UTF-8.") from error


def parse(text: str) -> Formulas:
    """Formulas from TOML.

    Raises
    ------
    AnalysisError
        Something is missing, unknown or not allowed; the message says what to change.
    """
    try:
        stored = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise AnalysisError(f"The formulas are no TOML: {error}.") from error
    for fault in _unknown(stored, frozenset({"version", "indicator"}), "The file of formulas"):
        raise fault
    rows = stored.get("indicator")
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise AnalysisError("The file of formulas needs at least one [[indicator]].")
    found = tuple(of(row) for row in rows)
    ids = [one.id for one in found]
    if len(set(ids)) < len(ids):
        raise AnalysisError("Two indicators have the same id.")
    for fault in _no_text(stored, "version", "The file of formulas"):
        raise fault
    return Formulas(stored["version"].strip(), hashlib.sha256(text.encode()).hexdigest(), found)


def of(row: Mapping[str, Any]) -> Indicator:
    """One formula from an ``[[indicator]]`` of the file as a mapping.

    Raises
    ------
    FormulaError
        The first of `faults`.
    """
    for fault in faults(row):
        raise fault
    terms = tuple(_term(one) for one in row["input"])
    texts = {key: str(row[key]).strip() for key in _TEXTS}
    return Indicator(row["id"], terms=terms, **texts)


def as_row(indicator: Indicator) -> dict[str, Any]:
    """The inverse of `of`: plain values, every anchor written out."""
    terms = [
        {
            "input": term.input.id,
            "weight": term.weight,
            "direction": term.direction,
            "low": term.low,
            "high": term.high,
            "why": term.why,
            "sources": list(term.sources),
        }
        for term in indicator.terms
    ]
    return {"id": indicator.id, **{key: getattr(indicator, key) for key in _TEXTS}, "input": terms}


def write(indicators: Iterable[Indicator], version: str) -> str:
    """The formulas as a file that `parse` reads back."""
    lines = [f"version = {_toml(version)}"]
    for one in indicators:
        row = as_row(one)
        lines += ["", "[[indicator]]", *(f"{key} = {_toml(row[key])}" for key in ("id", *_TEXTS))]
        for term in row["input"]:
            lines += ["", "[[indicator.input]]", *(f"{key} = {_toml(value)}" for key, value in term.items())]
    return "\n".join([*lines, ""])


def _toml(value: str | float | list[str]) -> str:
    """A TOML value: texts of JSON are those of TOML but for one character that TOML wants escaped."""
    if isinstance(value, float):
        return repr(value)
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def faults(row: Mapping[str, Any]) -> Iterator[FormulaError]:
    """Everything that is wrong with an ``[[indicator]]``, in the file's order."""
    name = row.get("id", "?")
    where = f"Indicator {name!r}"
    yield from _unknown(row, _INDICATOR, where)
    if not isinstance(name, str) or not _ID.fullmatch(name):
        yield FormulaError(where, "an id is of small letters, digits and _, and begins with a letter.", "id")
    else:
        yield from _claimed(name, where, "id")
    for key in _TEXTS:
        yield from _no_text(row, key, where)
    if found := judging(str(row.get("name", ""))):
        yield FormulaError(where, f"no indicator is called {found!r}; it is no judgement on a person.", "name")
    if isinstance(row.get("date"), str) and not re.fullmatch(r"\d{4}-\d{2}-\d{2}", row["date"]):
        yield FormulaError(where, "the date is written like 2026-11-21.", "date")
    terms = row.get("input")
    if not isinstance(terms, list) or not _LEAST_TERMS <= len(terms) <= _MOST_TERMS:
        yield FormulaError(where, f"it needs {_LEAST_TERMS} to {_MOST_TERMS} inputs.", "input")
        return
    for term in terms:
        yield from _term_faults(term, where)
    used = [str(term.get("input")) for term in terms if isinstance(term, dict)]
    if twice := next((one for one in used if used.count(one) > 1), None):
        yield FormulaError(where, f"it uses an input twice ({twice}): give it one weight.", "input")


def _term(row: Mapping[str, Any]) -> Term:
    one = inputs()[row["input"]]
    low, high = float(row.get("low", one.anchors[0])), float(row.get("high", one.anchors[1]))
    sources = tuple(str(source).strip() for source in row["sources"])
    return Term(one, float(row["weight"]), row["direction"], low, high, str(row["why"]).strip(), sources)


def _term_faults(row: Any, where: str) -> Iterator[FormulaError]:
    if not isinstance(row, dict):
        yield FormulaError(where, "each input is a table, [[indicator.input]].", "input")
        return
    key = str(row.get("input", "?"))
    where = f"{where}, input {key!r}"
    one = inputs().get(key)
    if one is None:
        yield FormulaError(where, f"the catalogue has no such input. It has {', '.join(inputs())}.", "input", key)
        return
    for fault in _about_term(row, one, where):
        fault.term = key
        yield fault


def _about_term(row: Mapping[str, Any], one: Input, where: str) -> Iterator[FormulaError]:
    yield from _unknown(row, _TERM, where)
    weight = _number(row.get("weight"))
    if weight is None:
        yield FormulaError(where, "weight is a number.", "weight")
    elif not _LEAST_WEIGHT <= weight <= _MOST_WEIGHT:
        said = f"more than 0 (at least {_LEAST_WEIGHT:g}) and at most {_MOST_WEIGHT:g}"
        yield FormulaError(where, f"the weight must be {said}; direction says which way.", "weight")
    if row.get("direction") not in DIRECTIONS:
        yield FormulaError(where, f"the direction is one of {' and '.join(DIRECTIONS)}.", "direction")
    yield from _anchors(row, one, where)
    yield from _no_text(row, "why", where)
    sources = row.get("sources")
    if (
        not isinstance(sources, list)
        or not sources
        or not all(isinstance(it, str) and it.strip() for it in sources)
    ):
        yield FormulaError(where, "name a source, or write “choice of ours: no source found”.", "sources")
        return
    if max(map(len, sources)) > _TEXT:
        yield FormulaError(where, f"a source is a text of 1 to {_TEXT} characters.", "sources")
    for source in sources:
        yield from _claimed(source, where, "sources")


def _anchors(row: Mapping[str, Any], one: Input, where: str) -> Iterator[FormulaError]:
    ends = {key: _number(row.get(key, known)) for key, known in zip(("low", "high"), one.anchors, strict=True)}
    missing = [key for key, value in ends.items() if value is None]
    for key in missing:
        yield FormulaError(where, f"{key} is a number.", key)
    if missing:
        return
    low, high = (float(value or 0.0) for value in ends.values())
    least, most = one.range
    limits = f"{least:g} to {most:g} ({one.unit})"
    if not least <= low < high <= most:
        field = "high" if least <= low <= most else "low"
        yield FormulaError(where, f"low must be less than high, and both within {limits}.", field)
    elif high - low < (gap := _LEAST_GAP * (most - least)):
        yield FormulaError(where, f"low and high must be at least {gap:g} apart ({one.unit}).", "high")


def _unknown(row: Mapping[str, Any], keys: frozenset[str], where: str) -> Iterator[FormulaError]:
    for key in sorted(row.keys() - keys):
        yield FormulaError(where, f"{key!r} is not known here; known are {', '.join(sorted(keys))}.", key)


def _no_text(row: Mapping[str, Any], key: str, where: str) -> Iterator[FormulaError]:
    text = row.get(key)
    if not isinstance(text, str) or not text.strip() or len(text) > _TEXT:
        yield FormulaError(where, f"{key} is a text of 1 to {_TEXT} characters.", key)
    elif key != "author":  # a person's name is no claim, whatever it sounds like in English
        yield from _claimed(text, where, key)


def _claimed(text: str, where: str, field: str) -> Iterator[FormulaError]:
    if found := claimed(text):
        yield FormulaError(where, f"no indicator speaks of {found!r}; the product does not detect that.", field)


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e9:
        return None
    return float(value)
