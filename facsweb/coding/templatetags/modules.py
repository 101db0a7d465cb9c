"""Tells the browser at once which modules a page imports, so that it need not find out level by level."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from posixpath import dirname, join, normpath
from typing import Final

from django import template
from django.contrib.staticfiles import finders
from django.templatetags.static import static
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

register = template.Library()
REVIEW: Final = "js/pages/review.js"
REVIEW_STYLES: Final = (
    "css/pages/review.css",
    *(f"css/pages/review-{part}.css" for part in ("timeline", "table", "saving", "stage", "keys", "drawer")),
)
_IMPORT: Final = re.compile(r"""^(?:import|export)\b[^;'"]*?["'](\.\.?/[^'"]+\.js)["']""", re.MULTILINE)


@register.simple_tag
def module_preloads(entry: str) -> SafeString:
    """Links for everything that a module of ours imports, directly or not, but for the module itself."""
    return _links('<link rel="modulepreload" href="{}">', imported(entry))


@register.simple_tag
def review_styles() -> SafeString:
    """The review page's own styles."""
    return _links('<link rel="stylesheet" href="{}">', REVIEW_STYLES)


@register.simple_tag
def review_ahead() -> SafeString:
    """Has the browser fetch the review page's files while nothing else is asked for: for pages that lead to it."""
    styles = _links('<link rel="prefetch" as="style" href="{}">', REVIEW_STYLES)
    return styles + _links('<link rel="prefetch" as="script" href="{}">', (REVIEW, *imported(REVIEW)))


def _links(link: str, names: Iterable[str]) -> SafeString:
    return format_html_join("\n", link, ((static(name),) for name in names))


@lru_cache(maxsize=16)
def imported(entry: str) -> tuple[str, ...]:
    """Names of the static files that a module imports, directly or not, sorted."""
    found: set[str] = set()
    waiting = [entry]
    while waiting:
        name = waiting.pop()
        path = finders.find(name)
        if path is None:
            continue
        text = Path(path).read_text(encoding="utf-8")
        for target in _IMPORT.findall(text):
            other = normpath(join(dirname(name), target))
            if other not in found and other != entry:
                found.add(other)
                waiting.append(other)
    return tuple(sorted(found))
