"""facsweb's own programs as processes beside the tests: their environment, what the kernel knows about them."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from tests import postgresql

#: Seconds for what comes for sure: however busy the machine is, whoever waits goes on as soon as it is there.
PATIENCE_S = 240
# What the tests' settings put there, and a Redis of the machine's own, which would be used instead of started.
NOT_PASSED_ON = ("FACSWEB_TEST_DATA", "FACSWEB_SCORERS", "DATABASE_URL", "REDIS_URL")


def of_the_tests() -> dict[str, str]:
    """Environment of a program that works on the database, the files and the Redis of the tests."""
    from django.db import connection

    if postgresql.asked():
        return dict(os.environ)  # which names the tests' own database already
    return os.environ | {"DATABASE_URL": f"sqlite:///{connection.settings_dict['NAME']}"}


def of_its_own(folder: Path) -> dict[str, str]:
    """Environment of an installation in a folder of its own: a terminal's, without what the tests put there.

    Where the tests run on PostgreSQL it has a database there, an empty one unless `migrated.installation` made it.
    """
    kept = {name: value for name, value in os.environ.items() if name not in NOT_PASSED_ON}
    if socket := postgresql.asked():
        postgresql.make(socket, postgresql.name_of(folder), migrated=False)
        kept["DATABASE_URL"] = postgresql.url(socket, postgresql.name_of(folder))
    return kept | {"FACSWEB_DATA": str(folder)}


def _stat(pid: int | str) -> list[str]:
    """Fields of /proc/<pid>/stat from the state on (proc(5) counts it as the third)."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def alive(pid: int) -> bool:
    try:
        return _stat(pid)[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def processor_s(pid: int, *, ended_children: bool = False) -> float:
    """Seconds of processor that a process took, or that those of its children took that it has seen end."""
    first = 13 if ended_children else 11  # utime and stime, or cutime and cstime
    return sum(map(int, _stat(pid)[first : first + 2])) / os.sysconf("SC_CLK_TCK")


def children(parent: int) -> dict[int, str]:
    """Process id → command line of each child; from /proc, since `ps` cuts lines to COLUMNS where that is set."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            if int(_stat(folder.name)[1]) == parent:
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                found[int(folder.name)] = command
    return found


def wait_until_dead(pids: Iterable[int], timeout_s: float = 60) -> list[int]:
    """Those that still live after the time."""
    deadline = time.monotonic() + timeout_s
    while (left := [pid for pid in pids if alive(pid)]) and time.monotonic() < deadline:
        time.sleep(0.1)
    return left


def wait_until(condition: Callable[[], bool], timeout_s: float = PATIENCE_S, what: str = "") -> None:
    """Wait until something holds; fails, saying what, when the time is over."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)
