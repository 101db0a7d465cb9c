"""Tells the browser at once which modules a page imports, so that it need not find out level by level."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from posixpath import dirname, join, normpath
from typing import Final

from django import template
from django.contrib.staticfiles import finders
from django.templatetags.static import PrefixNode
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

register = template.Library()
_IMPORT: Final = re.compile(r"""^(?:import|export)\b[^;'"]*?["'](\.\.?/[^'"]+\.js)["']""", re.MULTILINE)


@register.simple_tag
def module_preloads(entry: str) -> SafeString:
    """Links for everything that a module of ours imports, directly or not, but for the module itself."""
    prefix = PrefixNode.handle_simple(
        "STATIC_URL"
    )  # imports name files as they are, without a version in the name
    return format_html_join(
        "\n", '<link rel="modulepreload" href="{}{}">', ((prefix, name) for name in imported(entry))
    )


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
