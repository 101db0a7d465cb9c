"""A real client (tuspy) against a real server (uvicorn), with what goes wrong between them."""

from __future__ import annotations

import contextlib
import hashlib
import socket
import struct
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError, TusUploadFailed

from facsweb.recordings import files
from facsweb.recordings.models import Recording, Upload
from tests.programs import PATIENCE_S
from tests.recordings.server import MB

pytestmark = pytest.mark.django_db(transaction=True)
PIECE = 2 * MB


class Cable:
    """A connection to the server that is cut, as if pulled, after so many bytes from the client."""

    def __init__(self, port: int, cut_after: int) -> None:
        self.target, self.cut_after, self.passed = port, cut_after, 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                upstream = socket.create_connection(("127.0.0.1", self.target))
                threading.Thread(target=self._pump, args=(client, upstream, True), daemon=True).start()
                threading.Thread(target=self._pump, args=(upstream, client, False), daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket, counted: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if counted:
                    self.passed += len(data)
                    if self.passed > self.cut_after:
                        break
                target.sendall(data)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # reset, no farewell
                end.close()

    def close(self) -> None:
        self.listener.close()


def uploader(port: int, participant: Any, headers: dict[str, str], path: Path, **options: Any) -> Any:
    client = TusClient(f"http://127.0.0.1:{port}/participants/{participant.pk}/upload/tus/", headers=headers)
    options = {"chunk_size": PIECE, "metadata": {"filename": path.name}, "upload_checksum": True} | options
    return client.uploader(str(path), **options)


def assert_arrived(path: Path) -> None:
    recording = Recording.objects.get()
    expected = hashlib.sha256(path.read_bytes()).hexdigest()
    assert recording.sha256 == expected
    assert hashlib.sha256(Path(recording.original.path).read_bytes()).hexdigest() == expected


def test_a_connection_cut_at_60_percent_is_continued(server, participant, sign_in, film):
    headers, size = sign_in(), film.stat().st_size
    cable = Cable(server.port, cut_after=int(0.6 * size))
    first = uploader(cable.port, participant, headers, film)
    with pytest.raises((TusUploadFailed, TusCommunicationError)):
        first.upload()
    cable.close()
    address = first.url.replace(str(cable.port), str(server.port))
    upload = Upload.objects.get()
    assert upload.offset <= int(0.6 * size)
    assert upload.offset > int(0.6 * size) - 2 * PIECE  # a cut loses less than the piece under way
    again = uploader(server.port, participant, headers, film, url=address)
    assert again.offset == upload.offset
    again.upload()
    assert_arrived(film)


def test_a_server_killed_at_60_percent_is_continued(server, participant, sign_in, film):
    headers, size = sign_in(), film.stat().st_size
    first = uploader(server.port, participant, headers, film)
    first.upload(stop_at=int(0.6 * size))
    server.kill()
    with pytest.raises((TusUploadFailed, TusCommunicationError, requests.ConnectionError)):
        first.upload()
    server.start()
    again = uploader(server.port, participant, headers, film, url=first.url)
    assert again.offset >= int(0.6 * size)
    again.upload()
    assert_arrived(film)
    assert not files.upload_folder(Recording.objects.get().pk).exists()


def test_the_film_is_streamed_in_ranges(server, participant, sign_in, film):
    headers = sign_in()
    uploader(server.port, participant, headers, film).upload()
    recording = Recording.objects.get()
    plain = f"http://127.0.0.1:{server.port}/recordings/{recording.pk}/video"
    signed = requests.get(plain, headers=headers, timeout=PATIENCE_S, allow_redirects=False).headers["Location"]
    address = f"http://127.0.0.1:{server.port}{signed}"
    content = film.read_bytes()
    response = requests.get(address, headers=headers | {"Range": f"bytes={5 * MB}-"}, timeout=PATIENCE_S)
    assert response.status_code == 206
    assert response.content == content[5 * MB :]
    # A player that jumps closes its connection in the middle; the server goes on.
    for start in range(0, 20 * MB, MB):
        with requests.get(
            address, headers=headers | {"Range": f"bytes={start}-"}, stream=True, timeout=PATIENCE_S
        ) as cut:
            assert next(cut.iter_content(1000)) == content[start : start + 1000]
    whole = requests.get(address, headers=headers, timeout=PATIENCE_S)
    assert hashlib.sha256(whole.content).hexdigest() == recording.sha256
    assert requests.head(address, headers=headers, timeout=PATIENCE_S).headers["Content-Length"] == str(20 * MB)


@pytest.mark.parametrize("announced", [True, False])
def test_bodies_over_the_limit_are_refused_before_they_are_stored(server, announced):
    """Nobody is signed in here: without the limit, Django would write this to the disk before it looks."""
    piece = b"x" * MB

    def body() -> Iterator[bytes]:
        for _ in range(80):
            yield piece

    with contextlib.suppress(requests.ConnectionError):  # the server may hang up before everything is sent
        data = b"x" * (80 * MB) if announced else body()
        response = requests.post(f"http://127.0.0.1:{server.port}/account/login/", data=data, timeout=PATIENCE_S)
        assert response.status_code == 413
    assert requests.get(f"http://127.0.0.1:{server.port}/healthz", timeout=PATIENCE_S).ok
