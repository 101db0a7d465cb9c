"""What upper layers want to know about. They fill these lists in ``AppConfig.ready()``; nobody imports upward."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from django.db.models import QuerySet

from facsweb.recordings.models import Recording, Upload
from facsweb.studies.models import Participant

#: Called inside the transaction that begins an upload of so many bytes; each may raise an ``UploadError`` that
#: says why there is to be none.
before_upload: Final[list[Callable[[Participant, int], None]]] = []

#: Called inside the transaction that takes further bytes of an upload whose length was not told when it began;
#: each may raise an ``UploadError`` that says why they are not taken.
before_more: Final[list[Callable[[Upload, int], None]]] = []


def check_more(upload: Upload, more: int) -> None:
    """Raise where so many further bytes may not be taken, of an upload that began without a length."""
    for check in before_more if not upload.length else ():
        check(upload, more)


#: Called inside the transaction that deletes a recording, before its rows go. Returns files and folders that
#: belong to the recording; they are removed once the transaction is committed.
on_deletion: Final[list[Callable[[Recording], Iterable[Path]]]] = []

#: Each names rows of recordings that others are at work on, and that go with a recording.
at_work: Final[list[Callable[[QuerySet[Recording]], Iterable[QuerySet[Any]]]]] = []


def of_participant(participant: Participant) -> Iterator[QuerySet[Any]]:
    """Rows of a participant that others are at work on (``studies.hooks.at_work``)."""
    yield Upload.objects.filter(participant=participant, state=Upload.State.RECEIVING)
    for hook in at_work:
        yield from hook(Recording.objects.filter(participant=participant))


def lock(recording: Recording) -> None:
    """Let whoever is at work on a recording that goes end first; before anything goes into the log."""
    mine = Recording.objects.filter(pk=recording.pk)
    for rows in (mine, *(rows for hook in at_work for rows in hook(mine))):
        list(rows.select_for_update(of=("self",), no_key=True).order_by("pk").only("pk"))
