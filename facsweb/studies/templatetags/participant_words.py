"""Words and dates in the participant's language, on pages that have ``language`` in their context."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import template
from django.utils import timezone
from django.utils.formats import date_format

from facsweb.studies import words

register = template.Library()


@register.simple_tag(takes_context=True)
def say(context: dict[str, Any], key: str, **values: Any) -> str:
    """The words of a key: ``{% say "start.lead" study=study.name %}``."""
    return words.say(context["language"], key, **values)


@register.simple_tag(takes_context=True)
def moment(context: dict[str, Any], value: datetime) -> str:
    """A date with its time, as people of the language write it, in UTC."""
    said = words.words(context["language"])
    return f"{date_format(timezone.localtime(value), said['frame.date'])} {said['frame.utc']}"


@register.simple_tag(takes_context=True)
def raw(context: dict[str, Any], key: str) -> str:
    """The words of a key with their placeholders unfilled, for a script that fills them."""
    return words.words(context["language"])[key]
