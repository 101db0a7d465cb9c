"""GoEmotions as three tables of texts and labels (Demszky et al. 2020, ACL, DOI 10.18653/v1/2020.acl-main.372)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from analysis.text.prepare import prepare
from analysis.types import AnalysisError, Float32


@dataclass(frozen=True)
class Split:
    """One of the published splits.

    Attributes
    ----------
    texts : tuple of str
        As published.
    labels : float32, shape (n, 28)
        1 where the label was given, in the order of ``labels.txt``.
    """

    texts: tuple[str, ...]
    labels: Float32

    def prepared(self) -> list[str]:
        return [prepare(text) for text in self.texts]


def label_names(folder: Path) -> tuple[str, ...]:
    """The 27 emotions and ``neutral``, in the order of their numbers."""
    return tuple((folder / "labels.txt").read_text(encoding="utf-8").split())


def split(folder: Path, name: str) -> Split:
    """Read ``train``, ``dev`` or ``test``.

    Raises
    ------
    AnalysisError
        The folder does not hold GoEmotions, or a line is broken.
    """
    path = folder / f"{name}.tsv"
    if not path.is_file():
        raise AnalysisError(f"{folder} has no {name}.tsv. Give the folder of the published GoEmotions splits.")
    count = len(label_names(folder))
    texts: list[str] = []
    rows: list[Float32] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        if not line.strip():
            continue
        try:
            text, given, _ = line.split("\t")
            row = np.zeros(count, np.float32)
            row[[int(label) for label in given.split(",")]] = 1
        except (ValueError, IndexError) as error:
            raise AnalysisError(f"Line {number} of {path.name} is not 'text, labels, id' between tabs.") from error
        texts.append(text)
        rows.append(row)
    return Split(tuple(texts), np.stack(rows))
