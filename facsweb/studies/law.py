"""What a study's setting and place mean for it, as data with the article it comes from.

This is a guard rail and a reminder, not legal advice; the operator stays responsible.
"""

from __future__ import annotations

from typing import Final

from facsweb.studies.models import Scope, Setting, Study

# The 27 member states, and the names people use for the whole.
EUROPEAN_UNION: Final = frozenset(
    [
        *(
            "eu",
            "european union",
            "austria",
            "belgium",
            "bulgaria",
            "croatia",
            "cyprus",
            "czechia",
            "czech republic",
        ),
        *("denmark", "estonia", "finland", "france", "germany", "greece", "hungary", "ireland", "italy", "latvia"),
        *("lithuania", "luxembourg", "malta", "netherlands", "the netherlands", "poland", "portugal", "romania"),
        *("slovakia", "slovenia", "spain", "sweden"),
    ]
)
ILLINOIS: Final = frozenset({"illinois", "illinois, usa", "illinois, us", "usa, illinois"})

#: The Commission's guidelines of February 2025 count recruitment among the workplace.
WORK_OR_SCHOOL: Final = frozenset({Setting.WORKPLACE, Setting.EDUCATION, Setting.RECRUITMENT})


def is_european_union(jurisdiction: str) -> bool:
    """Whether a jurisdiction, as typed, is the European Union or one of its member states."""
    return jurisdiction.strip().casefold() in EUROPEAN_UNION


def emotion_prohibited(setting: str, jurisdiction: str) -> bool:
    """Whether estimating emotions is prohibited there (Regulation (EU) 2024/1689, Article 5(1)(f))."""
    return setting in WORK_OR_SCHOOL and is_european_union(jurisdiction)


def scopes_allowed(setting: str, jurisdiction: str) -> list[Scope]:
    """Scopes that a consent form of such a study may ask about, in their usual order."""
    without = {Scope.EMOTION, Scope.INDICATORS} if emotion_prohibited(setting, jurisdiction) else set()
    return [scope for scope in Scope if scope not in without]


def sentence(study: Study) -> str:
    """What the law of the study's place says about it, in one plain sentence."""
    place = study.jurisdiction.strip()
    start = f"{study.get_setting_display()} study under the law of {place}:"
    if emotion_prohibited(study.setting, place):
        return (
            f"{start} estimating emotions is prohibited here (EU AI Act, Article 5(1)(f)), so only facial "
            "movements are coded."
        )
    if is_european_union(place):
        return (
            f"{start} recordings are treated as special-category data (GDPR, Article 9), and every person is told "
            "before capture (EU AI Act, Article 50)."
        )
    if place.casefold() in ILLINOIS:
        return (
            f"{start} face geometry needs a written release and a public schedule of destruction "
            "(BIPA, 740 ILCS 14/15)."
        )
    return f"{start} facsweb holds no special rule for this place, so check with counsel what applies there."
