"""``combinations.csv`` of a result folder: one row for each stretch in which a combination stands."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from analysis.facs.combination_describing import Found
from analysis.types import AnalysisError

NAME: Final = "combinations.csv"
#: Columns, in order.
COMBINATION_COLUMNS: Final = (
    "id", "name", "kind", "face", "side", "onset_us", "apex_us", "offset_us", "strength", "confidence", "codes",
    "variant", "group", "rank", "speech", "unscored", "also",
)  # fmt: skip


def write_combinations(folder: Path, found: Iterable[Found]) -> Path:
    """Write the finds of all faces, by onset; returns the file's path."""
    from analysis.facs.tables import replacing  # pyarrow: who only reads the catalogue does not pay for it

    rows = sorted(found, key=lambda one: (one.onset_us, one.face, one.offset_us, one.combination))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COMBINATION_COLUMNS)
    for one in rows:
        told = [getattr(one, "combination" if name == "id" else name) for name in COMBINATION_COLUMNS[:-2]]
        writer.writerow([*told, ";".join(one.unscored), ";".join(one.also)])
    path = folder / NAME
    with replacing(path) as partial:
        partial.write_text(text.getvalue(), encoding="utf-8")
    return path


def read_combinations(folder: Path) -> list[Found]:
    """What `write_combinations` wrote, by onset; empty when the folder has no such file.

    Raises
    ------
    AnalysisError
        The file is damaged.
    """
    path = folder / NAME
    if not path.is_file():
        return []
    try:
        return [_found(row) for row in csv.DictReader(path.read_text(encoding="utf-8").splitlines())]
    except (KeyError, ValueError, TypeError, OSError) as error:
        raise AnalysisError(f"{NAME} in {folder.name} cannot be read: interpret the recording again.") from error


def _found(row: dict[str, str]) -> Found:
    return Found(
        row["id"],
        row["name"],
        row["kind"],
        row["group"],
        int(row["face"]),
        row["side"],
        int(row["onset_us"]),
        int(row["apex_us"]),
        int(row["offset_us"]),
        float(row["strength"]),
        float(row["confidence"]),
        row["codes"],
        row["variant"],
        row["rank"],
        float(row["speech"]),
        tuple(filter(None, row["unscored"].split(";"))),
        tuple(filter(None, row["also"].split(";"))),
    )
