"""Ranges, conditions and who may watch."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from django.core.cache import cache
from django.test import AsyncClient, Client

from facsweb.audit.models import Entry
from facsweb.recordings.models import Recording
from facsweb.recordings.streaming import PIECE, Range, Unsatisfiable, parse_range
from tests.factories import make_recording


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-", (0, 100)),
        ("bytes=0-0", (0, 1)),
        ("bytes=10-19", (10, 20)),
        ("bytes=10-", (10, 100)),
        ("bytes=90-1000", (90, 100)),
        ("bytes=99-", (99, 100)),
        ("bytes=-1", (99, 100)),
        ("bytes=-100", (0, 100)),
        ("bytes=-1000", (0, 100)),
        (" Bytes = 1 - 2 ", (1, 3)),
        ("bytes=0-99999999999999999999999", (0, 100)),
        ("", None),
        ("bytes=", None),
        ("bytes=-", None),
        ("bytes=5-4", None),
        ("bytes=a-b", None),
        ("bytes=1.5-2", None),
        ("bytes=٣-٤", None),
        ("lines=0-1", None),
        ("bytes=0-1,5-6", None),
    ],
)
def test_ranges(header, expected):
    assert parse_range(header, 100) == (Range(*expected) if expected else None)


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=100-200", "bytes=-0", "bytes=99999999999999999999-"])
def test_ranges_outside_of_the_file(header):
    with pytest.raises(Unsatisfiable):
        parse_range(header, 100)


def test_ranges_of_an_empty_file():
    for header in ("bytes=0-", "bytes=-5"):
        with pytest.raises(Unsatisfiable):
            parse_range(header, 0)


@pytest.fixture
def recording(participant, people) -> Recording:
    cache.clear()
    return make_recording(participant, people["analyst"])


@pytest.fixture
def content(recording) -> bytes:
    return Path(recording.original.path).read_bytes()


@pytest.fixture
def get(client_as, recording):
    client = client_as("coder")
    return lambda **headers: client.get(f"/recordings/{recording.pk}/video", headers=headers, follow=True)


def body(response) -> bytes:
    return b"".join(response.streaming_content)


def test_the_whole_file(get, content):
    response = get()
    assert response.status_code == 200
    assert response["Content-Length"] == str(len(content))
    assert response["Content-Type"] == "video/mp4"
    assert response["Accept-Ranges"] == "bytes"
    assert response["Cache-Control"] == "private, no-cache"
    assert body(response) == content


def test_a_range(get, content):
    response = get(Range="bytes=1000-50999")
    assert response.status_code == 206
    assert response["Content-Range"] == f"bytes 1000-50999/{len(content)}"
    assert response["Content-Length"] == "50000"
    assert body(response) == content[1000:51_000]


def test_the_end_of_the_file(get, content):
    response = get(Range="bytes=-10")
    assert (response.status_code, body(response)) == (206, content[-10:])


def test_several_ranges_get_the_whole_file(get, content):
    response = get(Range="bytes=0-1,5-6")
    assert (response.status_code, body(response)) == (200, content)


def test_416_tells_the_size(get, content):
    response = get(Range=f"bytes={len(content)}-")
    assert (response.status_code, response["Content-Range"]) == (416, f"bytes */{len(content)}")


def test_head_sends_headers_only(client_as, recording, content):
    client = client_as("coder")
    signed = client.head(f"/recordings/{recording.pk}/video")["Location"]
    response = client.head(signed, headers={"Range": "bytes=0-9"})
    assert (response.status_code, response["Content-Length"]) == (200, str(len(content)))
    assert response.content == b""


def test_if_range_holds_for_the_same_file_only(get, recording, content):
    first = get()
    etag, modified = first["ETag"], first["Last-Modified"]
    assert get(**{"Range": "bytes=0-9", "If-Range": etag}).status_code == 206
    assert get(**{"Range": "bytes=0-9", "If-Range": modified}).status_code == 206
    assert get(**{"Range": "bytes=0-9", "If-Range": f"W/{etag}"}).status_code == 200
    path = Path(recording.original.path)
    path.write_bytes(content + b"x")
    assert get(**{"Range": "bytes=0-9", "If-Range": etag}).status_code == 200


def test_not_modified(get):
    etag = get()["ETag"]
    assert get(**{"If-None-Match": etag}).status_code == 304
    assert get(**{"If-None-Match": '"other"'}).status_code == 200


async def test_pieces_are_small_under_asgi(recording, people, content, transactional_db):
    client = AsyncClient()
    await client.aforce_login(people["coder"], backend="allauth.account.auth_backends.AuthenticationBackend")
    response = await client.get(f"/recordings/{recording.pk}/video", headers={"Range": "bytes=5-"}, follow=True)
    assert response.is_async
    pieces = [piece async for piece in response.streaming_content]
    assert max(map(len, pieces)) <= PIECE
    assert b"".join(pieces) == content[5:]


@pytest.mark.parametrize("page", ["video", "poster"])
@pytest.mark.parametrize(
    ("role", "status"),
    [("administrator", 200), ("analyst", 200), ("coder", 200), ("manager", 403), ("stranger", 404)],
)
def test_who_may_watch(client_as, recording, page, role, status):
    assert client_as(role).get(f"/recordings/{recording.pk}/{page}", follow=True).status_code == status
    assert Client().get(f"/recordings/{recording.pk}/{page}").status_code == 302
    assert client_as(role).post(f"/recordings/{recording.pk}/{page}").status_code == 405


def test_watching_is_logged_once_an_hour(client_as, recording, get):
    for start in range(5):
        get(Range=f"bytes={start}-{start}")
    assert Entry.objects.filter(action="recording.watch", object_id=str(recording.pk)).count() == 1
    client_as("analyst").get(f"/recordings/{recording.pk}/video", follow=True)
    assert Entry.objects.filter(action="recording.watch").count() == 2


@pytest.mark.parametrize("state", ["waiting", "making", "failed"])
def test_what_cannot_be_played_yet_is_409(get, recording, state):
    Recording.objects.filter(pk=recording.pk).update(proxy_state=state, proxy_error="It is broken.")
    response = get()
    assert response.status_code == 409
    assert response.json()["code"] == state
    assert ("It is broken." in response.json()["error"]) == (state == "failed")
    assert not Entry.objects.filter(action="recording.watch").exists()


def test_a_missing_file_is_404(get, recording):
    Path(recording.original.path).unlink()
    assert get().status_code == 404


def test_the_poster_is_a_picture_and_is_kept(client_as, recording):
    client = client_as("coder")
    response = client.get(f"/recordings/{recording.pk}/poster", follow=True)
    picture = body(response)
    assert (response["Content-Type"], picture[:3]) == ("image/jpeg", b"\xff\xd8\xff")
    Path(recording.original.path).unlink()  # now it can only come from the disk
    again = body(client.get(f"/recordings/{recording.pk}/poster", follow=True))
    assert hashlib.sha256(again).digest() == hashlib.sha256(picture).digest()


def test_no_picture_is_404(client_as, recording):
    Path(recording.original.path).write_bytes(b"no video")
    assert client_as("coder").get(f"/recordings/{recording.pk}/poster").status_code == 404
