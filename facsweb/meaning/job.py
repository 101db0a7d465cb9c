"""One attempt at a reading: gather what holds at this moment, read, publish."""

from __future__ import annotations

import json
import shutil
import uuid
from pathlib import Path
from typing import Final

from analysis.types import AnalysisError
from facsweb.meaning import attempts, inputs, services, work
from facsweb.meaning.models import Reading
from facsweb.processes.pulse import Pulse, carry_out
from facsweb.recordings import files
from facsweb.storage import shelf
from facsweb.studies.services import ConsentMissing

UNEXPECTED: Final = (
    "Reading stopped because of an error in the program. The analysis and all codings are unchanged. Try again; "
    "if it happens again, give an administrator the address of this page."
)


def perform(reading_id: uuid.UUID, attempt: int, worker: str) -> None:
    """Claim the attempt, do the work, publish the result; whatever happens is written to the reading."""
    reading = attempts.claim(reading_id, attempt, worker, inputs.of_reading)
    if reading is None:
        return  # carried twice, cancelled while waiting, or already given to somebody else
    explained = (AnalysisError, ConsentMissing)
    carry_out(reading, attempts.FENCE, _attempt, unexpected=UNEXPECTED, explained=explained)
    _afterwards(reading)


def _attempt(reading: Reading, pulse: Pulse) -> bool:
    out = attempts.folder(reading.pk) / str(reading.attempt)
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    work.read(reading, out, pulse)
    summary = json.loads((out / work.ABOUT).read_text(encoding="utf-8"))
    shelf.keep(out)
    return attempts.succeed(reading, files=hashes(out), summary=summary)


def _afterwards(reading: Reading) -> None:
    """Read again what changed in the meantime; remove what is neither published nor at work."""
    now = Reading.objects.select_related("run__recording__participant__study").filter(pk=reading.pk).first()
    here = attempts.folder(reading.pk)
    if now is None:  # the recording was deleted, or a consent withdrawn
        shelf.remove(here)
        return
    kept = {str(now.attempt)} if now.is_active else {Path(now.folder).name} if now.folder else set()
    for path in here.iterdir() if here.is_dir() else ():
        if path.name not in kept:
            shelf.remove(path)
    if now.state == Reading.State.SUCCEEDED and services.is_outdated(now):
        services.ask(None, now.run)


def hashes(out: Path) -> dict[str, str]:
    """SHA-256 (hex) of every file in the folder, by name."""
    return {path.name: files.sha256_of(path) for path in sorted(out.iterdir()) if path.is_file()}
