"""DISFA as published (Mavadati et al. 2013, doi:10.1109/T-AFFC.2013.4).

``Videos_LeftCamera/LeftVideoSN001_comp.avi`` (27 people, 4845 frames of 1024 × 768 at 20 frames/s) and
``ActionUnit_Labels/SN001/SN001_au1.txt``: a line ``frame,intensity`` for each frame, frames from 1, intensities
0–5, for 12 AUs. The right camera's videos are read where the left one's are missing.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import numpy as np

from analysis.validation.corpus import (
    Corpus,
    CorpusError,
    Labels,
    Recording,
    checked,
    gathered,
    subfolder,
    table_of,
)
from analysis.validation.metrics import Float64

CODES: Final = ("1", "2", "4", "5", "6", "9", "12", "15", "17", "20", "25", "26")
_EXPECTED: Final = (
    "DISFA with Videos_LeftCamera/LeftVideoSN001_comp.avi and ActionUnit_Labels/SN001/SN001_au1.txt and so on"
)
_VIDEOS: Final = ("Videos_LeftCamera", "Video_LeftCamera", "Videos_RightCamera", "Video_RightCamera")
_PERSON: Final = re.compile(r"SN\d{3}", re.IGNORECASE)


def read(root: Path) -> Corpus:
    """Read DISFA.

    Raises
    ------
    CorpusError
        The folder is not laid out like it, or no recording can be used.
    """
    videos = subfolder(root, _EXPECTED, *_VIDEOS)
    labels = subfolder(root, _EXPECTED, "ActionUnit_Labels")
    by_person: dict[str, Path] = {}
    for path in sorted(videos.iterdir()):
        found = _PERSON.search(path.name)
        if found and path.is_file():
            by_person[found.group().upper()] = path
    coded = {path.name.upper() for path in labels.iterdir() if _PERSON.fullmatch(path.name)}

    def recording(name: str) -> Recording:
        if name not in by_person:
            raise CorpusError(f"there are labels, but no video in {videos.name}")
        if name not in coded:
            raise CorpusError(f"there is a video, but no folder {labels.name}/{name}")
        return Recording(name, by_person[name], _labels(labels / name))

    return gathered("DISFA", "intensity B or more", by_person.keys() | coded, recording)


def _labels(folder: Path) -> Labels:
    intensity: dict[str, Float64] = {}
    for code in CODES:
        path = folder / f"{folder.name}_au{code}.txt"
        rows = table_of(path, ",", 2)
        if not np.array_equal(rows[:, 0], np.arange(1, len(rows) + 1)):
            raise CorpusError(f"the frames in {path.name} are not 1, 2, 3 … without a gap")
        intensity[code] = checked(rows[:, 1], path.name)
    lengths = {len(values) for values in intensity.values()}
    if len(lengths) > 1:
        raise CorpusError(f"its AUs have different numbers of rows ({min(lengths)} to {max(lengths)})")
    return Labels(intensity, frame=np.arange(lengths.pop(), dtype=np.int64), every_frame=True)
