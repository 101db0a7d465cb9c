"""What upper layers want to know about runs. They fill these lists in ``AppConfig.ready()``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from facsweb.recordings.models import Recording
from facsweb.runs.models import AnalysisRun

#: Called inside the transaction that publishes a run's result; may be called again for the same run. An error in
#: a hook means that the result is not published and the run fails.
on_success: Final[list[Callable[[AnalysisRun], None]]] = []

#: Called inside the transaction that starts the measuring of a recording; each may raise ``RunRefused``.
before_run: Final[list[Callable[[Recording], None]]] = []

#: Each says in a sentence why a run must not be read in another way any more; empty while it may.
protections: Final[list[Callable[[AnalysisRun], str]]] = []

#: Each names the scorer that a new analysis uses, or None where it has no opinion; the first name counts.
default_scorer: Final[list[Callable[[], str | None]]] = []

#: Each says in a few words what is to be known about a scorer before it is chosen; empty where there is nothing.
scorer_notes: Final[list[Callable[[str], str]]] = []

#: Each says in a sentence why what a run found is hidden from a person (somebody who codes blind must not see it);
#: empty where it is not.
hidden: Final[list[Callable[[Any, AnalysisRun], str]]] = []


def why_hidden(user: Any, run: AnalysisRun) -> str:
    """Why what the run found is hidden from the user; empty where it is not."""
    return next((why for hook in hidden if (why := hook(user, run))), "")


#: Each lists the codings of a run (``who``, ``label``, ``tone``, ``blind``) for the run's page; nothing of what
#: they say.
codings: Final[list[Callable[[AnalysisRun], Sequence[Any]]]] = []
