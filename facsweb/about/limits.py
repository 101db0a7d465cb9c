"""What the product is not, what its model cards say it cannot do, and what the law says by setting."""

from __future__ import annotations

from typing import Any, Final

from facsweb.about import prose
from facsweb.about.values import Column, Table
from facsweb.reports.content import DISCLAIMER
from facsweb.studies import law
from facsweb.studies.models import Setting, Study

#: One place for each kind that the law module tells apart.
PLACES: Final = ("European Union", "Illinois", "Elsewhere")


def is_not() -> tuple[str, ...]:
    """The house's own statement, and what follows from it."""
    return (
        DISCLAIMER,
        "No result says what a person feels, thinks or intends, and none is a basis to pass, fail or rank a "
        "person.",
        "A machine’s proposal counts for nothing until a person has decided about it and put their name to it.",
    )


def known() -> Table:
    """Limits, word for word from the model cards."""
    rows: list[dict[str, Any]] = []
    for slug in prose.slugs():
        text = prose.card(slug)
        rows += [{"model": prose.title(text, slug), "limit": one} for one in prose.section(text, prose.LIMITS)]
    return Table(
        "limits",
        "Known limits, from the model cards",
        (Column("model", "Model"), Column("limit", "Limit")),
        tuple(rows),
        empty="No model card came with this copy of the product.",
    )


def by_law() -> Table:
    """What the product asks and refuses, by setting of a study and place."""
    groups: dict[tuple[str, str], list[str]] = {}
    for place in PLACES:
        for setting in Setting:
            groups.setdefault((place, _said(setting, place)), []).append(setting.label)
    return Table(
        "law",
        "What the law of a study’s place means for it",
        (Column("place", "Place"), Column("settings", "Setting of the study"), Column("said", "What that means")),
        tuple(
            {"place": place, "settings": "every" if len(names) == len(Setting) else ", ".join(names), "said": said}
            for (place, said), names in groups.items()
        ),
        "A guard rail and a reminder, not legal advice; the operator stays responsible. A study’s own page says "
        "what applies there, and the product refuses what is prohibited.",
        folded=True,
    )


def _said(setting: Setting, place: str) -> str:
    """The law module's own sentence, without its beginning, which names the study."""
    study = Study(setting=setting, jurisdiction=place)
    said = law.sentence(study).partition(": ")[2]
    return said if said.startswith("facsweb") else said[:1].upper() + said[1:]
