"""Open sessions: what the list says, who ends which, and when they end by themselves."""

import json
from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from asgiref.testing import ApplicationCommunicator
from django.contrib.auth import get_user
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from facsweb.accounts import devices, sessions
from facsweb.accounts.models import OpenSession
from facsweb.audit.models import Entry
from tests.programs import PATIENCE_S

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def test_the_list_says_device_address_and_which_is_this(people, signed_in):
    elsewhere, here = signed_in("coder"), signed_in("coder")
    OpenSession.objects.filter(session_key=elsewhere.session.session_key).update(
        device=FIREFOX, address="192.0.2.7"
    )
    page = here.get(reverse("accounts:sessions")).content.decode()
    assert "Firefox on Linux" in page
    assert "192.0.2.7" in page
    assert page.count("This one") == 1
    assert page.count('name="session"') == 1  # one's own is ended by signing out


def test_an_address_that_is_not_known_is_said_so(people, signed_in):
    here = signed_in("coder")
    OpenSession.objects.update(address="::")  # a proxy on a Unix socket has none
    page = here.get(reverse("accounts:sessions")).content.decode()
    assert "From an unknown address." in page


def test_ending_one_and_all_others(people, signed_in):
    one, two, here = signed_in("coder"), signed_in("coder"), signed_in("coder")
    row = OpenSession.objects.get(session_key=one.session.session_key)
    here.post(reverse("accounts:sessions"), {"session": row.pk})
    assert [get_user(client).is_authenticated for client in (one, two, here)] == [False, True, True]
    here.post(reverse("accounts:sessions"), {})
    assert [get_user(client).is_authenticated for client in (two, here)] == [False, True]
    assert Entry.objects.filter(action="session.end", actor=people["coder"]).count() == 2


def test_nobody_ends_sessions_of_others(people, signed_in):
    victim, stranger = signed_in("coder"), signed_in("stranger")
    row = OpenSession.objects.get(session_key=victim.session.session_key)
    stranger.post(reverse("accounts:sessions"), {"session": row.pk})
    stranger.post(reverse("accounts:sessions"), {})
    assert get_user(victim).is_authenticated


def test_staff_ends_all_of_a_person(people, signed_in, client_as):
    clients = [signed_in("coder"), signed_in("coder")]
    url = reverse("accounts:change", args=[people["coder"].pk])
    said = client_as("staff").post(url, {"act": "end_sessions"}, follow=True).content.decode()
    assert "signed out everywhere" in said
    assert not any(get_user(client).is_authenticated for client in clients)
    assert Entry.objects.get(action="session.end").details == {"count": 2}


@pytest.mark.parametrize("column", ["last_seen_at", "started_at"])
def test_idle_and_old_sessions_end_with_a_sentence(people, signed_in, settings, column):
    client = signed_in("coder")
    limit = settings.SESSION_IDLE_SECONDS if column == "last_seen_at" else settings.SESSION_COOKIE_AGE
    OpenSession.objects.update(**{column: timezone.now() - timedelta(seconds=limit - 5)})
    assert client.get("/").status_code == 200
    OpenSession.objects.update(**{column: timezone.now() - timedelta(seconds=limit + 5)})
    response = client.get("/", follow=True)
    assert response.redirect_chain[0][0].startswith(reverse("account_login"))
    assert "You were signed out" in response.content.decode()
    assert not OpenSession.objects.exists()
    assert Entry.objects.filter(action="session.expire").count() == 1


def test_reading_a_page_writes_at_most_once_a_minute(people, signed_in, django_assert_num_queries):
    client = signed_in("coder")
    before = OpenSession.objects.get().last_seen_at
    client.get("/")
    assert OpenSession.objects.get().last_seen_at == before
    OpenSession.objects.update(last_seen_at=before - sessions.NOTED_EVERY * 2)
    client.get("/")
    assert OpenSession.objects.get().last_seen_at > before - sessions.NOTED_EVERY


def test_another_password_ends_other_sessions_and_keeps_this_one(people, signed_in):
    elsewhere, here = signed_in("coder"), signed_in("coder")
    new = {"password1": "seven lamps in orbit", "password2": "seven lamps in orbit"}
    here.post(reverse("account_change_password"), {"oldpassword": "correct horse battery staple", **new})
    assert get_user(here).is_authenticated
    assert not get_user(elsewhere).is_authenticated
    assert "1 device" in here.get(reverse("accounts:me")).content.decode()
    assert Entry.objects.filter(action="account.change_password").count() == 1


