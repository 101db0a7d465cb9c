"""Whether anything may be computed: consent, and what the study is for (``limits.toml``)."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

_RULES: Final = ("open", "by exception", "forbidden")
_SCOPE_WORDS: Final = {
    "video": "the video",
    "emotion": "the estimation of emotional states",
    "indicators": "exploratory indicators",
    "audio": "the voice",
    "text": "the words",
}


@dataclass(frozen=True, slots=True)
class Override:
    """An exception that a person recorded.

    Attributes
    ----------
    ground : str
        ``medical`` or ``safety``.
    reason, by, date : str
        Why, who decided it, and when (ISO date).

    Raises
    ------
    ValueError
        One of them is empty.
    """

    ground: str
    reason: str
    by: str
    date: str

    def __post_init__(self) -> None:
        if not all(text.strip() for text in (self.ground, self.reason, self.by, self.date)):
            raise ValueError("an override needs its ground, its reason, who recorded it and when")


@dataclass(frozen=True, slots=True)
class Allowed:
    """What the caller says is allowed.

    Attributes
    ----------
    scopes : frozenset of str
        What the participants agreed to: ``video``, ``audio``, ``text``, ``emotion``, ``indicators``.
    purpose : str
        Setting of the study, one of `purposes`.
    override : Override or None
    place : str
        Whose law holds: ``eu`` or ``elsewhere``; empty where that is not known, and then every rule holds.
    """

    scopes: frozenset[str] = frozenset()
    purpose: str = ""
    override: Override | None = None
    place: str = ""

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        override = None if self.override is None else asdict(self.override)
        return {
            "scopes": sorted(self.scopes),
            "purpose": self.purpose,
            "override": override,
            **({"place": self.place} if self.place else {}),
        }


@dataclass(frozen=True, slots=True)
class Purpose:
    """What the rules say of one setting of a study."""

    id: str
    rule: str
    grounds: tuple[str, ...] = ()
    why: str = ""
    where: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.rule not in _RULES:
            raise ValueError(f"purpose {self.id}: unknown rule {self.rule!r}")
        if (self.rule != "open") != bool(self.why) or (self.rule == "by exception") != bool(self.grounds):
            raise ValueError(f"purpose {self.id}: what is not open says why, exceptions name their grounds")


@dataclass(frozen=True)
class Limits:
    """Content of ``limits.toml``; its comments say where the numbers come from."""

    version: str
    least_seconds: float
    least_share: float
    least_quality: float
    most_missing: float
    widest: float
    consent: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    purposes: Mapping[str, Purpose] = field(default_factory=dict)


@cache
def limits() -> Limits:
    """The limits that came with the product; there are no others."""
    stored = tomllib.loads(Path(__file__).with_name("limits.toml").read_text(encoding="utf-8"))
    found = [
        Purpose(
            row["id"], row["rule"], tuple(row.get("grounds", ())), row.get("why", ""), tuple(row.get("where", ()))
        )
        for row in stored["purpose"]
    ]
    return Limits(
        stored["version"],
        **stored["limits"],
        consent=MappingProxyType({name: tuple(scopes) for name, scopes in stored["consent"].items()}),
        purposes=MappingProxyType({one.id: one for one in found}),
    )


def purposes() -> tuple[str, ...]:
    """Names of all purposes that the rules know."""
    return tuple(limits().purposes)


def forbidden(allowed: Allowed | None) -> list[str]:
    """Why the study's purpose forbids every indicator, a sentence each; empty where it does not."""
    if allowed is None or not allowed.purpose:
        return []
    purpose = limits().purposes.get(allowed.purpose)
    if purpose is None:
        return [f"The purpose {allowed.purpose!r} is not known; known are {', '.join(purposes())}."]
    if purpose.rule == "open" or (purpose.where and allowed.place and allowed.place not in purpose.where):
        return []
    override = allowed.override
    if purpose.rule == "by exception" and override is not None:
        if override.ground in purpose.grounds:
            return []
        return [f"The recorded exception names {override.ground!r}; only {' or '.join(purpose.grounds)} is one."]
    return [purpose.why]


def refusals(allowed: Allowed | None) -> list[str]:
    """Why no indicator may have a value, a sentence each."""
    if allowed is None:
        return ["Nothing was said about consent and the study's purpose, so no indicator has a value."]
    out = forbidden(allowed)
    if not allowed.purpose:
        out.append("The study's purpose was not named.")
    missing = [scope for scope in limits().consent["indicators"] if scope not in allowed.scopes]
    if missing:
        words = " and ".join(_SCOPE_WORDS[scope] for scope in missing)
        out.append(f"The participant's consent does not cover {words}.")
    return out


def covered(allowed: Allowed | None, channel: str) -> bool:
    """Whether consent covers the voice or the words; True where nothing was said, for the caller answers then."""
    if allowed is None:
        return True
    return all(scope in allowed.scopes for scope in limits().consent.get(channel, ()))


def without_indicators(allowed: Allowed | None, face: int, refused: Mapping[int, Collection[str]]) -> list[str]:
    """Why nothing of a face's engagement and indicators is kept, a sentence each; empty where it may be.

    Parameters
    ----------
    allowed : Allowed or None
        Nothing is refused by who says nothing about consent: then engagement is computed, indicators are not.
    face : int
    refused : mapping of int to collection of str
        What the persons of single faces did not agree to.
    """
    if allowed is not None and "indicators" not in allowed.scopes:
        return ["The participant's consent does not cover exploratory indicators."]
    if "indicators" in refused.get(face, ()):
        return ["The person of this face did not agree to exploratory indicators."]
    return []
