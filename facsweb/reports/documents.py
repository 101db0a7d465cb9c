"""Documents beside the full report: a summary for managers and a copy for the participant, made on demand.

Each is a pure function of the frozen content, is signed like the report, and carries what it shows as attached
data (``document.json``): never more, so that a participant's copy names no coder and holds no events.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from facsweb.accounts.models import User
from facsweb.audit.services import record
from facsweb.processes import queue
from facsweb.reports import content, document
from facsweb.reports.models import Countersignature, Document, Report
from facsweb.reports.waiting import MAX_ATTEMPTS, put_back

log = logging.getLogger(__name__)
TEMPLATES: Final = {Document.Kind.SUMMARY: "summary.typ", Document.Kind.PARTICIPANT: "participant.typ"}
#: What there is, in the order of the page.
OFFERED: Final = (
    (Document.Kind.SUMMARY, Document.Language.ENGLISH),
    (Document.Kind.PARTICIPANT, Document.Language.ENGLISH),
    (Document.Kind.PARTICIPANT, Document.Language.GERMAN),
)
FOR_WHOM: Final = {
    Document.Kind.SUMMARY: "One or two pages for people who decide: figures with intervals, no single events.",
    Document.Kind.PARTICIPANT: "For the person on the recording: plain words, nobody’s name, nothing to misread.",
}
#: Most rows of a table in the summary.
MOST: Final = 12


class NotReady(Exception):  # noqa: N818 (a state that people are told about)
    """The report is not one that further documents are made of."""


# --- what they say ---------------------------------------------------------------------------------------


def shown(
    said: Mapping[str, Any], content_sha256: str, kind: str, second: Mapping[str, str] | None
) -> dict[str, Any]:
    """Everything that a document prints, which is all that it carries.

    Parameters
    ----------
    said : mapping
        The frozen content.
    content_sha256 : str
        Its hash.
    kind : str
        Of `Document.Kind`.
    second : mapping or None
        Name and time of the second signature.
    """
    common = {
        "schema": content.SCHEMA,
        "kind": str(kind),
        "report": said["report"],
        "content_sha256": content_sha256,
        "study": _study(said["study"], kind),
        "participant": said["participant"],
        "signed_at": said["sign_off"]["signed_at"],
        "seconds": round(said["recording"]["duration_us"] / 1e6),
        "disclaimer": said["disclaimer"],
    }
    return common | (_summary(said, second) if kind == Document.Kind.SUMMARY else _participant(said))


def _study(study: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """What is told of the study; a participant's copy says that there is an exception, and not who recorded it."""
    told = {key: study[key] for key in ("name", "purpose", "setting", "jurisdiction", "law") if key in study}
    if exception := study.get("exception"):
        kept = ("ground",) if kind == Document.Kind.PARTICIPANT else ("rule", "ground", "reason", "by", "at")
        told["exception"] = {key: exception[key] for key in kept}
    return told


def _summary(said: Mapping[str, Any], second: Mapping[str, str] | None) -> dict[str, Any]:
    meaning = said.get("meaning") or {}
    return {
        "title": said["recording"]["title"],
        "signer": said["sign_off"]["signer"],
        "second": dict(second) if second else None,
        "counts": said["counts"],
        "coverage": said["coverage"],
        "summary": _most(said["summary"]),
        "statement": meaning.get("statement", ""),
        "states": [{key: face[key] for key in face if key != "curves"} for face in meaning.get("states", ())],
        "calibration": meaning.get("calibration", ""),
        "indicators": _indicators(meaning.get("indicators")),
        "agreement": said.get("agreement"),
        "limits": said["limits"],
    }


