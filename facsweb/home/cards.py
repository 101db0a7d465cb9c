"""What the model page says, read from where it is kept: the registry, the catalogue of codes, the model cards."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from django.conf import settings

from analysis.facs.codes import ACTION_UNITS, CATALOGUE
from analysis.facs.tiers import tier_words
from analysis.models import registry, store
from analysis.models.registry import ModelSpec
from facsweb.home import scorer_figures
from facsweb.learning.cards import Card, render

UNIT_HEADINGS: Final = ("AU", "Name", "Tier", "Head", "ICC", "r", "MAE", "F1", "Base rate", "n", "Interval")
TIERS: Final = ("measured", "experimental", "human-coded only")


def folder() -> Path:
    """Where the model cards are kept, one Markdown file each."""
    return Path(settings.BASE_DIR) / "docs" / "model_cards"


def cards() -> list[Card]:
    """Every model card, by file name; empty when the folder is not there."""
    return [render(path.stem, path.read_text(encoding="utf-8")) for path in sorted(folder().glob("*.md"))]


def models() -> list[tuple[ModelSpec, bool]]:
    """Every registered model, and whether an intact copy is on this machine."""
    here = store.present()
    return [(spec, here[model_id]) for model_id, spec in registry.MODELS.items()]


def scorer() -> dict[str, Any]:
    """What the page shows of the scorer that ships; the catalogue's tiers where it cannot be read."""
    found = scorer_figures.of_default(TIERS)
    by_catalogue = [(tier, [code for code in ACTION_UNITS if CATALOGUE[code].tier == tier]) for tier in TIERS]
    if found is None:
        return {"scorer": None, "tiers": by_catalogue}
    return {
        "scorer": found,
        "tiers": found.tiers,
        "tier_words": tier_words(found.name.split()[0]),
        "unit_headings": UNIT_HEADINGS,
        "spread_codes": scorer_figures.SPREAD,
        "spreads": [
            (
                "By cohort",
                "ICC. Cohorts are skin tones of one rig of the training world, mixtures of shapes of the other, "
                "not people of a culture; nobody has been calibrated.",
                "Cohort",
                found.cohorts,
            ),
            ("By yaw", "ICC by how far the head is turned away.", "Yaw", found.yaws),
        ],
    }
