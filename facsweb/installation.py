"""Where one installation keeps its things: data folder, secret key, Redis socket.

Read by the settings, so nothing here may import Django.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

BASE_DIR = Path(__file__).resolve().parent.parent


class DataFolderError(Exception):
    """The data folder cannot be used; the message is a sentence for a person."""


def data_dir() -> Path:
    """Folder of everything this installation stores; ``FACSWEB_DATA`` or ``var`` beside the code."""
    return Path(os.environ.get("FACSWEB_DATA", BASE_DIR / "var")).expanduser().resolve()


#: Settings that may hold a secret: ``NAME_FILE`` names a file with the value, as container platforms mount them.
SECRETS = (
    "SECRET_KEY",
    "SECRET_KEY_FALLBACKS",
    "DATABASE_URL",
    "REDIS_URL",
    "FACSWEB_SIGNING_P12_PASSWORD",
    "FACSWEB_PKCS11_PIN",
    "OIDC_CLIENT_SECRET",
    "EMAIL_HOST_PASSWORD",
    "FACSWEB_S3_SECRET_ACCESS_KEY",
    "FACSWEB_METRICS_TOKEN",
)


class SecretFileError(DataFolderError):
    """A file that is to hold a secret cannot be used; the message says why, without the value."""


def read_secret_files() -> None:
    """Put the content of the files that ``NAME_FILE`` names into the environment of this process, as ``NAME``.

    Raises
    ------
    SecretFileError
        Both are set, or the file cannot be read, is empty, or can be read by everybody on the machine.
    """
    for name in SECRETS:
        told = os.environ.get(f"{name}_FILE")
        if not told:
            continue
        path = Path(told).expanduser()
        try:
            mode, value = path.stat().st_mode, path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise SecretFileError(f"{name}_FILE names {path}, which cannot be read ({error}).") from error
        if os.environ.get(name, value) != value:
            raise SecretFileError(f"Both {name} and {name}_FILE are set, to different values. Remove one of them.")
        if not value:
            raise SecretFileError(f"{name}_FILE names {path}, which is empty.")
        if mode & 0o007:
            raise SecretFileError(
                f"{path} can be opened by everybody on this machine. Let only its owner read it: chmod 600."
            )
        os.environ[name] = value


def is_on(name: str, default: bool) -> bool:
    """Whether a switch of the environment is on: ``1``, ``yes``, ``true`` or ``on``; anything else is off."""
    value = os.environ.get(name, "").strip().lower()
    return value in ("1", "yes", "true", "on") if value else default


def s3_options(prefix: str) -> dict[str, Any]:
    """What django-storages is told of the bucket (`storage.backend`); for keys that are not set, boto3 looks.

    ``AWS_ENDPOINT_URL_S3``, ``AWS_REGION``, ``AWS_ACCESS_KEY_ID`` and the like hold where ours are not set.
    """
    said = {
        "bucket_name": os.environ["FACSWEB_S3_BUCKET"],
        "location": f"{prefix}media",
        "endpoint_url": os.environ.get("FACSWEB_S3_ENDPOINT") or os.environ.get("AWS_ENDPOINT_URL_S3"),
        "region_name": os.environ.get("FACSWEB_S3_REGION") or os.environ.get("AWS_REGION"),
        "access_key": os.environ.get("FACSWEB_S3_ACCESS_KEY_ID"),
        "secret_key": os.environ.get("FACSWEB_S3_SECRET_ACCESS_KEY"),
    }
    encryption, key = os.environ.get("FACSWEB_S3_ENCRYPTION"), os.environ.get("FACSWEB_S3_KMS_KEY")
    parameters = {"ServerSideEncryption": encryption, "SSEKMSKeyId": key}
    return {
        **{name: value for name, value in said.items() if value},
        "object_parameters": {name: value for name, value in parameters.items() if value},
    }


def version_of(static: Path) -> str:
    """Twelve hex digits that change with any file in a folder, and with the libraries that bring such files."""
    found = hashlib.sha256()
    for library in ("django", "django-allauth", "django-rq", "plotly"):
        found.update(f"{library} {version(library)}\n".encode())
    for path in sorted(path for path in static.rglob("*") if path.is_file()):
        content = path.read_bytes()
        found.update(f"{path.relative_to(static).as_posix()} {len(content)}\n".encode() + content)
    return found.hexdigest()[:12]


def scorers_dir(folder: Path) -> Path:
    """Folder of the installation's own scorers; ``FACSWEB_SCORERS`` or ``scorers`` in the data folder."""
    return Path(os.environ.get("FACSWEB_SCORERS") or folder / "scorers").expanduser().resolve()


def cannot_write(folder: Path, error: OSError) -> str:
    """What a person is told who gave a folder that cannot be used."""
    advice = "Make the folder writable, or set FACSWEB_DATA to one that is."
    return f"Cannot write to {folder} ({error.strerror}). {advice}"


def write_private(path: Path, content: bytes) -> None:
    """Create a file that only its owner can read; fails when it exists."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)


def secret_key(folder: Path) -> str:
    """Return this installation's secret key, made on first use and kept in a private file.

    Raises
    ------
    DataFolderError
        The folder cannot be made, written or read.
    """
    try:
        return _secret_key(folder)
    except OSError as error:
        raise DataFolderError(cannot_write(folder, error)) from error


def _secret_key(folder: Path) -> str:
    path = folder / "secret_key"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        draft = folder / f"secret_key.{os.getpid()}"
        write_private(draft, secrets.token_urlsafe(48).encode())
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)  # whole or not at all, and the first process of an installation wins
        draft.unlink()
    return path.read_text().strip()


def redis_socket(folder: Path) -> Path:
    """Path of the socket of the installation's own Redis.

    A Unix socket's path may have about 100 characters, so it cannot live in a deep data folder; the short
    name is derived from the folder, so every process of one installation finds the same server.
    """
    digest = hashlib.sha256(str(folder).encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"facsweb-{os.getuid()}-{digest}" / "redis.sock"


def redis_url(folder: Path) -> str:
    """``REDIS_URL``, or the address of the installation's own Redis."""
    return os.environ.get("REDIS_URL") or f"unix://{redis_socket(folder)}"


def redis_at_once(url: str) -> dict[str, Any]:
    """A channel layer's host at that address, which finds out within seconds that Redis is away.

    Once more at once, since a Redis that was started anew has closed what was open; nobody waits for longer, for
    everybody else in the process would wait behind them.
    """
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff

    patience = {"socket_timeout": 2.0, "socket_connect_timeout": 2.0}
    return {"address": url, "retry": Retry(NoBackoff(), 1), **patience}
