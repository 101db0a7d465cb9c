"""A PostgreSQL of one's own that writes as a real one does (fsync on), can be killed and started again."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

ROLE = NAME = "facsweb"


class Postgres:
    """Started on entering, gone on leaving; reached through a Unix socket."""

    def __init__(self) -> None:
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
        on_path = shutil.which("pg_ctl")
        folders = [*found, *([Path(on_path).resolve().parent] if on_path else [])]
        self.programs = next((folder for folder in folders if (folder / "initdb").exists()), None)
        if self.programs is None:
            raise SystemExit("No PostgreSQL was found. On Debian: apt-get install postgresql")
        self.folder = Path(tempfile.mkdtemp(prefix="facsweb-pg-"))
        self.data = self.folder / "data"
        self.url = f"postgresql://{ROLE}@{quote(str(self.folder), safe='')}/{NAME}"
        self._before: list[str] = []
        if os.getuid() == 0:  # it refuses to run as root
            user = pwd.getpwnam("postgres")
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            self._before = ["runuser", "-u", "postgres", "--"]

    def __enter__(self) -> Postgres:
        self._run("initdb", "-D", str(self.data), "-A", "trust", "-U", "postgres", "-E", "UTF8")
        self.start()
        # Its owner is no superuser, as docs/deploy.md has it.
        for command in (f"CREATE ROLE {ROLE} LOGIN", f"CREATE DATABASE {NAME} OWNER {ROLE}"):
            self._run("psql", "-h", str(self.folder), "-U", "postgres", "-c", command)
        return self

    def __exit__(self, *ended: object) -> None:
        with contextlib.suppress(subprocess.CalledProcessError):
            self._run("pg_ctl", "-D", str(self.data), "-w", "-m", "immediate", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self) -> None:
        """Start it, or start it again after a blow; returns when it answers."""
        options = f"-c listen_addresses='' -c unix_socket_directories='{self.folder}' -c max_connections=200"
        log = str(self.folder / "log")
        self._run("pg_ctl", "-D", str(self.data), "-w", "-t", "240", "-l", log, "-o", options, "start")

    def kill(self) -> None:
        """SIGKILL to the postmaster; its children end by themselves when they notice."""
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            postmaster = int((self.data / "postmaster.pid").read_text().split()[0])
            children = _children(postmaster)
            os.kill(postmaster, signal.SIGKILL)
            while any(Path(f"/proc/{pid}").exists() for pid in (postmaster, *children)):
                time.sleep(0.02)

    def stop_at_once(self) -> None:
        """An immediate stop: no checkpoint, every connection cut."""
        self._run("pg_ctl", "-D", str(self.data), "-w", "-m", "immediate", "stop")

    def rss(self) -> int:
        """Bytes that its processes hold, pages that they share counted once each (PSS)."""
        postmaster = int((self.data / "postmaster.pid").read_text().split()[0])
        total = 0
        for pid in (postmaster, *_children(postmaster)):
            with contextlib.suppress(OSError):
                for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                    total += int(line.split()[1]) * 1024 if line.startswith("Pss:") else 0
        return total

    def _run(self, program: str, *arguments: str) -> None:
        assert self.programs is not None
        command = [*self._before, str(self.programs / program), *arguments]
        quiet = subprocess.DEVNULL
        subprocess.run(command, cwd="/", check=True, stdin=quiet, stdout=quiet, stderr=quiet)


def _children(parent: int) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if int(path.read_text().rpartition(")")[2].split()[1]) == parent:
                found.append(int(path.parent.name))
    return found
