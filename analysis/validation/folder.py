"""A folder of one's own coded recordings.

Videos (``interview.mp4``), or folders of pictures (``interview/0001.png`` …, in the order of their names, taken
as 25 frames/s), each with ``interview.csv`` beside it. The CSV has a header with ``frame`` (from 0, a row for
every frame) or ``time_us`` (microseconds from the start, as many rows as were coded), and columns ``AU1`` or
``AU01``, ``AU12`` … with intensities 0–5; an empty cell was not coded. Other columns are ignored.
"""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Final

import numpy as np

from analysis.facs.codes import ACTION_UNITS
from analysis.validation.corpus import (
    Corpus,
    CorpusError,
    Int64,
    Labels,
    Pictures,
    Recording,
    checked,
    gathered,
    pictures_in,
)
from analysis.validation.metrics import Float64

RATE: Final = 25
_VIDEOS: Final = frozenset({".mp4", ".mov", ".avi", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg", ".wmv"})
_COLUMN: Final = re.compile(r"AU0*([1-9]\d*)")


def read(root: Path) -> Corpus:
    """Read a folder of videos or picture folders with a CSV beside each.

    Raises
    ------
    CorpusError
        There is none, or no recording can be used.
    """
    if not root.is_dir():
        raise CorpusError(f"{root} is not a folder.")
    sources: dict[str, Path | Pictures] = {}
    for path in sorted(root.iterdir()):
        if path.is_file() and path.suffix.lower() in _VIDEOS:
            sources[path.stem] = path
        elif pictures := pictures_in(path):
            sources[path.name] = Pictures(tuple(pictures), RATE)
    if not sources:
        raise CorpusError(f"{root} holds no video and no folder of pictures. Expected: NAME.mp4 beside NAME.csv.")

    def recording(name: str) -> Recording:
        return Recording(name, sources[name], _labels(root / f"{name}.csv"))

    return gathered("folder", "intensity B or more", sources, recording)


def _labels(path: Path) -> Labels:
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines)
            rows, header = list(reader), reader.fieldnames or []
    except FileNotFoundError:
        raise CorpusError(f"the labels {path.name} are missing beside it") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CorpusError(f"the labels {path.name} cannot be read: {error}") from error
    place = next((name for name in ("frame", "time_us") if name in header), None)
    columns = {found.group(1): name for name in header if (found := _COLUMN.fullmatch(name))}
    if place is None or not columns or not rows:
        raise CorpusError(f"{path.name} needs a column frame or time_us, columns like AU12, and rows")
    unknown = [name for code, name in columns.items() if code not in ACTION_UNITS]
    if unknown:
        raise CorpusError(f"{path.name} has a column {unknown[0]}, which is no Action Unit")
    places = _whole(_column(rows, place, path), place, path)
    intensity = {
        code: checked(_column(rows, name, path), f"{name} in {path.name}") for code, name in columns.items()
    }
    if place == "time_us":
        return Labels(intensity, time_us=places)
    if not np.array_equal(places, np.arange(len(places))):
        raise CorpusError(f"the frames in {path.name} are not 0, 1, 2 … without a gap")
    return Labels(intensity, frame=places, every_frame=True)


def _column(rows: list[dict[str, str]], name: str, path: Path) -> Float64:
    out = np.full(len(rows), np.nan)
    for place, row in enumerate(rows):
        cell = (row[name] or "").strip()
        try:
            out[place] = float(cell) if cell else np.nan
        except ValueError:
            raise CorpusError(f"row {place + 1} of {path.name} has {cell[:20]!r} as {name}") from None
    return out


def _whole(values: Float64, name: str, path: Path) -> Int64:
    if np.isnan(values).any() or (values != np.rint(values)).any() or (values < 0).any():
        raise CorpusError(f"{name} in {path.name} should hold whole numbers from 0")
    return values.astype(np.int64)
