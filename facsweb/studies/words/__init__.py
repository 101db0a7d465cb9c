"""What participants read, one data file a language: no compiler of translations is needed to change or add one."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).parent
#: The first one is the fallback.
LANGUAGES: Final = ("en", "de")


@cache
def words(language: str) -> Mapping[str, str]:
    """All words of a language by dotted key, such as ``sign.title``; KeyError for a language that is not there."""
    if language not in LANGUAGES:
        raise KeyError(language)
    stored = tomllib.loads((HERE / f"{language}.toml").read_text(encoding="utf-8"))
    return dict(_flat(stored, ""))


def _flat(value: Mapping[str, Any], before: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for key, inner in value.items():
        name = f"{before}{key}"
        found += _flat(inner, f"{name}.") if isinstance(inner, dict) else [(name, inner)]
    return found


def say(language: str, key: str, **values: Any) -> str:
    """The words of a key, with its placeholders filled."""
    return words(language)[key].format(**values)


def part(language: str, name: str) -> dict[str, str]:
    """The words under a heading, by the rest of their keys: ``part("de", "questions")["video"]``."""
    start = f"{name}."
    return {key.removeprefix(start): text for key, text in words(language).items() if key.startswith(start)}


def preferred(accepted: str) -> str:
    """The language that a browser's ``Accept-Language`` asks for first, of those that are here."""
    wanted: list[tuple[float, int, str]] = []
    for place, entry in enumerate(accepted.split(",")[:20]):
        tag, _, weight = entry.strip().partition(";q=")
        try:
            quality = float(weight) if weight else 1.0
        except ValueError:
            continue
        wanted.append((-quality, place, tag.strip().lower().partition("-")[0]))
    return next((tag for _, _, tag in sorted(wanted) if tag in LANGUAGES), LANGUAGES[0])
