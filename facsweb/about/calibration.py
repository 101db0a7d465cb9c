"""Question 2: whom it was calibrated on."""

from __future__ import annotations

from typing import Any, Final

from facsweb.about.training import default
from facsweb.about.values import Answer, Column, Table, counted
from facsweb.learning import packages, services

QUESTION: Final = "Whom was it calibrated on?"
NOT_CALIBRATED: Final = "not calibrated for this cohort"


def answer(user: Any) -> Answer:
    """The answer, with every cohort."""
    return Answer(
        key="calibration",
        question=QUESTION,
        short=_short(),
        tables=(_worlds(),),
        notes=(_refitted(),),
    )


def _short() -> str:
    return (
        "On nobody: no cohort is calibrated in this installation, so results say “not calibrated for this "
        "cohort”; every face is compared with its own neutral moments only."
    )


def _refitted() -> str:
    """What refitting to coders has to do with it."""
    name = default()
    learned = packages.about(name).get("learned")
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
