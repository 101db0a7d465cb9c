"""One attempt at a package: writes the zip file while it goes through the reports, then publishes it."""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
import uuid
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from django.conf import settings

from analysis.types import AnalysisError
from facsweb.processes.pulse import Pulse, carry_out
from facsweb.recordings.files import sha256_of
from facsweb.reports import bundle, documents, exports, packages, resting, tasks
from facsweb.reports.models import Document, Package, Report
from facsweb.reports.packages import FENCE, FULL
from facsweb.storage import shelf
from facsweb.studies.services import missing_scopes

log = logging.getLogger(__name__)
UNEXPECTED: Final = (
    "Packing stopped because of an error in the program. The reports are unchanged. Try again; if it happens "
    "again, give an administrator the address of this page."
)
MISSING: Final = "a file of it is missing; ask the operator to look at the worker's log"
_RELATED: Final = "sign_off__layer__run__recording__participant__study"


class Archive:
    """A zip file being written, and what is in it."""

    def __init__(self, path: Path) -> None:
        self.files: list[dict[str, Any]] = []
        self._zip = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED)

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    def add(self, name: str, body: bytes) -> None:
        """Put a file in."""
        self._zip.writestr(name, body)
        self.files.append({"path": name, "size": len(body), "sha256": hashlib.sha256(body).hexdigest()})

    def copy(self, name: str, path: Path) -> None:
        """Put a file from disk in, a piece at a time."""
        with path.open("rb") as source, self._zip.open(name, "w", force_zip64=True) as target:
            shutil.copyfileobj(source, target, 1 << 20)
        self.files.append({"path": name, "size": path.stat().st_size, "sha256": sha256_of(path)})

    def close_with_checksums(self, about: dict[str, Any]) -> None:
        """Add ``manifest.json`` and ``SHA256SUMS``, over everything that is in the file before them."""
        manifest = json.dumps(about | {"files": self.files}, indent=1, ensure_ascii=False).encode()
        self.add("manifest.json", manifest)
        lines = [f"{one['sha256']}  {one['path']}\n" for one in self.files]
        self._zip.writestr("SHA256SUMS", "".join(lines))


def perform(package_id: uuid.UUID, attempt: int, worker: str) -> None:
    """Claim the attempt, pack, publish; whatever happens is written to the package."""
    if not FENCE.claim(package_id, attempt, worker):
        return  # carried twice, cancelled while waiting, or already given to somebody else
    package = Package.objects.select_related("study").get(pk=package_id)
    carry_out(package, FENCE, _attempt, unexpected=UNEXPECTED, explained=(AnalysisError, packages.Refused))
    _tidy(package)


def _attempt(package: Package, pulse: Pulse) -> bool:
    path = packages.folder(package) / f"{package.attempt}.zip"
    path.parent.mkdir(parents=True, exist_ok=True)
    chosen = package.asked["reports"]
    left_out: list[dict[str, str]] = []
    with Archive(path) as archive:
        writer = bundle.Bundle(package, archive) if package.kind == Package.Kind.BUNDLE else None
        packed = 0
        for number, pk in enumerate(chosen):
            pulse.hook("packing", number, len(chosen))
            report = Report.objects.select_related(_RELATED).filter(pk=pk).first()
            if why := why_not(report):
                left_out.append({"report": pk, "why": why})
                continue
            assert report is not None
            try:
                if writer is not None:
                    writer.add(report)
                else:  # all of a report or nothing
                    for name, body in list(_documents(report, package.asked["documents"])):
                        archive.add(name, body)
            except (FileNotFoundError, packages.Refused) as error:  # the others are packed all the same
                log.exception("Report %s is not packed.", pk)
                left_out.append({"report": pk, "why": MISSING if isinstance(error, OSError) else str(error)})
                continue
            packed += 1
        if not packed:
            raise packages.Refused(_nothing(left_out))
        about = {"package": str(package.pk), "study": package.study.name, "reports": packed, "left_out": left_out}
        if writer is not None:
            writer.finish(left_out)
        archive.close_with_checksums(about)
    pulse.hook("packing", len(chosen), len(chosen))
    digest, size = sha256_of(path), path.stat().st_size
    shelf.keep(path)
    values = {"file": str(path.relative_to(settings.MEDIA_ROOT)), "sha256": digest, "size": size}
    summary = {"reports": packed, "left_out": left_out, "files": len(archive.files) + 1}
    done = {"done": len(chosen), "total": len(chosen)}
    return FENCE.finish(package, values | done | {"summary": summary}, reports=packed, sha256=digest, size=size)


def _nothing(left_out: list[dict[str, str]]) -> str:
    whys = "; ".join(dict.fromkeys(one["why"].rstrip(".") for one in left_out))
    return f"No report was left to pack: {whys}."


def why_not(report: Report | None) -> str:
    """Why a report is not packed; empty where it is. Asked when it is its turn, which can be much later."""
    if report is None or report.state != Report.State.READY:
        return "not signed any more"
    said, participant = report.sign_off.content, report.sign_off.layer.run.recording.participant
    if not said:
        return "what it said was destroyed"
    needed = resting.scopes_used(said)
    return "consent does not cover it any more" if missing_scopes(participant, needed) else ""


def _documents(report: Report, wanted: list[str]) -> Iterator[tuple[str, bytes]]:
    folder = exports.filename(report, "pdf").rsplit("_", 1)[0] + f"_{str(report.pk)[:8]}"
    for key in wanted:
        if key == FULL:
            with report.pdf.open("rb") as file:
                yield f"{folder}/report.pdf", file.read()
            continue
        kind, language = key.split("-")
        one = made(report, kind, language)
        with one.pdf.open("rb") as file:
            yield f"{folder}/{kind}-{language}.pdf", file.read()


def made(report: Report, kind: str, language: str) -> Document:
    """A document of a report, made here and now where there is none."""
    wanted, _ = Document.objects.get_or_create(report=report, kind=kind, language=language)
    if wanted.state != Document.State.READY:
        documents.again(wanted)
        tasks.render_document(str(wanted.pk))
        wanted.refresh_from_db()
    if wanted.state != Document.State.READY:
        raise packages.Refused(f"A document could not be made. {wanted.error}".strip())
    return wanted


def _tidy(package: Package) -> None:
    """Remove what is neither published nor at work."""
    now = Package.objects.get(pk=package.pk)
    kept = {Path(now.file).name} if now.file else {f"{now.attempt}.zip"} if now.is_active else set()
    here = packages.folder(package)
    for path in here.iterdir() if here.is_dir() else ():
        if path.name not in kept:
            shelf.remove(path)
