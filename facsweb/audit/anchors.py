"""Once a day, what the log is, signed with the installation's key and laid outside of the database.

A chain of hashes shows a change of any entry, but whoever may write into the database can cut the log's end off,
or write the whole chain again from some entry on. An anchor says, signed, which hash the last entry had on a day.
Whoever changes the log afterwards contradicts it; to hide that, every copy of the anchor must go: the row, the
file in ``settings.ANCHORS_DIR`` (best on storage that can be written only once), the mail.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import logging
import os
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from django.conf import settings
from django.core.mail import send_mail
from django.db import DatabaseError, transaction
from django.utils import timezone

from facsweb.audit import hooks, services
from facsweb.audit.chain import GENESIS, canonical
from facsweb.audit.models import Anchor, Entry

logger = logging.getLogger(__name__)

#: What a statement says.
_SAID: Final = frozenset({"anchor", "day", "made_at", "site", "entry", "hash", "count", "previous"})


@dataclass(frozen=True, slots=True)
class Signed:
    """What a valid anchor says."""

    day: date
    entry: int
    hash: str


# --- writing ---------------------------------------------------------------------------------------------


def daily() -> int:
    """Make today's anchor where there is none (``processes.duties``); 1 when it was made.

    A day on which no machine ran has none: nobody can sign afterwards what the log was then.
    """
    today = timezone.now().astimezone(UTC).date()
    if Anchor.objects.filter(day=today).exists():
        return 0
    return int(make(today) is not None)


def make(today: date) -> Anchor | None:
    """Sign the log's head; None when the day has its anchor already or nothing was ever logged."""
    if not hooks.signer or not Entry.objects.exists():
        return None
    hooks.signer[-1](b"")  # a key that has to be made first is made before others wait for the lock
    with transaction.atomic():
        services.lock()
        last = Anchor.objects.order_by("-number").first()
        if Anchor.objects.filter(day=today).exists():
            return None
        number, digest = services.head()
        statement = canonical(
            {
                "anchor": last.number + 1 if last else 1,
                "day": today.isoformat(),
                "made_at": timezone.now().isoformat(),
                "site": settings.SITE_URL,
                "entry": number,
                "hash": digest,
                "count": Entry.objects.count(),
                "previous": _digest(last) if last else GENESIS,
            }
        )
        signature, certificate = hooks.signer[-1](statement)
        made = Anchor.objects.create(
            number=last.number + 1 if last else 1,
            day=today,
            entry=number,
            statement=statement.decode(),
            signature=base64.b64encode(signature).decode(),
            certificate=certificate,
        )
        services.record(None, "log.anchor", made, day=today, entry=number, hash=digest)
    write_files()
    _send(made)
    return made


def _digest(anchor: Anchor) -> str:
    return hashlib.sha256(anchor.statement.encode()).hexdigest()


def path_of(anchor: Anchor) -> Path:
    """Where its file lies."""
    return Path(settings.ANCHORS_DIR) / f"{anchor.day.isoformat()}.json"


def as_file(anchor: Anchor) -> bytes:
    """What its file holds."""
    said = {"statement": anchor.statement, "signature": anchor.signature, "certificate": anchor.certificate}
    return json.dumps(said, indent=1).encode() + b"\n"


def write_files() -> None:
    """Lay a file for every anchor that has none; one that is there is never touched again."""
    try:
        Path(settings.ANCHORS_DIR).mkdir(parents=True, exist_ok=True)
        for anchor in Anchor.objects.order_by("number").iterator():
            if not path_of(anchor).exists():
                _write_once(path_of(anchor), as_file(anchor))
    except OSError:
        logger.exception("The anchors of the log could not be written to %s.", settings.ANCHORS_DIR)


def _write_once(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o444)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        # A disk that is full leaves a file without content, which would stay and look like somebody's doing.
        with contextlib.suppress(OSError):
            path.unlink()
        raise


def _send(anchor: Anchor) -> None:
    if not settings.ANCHOR_MAIL:
        return
    subject = f"Anchor of the audit log, {anchor.day}"
    try:
        send_mail(subject, as_file(anchor).decode(), None, settings.ANCHOR_MAIL)
    except OSError:  # smtplib's errors are among them
        logger.exception("The anchor of %s could not be sent.", anchor.day)


# --- checking --------------------------------------------------------------------------------------------


