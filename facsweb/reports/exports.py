"""The signed coding as files for other programs."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
from django.utils.text import slugify

from analysis.exchange.formats import FORMATS, Layout
from facsweb.exchange.exports import about_of, coding_of
from facsweb.reports import content
from facsweb.reports.models import Report

READING = ("code", "side", "intensity", "onset_us", "apex_us", "offset_us", "face")
COLUMNS = (
    "number",
    "result",
    "reviewed",
    *READING,
    *(f"machine_{name}" for name in READING),
    "machine_confidence",
    "by",
    "note",
)
#: A spreadsheet takes a cell that starts so for a formula; an apostrophe makes it text (OWASP, CSV injection).
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def safe(value: Any) -> Any:
    """A cell that no spreadsheet runs; numbers stay as they are."""
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return f"'{value}"
    return "" if value is None else value


def events_csv(content: dict[str, Any]) -> str:
    """Every row of the event table: what was signed, and what the machine had proposed.

    Times are integer microseconds of media time; rows that were deleted have empty signed columns.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for row in content["events"]:
        signed, machine = row["signed"] or {}, row["machine"] or {}
        writer.writerow(
            safe(value)
            for value in (
                row["number"],
                row["status"],
                "yes" if row["reviewed"] else "no",
                *(signed.get(name) for name in READING),
                *(machine.get(name) for name in READING),
                row["confidence"],
                row["by"],
                row["note"],
            )
        )
    return out.getvalue()


def _of_events(report: Report) -> bytes:
    rows = [row for row in report.sign_off.content["events"] if row["signed"]]
    columns: dict[str, Any] = {"number": pa.array([row["number"] for row in rows], pa.int32())}
    for name in READING:
        kind = pa.int64() if name.endswith("_us") else pa.int16() if name == "face" else pa.string()
        columns[name] = pa.array([row["signed"][name] for row in rows], kind)
    columns["result"] = pa.array([row["status"] for row in rows], pa.string())
    columns["reviewed"] = pa.array([row["reviewed"] for row in rows], pa.bool_())
    columns["machine_confidence"] = pa.array([row["confidence"] for row in rows], pa.float32())
    columns["note"] = pa.array([row["note"] for row in rows], pa.string())
    about = {"report": str(report.pk), "content_sha256": report.sign_off.content_sha256, "times": "microseconds"}
    out = io.BytesIO()
    pq.write_table(pa.table(columns).replace_schema_metadata(about), out, compression="zstd")
    return out.getvalue()


def _of_signals(report: Report) -> bytes:
    """The run's signals, if they are still exactly those that the report was signed with."""
    try:
        path = signals(report)
    except content.FilesChanged as changed:
        raise Missing("The signals are gone, or are not those that this report was signed with.") from changed
    return path.read_bytes()


def signals(report: Report) -> Path:
    """Where the signals lie that the report was signed with; raises FilesChanged."""
    said = report.sign_off.content["run"]["files"].get(content.SIGNALS)
    run = report.sign_off.layer.run
    if run.files.get(content.SIGNALS) != said:
        raise content.FilesChanged("The analysis was made again since.")
    return content.result_file(run, content.SIGNALS)


def eaf(report: Report) -> bytes:
    """The signed coding for ELAN."""
    layer = report.sign_off.layer
    pieces = FORMATS["eaf"].writes(coding_of(layer), about_of(layer), Layout())
    return b"".join(pieces)


class Missing(Exception):  # noqa: N818 (a state that people are told about)
    """The file cannot be given; the message says why."""


#: Name in the address → how it is made, its media type, and what its name ends with.
_FILES: Final[dict[str, tuple[Callable[[Report], bytes], str, str, str]]] = {
    "elan": (eaf, "application/xml", "coding", "eaf"),
    "events": (_of_events, "application/vnd.apache.parquet", "events", "parquet"),
    "signals": (_of_signals, "application/vnd.apache.parquet", "signals", "parquet"),
}


def file(report: Report, kind: str) -> tuple[bytes, str, str]:
    """Bytes, media type and name of ``elan``, ``events`` or ``signals``.

    Raises
    ------
    KeyError
        There is no such kind.
    Missing
        With the reason as a sentence.
    """
    make, media_type, what, extension = _FILES[kind]
    return make(report), media_type, filename(report, extension, what=what)


def filename(report: Report, extension: str, what: str = "") -> str:
    """A name that says which report it is, such as ``checkout-usability_P-001_2026-11-21_report.pdf``."""
    said = report.sign_off.content
    parts = [
        slugify(said["study"]["name"], allow_unicode=True)[:60] or "study",
        slugify(said["participant"]["code"], allow_unicode=True).upper() or "participant",
        said["sign_off"]["signed_at"][:10],
        what or ("events" if extension == "csv" else "report"),
    ]
    return f"{'_'.join(parts)}.{extension}"
