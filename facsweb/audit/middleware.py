"""Every request says from where it comes; one that cannot be logged is answered so."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string

from facsweb.audit import reading
from facsweb.audit.origin import acting, of_request
from facsweb.logs.safe import route_of

logger = logging.getLogger(__name__)


class OriginMiddleware:
    """Stands behind the sessions and before everything that writes into the log."""

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> Any:
        with acting(of_request(request)):
            return _with_its_reading(request, self.get_response(request))


def _with_its_reading(request: HttpRequest, response: Any) -> Any:
    """The answer, once the log says who got it; what is not logged is not shown."""
    try:
        reading.write(request, response.status_code)
    except reading.Unlogged as error:
        logger.exception("%s was not shown, for its reading could not be logged.", route_of(request))
        response.close()
        return _refusal(request, str(error))
    return response


def _refusal(request: HttpRequest, sentence: str) -> HttpResponse:
    if request.accepts("text/html"):
        # Rendered without the request: whatever keeps the log from being written may keep a page from being read.
        answer = HttpResponse(render_to_string("503.html", {"sentence": sentence}), status=503)
    else:
        answer = JsonResponse({"error": sentence, "code": "not_logged"}, status=503)
    answer["Retry-After"] = "5"
    answer["Cache-Control"] = "no-store"
    return answer
