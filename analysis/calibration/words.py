"""What a calibration says in sentences: why something is not calibrated, and what it cannot say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from analysis.calibration.fit import LEAST_EVENTS, LEAST_PARTICIPANTS, LEAST_SHOWING
from analysis.calibration.record import UNSTATED, CohortCalibration, Unit

if TYPE_CHECKING:
    from analysis.calibration.material import Material

NOT_CALIBRATED: Final = "not calibrated for this cohort"


def why_not(cohort: str, participants: int, units: Mapping[str, Unit]) -> str:
    """Why a cohort is not calibrated; empty when it is."""
    if cohort == UNSTATED:
        return "These participants stated no cohort. They count for the whole only."
    if participants < LEAST_PARTICIPANTS:
        return f"{participants} of {LEAST_PARTICIPANTS} participants with signed codings that may be used."
    if not any(unit.calibrated for unit in units.values()):
        return (
            f"No Action Unit has {LEAST_EVENTS} events by {LEAST_SHOWING} participants here and comes nearer to "
            "the coders on participants left out."
        )
    return ""


def why_not_unit(participants: int, showing: int, events: int, enough: bool, used: bool) -> str:
    """Why a code is not calibrated in a cohort; empty when it is."""
    if not enough:
        return (
            f"{participants} of {LEAST_PARTICIPANTS} participants, {showing} of {LEAST_SHOWING} who showed it, "
            f"{events} of {LEAST_EVENTS} events."
        )
    return "" if used else why_not_code(True)


def why_not_code(enough: bool) -> str:
    """Why a code is corrected in no cohort."""
    if not enough:
        return "No cohort reaches the minimum."
    return "Correcting it did not lower the error on participants left out by more than chance may."


def cannot(found: Material, cohorts: Sequence[CohortCalibration]) -> list[str]:
    """What cannot be said from a calibration, in sentences for a page."""
    said = [
        "Errors are distances from what people coded, and coders err too: nothing here is a distance from what is "
        "really there.",
        "Whoever took part and agreed to calibration is no sample of a country or a language. Figures hold "
        "for recordings like these.",
        "How often a cohort moves or shows something depends on what its participants were doing. Cohorts that "
        "were recorded with different tasks differ for that reason alone, and no figure here can tell it from a "
        "display rule.",
        "A gap that is not significant may still be there: with few participants only large gaps can be found.",
        "A participant who took part in two studies counts as two.",
    ]
    by_cohort = {name: set[str]() for name in found.cohort_of}
    for session in found.sessions:
        by_cohort[session.cohort].add(session.coding.coder)
    coders = list(by_cohort.values())
    if len(coders) > 1 and not set.intersection(*coders):
        said.append(
            "No coder coded all cohorts, so a coder's own leaning cannot be told from a cohort's. Let the same "
            "people code some recordings of every cohort."
        )
    if len(set().union(*coders)) == 1:
        said.append("One person coded everything: how another would have coded it is not known.")
    small = [one for one in cohorts if not one.calibrated and one.id != UNSTATED]
    if small:
        said.append(
            f"{len(small)} cohort{'s are' if len(small) > 1 else ' is'} not calibrated. Their values are shown as "
            "measured."
        )
    return said
