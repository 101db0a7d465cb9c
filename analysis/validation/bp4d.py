"""BP4D-Spontaneous as published (Zhang et al. 2014, doi:10.1016/j.imavis.2014.06.002).

``2D+3D/F001/T1/0001.jpg`` and so on (41 people, 8 tasks, 25 frames/s), ``AUCoding/AU_OCC/F001_T1.csv`` and, for
a few AUs, ``AUCoding/AU_INT/AU06/F001_T1_AU06.csv``. An occurrence file has a header of ``0`` and AU numbers,
then rows of the picture's number and 0, 1 or 9 (unknown) for each AU; an intensity file has rows
``picture,intensity`` without a header, 0–5 or 9. Only a part of each sequence is coded; all of it is measured,
so that the resting face is in it.
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
    number,
    pictures_in,
    rows_of,
    subfolder,
)
from analysis.validation.metrics import Float64

RATE: Final = 25
_UNKNOWN: Final = 9
_EXPECTED: Final = "BP4D with 2D+3D/F001/T1/*.jpg and AUCoding/AU_OCC/F001_T1.csv"
_NAME: Final = re.compile(r"([FM]\d{3})_(T\d+)")


def read(root: Path) -> Corpus:
    """Read BP4D; sequences that nobody coded are not asked for.

    Raises
    ------
    CorpusError
        The folder is not laid out like it, or no recording can be used.
    """
    sequences = subfolder(root, _EXPECTED, "2D+3D")
    coding = subfolder(root, _EXPECTED, "AUCoding")
    occurrence = subfolder(coding, _EXPECTED, "AU_OCC")
    names = [path.stem for path in occurrence.glob("*.csv") if _NAME.fullmatch(path.stem)]

    def recording(name: str) -> Recording:
        person, _, task = name.partition("_")
        pictures = sorted(pictures_in(sequences / person / task), key=number)
        if not pictures:
            raise CorpusError(f"there are labels, but no pictures in {sequences.name}/{person}/{task}")
        labels = _labels(occurrence / f"{name}.csv", coding / "AU_INT", pictures)
        return Recording(name, Pictures(tuple(pictures), RATE), labels)

    return gathered("BP4D", "occurrence as coded", names, recording)


def _labels(path: Path, intensities: Path, pictures: list[Path]) -> Labels:
    numbers, occurrence = _occurrence(path)
    places = {number(picture): place for place, picture in enumerate(pictures)}
    missing = [one for one in numbers.tolist() if one not in places]
    if missing:
        raise CorpusError(f"frame {missing[0]} is labelled, but there is no such picture among {len(places)}")
    nothing = np.full(len(numbers), np.nan)
    intensity = dict.fromkeys(occurrence, nothing)
    for code in occurrence:
        graded = intensities / f"AU{int(code):02d}" / f"{path.stem}_AU{int(code):02d}.csv"
        if graded.exists():
            intensity[code] = _intensity(graded, numbers)
    frame = np.array([places[one] for one in numbers.tolist()], np.int64)
    return Labels(intensity, occurrence, frame=frame)


def _occurrence(path: Path) -> tuple[Int64, dict[str, Float64]]:
    with path.open(encoding="utf-8-sig", newline="") as lines:
        header, *rows = [[cell.strip() for cell in row] for row in csv.reader(lines) if any(row)] or [[]]
    if header[:1] != ["0"] or not rows:
        raise CorpusError(f"{path.name} should begin with a row 0,1,2,… of AU numbers, followed by a row a frame")
    try:
        values = np.array([[float(cell) for cell in row] for row in rows], np.float64).reshape(-1, len(header))
    except ValueError:  # not numbers, or rows of different length
        raise CorpusError(f"{path.name} holds a row that is not {len(header)} numbers") from None
    columns = {code: _known(values[:, place]) for place, code in enumerate(header) if code in ACTION_UNITS}
    for code, column in columns.items():
        wrong = column[~np.isnan(column) & (column != 0) & (column != 1)]
        if len(wrong):
            raise CorpusError(f"{path.name} holds the value {wrong[0]:g} for AU {code}, expected 0, 1 or 9")
    coded = {code: column for code, column in columns.items() if not np.isnan(column).all()}
    return values[:, 0].astype(np.int64), coded


def _intensity(path: Path, numbers: Int64) -> Float64:
    rows = rows_of(path, ",")
    if any(len(row) != 2 for row in rows):
        raise CorpusError(f"{path.name} should have rows of two numbers, picture and intensity")
    by_number = {int(picture): value for picture, value in rows}
    values = np.array([by_number.get(one, np.nan) for one in numbers.tolist()], np.float64)
    return checked(_known(values), path.name, "0–5 or 9")


def _known(values: Float64) -> Float64:
    out: Float64 = np.where(values == _UNKNOWN, np.nan, values)
    return out
