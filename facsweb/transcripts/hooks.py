"""What upper layers want to say about transcripts. They fill these lists in ``AppConfig.ready()``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from facsweb.recordings.models import Recording

#: Each says in a sentence why what a program found on a recording is hidden from a person (somebody who codes
#: blind must not see it); empty where it is not. It hides the scores, never the words.
hidden: Final[list[Callable[[Any, Recording], str]]] = []


def why_hidden(user: Any, recording: Recording | None) -> str:
    """Why the scores of a recording's transcript are hidden from the user; empty where they are not."""
    if recording is None:
        return ""
    return next((why for hook in hidden if (why := hook(user, recording))), "")


#: Told of a recording whose transcript has new scores, or none any more.
on_scores: Final[list[Callable[[Recording], None]]] = []


def tell(recording: Recording | None) -> None:
    """Tell everybody who waits for the scores of a recording's transcript."""
    for hook in on_scores if recording is not None else ():
        hook(recording)
