"""States of a face with intervals: to what share it moves as the literature lists, not what a person feels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from analysis.emotion.estimate import states
    from analysis.emotion.figures import Candidate, Episode, Level, States, Windows
    from analysis.emotion.files import read_states, write

__all__ = ["Candidate", "Episode", "Level", "States", "Windows", "read_states", "states", "write"]

_HOMES = {
    "Candidate": "figures",
    "Episode": "figures",
    "Level": "figures",
    "States": "figures",
    "Windows": "figures",
    "read_states": "files",
    "states": "estimate",
    "write": "files",
}


def __getattr__(name: str) -> Any:
    """Load what is asked for: the command line knows this package before it needs numpy."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
