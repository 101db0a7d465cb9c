"""What the command line writes: lines and JSON on standard output, a progress bar on standard error."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from analysis.types import Hook, Rgb

_STAGES: Final = {
    "fetch": "Fetching the face models",
    "convert": "Converting the face models",
    "measure": "Measuring",
    "interpret": "Interpreting",
    "proxy": "Preparing the video",
    "bench": "Measuring speed",
    "validate": "Comparing with the labels",
    "read": "Reading the codings",
    "fit": "Refitting",
    "voice": "Listening",
}


def say(line: str) -> None:
    """Write a line to standard output."""
    sys.stdout.write(f"{line}\n")


def say_json(value: Any) -> None:
    """Write a value to standard output as JSON."""
    json.dump(value, sys.stdout, indent=2)
    sys.stdout.write("\n")


@contextmanager
def progress(*, quiet: bool) -> Iterator[Hook | None]:
    """Show a progress bar on standard error, one line a stage."""
    if quiet:
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description:<26}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
    bars = Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True))
    tasks: dict[str, TaskID] = {}

    def hook(stage: str, done: int, total: int | None, *, still: Rgb | None = None) -> None:
        if stage not in tasks:
            bars.start()  # not before there is something to show: it prints a line even for nothing
            tasks[stage] = bars.add_task(_STAGES.get(stage, stage), total=total)
        bars.update(tasks[stage], completed=done, total=total)

    try:
        yield hook
    finally:
        if tasks:
            bars.stop()


def positive(text: str) -> int:
    """A whole number above zero, as an option's type."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected at least 1, got {value}")
    return value
