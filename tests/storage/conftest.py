"""A bucket on loopback, spoken to over HTTP, and hosts that share it and the database."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest
from django.test import override_settings
from moto.server import ThreadedMotoServer

KEYS = {"aws_access_key_id": "key", "aws_secret_access_key": "secret", "region_name": "us-east-1"}


@dataclass
class Store:
    """An S3-compatible server, which can go away and come back with what it had."""

    port: int
    server: Any = None
    asking: Any = None
    connection: Any = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self.server = ThreadedMotoServer("127.0.0.1", self.port, verbose=False)
        self.server.start()

    def stop(self) -> None:
        self.server.stop()

    def client(self) -> Any:
        """The tests' own; made once, since reading what boto3 knows of S3 takes longer than most tests."""
        if self.asking is None:
            self.asking = boto3.client("s3", endpoint_url=self.address, **KEYS)
        return self.asking

    def lend(self, backend: Any) -> None:
        """Give a backend the one connection that all hosts of the tests have: they differ in their folders."""
        if self.connection is None:
            self.connection = backend.connection
        backend._connections.connection = self.connection
        backend._client = self.connection.meta.client

    @contextmanager
    def away(self) -> Iterator[None]:
        """Nobody answers at its address; what it had is there afterwards."""
        self.stop()
        try:
            yield
        finally:
            self.start()


logging.getLogger("werkzeug").setLevel(logging.ERROR)


@pytest.fixture(scope="session")
def running_store() -> Iterator[Store]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
    store = Store(port)
    store.start()
    yield store
    store.stop()


@pytest.fixture
def store(running_store, monkeypatch) -> Store:
    """The server, with a bucket of the test's own (`bucket`)."""
    from facsweb.storage import backend

    monkeypatch.setattr(backend, "TRIES", 1)  # nobody waits for what was taken away on purpose
    return running_store


@dataclass
class Host:
    """One host: its folders, and the keeper of its cache."""

    name: str
    folder: Path
    bucket: str
    store: Store
    keeper: Any = None

    def environment(self) -> dict[str, str]:
        """What an operator sets on it."""
        return {
            "FACSWEB_DATA": str(self.folder),
            "FACSWEB_S3_BUCKET": self.bucket,
            "FACSWEB_S3_PREFIX": "facs",
            "FACSWEB_S3_ENDPOINT": self.store.address,
            "FACSWEB_S3_REGION": KEYS["region_name"],
            "FACSWEB_S3_ACCESS_KEY_ID": KEYS["aws_access_key_id"],
            "FACSWEB_S3_SECRET_ACCESS_KEY": KEYS["aws_secret_access_key"],
        }

    @contextmanager
    def here(self) -> Iterator[Host]:
        """Be this host: everything done meanwhile happens on its disk."""
        from facsweb.installation import s3_options

        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.environment().items():
                patch.setenv(name, value)
            options = s3_options("facs/")
        from django.conf import settings
        from django.core.files.storage import storages

        chosen = {
            **settings.STORAGES,
            "default": {"BACKEND": "facsweb.storage.backend.Bucket", "OPTIONS": options},
        }
        with override_settings(
            S3_BUCKET=self.bucket,
            S3_PREFIX="facs/",
            S3_CACHE_BYTES=0,
            MEDIA_ROOT=self.folder / "media",
            UPLOAD_DIR=self.folder / "uploads",
            SCORERS_DIR=self.folder / "scorers",
            ANCHORS_DIR=self.folder / "anchors",
            STORAGES=chosen,
        ):
            self.store.lend(storages["default"])
            yield self

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Be this host before there was a bucket."""
        with override_settings(
            MEDIA_ROOT=self.folder / "media",
            UPLOAD_DIR=self.folder / "uploads",
            SCORERS_DIR=self.folder / "scorers",
            ANCHORS_DIR=self.folder / "anchors",
        ):
            yield

    def keep_once(self) -> None:
        """What the keeper of this host does at one round; the first begins."""
        from facsweb.storage import keeper

        with self.here():
            if self.keeper is None:
                self.keeper = keeper.Keeper()
                self.keeper.begin()
            self.keeper.round()

    def write(self, name: str, content: bytes) -> Path:
        """A file on this host alone."""
        path = self.media(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def kept(self, name: str, content: bytes) -> None:
        """A file that this host made and kept."""
        from facsweb.storage import shelf

        self.write(name, content)
        with self.here():
            shelf.keep(name)

    def media(self, name: str) -> Path:
        return self.folder / "media" / name


@pytest.fixture
def bucket(store) -> str:
    name = f"facs-{uuid4().hex[:12]}"
    store.client().create_bucket(Bucket=name)
    return name


@pytest.fixture
def keys(store, bucket) -> Callable[[], list[str]]:
    """Names of everything in the bucket, without the installation's prefix."""

    def listed() -> list[str]:
        said = store.client().list_objects_v2(Bucket=bucket)
        return [one["Key"].removeprefix("facs/") for one in said.get("Contents", ())]

    return listed


@pytest.fixture
def hosts(db, store, bucket, tmp_path) -> tuple[Host, Host]:
    """Two hosts with disks of their own, the same database and the same bucket."""
    made = tuple(Host(name, tmp_path / name, bucket, store) for name in ("first", "second"))
    for host in made:
        for folder in ("media", "uploads", "scorers"):
            (host.folder / folder).mkdir(parents=True)
    return made  # type: ignore[return-value]
