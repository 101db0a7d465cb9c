"""Addresses that no webhook may have, however they are written."""

from __future__ import annotations

import socket

import pytest

from facsweb.api import addresses

PRIVATE = [
    *("127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"),  # noqa: S104
    *(
        "::1",
        "fe80::1",
        "fc00::1",
        "fec0::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
    ),
    *("224.0.0.1", "255.255.255.255", "240.0.0.1", "::", "ff02::1", "198.18.0.1", "192.0.2.1"),
]


@pytest.mark.parametrize("address", PRIVATE)
def test_addresses_of_private_networks_are_refused(address):
    assert not addresses.is_public(address)
    host = f"[{address}]" if ":" in address else address
    with pytest.raises(addresses.Refused, match="private network"):
        addresses.resolve(addresses.parse(f"https://{host}/"))


@pytest.mark.parametrize("address", ["169.254.169.254", "fe80::1", "::ffff:169.254.169.254", "224.0.0.1", "::"])
def test_what_is_no_private_network_is_refused_where_those_are_allowed(address, settings):
    """The services of a cloud answer there, and nobody's own system."""
    settings.WEBHOOK_PRIVATE = True
    host = f"[{address}]" if ":" in address else address
    with pytest.raises(addresses.Refused, match="on this machine or its link"):
        addresses.resolve(addresses.parse(f"https://{host}/"))


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]"])
def test_in_production_no_webhook_goes_to_this_machine(host, settings):
    settings.WEBHOOK_PRIVATE = True
    target = addresses.parse(f"https://{host}/")
    assert addresses.resolve(target)
    settings.PRODUCTION = True
    with pytest.raises(addresses.Refused, match="on this machine"):
        addresses.resolve(target)


def test_private_networks_are_open_where_the_operator_says_so(settings):
    settings.WEBHOOK_PRIVATE = True
    for address in ("10.0.0.1", "192.168.1.1", "[fd00::1]"):
        assert addresses.resolve(addresses.parse(f"https://{address}/"))


def test_public_addresses_are_not_refused():
    assert all(map(addresses.is_public, ("1.1.1.1", "93.184.215.14", "2606:4700:4700::1111")))


@pytest.mark.parametrize("url", ["https://2130706433/", "https://0x7f.1/", "https://127.1/", "https://localhost/"])
def test_other_ways_of_writing_this_machine_are_refused_too(url):
    with pytest.raises(addresses.Refused):
        addresses.resolve(addresses.parse(url))


@pytest.mark.parametrize(
    "url",
    [
        *("http://example.org/", "ftp://example.org/", "file:///etc/passwd", "//example.org", "example.org", ""),
        *("https://user:pass@example.org/", "https:///path", "https://a b.example/", "https://example.org:99999/"),
        "https://example.org/\r\nX: y",
    ],
)
def test_what_is_no_address_for_a_webhook(url, settings):
    settings.WEBHOOK_PRIVATE = True
    with pytest.raises(addresses.Refused):
        addresses.parse(url)


def test_plain_http_goes_nowhere_in_production(settings):
    settings.WEBHOOK_PRIVATE = True
    assert addresses.parse("http://127.0.0.1:9/").port == 9
    settings.PRODUCTION = True
    with pytest.raises(addresses.Refused, match="https"):
        addresses.parse("http://127.0.0.1:9/")


def test_one_private_address_among_several_is_enough_to_refuse(monkeypatch):
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in ("1.1.1.1", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(addresses.Refused, match="private network"):
        addresses.resolve(addresses.parse("https://mixed.example/"))
