"""A study's signed data as a folder that other programs find their way in, laid out like BIDS.

The layout follows the Brain Imaging Data Structure (bids.neuroimaging.io) where it has a place for what there is:
subjects, sessions, events with a sidecar that describes every column, derivatives. It is not validated as BIDS,
which has no modality for coded video.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from django.utils import timezone
from django.utils.text import slugify

import facsweb
from facsweb.coding.models import Side
from facsweb.reports import content, exports
from facsweb.reports.models import Document, Package, Report
from facsweb.studies.models import Participant

if TYPE_CHECKING:
    from facsweb.reports.packing import Archive

README: Final = """\
{study}: signed codings of facial movements
{line}

Everything here was signed by trained coders. Recordings are not included, nor is anything of participants who
withdrew, of revoked reports, or that nobody signed.

dataset_description.json   what this is and which program wrote it
participants.tsv, .json    who is in it, by code
sub-*/ses-*/*_events.tsv   the signed events of a recording; every column is described in the .json beside it
derivatives/coding/        the same coding in full: CSV with the machine's proposals, ELAN, Parquet, and the frozen
                           JSON whose SHA-256 stands in the report
derivatives/signals/       the machine's signals, uncorrected (Parquet, a row for every frame)
derivatives/reports/       the signed PDFs
manifest.json, SHA256SUMS  size and SHA-256 of every file; check with: sha256sum -c SHA256SUMS

Times in .tsv files are seconds of media time, elsewhere integer microseconds. Left and right are the subject's.
Absent values are n/a in .tsv files, and never zero. Results are supportive indicators, not diagnoses.
"""
COLUMNS: Final[dict[str, Any]] = {
    "onset": {"Description": "Start of the movement, media time of the recording", "Units": "s"},
    "duration": {"Description": "Offset minus onset", "Units": "s"},
    "trial_type": {"Description": "Facial Action Coding System code", "LongName": "Action Unit or descriptor"},
    "side": {"Description": "Of the subject", "Levels": {str(side): str(side.label) for side in Side if side}},
    "intensity": {
        "Description": "FACS intensity at the apex",
        "Levels": {"A": "trace", "B": "slight", "C": "marked", "D": "severe", "E": "maximum"},
    },
    "apex": {"Description": "Time of the strongest moment", "Units": "s"},
    "face": {"Description": "Number of the face in the recording, from 0"},
    "result": {"Description": "Beside the machine's proposal: unchanged, changed or added"},
    "reviewed": {"Description": "Whether a person decided about the event before signing"},
}
#: Letters of a recording's title in names of files: some systems open no path of more than 260.
LONGEST: Final = 40


class Bundle:
    """The bundle being written into an archive."""

    def __init__(self, package: Package, archive: Archive) -> None:
        self.package, self.archive = package, archive
        self._subjects: dict[Any, str] = {}
        self._sessions: dict[Any, dict[Any, int]] = {}
        self._counts: dict[Any, int] = {}

    def add(self, report: Report) -> None:
        """Put everything of one signed report in; raises FileNotFoundError where a document of it is gone."""
        # Read before anything is written: of a report whose file is gone nothing goes in.
        documents = list(_documents(report))
        said, recording = report.sign_off.content, report.sign_off.layer.run.recording
        subject, session = self._place(recording.participant, recording.pk)
        self._counts[recording.participant_id] = self._counts.get(recording.participant_id, 0) + 1
        entity = f"{subject}_{session}_task-{_label(slugify(recording.title))[:LONGEST] or 'recording'}"
        # Several people can sign codings of one recording.
        entity += f"_desc-{str(report.pk)[:8]}"
        here, add = f"{subject}/{session}", self.archive.add
        add(f"{here}/{entity}_events.tsv", _events(said))
        add(f"{here}/{entity}_events.json", _json(COLUMNS | {"Report": str(report.pk)}))
        coding = f"derivatives/coding/{here}/{entity}"
        add(f"{coding}_coding.csv", exports.events_csv(said).encode())
        add(f"{coding}_coding.json", content.canonical(said))
        add(f"{coding}_coding.eaf", exports.eaf(report))
        add(f"{coding}_coding.parquet", exports.file(report, "events")[0])
        try:
            self.archive.copy(f"derivatives/signals/{here}/{entity}_signals.parquet", exports.signals(report))
        except content.FilesChanged as changed:
            add(f"derivatives/signals/{here}/{entity}_signals.missing.txt", f"{changed}\n".encode())
        for name, body in documents:
            add(f"derivatives/reports/{here}/{entity}_{name}.pdf", body)

    def finish(self, left_out: list[dict[str, str]]) -> None:
        """Write what describes the whole."""
        study, add = self.package.study, self.archive.add
        add("README", README.format(study=study.name, line="=" * (len(study.name) + 38)).encode())
        tool = {"Name": "facsweb", "Version": facsweb.__version__}
        description = {
            "Name": study.name,
            "BIDSVersion": "1.9.0",
            "DatasetType": "derivative",
            "License": "n/a",
            "Purpose": study.purpose,
            "GeneratedBy": [tool],
            "GeneratedAt": timezone.now().isoformat(timespec="seconds"),
            "LeftOut": left_out,
        }
        add("dataset_description.json", _json(description))
        codes = dict(Participant.objects.filter(pk__in=self._subjects).values_list("pk", "code"))
        rows = [(name, codes[pk], self._counts[pk]) for pk, name in self._subjects.items()]
        add("participants.tsv", _tsv([("participant_id", "code", "signed_codings"), *sorted(rows)]))
        words = {
            "code": {"Description": "Pseudonym as the study writes it"},
            "signed_codings": {"Description": "Number of signed codings in this bundle"},
        }
        add("participants.json", _json(words))

    def _place(self, participant: Participant, recording: Any) -> tuple[str, str]:
        if participant.pk not in self._subjects:
            name = f"sub-{_label(participant.code) or 'x'}"
            taken = {one.casefold() for one in self._subjects.values()}
            number = 2
            while name.casefold() in taken:  # P-1 and P1 are two people, and so are P1 and p1, also on Windows
                name = f"sub-{_label(participant.code) or 'x'}x{number}"
                number += 1
            self._subjects[participant.pk] = name
        known = self._sessions.setdefault(participant.pk, {})
        number = known.setdefault(recording, len(known) + 1)
        return self._subjects[participant.pk], f"ses-{number:02d}"


def _documents(report: Report) -> Iterator[tuple[str, bytes]]:
    with report.pdf.open("rb") as file:
        yield "report", file.read()
    for one in report.documents.filter(state=Document.State.READY, kind=Document.Kind.SUMMARY):
        with one.pdf.open("rb") as file:
            yield f"{one.kind}-{one.language}", file.read()


def _label(text: str) -> str:
    """Letters and digits alone, as labels in names of files must be."""
    return re.sub(r"[^A-Za-z0-9]", "", text)


def _json(value: Any) -> bytes:
    return json.dumps(value, indent=1, ensure_ascii=False).encode() + b"\n"


def _tsv(rows: list[tuple[Any, ...]]) -> bytes:
    out = io.StringIO(newline="")
    safe = [[exports.safe(value) for value in row] for row in rows]
    csv.writer(out, delimiter="\t", lineterminator="\n").writerows(safe)
    return out.getvalue().encode()


def _events(said: dict[str, Any]) -> bytes:
    rows: list[tuple[Any, ...]] = [tuple(COLUMNS)]
    for row in said["events"]:
        one = row["signed"]
        if one is None:
            continue
        onset, length = one["onset_us"] / 1e6, (one["offset_us"] - one["onset_us"]) / 1e6
        rows.append(
            (
                f"{onset:.6f}",
                f"{length:.6f}",
                one["code"],
                one["side"] or "n/a",
                one["intensity"] or "n/a",
                "n/a" if one["apex_us"] is None else f"{one['apex_us'] / 1e6:.6f}",
                one["face"],
                row["status"],
                "yes" if row["reviewed"] else "no",
            )
        )
    return _tsv(rows)
