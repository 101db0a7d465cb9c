"""What other parts may ask of recordings; the work is in ``uploads``, ``acceptance`` and ``proxies``."""

from __future__ import annotations

import contextlib
import logging
from pathlib import Path
from typing import Any, Final

import cv2
from django.db import transaction
from django.db.models import ProtectedError

from analysis import confined
from analysis.types import MediaError, Rgb
from facsweb.audit.personal import mark
from facsweb.audit.services import record
from facsweb.recordings import files, hooks
from facsweb.recordings.acceptance import duplicates, finish_upload
from facsweb.recordings.models import Recording
from facsweb.recordings.uploads import begin_upload, receive
from facsweb.storage import shelf

__all__ = [
    "NotDeletable",
    "begin_upload",
    "delete_recording",
    "duplicates",
    "finish_upload",
    "jpeg",
    "original_path",
    "playable",
    "poster",
    "receive",
    "rename",
]

log = logging.getLogger(__name__)
PREVIEW_WIDTH: Final = 640  # pixels; previews are no evidence


class NotDeletable(Exception):  # noqa: N818 (a state, not a fault)
    """Something that must be kept depends on the recording; the message is a sentence for a person."""


def original_path(recording: Recording) -> Path:
    """Where this host has the file exactly as it was uploaded (brought here first); it may be missing there.

    Raises
    ------
    StoreAway, CacheFull
    """
    return shelf.bring(recording.original.name)


def playable(recording: Recording) -> tuple[str, str] | None:
    """Name (`storage.shelf`) and content type of the file for the browser's player; None while there is none."""
    if recording.proxy_state == Recording.ProxyState.READY:
        return recording.proxy.name, "video/mp4"
    if recording.proxy_state == Recording.ProxyState.NOT_NEEDED:
        webm = "webm" in str(recording.media_info.get("container", ""))
        return recording.original.name, "video/webm" if webm else "video/mp4"
    return None


def jpeg(rgb: Rgb) -> bytes:
    """A picture as a preview: JPEG, made smaller where it is wider than 640 pixels."""
    height, width = rgb.shape[:2]
    if width > PREVIEW_WIDTH:
        size = (PREVIEW_WIDTH, max(1, round(height * PREVIEW_WIDTH / width)))
        rgb = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    bgr = cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR)
    return cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes()


def poster(recording: Recording) -> Path | None:
    """A still of the recording as JPEG, made on first use; None when no picture can be decoded."""
    path = files.recording_folder(recording.pk) / "poster.jpg"
    with contextlib.suppress(FileNotFoundError):
        return shelf.fetch(path)
    try:
        # A second in, cameras have settled; a short clip gives its middle.
        rgb = confined.still(original_path(recording), min(1_000_000, recording.duration_us // 2))
    except (MediaError, OSError) as error:
        log.warning("No poster of recording %s: %s", recording.pk, error)
        return None
    return shelf.write(path, jpeg(rgb))


@transaction.atomic
def rename(actor: Any, recording: Recording, *, title: str) -> None:
    """Give a recording another title; the same title changes nothing."""
    former = Recording.objects.select_for_update(no_key=True).get(pk=recording.pk).title
    title = title.strip()
    if title == former:
        return
    Recording.objects.filter(pk=recording.pk).update(title=title)
    recording.title = title
    record(actor, "recording.rename", recording, before={"title": mark(former)}, after={"title": mark(title)})


def delete_recording(actor: Any, recording: Recording) -> None:
    """Delete a recording with its files, its runs and unsigned codings. The log keeps what it was, with its hash.

    Raises
    ------
    NotDeletable
        Somebody signed a coding of it.
    """
    try:
        with transaction.atomic():
            hooks.lock(recording)
            leftovers = [path for hook in hooks.on_deletion for path in hook(recording)]
            record(
                actor,
                "recording.delete",
                recording,
                participant=recording.participant.code,
                title=mark(recording.title),
                filename=mark(recording.filename),
                size=recording.size,
                sha256=recording.sha256,
            )
            folder = files.recording_folder(recording.pk)
            recording.delete()
            for path in [folder, *leftovers]:
                transaction.on_commit(lambda path=path: files.remove(path), robust=True)
    except ProtectedError as error:
        raise NotDeletable(
            "This recording cannot be deleted: a coding of it is signed, and a signed report must stay checkable."
        ) from error
