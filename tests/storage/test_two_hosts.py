"""Two hosts, one database, one bucket: what people do on one is there on the other, and gone when it is gone."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from facsweb.recordings import acceptance, pieces, services, uploads
from facsweb.recordings.models import Recording, Upload
from facsweb.storage import bucket as objects
from facsweb.storage import cache, shelf
from facsweb.storage.models import Piece
from tests.conftest import MEDIA
from tests.factories import make_finished_run
from tests.recordings.conftest import Tus

CLIP = MEDIA / "d1_smile_6_12_then_12.mp4"


@pytest.fixture
def clip() -> bytes:
    return CLIP.read_bytes()


@pytest.fixture
def tus(client_as, participant, consent) -> Tus:
    return Tus(client_as("analyst"), participant)


def send_in_turns(tus: Tus, hosts: Any, content: bytes, number: int = 4) -> str:
    """Send a file in pieces, each to the other host; return the upload's address."""
    with hosts[0].here():
        address = tus.begin(len(content))
    step = -(-len(content) // number)
    for turn, start in enumerate(range(0, len(content), step)):
        with hosts[(turn + 1) % 2].here():
            answer = tus.patch(address, start, content[start : start + step])
            assert answer.status_code == 204, answer.content
    return address


def on_disk(host: Any) -> list[str]:
    """Files of a host's caches that hold something of anybody."""
    found: Iterator[Path] = (path for path in host.folder.rglob("*") if path.is_file())
    return sorted(str(path.relative_to(host.folder)) for path in found if cache.OWN not in path.parts)


# --- uploads ---------------------------------------------------------------------------------------------


def test_pieces_that_arrive_at_two_hosts_become_one_recording(tus, hosts, clip, keys):
    address = send_in_turns(tus, hosts, clip)
    recording = Recording.objects.get()
    assert recording.sha256 == hashlib.sha256(clip).hexdigest()
    assert keys() == [f"media/recordings/{recording.pk}/original"]
    assert not Piece.objects.exists()
    for host in hosts:
        with host.here():
            assert tus.state(address)["state"] == "finished"
            assert services.original_path(recording).read_bytes() == clip


def test_of_two_requests_with_the_same_piece_one_counts(hosts, participant, consent, people, clip, keys):
    first, second = hosts
    with first.here():
        upload = services.begin_upload(people["analyst"], participant, filename="a.mp4", length=len(clip))
    half = len(clip) // 2

    class Slow(io.BytesIO):
        """While this piece arrives, the same one comes to the other host."""

        def read(self, size: int | None = -1, /) -> bytes:
            with second.here():
                if Upload.objects.get(pk=upload.pk).offset == 0:
                    services.receive(Upload.objects.get(pk=upload.pk), 0, io.BytesIO(clip[:half]))
            return super().read(size)

    with first.here(), pytest.raises(uploads.WrongOffset, match=f"byte {half}"):
        services.receive(Upload.objects.get(pk=upload.pk), 0, Slow(clip[:half]))
    assert len(keys()) == 1
    with first.here():
        again = Upload.objects.get(pk=upload.pk)
        services.receive(again, half, io.BytesIO(clip[half:]))
        assert services.finish_upload(again).sha256 == hashlib.sha256(clip).hexdigest()


def test_a_store_that_is_away_acknowledges_nothing_and_loses_nothing(tus, hosts, store, clip):
    first, second = hosts
    half = len(clip) // 2
    with first.here():
        address = tus.begin(len(clip))
        assert tus.patch(address, 0, clip[:half]).status_code == 204
        with store.away():
            answer = tus.patch(address, half, clip[half:])
            assert answer.status_code == 503
            assert answer["Retry-After"]
            assert b"Nothing that was saved is lost" in answer.content
            assert tus.head(address)["Upload-Offset"] == str(half)
    with second.here():
        assert tus.patch(address, half, clip[half:]).status_code == 204
        assert tus.state(address)["state"] == "finished"


def test_a_death_between_bucket_and_row_is_made_good_by_the_other_host(
    hosts, participant, consent, people, clip, monkeypatch, keys
):
    first, second = hosts
    with first.here():
        upload = services.begin_upload(people["analyst"], participant, filename="a.mp4", length=len(clip))
        services.receive(upload, 0, io.BytesIO(clip))
        monkeypatch.setattr(acceptance, "_store", lambda *args: (_ for _ in ()).throw(SystemExit))
        with pytest.raises(SystemExit):
            services.finish_upload(upload)
    assert not Recording.objects.exists()
    assert f"media/recordings/{upload.pk}/original" in keys()
    monkeypatch.undo()
    with second.here():
        assert acceptance.finish_complete() == 1
        assert services.original_path(Recording.objects.get()).read_bytes() == clip
    assert keys() == [f"media/recordings/{upload.pk}/original"]


def test_a_lost_piece_is_told(hosts, participant, consent, people, clip):
    first, _ = hosts
    with first.here():
        upload = services.begin_upload(people["analyst"], participant, filename="a.mp4", length=len(clip))
        services.receive(upload, 0, io.BytesIO(clip))
        objects.remove(Piece.objects.get().name)
        with pytest.raises(uploads.Rejected, match="lost on the server"):
            services.finish_upload(upload)


def test_what_is_thrown_away_or_withdrawn_leaves_nothing(tus, hosts, clip, keys, consent):
    first, second = hosts
    with first.here():
        address = tus.begin(len(clip))
        tus.patch(address, 0, clip[:1000])
    with second.here():
        assert tus.delete(address).status_code == 204
    assert keys() == []
    with first.here():
        address = tus.begin(len(clip))
        tus.patch(address, 0, clip[:1000])
        # What a process left that died before it could count its piece:
        objects.put("uploads/0b0e7bc6-5dbb-4d8c-9f4b-7a9b5a5b3a11/0000", CLIP)
        assert uploads.clean() == (0, 1)
        assert len(keys()) == 1
    with second.here():
        uploads.reject(Upload.objects.get(), "No.")
    assert keys() == []
    assert not Piece.objects.exists()
    assert pieces.strays() == set()


# --- pages -----------------------------------------------------------------------------------------------


@pytest.fixture
def analysed(tus, hosts, clip, people) -> SimpleNamespace:
    """A recording that the first host got and analysed."""
    first, _ = hosts
    with first.here():
        tus.send(CLIP)
        recording = Recording.objects.get()
        run = make_finished_run(recording, people["analyst"])
        shelf.keep(run.folder)
    return SimpleNamespace(recording=recording, run=run)


def test_a_player_gets_ranges_from_both_hosts_under_the_same_name(hosts, analysed, client_as, clip):
    first, second = hosts
    client = client_as("analyst")
    with first.here():
        path = client.get(f"/recordings/{analysed.recording.pk}/video")["Location"]
        here = client.get(path, headers={"Range": "bytes=100-299"})
        assert b"".join(here.streaming_content) == clip[100:300]
    with second.here():
        there = client.get(path, headers={"Range": "bytes=100-299", "If-Range": here["ETag"]})
        assert (there.status_code, there["ETag"]) == (206, here["ETag"])
        assert b"".join(there.streaming_content) == clip[100:300]
        assert not second.media(f"recordings/{analysed.recording.pk}/original").exists()  # nobody waited for it
        whole = client.get(path)
        assert hashlib.sha256(b"".join(whole.streaming_content)).hexdigest() == analysed.recording.sha256
        assert client.get(path, headers={"If-None-Match": here["ETag"]}).status_code == 304


def test_results_and_pictures_of_one_host_are_shown_by_the_other(hosts, analysed, client_as):
    _, second = hosts
    client, run = client_as("analyst"), analysed.run
    with second.here():
        assert client.get(f"/runs/{run.pk}/").status_code == 200
        table = client.get(f"/runs/{run.pk}/files/events.csv")
        assert table.status_code == 200, run.files
        assert hashlib.sha256(b"".join(table.streaming_content)).hexdigest() == run.files["events.csv"]
        poster = services.poster(analysed.recording)
        assert poster is not None
    with hosts[0].here():
        assert services.poster(analysed.recording).read_bytes() == poster.read_bytes()


def test_a_page_says_that_the_store_is_away(hosts, analysed, client_as, store):
    _, second = hosts
    client = client_as("analyst")
    with second.here(), store.away():
        answer = client.get(f"/runs/{analysed.run.pk}/files/events.csv", headers={"Accept": "text/html"})
    assert answer.status_code == 503
    assert answer["Retry-After"] == "15"
    assert b"cannot be reached at the moment" in answer.content


def test_a_scorer_that_one_host_learned_is_there_on_the_other_and_goes_with_a_withdrawal(hosts, keys):
    from facsweb.learning import packages
    from facsweb.runs.services import have_scorer
    from facsweb.storage.keeper import bring_scorers

    first, second = hosts
    for host, version in ((first, "1"), (second, "2")):
        with host.here():
            draft = packages.draft(f"{version}-1")
            draft.mkdir(parents=True)
            (draft / "scorer.json").write_text('{"learned": {}}')
            (draft / "weights.npz").write_bytes(version.encode())
            packages.publish(draft, version)
    with second.here():
        assert packages.about("au-own/1") == {"learned": {}}
    with first.here():
        have_scorer("au-own/2")
        assert packages.own_versions() == ["1", "2"]
        shelf.remove(packages.folder() / "1", for_good=True)
    second.keep_once()
    with second.here():
        assert packages.own_versions() == ["2"]
        bring_scorers()
        assert packages.own_versions() == ["2"]
        assert packages.location("au-own/1") is None
    assert keys() == ["scorers/2/scorer.json", "scorers/2/weights.npz"]


def test_a_scorer_is_not_published_while_the_store_is_away(hosts, store, keys):
    from facsweb.learning import packages

    first, _ = hosts
    with first.here():
        draft = packages.draft("1-1")
        draft.mkdir(parents=True)
        (draft / "scorer.json").write_text("{}")
        with store.away(), pytest.raises(shelf.StoreAway):
            packages.publish(draft, "1")
        assert packages.own_versions() == []
        packages.publish(draft, "1")
        assert packages.own_versions() == ["1"]


def test_a_copy_for_browsers_that_one_host_makes_is_played_on_the_other(
    hosts, participant, consent, people, client_as
):
    from facsweb.recordings import proxies
    from tests.factories import make_recording

    first, second = hosts
    with first.here():
        recording = make_recording(participant, people["analyst"])
        shelf.keep(recording.original.name)
        Recording.objects.filter(pk=recording.pk).update(proxy_state=Recording.ProxyState.WAITING)
    with second.here():
        proxies.make(recording.pk)
        recording.refresh_from_db()
        assert recording.proxy_state == Recording.ProxyState.READY
        made_there = second.media(recording.proxy.name).read_bytes()
    with first.here():
        answer = client_as("analyst").get(f"/recordings/{recording.pk}/video", follow=True)
        assert b"".join(answer.streaming_content) == made_there
