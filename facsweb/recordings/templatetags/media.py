"""How media facts are written: times as 00:03:12.480, frame rates without needless digits."""

from __future__ import annotations

from django import template

register = template.Library()


@register.filter
def media_time(us: int | None) -> str:
    """Microseconds of media time as hours, minutes, seconds, thousandths; an en dash when absent."""
    if us is None:
        return "–"
    ms = round(us / 1000)
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}.{ms % 1000:03}"


@register.filter
def frame_rate(rate: float | None) -> str:
    """Frames per second with at most two decimals; an en dash when the file does not tell."""
    return f"{rate:.2f}".rstrip("0").rstrip(".") + " frames/s" if rate else "–"
