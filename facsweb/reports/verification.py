"""Whether a PDF is a report as it was signed: who signed it, what happened to it since, and whether it is ours."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import logging
import re
import secrets
import uuid
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from asn1crypto import crl
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding
from django.db import DatabaseError
from pyhanko.pdf_utils.reader import PdfFileReader

from facsweb.reports import authority, hooks, signing
from facsweb.reports.document import ATTACHMENT, CODE_DIGITS, SHORT_ATTACHMENT
from facsweb.reports.models import Document, Report, SignOff
from facsweb.reports.signatures import Account, account, end_of_signed, read

log = logging.getLogger(__name__)
MAX_BYTES = 50 * 1024**2

Verdict = Literal["good", "attention", "bad"]


@dataclass(frozen=True, slots=True)
class Verification:
    """What can be said about a file.

    Attributes
    ----------
    verdict : str
        ``good`` (genuine and unchanged), ``attention`` (unchanged, but not known here) or ``bad``.
    headline : str
        The verdict in a few words.
    sentences : tuple of str
        Everything found, in plain sentences.
    signer, signed_at, sealed_at, certificate, fingerprint, authority : optional
        Who signed off and when, when the document was sealed, with which certificate, and whose that is.
    report : Report or None
        The report of this installation that it is, if it is one.
    details : str
        pyHanko's own account, for experts; empty without a signature.
    signatures : tuple of Account
        Every signature with its coverage, permissions and long-term status.
    """

    verdict: Verdict
    headline: str
    sentences: tuple[str, ...] = ()
    signer: str = ""
    signed_at: dt.datetime | None = None
    sealed_at: dt.datetime | None = None
    certificate: str = ""
    fingerprint: str = ""
    authority: str = ""
    content_sha256: str = ""
    report: Report | None = None
    details: str = ""
    signatures: tuple[Account, ...] = ()


@dataclass(slots=True)
class _Evidence:
    """What is known while a file is being examined."""

    data: bytes
    accounts: list[Account]
    ours: list[bool]
    end: int
    """Where the last signature or document time stamp ends, bytes from the start."""
    content: dict[str, Any] = field(default_factory=dict)
    content_sha256: str = ""
    sign_off: SignOff | None = None

    @property
    def main(self) -> Account:
        """The first signature that this installation made, otherwise the first one."""
        return next((one for one, own in zip(self.accounts, self.ours, strict=True) if own), self.accounts[0])

    @property
    def by_us(self) -> bool:
        return any(self.ours)

    @property
    def intact(self) -> bool:
        return all(one.intact for one in self.accounts)

    @property
    def report(self) -> Report | None:
        return getattr(self.sign_off, "report", None)


def is_ours(certificate: asn1_x509.Certificate) -> bool:
    """Whether a certificate is this installation's: its authority's, older, or one that sealed reports here."""
    fingerprint = str(certificate.sha256.hex())
    root = authority.root_certificate()
    if root is not None and _issued_by(certificate, root):
        return True
    if fingerprint == signing.old_fingerprint() or any(hook(fingerprint) for hook in hooks.sealed_here):
        return True
    return any(model.objects.filter(certificate_sha256=fingerprint).exists() for model in (Report, Document))


def _issued_by(certificate: asn1_x509.Certificate, root: x509.Certificate) -> bool:
    try:
        x509.load_der_x509_certificate(certificate.dump()).verify_directly_issued_by(root)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def verify_pdf(data: bytes) -> Verification:
    """Examine a file of at most `MAX_BYTES`; never raises for what the file contains."""
    if len(data) > MAX_BYTES:
        return refusal("This file is too large to be a report.", f"Reports are smaller than {MAX_BYTES >> 20} MB.")
    if b"%PDF-" not in data[:1024]:
        return refusal("This is not a PDF.", "Choose the PDF file of a report, as it was downloaded or received.")
    try:
        reader = read(data)
        if reader.encrypted:
            return refusal(
                "This PDF is encrypted.",
                "Its signature cannot be checked. Reports are never encrypted, so somebody changed it.",
            )
        signatures = reader.embedded_regular_signatures
    except Exception as error:  # hostile input: whatever a parser stumbles over, the file is unreadable
        log.info("A PDF could not be read for verification: %s", error)
        return _unreadable(data)
    if not signatures:
        return refusal(
            "This PDF has no signature.",
            "It may be a copy that was printed, exported or saved again. Ask for the original file.",
        )
    try:
        return _judge(_examine(data, reader))
    except (authority.AuthorityError, signing.SigningError, DatabaseError):
        log.exception("A PDF cannot be checked.")
        return Verification(
            "attention",
            "This file cannot be checked here at the moment.",
            ("It is this installation that is in trouble, not your file. Try again, or tell its operator.",),
        )
    except Exception as error:
        log.info("A signature could not be checked: %s", error)
        return refusal(
            "The signature in this PDF is damaged.",
            "The file was changed or cut off after signing. Ask for the original file.",
        )


def refusal(headline: str, *sentences: str) -> Verification:
    return Verification("bad", headline, sentences)


def _unreadable(data: bytes) -> Verification:
    if b"%%EOF" not in data[-1024:]:
        return refusal("This PDF is incomplete.", "Its end is missing. Download or copy the file again.")
    return refusal("This PDF is damaged.", "It cannot be read. Download or copy the file again.")


# --- gathering -------------------------------------------------------------------------------------------


def _examine(data: bytes, reader: PdfFileReader) -> _Evidence:
    """Validate every signature and look up what was signed."""
    signatures = reader.embedded_regular_signatures
    ours = [is_ours(one.signer_cert) for one in signatures]
    root = authority.root_certificate()
    roots = [] if root is None else [asn1_x509.Certificate.load(root.public_bytes(Encoding.DER))]
    lists = [] if root is None else _lists()
    stamps = _stamp_roots()
    accounts = []
    for one, own in zip(signatures, ours, strict=True):
        # Our own from before the authority, and an operator's, are known by their fingerprints.
        known = own and not (root is not None and _issued_by(one.signer_cert, root))
        accounts.append(account(one, reader, [*roots, one.signer_cert] if known else roots, lists, stamps))
    evidence = _Evidence(data, accounts, ours, end_of_signed(reader))
    if evidence.intact:
        _read_content(evidence)
    return evidence


def _lists() -> list[crl.CertificateList]:
    """The authority's revocation list; none where its key cannot be used: then those in the file have to do."""
    try:
        return [authority.loaded_list()]
    except authority.AuthorityError as error:
        log.warning("There is no revocation list: %s", error)
        return []


