"""django-storages' S3 backend as this product uses it: private objects, short timeouts, errors in our words.

Loaded only where a bucket is configured: boto3 takes half a second to import.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.core.files.base import File
from storages.backends.s3 import S3Storage
from urllib3.exceptions import HTTPError

from facsweb.storage.errors import StoreAway

MB: Final = 1024 * 1024
CONNECT_S, READ_S, TRIES = 3, 10, 3
PARTS_FROM, PART = 32 * MB, 16 * MB  # files so large travel in parts, of so many bytes
ABSENT: Final = ("404", "NoSuchKey", "NotFound")


@contextmanager
def answered() -> Iterator[None]:
    """Say in our own words what the store answered.

    Raises
    ------
    FileNotFoundError
        It has no such object.
    StoreAway
        Everything else: it is away, slow, or refuses.
    """
    try:
        yield
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in ABSENT:
            raise FileNotFoundError(str(error)) from error
        raise StoreAway(error) from error
    except (BotoCoreError, Boto3Error, HTTPError, ConnectionError, TimeoutError) as error:
        raise StoreAway(error) from error


class Bucket(S3Storage):  # type: ignore[misc]
    """The bucket of this installation."""

    def __init__(self, **settings: Any) -> None:
        style = {"addressing_style": "path"} if settings.get("endpoint_url") else None
        settings["client_config"] = Config(
            connect_timeout=CONNECT_S,
            read_timeout=READ_S,
            retries={"total_max_attempts": TRIES, "mode": "standard"},
            signature_version="s3v4",
            s3=style,
            max_pool_connections=32,
        )
        settings["transfer_config"] = TransferConfig(
            multipart_threshold=PARTS_FROM, multipart_chunksize=PART, max_concurrency=4
        )
        super().__init__(file_overwrite=False, querystring_auth=False, default_acl=None, **settings)
        self._forget_client()
        os.register_at_fork(after_in_child=self._forget_client)

    def _forget_client(self) -> None:
        """A forked child must share neither its parent's sockets nor a lock that another thread held."""
        self._made = threading.Lock()
        self._connections = threading.local()
        self._bucket: Any = None
        self._client: Any = None

    @property
    def client(self) -> Any:
        """One client for all threads of a process."""
        with self._made:
            if self._client is None:
                self._client = self.connection.meta.client
            return self._client

    def _save(self, name: str, content: Any) -> str:
        """As everything that is kept: with its SHA-256, acknowledged, and here as well."""
        from facsweb.storage import shelf

        shelf.write(shelf.path(name), b"".join(content.chunks()))
        return name

    def exists(self, name: str) -> bool:
        assert self.client
        with answered():
            return bool(super().exists(name))

    def _open(self, name: str, mode: str = "rb") -> Any:
        """From this host's copy, so that a reader meets no error of the network in its middle."""
        from facsweb.storage import shelf

        if mode != "rb":
            raise ValueError("Files are written whole, with save().")
        return File(shelf.fetch(name).open("rb"))

    def delete(self, name: str) -> None:
        from facsweb.storage import shelf

        shelf.remove(name)