def check(*, files: bool, trust: frozenset[str]) -> tuple[list[Signed], list[tuple[date | None, str]]]:
    """What the valid anchors say, and a sentence with its day for everything that is wrong with one."""
    own = trust.union(*(known() for known in hooks.own_certificates))
    signed: list[Signed] = []
    faults: list[tuple[date | None, str]] = []
    previous, number, days = GENESIS, 0, set()
    for there in list(Anchor.objects.order_by("number").values_list("number", flat=True)):
        number += 1
        if (anchor := _readable(there)) is None:
            # What its file in the folder signed still counts (`_strays`).
            faults.append((None, f"Anchor {there} was altered: it cannot be read any more."))
            previous, number = "", there
            continue
        days.add(f"{anchor.day.isoformat()}.json")
        if anchor.number != number:
            faults.append((anchor.day, f"An anchor before that of {anchor.day} is missing."))
            number = anchor.number
        elif fault := _wrong(anchor, previous, own):
            faults.append((anchor.day, f"The anchor of {anchor.day} {fault}."))
        else:
            signed.append(Signed(anchor.day, anchor.entry, json.loads(anchor.statement)["hash"]))
        previous = _digest(anchor)
        if files and (fault := _wrong_file(anchor)):
            faults.append((anchor.day, f"The file of the anchor of {anchor.day} {fault}."))
    if files:
        faults += _strays(days, own, signed)
    return signed, faults


def _readable(number: int) -> Anchor | None:
    try:
        anchor = Anchor.objects.get(number=number)
    except (DatabaseError, ValueError, TypeError, AttributeError):
        return None
    texts = (anchor.statement, anchor.signature, anchor.certificate)
    return anchor if isinstance(anchor.day, date) and all(isinstance(one, str) for one in texts) else None


def _wrong(anchor: Anchor, previous: str, own: frozenset[str]) -> str:
    """What is wrong with an anchor's row; empty when nothing is."""
    fault, said = _opened(anchor.statement, anchor.signature, anchor.certificate, own)
    if fault:
        return fault
    if (said["anchor"], said["day"], said["entry"]) != (anchor.number, anchor.day.isoformat(), anchor.entry):
        return "was altered: its row does not say what was signed"
    if said["previous"] != previous:
        return "does not follow the anchor before it"
    if said["count"] != said["entry"]:
        return f"signed {said['count']} entries up to entry {said['entry']}: some were missing that day already"
    return ""


def _opened(statement: str, signature: str, certificate: str, own: frozenset[str]) -> tuple[str, dict[str, Any]]:
    """What is wrong with a signature, or what was signed."""
    try:
        loaded = x509.load_pem_x509_certificate(certificate.encode())
        _verify(loaded, base64.b64decode(signature), statement.encode())
        said: dict[str, Any] = json.loads(statement)
        if not isinstance(said, dict) or not said.keys() >= _SAID:
            raise ValueError
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return "was altered: its signature does not fit", {}
    fingerprint = loaded.fingerprint(hashes.SHA256()).hex()
    if fingerprint not in own:
        return f"is signed with a key that is not this installation's (certificate {fingerprint})", {}
    return "", said


def _verify(certificate: x509.Certificate, signature: bytes, statement: bytes) -> None:
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        key.verify(signature, statement, padding.PKCS1v15(), hashes.SHA256())
    elif isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(signature, statement, ec.ECDSA(hashes.SHA256()))
    else:
        raise InvalidSignature


def _wrong_file(anchor: Anchor) -> str:
    try:
        content = path_of(anchor).read_bytes()
    except FileNotFoundError:
        return "is missing"
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    return "" if content == as_file(anchor) else "says something else than the database"


def _strays(days: set[str], own: frozenset[str], signed: list[Signed]) -> list[tuple[date | None, str]]:
    """Files without a row. What such a file signed counts: somebody took its row away."""
    faults: list[tuple[date | None, str]] = []
    for path in sorted(Path(settings.ANCHORS_DIR).glob("????-??-??.json")):
        if path.name in days:
            continue
        faults.append((None, f"The anchor of {path.stem} lies in the folder and is missing in the database."))
        try:
            file = json.loads(path.read_bytes())
            fault, said = _opened(file["statement"], file["signature"], file["certificate"], own)
            if not fault:
                signed.append(Signed(date.fromisoformat(said["day"]), said["entry"], said["hash"]))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            faults.append((None, f"The file {path.name} is no anchor."))
    return faults


def newest() -> Anchor | None:
    """The last anchor; the page checks only what followed it."""
    return Anchor.objects.order_by("-number").first()


def made_at(anchor: Anchor) -> datetime:
    """When it was signed."""
    return datetime.fromisoformat(json.loads(anchor.statement)["made_at"])
