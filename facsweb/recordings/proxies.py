"""Copies that browsers can play, made by a worker when the original does not play.

``Recording.proxy_state`` is the truth and the queue only carries it. Whoever holds the lock on the recording's
folder makes the proxy; a lock dies with its process, so a state "making" without a lock means that the maker died.
"""

from __future__ import annotations

import logging
import time
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import F

from analysis.types import Cancelled, MediaError, Rgb
from facsweb.audit.services import record
from facsweb.processes import limits, queue
from facsweb.processes.duties import Paced
from facsweb.recordings import files
from facsweb.recordings.models import Recording, proxy_path
from facsweb.storage import shelf

log = logging.getLogger(__name__)
State = Recording.ProxyState
TASK: Final = "facsweb.recordings.tasks.make_proxy"
REPORT_EVERY_S: Final = 1.0
MOST: Final = 500  # that are put back in one round
MAX_ATTEMPTS: Final = 3
MISSING: Final = "The original file is missing on the server. Upload it again."
TOO_LARGE: Final = "Making the playable copy takes more memory than is allowed. Upload a smaller copy."
GIVEN_UP: Final = (
    f"The worker that made the playable copy stopped unexpectedly {MAX_ATTEMPTS} times. The original is safe. "
    "Ask an administrator to look at the log of the workers, then try again."
)

_pace = Paced()


def job_id(recording_id: UUID) -> str:
    return f"proxy-{recording_id}"


def enqueue_on_commit(recording_id: UUID) -> None:
    study = Recording.objects.filter(pk=recording_id).values_list("participant__study", flat=True).first()
    about = {"study": study, "row": recording_id, "job_id": job_id(recording_id)}
    queue.enqueue_on_commit(TASK, str(recording_id), **about)


def retry(actor: Any, recording: Recording) -> bool:
    """Ask for a failed proxy again; False when it had not failed."""
    with transaction.atomic():
        changed = Recording.objects.filter(pk=recording.pk, proxy_state=State.FAILED).update(
            proxy_state=State.WAITING, proxy_error="", proxy_percent=0, proxy_attempts=0
        )
        if changed:
            record(actor, "proxy.retry", recording)
            enqueue_on_commit(recording.pk)
    recording.refresh_from_db()
    return bool(changed)


def recover() -> int:
    """Put back what waits, or whose maker died, and is not in the queue; return how many. A duty of processes."""
    if not _pace.due():
        return 0
    unmade = Recording.objects.filter(proxy_state__in=[State.WAITING, State.MAKING])
    with _pace.look():
        # One whose maker has just taken it is looked at too: its lock says whether the maker is alive.
        lost = list(queue.without_ticket(unmade, TASK, taken=timedelta()).values_list("pk", flat=True)[:MOST])
    count = 0
    for pk in lost:
        try:
            if files.is_held(files.recording_folder(pk)):
                continue  # its maker is alive
        except FileNotFoundError:
            fail(pk, MISSING)
            continue
        enqueue_on_commit(pk)
        log.warning("The proxy of %s was not in the queue; it was put back", pk)
        count += 1
    return count


class _Progress:
    """Hook that writes the percentage down once a second and notices that the recording is gone."""

    def __init__(self, recording_id: UUID) -> None:
        self.recording_id = recording_id
        self.reported_at = time.monotonic()
        self.gone = False

    def __call__(self, stage: str, done: int, total: int | None, *, still: Rgb | None = None) -> None:
        if time.monotonic() - self.reported_at < REPORT_EVERY_S:
            return
        self.reported_at = time.monotonic()
        percent = min(99, 100 * done // total) if total else 0
        changed = Recording.objects.filter(pk=self.recording_id, proxy_state=State.MAKING).update(
            proxy_percent=percent
        )
        self.gone = not changed

    def should_stop(self) -> bool:
        return self.gone


def make(recording_id: UUID) -> None:
    """Make the proxy of a recording. Safe to run twice, at the same time, and after a death at any point."""
    try:
        with shelf.patient(), files.held(files.recording_folder(recording_id)):
            unmade = Recording.objects.filter(pk=recording_id, proxy_state__in=[State.WAITING, State.MAKING])
            if unmade.filter(proxy_attempts__gte=MAX_ATTEMPTS).exists():
                fail(recording_id, GIVEN_UP)
            elif unmade.update(proxy_state=State.MAKING, proxy_percent=0, proxy_attempts=F("proxy_attempts") + 1):
                limits.limit_processor(unmade.values_list("duration_us", flat=True)[0])
                _make_held(recording_id, files.recording_folder(recording_id))
    except files.Busy:
        log.info("The proxy of %s is being made by another worker", recording_id)
    except FileNotFoundError:
        fail(recording_id, MISSING)


def _make_held(recording_id: UUID, folder: Path) -> None:
    from analysis import media  # here, so that FFmpeg is loaded only by processes that open a file

    draft, final = folder / "proxy.draft.mp4", folder / "proxy.mp4"
    progress = _Progress(recording_id)
    try:
        media.make_proxy(shelf.fetch(folder / "original"), draft, hook=progress, should_stop=progress.should_stop)
        files.move(draft, final)
        shelf.keep(final)
    except Cancelled:
        return  # the recording was deleted, and its folder with it
    except MediaError as error:
        fail(recording_id, str(error))
        return
    except MemoryError:
        fail(recording_id, TOO_LARGE)
        return
    except shelf.StorageError as error:
        fail(recording_id, str(error))
        return
    except OSError as error:
        if not files.is_disk_full(error):
            raise
        fail(recording_id, "The server's disk is full. Tell the operator, then try again.")
        return
    finally:
        draft.unlink(missing_ok=True)
    ready = Recording.objects.filter(pk=recording_id, proxy_state=State.MAKING).update(
        proxy_state=State.READY, proxy_percent=100, proxy=proxy_path(Recording(id=recording_id), "")
    )
    if not ready:
        shelf.remove(final)


def fail(recording_id: UUID, sentence: str) -> None:
    """Write down, for a person, why there is no proxy."""
    Recording.objects.filter(pk=recording_id, proxy_state__in=[State.WAITING, State.MAKING]).update(
        proxy_state=State.FAILED, proxy_error=sentence
    )
