"""What the pages about cohorts and calibrations show: plain rows, read from the database and the versions."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import Any, Final

from analysis.calibration import NOT_CALIBRATED
from analysis.calibration.record import Calibration, Change, CohortCalibration, Estimate, Figure, Unit
from analysis.facs.codes import CATALOGUE
from facsweb.accounts.models import User
from facsweb.calibration import lapses, material, services
from facsweb.calibration.models import Version
from facsweb.learning.material import Candidate
from facsweb.studies import cohorts
from facsweb.studies.models import Cohort

STAGES: Final = (
    ("consent", "Checking consents and files"),
    ("read", "Reading the codings"),
    ("fit", "Estimating, and measuring on participants left out"),
)
UNSTATED: Final = "No cohort stated"


@dataclass(frozen=True, slots=True)
class CohortRow:
    """One cohort of the installation, with what the applied calibration says of it."""

    cohort: Cohort
    found: CohortCalibration | None
    usable: int  # participants whose signed codings may be used now

    @property
    def calibrated(self) -> bool:
        return self.found is not None and self.found.calibrated

    @property
    def state(self) -> str:
        if self.found is None or not self.found.calibrated:
            return NOT_CALIBRATED.capitalize()
        count = sum(unit.calibrated for unit in self.found.units.values())
        return f"Calibrated for {count} Action Unit{'' if count == 1 else 's'}"


def cohort_rows(found: list[Candidate]) -> list[CohortRow]:
    """All cohorts; those in use first."""
    version = services.applied()
    said = services.content(version) if version else None
    usable = {one.participant for one in found if one.participant is not None and not one.why_not}
    people = Counter(person.cohort_id for person in usable)
    rows = [
        CohortRow(one, said.for_cohort(one.key) if said else None, people[one.pk]) for one in cohorts.counted()
    ]
    return sorted(rows, key=lambda row: not row.cohort.active)


@dataclass(frozen=True, slots=True)
class Material:
    """What could be calibrated with now."""

    scorer: str
    signed: int
    codings: int
    participants: int
    stated: int  # participants among them who stated a cohort
    coders: int
    left_out: list[tuple[str, str, int]]  # reason, what to do, how many


def material_now(found: list[Candidate]) -> Material:
    """Counts over all studies."""
    usable = [one for one in found if not one.why_not]
    people = {one.participant.pk: one.participant for one in usable if one.participant is not None}
    counted = Counter(one.why_not for one in found if one.why_not)
    return Material(
        scorer=material.scorer(),
        signed=len(found),
        codings=len(usable),
        participants=len(people),
        stated=sum(person.cohort_id is not None for person in people.values()),
        coders=len({one.layer.owner_id for one in usable}),
        left_out=[(*material.REASONS[why], counted[why]) for why in material.REASONS if counted[why]],
    )


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One finished calibration in the list."""

    version: Version
    is_applied: bool
    lapsed: str
    why_not: str
    calibrated: int
    cohorts: int


def version_rows() -> list[VersionRow]:
    """Every finished calibration, newest first."""
    applied = services.applied()
    rows = []
    for version in Version.objects.filter(state=Version.State.SUCCEEDED).select_related("created_by"):
        told = [one for one in version.result["cohorts"] if one["id"]]
        rows.append(
            VersionRow(
                version,
                version == applied,
                lapses.sentence(version),
                services.may_be_applied(version),
                sum(one["calibrated"] for one in told),
                len(told),
            )
        )
    return rows


def stages(version: Version) -> list[dict[str, Any]]:
    """The stages of a calibration as ``components/stages.html`` shows them."""
    keys = [key for key, _ in STAGES]
    at = keys.index(version.stage) if version.stage in keys else (0 if version.state == "running" else -1)
    rows = []
    for place, (key, name) in enumerate(STAGES):
        row: dict[str, Any] = {"key": key, "name": name, "state": "done" if place < at else "waiting"}
        if place == at:
            row["state"] = "active" if version.is_active else "failed"
            row |= {"value": version.done if version.total else None, "max": version.total or 1}
            row["note"] = f"{version.done} of {version.total}" if version.total else ""
        rows.append(row)
    return rows


# --- one finished calibration -----------------------------------------------------------------------------


def _number(value: float, digits: int = 2) -> str:
    if math.isnan(value):
        return "–"
    # No minus before a zero, and a true minus before the others.
    return f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "−")


def figure(said: Figure | Estimate, scale: float = 1.0, digits: int = 2) -> dict[str, str]:
    """A figure with its interval, as text; dashes where it is not known."""
    ends = ("value", "low", "high")
    return {name: _number(getattr(said, name) * scale, digits) for name in ends}


