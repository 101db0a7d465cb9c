"""What axe-core finds on a page. Its script is in the axe-playwright-python wheel; nothing of it ships."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

#: WCAG 2.2 AA and below, and what axe calls good practice.
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
GRAVE = {"serious", "critical"}


@cache
def _script() -> str:
    return (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")


def grave(page: Any) -> list[str]:
    """Serious and critical violations of the page as it stands, each with the first elements that have it."""
    if not page.evaluate("() => typeof window.axe === 'object'"):
        page.evaluate(_script())  # through the debugger's door: the page's own policy stays as strict as it is
    found = page.evaluate(
        "tags => axe.run(document, {runOnly: {type: 'tag', values: tags}, resultTypes: ['violations']})", TAGS
    )
    return [
        f"{one['id']} ({one['impact']}): {'; '.join(node['html'][:200] for node in one['nodes'][:3])}"
        for one in found["violations"]
        if one["impact"] in GRAVE
    ]
