"""Formulas of indicators as data: read, checked, never executed."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from analysis.indicators.catalogue import Input, inputs
from analysis.types import AnalysisError

DIRECTIONS: Final = ("raises", "lowers")
_ID: Final = re.compile(r"[a-z][a-z0-9_]{1,59}")
#: Claims that no indicator may make, in any of its words.
_CLAIMS: Final = re.compile(r"\b(lie|lies|lying|liars?|dece\w+|(un)?truthful\w*|(dis)?honest\w*)\b", re.IGNORECASE)
_INDICATOR: Final = frozenset({"id", "name", "version", "author", "date", "note", "input"})
_TERM: Final = frozenset({"input", "weight", "direction", "low", "high", "why", "sources"})
_TEXT: Final = 600
#: An indicator of one input is that input, and has its own name.
_LEAST_TERMS: Final = 2
_MOST_TERMS: Final = 30


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
    _known(stored, frozenset({"version", "indicator"}), "The file of formulas")
    rows = stored.get("indicator")
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise AnalysisError("The file of formulas needs at least one [[indicator]].")
    found = tuple(_indicator(row) for row in rows)
    ids = [one.id for one in found]
    if len(set(ids)) < len(ids):
        raise AnalysisError("Two indicators have the same id.")
    version = _words(stored, "version", "The file of formulas")
    return Formulas(version, hashlib.sha256(text.encode()).hexdigest(), found)


def _indicator(row: Mapping[str, Any]) -> Indicator:
    name = str(row.get("id", "?"))
    where = f"Indicator {name!r}"
    _known(row, _INDICATOR, where)
    if not _ID.fullmatch(name):
        raise AnalysisError(f"{where}: an id is of small letters, digits and _, and begins with a letter.")
    terms = row.get("input")
    if not isinstance(terms, list) or not _LEAST_TERMS <= len(terms) <= _MOST_TERMS:
        raise AnalysisError(f"{where} needs {_LEAST_TERMS} to {_MOST_TERMS} [[indicator.input]].")
    found = tuple(_term(term, where) for term in terms)
    used = [term.input.id for term in found]
    if len(set(used)) < len(used):
        raise AnalysisError(f"{where} uses an input twice: give it one weight.")
    texts = {key: _words(row, key, where) for key in ("name", "version", "author", "date", "note")}
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", texts["date"]):
        raise AnalysisError(f"{where}: the date is written like 2026-11-21.")
    return Indicator(name, terms=found, **texts)


def _term(row: Any, where: str) -> Term:
    if not isinstance(row, dict):
        raise AnalysisError(f"{where}: each input is a table, [[indicator.input]].")
    key = str(row.get("input", "?"))
    where = f"{where}, input {key!r}"
    _known(row, _TERM, where)
    one = inputs().get(key)
    if one is None:
        raise AnalysisError(f"{where}: the catalogue has no such input. It has {', '.join(inputs())}.")
    weight = _number(row, "weight", where)
    if not 0 < weight <= 100:
        raise AnalysisError(f"{where}: the weight must be more than 0 and at most 100; direction says which way.")
    if row.get("direction") not in DIRECTIONS:
        raise AnalysisError(f"{where}: the direction is one of {' and '.join(DIRECTIONS)}.")
    low = _number(row, "low", where, one.anchors[0])
    high = _number(row, "high", where, one.anchors[1])
    if not one.range[0] <= low < high <= one.range[1]:
        limits = f"{one.range[0]:g} to {one.range[1]:g}"
        raise AnalysisError(f"{where}: low must be less than high, and both within {limits} ({one.unit}).")
    sources = row.get("sources")
    if not isinstance(sources, list) or not sources or not all(isinstance(one, str) and one for one in sources):
        raise AnalysisError(f"{where}: name a source, or write “choice of ours: no source found”.")
    for source in sources:
        _claims(source, where)
    return Term(one, weight, row["direction"], low, high, _words(row, "why", where), tuple(sources))


def _known(row: Mapping[str, Any], keys: frozenset[str], where: str) -> None:
    unknown = sorted(row.keys() - keys)
    if unknown:
        raise AnalysisError(f"{where}: {unknown[0]!r} is not known here; known are {', '.join(sorted(keys))}.")


def _words(row: Mapping[str, Any], key: str, where: str) -> str:
    text = row.get(key)
    if not isinstance(text, str) or not text.strip() or len(text) > _TEXT:
        raise AnalysisError(f"{where}: {key} is a text of 1 to {_TEXT} characters.")
    _claims(text, where)
    return text.strip()


def _claims(text: str, where: str) -> None:
    found = _CLAIMS.search(text)
    if found:
        raise AnalysisError(f"{where}: no indicator speaks of {found[0]!r}; the product does not detect that.")


def _number(row: Mapping[str, Any], key: str, where: str, otherwise: float | None = None) -> float:
    value = row.get(key, otherwise)
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e9:
        raise AnalysisError(f"{where}: {key} is a number.")
    return float(value)
