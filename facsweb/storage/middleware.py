"""What people see while the storage of files is away: a page with the sentence, and when to ask again."""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.deprecation import MiddlewareMixin

from facsweb.storage.errors import CacheFull, StorageError

RETRY_S: Final = 15


def status_of(error: StorageError) -> int:
    """503 while the store is away, 507 where this host has no room."""
    return 507 if isinstance(error, CacheFull) else 503


class StorageAway(MiddlewareMixin):
    """Middleware: answers 503 with ``Retry-After`` (507 where the disk is full), not with an error of ours."""

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, StorageError):
            return None
        status = status_of(error)
        if request.get_preferred_type(["text/html", "application/json"]) == "application/json":
            answer: HttpResponse = JsonResponse({"error": str(error), "code": "storage"}, status=status)
        else:
            answer = render(request, "503.html", {"sentence": str(error)}, status=status)
        answer["Retry-After"] = str(RETRY_S)
        return answer
