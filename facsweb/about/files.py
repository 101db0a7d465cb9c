"""Size and hash of files, read once as long as they do not change."""

from __future__ import annotations

import base64
import hashlib
from functools import cache, lru_cache
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from facsweb.recordings.files import sha256_of


def sha256(path: Path) -> str:
    """SHA-256 (hex) of a file; empty where it cannot be read."""
    try:
        stat = path.stat()
        return _sha256(path, stat.st_mtime_ns, stat.st_size)
    except OSError:
        return ""


@lru_cache(maxsize=512)
def _sha256(path: Path, _changed_ns: int, _size: int) -> str:
    return sha256_of(path)


def folder(path: Path) -> tuple[int, str]:
    """Bytes of a folder's files, and the hash of what ``sha256sum *`` prints there (sorted by name)."""
    files = sorted(one for one in path.iterdir() if one.is_file())
    said = "".join(f"{sha256(one)}  {one.name}\n" for one in files)
    return sum(one.stat().st_size for one in files), hashlib.sha256(said.encode()).hexdigest()


@cache
def wheel(name: str) -> Distribution | None:
    """An installed package's metadata, read once a process; None where it is not installed."""
    try:
        return distribution(name)
    except PackageNotFoundError:
        return None


@cache
def licence(found: Distribution) -> str:
    """Licence as the package states it; empty where it states none."""
    said = found.metadata.get("License-Expression") or found.metadata.get("License") or ""
    return str(said).strip().split("\n", 1)[0]


@cache
def recorded(found: Distribution, file: str) -> tuple[int | None, str]:
    """Size and SHA-256 (hex) of one of the package's files, from the record that its wheel carries."""
    for one in found.files or ():
        if str(one) == file and one.hash is not None:
            padded = one.hash.value + "=" * (-len(one.hash.value) % 4)
            return one.size, base64.urlsafe_b64decode(padded).hex()
    return None, ""
