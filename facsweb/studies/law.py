"""What a study's setting and place mean for it, from rules in data (``law.toml``, ``places.toml``).

This is a guard rail and a reminder, not legal advice; the operator stays responsible.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Final

from facsweb.studies.models import Justification, Scope, Setting, Study

HERE: Final = Path(__file__).parent
UNKNOWN: Final = "unknown"
ELSEWHERE: Final = "elsewhere"
EU: Final = "eu"
GROUPS: Final = frozenset({EU, "eea", "uk", "illinois", ELSEWHERE, UNKNOWN})


@dataclass(frozen=True, slots=True)
class Place:
    """A country, a state or a union, and the groups that rules speak of."""

    name: str
    groups: frozenset[str]

    @property
    def known(self) -> bool:
        return UNKNOWN not in self.groups


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of ``law.toml``; its comments say what each field means."""

    id: str
    article: str
    short: str
    link: str
    looked_up: date
    read: str
    says: str
    places: frozenset[str]
    settings: frozenset[str]
    off: frozenset[str] = frozenset()
    exceptions: tuple[str, ...] = ()
    notice: Mapping[str, str] = field(default_factory=dict)
    cited: Mapping[str, str] = field(default_factory=dict)
    most_days: int | None = None


@cache
def rules() -> tuple[Rule, ...]:
    """Every rule, in the order of the file."""
    stored = tomllib.loads((HERE / "law.toml").read_text(encoding="utf-8"))["rule"]
    return tuple(
        Rule(
            **row
            | {
                "places": frozenset(row["places"]),
                "settings": frozenset(row.get("settings", Setting.values)),
                "off": frozenset(row.get("off", ())),
                "exceptions": tuple(row.get("exceptions", ())),
            }
        )
        for row in stored
    )


@cache
def _places() -> Mapping[str, Place]:
    """Places by every name they are known under, in small letters."""
    found: dict[str, Place] = {}
    for row in tomllib.loads((HERE / "places.toml").read_text(encoding="utf-8"))["place"]:
        groups = set(row["groups"])
        place = Place(row["name"], frozenset(groups if EU in groups else groups | {ELSEWHERE}))
        for name in (row["name"], *row.get("also", ())):
            found[name.casefold()] = place
    return found


def place_names() -> list[str]:
    """Every place that is known, for a list to choose from."""
    return sorted({place.name for place in _places().values()})


def place_of(jurisdiction: str) -> Place:
    """The place that is meant by what somebody typed; one of the group ``unknown`` where nobody can tell."""
    typed = " ".join(jurisdiction.split())
    return _places().get(typed.casefold()) or Place(typed, frozenset({UNKNOWN}))


def normalised(jurisdiction: str) -> str:
    """The usual name of a place that is known, and otherwise what was typed."""
    return place_of(jurisdiction).name


def is_european_union(jurisdiction: str) -> bool:
    """Whether a jurisdiction, as typed, is the European Union or one of its member states."""
    return EU in place_of(jurisdiction).groups


def rules_for(setting: str, jurisdiction: str) -> list[Rule]:
    """The rules that hold for studies of a setting under the law of a place."""
    groups = place_of(jurisdiction).groups
    return [rule for rule in rules() if setting in rule.settings and groups & rule.places]


def scopes_allowed(setting: str, jurisdiction: str, *, excepted: Iterable[str] = ()) -> list[Scope]:
    """Scopes that a consent form of such a study may ask about, in their usual order.

    Parameters
    ----------
    setting, jurisdiction : str
    excepted : iterable of str
        Ids of rules to which an exception is recorded.
    """
    without = set(excepted)
    off = {scope for rule in rules_for(setting, jurisdiction) if rule.id not in without for scope in rule.off}
    return [scope for scope in Scope if scope not in off]


def emotion_prohibited(setting: str, jurisdiction: str) -> bool:
    """Whether estimating emotions is off there, before any recorded exception."""
    return Scope.EMOTION not in scopes_allowed(setting, jurisdiction)


# --- of one study, with what is recorded for it ------------------------------------------------------------


def prohibition(setting: str, jurisdiction: str) -> Rule | None:
    """The rule that switches the estimation of emotions off, or None."""
    return next((rule for rule in rules_for(setting, jurisdiction) if Scope.EMOTION in rule.off), None)


def justification(study: Study) -> Justification | None:
    """The standing exception to the prohibition that holds for a study, with its reason; None without one."""
    rule = prohibition(study.setting, study.jurisdiction)
    if rule is None or study._state.adding:
        return None
    standing = study.justifications.select_related("made_by").filter(rule=rule.id, withdrawn_at=None).first()
    return standing if standing and standing.ground in rule.exceptions else None


def scopes_of(study: Study) -> list[Scope]:
    """Scopes that the study may ask about and compute, with its recorded exceptions."""
    standing = justification(study)
    return scopes_allowed(study.setting, study.jurisdiction, excepted=[standing.rule] if standing else [])


def emotion_off(study: Study) -> bool:
    """Whether nothing may be estimated in the study: prohibited, and no exception is recorded."""
    return Scope.EMOTION not in scopes_of(study)


def engine_place(study: Study) -> str:
    """Whose law holds, as ``analysis.indicators.permission`` calls it: empty where the place is unknown."""
    groups = place_of(study.jurisdiction).groups
    return EU if EU in groups else ELSEWHERE if ELSEWHERE in groups else ""


def most_days(setting: str, jurisdiction: str) -> int | None:
    """Longest time in days that the law lets data be kept; None where no rule names one."""
    return min((rule.most_days for rule in rules_for(setting, jurisdiction) if rule.most_days), default=None)


def days_kept(study: Study) -> int | None:
    """Days after which the study's data go: its own or the law's, whichever are fewer; None for neither."""
    limits = (study.retention_days, most_days(study.setting, study.jurisdiction))
    return min((days for days in limits if days), default=None)


def notices(study: Study, language: str) -> list[dict[str, str]]:
    """What a participant is told before anything else: id of the rule, its article and the words."""
    return [
        {"rule": rule.id, "article": rule.cited.get(language, rule.short), "text": rule.notice[language]}
        for rule in rules_for(study.setting, study.jurisdiction)
        if rule.notice
    ]


def sentence(study: Study) -> str:
    """What the law of the study's place says about it, in one plain sentence."""
    place = place_of(study.jurisdiction)
    start = f"{study.get_setting_display()} study under the law of {place.name}:"
    if standing := justification(study):
        rule = prohibition(study.setting, study.jurisdiction)
        article = rule.short if rule else ""
        return (
            f"{start} estimating emotions would be prohibited here ({article}); an exception for "
            f"{standing.get_ground_display().lower()} is recorded."
        )
    if rule := prohibition(study.setting, study.jurisdiction):
        known = "" if place.known else " as far as anybody can tell, because facsweb does not know this place,"
        return (
            f"{start}{known} estimating emotions is prohibited here ({rule.short}), so only facial movements are "
            "coded."
        )
    if is_european_union(place.name):
        return (
            f"{start} recordings are treated as special-category data (GDPR, Article 9), and every person is told "
            "before capture (EU AI Act, Article 50)."
        )
    if not place.known:
        return (
            f"{start} facsweb does not know this place. It shows the notices of the European Union to be on the "
            "safe side; choose a place from the list, or check with counsel what applies there."
        )
    found = [rule for rule in rules_for(study.setting, place.name) if not rule.off]
    if found:
        return f"{start} {' '.join(_lower(rule.says) for rule in found)} ({found[0].short})"
    return f"{start} facsweb holds no special rule for this place, so check with counsel what applies there."


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
