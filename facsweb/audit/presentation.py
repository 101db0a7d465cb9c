"""Entries as a person reads them: values in words, what differs, from where, and where the object is shown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

from django.apps import apps
from django.urls import reverse

from facsweb.audit import hooks
from facsweb.audit.models import Entry

#: Model → the page that shows one. Pages of upper apps go by their names, as in ``studies/access.py``.
PAGES: Final = {
    "studies.study": "studies:detail",
    "studies.participant": "studies:participant",
    "studies.consent": "studies:consent",
    "studies.consentform": "studies:consent_form",
    "recordings.recording": "recordings:detail",
    "transcripts.transcript": "transcripts:detail",
    "runs.analysisrun": "runs:detail",
    "assignments.batch": "assignments:batch",
    "assignments.assignment": "assignments:detail",
    "agreement.adjudication": "agreement:adjudication",
    "reports.report": "reports:detail",
}
_BY_TYPE: Final = {label.partition(".")[2]: label for label in PAGES}

_BROWSERS: Final = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Version", "Safari"),
)
_SYSTEMS: Final = ("Android", "iPhone", "iPad", "Windows", "Macintosh", "Linux")


def in_words(value: Any) -> str:
    """A value of an entry's details as one reads it; absent is ``–``."""
    if value is None or value in ("", [], {}):
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(in_words(part) for part in value)
    if isinstance(value, dict):
        return "; ".join(f"{key}: {in_words(part)}" for key, part in value.items())
    return str(value)


def difference(entry: Entry) -> list[tuple[str, str | None, str | None]]:
    """Field, before and after of everything that an entry changed; None where there was, or is, nothing."""
    before, after = entry.before, entry.after
    if before is None and after is None:
        # Entries of form 1 kept both in their details.
        old = entry.details.get("changes")
        pairs = old if isinstance(old, dict) else {}
        return [
            (_name(field), in_words(pair[0]), in_words(pair[1]))
            for field, pair in pairs.items()
            if isinstance(pair, list) and len(pair) == 2
        ]
    sides = [{"": side} if side is not None and not isinstance(side, dict) else side for side in (before, after)]
    fields = dict.fromkeys(field for side in sides for field in side or ())
    return [(_name(field), *(_of(side, field) for side in sides)) for field in fields]


def _of(side: dict[str, Any] | None, field: str) -> str | None:
    return None if side is None or field not in side else in_words(side[field])


def _name(field: str) -> str:
    return field.replace("_", " ")


def browser(agent: str) -> str:
    """A browser and its system in two words; the beginning of what it says where neither is known."""
    name = next((f"{word} {m[1]}" for key, word in _BROWSERS if (m := re.search(rf"{key}/(\d+)", agent))), "")
    system = next((one for one in _SYSTEMS if one in agent), "").replace("Macintosh", "macOS")
    return " · ".join(part for part in (name, system) if part) or agent[:40]


def hidden_from(user: Any, entries: Sequence[Entry]) -> set[int]:
    """Numbers of the entries whose details a person may not read."""
    return {number for hook in hooks.withheld for number in hook(user, entries)}


def dress(user: Any, entries: Sequence[Entry]) -> None:
    """Give every entry what the page shows of it."""
    hidden, links = hidden_from(user, entries), _links(entries)
    for entry in entries:
        entry.withheld = entry.number in hidden
        entry.url = links.get((entry.object_type, entry.object_id), "")
        entry.browser = browser(entry.agent)
        entry.differs = [] if entry.withheld else difference(entry)
        details = {} if entry.withheld else entry.details
        entry.said = [
            (_name(key), in_words(value))
            for key, value in details.items()
            if not (key == "changes" and isinstance(value, dict))
        ]


def _links(entries: Iterable[Entry]) -> dict[tuple[str, str], str]:
    """Address of every object that is still there; one query for each kind."""
    wanted: dict[str, set[str]] = {}
    for entry in entries:
        if entry.object_type in _BY_TYPE:
            wanted.setdefault(entry.object_type, set()).add(entry.object_id)
    found = {}
    for kind, ids in wanted.items():
        label = _BY_TYPE[kind]
        for pk in apps.get_model(label)._default_manager.filter(pk__in=ids).values_list("pk", flat=True):
            found[kind, str(pk)] = reverse(PAGES[label], args=[pk])
    return found
