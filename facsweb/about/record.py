"""The whole record, at this moment and for this reader."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django.conf import settings
from django.utils import timezone

import facsweb
from facsweb.about import accuracy, calibration, limits, meaning, trail, training
from facsweb.about.values import Answer, Record

#: What answers each question, in the order of the page.
ANSWERS: Final[dict[str, Callable[[Any], Answer]]] = {
    "training": training.answer,
    "calibration": calibration.answer,
    "accuracy": accuracy.answer,
    "meaning": meaning.answer,
    "audit": trail.answer,
}


def record(user: Any, *, again: bool = False) -> Record:
    """Everything that the product knows about itself.

    Parameters
    ----------
    user : User
        Who reads it: the links differ, the facts do not.
    again : bool
        Compute the checks anew.
    """
    return Record(
        made_at=timezone.now(),
        product=f"facsweb {facsweb.__version__}",
        installation=settings.SITE_URL,
        answers=tuple(
            trail.answer(user, again=again) if key == "audit" else ANSWERS[key](user) for key in ANSWERS
        ),
        is_not=limits.is_not(),
        limits=limits.known(),
        law=limits.by_law(),
    )
