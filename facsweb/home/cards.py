"""What the model page says, read from where it is kept: the registry, the catalogue of codes, the model cards."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

from analysis.facs.codes import ACTION_UNITS, CATALOGUE
from analysis.models import registry, store
from analysis.models.registry import ModelSpec

TIERS = ("measured", "experimental", "human-coded only")


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


def tiers() -> list[tuple[str, int, list[str]]]:
    """Every tier with how many of the 44 Action Units are in it, and which."""
    by_tier = Counter(CATALOGUE[code].tier for code in ACTION_UNITS)
    return [(tier, by_tier[tier], [c for c in ACTION_UNITS if CATALOGUE[c].tier == tier]) for tier in TIERS]
