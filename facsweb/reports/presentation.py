"""Turning stored values into what templates show."""

from __future__ import annotations

from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from facsweb.reports import documents as kinds
from facsweb.reports import life
from facsweb.reports.comparison import clock
from facsweb.reports.models import Document, Package, Report

TONES = {
    Report.State.WAITING: ("active", "Being made"),
    Report.State.AWAITING: ("attention", "Second signature needed"),
    Report.State.RETURNED: ("bad", "Sent back"),
    Report.State.READY: ("good", "Signed"),
    Report.State.FAILED: ("bad", "Not made"),
    Report.State.REVOKED: ("bad", "Revoked"),
}
#: State of a coding's life → states of reports that are listed under it.
STATES = {
    life.DRAFT: (Report.State.RETURNED,),
    life.CODED: (Report.State.AWAITING,),
    life.ADJUDICATED: (),
    life.SIGNED: (Report.State.READY, Report.State.WAITING, Report.State.FAILED),
    life.REVOKED: (Report.State.REVOKED,),
}
DOCUMENT_TONES = {
    Document.State.WAITING: ("active", "Being made"),
    Document.State.READY: ("good", "Ready"),
    Document.State.FAILED: ("bad", "Not made"),
}
PACKAGE_TONES = {
    Package.State.QUEUED: "active",
    Package.State.RUNNING: "active",
    Package.State.SUCCEEDED: "good",
    Package.State.FAILED: "bad",
    Package.State.CANCELLED: "machine",
}
RESULTS = {
    "changed": ("active", "Changed"),
    "added": ("good", "Added"),
    "deleted": ("bad", "Deleted"),
    "not taken over": ("machine", "Not taken over"),
}
PREFIX = {"left": "L", "right": "R", "unilateral": "U"}
DRAWN_FROM = 1.0


def status(state: str) -> dict[str, Any]:
    """Tone and label of a report's state."""
    tone, label = TONES[Report.State(state)]
    return {"tone": tone, "label": label, "live": state == Report.State.WAITING}


def notation(reading: dict[str, Any] | None) -> str:
    """FACS notation of one event, such as ``L12C``."""
    if reading is None:
        return ""
    return f"{PREFIX.get(reading['side'], '')}{reading['code']}{reading['intensity']}"


def events(content: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows of the event table."""
    several = len(content["summary"]) > 1
    rows = []
    for row in content["events"]:
        reading = row["signed"] or row["machine"]
        known = content["codes"].get(reading["code"], {"name": "", "group": "gross"})
        fallback = ("good", "Confirmed") if row["reviewed"] else ("attention", "Not reviewed")
        tone, label = RESULTS.get(row["status"], fallback)
        rows.append(
            {
                **row,
                "notation": notation(row["signed"]),
                "proposal": notation(row["machine"]),
                "name": known["name"],
                "group": known["group"],
                "face": f"Face {reading['face'] + 1}" if several else "",
                "onset": clock(reading["onset_us"]),
                "apex": clock(reading["apex_us"]),
                "offset": clock(reading["offset_us"]),
                "tone": tone,
                "label": label,
            }
        )
    return rows


def summary(content: dict[str, Any]) -> list[dict[str, Any]]:
    """Tables of Action Units: those with an event or a signal above A; the others only by number."""
    several = len(content["summary"]) > 1
    tables = []
    for face in content["summary"]:
        shown = [row for row in face["rows"] if row["events"] or (row["peak"] or 0) > DRAWN_FROM]
        tables.append(
            {
                "title": f"Face {face['face'] + 1}" if several else "",
                "rows": [
                    {**row, "percent": None if row["share"] is None else round(row["share"] * 100, 1)}
                    for row in shown
                ],
                "rest": [row["code"] for row in face["rows"] if row not in shown],
            }
        )
    return tables


def documents(report: Report) -> list[dict[str, Any]]:
    """Every document that there is or could be, for the list of the report's page."""
    made = {(one.kind, one.language): one for one in report.documents.all()}
    rows = []
    for kind, language in kinds.OFFERED:
        one = made.get((kind, language))
        tone, label = DOCUMENT_TONES[Document.State(one.state)] if one else ("machine", "Not made yet")
        about = {"key": f"{kind}-{language}", "name": Document.Kind(kind).label, "note": kinds.FOR_WHOM[kind]}
        words = {"language": Document.Language(language).label, "code": str(language), "kind": str(kind)}
        rows.append({**about, **words, "one": one, "tone": tone, "label": label})
    return rows


def certificate(root: x509.Certificate | None) -> dict[str, Any] | None:
    """What people compare before they trust the installation's root."""
    if root is None:
        return None
    subject = ", ".join(str(part.value) for part in root.subject)
    return {
        "subject": subject,
        "fingerprint": root.fingerprint(hashes.SHA256()).hex(),
        "until": root.not_valid_after_utc,
    }


def public(report: Report | Any) -> dict[str, Any]:
    """What the printed code of a report tells anybody: state and dates, nothing of the content."""
    if not isinstance(report, Report):  # the trace of one that was destroyed
        headline = "This report was revoked, and what it said was destroyed. Do not rely on it."
        return {"id": report.object_id, "verdict": "bad", "headline": headline, "revoked_at": report.destroyed_at}
    if report.state == Report.State.REVOKED:
        verdict, headline = "bad", "This report was revoked. Do not rely on it."
    elif report.state == Report.State.RETURNED:
        verdict, headline = "bad", "This report was never issued."
    elif report.state == Report.State.READY:
        verdict, headline = "good", "This report stands."
    else:
        verdict, headline = "attention", "This report is not finished: it does not count as signed yet."
    return {
        "id": report.pk,
        "verdict": verdict,
        "headline": headline,
        "signed_at": report.sign_off.signed_at,
        "revoked_at": report.revoked_at,
        "content_sha256": report.sign_off.content_sha256,
    }


def package(one: Package) -> dict[str, Any]:
    """A package's line: tone and label of its state, and what is in it."""
    left, count = len(one.summary.get("left_out", ())), one.summary.get("reports", len(one.asked["reports"]))
    told = f"{count} report{'' if count == 1 else 's'}"
    return {
        "tone": PACKAGE_TONES[Package.State(one.state)],
        "label": one.get_state_display(),
        "what": f"{told}, {left} left out" if left else told,
    }
