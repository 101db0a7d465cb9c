"""Writing the log."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from django.db import connection, models, transaction
from django.utils import timezone

from facsweb.audit import chain, hooks, origin, triggers
from facsweb.audit.chain import GENESIS, canonical
from facsweb.audit.models import Entry

__all__ = ["canonical", "changed", "differing", "head", "lock", "record"]


def lock() -> None:
    """Let one writer after the other append, until the transaction around this ends.

    SQLite's IMMEDIATE transactions serialise writers anyway. PostgreSQL reads anew after it has got the lock
    (READ COMMITTED), so who waited sees what the other one appended. Whoever changes rows that others lock, too,
    locks them before this: two who wait for each other would both lose.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [triggers.ADVISORY_LOCK])


def record(
    actor: Any, action: str, obj: models.Model, *, before: Any = None, after: Any = None, **details: Any
) -> Entry:
    """Append an entry inside the caller's transaction; from where it comes, ``audit.origin`` knows.

    Parameters
    ----------
    actor : User or None
        Who did it; None for the system itself.
    action : str
        ``noun.verb``, such as ``consent.withdraw``.
    obj : Model
        What it was done to; its ``study`` is noted when it has one.
    before, after : dict, optional
        Where something was changed: the fields that differ and what they held before and hold after. Only
        ``after`` where something was made, only ``before`` where something was removed.
    **details
        Plain JSON values that make the entry understandable by itself.
    """
    known = actor if actor is not None and getattr(actor, "is_authenticated", False) else None
    study = getattr(obj, "study", None)
    came = origin.current()
    with transaction.atomic():
        lock()
        last = Entry.objects.only("number", "hash").order_by("-number").first()
        entry = Entry(
            number=last.number + 1 if last else 1,
            format=chain.FORMAT,
            at=timezone.now(),
            actor=known,
            actor_label=known.email if known else "system",
            action=action,
            study_id=study.pk if study is not None else None,
            object_type=obj._meta.model_name or "",
            object_id=str(obj.pk),
            details=chain.plain(details),
            before=chain.plain(before),
            after=chain.plain(after),
            address=came.address,
            agent=chain.plain(came.agent),
            session=came.session,
            via=chain.plain(came.via),
            salt=secrets.token_hex(16),
            previous_hash=last.hash if last else GENESIS,
        )
        entry.hash = chain.digest(entry)
        entry.save(force_insert=True)
        for hook in hooks.on_entry:
            hook(entry, obj)
    return entry


def changed(obj: Any, values: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """``before`` and ``after`` of the fields of an object that the values would change; empty when none would."""
    return differing({name: getattr(obj, name) for name in values}, values)


def differing(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """``before`` and ``after`` for `record`: the fields that differ; only ``after`` where nothing was before."""
    if before is None:
        return {"after": dict(after)}
    names = [name for name, value in after.items() if before.get(name) != value]
    if not names:
        return {}
    return {"before": {name: before.get(name) for name in names}, "after": {name: after[name] for name in names}}


def head() -> tuple[int, str]:
    """Number and hash of the log's last entry; 0 and the beginning of the chain when there is none."""
    last = Entry.objects.only("number", "hash").order_by("-number").first()
    return (last.number, last.hash) if last else (0, GENESIS)
