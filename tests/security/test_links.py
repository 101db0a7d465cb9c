"""Pictures and videos leave only under an address that is signed for this viewer, for a while."""

from __future__ import annotations

import re

import pytest
from django.core.cache import cache
from django.test import Client

from facsweb.studies import signed_links as links
from facsweb.studies.models import Membership
from tests.factories import make_recording

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
PLAYER = {"Sec-Fetch-Dest": "video", "Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def recording(participant, people):
    cache.clear()
    return make_recording(participant, people["analyst"])


@pytest.fixture
def later(monkeypatch):
    """Let some seconds go by; until then none do."""
    began = links._now()

    def passed(seconds: float) -> None:
        monkeypatch.setattr(links, "_now", lambda: began + seconds)

    passed(0)
    return passed


def signed_for(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 302
    assert "no-store" in response["Cache-Control"]
    return response["Location"]


@pytest.mark.parametrize("page", ["video", "poster"])
def test_bytes_come_only_under_the_signed_address(client_as, recording, page):
    client = client_as("coder")
    plain = f"/recordings/{recording.pk}/{page}"
    assert not client.get(plain).streaming
    signed = signed_for(client, plain)
    assert re.fullmatch(rf"{plain}\?s=\d+\.[\w-]+", signed)
    assert client.get(signed).status_code == 200
    assert client.get(signed, headers={"Range": "bytes=0-9"}).status_code == 206


def test_copied_address_works_for_nobody_else(client_as, recording, people):
    coder = client_as("coder")
    signed = signed_for(coder, f"/recordings/{recording.pk}/video")
    for who, status in (("analyst", 403), ("manager", 403), ("stranger", 404)):
        response = client_as(who).get(signed, headers=PLAYER)
        assert (response.status_code, response.streaming) == (status, False), who
    assert Client().get(signed).status_code == 302  # to the sign-in page
    again = Client()  # the same person, signed in somewhere else
    again.force_login(people["coder"], backend=BACKEND)
    assert again.get(signed).status_code == 403
    coder.logout()
    assert coder.get(signed).status_code == 302


def test_role_is_asked_again_each_time(client_as, recording, people):
    coder = client_as("coder")
    signed = signed_for(coder, f"/recordings/{recording.pk}/video")
    Membership.objects.filter(user=people["coder"]).delete()
    assert coder.get(signed).status_code == 404


@pytest.mark.parametrize(
    "change",
    [
        lambda address: address[:-1] + ("A" if address[-1] != "A" else "B"),
        lambda address: re.sub(r"s=\d+", "s=99999999999", address),
        lambda address: re.sub(r"s=\d+", "s=", address),
        lambda address: address.split("s=")[0] + "s=x",
        lambda address: address.replace("/video", "/poster"),
        lambda address: re.sub(r"s=\d+", "s=٣٣", address),
        lambda address: address + "%00",
    ],
)
def test_changed_address_is_refused(client_as, recording, change):
    client = client_as("coder")
    signed = signed_for(client, f"/recordings/{recording.pk}/video")
    response = client.get(change(signed), headers=PLAYER)
    assert response.status_code == 403
    assert "This address has ended" in response.content.decode()


def test_address_ends_and_a_player_on_our_page_gets_another(later, client_as, recording):
    client = client_as("coder")
    signed = signed_for(client, f"/recordings/{recording.pk}/video")
    later(links.STEP_S - 1)
    assert client.get(signed).status_code == 200
    later(2 * links.STEP_S + 1)
    assert client.get(signed).status_code == 403, "pasted, found in a log or in the history"
    foreign = {"Sec-Fetch-Dest": "video", "Sec-Fetch-Site": "cross-site"}
    assert client.get(signed, headers=foreign).status_code == 403
    for hour in range(1, 9):  # watched for a day's work, in ranges, with the address that the page began with
        later(3600 * hour)
        answer = client.get(signed, headers=PLAYER | {"Range": "bytes=100-199"})
        assert answer.status_code == 302
        part = client.get(answer["Location"], headers=PLAYER | {"Range": "bytes=100-199"})
        assert (part.status_code, part["Content-Length"]) == (206, "100")


def test_address_stays_the_same_for_a_while_so_that_browsers_keep_the_bytes(client_as, recording, monkeypatch):
    client = client_as("coder")
    moment = 1_000_000 * links.STEP_S
    found = set()
    for seconds in (0, 10, links.STEP_S - 1):
        monkeypatch.setattr(links, "_now", lambda seconds=seconds: moment + seconds)
        found.add(signed_for(client, f"/recordings/{recording.pk}/video"))
    assert len(found) == 1


def test_change_of_the_secret_key_signs_nobody_out(client_as, recording, settings):
    """A former key among the fallbacks keeps sessions; Django renews them, and addresses with them."""
    client = client_as("coder")
    plain = f"/recordings/{recording.pk}/video"
    former = settings.SECRET_KEY
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another key, long enough for anybody", [former]
    assert client.get(signed_for(client, plain)).status_code == 200
    settings.SECRET_KEY_FALLBACKS = []
    assert client.get(signed_for(client, plain)).status_code == 200
    settings.SECRET_KEY = "a third key, without the one before it"
    assert client.get(plain)["Location"].startswith("/account/login/")


def test_pages_name_plain_addresses_only(client_as, recording):
    """A page that is kept or printed gives nothing away, and never holds an address that ends."""
    text = client_as("coder").get(f"/recordings/{recording.pk}/").content.decode()
    assert f"/recordings/{recording.pk}/video" in text
    assert "?s=" not in text
