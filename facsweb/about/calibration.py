"""Question 2: whom it was calibrated on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from functools import partial
from typing import Any, Final

from django.db.models import Count
from django.urls import reverse

from analysis.calibration import NOT_CALIBRATED
from analysis.calibration.record import Calibration, Change, CohortCalibration
from facsweb.about import agreement, checks
from facsweb.about.training import default, learned_of
from facsweb.about.values import Action, Answer, Column, Table, counted, listed, words
from facsweb.calibration import lapses
from facsweb.calibration import services as calibrations
from facsweb.calibration.models import Version
from facsweb.learning import packages, services
from facsweb.studies.cohorts import WORDS
from facsweb.studies.models import Cohort, Participant

QUESTION: Final = "Whom was it calibrated on?"
COLUMNS: Final = (
    Column("cohort", "Cohort"),
    Column("who", "Who that is"),
    Column("state", "Calibrated"),
    Column("participants", "Participants", "count"),
    Column("events", "Events", "count"),
    Column("coders", "Coders", "count"),
    Column("date", "On", "day"),
    Column("before", "Error before"),
    Column("after", "Error after"),
)


def answer(user: Any) -> Answer:
    """The answer, with every cohort."""
    version = calibrations.applied()
    found = calibrations.content(version) if version is not None else None
    calibrated = [one for one in found.cohorts if one.calibrated] if found is not None else []
    cannot = found.cannot if found is not None else ()
    return Answer(
        key="calibration",
        question=QUESTION,
        short=_short(calibrated, version),
        tables=(_cohorts(found), _gaps(found), _versions(), _worlds()),
        notes=(WORDS, _refitted(), *cannot),
        links=(Action("Cohorts", reverse("calibration:list")),) if getattr(user, "is_staff", False) else (),
    )


def _short(calibrated: list[CohortCalibration], version: Version | None) -> str:
    active = Cohort.objects.filter(active=True).count()
    if version is None or not calibrated:
        return (
            "On nobody: no cohort is calibrated in this installation, so of each of "
            f"{counted(active, 'cohort')} it says “{NOT_CALIBRATED}”; every face is compared with its own neutral "
            "moments only."
        )
    people = sum(one.participants for one in calibrated)
    names = listed([_name(one.id) for one in calibrated])
    return (
        f"On {counted(people, 'consenting participant')} of {counted(len(calibrated), 'cohort')} here ({names}), "
        f"by calibration {version.number}; of every other cohort it says “{NOT_CALIBRATED}”."
    )


def _name(key: str) -> str:
    found = Cohort.objects.filter(key=key).values_list("name", flat=True).first()
    return found or key or "no cohort stated"


def _cohorts(found: Calibration | None) -> Table:
    stated = dict(Participant.objects.values_list("cohort").annotate(number=Count("pk")))
    rows = [_cohort(cohort, stated.get(cohort.pk, 0), found) for cohort in Cohort.objects.all()]
    rows.append(
        {
            "cohort": "No cohort stated",
            "who": f"Left out by the participant. {_few(stated.get(None, 0))} here.",
            "state": NOT_CALIBRATED,
        }
    )
    return Table(
        "cohorts",
        "Cohorts",
        COLUMNS,
        tuple(rows),
        "Error: mean absolute distance of the machine’s intensities (0–5) from the coders’, with a 90 % interval, "
        "on participants that no fit has seen.",
    )


def _cohort(cohort: Cohort, stated: int, found: Calibration | None) -> dict[str, Any]:
    known = found.for_cohort(cohort.key) if found is not None else None
    retired = "" if cohort.active else " No longer offered."
    row: dict[str, Any] = {
        "cohort": cohort.name,
        "who": f"{cohort.description} {_few(stated)} here stated it.{retired}",
        "state": NOT_CALIBRATED,
    }
    if known is None or found is None:
        return row
    if not known.calibrated:
        return row | {"state": f"{NOT_CALIBRATED}: {known.why}"}
    return row | {
        "state": f"yes, for {counted(sum(unit.calibrated for unit in known.units.values()), 'Action Unit')} of "
        f"{found.scorer}",
        "participants": known.participants,
        "events": known.events,
        "coders": known.coders,
        "date": dt.datetime.fromisoformat(found.date),
        "before": _figure(known.error, "before"),
        "after": _figure(known.error, "after"),
    }


def _few(number: int) -> str:
    """How many stated a cohort; one or two might be told who they are."""
    if 0 < number < agreement.LEAST:
        return f"Fewer than {agreement.LEAST} participants"
    return counted(number, "participant") if number else "No participant"


def _figure(change: Change, when: str) -> str:
    figure = getattr(change, when)
    low, value, high = (words(one, "figure") for one in (figure.low, figure.value, figure.high))
    return f"{value} ({low} to {high})"


def _gaps(found: Calibration | None) -> Table:
    """Whether cohorts differ in how far off the machine is: the test, whatever it says."""
    rows = [
        {
            "cohort": _name(gap.cohort),
            "figure": {"error": "mean absolute error", "false": "false-event share"}.get(gap.figure, gap.figure),
            "stage": gap.stage,
            "difference": gap.difference.value,
            "interval": f"{words(gap.difference.low, 'change')} to {words(gap.difference.high, 'change')}",
            "p": gap.holm,
        }
        for gap in (found.fairness.gaps if found is not None else ())
    ]
    return Table(
        "fairness",
        "Does it err more in one cohort than in the others?",
        (
            Column("cohort", "Cohort"),
            Column("figure", "Figure"),
            Column("stage", "Calibration"),
            Column("difference", "Difference from the others", "change"),
            Column("interval", "90 % interval"),
            Column("p", "p, corrected", "figure"),
        ),
        tuple(rows),
        "Permutation of participants, two-sided, corrected for all cohorts (Holm).",
        "Not tested: no calibration is applied here.",
        folded=bool(rows),
    )


def _versions() -> Table:
    return Table(
        "versions",
        "Calibrations that were made here",
        (
            Column("number", "Version", "count"),
            Column("date", "Finished", "day"),
            Column("scorer", "Of the scorer", "mono"),
            Column("participants", "Participants", "count"),
            Column("coders", "Coders", "count"),
            Column("standing", "Standing"),
        ),
        tuple(_version_rows()),
        empty="None yet.",
    )


def _version_rows() -> Iterator[dict[str, Any]]:
    applied = calibrations.applied()
    for version in Version.objects.filter(state=Version.State.SUCCEEDED):
        found = calibrations.content(version)
        yield {
            "number": version.number,
            "date": version.finished_at,
            "scorer": version.scorer,
            "participants": found.participants,
            "coders": len(found.coders),
            "standing": checks.of_consents(f"lapse of calibration {version.pk}", partial(lapses.sentence, version))
            or ("applied" if version == applied else "not applied"),
        }


def _refitted() -> str:
    """What refitting to coders has to do with it."""
    name = default()
    learned = learned_of(name)
    if not learned:
        return "The scorer in use was refitted to nobody’s coding."
    return (
        f"{name} was refitted to what {counted(learned['coders'], 'coder')} signed of "
        f"{counted(learned['participants'], 'participant')}: that fits it to coders, and calibrates it for no "
        "cohort."
    )


def _worlds() -> Table:
    """Cohorts of the training world: mixtures of shapes and skin tones of rendered faces."""
    name = services.newest_shipped()
    found = packages.about(name).get("figures", {}).get("by_cohort", {})
    rows = [
        {"cohort": f"skin tone {key}" if set(key) <= set("IV") else key, "icc": said["mean"]}
        for key, said in found.items()
    ]
    return Table(
        "rendered-cohorts",
        f"{name} by cohort of the rendered faces that it was measured on",
        (Column("cohort", "Cohort of the training world"), Column("icc", "Mean ICC", "figure")),
        tuple(rows),
        "Mixtures of shapes and skin tones of computer-made faces. They say nothing about people of an age, skin, "
        "sex, culture or condition, and nothing was calibrated on them.",
        folded=True,
    )
