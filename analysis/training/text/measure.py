"""What is measured of a package: the test split, negation, languages, speed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np

from analysis.text import meanings
from analysis.text.classifier import NET, TextModel
from analysis.text.language import DOCUMENT, UNIT, guess
from analysis.training.text.data import split
from analysis.training.text.scores import Figures, figures
from analysis.types import Float32

FIGURES: Final = "figures.json"
PAIRS: Final = Path(__file__).with_name("negation.tsv")
PART: Final = 4
"""Every fourth text of the test split is measured again by the test suite; its figure is kept, too."""
_TIMED: Final = 160
_ROUNDS: Final = 5


def everything(model: TextModel, folder: Path) -> dict[str, Any]:
    """All figures that the card shows, as they go into ``figures.json``."""
    test = split(folder, "test")
    logits = model.logits(test.texts)
    whole, part = figures_of(model, logits, test.labels), figures_of(model, logits[::PART], test.labels[::PART])
    words = negation(model, pairs())
    return {
        "version": model.version,
        "test": _rounded(asdict(whole)),
        "texts": len(test.texts),
        "part": {"every": PART, "macro": round(part.macro, 4)},
        "negation": {**_rounded(asdict(words)), "wrong": [pair.negated for pair in words.wrong]},
        "languages": _rounded(english_taken_for_others(folder)),
        "milliseconds": {str(batch): round(milliseconds(model, test.texts, batch), 2) for batch in (1, 32)},
        "megabytes": round((model.folder / NET).stat().st_size / 1e6, 2),
    }


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, dict):
        return {key: _rounded(inner) for key, inner in value.items()}
    return [_rounded(inner) for inner in value] if isinstance(value, list | tuple) else value


def figures_of(model: TextModel, logits: Float32, labels: Float32) -> Figures:
    """Figures of logits that are there already."""
    thresholds = model.thresholds.astype(float)
    return figures(model.labels, logits, labels, model.slope, model.offset, thresholds)


@dataclass(frozen=True)
class Pair:
    """Two sentences that differ by a negation; ``expected`` says whether the second reads lower or higher."""

    plain: str
    negated: str
    expected: Literal["lower", "higher"]


def pairs() -> list[Pair]:
    """The hand-written list, written before the training had ended and not used to choose anything."""
    rows = (line.split("\t") for line in PAIRS.read_text(encoding="utf-8").splitlines())
    return [Pair(plain, negated, "lower" if way == "lower" else "higher") for plain, negated, way in rows]


@dataclass(frozen=True)
class Negation:
    """Shares of pairs, 0–1.

    Attributes
    ----------
    ordered : float
        The negated sentence's valence lies on the expected side of the plain one's.
    crossed : float
        It also has the expected sign.
    dropped : float
        Of the pairs whose plain sentence gets a label of its side's sign: the share whose negated sentence gets
        none of that sign.
    wrong : tuple of Pair
        Not even ordered.
    """

    count: int
    ordered: float
    crossed: float
    dropped: float
    wrong: tuple[Pair, ...]


def negation(model: TextModel, chosen: Sequence[Pair]) -> Negation:
    """Measure minimal pairs."""
    plain = model.score([pair.plain for pair in chosen])
    negated = model.score([pair.negated for pair in chosen])
    way = np.array([1 if pair.expected == "higher" else -1 for pair in chosen])
    before, after = (meanings.valences(model.labels, scores) for scores in (plain, negated))
    ordered, crossed = (after - before) * way > 0, after * way > 0
    there = [_says(model, row, -w) for row, w in zip(plain, way, strict=True)]
    stays = [_says(model, row, -w) for row, w in zip(negated, way, strict=True)]
    dropped = [not stay for said, stay in zip(there, stays, strict=True) if said]
    return Negation(
        len(chosen),
        float(ordered.mean()),
        float((ordered & crossed).mean()),
        float(np.mean(dropped)),
        tuple(pair for pair, right in zip(chosen, ordered, strict=True) if not right),
    )


def _says(model: TextModel, scores: Float32, sign: int) -> bool:
    return any(meanings.meanings()[label].valence == sign for label in model.top(scores))


def english_taken_for_others(folder: Path) -> list[tuple[str, int, float, float]]:
    """Rows of letters, texts, and the shares of English texts that look foreign at each threshold (dev split)."""
    texts = split(folder, "dev").texts
    letters = np.array([sum(character.isalpha() for character in text) for text in texts])
    told = [guess(text) for text in texts]
    other = np.array([confidence if code != "en" else 0.0 for code, confidence in told])
    rows = []
    for low, high in ((0, 20), (20, 40), (40, 60), (60, 1000)):
        inside = (letters >= low) & (letters < high)
        name = f"{low} or more" if high == 1000 else f"{low}–{high - 1}"
        at_document, at_unit = (float((other[inside] >= limit).mean()) for limit in (DOCUMENT, UNIT))
        rows.append((name, int(inside.sum()), at_document, at_unit))
    return rows


def milliseconds(model: TextModel, texts: Sequence[str], batch: int) -> float:
    """Processor time of a sentence, from text to probabilities, in calls of ``batch`` texts, on one thread.

    The best of five rounds: on a machine that others use, the best says most of the work itself.
    """
    chosen = list(texts[:_TIMED])
    rounds = []
    for _ in range(_ROUNDS):
        started = time.process_time()
        for at in range(0, len(chosen), batch):
            model.score(chosen[at : at + batch])
        rounds.append(time.process_time() - started)
    return 1000 * min(rounds) / len(chosen)
