"""Taking the sound out of a recording whose picture stays: the picture is copied as it is, never encoded again."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final
from uuid import UUID

from analysis.types import MediaError
from facsweb.coding.tracks import FOLDER
from facsweb.privacy import closure
from facsweb.privacy.closure import Trace
from facsweb.recordings import files, proxies
from facsweb.recordings.models import Recording
from facsweb.recordings.services import original_path
from facsweb.storage import shelf

#: What the tombstone calls it: the recording itself stays.
KIND: Final = "recordings.sound"
DRAFT: Final = "silent-{}.draft"  # of each erasure its own: two may be at work at the same time


class Inseparable(Exception):  # noqa: N818 (a state, not a fault)
    """The picture cannot be had without the sound."""


def without(recording: Recording, erasure_id: UUID) -> Path:
    """Write the picture alone beside the original; return where.

    Raises
    ------
    Inseparable
        The file cannot be read, or what was written shows another picture.
    """
    from analysis import media  # here, so that FFmpeg is loaded only by processes that open a file

    source, draft = original_path(recording), files.recording_folder(recording.pk) / DRAFT.format(erasure_id)
    try:
        media.without_sound(source, draft)
        found = media.probe(draft)
    except (MediaError, OSError) as error:
        draft.unlink(missing_ok=True)
        raise Inseparable(str(error)) from error
    same = found.video is not None and (found.video.width, found.video.height) == (
        recording.width,
        recording.height,
    )
    if not same:
        draft.unlink(missing_ok=True)
        raise Inseparable("What was written is not the same picture.")
    return draft


def trace(recording: Recording) -> Trace:
    """What the tombstone says: hashes of every file that had the sound in it."""
    hashes = {"original": recording.sha256}
    for path in derived(recording):
        hashes |= {f"{path.split('/')[1]}/{name}": sha for name, sha in closure.file_hashes(path).items()}
    return Trace(KIND, str(recording.pk), recording.sha256, 1, hashes, [])


def derived(recording: Recording) -> list[str]:
    """Files that were made from the sound: the browser's copy, and outlines of the sound beside results."""
    found = []
    copy = files.recording_folder(recording.pk) / "proxy.mp4"
    if shelf.exists(copy):
        found.append(closure.named(copy))
    for run in recording.runs.exclude(folder=""):
        found += [f"media/{name}" for name in shelf.beginning(f"{run.folder}/{FOLDER}/waveform")]
    return found


def put(recording: Recording, draft: Path) -> None:
    """Put the silent file in the original's place and have the browser's copy made again; in a transaction.

    The file comes first: where a death comes between file and row, the next attempt finds a file without sound and
    does the same again.
    """
    files.move(draft, files.recording_original(recording.pk))
    original = files.recording_original(recording.pk)
    shelf.keep(original, purge=True)
    values: dict[str, Any] = {
        "sha256": files.sha256_of(original),
        "size": original.stat().st_size,
        "has_audio": False,
        "media_info": recording.media_info | {"audio": None},
    }
    state = Recording.ProxyState
    rows = Recording.objects.filter(pk=recording.pk)
    rows.update(**values)
    if rows.exclude(proxy_state=state.NOT_NEEDED).update(
        proxy_state=state.WAITING, proxy="", proxy_percent=0, proxy_attempts=0, proxy_error=""
    ):
        proxies.enqueue_on_commit(recording.pk)


def is_there(recording_id: str) -> bool:
    """Whether a recording still has sound."""
    return Recording.objects.filter(pk=recording_id, has_audio=True).exists()
