"""Playable copies: made when needed, once, whatever dies."""

from __future__ import annotations

import signal
from pathlib import Path

import av
import numpy as np
import pytest

from facsweb.processes import queue
from facsweb.processes.models import Ticket
from facsweb.recordings import files, proxies, services, tasks
from facsweb.recordings.models import Recording
from tests.forked import MANAGE, Forked
from tests.programs import wait_until
from tests.recordings import clips

State = Recording.ProxyState
TIMES_MS = [0, 40, 100, 300, 320, 900, 1000]  # a variable frame rate


@pytest.fixture
def phone_clip(tmp_path) -> Path:
    """What a phone held upright records: rotated in its header, variable frame rate, sound, no H.264."""
    return clips.rotate(clips.write(tmp_path / "IMG 1.mov", codec="mpeg4", times_ms=TIMES_MS, sound=True))


@pytest.fixture
def waiting(tus, phone_clip) -> Recording:
    tus.send(phone_clip)
    recording = Recording.objects.get()
    assert recording.proxy_state == State.WAITING
    return recording


def frames(path: Path) -> list[tuple[int, np.ndarray]]:
    with av.open(str(path)) as container:
        return [
            (round(frame.time * 1000), frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)
        ]


def test_a_browser_format_needs_none(tus, tmp_path):
    tus.send(clips.write(tmp_path / "a.mp4"))
    assert Recording.objects.get().proxy_state == State.NOT_NEEDED


@pytest.mark.django_db(transaction=True)
def test_the_job_is_enqueued_on_commit_with_a_deterministic_id(redis, waiting):
    assert queue.is_waiting(f"proxy-{waiting.pk}")


def test_the_proxy_is_upright_h264_with_the_same_times(waiting, client_as):
    assert (waiting.width, waiting.height) == (120, 160)  # upright
    tasks.make_proxy(str(waiting.pk))
    waiting.refresh_from_db()
    assert (waiting.proxy_state, waiting.proxy_percent) == (State.READY, 100)
    proxy = Path(waiting.proxy.path)
    with av.open(str(proxy)) as container:
        assert container.streams.video[0].codec_context.name == "h264"
        assert container.streams.audio[0].codec_context.name == "aac"
    found = frames(proxy)
    assert [ms for ms, _ in found] == pytest.approx(TIMES_MS, abs=2)
    assert found[0][1].shape == (160, 120, 3)
    # Turned clockwise, the bright block of the first frame (top left before) lies at the top right.
    bright = found[0][1][..., 1] > 150
    rows, columns = np.nonzero(bright)
    assert rows.mean() < 20
    assert columns.mean() > 60
    response = client_as("coder").get(f"/recordings/{waiting.pk}/video", follow=True)
    assert b"".join(response.streaming_content) == proxy.read_bytes()
    assert services.original_path(waiting).exists()
    assert sorted(path.name for path in proxy.parent.iterdir()) == ["original", "proxy.mp4"]


def test_making_twice_does_it_once(waiting, monkeypatch):
    from analysis import media

    tasks.make_proxy(str(waiting.pk))
    monkeypatch.setattr(media, "make_proxy", lambda *args, **kwargs: pytest.fail("made again"))
    tasks.make_proxy(str(waiting.pk))
    waiting.refresh_from_db()
    assert (waiting.proxy_state, waiting.proxy_attempts) == (State.READY, 1)


def test_two_makers_at_once(waiting):
    with files.locked(files.recording_folder(waiting.pk)):
        tasks.make_proxy(str(waiting.pk))  # somebody else is at it: nothing happens
    waiting.refresh_from_db()
    assert (waiting.proxy_state, waiting.proxy_attempts) == (State.WAITING, 0)


def test_failure_is_a_sentence_and_can_be_tried_again(waiting, client_as, django_capture_on_commit_callbacks):
    original = services.original_path(waiting)
    content = original.read_bytes()
    original.write_bytes(b"rubbish" * 100)
    tasks.make_proxy(str(waiting.pk))
    waiting.refresh_from_db()
    assert waiting.proxy_state == State.FAILED
    assert waiting.proxy_error.endswith(".")
    page = client_as("analyst").get(f"/recordings/{waiting.pk}/").content.decode()
    assert "No playable copy could be made" in page
    assert "Try again" in page
    assert client_as("coder").post(f"/recordings/{waiting.pk}/").status_code == 403
    assert client_as("stranger").post(f"/recordings/{waiting.pk}/").status_code == 404
    original.write_bytes(content)
    with django_capture_on_commit_callbacks():
        assert client_as("analyst").post(f"/recordings/{waiting.pk}/").status_code == 302
        assert client_as("analyst").post(f"/recordings/{waiting.pk}/").status_code == 302  # a double click
    waiting.refresh_from_db()
    assert (waiting.proxy_state, waiting.proxy_error) == (State.WAITING, "")
    tasks.make_proxy(str(waiting.pk))
    waiting.refresh_from_db()
    assert waiting.proxy_state == State.READY


