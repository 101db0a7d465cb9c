"""The table of the pictures: a row each, appended one identity at a time, so that a killed run can go on."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from analysis.facs.codes import ACTION_UNITS
from analysis.training.world.mesh import REGIONS
from analysis.training.world.types import Labels

Row = dict[str, str]
NAME = "labels.csv"
COLUMNS: tuple[str, ...] = (
    *("file", "identity", "rig", "cohort", "sex", "age", "neutral", "yaw_deg", "pitch_deg", "roll_deg"),
    *("occluder", "glasses", "hair"),
    *(f"visible_{region}" for region in REGIONS),
    *(f"AU{code}_{side}" for code in ACTION_UNITS for side in "LR"),
)


def label_cells(labels: Labels) -> Row:
    """Cells of the Action Units; a code that the rig did not report is a KeyError, never a silent zero."""
    return {f"AU{code}_{side}": f"{labels[code]['LR'.index(side)]:.3f}" for code in ACTION_UNITS for side in "LR"}


def visible_cells(shares: Mapping[str, float]) -> Row:
    """Cells of what the props leave in view."""
    return {f"visible_{region}": f"{shares[region]:.3f}" for region in REGIONS}


def read(folder: Path) -> list[Row]:
    """Rows of a table, none where there is no file yet.

    Raises
    ------
    ValueError
        The file has other columns.
    """
    path = folder / NAME
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        if tuple(reader.fieldnames or ()) != COLUMNS:
            raise ValueError(f"{path} is a table of another version")
        return [row for row in reader if None not in row.values()]


def finished(rows: Sequence[Row], pictures: int) -> set[int]:
    """Identities that have all of their `pictures`."""
    count: dict[int, int] = {}
    for row in rows:
        count[int(row["identity"])] = count.get(int(row["identity"]), 0) + 1
    return {identity for identity, number in count.items() if number >= pictures}


def start(folder: Path, pictures: int) -> set[int]:
    """Open a table for appending: drop half-written identities and return those that are complete."""
    rows = read(folder)
    complete = finished(rows, pictures)
    path, fresh = folder / NAME, folder / (NAME + ".part")
    with fresh.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(row for row in rows if int(row["identity"]) in complete)
    fresh.replace(path)
    return complete


def append(folder: Path, rows: Sequence[Row]) -> None:
    """Add an identity's rows."""
    with (folder / NAME).open("a", encoding="utf-8", newline="") as file:
        csv.DictWriter(file, COLUMNS).writerows(rows)
