"""What is answered while something is away that comes back by itself: 503 with a sentence and ``Retry-After``.

That is the storage of files, and a database in which two wanted the same at one moment, so that it ended one of
them (a deadlock, a serialisation failure, SQLite locked for too long). Nothing was changed then: it may be asked
again.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Final

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.deprecation import MiddlewareMixin
from django.views import defaults

from facsweb.processes.outage import is_contention
from facsweb.storage.errors import CacheFull, StorageError

#: Whoever asks again in a moment finds that the other one is done.
CONTENTION: Final = (
    "Somebody else changed the same at this very moment, so nothing was changed here. Try again; what was saved "
    "before is safe."
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """What is answered: a sentence for a person, a word for a script, and after how many seconds to ask again."""

    sentence: str
    code: str
    status: int
    retry_s: int


def refusal_of(error: BaseException | None) -> Refusal | None:
    """What is answered to an error that passes by itself; None to all others."""
    if isinstance(error, StorageError):
        return Refusal(str(error), "storage", 507 if isinstance(error, CacheFull) else 503, 15)
    return Refusal(CONTENTION, "busy", 503, 1) if is_contention(error) else None


def answer(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """A page for people, JSON for scripts."""
    if request.get_preferred_type(["text/html", "application/json"]) == "application/json":
        told = {"error": refusal.sentence, "code": refusal.code}
        response: HttpResponse = JsonResponse(told, status=refusal.status)
    else:
        response = render(request, "503.html", {"sentence": refusal.sentence}, status=refusal.status)
    response["Retry-After"] = str(refusal.retry_s)
    return response


class Unavailable(MiddlewareMixin):
    """Middleware: answers so where a view met such an error."""

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        refusal = refusal_of(error)
        return None if refusal is None else answer(request, refusal)


def server_error(request: HttpRequest) -> HttpResponse:
    """Handler of what nobody caught: such an error of a middleware, which no other one is told of, or a fault."""
    refusal = refusal_of(sys.exception())
    return defaults.server_error(request) if refusal is None else answer(request, refusal)
