"""States for question 4: what each rests on, when it is withheld, and how often it was in this installation."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from django.conf import settings

from analysis.emotion.figures import DIMENSIONS, SHOWN, STATES
from analysis.emotion.files import TOLD
from analysis.emotion.parameters import parameters
from analysis.facs.combinations import GRADES, catalogue
from facsweb.about import agreement, checks
from facsweb.about.values import Column, Table, counted, listed, words
from facsweb.meaning.models import Reading
from facsweb.storage import shelf

#: Readings whose states are counted, the newest first; each has a file of some kilobytes.
MOST: Final = 200


@dataclass(frozen=True, slots=True)
class Withheld:
    """How often states had no value here.

    Attributes
    ----------
    readings, participants : int
    shares : mapping of str to float
        By state, the share of windows in which nothing was said, each face counting by its windows.
    """

    readings: int
    participants: int
    shares: dict[str, float]


def level() -> dict[str, Any]:
    """The row of the levels."""
    return {
        "level": "States",
        "n": len(STATES),
        "what": parameters().says,
        "evidence": f"That of the combinations they rest on. Supportive indicators; {listed(list(DIMENSIONS))} "
        "beside them are exploratory.",
    }


def table() -> Table:
    """Every state with what it rests on."""
    found = checks.checked(f"withheld {settings.DATABASES['default']['NAME']}", _withheld).result
    by_state = defaultdict(list)
    for one in catalogue():
        if (state := parameters().groups.get(one.group)) is not None:
            by_state[state].append(one)
    rows = []
    for state in (*SHOWN, "neutral"):
        grades = Counter(one.grade for one in by_state[state])
        rows.append(
            {
                "state": state,
                "rests": "; ".join(one.name for one in by_state[state]) or "a face that does not move",
                "grades": listed([f"{grades[grade]} {grade}" for grade in GRADES if grades[grade]]) or None,
                "withheld": found.shares.get(state),
            }
        )
    return Table(
        "states",
        "States, each a supportive indicator with a 90 % interval",
        (
            Column("state", "State"),
            Column("rests", "Rests on these combinations"),
            Column("grades", "Their evidence"),
            Column("withheld", "Withheld here", "share"),
        ),
        tuple(rows),
        f"{_rule()} {_counted(found)}",
    )


def _rule() -> str:
    """When nothing is said, from the parameters that are in force."""
    limits = parameters().abstain
    return (
        f"A state is withheld where less than {words(limits.least_evidence, 'share')} of what it rests on or less "
        f"than {words(limits.least_time, 'share')} of a window was measured, where its interval is wider than "
        f"{words(limits.widest, 'share')} of the scale, and where it cannot be told from none. Parameters "
        f"{parameters().version}."
    )


def _counted(found: Withheld) -> str:
    if not found.readings:
        return "No recording was read for states in this installation yet."
    if not found.shares:
        return (
            f"How often they were withheld is said from {agreement.LEAST} participants on; states were read of "
            f"{counted(found.participants, 'participant')}."
        )
    return (
        f"Withheld: share of windows, over {counted(found.readings, 'reading')} of "
        f"{counted(found.participants, 'participant')}."
    )


def _withheld() -> Withheld:
    done = Reading.objects.filter(state=Reading.State.SUCCEEDED).order_by("-created_at")
    latest: dict[Any, tuple[str, Any]] = {}
    for run, folder, participant in done.values_list("run", "folder", "run__recording__participant")[:MOST]:
        latest.setdefault(run, (folder, participant))
    windows: Counter[str] = Counter()
    withheld: Counter[str] = Counter()
    people, readings = set(), 0
    for folder, participant in latest.values():
        faces = _faces(shelf.bring(f"{folder}/{TOLD}"))
        if not faces:
            continue
        readings += 1
        people.add(participant)
        for face in faces:
            for state, share in face["abstained"].items():
                if share is not None:
                    windows[state] += face["windows"]
                    withheld[state] += share * face["windows"]
    enough = len(people) >= agreement.LEAST
    shares = {state: withheld[state] / number for state, number in windows.items() if number} if enough else {}
    return Withheld(readings, len(people), shares)


def _faces(path: Path) -> list[dict[str, Any]]:
    """Faces of a reading; none where consent did not cover states, or the file is gone."""
    try:
        return list(json.loads(path.read_text(encoding="utf-8"))["faces"])
    except (OSError, ValueError, KeyError):
        return []
