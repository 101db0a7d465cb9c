"""CK+ as published (Lucey et al. 2010, doi:10.1109/CVPRW.2010.5543262).

``cohn-kanade-images/S005/001/S005_001_00000001.png`` and so on, neutral at the first picture and the peak at
the last one; ``FACS_labels/S005/001/S005_001_00000011_facs.txt`` (some copies: ``FACS/…``) codes that last
picture: rows of AU and intensity. Intensity 0 means that the AU is there and was not graded; an AU that is not
listed is absent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from analysis.facs.codes import ACTION_UNITS
from analysis.validation.corpus import (
    MAX_INTENSITY,
    Corpus,
    CorpusError,
    Int64,
    Labels,
    Pictures,
    Recording,
    gathered,
    number,
    pictures_in,
    rows_of,
    subfolder,
)

RATE: Final = 30
_EXPECTED: Final = "CK+ with cohn-kanade-images/S005/001/*.png and FACS_labels/S005/001/*_facs.txt"


def read(root: Path) -> Corpus:
    """Read CK+.

    Raises
    ------
    CorpusError
        The folder is not laid out like it, or no sequence can be used.
    """
    images = subfolder(root, _EXPECTED, "cohn-kanade-images")
    labels = subfolder(root, _EXPECTED, "FACS_labels", "FACS")
    names = {"/".join(path.parts[-2:]) for path in (*images.glob("S*/*"), *labels.glob("S*/*")) if path.is_dir()}
    listed: dict[str, dict[str, float]] = {}

    def sequence(name: str) -> Recording:
        pictures = sorted(pictures_in(images / name), key=number)
        files = sorted((labels / name).glob("*_facs.txt")) if (labels / name).is_dir() else []
        if not pictures:
            raise CorpusError(f"there are labels, but no pictures in {images.name}/{name}")
        if len(files) != 1:
            raise CorpusError(f"expected one *_facs.txt in {labels.name}/{name}, found {len(files)}")
        if number(Path(files[0].name.removesuffix("_facs.txt"))) != number(pictures[-1]):
            raise CorpusError(f"{files[0].name} is not about the last picture, {pictures[-1].name}")
        listed[name] = _listed(files[0])
        last = np.array([len(pictures) - 1], np.int64)
        return Recording(name, Pictures(tuple(pictures), RATE), Labels({}, frame=last), neutral_us=0)

    corpus = gathered("CK+", "listed for the peak picture", names, sequence)
    # An AU that is not listed is 0 only where the corpus is coded for it, which shows when all lists are read.
    codes = sorted({code for one in listed.values() for code in one}, key=int)
    whole = [
        replace(one, name=one.name.replace("/", "_"), labels=_labels(listed[one.name], codes, one.labels.frame))
        for one in corpus.recordings
    ]
    return replace(corpus, recordings=tuple(whole))


def _listed(path: Path) -> dict[str, float]:
    out = {}
    for row in rows_of(path, None):
        if len(row) != 2 or not 0 <= row[1] <= MAX_INTENSITY:
            raise CorpusError(f"{path.name} should have rows of AU and intensity 0–5, found {row}")
        code = str(int(row[0]))
        if code in ACTION_UNITS:
            out[code] = row[1]
    return out


def _labels(listed: Mapping[str, float], codes: Sequence[str], frame: Int64 | None) -> Labels:
    graded = {code: listed.get(code, 0.0) for code in codes}
    ungraded = {code for code, value in listed.items() if value == 0}
    return Labels(
        {code: np.array([np.nan if code in ungraded else value]) for code, value in graded.items()},
        {code: np.array([float(code in listed)]) for code in codes},
        frame=frame,
    )
