"""The same request twice is one: ``Idempotency-Key`` (IETF draft "The Idempotency-Key HTTP Header Field").

A key is kept for a day with the request it came with. Only success is kept: a refused request changed nothing and
may be corrected under the same key. The answer is kept in the transaction of the act: whoever asks again after a
server died gets what was done, or has it done for the first time.
"""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Callable
from contextlib import nullcontext
from datetime import timedelta
from typing import IO, Any, Final

from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from facsweb.api import sealing
from facsweb.api.models import KeyedRequest, Token
from facsweb.api.problems import Problem

KEPT: Final = timedelta(hours=24)
#: A request that has not answered for so long died with its server; its key may be used again.
DEAD_AFTER: Final = timedelta(minutes=10)
IN_MEMORY: Final = 1024**2
_PURPOSE: Final = "kept answers"  # they may hold a secret that is shown once
_KEPT_HEADERS: Final = ("Content-Type", "Location")


def key_of(request: HttpRequest) -> str:
    """The key that a request names; empty where it has none. Raises Problem (422) for one that is no key."""
    key: str | None = request.headers.get("Idempotency-Key")
    if key is None:
        return ""
    if not re.fullmatch(r"[\x21-\x7e]{1,200}", key):
        raise Problem(
            422, "Idempotency-Key is 1 to 200 printable ASCII characters without spaces, such as a UUID."
        )
    return key


def spooled(request: HttpRequest, most: int) -> tuple[IO[bytes], str]:
    """The body as a file, and its SHA-256 (hex). Raises Problem (413) beyond ``most`` bytes."""
    hasher, received = hashlib.sha256(), 0
    file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 (closed with the request)
    while piece := request.read(IN_MEMORY):
        received += len(piece)
        if received > most:
            raise Problem(413, f"The body is larger than {most} bytes.")
        hasher.update(piece)
        file.write(piece)
    file.seek(0)
    return file, hasher.hexdigest()


def fingerprint(request: HttpRequest, body_sha256: str) -> str:
    """SHA-256 (hex) of method, address and body."""
    said = "\n".join((request.method or "", request.get_full_path(), request.content_type or "", body_sha256))
    return hashlib.sha256(said.encode()).hexdigest()


def once(
    token: Token, key: str, print_: str, act: Callable[[int], HttpResponse], *, together: bool = True
) -> HttpResponse:
    """Answer a request with a key: by acting, or with what was answered before.

    Parameters
    ----------
    token : Token
    key : str
    print_ : str
        The request's `fingerprint`.
    act : callable
        Takes the number of this request, the same for an act that is begun again because its server died.
    together : bool
        Whether the act and its kept answer are one transaction, so that a server which dies leaves both or none.
        An act that waits for something else must not hold one open.

    Raises
    ------
    Problem
        409: the same request is being answered at this moment. 422: the key came with another request.
    """
    row = _claim(token, key, print_)
    if row.status is not None:
        body = answer_of(row)
        if body is None:
            raise Problem(409, "This was done before, but its answer cannot be read any more.", kind="answer-lost")
        response = HttpResponse(body, status=row.status, headers=row.headers)
        response["Idempotency-Replayed"] = "true"
        return response
    try:
        with transaction.atomic() if together else nullcontext():
            response = act(row.pk)
            if 200 <= response.status_code < 300 and not response.streaming:
                _keep(row, response)
                return response
    except BaseException:
        KeyedRequest.objects.filter(pk=row.pk).delete()
        raise
    KeyedRequest.objects.filter(pk=row.pk).delete()
    return response


def _keep(row: KeyedRequest, response: HttpResponse) -> None:
    headers = {name: response[name] for name in _KEPT_HEADERS if name in response}
    KeyedRequest.objects.filter(pk=row.pk).update(
        status=response.status_code, headers=headers, body=sealing.seal(_PURPOSE, response.content)
    )


def answer_of(row: KeyedRequest) -> bytes | None:
    """The body of a kept answer; None where it cannot be read any more."""
    return sealing.opened(_PURPOSE, bytes(row.body))


def _claim(token: Token, key: str, print_: str) -> KeyedRequest:
    """The key's row: a fresh one to act for, or the one with the answer."""
    now = timezone.now()
    KeyedRequest.objects.filter(token=token, key=key, started_at__lt=now - KEPT).delete()
    try:
        with transaction.atomic():
            return KeyedRequest.objects.create(token=token, key=key, fingerprint=print_, started_at=now)
    except IntegrityError:
        row = KeyedRequest.objects.filter(token=token, key=key).first()
    if row is None:  # the other request was refused in this very moment
        raise Problem(409, "The same request was just being answered. Send it again.", kind="in-progress")
    if row.fingerprint != print_:
        raise Problem(422, "This Idempotency-Key came with another request. Choose a new key.", kind="key-reused")
    if row.status is None:
        taken_over = KeyedRequest.objects.filter(
            pk=row.pk, status=None, started_at=row.started_at, started_at__lt=now - DEAD_AFTER
        ).update(started_at=now)
        if not taken_over:
            raise Problem(
                409,
                "The same request is being answered at this moment. Wait, then send it again to get its answer.",
                kind="in-progress",
                headers={"Retry-After": "2"},
            )
    return row


def forget() -> int:
    """Remove keys older than a day; return how many."""
    old: Any = KeyedRequest.objects.filter(started_at__lt=timezone.now() - KEPT)
    return int(old.delete()[0])
