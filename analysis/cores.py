"""Which cores this process may use, and how processes beside each other share them.

One measurement keeps nearly two cores busy, by threads that overlap. Several of them on all cores get into each
other's way; each with cores of its own, they do not, and what is done grows with their number.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

_SYSTEM: Final = Path("/sys")
_PROCESS: Final = Path("/proc/self")
_UNLIMITED: Final = float("inf")


def usable() -> list[int]:
    """Numbers of the cores that this thread may run on; the threads of one physical core beside each other.

    Returns
    -------
    list of int
        Empty where the system does not say.
    """
    if not hasattr(os, "sched_getaffinity"):
        return []
    return sorted(os.sched_getaffinity(0), key=lambda number: (_siblings(number), number))


def quota(system: Path = _SYSTEM, process: Path = _PROCESS) -> float:
    """How many cores' worth of time the process's control groups (cgroup 1 and 2) grant, infinite where unlimited.

    Parameters
    ----------
    system, process : Path
        Where the kernel shows the machine and the process.
    """
    least = _UNLIMITED
    with suppress(OSError):
        for line in (process / "cgroup").read_text().splitlines():
            _, kinds, name = line.split(":", 2)
            if not kinds or "cpu" in kinds.split(","):
                root = system / "fs/cgroup" / kinds
                folder = root / name.strip("/")
                # In a container the name may be the host's, which is not there; its own limit stands at the root.
                least = min(
                    [least, *(_granted(one) for one in (folder, *folder.parents) if one.is_relative_to(root))]
                )
    return least


def shares(processes: int) -> list[frozenset[int] | None]:
    """Return the cores that each of several processes keeps to: all of them, divided evenly.

    Parameters
    ----------
    processes : int
        How many work at once.

    Returns
    -------
    list of frozenset of int or None
        One for each process. None, any core, for a process that is alone, for more processes than cores, and where
        a quota grants less time than there are cores: others use these cores too, and only the kernel knows which
        is free.
    """
    cores = usable()
    count = len(cores)
    if not 1 < processes <= count or quota() < count:
        return [None] * processes
    return [
        frozenset(cores[number * count // processes : (number + 1) * count // processes])
        for number in range(processes)
    ]


@contextmanager
def starting_on(cores: frozenset[int] | None) -> Iterator[None]:
    """Processes that this thread starts inside keep to these cores, with all their threads; None: to any."""
    if cores is None:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def kept_on(cores: frozenset[int] | None) -> Iterator[None]:
    """Keep every thread of this process on these cores inside: libraries start theirs when they are imported."""
    if cores is None:
        yield
        return
    before = os.sched_getaffinity(0)
    _keep_all(cores)
    try:
        yield
    finally:
        _keep_all(before)


def _keep_all(cores: frozenset[int] | set[int]) -> None:
    for thread in (_PROCESS / "task").iterdir():
        with suppress(ProcessLookupError):  # it has just ended
            os.sched_setaffinity(int(thread.name), cores)


def _siblings(number: int) -> int:
    """Lowest number among the threads of a core's physical core."""
    told = _SYSTEM / f"devices/system/cpu/cpu{number}/topology/thread_siblings_list"
    try:
        return int(told.read_text().replace("-", ",").split(",")[0])
    except (OSError, ValueError):
        return number


def _granted(folder: Path) -> float:
    """Cores' worth of time that one control group grants."""
    try:
        if (both := folder / "cpu.max").is_file():
            most, period = both.read_text().split()
        else:
            most, period = ((folder / f"cpu.cfs_{name}_us").read_text() for name in ("quota", "period"))
        return int(most) / int(period) if int(most) > 0 else _UNLIMITED
    except (OSError, ValueError):  # no such group, or "max"
        return _UNLIMITED
