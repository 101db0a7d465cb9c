"""Where a webhook may go: never into the server's own network, whatever a name resolves to (SSRF).

The address is resolved once, judged, and connected to as it is (`connect`), so that a name which answers
differently a moment later gains nothing. Redirects are not followed.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings

#: Networks in which another address hides (NAT64, 6to4, Teredo): what is inside cannot be judged from outside.
_WRAPPED: Final = [
    ipaddress.ip_network(text) for text in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")
]
CONNECT_S: Final = 5.0


class Refused(Exception):  # noqa: N818
    """The address may not be used; the text is a sentence for a person."""


@dataclass(frozen=True, slots=True)
class Target:
    """An address taken apart."""

    scheme: str
    host: str
    port: int
    path: str


def parse(url: str) -> Target:
    """Take an address apart. Raises Refused unless it is one that a webhook can have."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Refused("This is not an address.") from None
    if any(character.isspace() or not character.isprintable() for character in url):
        raise Refused("An address has no spaces.")
    if parts.username is not None or parts.password is not None:
        raise Refused("An address with a name or password in it would be stored readable. Leave them out.")
    if not parts.hostname or parts.scheme not in ("https", "http"):
        raise Refused("Give an address that begins with https://.")
    if parts.scheme == "http" and not _may_be_plain(parts.hostname):
        raise Refused("Give an address that begins with https://: what is sent must not be readable on its way.")
    try:
        host = parts.hostname if ":" in parts.hostname else parts.hostname.encode("idna").decode()
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        path.encode("ascii")
    except UnicodeError:
        raise Refused("Write the address with ASCII characters alone.") from None
    return Target(parts.scheme, host, port or (443 if parts.scheme == "https" else 80), path)


def _may_be_plain(host: str) -> bool:
    """Whether http:// is good enough: only to this very machine, during development, when that is asked for."""
    if settings.PRODUCTION or not settings.WEBHOOK_PRIVATE:
        return False
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the public internet, and not to any private or special network."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return is_public(str(ip.ipv4_mapped))
        # Site-local addresses are withdrawn (RFC 3879), so Python counts them as global; old networks use them.
        if ip.is_site_local or any(ip in network for network in _WRAPPED):
            return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved and not ip.is_unspecified


def is_allowed(address: str) -> bool:
    """Whether webhooks may go to an IP address on this installation.

    ``FACSWEB_WEBHOOK_PRIVATE=1`` lets those of private networks pass; never those that lead to the services of a
    cloud or of the link (169.254.169.254), nor, in production, to this very machine.
    """
    if not settings.WEBHOOK_PRIVATE:
        return is_public(address)
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
        return is_allowed(str(ip.ipv4_mapped))
    if ip.is_loopback:
        return not settings.PRODUCTION
    return not (ip.is_link_local or ip.is_multicast or ip.is_unspecified)


def resolve(target: Target) -> str:
    """One IP address of a target. Raises Refused when there is none, or when any of them is not allowed."""
    try:
        found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Refused(f"{target.host} cannot be found.") from None
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not addresses:
        raise Refused(f"{target.host} cannot be found.")
    if not all(map(is_allowed, addresses)):
        where = "on this machine or its link" if settings.WEBHOOK_PRIVATE else "in a private network"
        raise Refused(f"{target.host} lies {where}, where webhooks do not go.")
    return addresses[0]


def connect(target: Target) -> http.client.HTTPConnection:
    """A connection to the target's address as it was judged; the name is only spoken in Host and TLS."""
    address = resolve(target)
    sock = socket.create_connection((address, target.port), timeout=CONNECT_S)
    if target.scheme == "https":
        try:
            sock = ssl.create_default_context().wrap_socket(sock, server_hostname=target.host)
        except Exception:
            sock.close()
            raise
    link = http.client.HTTPConnection(target.host, target.port, timeout=CONNECT_S)
    link.sock = sock
    if target.scheme == "https":
        link.default_port = 443  # type: ignore[misc]  (no port in the Host header where it is the usual one)
    return link
