"""Rows of a table in one go: the page has more than a thousand cells, and a template takes ten times as long."""

from __future__ import annotations

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from facsweb.about.values import Cell, Table

register = template.Library()


@register.simple_tag
def about_rows(table: Table) -> SafeString:
    """``<tr>`` for every row; the first cell is the row's heading."""
    return mark_safe("\n".join(_row(row) for row in table.cells))  # noqa: S308 (every part is escaped)


def _row(row: list[Cell]) -> SafeString:
    first, *rest = row
    cells = [("num" if cell.is_right else "", cell.heading, _inside(cell)) for cell in rest]
    return format_html(
        '<tr><th scope="row">{}</th>{}</tr>',
        _inside(first),
        format_html_join("", '<td class="{}" data-label="{}">{}</td>', cells),
    )


def _inside(cell: Cell) -> SafeString | str:
    """A value; units and tiers look as in ``components/au.html`` and ``components/tier.html``."""
    if cell.is_absent:
        return cell.words
    if cell.url:
        return format_html('<a href="{}">{}</a>', cell.url, cell.words)
    if cell.kind == "unit":
        return format_html('<span class="au" data-region="{}">{}</span>', cell.region, cell.words)
    if cell.kind == "tier":
        return format_html('<span class="tier" data-tier="{}">{}</span>', cell.words, cell.words)
    if cell.kind in ("mono", "hash"):
        return format_html('<span class="mono">{}</span>', cell.words)
    return cell.words
