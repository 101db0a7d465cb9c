"""What is wrong with an installation, and what to do about it: ``manage.py doctor``.

It has to work where nothing else does, so what is imported before the settings load needs nothing but Python.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

OK, WARNING, FAULT = "ok", "warning", "fault"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's."""

    level: str
    about: str
    says: str
    remedy: str = ""


Check = Callable[[], Iterator[Finding]]


def ok(about: str, says: str) -> Finding:
    """Nothing to do."""
    return Finding(OK, about, says)


def warning(about: str, says: str, remedy: str) -> Finding:
    """It works, and could become trouble."""
    return Finding(WARNING, about, says, remedy)


def fault(about: str, says: str, remedy: str) -> Finding:
    """Something does not work, or is not safe."""
    return Finding(FAULT, about, says, remedy)
