"""Runs this product and another program on the same file, in turns, and compares what both take."""

from __future__ import annotations

import os
import resource
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from analysis.types import AnalysisError

_LOOK_S: Final = 0.02
_PAGE: Final = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
_PLACE: Final = "{video}"


@dataclass(frozen=True, slots=True)
class Cost:
    """What one program took, all its processes together.

    Attributes
    ----------
    wall_s, processor_s : float
        Seconds, start and loading included; the least of the repetitions.
    peak_mb : float
        Resident memory, 10⁶ bytes, looked at fifty times a second; the most of the repetitions. NaN where the
        system does not tell.
    """

    wall_s: float
    processor_s: float
    peak_mb: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two programs on one file."""

    ours: Cost
    peer: Cost
    repetitions: int

    def table(self) -> str:
        """Return the figures as text; a ratio over 1 means that the peer took more."""
        rows = (
            ("wall time, s, least", self.ours.wall_s, self.peer.wall_s),
            ("processor time, s, least", self.ours.processor_s, self.peer.processor_s),
            ("peak memory, MB, most", self.ours.peak_mb, self.peer.peak_mb),
        )
        lines = [f"{f'of {self.repetitions} runs':<26}{'facsweb':>10}{'peer':>10}{'peer/facsweb':>14}"]
        lines += [f"{name:<26}{own:>10.2f}{other:>10.2f}{other / own:>14.2f}" for name, own, other in rows]
        return "\n".join(lines)


def compare(video: Path, command: str, *, repetitions: int = 3) -> Comparison:
    """Run both programs on a file, in turns, so that both meet the same load of the machine.

    Parameters
    ----------
    video : Path
    command : str
        The peer's command line as a shell would split it; ``{video}`` stands for the file.
    repetitions : int
        At least 1.

    Raises
    ------
    AnalysisError
        The command lacks ``{video}``, is not there, or fails.
    """
    try:
        parts = shlex.split(command)
    except ValueError as error:
        raise AnalysisError(f"The other program's command line cannot be read: {error}.") from error
    if not any(_PLACE in part for part in parts):
        raise AnalysisError(f"The other program's command line must say where the file goes: {_PLACE}.")
    peer = [part.replace(_PLACE, str(video.resolve())) for part in parts]
    own, others = [], []
    with tempfile.TemporaryDirectory(prefix="facsweb-bench-") as folder:
        ours = [
            sys.executable,
            "-m",
            "analysis",
            "analyze",
            str(video.resolve()),
            "--out",
            f"{folder}/out",
            "--json",
        ]
        for _ in range(repetitions):
            others.append(_run(peer))
            own.append(_run(ours))
    return Comparison(_least(own), _least(others), repetitions)


def _least(costs: Sequence[Cost]) -> Cost:
    return Cost(
        min(cost.wall_s for cost in costs),
        min(cost.processor_s for cost in costs),
        max(cost.peak_mb for cost in costs),
    )


def _run(command: Sequence[str]) -> Cost:
    before, started = _children_s(), time.perf_counter()
    with tempfile.TemporaryFile() as said:
        try:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said)
        except OSError as error:
            raise AnalysisError(f"The program {command[0]} cannot be started: {error.strerror}.") from error
        peak = 0.0
        try:
            while process.poll() is None:
                peak = max(peak, _resident_mb(process.pid))
                time.sleep(_LOOK_S)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        wall = time.perf_counter() - started
        if process.returncode != 0:
            said.seek(0)
            last = said.read().decode(errors="replace").strip().splitlines()[-1:] or ["it said nothing"]
            raise AnalysisError(f"The program {command[0]} failed with code {process.returncode}: {last[0]}")
    return Cost(wall, _children_s() - before, peak or float("nan"))


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _resident_mb(root: int) -> float:
    """Resident memory of a process and all below it, 10⁶ bytes; 0 without ``/proc``."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended meanwhile
            continue
        parents[int(entry.parent.name)] = int(fields[1])
    found, left = set(), [root]
    while left:
        found.add(number := left.pop())
        left += [child for child, parent in parents.items() if parent == number and child not in found]
    pages = 0
    for number in found:
        try:
            pages += int(Path(f"/proc/{number}/statm").read_text().split()[1])
        except OSError:
            continue
    return pages * _PAGE / 1e6
