"""Addresses of pictures and videos of people: bytes leave only under one signed for this viewer, for a while.

The plain address checks the role and sends the viewer on to the same address with a signature: of the path, the
person, the session and the end of a quarter of an hour. The bytes are sent for that one alone, after the role is
checked again. Whoever finds such an address later, in a log, a history or a cache, finds nothing behind it, even
with an account of their own. Where files lie in another store one day, that store can check the same signature.

A player that has been open for hours asks with an old signature. The browser says that it is a player on our own
page that asks (``Sec-Fetch-Dest``), so it is sent on to a fresh one; pasted into the address bar, an old one ends.
"""

from __future__ import annotations

import time
from typing import Final

from django.core.signing import BadSignature, Signer
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render

#: Seconds; an address holds for one to two of these, and stays the same during one, so that browsers keep what
#: they loaded.
STEP_S: Final = 900
PARAMETER: Final = "s"
_SIGNER: Final = "facsweb.studies.signed_links"
_PLAYERS: Final = frozenset({"video", "audio", "image"})


def _now() -> float:
    return time.time()


def _signature(request: HttpRequest, end: int) -> str:
    return Signer(salt=_SIGNER).signature(_value(request, end))


def _value(request: HttpRequest, end: int) -> str:
    return f"{request.path}\n{request.user.pk}\n{request.session.session_key}\n{end}"


def signed(request: HttpRequest) -> str:
    """The request's own address, signed for who asks."""
    end = (int(_now()) // STEP_S + 2) * STEP_S
    query = request.GET.copy()
    query[PARAMETER] = f"{end}.{_signature(request, end)}"
    return f"{request.path}?{query.urlencode(safe=':')}"


def instead(request: HttpRequest) -> HttpResponse | None:
    """What is answered instead of the bytes; None where the address is signed for who asks. After the role."""
    given = request.GET.get(PARAMETER, "")
    if not given:
        return _sent_on(request)
    number, _, signature = given.partition(".")
    end = int(number) if number.isascii() and number.isdigit() and len(number) < 12 else 0
    try:
        Signer(salt=_SIGNER).unsign(f"{_value(request, end)}:{signature}")
    except BadSignature:
        return _refused(request, "It was made for another person, or for another time that you signed in.")
    if end > _now():
        return None
    if (
        request.headers.get("Sec-Fetch-Dest") in _PLAYERS
        and request.headers.get("Sec-Fetch-Site") == "same-origin"
    ):
        return _sent_on(request)
    return _refused(request, "It was made for some minutes only, and they are over.")


def _sent_on(request: HttpRequest) -> HttpResponse:
    response = HttpResponseRedirect(signed(request))
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _refused(request: HttpRequest, why: str) -> HttpResponse:
    response = render(request, "link_ended.html", {"why": why}, status=403)
    response.headers["Cache-Control"] = "private, no-store"
    return response
