"""What a job in the worker's child may take: memory, processor time, size of files.

A job reads recordings that people sent, so the child that does it has limits; the worker has none of it in its own
process and lives on. The limit on memory holds twice: the pulse of a run looks at what the child holds and ends it
with a sentence on the run (`why_over`), and an allocation beyond double the limit fails at once (`limit_job`).
Work without a pulse is ended by the system when its processor time is over (`limit_processor`).
"""

from __future__ import annotations

import contextlib
import os
import resource
import time
from pathlib import Path
from typing import Final

#: Megabytes of memory for one job; 0: no limit, for accelerators that reserve more than they use.
MEMORY_MB: Final = int(os.environ.get("FACSWEB_JOB_MEMORY_MB", "6144"))
#: Largest file that a job may write: results and copies are smaller than the largest upload.
FILE_BYTES: Final = 16 << 30
#: An analysis takes less than a second of processor for a second of video; slow machines and small files get more.
START_S: Final = 1800
PER_SECOND: Final = 60
TOO_MUCH: Final = (
    "Analysing this recording takes more than {} MB of memory, so it was stopped. The recording is safe. Analyse "
    "a smaller copy of it, or ask an administrator to allow more (FACSWEB_JOB_MEMORY_MB)."
)
TOO_LONG: Final = (
    "Analysing this recording took more than {} minutes of processor time, far more than its length asks for, so "
    "it was stopped. The recording is safe, but it may be damaged. Make a fresh copy of it and upload that."
)

_in_job = False


def limit_job() -> None:
    """Put the limits on this process, the child of a worker; what it starts inherits them."""
    global _in_job
    _in_job = True
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, FILE_BYTES)
    if MEMORY_MB:
        _limit(resource.RLIMIT_DATA, 2 * MEMORY_MB << 20)


def limit_processor(duration_us: int) -> None:
    """Let the system end this process after `cpu_budget_s`, if it is the child of a worker."""
    if _in_job:
        _limit(resource.RLIMIT_CPU, int(time.process_time()) + cpu_budget_s(duration_us))


def _limit(which: int, value: int) -> None:
    _, hard = resource.getrlimit(which)
    most = value if hard == resource.RLIM_INFINITY else min(value, hard)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(which, (most, most))


def resident() -> int:
    """Bytes of memory that this process holds; 0 where the system does not say."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    except OSError:
        return 0


def cpu_budget_s(duration_us: int) -> int:
    """Seconds of processor that work on a recording of that length may take."""
    return START_S + PER_SECOND * max(0, duration_us) // 1_000_000


def too_much() -> str:
    """The sentence of a job that asked for too much memory."""
    return TOO_MUCH.format(MEMORY_MB)


def why_over(duration_us: int) -> str:
    """Why this process must end now, as a sentence for a person; empty while it keeps its limits."""
    if MEMORY_MB and resident() > MEMORY_MB << 20:
        return too_much()
    budget = cpu_budget_s(duration_us)
    return TOO_LONG.format(budget // 60) if time.process_time() > budget else ""
