"""Figures of this very process, counted where things happen. Labels are names of pages, never paths or persons."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from facsweb.logs import context

#: The page that takes pieces of uploads.
PIECE: Final = "recordings:tus"
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
#: First word of a WebSocket's address → what it is for.
SOCKETS: Final = {"runs": "progress", "layers": "timeline", "live": "live"}

disable_created_metrics()  # they double the number of series and tell what nobody asks
registry: Final = CollectorRegistry()
ProcessCollector(registry=registry)
PlatformCollector(registry=registry)

requests = Counter(
    "facsweb_requests", "Requests that were answered.", ["route", "method", "status"], registry=registry
)
durations = Histogram(
    "facsweb_request_seconds",
    "Seconds until the answer began.",
    ["route", "method"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
    registry=registry,
)
sockets = Gauge("facsweb_websockets_open", "WebSockets that are open.", ["kind"], registry=registry)
received = Counter("facsweb_upload_bytes", "Bytes of recordings that were received.", registry=registry)


def request(route: str, method: str, status: int, seconds: float) -> None:
    """Count a request."""
    method = method if method in METHODS else "other"
    requests.labels(route, method, str(status)).inc()
    durations.labels(route, method).observe(seconds)


class Sockets:
    """Around everything that answers WebSockets: counts the open ones, and gives each an id for its lines."""

    def __init__(self, inner: Callable[..., Awaitable[None]]) -> None:
        self.inner = inner

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        words = scope["path"].strip("/").split("/")
        kind = SOCKETS.get(words[1], "other") if len(words) > 1 else "other"
        with context.carrying(request=context.new_id()), sockets.labels(kind).track_inprogress():
            await self.inner(scope, receive, send)
