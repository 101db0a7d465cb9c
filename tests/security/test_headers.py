"""What every page tells the browser, walked over all of them."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from facsweb.headers import DEVICES, NOBODY, OURS
from facsweb.studies import access
from facsweb.studies.models import Membership, Role
from tests.test_access_matrix import ROUTES, World, url_of, word_of

#: Pages that draw with Plotly, which writes its own styles and a picture as an address.
PLOTS = {"agreement:study", "meaning:session", "meaning:compare"}
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def policy(response: Any) -> dict[str, list[str]]:
    found = {}
    for part in response["Content-Security-Policy"].split(";"):
        name, *sources = part.split()
        found[name] = sources
    return found


@pytest.fixture
def everywhere(people, participant, consent) -> Client:
    """Somebody who may open every page: every role, and staff."""
    everybody = people["staff"]
    Membership.objects.bulk_create(Membership(study=participant.study, user=everybody, role=role) for role in Role)
    client = Client()
    client.force_login(everybody, backend=BACKEND)
    return client


def assert_closed(page: str, response: Any) -> None:
    said = policy(response)
    closed = {"default-src", "object-src", "base-uri", "frame-src", "frame-ancestors"}
    assert {name: said[name] for name in closed} == {name: ["'none'"] for name in closed}, page
    assert said["script-src"] == said["connect-src"] == said["form-action"] == ["'self'"], page
    loose = ["'self'", "'unsafe-inline'"] if page in PLOTS else ["'self'"]
    assert said["style-src"] == loose, page
    assert set(said["img-src"]) <= ({"'self'", "data:", "blob:"} if page in PLOTS else {"'self'", "data:"}), page
    assert response["X-Content-Type-Options"] == "nosniff", page
    assert response["X-Frame-Options"] == "DENY", page
    # A participant's address is their key: its pages name no more than the site, to other pages of ours too.
    allowed = {"same-origin", "strict-origin"} if page in access.BY_LINK else {"same-origin"}
    assert response["Referrer-Policy"] in allowed, page
    assert response["Cross-Origin-Opener-Policy"] == "same-origin", page
    assert response["Cross-Origin-Resource-Policy"] == "same-origin", page
    assert response["Cross-Origin-Embedder-Policy"] == "require-corp", page
    permitted = dict(part.strip().split("=") for part in response["Permissions-Policy"].split(","))
    asked = dict.fromkeys(DEVICES.get(page, ()), "(self)")
    assert permitted == {**dict.fromkeys(OURS, "(self)"), **dict.fromkeys(NOBODY, "()"), **asked}, page


def answered(client: Client, people: Any, participant: Any, consent: Any) -> Iterator[tuple[str, Any]]:
    """Every page but the public ones, and what it answers; pages about one kind of object share one."""

    def shared(page: str) -> str:
        return word_of(page) or page

    pages = sorted({*ROUTES} - access.PUBLIC, key=lambda page: (shared(page), page))
    for _, about_one in itertools.groupby(pages, key=shared):
        world = World(people, participant, consent)
        world.object = functools.cache(world.object)  # type: ignore[method-assign]
        with transaction.atomic():  # some objects cannot stand beside those of other kinds
            for page in about_one:
                url, _ = url_of(page, world)
                with transaction.atomic():
                    response = client.get(url)
                    if response.streaming:
                        b"".join(response.streaming_content)
                    transaction.set_rollback(True)
                yield page, response
            transaction.set_rollback(True)


@pytest.mark.once  # of headers; tests/test_access_matrix.py opens every page on both databases
def test_headers_of_every_page(everywhere, people, participant, consent, capsys):
    seen, kept = 0, {}
    for page, response in list(answered(everywhere, people, participant, consent)):
        assert response.status_code < 500, page
        assert_closed(page, response)
        if "Location" not in response:
            cache = response.get("Cache-Control", "")
            if "no-store" not in cache:
                kept[page] = cache
            if response.get("Content-Type", "").startswith("text/html"):
                assert "no-store" in cache, page
        seen += 1
    # What may stay in the browser says for how long, and is for this person alone. Nothing of it is a page.
    assert all("private" in cache for cache in kept.values()), kept
    assert seen > 100
    with capsys.disabled():
        print(f"\nheaders: {seen} addresses; kept by browsers: {kept}")


def test_headers_of_what_is_not_a_page(client, everywhere, people):
    for page, response in (
        ("nobody", client.get(reverse("account_login"))),
        ("health", client.get(reverse("health"))),
        ("verify", client.get(reverse("verify"))),
        ("missing", everywhere.get("/there/is/no/such/page")),
        ("refused", everywhere.post(reverse("home"))),
    ):
        assert_closed(page, response)
    assert everywhere.get("/there/is/no/such/page")["Cache-Control"] == "private, no-store"


def test_page_of_nobody_may_be_kept_and_page_of_somebody_not(client, everywhere):
    assert "no-store" in everywhere.get(reverse("home"))["Cache-Control"]
    assert "no-store" not in client.get(reverse("favicon")).get("Cache-Control", "")


def test_device_is_asked_for_nothing():
    """One page uses a camera and a microphone and keeps the screen lit; none asks for a place."""
    assert {"live:page": frozenset({"camera", "microphone", "screen-wake-lock"})} == DEVICES
    for name in ("camera", "microphone", "geolocation", "display-capture", "usb", "payment"):
        assert name in NOBODY
