"""Whether a PDF is a report as it was signed: who signed it, what happened to it since, and whether it is ours."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import json
import logging
from dataclasses import dataclass, field
from typing import Any, Literal

from asn1crypto import cms
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import EmbeddedPdfSignature, validate_pdf_signature
from pyhanko.sign.validation.status import PdfSignatureStatus
from pyhanko_certvalidator import ValidationContext

from facsweb.reports import hooks, signing
from facsweb.reports.document import ATTACHMENT
from facsweb.reports.models import Report, SignOff

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


@dataclass(slots=True)
class _Evidence:
    """What is known while a file is being examined."""

    data: bytes
    signature: EmbeddedPdfSignature
    status: PdfSignatureStatus
    several: bool
    ours: bool
    content: dict[str, Any] = field(default_factory=dict)
    content_sha256: str = ""
    sign_off: SignOff | None = None

    @property
    def fingerprint(self) -> str:
        return str(self.signature.signer_cert.sha256.hex())

    @property
    def end(self) -> int:
        """Where the signed part of the file ends, bytes from its start."""
        _, _, second, length = self.signature.byte_range
        return int(second) + int(length)

    @property
    def intact(self) -> bool:
        return bool(self.status.intact and self.status.valid)

    @property
    def hidden(self) -> bool:
        """Whether the padding behind the signature, which no signature covers, holds anything but zeros."""
        raw = bytes(self.signature.pkcs7_content)
        used = len(cms.ContentInfo.load(raw).dump())
        return bool(raw[used:].strip(b"\0"))

    @property
    def report(self) -> Report | None:
        return getattr(self.sign_off, "report", None)


def is_ours(fingerprint: str) -> bool:
    """Whether a certificate (SHA-256, hex) has sealed reports here, or is the key made here."""
    if fingerprint == signing.own_fingerprint() or any(hook(fingerprint) for hook in hooks.sealed_here):
        return True
    return Report.objects.filter(certificate_sha256=fingerprint).exclude(certificate_sha256="").exists()


def verify_pdf(data: bytes) -> Verification:
    """Examine a file of at most `MAX_BYTES`; never raises for what the file contains."""
    if len(data) > MAX_BYTES:
        return refusal("This file is too large to be a report.", f"Reports are smaller than {MAX_BYTES >> 20} MB.")
    if b"%PDF-" not in data[:1024]:
        return refusal("This is not a PDF.", "Choose the PDF file of a report, as it was downloaded or received.")
    try:
        reader = PdfFileReader(io.BytesIO(data), strict=False)
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
        return _judge(_examine(data, signatures))
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


def _examine(data: bytes, signatures: list[EmbeddedPdfSignature]) -> _Evidence:
    """Validate the signature that this installation made, otherwise the first one, and look it up."""
    signature = next((one for one in signatures if is_ours(one.signer_cert.sha256.hex())), signatures[0])
    ours = is_ours(signature.signer_cert.sha256.hex())
    roots = [signature.signer_cert] if ours else []
    status = validate_pdf_signature(
        signature, signer_validation_context=ValidationContext(trust_roots=roots, allow_fetching=False)
    )
    evidence = _Evidence(data, signature, status, several=len(signatures) > 1, ours=ours)
    if evidence.intact:
        _read_content(evidence)
    return evidence


def _read_content(evidence: _Evidence) -> None:
    """Read the attached content from the signed part alone, and find its sign-off here by its hash."""
    try:
        raw = _attachment(evidence.data[: evidence.end])
        said = None if raw is None else json.loads(raw)
    except Exception as error:  # a foreign document may attach anything under that name
        log.info("An attachment could not be read: %s", error)
        return
    if raw is None or not isinstance(said, dict):
        return
    evidence.content, evidence.content_sha256 = said, hashlib.sha256(raw).hexdigest()
    evidence.sign_off = (
        SignOff.objects.select_related("report").filter(content_sha256=evidence.content_sha256).first()
    )


def _attachment(data: bytes) -> bytes | None:
    reader = PdfFileReader(io.BytesIO(data), strict=False)
    try:
        names = reader.root["/Names"]["/EmbeddedFiles"]["/Names"]
    except KeyError:
        return None
    for place in range(0, len(names) - 1, 2):
        if str(names[place]) == ATTACHMENT:
            return bytes(names[place + 1]["/EF"]["/F"].data)
    return None


# --- judging ---------------------------------------------------------------------------------------------


def _judge(evidence: _Evidence) -> Verification:
    if not evidence.intact:
        verdict = refusal(
            "This document was changed after it was signed.",
            "The signature does not match the bytes of the file. Do not rely on it; ask for the original file.",
        )
    elif evidence.end != len(evidence.data):
        verdict = refusal(
            "Something was added to this document after it was signed.",
            f"{len(evidence.data) - evidence.end} bytes follow the signed part. What was signed is still in the "
            "file, but what a reader shows may differ. Ask for the original file.",
        )
    elif evidence.hidden:
        verdict = refusal(
            "This document was changed after it was signed.",
            "Something was hidden in the space that the signature reserves for itself. Ask for the original file.",
        )
    elif evidence.report and evidence.ours:
        verdict = _judge_ours(evidence, evidence.report)
    elif evidence.report:
        verdict = refusal(
            "This report was signed by somebody else.",
            "Its text is that of a report of this installation, but the signature is not this installation's. "
            "Do not rely on it.",
        )
    elif evidence.ours and (known := _known(evidence)):
        verdict = Verification(known.verdict, known.headline, known.sentences)
    elif evidence.ours and evidence.content.get("kind") == "consent":
        verdict = Verification(
            "good",
            "Unchanged since this installation sealed it.",
            ("It is a participant’s copy of a consent. What was withdrawn later stands in a later copy.",),
        )
    elif evidence.ours:
        verdict = Verification(
            "attention",
            "Unchanged since it was signed, but not found here.",
            ("The signature is this installation's, but no sign-off with this content is stored here any more.",),
        )
    else:
        verdict = Verification(
            "attention",
            "Unchanged since it was signed, by a signer this installation does not know.",
            (
                "What was signed did not change since. Whether the signer is who they say cannot be told here: "
                "compare the certificate's fingerprint with one that you received another way.",
            ),
        )
    return _tell(evidence, verdict)


def _known(evidence: _Evidence) -> hooks.Known | None:
    return hooks.about(evidence.content_sha256, hashlib.sha256(evidence.data).hexdigest())


def _judge_ours(evidence: _Evidence, report: Report) -> Verification:
    if report.state == Report.State.REVOKED:
        on = f" on {report.revoked_at:%d %B %Y}" if report.revoked_at else ""
        return refusal(
            "This report was revoked.",
            f"It is genuine and unchanged, but it was revoked{on} and is no longer valid. Do not rely on it.",
        )
    if hashlib.sha256(evidence.data).hexdigest() != report.pdf_sha256:
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
    certificate, ours = evidence.signature.signer_cert, evidence.ours
    sign_off = evidence.content.get("sign_off", {}) if evidence.intact else {}
    sentences = list(verdict.sentences)
    if evidence.several:
        sentences.append("The file carries more than one signature; this is about the report's own.")
    stamp = evidence.status.timestamp_validity
    if evidence.intact and stamp is not None and stamp.intact and stamp.valid:
        by, at = stamp.signing_cert.subject.human_friendly, f"{stamp.timestamp:%d %B %Y, %H:%M:%S %Z}"
        sentences.append(f"A time stamp says that the signature existed at {at} ({by}).")
    return Verification(
        verdict.verdict,
        verdict.headline,
        tuple(sentences),
        signer=str(evidence.signature.sig_object.get("/Name", "")) if evidence.intact else "",
        signed_at=_moment(sign_off.get("signed_at")),
        sealed_at=evidence.status.signer_reported_dt if evidence.intact else None,
        certificate=", ".join(str(part) for part in reversed(certificate.subject.native.values())),
        fingerprint=evidence.fingerprint,
        authority=_authority(ours) if evidence.intact else "",
        content_sha256=evidence.content_sha256,
        report=evidence.report if ours and verdict.verdict != "attention" else None,
        details=evidence.status.pretty_print_details(),
    )


def _authority(ours: bool) -> str:
    return "The certificate of this installation" if ours else "Not a certificate of this installation"


def _moment(text: Any) -> dt.datetime | None:
    try:
        moment = dt.datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment if moment.tzinfo else None
