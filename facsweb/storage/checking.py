"""Whether the bucket can be used as it must be: asked at the start, and by whoever checks the installation."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from django.conf import settings

from facsweb.storage import cache, shelf
from facsweb.storage.errors import StorageError

CONTENT: Final = b"facsweb looks whether it may write here\n"
LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")
#: What the store says → what to do.
REMEDIES: Final = {
    "NoSuchBucket": "Create the bucket, or correct FACSWEB_S3_BUCKET.",
    "InvalidAccessKeyId": "Correct FACSWEB_S3_ACCESS_KEY_ID; the store does not know this one.",
    "SignatureDoesNotMatch": "Correct FACSWEB_S3_SECRET_ACCESS_KEY.",
    "RequestTimeTooSkewed": "Set the clock of this machine; the store refuses requests from another time.",
    "AccessDenied": "Give the key the rights that docs/deploy.md lists under “Object storage”.",
    "403": "Give the key the rights that docs/deploy.md lists under “Object storage”.",
    "404": "Create the bucket, or correct FACSWEB_S3_BUCKET.",
    "PermanentRedirect": "Correct FACSWEB_S3_REGION: the bucket is in another one.",
}
UNREACHABLE: Final = (
    "Look whether the store runs and FACSWEB_S3_ENDPOINT is its address, and whether this machine may reach it."
)


class Fault(NamedTuple):
    """Something that is wrong, and what to do about it."""

    what: str
    remedy: str


def check() -> list[Fault]:
    """Everything that is wrong with the storage of files; empty when all is well.

    Writes, reads, lists and removes a small object, and begins an upload in parts.
    """
    found = _local()
    if shelf.is_shared():
        found += _address()
        found += _rights()
    return found


def _local() -> list[Fault]:
    found = []
    if not Path(settings.DATA_DIR).exists():
        return []  # nothing was set up yet: the doctor says so, and who only looks makes nothing
    for root in cache.roots().values():
        try:
            root.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=root):
                pass
        except OSError as error:
            advice = "Give the folder to the user that the processes run as, or set FACSWEB_DATA to another."
            found.append(Fault(f"{root} cannot be written ({error.strerror}).", advice))
    earlier = Path(settings.MEDIA_ROOT) / "recordings"
    if shelf.is_shared() and earlier.exists() and not (cache.own() / "id").exists():
        found.append(
            Fault(
                f"{settings.MEDIA_ROOT} has files from before there was a bucket.",
                "Stop the processes and send them there: manage.py storage upload",
            )
        )
    with contextlib.suppress(OSError):
        free = shutil.disk_usage(settings.MEDIA_ROOT).free
        if free < cache.KEEP_FREE:
            found.append(Fault(f"Only {free // 1024**2} MiB are free for files.", "Make room on the disk."))
    return found


def _address() -> list[Fault]:
    from facsweb.storage import bucket

    parts = urlsplit(str(bucket.store().endpoint_url or ""))
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        return [Fault("Files travel to the store in the clear.", "Use an address that begins with https://.")]
    return []


def _rights() -> list[Fault]:
    from facsweb.storage import bucket

    client, name = bucket.client(), f"media/.check/{uuid.uuid4()}"
    there = {"Bucket": bucket.store().bucket_name, "Key": bucket.key(name)}

    def parts() -> None:
        begun = client.create_multipart_upload(**there)
        client.abort_multipart_upload(**there, UploadId=begun["UploadId"])

    def write() -> None:
        with tempfile.NamedTemporaryFile() as file:
            file.write(CONTENT)
            file.flush()
            bucket.put(name, Path(file.name))

    def read() -> None:
        with tempfile.TemporaryDirectory() as folder:
            if (bucket.get(name, Path(folder) / "read"), (Path(folder) / "read").read_bytes())[1] != CONTENT:
                raise StorageError("another content")

    found = _tried("reached", lambda: client.head_bucket(Bucket=there["Bucket"]))
    if found:
        return found
    found += _tried("written to", write)
    if not found:
        found += _tried("read from", read)
    found += _tried("listed", lambda: list(bucket.listed("media/.check")))
    found += _tried("written to in parts", parts)
    found += _tried("asked whether it keeps earlier versions", bucket.is_versioned)
    found += _tried("emptied of an object for good", lambda: bucket.remove(name, for_good=True))
    return found


def _tried(what: str, act: Callable[[], Any]) -> list[Fault]:
    from facsweb.storage.backend import answered

    try:
        with answered():
            act()
    except (StorageError, FileNotFoundError) as error:
        return [Fault(f"The bucket {settings.S3_BUCKET} cannot be {what} ({_why(error)}).", _remedy(error))]
    return []


def _why(error: Exception) -> str:
    return str(getattr(error, "why", error))


def _code(error: BaseException | None) -> str:
    while error is not None:
        said = getattr(error, "response", None)
        if isinstance(said, dict):
            return str(said.get("Error", {}).get("Code", ""))
        error = error.__cause__ or error.__context__
    return ""


def _remedy(error: Exception) -> str:
    return REMEDIES.get(_code(error), UNREACHABLE)
