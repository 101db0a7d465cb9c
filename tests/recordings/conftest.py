"""A tus client over Django's test client, and files to send."""

from __future__ import annotations

import base64
import hashlib
import os
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from tests.conftest import MEDIA
from tests.recordings.server import MB, Server

CLIP = MEDIA / "d1_smile_6_12_then_12.mp4"
PIECE = "application/offset+octet-stream"


def b64(value: str | bytes) -> str:
    return base64.b64encode(value.encode() if isinstance(value, str) else value).decode()


@dataclass
class Tus:
    """Speaks the protocol for one signed-in person and one participant."""

    client: Client
    participant: Any

    def create(self, length: int | str, filename: str = "Interview 1.mp4", **headers: str) -> Any:
        metadata = f"filename {b64(filename)}" + (f",{headers.pop('meta')}" if "meta" in headers else "")
        return self.client.post(
            f"/participants/{self.participant.pk}/upload/tus/",
            headers={
                "Tus-Resumable": "1.0.0",
                "Upload-Length": str(length),
                "Upload-Metadata": metadata,
                **headers,
            },
        )

    def begin(self, length: int, filename: str = "Interview 1.mp4", **headers: str) -> str:
        response = self.create(length, filename, **headers)
        assert response.status_code == 201, response.content
        return response["Location"]

    def patch(self, address: str, offset: int | str, data: bytes, **headers: str) -> Any:
        return self.client.patch(
            address,
            data,
            content_type=headers.pop("content_type", PIECE),
            headers={"Tus-Resumable": "1.0.0", "Upload-Offset": str(offset), **headers},
        )

    def head(self, address: str) -> Any:
        return self.client.head(address, headers={"Tus-Resumable": "1.0.0"})

    def delete(self, address: str) -> Any:
        return self.client.delete(address, headers={"Tus-Resumable": "1.0.0"})

    def state(self, address: str) -> Any:
        return self.client.get(address, headers={"Accept": "application/json"}).json()

    def send(self, path: Path, **headers: str) -> str:
        """Send a whole file in one piece; return the upload's address."""
        content = path.read_bytes()
        address = self.begin(len(content), path.name, **headers)
        self.patch(address, 0, content)
        return address


@pytest.fixture
def tus(client_as, participant, consent) -> Tus:
    return Tus(client_as("analyst"), participant)


@pytest.fixture
def clip() -> bytes:
    return CLIP.read_bytes()


@pytest.fixture
def clip_sha256(clip) -> str:
    return hashlib.sha256(clip).hexdigest()


@pytest.fixture
def only_video(consent):
    """The participant's consent covers video and nothing else."""
    consent.scopes = ["video"]
    consent.save()
    return consent


@pytest.fixture(scope="module")
def running_server(django_db_setup) -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


@pytest.fixture
def server(transactional_db, running_server) -> Server:
    """One for all tests of a module: it keeps nothing between requests, and starting it takes seconds."""
    return running_server


@pytest.fixture
def film(tmp_path, clip) -> Path:
    """20 MB of video: a real clip, padded as the container allows."""
    path = tmp_path / "film.mp4"
    padding = os.urandom(20 * MB - len(clip) - 8)
    path.write_bytes(clip + struct.pack(">I4s", len(padding) + 8, b"free") + padding)
    return path


@pytest.fixture
def sign_in(client_as, participant, consent) -> Callable[[], dict[str, str]]:
    """Headers of a signed-in browser."""

    def headers() -> dict[str, str]:
        client = client_as("analyst")
        client.get(f"/participants/{participant.pk}/upload/")
        cookies = {name: morsel.value for name, morsel in client.cookies.items()}
        pairs = "; ".join(f"{name}={value}" for name, value in cookies.items())
        return {"Cookie": pairs, "X-CSRFToken": cookies["csrftoken"]}

    return headers
