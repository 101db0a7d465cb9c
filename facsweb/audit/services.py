"""Writing and checking the log."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from django.db import models, transaction
from django.utils import timezone

from facsweb.audit import hooks
from facsweb.audit.models import Entry

GENESIS = "0" * 64


def canonical(value: Any) -> bytes:
    """Canonical JSON of plain values: sorted keys, no spaces, UTF-8. Hashes are taken over these bytes."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def digest(entry: Entry) -> str:
    """SHA-256 (hex) over everything an entry says and the hash of the entry before it."""
    return hashlib.sha256(
        canonical(
            [
                entry.number,
                entry.at.isoformat(),
                str(entry.actor_id or ""),
                entry.actor_label,
                entry.action,
                str(entry.study_id or ""),
                entry.object_type,
                entry.object_id,
                entry.details,
                entry.previous_hash,
            ]
        )
    ).hexdigest()


def record(actor: Any, action: str, obj: models.Model, **details: Any) -> Entry:
    """Append an entry inside the caller's transaction.

    Parameters
    ----------
    actor : User or None
        Who did it; None for the system itself.
    action : str
        ``noun.verb``, such as ``consent.withdraw``.
    obj : Model
        What it was done to; its ``study`` is noted when it has one.
    **details
        Plain JSON values that make the entry understandable by itself.
    """
    known = actor if actor is not None and getattr(actor, "is_authenticated", False) else None
    study = getattr(obj, "study", None)
    for say in hooks.circumstances:
        details |= say()
    with transaction.atomic():
        # The last row is locked where the database can; SQLite's IMMEDIATE transactions serialise writers anyway.
        last = Entry.objects.select_for_update().order_by("-number").first()
        entry = Entry(
            number=last.number + 1 if last else 1,
            at=timezone.now(),
            actor=known,
            actor_label=known.email if known else "system",
            action=action,
            study_id=study.pk if study is not None else None,
            object_type=obj._meta.model_name or "",
            object_id=str(obj.pk),
            details=json.loads(json.dumps(details, default=str)),
            previous_hash=last.hash if last else GENESIS,
        )
        entry.hash = digest(entry)
        entry.save(force_insert=True)
        for hook in hooks.on_entry:
            hook(entry, obj)
    return entry


def faults() -> Iterator[str]:
    """Yield a sentence for every altered, missing or reordered entry; nothing when the log is whole."""
    previous, number = GENESIS, 0
    for entry in Entry.objects.order_by("number").iterator():
        number += 1
        if entry.number != number:
            yield f"Entry {number} is missing (found {entry.number})."
            number = entry.number
        elif entry.previous_hash != previous:
            yield f"Entry {entry.number} does not follow the entry before it."
        if digest(entry) != entry.hash:
            yield f"Entry {entry.number} was altered."
        previous = entry.hash