def test_the_unexpected_becomes_a_sentence_and_reaches_the_operator(waiting, monkeypatch):
    from analysis import media

    def broken(*args, **kwargs):
        raise RuntimeError("a bug")

    monkeypatch.setattr(media, "make_proxy", broken)
    with pytest.raises(RuntimeError):
        tasks.make_proxy(str(waiting.pk))
    waiting.refresh_from_db()
    assert waiting.proxy_state == State.FAILED
    assert "a bug" not in waiting.proxy_error


def test_deleting_the_recording_stops_the_maker(waiting, monkeypatch):
    from analysis import media

    monkeypatch.setattr(proxies, "REPORT_EVERY_S", 0)
    make, folder = media.make_proxy, files.recording_folder(waiting.pk)

    def deleted_meanwhile(src, dst, *, hook, should_stop):
        Recording.objects.filter(pk=waiting.pk).delete()
        make(src, dst, hook=hook, should_stop=should_stop)

    monkeypatch.setattr(media, "make_proxy", deleted_meanwhile)
    tasks.make_proxy(str(waiting.pk))
    assert sorted(path.name for path in folder.iterdir()) == ["original"]


def test_a_file_that_kills_its_maker_is_given_up(waiting, monkeypatch):
    from analysis import media

    def killed(*args, **kwargs):
        raise SystemExit  # as far as the database can see: nothing after this line runs

    monkeypatch.setattr(media, "make_proxy", killed)
    for _ in range(proxies.MAX_ATTEMPTS):
        with pytest.raises(SystemExit):
            proxies.make(waiting.pk)
    proxies.make(waiting.pk)
    waiting.refresh_from_db()
    assert (waiting.proxy_state, waiting.proxy_error) == (State.FAILED, proxies.GIVEN_UP)


@pytest.mark.django_db(transaction=True)
def test_a_lost_job_is_put_back_once(redis, waiting):
    redis.flushall()
    assert queue.tend() == [f"proxy-{waiting.pk}"]
    assert queue.is_waiting(f"proxy-{waiting.pk}")
    assert (queue.tend(), proxies.recover()) == ([], 0)


@pytest.mark.django_db(transaction=True)
def test_a_lost_ticket_is_written_again_once(redis, waiting):
    Ticket.objects.all().delete()
    assert proxies.recover() == 1
    assert queue.is_waiting(f"proxy-{waiting.pk}")
    assert proxies.recover() == 0


@pytest.mark.django_db(transaction=True)
def test_a_killed_maker_is_replaced(redis, waiting):
    """SIGKILL in the middle: nothing half-made is shown, the next maker ends with a whole proxy."""
    script = (
        "import time\n"
        "from analysis import media; from facsweb.recordings import proxies; from uuid import UUID\n"
        "def slow(src, dst, **kwargs):\n"
        "    open(dst, 'wb').write(b'half'); time.sleep(600)\n"
        "media.make_proxy = slow\n"
        f"proxies.make(UUID('{waiting.pk}'))\n"
    )
    maker = Forked(script)
    folder = files.recording_folder(waiting.pk)

    def half() -> bool:
        return any(one.is_file() and one.read_bytes() == b"half" for one in folder.rglob("*"))

    wait_until(half, what="it is in the middle")
    redis.flushall()
    Ticket.objects.all().delete()  # as of a worker that was taken for dead
    assert proxies.recover() == 0  # its maker is alive
    waiting.refresh_from_db()
    assert waiting.proxy_state == State.MAKING
    assert services.playable(waiting) is None
    maker.send_signal(signal.SIGKILL)
    maker.wait()
    assert proxies.recover() == 1
    tasks.make_proxy(str(waiting.pk))
    waiting.refresh_from_db()
    assert waiting.proxy_state == State.READY
    assert len(frames(Path(waiting.proxy.path))) == len(TIMES_MS)
    assert sorted(path.name for path in files.recording_folder(waiting.pk).iterdir()) == ["original", "proxy.mp4"]


@pytest.mark.django_db(transaction=True)
def test_a_real_worker_makes_the_copy(redis, waiting):
    """From the queue, through the installation's own worker command, to a file that plays."""
    worker = Forked(MANAGE, "worker")

    def made() -> bool:
        waiting.refresh_from_db()
        return waiting.proxy_state == State.READY

    try:
        wait_until(made, what="the worker makes the copy")
    finally:
        worker.terminate()
        worker.wait()
    assert len(frames(Path(waiting.proxy.path))) == len(TIMES_MS)