@dataclass(frozen=True, slots=True)
class Pair:
    """A figure before and after; ``better`` or ``worse`` where the interval of the difference leaves out 0."""

    before: dict[str, str]
    after: dict[str, str]
    verdict: str


def pair(change: Change, scale: float = 1.0, digits: int = 2, *, more_is_better: bool = False) -> Pair:
    """A change as text."""
    verdict = "better" if change.difference.high < 0 else "worse" if change.difference.low > 0 else ""
    if more_is_better and verdict:
        verdict = "worse" if verdict == "better" else "better"
    return Pair(figure(change.before, scale, digits), figure(change.after, scale, digits), verdict)


@dataclass(frozen=True, slots=True)
class UnitRow:
    """One Action Unit of a cohort."""

    unit: Unit
    name: str
    region: str
    rest: dict[str, str]
    gain: dict[str, str]
    rate: dict[str, str]
    own: str  # share of the cohort's own data, per cent: of the rest, and of the gain
    error: Pair


@dataclass(frozen=True, slots=True)
class CohortDetail:
    """One cohort of a calibration."""

    name: str
    found: CohortCalibration
    error: Pair
    false: Pair
    units: list[UnitRow]
    priors: list[dict[str, str]]


def cohort_details(said: Calibration) -> list[CohortDetail]:
    """Every cohort of a calibration, calibrated ones first, those who stated none last."""
    names = dict(Cohort.objects.values_list("key", "name"))
    order = sorted(said.cohorts, key=lambda one: (not one.id, not one.calibrated, names.get(one.id, one.id)))
    return [_detail(one, names.get(one.id, one.id) if one.id else UNSTATED) for one in order]


def _detail(found: CohortCalibration, name: str) -> CohortDetail:
    units = [
        UnitRow(
            unit,
            CATALOGUE[unit.code].name,
            CATALOGUE[unit.code].group,
            figure(unit.rest),
            figure(unit.gain),
            figure(unit.rate),
            f"{100 * unit.rest.weight:.0f} / {100 * unit.gain.weight:.0f} %",
            pair(unit.error),
        )
        for unit in found.units.values()
    ]
    priors = [
        {
            "state": one.state,
            "ratio": _number(math.exp(one.offset)),
            "low": _number(math.exp(one.low)),
            "high": _number(math.exp(one.high)),
            "share": f"{100 * one.shown / one.moments:.0f} %" if one.moments else "–",
        }
        for one in found.priors.values()
    ]
    return CohortDetail(name, found, pair(found.error), pair(found.false, 100, 0), units, priors)


def code_rows(said: Calibration) -> list[dict[str, Any]]:
    """Every Action Unit over all cohorts, in the catalogue's order."""
    return [
        {
            "code": one,
            "name": CATALOGUE[one.code].name,
            "region": CATALOGUE[one.code].group,
            "error": pair(one.error),
            "icc": pair(one.icc, more_is_better=True),
            "false": pair(one.false, 100, 0),
        }
        for one in sorted(said.codes.values(), key=lambda one: CATALOGUE[one.code].order)
    ]


def fairness_rows(said: Calibration) -> list[dict[str, Any]]:
    """The fairness table: a row a cohort, with its gap to all others before and after."""
    names = dict(Cohort.objects.values_list("key", "name"))
    gaps = {(gap.cohort, gap.figure, gap.stage): gap for gap in said.fairness.gaps}
    rows = []
    for row in said.fairness.rows:
        cells = []
        for name, scale, digits in (("error", 1.0, 2), ("false", 100.0, 0)):
            change = getattr(row, name)
            for stage in ("before", "after"):
                gap = gaps.get((row.cohort, name, stage))
                cells.append(
                    {
                        "figure": figure(getattr(change, stage), scale, digits),
                        "gap": figure(gap.difference, scale, digits) if gap else None,
                        "p": _number(gap.holm, 3) if gap else "–",
                        "found": gap is not None and gap.holm <= 0.05,
                    }
                )
        name = names.get(row.cohort, row.cohort) if row.cohort else UNSTATED
        rows.append({"name": name, "participants": row.participants, "cells": cells})
    return rows


def largest(said: Calibration) -> list[dict[str, str]]:
    """The largest distances between two cohorts, in words."""
    words = {"error": ("errors", 1.0, 2), "false": ("shares of false events, in per cent", 100.0, 0)}
    return [
        {
            "what": words[one.figure][0],
            "stage": one.stage,
            "value": _number(one.value * words[one.figure][1], words[one.figure][2]),
            "p": _number(one.p, 3),
        }
        for one in said.fairness.largest
    ]


def coders(said: Calibration) -> list[str]:
    """Names of those whose codings were used."""
    return [str(user) for user in User.objects.filter(pk__in=said.coders).order_by("name")]
