"""Combinations of a result folder: all of its faces, with what is known of speech; written beside the signals."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from analysis.facs.combination_model import Combination, CombinationError
from analysis.facs.combination_reading import parse_all
from analysis.facs.combinations import Found, catalogue, find, write_combinations
from analysis.facs.evidence import evidence_of_run, faces_of_run
from analysis.types import AnalysisError

#: What the analysis of the voice writes.
VOICE: Final = "voice.json"


def with_own(own: Sequence[Combination]) -> tuple[Combination, ...]:
    """The catalogue and a user's own.

    Raises
    ------
    CombinationError
        Two have the same id.
    """
    taken = {one.id for one in catalogue()}
    for one in own:
        if one.id in taken:
            raise CombinationError(f"id: {one.id!r} is taken; give your combination another one.")
        taken.add(one.id)
    return (*catalogue(), *own)


def read_own(path: Path) -> tuple[Combination, ...]:
    """A user's file of combinations.

    Raises
    ------
    AnalysisError
        It cannot be read, or one of them is wrong.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise AnalysisError(f"{path} cannot be read as text: {error}") from error
    return parse_all(text)


def read_speech(path: Path) -> tuple[tuple[int, int], ...]:
    """When somebody speaks, from ``voice.json``, microseconds.

    Raises
    ------
    AnalysisError
        It cannot be read.
    """
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        return tuple((int(part["start_us"]), int(part["end_us"])) for part in told["segments"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise AnalysisError(f"{path.name} holds no speaking segments: analyse the voice again.") from error


def combine(
    folder: Path, *, own: Sequence[Combination] = (), speech: Sequence[tuple[int, int]] | None = None
) -> list[Found]:
    """Find the combinations of all faces of a run and write ``combinations.csv``.

    Parameters
    ----------
    folder : Path
        Results of an analysis.
    own : sequence of Combination
        Looked for beside the catalogue.
    speech : sequence of (int, int), optional
        When the person speaks; taken from the folder's ``voice.json`` when left out, if there is one.

    Raises
    ------
    AnalysisError
        The folder holds no results.
    """
    wanted = with_own(own)
    if speech is None:
        speech = read_speech(folder / VOICE) if (folder / VOICE).is_file() else ()
    found: list[Found] = []
    for face in faces_of_run(folder):
        found.extend(find(evidence_of_run(folder, face), wanted, speech=speech))
    write_combinations(folder, found)
    return found
