"""What strikes the installation, and how long each part needs until it answers again."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import struct
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any, Final

from tests.load.own import Own
from tests.programs import wait_until

HERE: Final = Path(__file__).parent
HOURS: Final = 3600
DISK_MB: Final = 900
FULL_S: Final = 6.0
PARTS: Final = ("worker", "job", "web", "recovery", "redis")


class Clock:
    """The clock of all processes of the installation, which this one can move; PostgreSQL keeps its own."""

    def __init__(self, folder: Path) -> None:
        self.file, library = folder / "offset", folder / "clock.so"
        self.file.write_bytes(struct.pack("q", 0))
        built = subprocess.run(
            ["cc", "-shared", "-fPIC", "-O1", "-o", str(library), str(HERE / "clock.c")], capture_output=True
        )
        self.works = built.returncode == 0
        self.environment = (
            {"FACSWEB_CHAOS_CLOCK": str(self.file), "LD_PRELOAD": str(library)} if self.works else {}
        )

    def move(self, seconds: int) -> None:
        """So far from the world's, seconds."""
        with self.file.open("r+b") as file:
            file.write(struct.pack("q", seconds))


class Disk:
    """A small file system for the data folder, where this user may mount one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", str(folder)]
        self.works = os.getuid() == 0 and subprocess.run(command, capture_output=True).returncode == 0

    def fill(self) -> None:
        """Take all that is left."""
        with (self.folder / "ballast").open("wb", buffering=0) as ballast, contextlib.suppress(OSError):
            while True:
                ballast.write(bytes(1 << 20))

    def relieve(self) -> None:
        (self.folder / "ballast").unlink(missing_ok=True)

    def close(self) -> None:
        if self.works:
            subprocess.run(["umount", "-l", str(self.folder)], check=False)


class Blows:
    """Strikes in an order and at moments that one number decides."""

    def __init__(self, own: Own, clock: Clock, disk: Disk, seed: int) -> None:
        self.own, self.clock, self.disk, self.chance = own, clock, disk, random.Random(seed)
        self.struck: list[dict[str, Any]] = []
        kinds = list(PARTS)
        kinds += ["clock forward", "clock back"] if clock.works else []
        kinds += ["disk full"] if disk.works else []
        kinds += ["postgresql killed", "postgresql stopped"] if own.postgres is not None else []
        self.kinds, self._bag = kinds, []

    def next(self) -> str:
        """Every kind once in an order of chance, and again from the beginning."""
        if not self._bag:
            self._bag = self.kinds[:]
            self.chance.shuffle(self._bag)
        return self._bag.pop()

    def pause_s(self) -> float:
        return self.chance.uniform(1.0, 6.0)

    def strike(self, kind: str) -> None:
        """Do it, and wait until the web server answers with the database behind it."""
        began = time.monotonic()
        if kind in PARTS:
            hit = self._kill(kind)
        elif kind.startswith("clock"):
            hours = self.chance.uniform(1, 5) * (1 if kind == "clock forward" else -1)
            self.clock.move(round(hours * HOURS))
            hit = f"{hours:+.1f} h"
        elif kind == "disk full":
            self.disk.fill()
            time.sleep(FULL_S)
            self.disk.relieve()
            hit = f"for {FULL_S:.0f} s"
        else:
            hit = self._database(kind)
        wait_until(self.answers, what=f"the installation answers after: {kind}")
        self.struck.append({"kind": kind, "hit": hit, "back_after_s": round(time.monotonic() - began, 2)})
        print(f"  {kind:<18} {hit:<10} answers after {self.struck[-1]['back_after_s']:.1f} s", flush=True)

    def _kill(self, part: str) -> str:
        victims = [pid for pid, name in self.own.processes().items() if name == part]
        if not victims:
            return "none ran"
        victim = self.chance.choice(sorted(victims))
        with contextlib.suppress(ProcessLookupError):
            os.kill(victim, signal.SIGKILL)
        return "killed"

    def _database(self, kind: str) -> str:
        assert self.own.postgres is not None
        if kind == "postgresql killed":
            self.own.postgres.kill()
        else:
            self.own.postgres.stop_at_once()
        away = self.chance.uniform(0.2, 5.0)
        time.sleep(away)
        self.own.postgres.start()
        return f"for {away:.1f} s"

    def answers(self) -> bool:
        try:
            return urllib.request.urlopen(f"{self.own.url}/healthz", timeout=10).status == 200  # noqa: S310
        except OSError:
            return False


@contextlib.contextmanager
def grounds() -> Any:
    """A clock and a disk to strike with; gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="facsweb-chaos-"))
    disk = Disk(folder / "disk")
    try:
        yield Clock(folder), disk
    finally:
        disk.close()
        shutil.rmtree(folder, ignore_errors=True)
