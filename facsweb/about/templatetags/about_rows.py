"""Rows of a table in one go: the page has more than a thousand cells, and a template takes ten times as long."""

from __future__ import annotations

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from facsweb.about.values import Cell, Table

register = template.Library()


@register.simple_tag
def about_rows(table: Table) -> SafeString:
    """``<tr>`` for every row; the first cell is the row's heading."""
    return mark_safe("\n".join(_row(row) for row in table.cells))  # noqa: S308 (every part is escaped)  # nosec B308 B703


def _row(row: list[Cell]) -> str:
    first, *rest = row
    cells = "".join(
        f'<td class="{"num" if cell.is_right else ""}" data-label="{escape(cell.heading)}">{_inside(cell)}</td>'
        for cell in rest
    )
    return f'<tr><th scope="row">{_inside(first)}</th>{cells}</tr>'


def _inside(cell: Cell) -> str:
    """A value, escaped; units and tiers look as in ``components/au.html`` and ``components/tier.html``."""
    words = escape(cell.words)
    if cell.is_absent:
        return words
    if cell.url:
        return f'<a href="{escape(cell.url)}">{words}</a>'
    if cell.kind == "unit":
        return f'<span class="au" data-region="{escape(cell.region)}">{words}</span>'
    if cell.kind == "tier":
        return f'<span class="tier" data-tier="{words}">{words}</span>'
    if cell.kind in ("mono", "hash"):
        return f'<span class="mono">{words}</span>'
    return words
