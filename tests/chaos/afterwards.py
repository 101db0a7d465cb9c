"""After the blows: is everything there that was acknowledged, once, and nothing else half?

A program inside of the installation: ``python -m tests.chaos.afterwards JOURNAL`` prints a list of faults as JSON.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any


def faults(journal: dict[str, Any]) -> list[str]:
    """A sentence for everything that was lost, doubled or left half."""
    checks = (recordings, runs, edits, signatures, log, files_of_nobody)
    return [*journal["faults"], *(fault for check in checks for fault in check(journal))]


def recordings(journal: dict[str, Any]) -> Iterator[str]:
    """Every confirmed upload is one recording with its bytes; there are no others."""
    from facsweb.recordings.models import Recording, Upload

    there = {str(one.pk): one for one in Recording.objects.filter(upload__isnull=False)}
    for key, noted in journal["uploads"].items():
        upload = Upload.objects.filter(pk=key).first()
        if upload is None:
            yield f"Upload {key} was acknowledged and is gone."
        elif upload.offset < noted["offset"]:
            yield f"Upload {key}: byte {noted['offset']} was acknowledged, {upload.offset} are there."
        if not noted["recording"]:
            continue
        recording = there.get(noted["recording"])
        if recording is None:
            yield f"Recording {noted['recording']} was acknowledged and is gone."
            continue
        path = Path(recording.original.path)
        digest = hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else "no file"
        if not digest == recording.sha256 == noted["sha256"]:
            yield f"Recording {recording.pk} does not hold what was sent ({digest[:8]})."
    for digest, number in Counter(one.sha256 for one in there.values()).items():
        if number > 1:
            yield f"The file {digest[:8]} became {number} recordings."
        if digest not in journal["sent"]:
            yield f"A recording holds bytes that nobody sent ({digest[:8]})."


def runs(journal: dict[str, Any]) -> Iterator[str]:
    """Every acknowledged run is there and ended; what it published is what it says."""
    from facsweb.runs.job import UNEXPECTED
    from facsweb.runs.models import AnalysisRun
    from facsweb.runs.services import result_dir

    there = {str(run.pk): run for run in AnalysisRun.objects.all()}
    for key in journal["runs"]:
        if key not in there:
            yield f"Run {key} was acknowledged and is gone."
    for key, run in there.items():
        if run.is_active:
            yield f"Run {key} is {run.state}, attempt {run.attempt}, with no end: {run.heartbeat_at}."
        elif run.state == "failed" and (not run.error or run.error == UNEXPECTED):
            yield f"Run {key} failed without a reason that helps: {run.error_detail[-300:]}"
        elif run.state == "succeeded":
            for name, digest in run.files.items():
                path = result_dir(run) / name
                if not path.exists() or hashlib.sha256(path.read_bytes()).hexdigest() != digest:
                    yield f"Run {key}: {name} is not what was published."


def edits(journal: dict[str, Any]) -> Iterator[str]:
    """Every acknowledged edit is one revision; in the codings that were edited there is at most one more each."""
    from facsweb.coding.models import Revision

    for request, noted in journal["edits"].items():
        found = list(Revision.objects.filter(group=request).select_related("event"))
        if len(found) != 1:
            yield f"Edit {request} was acknowledged and is there {len(found)} times."
            continue
        said = (str(found[0].event_id), found[0].number, found[0].intensity)
        if said != (noted["event"], noted["number"], noted["intensity"]):
            yield f"Edit {request} says {said}, and was acknowledged as {noted}."
    for layer in {noted["layer"] for noted in journal["edits"].values()}:
        numbers = list(
            Revision.objects.filter(event__layer=layer, layer_revision__gt=0)
            .order_by("layer_revision")
            .values_list("layer_revision", flat=True)
        )
        if numbers != list(range(1, len(numbers) + 1)):
            yield f"The revisions of coding {layer} are not numbered one by one."


def signatures(journal: dict[str, Any]) -> Iterator[str]:
    """Every acknowledged signature stands once, its report is made, and holds far from here."""
    from facsweb.reports.models import Report, SignOff

    for layer, report_id in journal["signatures"].items():
        standing = SignOff.objects.filter(layer=layer, standing=True)
        if standing.count() != 1:
            yield f"Coding {layer} was signed and has {standing.count()} signatures."
            continue
        report = Report.objects.filter(pk=report_id, sign_off=standing[0]).first()
        if report is None:
            yield f"Report {report_id} was acknowledged and is gone."
        elif report.state != Report.State.READY:
            yield f"Report {report_id} is {report.state}: {report.error}"
        else:
            yield from _holds(report)


def _holds(report: Any) -> Iterator[str]:
    from django.conf import settings

    from facsweb.reports import offline

    path = Path(report.pdf.path)
    if hashlib.sha256(path.read_bytes()).hexdigest() != report.pdf_sha256:
        yield f"The file of report {report.pk} is not the one that was made."
    root = next((Path(settings.KEYS_DIR) / "authority" / "root").glob("*.pem"))
    sys.stdout, kept = sys.stderr, sys.stdout  # what it prints is for people
    try:
        if offline.main([str(path), "--root", str(root)]):
            yield f"Report {report.pk} does not verify with the root certificate alone."
    finally:
        sys.stdout = kept


def log(journal: dict[str, Any]) -> Iterator[str]:
    """The log is whole and tells of every act once."""
    from facsweb.audit import checking
    from facsweb.audit.models import Entry

    yield from (fault.sentence for fault in checking.verify().faults)
    told = Counter(Entry.objects.values_list("action", "object_id"))
    wanted = [
        ("recording.create", noted["recording"]) for noted in journal["uploads"].values() if noted["recording"]
    ]
    wanted += [("run.start", run) for run in journal["runs"]]
    wanted += [("layer.sign", layer) for layer in journal["signatures"]]
    for action, key in wanted:
        if told[action, key] != 1:
            yield f"The log tells {told[action, key]} times of {action} {key}."


def files_of_nobody(journal: dict[str, Any]) -> Iterator[str]:
    """What the sweeps leave is what the database knows."""
    from django.conf import settings

    from facsweb.recordings import acceptance, uploads
    from facsweb.recordings.models import Recording, Upload
    from facsweb.reports.models import Document, Report
    from facsweb.runs import recovery
    from facsweb.runs.models import AnalysisRun

    acceptance.finish_complete()
    uploads.clean()
    recovery.sweep(timedelta(days=1))
    media = Path(settings.MEDIA_ROOT)
    receiving = {str(pk) for pk in Upload.objects.filter(state="receiving").values_list("pk", flat=True)}
    recorded = {str(pk) for pk in Recording.objects.values_list("pk", flat=True)}
    analysed = {str(pk): folder for pk, folder in AnalysisRun.objects.values_list("pk", "folder")}
    reported = {Path(name).name for name in Report.objects.values_list("pdf", flat=True) if name}
    reported |= {Path(name).name for name in Document.objects.values_list("pdf", flat=True) if name}
    for name in _names(Path(settings.UPLOAD_DIR)) - receiving:
        yield f"The folder of upload {name} belongs to nobody."
    for name in _names(media / "recordings") - recorded:
        yield f"The folder of recording {name} belongs to nobody."
    for name in _names(media / "runs"):
        kept = {Path(analysed[name]).name} if analysed.get(name) else set()
        folders = {path.name for path in (media / "runs" / name).iterdir() if path.is_dir()}
        if name not in analysed or folders - kept:
            yield f"Run {name} left {sorted(folders - kept)} behind."
    for name in {path.name for path in (media / "reports").rglob("*.pdf")} - reported:
        yield f"The document {name} belongs to no report."
    for path in media.rglob("*"):
        if path.is_file() and (path.suffix == ".draft" or path.name.count(".") > 2):
            yield f"{path.relative_to(media)} was never finished."


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} if folder.is_dir() else set()


def unsettled() -> dict[str, int]:
    """How much is still under way: runs, readings, reports, copies for browsers."""
    from facsweb.meaning.models import Reading
    from facsweb.recordings.models import Recording
    from facsweb.reports.models import Report
    from facsweb.runs.models import AnalysisRun

    return {
        "runs": AnalysisRun.objects.filter(state__in=AnalysisRun.ACTIVE).count(),
        "readings": Reading.objects.filter(state__in=Reading.ACTIVE).count(),
        "reports": Report.objects.filter(state=Report.State.WAITING).count(),
        "copies": Recording.objects.filter(proxy_state__in=("waiting", "making")).count(),
    }


def states() -> dict[str, Any]:
    """How runs and reports ended, with the sentences of those that failed."""
    from facsweb.reports.models import Report
    from facsweb.runs.models import AnalysisRun

    ended = list(AnalysisRun.objects.values_list("state", "attempt", "crashes", "error"))
    return {
        "runs": Counter(state for state, *_ in ended),
        "most_attempts": max((attempt for _, attempt, *_ in ended), default=0),
        "failed": Counter(error for state, _, _, error in ended if state == "failed"),
        "reports": Counter(Report.objects.values_list("state", flat=True)),
    }


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "facsweb.settings")
    import django

    django.setup()
    if sys.argv[1] == "unsettled":
        print(json.dumps(unsettled()))
    else:
        found = faults(json.loads(Path(sys.argv[1]).read_text()))
        print(json.dumps({"faults": found, "states": states()}))


if __name__ == "__main__":
    main()
