"""Everything an installation runs, started and stopped together: Redis, web server, workers, recovery.

Used by ``manage.py serve`` and, as a context manager, by whoever needs an installation that runs::

    with Installation(port=0) as running:
        requests.get(running.url)
        running.wait()

Django is not imported before something goes wrong: while it loads in the web server's process, it need not load
here too, and a start takes half the time.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final

from analysis import cores
from facsweb import installation
from facsweb.processes import child, health
from facsweb.processes.redis_server import RedisServer, RedisServerError
from facsweb.processes.told import Told

MANAGE: Final = str(installation.BASE_DIR / "manage.py")
LOOK_EVERY_S: Final = 0.25
HEALTHY_S: Final = 30.0  # a child that lived so long starts again without delay
MAX_DELAY_S: Final = 30.0
START_TIMEOUT_S: Final = 180.0
EXPLAINED: Final = 3  # exit status of a web server whose reason `check_migrations` finds


class InstallationError(Exception):
    """The installation cannot be started; the message is a sentence for a person."""


@dataclass
class Service:
    """One child process and how often it died lately."""

    name: str
    command: Sequence[str]
    pass_fds: Sequence[int] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    cores: frozenset[int] | None = None
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    delay_s: float = 0.0
    due_at: float = 0.0

    def start(self) -> None:
        with cores.starting_on(self.cores):
            self.process = child.start(
                self.command,
                env={"PYTHONUNBUFFERED": "1", **self.environment, **os.environ},
                pass_fds=self.pass_fds,
            )
        self.started_at = time.monotonic()

    def died(self) -> int | None:
        """Exit status of a process that ended by itself, once."""
        if self.process is None or (status := self.process.poll()) is None:
            return None
        child.stop(self.process)  # whatever it left in its process group
        self.process = None
        lived = time.monotonic() - self.started_at
        self.delay_s = 0.0 if lived > HEALTHY_S else min(MAX_DELAY_S, max(1.0, 2 * self.delay_s))
        self.due_at = time.monotonic() + self.delay_s
        return status


class Installation:
    """Start on entering, stop on leaving; in between, restart what dies.

    Parameters
    ----------
    host, port : str, int
        Where the web server listens; port 0 takes a free one.
    workers : int
        How many analyses may run at once.
    short : int
        How many workers there are beside them for everything but measuring and training.
    all_cores : bool
        Let each of several workers use every core. Else each keeps to its share of them: as many workers as cores
        have one each. Short ones, and a single worker, use all.
    live : int
        How many processes look at the pictures of live sessions.
    say : callable
        Receives each line for the person who started it.

    Raises
    ------
    InstallationError
        On entering: the port is in use, the data folder cannot be written, migrations are behind, or a part does
        not start. Whatever was started until then is stopped.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 8000,
        workers: int = 1,
        short: int = 0,
        all_cores: bool = False,
        live: int = 0,
        say: Callable[[str], None] = print,
    ) -> None:
        self.host, self.port, self.say = host, port, say
        self.workers, self.short, self.all_cores, self.live = workers, short, all_cores, live
        self.data_dir = installation.data_dir()
        self.redis: RedisServer | None = None
        self.services: list[Service] = []
        self.answered = False
        self._listener: socket.socket | None = None
        self._over = Told()
        self._ready = threading.Event()
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="supervisor", daemon=True)

    @property
    def url(self) -> str:
        """Address of the home page."""
        host = health.LOOPBACK.get(self.host, self.host)
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}/"

    def __enter__(self) -> Installation:
        check_folder(self.data_dir)
        self._take_port()
        self._thread.start()
        try:
            self._ready.wait()
        except BaseException:  # Ctrl-C where nobody handles it
            self.stop()
            self._thread.join()
            raise
        if self._failure is not None:
            self._thread.join()
            raise InstallationError(str(self._failure)) from self._failure
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self._thread.join()

    def stop(self) -> None:
        """Ask everything to stop; safe in a signal handler."""
        self._over.set()

    def wait(self) -> None:
        """Return when `stop` was called."""
        self._over.wait()

    # --- in the supervisor's thread: children die with the thread that made them, so one thread makes all --------

    def _run(self) -> None:
        try:
            try:
                self._start()
            except Exception as error:
                self._failure = error
                return
            finally:
                self._ready.set()
            while not self._over.wait(LOOK_EVERY_S):
                self._look()
        finally:
            self._stop_all()

    def _start(self) -> None:
        if not os.environ.get("REDIS_URL"):
            self.redis = RedisServer(self.data_dir)
            self.redis.start()
        assert self._listener is not None
        manage, listener = [sys.executable, MANAGE], self._listener.fileno()
        here = {"SITE_URL": self.url.rstrip("/")}  # printed into reports, unless the operator named another
        self.services = [
            Service("web", [*manage, "web", "--fd", str(listener)], pass_fds=[listener], environment=here),
            Service("recovery", [*manage, "recovery"], environment=here),
            *(
                Service(f"worker {number}", [*manage, *words], environment=here, cores=share)
                for number, (words, share) in enumerate(self._workers(), 1)
            ),
            *(
                Service(f"live worker {number}", [*manage, "live"], environment=here)
                for number in range(1, self.live + 1)
            ),
        ]
        web = self.services[0]
        web.start()
        self._await_web(web)
        for service in self.services[1:]:
            service.start()

    def _workers(self) -> list[tuple[list[str], frozenset[int] | None]]:
        """The command of every worker, behind ``manage.py``, and the cores that it keeps to."""
        shares = [None] * self.workers if self.all_cores else cores.shares(self.workers)
        found: list[tuple[list[str], frozenset[int] | None]] = [(["worker"], share) for share in shares]
        return found + [(["worker", "--queues", "cpu,media"], None) for _ in range(self.short)]

    def _await_web(self, web: Service) -> None:
        assert self._listener is not None
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self._over.is_set():
            if (status := web.died()) is not None:
                if status == EXPLAINED:
                    check_migrations()
                raise InstallationError(f"The web server stopped at once (status {status}); its words are above.")
            if health.answers(*self._listener.getsockname()[:2]):
                self.answered = True
                return
            if time.monotonic() > deadline:
                raise InstallationError(f"The web server did not answer within {START_TIMEOUT_S:.0f} s.")
            time.sleep(0.05)

    def _look(self) -> None:
        """Start again what died."""
        if self.redis is not None and not self.redis.running():
            self.say("redis stopped; starting it again.")
            try:
                self.redis.start()
            except RedisServerError as error:
                self.say(str(error))
                self._over.wait(2.0)
        for service in self.services:
            status = service.died()
            if status is not None:
                words = f"killed by signal {-status}" if status < 0 else f"status {status}"
                later = f" in {service.delay_s:.0f} s" if service.delay_s else ""
                self.say(f"{service.name} stopped ({words}); starting it again{later}.")
            if service.process is None and time.monotonic() >= service.due_at:
                service.start()

    def _stop_all(self) -> None:
        running = [service.process for service in reversed(self.services) if service.process is not None]
        for process in running:  # all at once, so that they end beside each other
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
        for process in running:
            child.stop(process, grace_s=8.0)
        if self.redis is not None:  # last: the workers give their runs back through it
            self.redis.stop()
        if self._listener is not None:
            self._listener.close()

    # --- the port -----------------------------------------------------------------------------------------------

    def _take_port(self) -> None:
        """Listen, and learn which port 0 stands for. The socket stays ours, so that a web server that is started
        again finds it, and browsers that call in between wait instead of being turned away."""
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((self.host, self.port))
            listener.listen(512)
        except (OSError, OverflowError) as error:
            listener.close()
            raise InstallationError(
                f"Cannot listen on {self.host}, port {self.port} ({getattr(error, 'strerror', error)}). "
                "Stop the program that uses it, or choose another port: make demo PORT=8001, "
                "manage.py serve --port 8001."
            ) from error
        self.port = listener.getsockname()[1]
        self._listener = listener


def check_folder(folder: Path) -> None:
    """Raise InstallationError unless files can be made in the folder."""
    probe = folder / f".writable.{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise InstallationError(installation.cannot_write(folder, error)) from error


def check_migrations() -> None:
    """Raise InstallationError unless the database has the tables that this version needs."""
    import django
    from django.db import DatabaseError, connection
    from django.db.migrations.executor import MigrationExecutor

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "facsweb.settings")
    django.setup()
    try:
        executor = MigrationExecutor(connection)
        behind = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as error:
        raise InstallationError(f"The database cannot be used: {error}") from error
    finally:
        connection.close()
    if behind:
        raise InstallationError(
            f"The database is {len(behind)} migrations behind this version. Run: python manage.py migrate"
        )