def test_a_generated_password_is_changed_before_anything_else(people, client_as, signed_in, client):
    url = reverse("accounts:change", args=[people["coder"].pk])
    given = signed_in("staff").post(url, {"act": "reset_password"}).context["password"]
    client.post(reverse("account_login"), {"login": "coder@example.org", "password": given})
    assert client.get("/reports/").url == reverse("account_change_password")
    new = {"password1": "seven lamps in orbit", "password2": "seven lamps in orbit"}
    done = client.post(reverse("account_change_password"), {"oldpassword": given, **new})
    assert done.url == "/reports/"
    assert client.get("/reports/").status_code == 200


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (FIREFOX, "Firefox on Linux"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1", "Safari on iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
        ("python-requests/2.32", "python-requests"),
        ("", "Unknown browser"),
    ],
)
def test_devices_in_words(line, words):
    assert devices.in_words(line) == words


class Socket(ApplicationCommunicator):
    """A browser's WebSocket through the whole application, with its session cookie."""

    def __init__(self, client: Client, path: str) -> None:
        from facsweb.asgi import application

        cookie = f"sessionid={client.cookies['sessionid'].value}".encode()
        headers = [(b"cookie", cookie), (b"origin", b"http://localhost"), (b"host", b"localhost")]
        scope = {"type": "websocket", "path": path, "headers": headers, "query_string": b"", "subprotocols": []}
        super().__init__(application, scope)


ENDINGS = {
    "signed out": lambda client, people: client.post(reverse("account_logout")),
    "ended by staff": lambda client, people: sessions.end(people["staff"], people["coder"]),
    "idle": lambda client, people: OpenSession.objects.update(last_seen_at=timezone.now() - timedelta(days=1)),
    "password changed elsewhere": lambda client, people: _another_password(people["coder"]),
}


def _another_password(user) -> None:
    user.set_password("seven lamps in orbit")
    user.save()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("how", sorted(ENDINGS))
def test_a_websocket_of_an_ended_session_closes_with_the_next_message(how, people, layer, redis, signed_in):
    from facsweb.coding import live
    from facsweb.coding.consumers import NOT_SIGNED_IN

    client = signed_in("coder")

    async def watch() -> None:
        socket = Socket(client, f"/ws/layers/{layer.pk}/")
        await socket.send_input({"type": "websocket.connect"})
        assert (await socket.receive_output(PATIENCE_S))["type"] == "websocket.accept"
        assert json.loads((await socket.receive_output(PATIENCE_S))["text"])["type"] == "hello"
        await sync_to_async(ENDINGS[how])(client, people)
        from channels.layers import get_channel_layer

        await get_channel_layer().group_send(
            live.group(layer.pk), {"type": "layer.said", "kind": "changed", "values": {}}
        )
        said = await socket.receive_output(PATIENCE_S)
        assert (said["type"], said.get("code")) == ("websocket.close", NOT_SIGNED_IN)
        await socket.send_input({"type": "websocket.disconnect", "code": 1005})
        await socket.wait(timeout=PATIENCE_S)

    async_to_sync(watch)()


@pytest.mark.django_db(transaction=True)
def test_a_websocket_is_closed_to_who_lacks_a_required_factor(required, people, layer, redis, signed_in):
    from facsweb.coding.consumers import NOT_SIGNED_IN

    client = signed_in("coder")

    async def knock() -> dict:
        socket = Socket(client, f"/ws/layers/{layer.pk}/")
        await socket.send_input({"type": "websocket.connect"})
        said = await socket.receive_output(PATIENCE_S)
        if said["type"] == "websocket.accept":  # a code can be told only after the handshake
            said = await socket.receive_output(PATIENCE_S)
        await socket.send_input({"type": "websocket.disconnect", "code": 1005})
        await socket.wait(timeout=PATIENCE_S)
        return said

    said = async_to_sync(knock)()
    assert (said["type"], said.get("code")) == ("websocket.close", NOT_SIGNED_IN)


@pytest.mark.parametrize("how", ["signed out", "ended by staff", "idle"])
def test_a_media_address_ends_with_its_session(how, people, participant, consent, signed_in):
    from tests.factories import make_recording

    recording = make_recording(participant, people["analyst"])
    plain = reverse("recordings:video", args=[recording.pk])
    client, other = signed_in("coder"), signed_in("coder")
    address = client.get(plain).url  # signed for this session
    assert client.get(address).status_code == 200
    if how == "ended by staff":
        own = OpenSession.objects.get(session_key=client.session.session_key)
        sessions.end(people["staff"], people["coder"], only=own.pk)
    else:
        ENDINGS[how](client, people)
    refused = client.get(address)
    assert refused.status_code == 302
    assert refused.url.startswith(reverse("account_login"))
    if how != "idle":  # the same person, signed in elsewhere or again: the address was the other session's
        assert other.get(address).status_code == 403
        assert signed_in("coder").get(address).status_code == 403


def test_a_websocket_opens_only_with_a_second_factor_where_one_is_needed(required, people, study, signed_in):
    client = signed_in("coder")
    store = sessions.store(client.session.session_key)
    scope = {"session": store, "user": people["coder"]}
    assert sessions.person(scope) is None
    people["coder"].memberships.all().delete()
    assert sessions.person(scope) == people["coder"]
