"""Which language each unit is in. Naive Bayes over byte n-grams (py3langid), with thresholds that were measured.

Measured by ``python -m analysis.training.text languages`` on the 5,426 English comments of GoEmotions' development
split: figures in the model card (docs/model_cards/text-emotion.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

UNIT: Final = 0.8
"""A unit this surely in a language is in it, whatever the rest of the document is in."""
DOCUMENT: Final = 0.5
"""Below this the document's language is not known, and with it that of its uncertain units."""
_READ: Final = 20_000  # characters of a document: more changes nothing


@dataclass(frozen=True)
class Languages:
    """Languages as ISO 639-1 codes (639-3 where there is no shorter one).

    Attributes
    ----------
    document : str or None
        Of the whole; None when it could not be told.
    confidence : float or None
        0–1; None when a person stated the language.
    units : tuple of str or None
        Of each unit: its own where it is sure, else the document's.
    """

    document: str | None
    confidence: float | None
    units: tuple[str | None, ...]


def languages(texts: Sequence[str], *, stated: str = "") -> Languages:
    """Tell the languages of a document's units.

    Parameters
    ----------
    texts : sequence of str
        One for each unit.
    stated : str
        Code of the document's language as a person stated it, which holds then. Units that are surely in another
        language still count as that: people switch.
    """
    document: str | None = stated.strip().lower().split("-")[0] or None
    confidence = None
    if document is None:
        found, confidence = guess(" ".join(texts)[:_READ])
        document = found if confidence >= DOCUMENT else None
    return Languages(document, confidence, tuple(_of_unit(text, document) for text in texts))


def _of_unit(text: str, document: str | None) -> str | None:
    found, confidence = guess(text)
    return found if confidence >= UNIT else document


def guess(text: str) -> tuple[str, float]:
    """The likeliest language and its probability among those known; a text without letters has probability 0."""
    if not any(character.isalpha() for character in text):
        return "", 0.0
    found, confidence = _identifier().classify(text)
    return str(found), float(confidence)


@cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # type: ignore[import-untyped]

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
