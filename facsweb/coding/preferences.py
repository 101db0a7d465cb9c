"""How a person has set up the workbench, so that it follows them to another machine.

Sections: ``keys`` (button → key, only where it differs from what the page offers), ``reaction`` (what live coding
takes off for the coder's reaction, and how it was measured), ``length_ms`` (of an event that is written at
the playhead) and ``live`` (codes for live coding). Each is replaced as a whole; what is missing is as offered.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction

from analysis.facs.notation import NotationError, parse
from facsweb.accounts.models import User
from facsweb.coding.models import Preferences

MOST_KEYS: Final = 300
LONGEST_NAME: Final = 64
MOST_LIVE: Final = 10
LONGEST_REACTION_MS: Final = 2000
LENGTHS_MS: Final = (20, 60_000)


def preferences_of(user: User) -> dict[str, Any]:
    """What the person has set; empty where all is as the page offers it."""
    found = Preferences.objects.filter(pk=user.pk).first()
    return found.values if found else {}


def save_preferences(user: User, sections: Mapping[str, Any]) -> dict[str, Any]:
    """Replace sections; `None` sets one back to what the page offers.

    Parameters
    ----------
    user : User
        Whose they are.
    sections : mapping
        Some of ``keys, reaction, length_ms, live``.

    Returns
    -------
    dict
        All that is set now.

    Raises
    ------
    ValidationError
        A section that does not exist or a value that it cannot have; nothing is stored then.
    """
    faults: dict[str, list[str]] = {}
    for name, value in sections.items():
        check = _CHECKS.get(name)
        if check is None:
            faults[name] = ["The workbench has no such setting."]
        elif value is not None and (fault := check(value)):
            faults[name] = [fault]
    if faults:
        raise ValidationError(faults)
    with transaction.atomic():
        row, _ = Preferences.objects.select_for_update(no_key=True).get_or_create(pk=user.pk)
        row.values = {name: value for name, value in {**row.values, **sections}.items() if value is not None}
        row.save()
    return row.values


def _keys(value: Any) -> str:
    if not isinstance(value, dict) or len(value) > MOST_KEYS:
        return "Keys are a list of buttons with the key of each."
    if any(not isinstance(part, str) or len(part) > LONGEST_NAME for pair in value.items() for part in pair):
        return "A key has a short name, such as Shift+ArrowLeft."
    taken = [key for key in value.values() if key]
    return "" if len(taken) == len(set(taken)) else "Two buttons cannot have the same key."


def _reaction(value: Any) -> str:
    if not isinstance(value, dict) or set(value) - {"ms", "spread_ms", "flashes", "at"}:
        return "A reaction time has milliseconds, and may say how it was measured."
    if not _whole(value.get("ms"), 0, LONGEST_REACTION_MS):
        return f"A reaction time is 0 to {LONGEST_REACTION_MS} ms."
    if any(not _whole(value[name], 0, 10_000) for name in ("spread_ms", "flashes") if value.get(name) is not None):
        return "How a reaction time was measured is told in whole numbers."
    at = value.get("at")
    return "" if at is None or (isinstance(at, str) and len(at) <= LONGEST_NAME) else "The date is not one."


def _length(value: Any) -> str:
    return "" if _whole(value, *LENGTHS_MS) else "A new event lasts from 20 ms to 60 s."


def _live(value: Any) -> str:
    if not isinstance(value, dict) or set(value) - {"mode", "codes"} or value.get("mode") not in ("hold", "tap"):
        return "Live coding marks events while a key is held, or from one press to the next."
    codes = value.get("codes")
    if not isinstance(codes, list) or len(codes) > MOST_LIVE:
        return f"Live coding has at most {MOST_LIVE} codes."
    if not all(isinstance(code, str) and len(code) <= LONGEST_NAME for code in codes):
        return "A code for live coding is FACS notation, such as L12."
    try:
        if any(len(parse(code)) > 1 for code in codes):
            return "Each key of live coding has one code."
    except NotationError as error:
        return str(error)
    return ""


def _whole(value: Any, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


_CHECKS: Final = {"keys": _keys, "reaction": _reaction, "length_ms": _length, "live": _live}
