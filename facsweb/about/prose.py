"""What the model cards say, section by section, as plain sentences."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final

from django.conf import settings
from markdown_it import MarkdownIt

TRAINED: Final = re.compile(r"train|learn|made from|constants come from|data", re.IGNORECASE)
LIMITS: Final = re.compile(r"limit|cannot|does not know", re.IGNORECASE)
LICENCE: Final = re.compile(r"licen[cs]e", re.IGNORECASE)
_SENTENCE: Final = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9“*])")


def documents() -> Path:
    """Folder of the documents that came with the product."""
    return Path(settings.BASE_DIR) / "docs"


def slugs() -> list[str]:
    """Names of all model cards."""
    return sorted(path.stem for path in (documents() / "model_cards").glob("*.md"))


def card(slug: str) -> str:
    """A model card as it is written; empty where there is none."""
    path = documents() / "model_cards" / f"{slug}.md"
    return path.read_text(encoding="utf-8") if path.is_file() else ""


@lru_cache(maxsize=64)
def sections(text: str) -> Mapping[str, tuple[str, ...]]:
    """Headings → paragraphs and list items as plain text; tables and code are left out."""
    tokens = MarkdownIt("commonmark", {"html": False}).enable("table").parse(text)
    found: dict[str, list[str]] = {}
    heading, in_heading, in_table = "", False, 0
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            in_heading = token.type == "heading_open"
        elif token.type in ("table_open", "table_close"):
            in_table += 1 if token.type == "table_open" else -1
        elif token.type == "inline":
            said = _plain(token)
            if in_heading:
                heading = said
            elif not in_table and said:
                found.setdefault(heading, []).append(said)
    return {name: tuple(parts) for name, parts in found.items()}


def _plain(token: object) -> str:
    parts = []
    for child in getattr(token, "children", None) or ():
        if child.type in ("text", "code_inline"):
            parts.append(child.content)
        elif child.type in ("softbreak", "hardbreak"):
            parts.append(" ")
    return " ".join("".join(parts).split())


def section(text: str, wanted: re.Pattern[str]) -> tuple[str, ...]:
    """Paragraphs of the first section whose heading matches; empty where none does."""
    return next((parts for name, parts in sections(text).items() if wanted.search(name)), ())


def sentence(text: str, wanted: re.Pattern[str], about: str) -> str:
    """The first sentence of a section that holds a word; empty where none does."""
    for paragraph in section(text, wanted):
        for one in _SENTENCE.split(paragraph):
            if about in one:
                return one
    return ""


def title(text: str, slug: str) -> str:
    """Title of a card, without the words that every title begins with."""
    first = text.lstrip().split("\n", 1)[0].lstrip("# ").strip()
    return first.removeprefix("Model card:").strip() or slug
