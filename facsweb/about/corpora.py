"""Results of coded corpora that the operator put into ``validation/`` of the data folder.

``python -m analysis validate --dataset disfa FOLDER --json > validation/disfa.json``. Corpora are licensed to
whoever asked for them, so nothing of theirs ships; what was measured with them may be shown.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from django.conf import settings

from analysis.facs.codes import CATALOGUE
from facsweb.about import files

FOLDER: Final = "validation"
#: A result has some kilobytes; whatever is larger is something else.
LARGEST: Final = 5_000_000
NUMBERS: Final = ("base_rate", "f1", "icc", "pcc", "mae")


@dataclass(frozen=True, slots=True)
class Corpus:
    """One result: the corpus, the scorer, and a row for each Action Unit."""

    name: str
    scorer: str
    recordings: int
    measured_on: dt.datetime
    file: str
    sha256: str
    rows: tuple[dict[str, Any], ...]


def folder() -> Path:
    """Where the operator puts results."""
    return Path(settings.DATA_DIR) / FOLDER


def results() -> tuple[list[Corpus], list[str]]:
    """Results by file name, and the names of files that are none."""
    found, wrong = [], []
    for path in sorted(folder().glob("*.json")):
        try:
            found.append(_read(path))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            wrong.append(path.name)
    return found, wrong


def _read(path: Path) -> Corpus:
    if path.stat().st_size > LARGEST:
        raise ValueError("too large")
    said = json.loads(path.read_text(encoding="utf-8"))
    rows = [_row(row) for row in said["rows"]]
    return Corpus(
        name=str(said["corpus"]),
        scorer=str(said["scorer"]),
        recordings=int(said["recordings"]),
        measured_on=dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC),
        file=path.name,
        sha256=files.sha256(path),
        rows=tuple(rows),
    )


def _row(row: dict[str, Any]) -> dict[str, Any]:
    code = str(row["code"])
    numbers = {name: None if row.get(name) is None else float(row[name]) for name in NUMBERS}
    return {
        "code": code,
        "region": CATALOGUE[code].group,
        "name": CATALOGUE[code].name,
        "frames": int(row["frames"]),
        **numbers,
    }
