"""Checking the log: every altered, missing or reordered entry, every anchor, and whether the database protects it.

The log is read in pieces, so a million entries need no more memory than a thousand.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Final

from django.db import DatabaseError, connection

from facsweb.audit import anchors, chain, triggers
from facsweb.audit.models import Anchor, Entry

PIECE: Final = 2000
#: What reading a row raises that somebody made unreadable: no text, no time, JSON that is none or has no end.
UNREADABLE: Final = (DatabaseError, ValueError, TypeError, OverflowError, AttributeError, RecursionError)
#: What a form 1 entry cannot say, for its hash does not cover it.
_LATER: Final = {"before": None, "after": None, "address": "", "agent": "", "session": "", "via": "", "salt": ""}


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is not as it was written."""

    kind: str
    """``altered``, ``missing``, ``order``, ``format``, ``anchor``, ``protection``."""
    sentence: str
    number: int | None = None
    """Of the entry."""
    day: date | None = None
    """Of the anchor."""


@dataclass(slots=True)
class Result:
    """What was looked at and what was found."""

    entries: int = 0
    last: int = 0
    head: str = chain.GENESIS
    anchors: int = 0
    newest_anchor: date | None = None
    faults: list[Fault] = field(default_factory=list)

    @property
    def whole(self) -> bool:
        return not self.faults

    def as_json(self) -> str:
        """One object for programs."""
        return json.dumps({"whole": self.whole, **asdict(self)}, default=str, indent=1)


def verify(*, start: int = 0, files: bool = True, trust: frozenset[str] = frozenset()) -> Result:
    """Check the log.

    Parameters
    ----------
    start : int
        Only what follows this entry, which an anchor has signed; 0 checks everything.
    files : bool
        Whether to compare the folder of the anchors too.
    trust : frozenset of str
        Fingerprints (SHA-256, hex) of certificates that this installation signed with before.
    """
    result = Result()
    signed, faults = anchors.check(files=files, trust=trust)
    result.anchors, result.newest_anchor = len(signed), max((one.day for one in signed), default=None)
    result.faults += [Fault("anchor", sentence, day=day) for day, sentence in faults]
    result.faults += [
        Fault("protection", f"The database does not protect the log: the trigger {name} is gone or changed.")
        for name in triggers.missing(connection)
    ]
    result.faults += [
        Fault(
            "protection",
            f"The log has a trigger or rule that is not ours, {name}: it may swallow what is written.",
        )
        for name in triggers.strangers(connection)
    ]
    wanted: dict[int, list[anchors.Signed]] = {}
    for one in signed:
        wanted.setdefault(one.entry, []).append(one)
    for fault in _walk(result, start, wanted):
        result.faults.append(fault)
    return result


def faults() -> Iterator[str]:
    """A sentence for every altered, missing or reordered entry; nothing when the log is whole."""
    return (fault.sentence for fault in _walk(Result(), 0, {}))


def _walk(result: Result, start: int, wanted: dict[int, list[anchors.Signed]]) -> Iterator[Fault]:
    before = Entry.objects.filter(number=start).first() if start else None
    previous, number, form = (before.hash, start, before.format) if before else (chain.GENESIS, 0, 1)
    for found, entry in _entries(number if before else None):
        number += 1
        result.entries += 1
        if found != number:
            if found > number:
                range_ = f"Entry {number} is" if found == number + 1 else f"Entries {number} to {found - 1} are"
                yield Fault("missing", f"{range_} missing (found {found}).", number)
            else:
                yield Fault("order", f"Entry {found} stands out of order.", found)
            number = found
        elif entry is not None and entry.previous_hash != previous:
            yield Fault("order", f"Entry {found} does not follow the entry before it.", found)
        if entry is None:
            yield Fault("altered", f"Entry {found} was altered: it cannot be read any more.", found)
            previous = _hash_of(found)
        else:
            yield from _alone(entry, form)
            previous = entry.hash
            form = max(form, entry.format if entry.format in (1, 2) else 1)
        for anchor in wanted.pop(found, ()):
            yield from _anchored(anchor, found, previous)
    result.last, result.head = number, previous
    for entry_number, missing in sorted(wanted.items()):
        if entry_number <= start:
            continue
        days = " and ".join(str(one.day) for one in missing)
        gone = f"The log ends at entry {number}" if entry_number > number else f"Entry {entry_number} is missing"
        yield Fault(
            "missing", f"{gone}; the anchor of {days} signed entry {entry_number}.", entry_number, missing[0].day
        )


def _alone(entry: Entry, form: int) -> Iterator[Fault]:
    """What is wrong with an entry by itself."""
    if entry.format not in (1, 2) or entry.format < form:
        yield Fault("format", f"Entry {entry.number} was altered: it claims form {entry.format}.", entry.number)
    elif _digest(entry) != entry.hash:
        yield Fault("altered", f"Entry {entry.number} was altered.", entry.number)
    elif entry.format == 1 and any(getattr(entry, name) != value for name, value in _LATER.items()):
        words = "it says what its form of hash does not cover"
        yield Fault("altered", f"Entry {entry.number} was altered: {words}.", entry.number)


def _digest(entry: Entry) -> str:
    try:
        return chain.digest(entry)
    except (AttributeError, TypeError, ValueError, RecursionError):  # a time that is none, a half surrogate
        return ""


def _anchored(anchor: anchors.Signed, number: int, found: str) -> Iterator[Fault]:
    if found != anchor.hash:
        words = (
            f"Entry {number} is not the one that the anchor of {anchor.day} signed: the chain was written again."
        )
        yield Fault("anchor", words, number, anchor.day)


def _entries(after: int | None) -> Iterator[tuple[int, Entry | None]]:
    """Every entry in the order of its number, piece by piece; None for one that cannot be read."""
    while True:
        entries = Entry.objects.order_by("number")
        wanted = (entries if after is None else entries.filter(number__gt=after))[:PIECE]
        try:
            piece: list[tuple[int, Entry | None]] = [(entry.number, entry) for entry in wanted]
        except UNREADABLE:
            piece = [(number, _readable(number)) for number in wanted.values_list("number", flat=True)]
        yield from piece
        if len(piece) < PIECE:
            return
        after = piece[-1][0]


def _readable(number: int) -> Entry | None:
    try:
        return Entry.objects.get(number=number)
    except UNREADABLE:
        return None


def _hash_of(number: int) -> str:
    try:
        return Entry.objects.values_list("hash", flat=True).get(number=number)
    except UNREADABLE:
        return ""


def days_without_anchor() -> list[date]:
    """Days between the first anchor and the last that have none: the machine was off, or somebody removed them."""
    there = set(Anchor.objects.values_list("day", flat=True))
    if not there:
        return []
    every = range(min(there).toordinal(), max(there).toordinal())
    return [day for day in map(date.fromordinal, every) if day not in there]
