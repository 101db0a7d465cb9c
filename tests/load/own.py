"""An installation of one's own for `make load` and `make chaos`: folder, database, processes, what they take."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.load.database import Postgres
from tests.programs import of_its_own, processor_s, wait_until

REPOSITORY = Path(__file__).resolve().parents[2]
MARKS = {"web": "manage.py web", "recovery": "manage.py recovery", "worker": "manage.py worker"}


class Own:
    """`manage.py serve` in a folder of its own.

    Parameters
    ----------
    workers : int
        How many analyses may run at once.
    postgres : Postgres, optional
        Instead of SQLite.
    folder : Path, optional
        The data folder; a temporary one otherwise, which is removed afterwards.
    more : dict, optional
        Further variables of its environment.
    """

    def __init__(
        self,
        workers: int,
        postgres: Postgres | None = None,
        folder: Path | None = None,
        more: dict[str, str] | None = None,
    ) -> None:
        self.workers, self.postgres, self._given = workers, postgres, folder
        self.folder = folder or Path(tempfile.mkdtemp(prefix="facsweb-load-"))
        self.env = of_its_own(self.folder) | {"FACSWEB_REQUIRE_MFA": "0", "PYTHONPATH": str(REPOSITORY)}
        self.env.pop("DJANGO_SETTINGS_MODULE", None)
        self.env.pop("PYTHONDONTWRITEBYTECODE", None)
        if postgres is not None:
            self.env["DATABASE_URL"] = postgres.url
        self.env |= more or {}
        self.said: list[str] = []
        self.port = 0
        self.process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def manage(self, *words: str) -> str:
        """What a command of `manage.py` says; raises CalledProcessError where it fails."""
        command = [sys.executable, "manage.py", *words]
        return subprocess.run(
            command, cwd=REPOSITORY, env=self.env, check=True, capture_output=True, text=True
        ).stdout

    def tell(self, *words: str, module: str = "tests.load.inside") -> Any:
        """The JSON that a program inside of the installation prints last."""
        command = [sys.executable, "-m", module, *words]
        done = subprocess.run(command, cwd=REPOSITORY, env=self.env, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"{' '.join(words)} failed:\n{done.stdout}\n{done.stderr}")
        return json.loads(done.stdout.strip().splitlines()[-1])

    def start(self) -> None:
        """Start everything; returns when it is ready."""
        command = [sys.executable, "manage.py", "serve", "--port", str(self.port), "--workers", str(self.workers)]
        command += ["--live", "0"]  # nobody is before a camera
        self.process = subprocess.Popen(
            command,
            cwd=REPOSITORY,
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        ready = threading.Event()

        def read() -> None:
            assert self.process is not None
            assert self.process.stdout is not None
            for line in self.process.stdout:
                self.said.append(line.rstrip())
                if "facsweb is ready at" in line:
                    self.port = int(line.split("facsweb is ready at ")[1].split("/")[2].rpartition(":")[2])
                    ready.set()

        threading.Thread(target=read, daemon=True).start()
        wait_until(lambda: ready.is_set() or self.process.poll() is not None, what="the installation is ready")
        if not ready.is_set():
            raise SystemExit("The installation did not start:\n" + "\n".join(self.said[-20:]))

    def stop(self) -> None:
        """Stop everything in good order; remove the folder if it was ours."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
        if self._given is None:
            shutil.rmtree(self.folder, ignore_errors=True)

    def processes(self) -> dict[int, str]:
        """Process id → part, of everything that runs here: web, reader, worker, job, recovery, redis."""
        assert self.process is not None
        parents, found = _parents(), {}
        for pid, (parent, command) in parents.items():
            if parent == self.process.pid:
                part = next((part for part, mark in MARKS.items() if mark in command), "")
                found[pid] = part or ("redis" if "redis" in command else "")
        for pid, (parent, _) in parents.items():
            if parent in found and found[parent] in ("web", "worker"):
                found[pid] = "job" if found[parent] == "worker" else "reader of uploads"
        return {pid: part for pid, part in found.items() if part}


def _parents() -> dict[int, tuple[int, str]]:
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, IndexError):
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            found[int(folder.name)] = parent, (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
    return found


@contextlib.contextmanager
def running(workers: int, database: str, more: dict[str, str] | None = None) -> Iterator[Own]:
    """A migrated installation that runs; ``database`` is ``sqlite`` or ``postgresql``."""
    with contextlib.ExitStack() as stack:
        postgres = stack.enter_context(Postgres()) if database == "postgresql" else None
        own = Own(workers, postgres, more=more)
        stack.callback(own.stop)
        prepare(own)
        own.start()
        yield own


def prepare(own: Own) -> None:
    """Tables for the installation: the lane's copy inside of the test suite, otherwise the migrations."""
    if own.postgres is None and "FACSWEB_TEST_DATA" in os.environ:
        from tests import migrated

        migrated.installation(own.folder)
    else:
        own.manage("migrate", "--verbosity", "0")


class Taken:
    """What the processes take, looked at every second: memory by part, seconds of processor by part."""

    def __init__(self, own: Own) -> None:
        self.own = own
        self.memory: dict[str, list[tuple[float, int]]] = {}
        self.processor: dict[str, float] = {}
        self._last: dict[tuple[int, bool], float] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._live, daemon=True)
        self.began = time.monotonic()

    def __enter__(self) -> Taken:
        self._thread.start()
        return self

    def __exit__(self, *ended: object) -> None:
        self._over.set()
        self._thread.join()

    def _live(self) -> None:
        while True:
            self._look()
            if self._over.wait(1.0):
                return

    def _look(self) -> None:
        now, numbered = time.monotonic() - self.began, {}
        for pid, part in sorted(self.own.processes().items()):
            with contextlib.suppress(OSError, IndexError):
                numbered[part] = numbered.get(part, 0) + 1
                name = f"{part} {numbered[part]}" if part == "worker" else part
                resident = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
                self.memory.setdefault(name, []).append((now, resident))
                if part == "job":  # too short to be looked at; its worker knows what it took when it ended
                    continue
                # What ended children took counts as jobs, or as what the web server started.
                for whose, ended in ((part, False), ("jobs" if part == "worker" else part, True)):
                    taken = processor_s(pid, ended_children=ended)
                    self.processor[whose] = (
                        self.processor.get(whose, 0.0) + taken - self._last.get((pid, ended), 0.0)
                    )
                    self._last[pid, ended] = taken
        if self.own.postgres is not None:
            with contextlib.suppress(OSError):
                self.memory.setdefault("postgresql (all, PSS)", []).append((now, self.own.postgres.rss()))

    def spans(self) -> dict[str, dict[str, float]]:
        """Megabytes by part: after the first tenth of the time, highest, and mean of the last tenth."""
        found = {}
        for part, samples in sorted(self.memory.items()):
            tenth = max(1, len(samples) // 10)
            sizes = [size / 2**20 for _, size in samples]
            last = sizes[-tenth:]
            found[part] = {"first": sizes[tenth - 1], "highest": max(sizes), "last": sum(last) / len(last)}
        return found
