"""One attempt at a calibration: read what may be read at this moment, calibrate, keep the result."""

from __future__ import annotations

import uuid
from functools import partial
from typing import Final

from facsweb.calibration import attempts, material
from facsweb.calibration.models import Version
from facsweb.learning.taking import take
from facsweb.processes.pulse import Pulse, Tell, carry_out

UNEXPECTED: Final = (
    "The calibration stopped because of an error in the program. Codings and results are unchanged. Try again; "
    "if it happens again, give whoever runs the site the number of this calibration."
)


def perform(version_id: uuid.UUID, attempt: int, worker: str, tell: Tell | None = None) -> None:
    """Claim the attempt, do the work, keep the result; whatever happens is written to the version."""
    version = attempts.claim(version_id, attempt, worker)
    if version is None:
        return  # carried twice, cancelled while waiting, or already given to somebody else
    carry_out(version, attempts.FENCE, _attempt, unexpected=UNEXPECTED, tell=tell)


def _attempt(version: Version, pulse: Pulse) -> bool:
    from analysis.calibration import calibrate

    pulse.hook("consent", 0, None)
    found = calibrate(
        material.sessions(take(version, partial(material.candidates, version.scorer))),
        version=str(version.number),
        scorer=version.scorer,
        hook=pulse.hook,
        should_stop=pulse.should_stop,
    )
    return attempts.succeed(version, found.as_dict())
