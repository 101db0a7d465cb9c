"""The installation's own Redis: private, found again, recovered, and clear about what is wrong."""

import os
import signal
import stat
from pathlib import Path

import pytest
import redis as redis_client

from facsweb.processes import redis_server
from facsweb.processes.redis_server import RedisServer, RedisServerError


def test_private_socket_no_port(tmp_path):
    with RedisServer(tmp_path) as server:
        client = redis_client.Redis.from_url(server.url)
        assert client.ping()
        assert client.config_get("port") == {"port": "0"}
        assert client.config_get("appendonly") == {"appendonly": "yes"}
        assert stat.S_IMODE(server.socket.parent.stat().st_mode) == 0o700
    assert not server.socket.exists()


def test_running_server_is_used_and_left(tmp_path):
    with RedisServer(tmp_path) as first:
        with RedisServer(tmp_path) as second:
            assert second.process is None
            assert second.running()
        assert first.answers()


def test_server_that_is_slow_to_answer_is_waited_for(tmp_path, monkeypatch):
    """On a busy machine, or while it reads its data: a second one beside it would write into the same file."""
    real = RedisServer.answers

    def then_awake(server):
        said = real(server)
        if not said:
            os.kill(first.process.pid, signal.SIGCONT)
        return said

    with RedisServer(tmp_path) as first:
        monkeypatch.setattr(RedisServer, "answers", then_awake)
        os.kill(first.process.pid, signal.SIGSTOP)
        with RedisServer(tmp_path) as second:
            assert second.process is None
            assert second.running()
        assert first.answers()


def test_killed_server_is_recovered_with_its_data(tmp_path):
    server = RedisServer(tmp_path)
    server.start()
    redis_client.Redis.from_url(server.url).set("kept", "1")
    os.kill(server.process.pid, signal.SIGKILL)
    server.process.wait()
    assert server.socket.exists(), "the stale socket is what this test is about"
    assert not server.running()
    with server:
        server.start()
        assert redis_client.Redis.from_url(server.url).get("kept") == b"1"


def test_two_installations_do_not_meet(tmp_path):
    with RedisServer(tmp_path / "a") as a, RedisServer(tmp_path / "b") as b:
        redis_client.Redis.from_url(a.url).set("x", "1")
        assert redis_client.Redis.from_url(b.url).get("x") is None


def test_folder_of_somebody_else_is_refused(tmp_path):
    server = RedisServer(tmp_path)
    server.socket.parent.mkdir(mode=0o777)
    server.socket.parent.chmod(0o777)
    try:
        with pytest.raises(RedisServerError, match="private folder"):
            server.start()
    finally:
        server.socket.parent.rmdir()


def test_unwritable_data_folder_says_what_to_do(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    with pytest.raises(RedisServerError, match="FACSWEB_DATA"):
        RedisServer(blocked).start()


def test_server_that_cannot_start_shows_its_log(tmp_path):
    server = RedisServer(tmp_path)
    server._make_folders()
    (server.folder / "appendonly.aof").write_bytes(
        b"*3\r\n$3\r\nSET\r\nbroken in the middle, not at the end\r\n" * 3
    )
    with pytest.raises(RedisServerError, match=r"redis\.log"):
        server.start()


def test_missing_binary(monkeypatch):
    monkeypatch.setattr(redis_server.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(RedisServerError, match="REDIS_URL"):
        redis_server.binary()


def test_fixture_is_the_queue(redis, settings):
    import django_rq

    assert django_rq.get_connection("cpu").ping()
    assert Path(settings.REDIS_URL.removeprefix("unix://")).exists()
