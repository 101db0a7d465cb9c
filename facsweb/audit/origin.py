"""From where an act comes: the address, the browser, the session, the API token, the job.

A middleware sets it for every request and every WebSocket, ``services.record`` reads it. Where nobody set it, a
process of the installation acts, and its name is noted. ``X-Forwarded-For`` is read only from as many proxies as
``settings.TRUSTED_PROXIES`` counts, for anybody can send one.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.utils.crypto import salted_hmac

AGENT_LENGTH: Final = 160
VIA_LENGTH: Final = 120
#: Leading bits that stay of an address where it is kept short: a provider's district, not a household.
SHORT: Final = {4: 24, 6: 48}


@dataclass(frozen=True, slots=True)
class Origin:
    """From where an act comes; what is not known is empty."""

    address: str = ""
    agent: str = ""
    via: str = ""
    #: The session's store. Its key changes at sign-in, so it is asked at the moment of the act.
    store: Any = None

    @property
    def session(self) -> str:
        """16 hex digits that stand for the session; nobody gets its key from them."""
        key = getattr(self.store, "session_key", None)
        return salted_hmac("facsweb.audit.session", key, algorithm="sha256").hexdigest()[:16] if key else ""


_current: ContextVar[Origin | None] = ContextVar("origin", default=None)


def current() -> Origin:
    """From where the present act comes; this process itself when no request is behind it."""
    return _current.get() or Origin(via=process_name())


@contextmanager
def acting(origin: Origin) -> Iterator[None]:
    """Whatever is done inside comes from there."""
    token = _current.set(origin)
    try:
        yield
    finally:
        _current.reset(token)


@contextmanager
def through(name: str) -> Iterator[None]:
    """Whatever is done inside comes by something else than a browser, such as ``API token Laboratory``."""
    with acting(replace(current(), via=name[:VIA_LENGTH])):
        yield


def process_name() -> str:
    """What acts here without a person: ``job runs.tasks.analyse``, ``command recovery``."""
    if "rq.job" in sys.modules:
        job = sys.modules["rq.job"].get_current_job()
        if job is not None:
            return f"job {job.func_name.removeprefix('facsweb.')}"[:VIA_LENGTH]
    name = Path(sys.argv[0]).name if sys.argv else ""
    if name == "manage.py" and len(sys.argv) > 1:
        return f"command {sys.argv[1]}"[:VIA_LENGTH]
    return f"process {name or 'python'}"[:VIA_LENGTH]


def client_address(remote: str, forwarded: str) -> str:
    """The address to keep.

    Parameters
    ----------
    remote : str
        Who opened the connection.
    forwarded : str
        ``X-Forwarded-For``: each proxy adds on the right whom it heard from. With *n* trusted proxies the client
        is the *n*-th from the right; what stands further left is what the client itself claims.

    Returns
    -------
    str
        As ``settings.AUDIT_ADDRESS`` wants it: ``full``, ``short`` (/24 or /48) or ``none``. Empty when unknown.
    """
    if settings.AUDIT_ADDRESS == "none":
        return ""
    address = _client(remote, forwarded)
    if address is None:
        return ""
    if settings.AUDIT_ADDRESS == "short":
        return str(ip_network((address, SHORT[address.version]), strict=False))
    return str(address)


def _client(remote: str, forwarded: str) -> IPv4Address | IPv6Address | None:
    chain = [part.strip() for part in forwarded.split(",") if part.strip()]
    trusted = settings.TRUSTED_PROXIES
    # A request that did not pass every proxy is known by its connection only.
    found = chain[-trusted] if 0 < trusted <= len(chain) else remote
    try:
        address = ip_address(found.partition("%")[0])
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def address_of(request: Any) -> IPv4Address | IPv6Address | None:
    """Who sent a request, as far as proxies of ours tell it; None when unknown."""
    meta: Mapping[str, str] = request.META
    return _client(meta.get("REMOTE_ADDR") or "", meta.get("HTTP_X_FORWARDED_FOR", ""))


def counted(request: Any) -> str:
    """By what the attempts of a request's sender are counted, whatever the log keeps of addresses.

    Behind a proxy every connection is the proxy's: counting by it, one person's guesses would shut everybody out.
    An IPv6 address counts as its /64, for whoever has one has all of those.
    """
    address = address_of(request)
    return str(ip_network((address, 64), strict=False)) if isinstance(address, IPv6Address) else str(address or "")


def of_request(request: Any) -> Origin:
    """From where a request comes."""
    meta: Mapping[str, str] = request.META
    return Origin(
        address=client_address(meta.get("REMOTE_ADDR") or "", meta.get("HTTP_X_FORWARDED_FOR", "")),
        agent=meta.get("HTTP_USER_AGENT", "")[:AGENT_LENGTH],
        store=getattr(request, "session", None),
    )


def of_scope(scope: Mapping[str, Any]) -> Origin:
    """From where a WebSocket comes."""
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    remote = (scope.get("client") or [""])[0]
    return Origin(
        address=client_address(remote, headers.get("x-forwarded-for", "")),
        agent=headers.get("user-agent", "")[:AGENT_LENGTH],
        via="WebSocket",
        store=scope.get("session"),
    )


class SocketOrigin:
    """Around the consumers: whatever they do comes from the socket's address and session."""

    def __init__(self, inner: Callable[..., Awaitable[None]]) -> None:
        self.inner = inner

    async def __call__(self, scope: Mapping[str, Any], receive: Any, send: Any) -> None:
        with acting(of_scope(scope)):
            await self.inner(scope, receive, send)
