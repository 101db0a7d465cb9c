"""The log as a file: CSV, JSON lines, and JSON lines with the whole chain, so that a third party can check it.

``docs/audit.md`` describes the columns and holds a program that checks such a file without this one.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from django.db.models import QuerySet

from facsweb.audit import chain
from facsweb.audit.models import Anchor, Entry
from facsweb.audit.presentation import hidden_from

PIECE: Final = 1000
FORMATS: Final = {
    "csv": ("text/csv; charset=utf-8", "csv"),
    "jsonl": ("application/x-ndjson", "jsonl"),
    "chain": ("application/x-ndjson", "jsonl"),
}
COLUMNS: Final = (
    *("number", "format", "at", "actor_id", "actor_label", "action", "study_id", "object_type", "object_id"),
    *("details", "before", "after", "address", "agent", "session", "via", "salt"),
    *("content_hash", "previous_hash", "hash", "withheld"),
)
_AS_IT_IS: Final = (
    *("actor_label", "action", "object_type", "object_id", "details", "before", "after"),
    *("address", "agent", "session", "via", "salt", "previous_hash", "hash"),
)
#: What stands in a file of a withheld entry: who did what and when, and the hash of the rest.
_WITHHELD: Final = ("number", "format", "at", "actor_label", "action", "content_hash", "previous_hash", "hash")
#: What stands of an entry that is not asked for, or of another study: its place in the chain.
_LINK: Final = ("number", "format", "content_hash", "previous_hash", "hash")
#: Written as JSON in CSV too. A text that a person chose could otherwise be a formula to a spreadsheet.
_JSON_IN_CSV: Final = frozenset({"details", "before", "after", "agent", "via", "actor_label"})


def as_dict(entry: Entry, *, withheld: bool = False) -> dict[str, Any]:
    """An entry as plain values."""
    said: dict[str, Any] = {
        "number": entry.number,
        "format": entry.format,
        "at": entry.at.isoformat(),
        "actor_id": str(entry.actor_id or ""),
        "study_id": str(entry.study_id or ""),
        "content_hash": chain.content_hash(entry) if entry.format == 2 else "",
        "withheld": withheld,
        **{name: getattr(entry, name) for name in _AS_IT_IS},
    }
    if withheld:
        said = {name: said[name] for name in (*_WITHHELD, "withheld")}
    return {name: said[name] for name in COLUMNS if name in said}


def write(kind: str, entries: QuerySet[Entry], user: Any, *, last: int, searched: bool = False) -> Iterator[bytes]:
    """Pieces of a file, oldest entry first; a million entries need no more memory than a thousand.

    Parameters
    ----------
    kind : str
        Of `FORMATS`. ``chain`` adds a link for every other entry of the installation and every anchor: a link
        tells nothing but a hash, and makes the whole chain checkable.
    entries : QuerySet
        What is wanted.
    user : User
        For whom; what somebody who codes blind may not read is withheld.
    last : int
        Number of the last entry of the file.
    searched : bool
        Whether the entries were found by what they say: then what is withheld is left out, for being found tells.
    """
    text: Callable[[Sequence[dict[str, Any]]], str] = _csv if kind == "csv" else _lines
    if kind == "csv":
        yield ",".join(COLUMNS).encode() + b"\r\n"
    if kind == "chain":
        yield _lines([{"chain": last}]).encode()
    pieces = (_chain if kind == "chain" else _wanted)(entries, user, last, searched)
    for piece in pieces:
        yield text(piece).encode()
    if kind == "chain":
        signed = Anchor.objects.filter(entry__lte=last).order_by("number")
        yield _lines([_anchor(one) for one in signed.iterator()]).encode()


def _by_number(entries: QuerySet[Entry], last: int) -> Iterator[list[Entry]]:
    after = 0
    while True:
        piece = list(entries.filter(number__gt=after, number__lte=last).order_by("number")[:PIECE])
        if piece:
            yield piece
            after = piece[-1].number
        if len(piece) < PIECE:
            return


def _wanted(entries: QuerySet[Entry], user: Any, last: int, searched: bool) -> Iterator[list[dict[str, Any]]]:
    for piece in _by_number(entries, last):
        hidden = hidden_from(user, piece)
        shown = [entry for entry in piece if not (searched and entry.number in hidden)]
        yield [as_dict(entry, withheld=entry.number in hidden) for entry in shown]


def _chain(entries: QuerySet[Entry], user: Any, last: int, searched: bool) -> Iterator[list[dict[str, Any]]]:
    for piece in _by_number(Entry.objects.all(), last):
        numbers = [entry.number for entry in piece]
        wanted = set(entries.filter(number__in=numbers).values_list("number", flat=True))
        hidden = hidden_from(user, [entry for entry in piece if entry.number in wanted])
        wanted -= hidden if searched else set()
        rows = ((entry, as_dict(entry, withheld=entry.number in hidden)) for entry in piece)
        yield [row if one.number in wanted else {name: row[name] for name in _LINK} for one, row in rows]


def _anchor(anchor: Anchor) -> dict[str, Any]:
    said = {"statement": anchor.statement, "signature": anchor.signature, "certificate": anchor.certificate}
    return {"anchor": anchor.number, **said}


def _lines(rows: Sequence[dict[str, Any]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows)


def _csv(rows: Sequence[dict[str, Any]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    for row in rows:
        writer.writerow([_cell(name, row.get(name, "")) for name in COLUMNS])
    return out.getvalue()


def _cell(name: str, value: Any) -> Any:
    if name in _JSON_IN_CSV and value != "":
        return chain.canonical(value).decode()
    return str(value).lower() if isinstance(value, bool) else value