def _stamp_roots() -> list[asn1_x509.Certificate]:
    """What time stamps go back to; none where they cannot be read: then a stamp proves nothing here."""
    try:
        return signing.stamp_roots()
    except signing.SigningError as error:
        log.warning("Time stamps cannot be validated: %s", error)
        return []


def _read_content(evidence: _Evidence) -> None:
    """Read the attached content from the part that was signed first, and find its sign-off here by its hash."""
    try:
        found = _attachment(evidence.data[: evidence.main.end])
        said = None if found is None else json.loads(found[1])
    except Exception as error:  # a foreign document may attach anything under that name
        log.info("An attachment could not be read: %s", error)
        return
    if found is None or not isinstance(said, dict):
        return
    name, raw = found
    whole = name == ATTACHMENT
    digest = hashlib.sha256(raw).hexdigest() if whole else str(said.get("content_sha256", ""))
    evidence.content, evidence.content_sha256 = said, digest
    evidence.sign_off = SignOff.objects.select_related("report").filter(content_sha256=digest).first()


def _attachment(data: bytes) -> tuple[str, bytes] | None:
    try:
        names = read(data).root["/Names"]["/EmbeddedFiles"]["/Names"]
    except KeyError:
        return None
    for place in range(0, len(names) - 1, 2):
        if (name := str(names[place])) in (ATTACHMENT, SHORT_ATTACHMENT):
            return name, bytes(names[place + 1]["/EF"]["/F"].data)
    return None


# --- judging ---------------------------------------------------------------------------------------------


def _judge(evidence: _Evidence) -> Verification:
    return _tell(evidence, _verdict(evidence))


def _verdict(evidence: _Evidence) -> Verification:
    if not evidence.intact or any(one.hidden for one in evidence.accounts):
        hidden = evidence.intact
        return refusal(
            "This document was changed after it was signed.",
            "Something was hidden in the space that a signature reserves for itself. Ask for the original file."
            if hidden
            else "A signature does not match the bytes of the file. Do not rely on it; ask for the original file.",
        )
    if (rest := len(evidence.data) - evidence.end) or not all(one.allowed for one in evidence.accounts):
        much = f"{rest} bytes follow the signed part. " if rest else ""
        return refusal(
            "Something was added to this document after it was signed.",
            f"{much}What was signed is still in the file, but what a reader shows may differ. Ask for the "
            "original file.",
        )
    if evidence.report and evidence.by_us:
        return _judge_ours(evidence, evidence.report)
    if evidence.report:
        return refusal(
            "This report was signed by somebody else.",
            "Its text is that of a report of this installation, but the signature is not this installation's. "
            "Do not rely on it.",
        )
    if evidence.by_us and (known := _known(evidence)):
        return Verification(known.verdict, known.headline, known.sentences)
    if evidence.by_us and evidence.content.get("kind") == "consent":
        return Verification(
            "good",
            "Unchanged since this installation sealed it.",
            ("It is a participant’s copy of a consent. What was withdrawn later stands in a later copy.",),
        )
    if evidence.by_us:
        return Verification(
            "attention",
            "Unchanged since it was signed, but not found here.",
            ("The signature is this installation's, but no sign-off with this content is stored here any more.",),
        )
    return Verification(
        "attention",
        "Unchanged since it was signed, by a signer this installation does not know.",
        (
            "What was signed did not change since. Whether the signer is who they say cannot be told here: "
            "compare the certificate's fingerprint with one that you received another way.",
        ),
    )


