"""Which signed codings cohorts may be calibrated with now, and why others may not. Nothing here writes.

They are those that a scorer may learn from (`learning.material`), read by the scorer that is to be calibrated.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from facsweb.learning import material as learning
from facsweb.learning import services as scorers
from facsweb.learning.material import Candidate

if TYPE_CHECKING:
    from analysis.calibration import Session

#: Why a signed coding is left out → what the page says, and what can be done.
REASONS: Final = learning.REASONS | {
    "encoder": (
        "measured for another scorer than the one in use",
        "Analyse the recording again and have it coded.",
    ),
    "scorer": (
        "read by another scorer than the one in use",
        "Read it again with the default on its analysis's page.",
    ),
}


def scorer() -> str:
    """Name of the scorer whose values are calibrated: that of new analyses."""
    return scorers.default_name() or scorers.newest_shipped()


def candidates(of: str, *, thorough: bool = False) -> list[Candidate]:
    """Every signed coding, with the reason where it is left out; oldest sign-off first.

    Parameters
    ----------
    of : str
        The scorer.
    thorough : bool
        Also compare the measurements' hashes, which reads them whole.
    """
    return [
        one if one.why_not or _read_by(one) == of else replace(one, why_not="scorer")
        for one in learning.candidates(of, thorough=thorough)
    ]


def _read_by(one: Candidate) -> str:
    said = one.layer.run.summary.get("scorer") or {}
    return f"{said.get('id', '')}/{said.get('version', '')}"


def sessions(usable: Iterable[Candidate]) -> list[Session]:
    """What the engine calibrates with: codings, and the key of the cohort that each participant stated."""
    from analysis.calibration import Session

    chosen = [one for one in usable if one.participant is not None and not one.why_not]
    return [
        Session(coding, _stated(one), one.undecided)
        for one, coding in zip(chosen, learning.codings(chosen), strict=True)
    ]


def _stated(one: Candidate) -> str:
    cohort = one.participant.cohort if one.participant is not None else None
    return cohort.key if cohort is not None else ""
