"""The text model: 28 calibrated probabilities a sentence. Every version lies in a folder of its own.

What a probability says: of comments worded like this one, the share to which readers gave this label. It says what
readers take from words, not what their writer felt (docs/model_cards/text-emotion.md).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np

from analysis.text.prepare import prepare
from analysis.text.tokens import WordPieces
from analysis.types import Float32, ModelError

SHIPPED: Final = Path(__file__).parent / "models"
ABOUT: Final = "text.json"
NET: Final = "net.onnx"
VOCABULARY: Final = "vocabulary.txt"


@dataclass(frozen=True)
class TextModel:
    """One version of the model.

    Attributes
    ----------
    folder : Path
        Where its files are.
    id, version : str
    sha256 : str
        Of the net's file.
    labels : tuple of str
        GoEmotions' 27 emotions and ``neutral``.
    languages : tuple of str
        ISO 639-1 codes it was trained on; for others there is no score.
    slope, offset : float32, shape (labels,)
        Probability = logistic(slope × logit + offset), fitted on the development split.
    thresholds : float32, shape (labels,)
        Probability from which a label is said, found on the development split.
    most_pieces : int
        Word pieces read of a text.
    about : mapping
        Content of ``text.json``: the above and the figures measured.
    net, pieces
        The session and the word pieces.
    """

    folder: Path
    id: str
    version: str
    sha256: str
    labels: tuple[str, ...]
    languages: tuple[str, ...]
    slope: Float32
    offset: Float32
    thresholds: Float32
    most_pieces: int
    about: Mapping[str, Any]
    net: Any
    pieces: WordPieces

    def logits(self, texts: Sequence[str]) -> Float32:
        """What the net says, (n, labels), before calibration.

        Texts are run one by one: activations are quantised by their range, so that in a batch a text's scores
        would depend on its neighbours.
        """
        out = np.empty((len(texts), len(self.labels)), np.float32)
        for row, text in enumerate(texts):
            ids = np.array(self.pieces.encode(prepare(text), self.most_pieces), np.int64)
            out[row] = self.net.run(None, {"ids": ids})[0]
        return out

    def score(self, texts: Sequence[str]) -> Float32:
        """Calibrated probabilities, float32 (n, labels), each 0–1; the labels do not exclude each other."""
        return calibrated(self.logits(texts), self.slope, self.offset)

    def top(self, scores: Float32) -> list[str]:
        """Labels of one text that reach their thresholds, the likeliest first."""
        reached = [
            number for number in np.argsort(-scores, kind="stable") if scores[number] >= self.thresholds[number]
        ]
        return [self.labels[number] for number in reached]


def calibrated(logits: Float32, slope: Float32, offset: Float32) -> Float32:
    """Logistic of the scaled and moved logits."""
    return np.asarray(1 / (1 + np.exp(-(slope * logits + offset))), np.float32)


def load(folder: Path) -> TextModel:
    """Read a version.

    Raises
    ------
    ModelError
        Something is missing or damaged.
    """
    from analysis.models.runtime import session_on_processor
    from analysis.models.store import sha256

    try:
        about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
        vocabulary = (folder / VOCABULARY).read_text(encoding="utf-8").split("\n")
        content = (folder / NET).read_bytes()
        found = sha256(content)
        if found != about["sha256"]:
            raise ValueError(f"{NET} is not the file that was measured")
        scales = {name: np.array(about[name], np.float32) for name in ("slope", "offset", "thresholds")}
        return TextModel(
            folder,
            about["id"],
            about["version"],
            found,
            tuple(about["labels"]),
            tuple(about["languages"]),
            most_pieces=int(about["most_pieces"]),
            about=about,
            net=session_on_processor(content),
            pieces=WordPieces(vocabulary),
            **scales,
        )
    except Exception as error:  # what a damaged file or net raises is of any kind
        raise ModelError(f"The text model in {folder.name} cannot be read: {error}.") from error


def shipped_versions() -> list[str]:
    """Versions that came with the product, oldest first."""
    folders = [path for path in SHIPPED.glob("*") if (path / ABOUT).is_file()]
    return sorted((path.name for path in folders), key=lambda name: [int(part) for part in name.split(".")])


@cache
def default() -> TextModel:
    """The newest version that came with the product; opened once a process.

    Raises
    ------
    ModelError
        None did, or it cannot be read.
    """
    versions = shipped_versions()
    if not versions:
        raise ModelError("No text model came with this copy of the product; reinstall it.")
    return load(SHIPPED / versions[-1])


def score(texts: Sequence[str]) -> Float32:
    """Calibrated probabilities of the default model, float32 (n, 28)."""
    return default().score(texts)
