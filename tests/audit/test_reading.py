"""Every page that shows a recording, a coding, a report or a consent leaves an entry, and few of them."""

from collections import Counter
from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from facsweb.audit import origin, reading
from facsweb.audit.models import Entry
from facsweb.studies import access, signed_links
from facsweb.studies.models import Role
from tests import postgresql
from tests import test_access_matrix as matrix
from tests.at_once import at_once
from tests.factories import make_recording

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
LOGGED = {**reading.WINDOWED, **reading.EVERY, **reading.ITSELF}


def test_every_page_of_a_study_is_logged_or_says_why_not():
    """Who adds a page to ``studies/access.py`` decides here what the log says of it."""
    lists = [reading.WINDOWED, reading.EVERY, reading.ITSELF, reading.BY_LINK, reading.CHANGES, reading.UNLOGGED]
    named = Counter(page for one in lists for page in one)
    assert {page for page, times in named.items() if times > 1} == set(), "pages that stand in two lists"
    shown = {*access.PAGES, *access.BY_LINK}
    assert shown - set(named) == set(), "pages of which audit/reading.py says nothing"
    assert set(named) - shown == set(), "pages that audit/reading.py names and that are gone"
    assert all(reading.UNLOGGED.values())


@pytest.fixture
def world(people, participant, consent):
    return matrix.World(people, participant, consent)


def opened(world, client_as, page):
    """Ask for a page as the first role that gets it."""
    url, _ = matrix.url_of(page, world)
    for role in sorted(access.PAGES[page], key=["coder", "analyst", "administrator", "manager"].index):
        before = Entry.objects.count()
        # Pictures and videos answer with their signed address first, and that is no reading yet.
        response = client_as(str(role)).get(url, follow=True)
        if response.streaming:
            b"".join(response.streaming_content)
        if response.status_code < 400:
            return response, Entry.objects.filter(number__gt=before)
    raise AssertionError(f"{page}: {response.status_code}")


@pytest.mark.parametrize("page", sorted(set(LOGGED) - access.BY_LINK))
def test_looking_at_it_leaves_an_entry(page, world, client_as):
    response, made = opened(world, client_as, page)
    assert response.status_code in (200, 206), page
    entry = made.get(action=LOGGED[page])
    assert entry.address == "127.0.0.1"
    assert entry.study_id == world.participant.study_id


@pytest.mark.parametrize("page", sorted({*reading.BY_LINK, "reports:own_copy"}))
def test_what_a_participant_opens_is_theirs_in_the_log(page, world, client_as):
    """Also on a computer where somebody of the team is signed in."""
    url, _ = matrix.url_of(page, world)
    before = Entry.objects.count()
    for client in (Client(), client_as("coder")):
        assert client.get(url).status_code == 200
    act = {**reading.BY_LINK, **reading.ITSELF}[page]
    made = list(Entry.objects.filter(number__gt=before, action=act))
    # A page within a quarter of an hour is one reading of a session; two computers are two.
    assert made
    assert {(entry.actor_id, entry.actor_label, entry.via) for entry in made} == {
        (None, "system", "participant's link")
    }
    assert {entry.study_id for entry in made} == {world.participant.study_id}
    assert client_as("coder").get(url.replace("/c/", "/c/A")).status_code == 404
    assert Entry.objects.filter(number__gt=before, action=act).count() == len(made)


@pytest.mark.parametrize("page", sorted({*reading.WINDOWED, *reading.EVERY}))
def test_no_method_gets_round_the_log(page, world, client_as):
    """A view that asks for no method answers OPTIONS as GET, without a token; then with an entry."""
    url, _ = matrix.url_of(page, world)
    role = str(sorted(access.PAGES[page])[0])
    for method in ("options", "put", "patch", "delete"):
        before = Entry.objects.count()
        answer = getattr(client_as(role), method)(url)
        entries = Entry.objects.filter(number__gt=before, action=LOGGED[page])
        assert answer.status_code >= 300 or entries.exists(), method


@pytest.mark.parametrize("page", sorted(reading.CHANGES - access.BY_LINK))
def test_what_only_changes_something_shows_nothing(page, world, client_as):
    url, _ = matrix.url_of(page, world)
    role = sorted(access.PAGES[page])[0]
    assert client_as(str(role)).get(url).status_code == 405


@pytest.fixture
def recording(participant, consent, people):
    return make_recording(participant, people["analyst"])


@pytest.fixture
def watch(recording, client_as):
    url = reverse("recordings:video", args=[recording.pk])

    def get(client, **headers):
        response = client.get(url, headers=headers, follow=True)
        if response.streaming:
            b"".join(response.streaming_content)
        return response

    return get


def watched():
    return Entry.objects.filter(action="recording.watch")


def test_a_hundred_ranges_make_one_entry(watch, client_as):
    client = client_as("coder")
    for start in range(0, 100):
        assert watch(client, range=f"bytes={start}-{start + 1}").status_code == 206
    assert watched().count() == 1


