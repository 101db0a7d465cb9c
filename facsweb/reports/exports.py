"""The signed coding as files for other programs."""

from __future__ import annotations

import csv
import io
from typing import Any

from django.utils.text import slugify

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


def filename(report: Report, extension: str) -> str:
    """A name that says which report it is, such as ``checkout-usability_P-001_2026-11-21_report.pdf``."""
    said = report.sign_off.content
    parts = [
        slugify(said["study"]["name"], allow_unicode=True)[:60] or "study",
        slugify(said["participant"]["code"], allow_unicode=True).upper() or "participant",
        said["sign_off"]["signed_at"][:10],
        "events" if extension == "csv" else "report",
    ]
    return f"{'_'.join(parts)}.{extension}"
