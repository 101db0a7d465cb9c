"""What the model page says, read from where it is kept: the registry, the catalogue of codes, the model cards."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

from analysis.facs.codes import ACTION_UNITS, CATALOGUE
from analysis.facs.tiers import tier_words
from analysis.models import registry, store
from analysis.models.registry import ModelSpec
from facsweb.home import scorer_figures

UNIT_HEADINGS: Final = ("AU", "Name", "Tier", "Head", "ICC", "r", "MAE", "F1", "Base rate", "n", "Interval")
TIERS: Final = ("measured", "experimental", "human-coded only")


@dataclass(frozen=True, slots=True)
class Card:
    """One model card: its title, and its text as HTML."""

    slug: str
    title: str
    html: SafeString


def folder() -> Path:
    """Where the model cards are kept, one Markdown file each."""
    return Path(settings.BASE_DIR) / "docs" / "model_cards"


def cards() -> list[Card]:
    """Every model card, by file name; empty when the folder is not there."""
    return [render(path.stem, path.read_text(encoding="utf-8")) for path in sorted(folder().glob("*.md"))]


@lru_cache(maxsize=64)
def render(slug: str, text: str) -> Card:
    """Turn a card into HTML, its headings one level down, because the page has the first level.

    Raw HTML in a card is shown as text, and links may only have the schemes that markdown-it allows.
    """
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = parser.parse(text)
    title = slug.replace("_", " ").replace("-", " ").capitalize()
    if len(tokens) > 2 and tokens[0].type == "heading_open" and tokens[0].tag == "h1":
        title = tokens[1].content
        tokens = tokens[3:]
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1]) + 1)}"
    html = parser.renderer.render(tokens, parser.options, {})
    return Card(slug, title, mark_safe(html))  # noqa: S308 (rendered with raw HTML off)


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
