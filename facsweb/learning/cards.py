"""Model cards, which are Markdown, as HTML."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt


@dataclass(frozen=True, slots=True)
class Card:
    """One model card: its title, and its text as HTML."""

    slug: str
    title: str
    html: SafeString


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
        # A column's side comes as an inline style, which the site's policy refuses; numbers have a class.
        if str(token.attrs.pop("style", "")).endswith("right"):
            token.attrs["class"] = "num"
    html = parser.renderer.render(tokens, parser.options, {})
    return Card(slug, title, mark_safe(html))  # noqa: S308 (rendered with raw HTML off)  # nosec B308 B703