def _indicators(told: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if not told:
        return None
    keys = ("name", "value", "low", "high", "why")
    faces = [
        {"face": face["face"], "list": [{key: one[key] for key in keys} for one in face["list"]]}
        for face in told["faces"]
    ]
    return {"statement": told["statement"], "word": told["word"], "faces": faces}


def _most(tables: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The units with the most events, face by face; the others are in the full report."""
    out = []
    for table in tables:
        rows = [row for row in table["rows"] if row["events"]]
        ranked = sorted(rows, key=lambda row: (-row["events"], row["code"]))
        out.append({"face": table["face"], "rows": ranked[:MOST], "more": max(0, len(ranked) - MOST)})
    return out


def _participant(said: Mapping[str, Any]) -> dict[str, Any]:
    """Movements that were seen, without figures that could be taken for a verdict; no names of anybody.

    Of several faces only those that are the participant's: others agreed to tell nothing to this person.
    """
    faces = {table["face"] for table in said["summary"]}
    own = faces if len(faces) < 2 else set(said.get("own_faces", ()))
    meaning = said.get("meaning") or {}
    codes: dict[str, int] = {}
    for row in (row for table in said["summary"] if table["face"] in own for row in table["rows"]):
        if row["group"] != "visibility":  # that something could not be seen is no movement
            codes[row["code"]] = codes.get(row["code"], 0) + row["events"]
    ranked = sorted((code for code, count in codes.items() if count), key=lambda code: (-codes[code], code))
    return {
        "movements": [
            {"code": code, "name": said["codes"].get(code, {}).get("name", ""), "events": codes[code]}
            for code in ranked
        ],
        "whose_unknown": bool(faces and not own),
        "consent": {key: said["consent"][key] for key in ("form", "version", "given_at")},
        "agreed": said["consent"]["scopes"],
        "has_states": any(face["face"] in own for face in meaning.get("states", ())),
        "has_indicators": any(face["face"] in own for face in (meaning.get("indicators") or {}).get("faces", ())),
    }


# --- asking for one --------------------------------------------------------------------------------------


def ask(actor: User, report: Report, kind: str, language: str) -> Document:
    """Have a document made, or again after it failed; asking twice is once.

    Raises
    ------
    NotReady
        The report is not signed, or was revoked.
    """
    if (kind, language) not in OFFERED:
        raise NotReady("There is no such document.")
    if report.state != Report.State.READY:
        raise NotReady("Documents are made of signed reports; this one is not.")
    with transaction.atomic():
        wanted, made = Document.objects.get_or_create(report=report, kind=kind, language=language)
        if again(wanted) or made:
            record(actor, "report.document", report, kind=str(kind), language=str(language))
            enqueue(wanted)
    wanted.refresh_from_db()
    return wanted


def again(wanted: Document) -> bool:
    """Let a document that failed wait again; False where it did not fail."""
    failed = Document.objects.filter(pk=wanted.pk, state=Document.State.FAILED)
    values = {"state": Document.State.WAITING, "error": "", "attempts": 0, "queued_at": timezone.now()}
    return bool(failed.update(**values))


TASK: Final = "facsweb.reports.tasks.render_document"


def job_id(wanted: Document) -> str:
    return f"document-{wanted.pk}"


def enqueue(wanted: Document) -> None:
    about = {"study": wanted.study.pk, "row": wanted.pk, "job_id": job_id(wanted)}
    queue.enqueue_on_commit(TASK, str(wanted.pk), **about)


def recover() -> int:
    """Enqueue again every waiting document that no job carries; return how many."""
    waiting = Document.objects.filter(state=Document.State.WAITING)
    return put_back(waiting, TASK, enqueue=enqueue, give_up=_give_up)


def _give_up(wanted: Document) -> None:
    fail(wanted, RuntimeError(f"its making stopped unexpectedly {MAX_ATTEMPTS} times"))


# --- the worker's part -----------------------------------------------------------------------------------


def make(wanted: Document) -> tuple[bytes, str]:
    """The signed PDF and the fingerprint of its certificate."""
    from facsweb.reports import signing  # pyHanko takes a second to import; no process waits for it at its start

    report = wanted.report
    said, sign_off = report.sign_off.content, report.sign_off
    if content.sha256(said) != sign_off.content_sha256:
        raise ValueError("The stored content is not what was signed.")
    second = Countersignature.objects.filter(report=report, decision=Countersignature.Decision.SIGNED).first()
    told = {"name": str(second.by), "at": content.iso(second.at) or ""} if second else None
    page = shown(said, sign_off.content_sha256, wanted.kind, told)
    pdf = document.typeset(
        page,
        sign_off.content_sha256,
        template=TEMPLATES[Document.Kind(wanted.kind)],
        attachment=document.SHORT_ATTACHMENT,
        language=wanted.language,
    )
    # A participant's copy is the installation's word: it names nobody.
    name = said["sign_off"]["signer"] if wanted.kind == Document.Kind.SUMMARY else said["study"]["name"]
    return signing.seal(pdf, name=name, reason=f"{wanted.get_kind_display()} of report {report.pk}")


@transaction.atomic
def finish(wanted: Document, name: str, digest: str, fingerprint: str) -> bool:
    """Publish a document, unless it was made already or its report is not signed any more."""
    waiting = Document.objects.filter(pk=wanted.pk, state=Document.State.WAITING, report__state=Report.State.READY)
    values = {"pdf": name, "pdf_sha256": digest, "certificate_sha256": fingerprint, "error": ""}
    done = waiting.update(state=Document.State.READY, finished_at=timezone.now(), **values)
    if done:
        told = {"kind": wanted.kind, "language": wanted.language, "pdf_sha256": digest}
        record(None, "report.document_finish", wanted.report, **told)
    return bool(done)


@transaction.atomic
def fail(wanted: Document, error: Exception) -> None:
    """End the making of a document with a sentence for a person."""
    from facsweb.reports import signing  # as above

    sentence = f" {error}" if isinstance(error, signing.SigningError) else ""
    if Document.objects.filter(pk=wanted.pk, state=Document.State.WAITING).update(
        state=Document.State.FAILED,
        error=f"It could not be made.{sentence} Try again, or ask the operator to look at the worker's log.",
        finished_at=timezone.now(),
    ):
        record(
            None,
            "report.document_fail",
            wanted.report,
            kind=wanted.kind,
            error=type(error).__name__,  # its words may quote the report
        )
