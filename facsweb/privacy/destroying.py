"""Destroying: row by row with its tombstone, then its files, then looking whether anything is left.

Each row goes in a transaction of its own together with the tombstones of everything below it. The tombstones name
the files, so whoever goes on after a death at any point knows which are still to be removed.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from django.apps import apps
from django.db import connection, models, transaction
from django.utils import timezone

from analysis.types import Cancelled
from facsweb.audit.services import record
from facsweb.coding.models import Layer
from facsweb.meaning import services as meaning
from facsweb.meaning.models import Reading
from facsweb.privacy import attempts, closure, faces, learnt, packed, people, reach, sound
from facsweb.privacy.closure import Trace
from facsweb.privacy.hooks import on_destruction
from facsweb.privacy.models import Copy, Erasure, Hold, Tombstone
from facsweb.recordings import hooks
from facsweb.recordings.models import Recording
from facsweb.recordings.services import NotDeletable
from facsweb.reports.models import SignOff
from facsweb.storage import hosts, shelf
from facsweb.studies.models import Scope
from facsweb.transcripts.models import Transcript

log = logging.getLogger(__name__)
Tell = Callable[[str, int, "int | None"], None]
#: Work that a withdrawal stopped notices it within a second; until then it may still write.
STOPS_WITHIN: Final = timedelta(seconds=4)
#: How often emptying SQLite's journal is tried; each try waits for readers as long as every statement does.
JOURNAL_TRIES: Final = 5
#: Why something is looked at again (``look_again``) so long after it was destroyed.
WATCHED: Final = timedelta(hours=1)


class Remains(Exception):  # noqa: N818 (a state, not a fault)
    """Something that was to be destroyed is still there; it is tried again."""


def destroy(erasure: Erasure, tell: Tell = lambda *_: None) -> hosts.Settled:
    """Destroy what an erasure is about, and check it. May be called again after a death at any point.

    Returns
    -------
    Settled
        On how many servers' working copies were confirmed as removed.

    Raises
    ------
    Remains
        Something is still there.
    """
    tell("destroy", 0, None)
    _copies(erasure)
    faces.destroy(erasure, note, one)  # before readings go, so that they are made again without the face
    for number, root in enumerate(roots(erasure)):
        tell("destroy", number, None)
        one(erasure, root)
    if erasure.participant is not None:
        if str(Scope.AUDIO) in erasure.scopes:
            for recording in reach.recordings(erasure.participant, erasure.before).filter(has_audio=True):
                tell("sound", 0, None)
                _without_sound(erasure, recording)
        learnt.destroy(erasure, note)
        if erasure.why == Erasure.Why.REQUEST:
            people.destroy(erasure, note, one)
    _copies(erasure)  # one that was begun meanwhile holds what was still there
    _what_speaks_of_it(erasure)
    _wait_for_stopped_work(erasure, tell)
    tell("check", 0, None)
    sweep(erasure.tombstones.all())
    settled = hosts.settle(lambda: tell("wait", 0, None))
    check(erasure)
    _empty_the_journal()
    return settled


def _what_speaks_of_it(erasure: Erasure) -> None:
    """Rows of rooms above that name what was destroyed, such as answers that the API keeps for a day."""
    ids = set(erasure.tombstones.values_list("object_id", flat=True))
    if erasure.participant is not None and erasure.why == Erasure.Why.REQUEST:
        ids.add(str(erasure.participant.pk))
    for hook in on_destruction:
        for row in hook(erasure.study_id, ids):
            one(erasure, row)


def _copies(erasure: Erasure) -> None:
    """Copies for the participant hold what goes, whenever they were made: another one holds what stays."""
    for copy in Copy.objects.filter(participant=erasure.participant):
        one(erasure, copy)


def roots(erasure: Erasure) -> Iterator[models.Model]:
    """Rows that go, with everything below them."""
    person = erasure.participant
    if person is None:
        return
    if erasure.why == Erasure.Why.DELETED:
        return  # the rows went when it was deleted; `note_deletion` wrote down which
    if erasure.why == Erasure.Why.RETENTION:
        mine = Recording.objects.filter(participant=person, pk__in=erasure.only)
        yield from reach.comparisons(person, mine)
        yield from mine
        yield from Transcript.objects.filter(participant=person, recording=None, pk__in=erasure.only)
        return
    for root in reach.roots(person, erasure.scopes, erasure.before):
        yield root.sign_off if hasattr(root, "sign_off") and hasattr(root, "pdf") else root


def one(erasure: Erasure, root: models.Model) -> bool:
    """Destroy a row and everything below it; False when somebody else did."""
    known = {path: closure.file_hashes(path) for trace in closure.traces(root) for path in trace.paths}
    with transaction.atomic():
        manager = type(root)._base_manager
        current = manager.select_for_update(no_key=True).filter(pk=root.pk).first()
        if current is None:
            return False
        if isinstance(current, Recording):
            hooks.lock(current)
        if not attempts.FENCE.mine(erasure.pk, erasure.attempt).exists():
            raise Cancelled("The erasure was held back, or another worker has it.")
        found = closure.traces(current)
        for trace in found:
            for path in trace.paths:
                said = set(trace.hashes.values())
                trace.hashes |= {name: one for name, one in known.get(path, {}).items() if one not in said}
            note(erasure, trace)
        _tell_lower_apps(erasure, current)
        for model, keys in closure.protecting(current):
            model._base_manager.filter(pk__in=keys).delete()
        entry = {"kind": found[0].kind, "object": str(current.pk), "sha256": found[0].sha256}
        current.delete()
        if isinstance(current, Reading):  # what is still agreed to is read again
            meaning.ask(None, current.run)
        record(None, "erasure.destroy", erasure, objects=sum(trace.rows for trace in found), **entry)
    for trace in found:
        _remove(trace.paths)
    return True


def note(erasure: Erasure, trace: Trace) -> None:
    """Write the tombstone of an object that goes; what was noted before and is known no more stays in it."""
    made, fresh = Tombstone.objects.get_or_create(
        erasure=erasure,
        kind=trace.kind,
        object_id=trace.object_id,
        defaults={
            "sha256": trace.sha256,
            "rows": trace.rows,
            "hashes": trace.hashes,
            "paths": trace.paths,
        },
    )
    if not fresh:
        Tombstone.objects.filter(pk=made.pk).update(
            hashes=made.hashes | trace.hashes,
            paths=sorted({*made.paths, *trace.paths}),
            rows=max(made.rows, trace.rows),
        )


def note_deletion(recording: Recording) -> list[Path]:
    """Leave tombstones of a recording that the team deletes, and have them certified (``recordings.hooks``).

    Raises
    ------
    NotDeletable
        The participant's data are on hold.
    """
    person = recording.participant
    if Hold.objects.filter(participant=person, lifted_at=None).exists():
        raise NotDeletable(
            "The data of this participant are on hold, so nothing of them may be deleted. An administrator can "
            "lift the hold; nothing was changed."
        )
    erasure = Erasure.objects.create(
        study=person.study, participant=person, why=Erasure.Why.DELETED, only=[str(recording.pk)]
    )
    for trace in closure.traces(recording):
        note(erasure, trace)
    record(None, "erasure.begin", erasure, why=erasure.why, objects=erasure.only)
    attempts.FENCE.enqueue(erasure.pk, erasure.attempt)
    return []


def _tell_lower_apps(erasure: Erasure, row: models.Model) -> None:
    """What hangs on a row without a foreign key."""
    if isinstance(row, Recording):
        told = [hook for hook in hooks.on_deletion if hook is not note_deletion]
        paths = [closure.named(path) for hook in told for path in hook(row)]
        if paths:
            note(erasure, Trace("recordings.recording", str(row.pk), "", 1, {}, paths))
    if isinstance(row, SignOff):  # what was coded stays as it is; its coder may sign it again
        layer = Layer.objects.filter(pk=row.layer_id, state=Layer.State.SIGNED)
        layer.filter(submitted_at=None).update(state=Layer.State.OPEN)
        layer.update(state=Layer.State.SUBMITTED)


def _without_sound(erasure: Erasure, recording: Recording) -> None:
    """Take the sound out of a recording whose picture stays; where that cannot be done, all of it goes."""
    try:
        draft = sound.without(recording, erasure.pk)
    except sound.Inseparable as reason:
        log.warning("The sound of recording %s cannot be taken out, so it goes whole: %s", recording.pk, reason)
        one(erasure, recording)
        return
    with transaction.atomic():
        current = Recording.objects.select_for_update(no_key=True).filter(pk=recording.pk, has_audio=True).first()
        if current is None:  # another erasure was faster: it took the sound out, or all of it
            draft.unlink(missing_ok=True)
            return
        note(erasure, sound.trace(current))
        sound.put(current, draft)
        record(None, "recording.silence", recording, erasure=str(erasure.pk), former_sha256=recording.sha256)
    for name in sound.derived(recording):
        shelf.remove(closure.located(name), for_good=True, again=True)


# --- afterwards ------------------------------------------------------------------------------------------------


def _wait_for_stopped_work(erasure: Erasure, tell: Tell) -> None:
    until = min(erasure.created_at, timezone.now()) + STOPS_WITHIN
    while (left := (until - timezone.now()).total_seconds()) > 0 and _was_at_work(erasure):
        tell("wait", 0, None)
        time.sleep(min(left, 0.2))


def _was_at_work(erasure: Erasure) -> bool:
    return erasure.tombstones.filter(kind__in=WORKED_ON).exists()


#: Kinds into whose folders a worker writes.
WORKED_ON: Final = (
    "runs.analysisrun",
    "meaning.reading",
    "recordings.recording",
    "recordings.upload",
    "reports.package",
)


def _remove(paths: Iterable[str]) -> None:
    for name in paths:
        shelf.remove(closure.located(name), for_good=True)


def sweep(tombstones: Any) -> int:
    """Remove what lies at the paths of tombstones; return how many there were."""
    count = 0
    for tombstone in tombstones:
        if not _is_gone(tombstone):
            continue  # the row is still there: `check` says so
        for name in tombstone.paths:
            path = closure.located(name)
            if shelf.exists(path):
                shelf.remove(path, for_good=True)
                count += 1
        if tombstone.destroyed_at is None:
            Tombstone.objects.filter(pk=tombstone.pk, destroyed_at=None).update(destroyed_at=timezone.now())
    return count


def check(erasure: Erasure) -> None:
    """Look for every row and file again.

    Raises
    ------
    Remains
        Which are still there.
    """
    left = [str(one) for one in erasure.tombstones.all() if not _is_gone(one)]
    left += [name for one in erasure.tombstones.all() for name in one.paths if shelf.exists(closure.located(name))]
    if left:
        raise Remains(f"Still there: {', '.join(sorted(left)[:20])}")


#: Kinds whose row may stay: whether what is to go is still there.
_CHECKS: Final[dict[str, Callable[[str], bool]]] = {
    sound.KIND: sound.is_there,
    **faces.CHECKS,
    **learnt.CHECKS,
    **packed.CHECKS,
    **people.CHECKS,
}


def _is_gone(tombstone: Tombstone) -> bool:
    if (still := _CHECKS.get(tombstone.kind)) is not None:
        return not still(tombstone.object_id)
    model = apps.get_model(tombstone.kind)
    if not isinstance(model._meta.pk, models.UUIDField) or tombstone.kind in closure.BULK:
        # Rows of something that has a tombstone of its own, and cannot be without it; or a row with a number.
        number = tombstone.object_id
        return not (number.isdigit() and model._base_manager.filter(pk=number).exists())
    return not model._base_manager.filter(pk=tombstone.object_id).exists()


def look_again() -> int:
    """Remove what stopped work may have written after all; a duty of the recovery process."""
    since = timezone.now() - WATCHED
    recent = Tombstone.objects.filter(erasure__state=Erasure.State.SUCCEEDED, erasure__finished_at__gte=since)
    return sweep(recent.exclude(paths=[]))


def _empty_the_journal() -> None:
    """Have SQLite's journal forget the rows, too (``secure_delete`` overwrites them in the database itself).

    Where somebody else reads, or does the same at this moment, SQLite says so and does nothing.
    """
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        return
    for _ in range(JOURNAL_TRIES):
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            busy, *_ = cursor.fetchone()
        if not busy:
            return
        time.sleep(0.5)
    log.warning("SQLite's journal was in use and still holds deleted rows; it is emptied at the next erasure.")