def test_another_session_address_or_quarter_of_an_hour_makes_another(watch, client_as, monkeypatch):
    client = client_as("coder")
    watch(client)
    watch(client_as("coder"))
    assert watched().count() == 2
    client.defaults["REMOTE_ADDR"] = "198.51.100.7"
    watch(client)
    watch(client)
    assert watched().count() == 3
    later = timezone.now() + reading.WINDOW + timedelta(seconds=1)
    monkeypatch.setattr("django.utils.timezone.now", lambda: later)
    watch(client)
    assert watched().count() == 4


def test_a_refusal_is_no_reading(watch, client_as, recording):
    for who in ("stranger", "manager"):
        assert watch(client_as(who)).status_code in (403, 404)
    client = client_as("coder")
    assert watch(client, range="bytes=99999999-").status_code == 416
    assert client.post(reverse("recordings:video", args=[recording.pk])).status_code == 405
    assert not watched().exists()


def signed_for(client, url):
    """The signed address that the plain one answers with; no byte of the video has left by then."""
    response = client.get(url)
    assert response.status_code == 302
    assert not watched().exists()
    return response["Location"]


def test_the_bytes_are_the_reading_and_not_the_way_to_them(client_as, recording):
    client, url = client_as("coder"), reverse("recordings:video", args=[recording.pk])
    signed = signed_for(client, url)
    for _ in range(3):
        b"".join(client.get(signed).streaming_content)
        b"".join(client.get(url, follow=True).streaming_content)
    assert watched().get().actor.email == "coder@example.org"


def test_a_signed_address_of_somebody_else_or_of_earlier_is_no_reading(client_as, recording, monkeypatch):
    client, url = client_as("coder"), reverse("recordings:video", args=[recording.pk])
    signed = signed_for(client, url)
    assert client_as("analyst").get(signed).status_code == 403
    assert client_as("coder").get(signed).status_code == 403, "the same person, signed in somewhere else"
    assert client_as("stranger").get(signed).status_code == 404
    assert Client().get(signed).status_code == 302  # to the sign-in page
    end = signed_links._now() + 2 * signed_links.STEP_S + 1
    monkeypatch.setattr(signed_links, "_now", lambda: end)
    assert client.get(signed).status_code == 403
    # A player on our page is sent on to a fresh address, which is no reading either until it is followed.
    player = {"Sec-Fetch-Dest": "video", "Sec-Fetch-Site": "same-origin"}
    fresh = client.get(signed, headers=player)
    assert fresh.status_code == 302
    assert not watched().exists()
    b"".join(client.get(fresh["Location"], headers=player).streaming_content)
    assert watched().count() == 1


@pytest.mark.django_db(transaction=True)
def test_requests_that_race_make_one_entry(people, recording):
    def look() -> None:
        with origin.acting(origin.Origin(address="192.0.2.1")):
            for _ in range(3):
                reading.once(people["coder"], "recording.watch", recording)

    at_once(look, 8)
    assert watched().count() == 1


TAKES_NO_WRITE = "SET default_transaction_read_only = on" if postgresql.asked() else "PRAGMA query_only = ON"


@pytest.mark.django_db(transaction=True)
def test_what_cannot_be_logged_is_not_shown(watch, people, recording):
    client = Client()
    client.force_login(people["coder"], backend=BACKEND)

    def read_only(ask):
        with connection.cursor() as cursor:
            cursor.execute(TAKES_NO_WRITE)  # as on a disk that is full
        try:
            return ask()
        finally:
            connection.close()

    page = read_only(lambda: client.get(reverse("recordings:detail", args=[recording.pk])))
    video = read_only(lambda: watch(client, accept="video/mp4,application/json;q=0.5"))
    assert (page.status_code, video.status_code) == (503, 503)
    assert "it cannot. Nothing was changed and nothing is lost." in page.content.decode()
    assert recording.title not in page.content.decode()
    assert video.json()["code"] == "not_logged"
    assert page["Retry-After"] == "5"
    assert not watched().exists()
    assert watch(client).status_code == 200
    assert watched().count() == 1


@pytest.mark.django_db(transaction=True)
def test_under_asgi_it_is_the_same(people, recording, monkeypatch):
    """The server is asynchronous; the entry is written there too, and missing it refuses there too."""
    import asyncio

    from django.test import AsyncClient

    async def ask():
        client = AsyncClient()
        await client.aforce_login(people["coder"], backend=BACKEND)
        first = await client.get(reverse("recordings:detail", args=[recording.pk]))
        monkeypatch.setattr(reading.services, "record", broken)
        second = await client.get(reverse("studies:participant", args=[recording.participant_id]))
        return first.status_code, second.status_code

    def broken(*_args, **_details):
        raise OperationalError("database is locked")

    assert asyncio.run(ask()) == (200, 503)
    entry = Entry.objects.get(action="recording.read")
    assert entry.actor == people["coder"]
    assert len(entry.session) == 16


def test_roles_stand_in_the_order_of_the_test():
    assert {str(role) for role in Role} == {"coder", "analyst", "administrator", "manager"}
