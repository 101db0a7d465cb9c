"""How figures of a reading are written."""

from __future__ import annotations

from django import template

from analysis.facs import combination_table
from analysis.facs.combinations import Variant

register = template.Library()


@register.filter
def percent(value: float | None) -> str:
    """A share as per cent; an en dash when absent, “under 1 %” for what would read as nothing."""
    if value is None:
        return "–"
    if 0 < value < 0.005:
        return "under 1 %"
    return f"{100 * value:.0f} %"


@register.filter
def signed(value: float | None) -> str:
    """A value on a scale, two decimals with its sign."""
    return "–" if value is None else f"{value:+.2f}".replace("-", "−")


@register.filter
def signed_whole(value: float | None) -> str:
    """A difference without decimals with its sign."""
    return "–" if value is None else f"{value:+.0f}".replace("-", "−")


@register.filter
def signed_tenth(value: float | None) -> str:
    """A difference with one decimal and its sign."""
    return "–" if value is None else f"{value:+.1f}".replace("-", "−")


@register.filter
def plain(value: float) -> str:
    """A number as people write it: 1, 0.4, −0.5."""
    return f"{value:.6g}".replace("-", "−")


@register.filter
def points(value: float | None) -> str:
    """A difference of shares in percentage points with its sign."""
    return signed_whole(None if value is None else 100 * value)


@register.filter
def hundredths(value: float | None) -> str:
    """A share as a length in a drawing that is 100 wide."""
    return f"{100 * (value or 0):.2f}"


@register.filter
def hundredths_to(low: float | None, high: float | None) -> str:
    """The length between two shares in a drawing that is 100 wide, at least visible."""
    return f"{max(100 * ((high or 0) - (low or 0)), 0.6):.2f}"


@register.filter
def formula(variant: Variant) -> str:
    """A variant of a combination as FACS writes it, with its conditions in words."""
    return combination_table.formula(variant).replace("`", "")
