"""The bucket: objects by their full name, such as ``media/recordings/<id>/original``, checked on both ways.

An object carries the SHA-256 of what it holds and the time at which its file was made, so that a copy of it on any
host is known to be the same by size and time, as a browser knows it by its ETag.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from django.conf import settings
from django.core.files.storage import storages

from facsweb.storage.errors import StoreAway

if TYPE_CHECKING:
    from facsweb.storage.backend import Bucket

PIECE: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Known:
    """What the bucket says of an object."""

    size: int
    etag: str
    mtime_us: int  # when its file was made
    sha256: str

    def is_same(self, path: Path) -> bool:
        """Whether a file is a copy of the object."""
        try:
            stat = path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return False
        return path.is_file() and stat.st_size == self.size and stat.st_mtime_ns // 1000 == self.mtime_us


def store() -> Bucket:
    """The configured backend."""
    return cast("Bucket", storages["default"])


def client() -> Any:
    """Its client of boto3."""
    return store().client


def key(name: str) -> str:
    """The key of an object."""
    return f"{settings.S3_PREFIX}{name}"


def _there(name: str) -> dict[str, str]:
    return {"Bucket": store().bucket_name, "Key": key(name)}


def _answered() -> Any:
    from facsweb.storage.backend import answered  # brings boto3

    return answered()


def head(name: str) -> Known | None:
    """What is there of that name; None where there is nothing."""
    with _answered():
        try:
            said = client().head_object(**_there(name))
        except client().exceptions.ClientError as error:
            if error.response.get("Error", {}).get("Code") in ("404", "NoSuchKey", "NotFound"):
                return None
            raise
    return _known(said)


def _known(said: dict[str, Any]) -> Known:
    about = said.get("Metadata", {})
    made = about.get("mtime-us") or str(int(said["LastModified"].timestamp() * 1e6))
    return Known(said["ContentLength"], said["ETag"], int(made), about.get("sha256", ""))


def put(name: str, path: Path) -> Known:
    """Send a file, in parts where it is large; readers see the object whole or not at all.

    Raises
    ------
    StoreAway
        It was not acknowledged, or is not what was sent.
    """
    stat, sha256 = path.stat(), sha256_of(path)
    about = {"sha256": sha256, "mtime-us": str(stat.st_mtime_ns // 1000)}
    extra = {**dict(store().object_parameters), "Metadata": about}
    there = _there(name)
    with _answered():
        client().upload_file(
            str(path), there["Bucket"], there["Key"], ExtraArgs=extra, Config=store().transfer_config
        )
    found = head(name)
    if found is None or (found.size, found.sha256) != (stat.st_size, sha256):
        raise StoreAway(f"{name} is not what was sent.")
    return found


def get(name: str, path: Path) -> Known:
    """Receive an object into a file, whole and checked.

    Raises
    ------
    FileNotFoundError
        There is none.
    StoreAway
        It did not arrive whole.
    """
    there = _there(name)
    for _ in range(2):  # once more where it was replaced under our hands
        known = head(name)
        if known is None:
            raise FileNotFoundError(name)
        with _answered():
            client().download_file(there["Bucket"], there["Key"], str(path), Config=store().transfer_config)
        if path.stat().st_size == known.size and (not known.sha256 or sha256_of(path) == known.sha256):
            return known
    raise StoreAway(f"{name} arrived damaged.")


def read(name: str, start: int, stop: int, etag: str) -> Iterator[bytes]:
    """Bytes of an object from `start` up to but without `stop`, if it is still the same."""
    with _answered():
        said = client().get_object(**_there(name), Range=f"bytes={start}-{stop - 1}", IfMatch=etag)
    body = said["Body"]
    try:
        while True:
            with _answered():
                piece = body.read(PIECE // 4)
            if not piece:
                return
            yield piece
    finally:
        body.close()


def listed(name: str, *, beginning: bool = False) -> Iterator[str]:
    """Names of the object and of what lies below it as a folder; with `beginning` all that begin so."""
    pages = client().get_paginator("list_objects_v2")
    with _answered():
        for page in pages.paginate(Bucket=store().bucket_name, Prefix=key(name)):
            for one in page.get("Contents", ()):
                found = one["Key"].removeprefix(settings.S3_PREFIX)
                if beginning or found == name or found.startswith(f"{name.rstrip('/')}/"):
                    yield found


def remove(name: str, *, for_good: bool = False) -> None:
    """Remove an object and what lies below it as a folder.

    With `for_good` also what a bucket keeps of it: earlier versions, and parts of uploads that were cut off.
    """
    keys: list[dict[str, str]] = [{"Key": key(one)} for one in listed(name)]
    if for_good and is_versioned():
        keys = list(_versions(name))
    for start in range(0, len(keys), 1000):
        with _answered():
            said = client().delete_objects(
                Bucket=store().bucket_name, Delete={"Objects": keys[start : start + 1000], "Quiet": True}
            )
        if said.get("Errors"):
            raise StoreAway(f"{len(said['Errors'])} objects could not be removed: {said['Errors'][0].get('Code')}")
    if for_good:
        _abort(name)


def purge_former(name: str) -> None:
    """Remove what a versioned bucket keeps of earlier contents of an object, or of the objects of a folder."""
    if not is_versioned():
        return
    for one in listed(name):
        for version in list(_versions(one, former=True)):
            with _answered():
                client().delete_object(Bucket=store().bucket_name, **version)


def remains(name: str) -> bool:
    """Whether anything is left of a name, earlier versions included."""
    if next(listed(name), None) is not None:
        return True
    return is_versioned() and next(_versions(name), None) is not None


def _ours(found: str, name: str) -> bool:
    return found == key(name) or found.startswith(f"{key(name).rstrip('/')}/")


def _versions(name: str, *, former: bool = False) -> Iterator[dict[str, str]]:
    pages = client().get_paginator("list_object_versions")
    with _answered():
        for page in pages.paginate(Bucket=store().bucket_name, Prefix=key(name)):
            for one in [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]:
                if _ours(one["Key"], name) and not (former and one["IsLatest"]):
                    yield {"Key": one["Key"], "VersionId": one["VersionId"]}


def _abort(name: str) -> None:
    with _answered():
        said = client().list_multipart_uploads(Bucket=store().bucket_name, Prefix=key(name))
        for one in said.get("Uploads", ()):
            if _ours(one["Key"], name):
                client().abort_multipart_upload(
                    Bucket=store().bucket_name, Key=one["Key"], UploadId=one["UploadId"]
                )


def is_versioned() -> bool:
    """Whether the bucket keeps, or once kept, earlier versions of objects; asked once in a process's life."""
    return _versioned(store().bucket_name, str(store().endpoint_url))


@lru_cache(maxsize=8)
def _versioned(bucket: str, endpoint: str) -> bool:
    with _answered():
        return bool(client().get_bucket_versioning(Bucket=bucket).get("Status"))


def sha256_of(path: Path) -> str:
    """SHA-256 (hex) of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
