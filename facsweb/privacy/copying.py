"""Making the copy of everything about one participant, and removing it after a week."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import IO, Any, Final
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from facsweb.audit.services import record
from facsweb.privacy import attempts
from facsweb.privacy.models import Copy
from facsweb.recordings import files
from facsweb.storage import shelf

KEPT: Final = timedelta(days=7)
PIECE: Final = 1024 * 1024
#: What is compressed already.
_AS_IT_IS: Final = (".mp4", ".webm", ".mkv", ".mov", ".avi", ".pdf", ".parquet", ".jpg")
MANIFEST: Final = "manifest.json"
NAME: Final = "copy.zip"


class Bundle:
    """A zip that is being written, with the SHA-256 of every file in it."""

    def __init__(self, archive: zipfile.ZipFile, step: Callable[[], None]) -> None:
        self._archive, self._step = archive, step
        self.entries: dict[str, dict[str, Any]] = {}

    @contextmanager
    def _entry(self, name: str) -> Iterator[IO[bytes]]:
        about = zipfile.ZipInfo(name, timezone.localtime().timetuple()[:6])
        stored = name.lower().endswith(_AS_IT_IS)
        about.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
        with self._archive.open(about, "w", force_zip64=True) as out:
            yield out

    def bytes(self, name: str, content: bytes) -> None:
        """Add a small file."""
        with self._entry(name) as out:
            out.write(content)
        self.entries[name] = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
        self._step()

    def json(self, name: str, value: Any) -> None:
        """Add plain values as readable JSON."""
        self.bytes(name, json.dumps(value, ensure_ascii=False, indent=1, default=str).encode())

    def file(self, name: str, path: Path) -> None:
        """Add a file piece by piece; one that is gone meanwhile is left out."""
        digest, size = hashlib.sha256(), 0
        try:
            source = shelf.bring(path).open("rb")
        except FileNotFoundError:
            return
        with source, self._entry(name) as out:
            while piece := source.read(PIECE):
                out.write(piece)
                digest.update(piece)
                size += len(piece)
                self._step()
        self.entries[name] = {"sha256": digest.hexdigest(), "size": size}


def folder(copy_id: UUID) -> Path:
    """Folder of one copy, until it is removed."""
    return Path(settings.MEDIA_ROOT) / "copies" / str(copy_id)


def _draft(made: Copy) -> Path:
    return folder(made.pk) / f"{made.attempt}.draft"


def remove_draft(made: Copy) -> None:
    """Remove what a dead attempt left."""
    files.remove(_draft(made))


def make(made: Copy, hook: Callable[..., None]) -> bool:
    """Write the copy and publish it; False when it is no longer this attempt's."""
    from facsweb.privacy import held  # knows every app; only the worker needs it

    folder(made.pk).mkdir(parents=True, exist_ok=True)
    draft, final = _draft(made), folder(made.pk) / NAME
    count = 0

    def step() -> None:
        nonlocal count
        count += 1
        hook("copy", count, None)

    try:
        with zipfile.ZipFile(draft, "w", allowZip64=True) as archive:
            bundle = Bundle(archive, step)
            held.write(made.participant, bundle)
            archive.writestr(
                MANIFEST, json.dumps({"schema": 1, "files": bundle.entries}, ensure_ascii=False, indent=1)
            )
        sha256, size = files.sha256_of(draft), draft.stat().st_size
        if not attempts.COPY_FENCE.mine(made.pk, made.attempt).exists():
            # Taken for dead meanwhile: another attempt's file may lie there already.
            if not Copy.objects.filter(pk=made.pk).exists():
                files.remove(folder(made.pk))
            return False
        files.move(draft, final)
        shelf.keep(final)
    except FileNotFoundError:
        if attempts.COPY_FENCE.mine(made.pk, made.attempt).exists():
            raise
        files.remove(folder(made.pk))  # consent was withdrawn, and the folder went with the row
        return False
    finally:
        draft.unlink(missing_ok=True)
    fields = {"file": f"copies/{made.pk}/{NAME}", "size": size, "sha256": sha256, "entries": len(bundle.entries)}
    kept = {**fields, "expires_at": timezone.now() + KEPT}
    if attempts.COPY_FENCE.finish(made, kept, sha256=sha256, entries=len(bundle.entries)):
        return True
    if not Copy.objects.filter(pk=made.pk, state=Copy.State.SUCCEEDED).exists():
        files.remove(folder(made.pk))
    return False


def remove_expired() -> int:
    """Remove copies whose week is over; return how many."""
    count = 0
    for made in Copy.objects.filter(state=Copy.State.SUCCEEDED, expires_at__lt=timezone.now()):
        if Copy.objects.filter(pk=made.pk, state=Copy.State.SUCCEEDED).update(
            state=Copy.State.CANCELLED, removed_at=timezone.now(), file=""
        ):
            record(None, "copy.expire", made, sha256=made.sha256)
            count += 1
        files.remove(folder(made.pk))
    return count


def path_of(made: Copy) -> Path | None:
    """Where a finished copy lies, while it may be downloaded."""
    if made.state != Copy.State.SUCCEEDED or made.expires_at is None or made.expires_at < timezone.now():
        return None
    path = shelf.bring(folder(made.pk) / NAME)
    return path if path.is_file() else None
