"""Calibrations that used codings of people who no longer agree to it."""

from __future__ import annotations

from typing import Final

from facsweb.calibration.models import Version
from facsweb.learning import lapses as learning

WHILE_CALIBRATING: Final = (
    "A participant withdrew consent during the calibration. Nothing of it is kept. Calibrate again; their "
    "recordings are left out then."
)
NO_LONGER: Final = (
    "A participant whose codings calibration {number} used withdrew consent, so it is not applied any more."
)


def of_version(version: Version) -> int:
    """Of how many people a calibration used codings who no longer agree to it, or are not known here any more."""
    pairs = set(version.material.values_list("participant", "recording"))
    return len({participant for participant, recording in pairs if learning.lapsed(participant, recording)})


def sentence(version: Version) -> str:
    """Why a calibration should not be applied any more; empty when nothing is against it."""
    count = of_version(version)
    if not count:
        return ""
    people = "a participant" if count == 1 else f"{count} participants"
    verb = "has" if count == 1 else "have"
    return (
        f"It used codings of {people} whose consent {verb} been withdrawn since. Calibrate again; they are left "
        "out then."
    )
