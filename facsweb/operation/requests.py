"""The first of the middlewares: every request gets an id, a line in the log and a place in the figures."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest

from facsweb.logs import context, safe
from facsweb.operation import figures

logger = logging.getLogger("facsweb.requests")

HEADER: Final = "X-Request-ID"
#: Asked for by machines that know an address and no name, every few seconds; what they answer depends on no name.
PROBES: Final = frozenset({"/healthz", "/readyz", "/metrics"})


class Requests:
    """Stands before everything else, so that it sees what any other one refuses."""

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> Any:
        began, number = time.perf_counter(), _begin(request)
        with context.carrying(request=number):
            response = self.get_response(request)
            _end(request, response, began, number)
        return response


def _begin(request: HttpRequest) -> str:
    if request.path in PROBES:
        request.META["HTTP_HOST"] = known_host()
    told = request.headers.get(HEADER, "") if settings.TRUSTED_PROXIES else ""
    return context.new_id(told)


def known_host() -> str:
    """A name that ``ALLOWED_HOSTS`` allows."""
    first = (settings.ALLOWED_HOSTS or ["localhost"])[0].lstrip(".")
    return "localhost" if first == "*" else first


def _end(request: HttpRequest, response: Any, began: float, number: str) -> None:
    seconds = time.perf_counter() - began
    response[HEADER] = number
    route, method = safe.route_of(request), request.method or ""
    figures.request(route, method, response.status_code, seconds)
    if route == figures.PIECE and method == "PATCH" and response.status_code < 300:
        length = request.headers.get("Content-Length", "")
        figures.received.inc(int(length) if length.isdigit() else 0)
    if request.path in PROBES and response.status_code < 400:
        return  # every few seconds, and nothing happened
    facts = {
        "route": route,
        "method": method if method in figures.METHODS else "other",
        "status": response.status_code,
        "seconds": round(seconds, 4),
        **_ids(request),
    }
    level = logging.ERROR if response.status_code >= 500 else logging.INFO
    logger.log(level, "request", extra={"facts": facts})


def _ids(request: HttpRequest) -> Mapping[str, str]:
    """Ids in the address, by what they are ids of; never a secret or a name, which are texts."""
    match = request.resolver_match
    if match is None:
        return {}
    found = {name: str(value) for name, value in match.kwargs.items() if isinstance(value, uuid.UUID | int)}
    if "pk" in found:
        found[f"{_of_pk(match.route)}"] = found.pop("pk")
    return found


def _of_pk(route: str) -> str:
    """What the address calls the thing: ``recordings/<uuid:pk>/video`` is about a recording."""
    words = route.partition("<")[0].strip("/").rpartition("/")[2]
    return words.removesuffix("s") or "pk"