def _known(evidence: _Evidence) -> hooks.Known | None:
    return hooks.about(evidence.content_sha256, hashlib.sha256(evidence.data).hexdigest())


def _judge_ours(evidence: _Evidence, report: Report) -> Verification:
    if report.state == Report.State.REVOKED:
        on = f" on {report.revoked_at:%d %B %Y}" if report.revoked_at else ""
        return refusal(
            "This report was revoked.",
            f"It is genuine and unchanged, but it was revoked{on} and is no longer valid. Do not rely on it.",
        )
    if report.state == Report.State.RETURNED:
        return refusal(
            "This report was never issued.",
            "The second signer sent it back, so the first signature in it counts for nothing. Do not rely on it.",
        )
    if report.second_needed and sum(evidence.ours) < 2 and evidence.content.get("kind") is None:
        return Verification(
            "attention",
            "Genuine, but signed by one of two people.",
            ("Its study asks for two signatures, and this file has the first alone. It does not count.",),
        )
    issued = {report.pdf_sha256, *report.documents.values_list("pdf_sha256", flat=True)}
    if hashlib.sha256(evidence.data).hexdigest() not in issued - {""}:
        # Only the space that a signature reserves for itself is outside every PDF signature.
        return refusal(
            "This file is not the one that was issued.",
            "What was signed is intact, but bytes around the signature differ from the file issued here. "
            "Ask for the original file.",
        )
    return Verification(
        "good",
        "Genuine and unchanged.",
        ("Every byte is as it was issued here, and the content is exactly what was signed off.",),
    )


def _tell(evidence: _Evidence, verdict: Verification) -> Verification:
    """Add to a verdict who signed, when and with what; only what the document itself says."""
    main, intact = evidence.main, evidence.intact
    said = evidence.content if intact else {}
    sentences = list(verdict.sentences)
    if not all(evidence.ours) and evidence.by_us:
        sentences.append("The file carries signatures of others too; this is about the report's own.")
    if evidence.by_us and any(one.revoked for one in evidence.accounts):
        sentences.append("The key of a signature was revoked later; ask the installation why.")
    for stamp in (one.status.timestamp_validity for one in evidence.accounts):
        if intact and stamp is not None and stamp.intact and stamp.valid:
            by, at = stamp.signing_cert.subject.human_friendly, f"{stamp.timestamp:%d %B %Y, %H:%M:%S %Z}"
            sentences.append(f"A time stamp says that the signature existed at {at} ({by}).")
    return replace(
        verdict,
        sentences=tuple(sentences),
        signer=" and ".join(dict.fromkeys(one.name for one in evidence.accounts)) if intact else "",
        signed_at=_moment(said.get("signed_at") or said.get("sign_off", {}).get("signed_at")),
        sealed_at=main.sealed_at if intact else None,
        certificate=main.subject,
        fingerprint=main.fingerprint,
        authority=_authority(evidence.by_us) if intact else "",
        content_sha256=evidence.content_sha256,
        report=evidence.report if evidence.by_us and verdict.verdict != "attention" else None,
        details="\n\n".join(f"{one.field}\n{one.details}" for one in evidence.accounts),
        signatures=tuple(evidence.accounts),
    )


def _authority(ours: bool) -> str:
    return "A certificate of this installation" if ours else "Not a certificate of this installation"


def _moment(text: Any) -> dt.datetime | None:
    try:
        moment = dt.datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment if moment.tzinfo else None


# --- without the file ------------------------------------------------------------------------------------


def by_code(report_id: str, code: str) -> Report | Any | None:
    """The report that a printed code names, or the trace of one that was destroyed (``hooks.printed``).

    None unless both of its parts are right.

    The second part is the beginning of the content's hash, which nobody knows who has not seen the document.
    """
    try:
        wanted = uuid.UUID(report_id)
    except ValueError:
        return None
    if not re.fullmatch(f"[0-9a-f]{{{CODE_DIGITS}}}", code):
        return None
    found = Report.objects.select_related("sign_off").defer("sign_off__content").filter(pk=wanted).first()
    if found is None:
        return hooks.trace_of_code(wanted, code)
    return found if secrets.compare_digest(found.sign_off.content_sha256[:CODE_DIGITS], code) else None
