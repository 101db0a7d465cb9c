"""One attempt at a calibration: read what may be read at this moment, calibrate, keep the result."""

from __future__ import annotations

import logging
import traceback
import uuid
from typing import Final

from django.db import transaction

from analysis.types import AnalysisError, Cancelled
from facsweb.calibration import attempts, lapses, material
from facsweb.calibration.models import Used, Version
from facsweb.learning.material import Candidate
from facsweb.processes.fence import Order, stopping
from facsweb.processes.pulse import Pulse, Tell

logger = logging.getLogger(__name__)

UNEXPECTED: Final = (
    "The calibration stopped because of an error in the program. Codings and results are unchanged. Try again; "
    "if it happens again, give whoever runs the site the number of this calibration."
)


def perform(version_id: uuid.UUID, attempt: int, worker: str, tell: Tell | None = None) -> None:
    """Claim the attempt, do the work, keep the result; whatever happens is written to the version."""
    version = attempts.claim(version_id, attempt, worker)
    if version is None:
        return  # carried twice, cancelled while waiting, or already given to somebody else
    with Pulse(version, attempts, tell) as pulse, stopping(pulse.shut_down):
        try:
            _attempt(version, pulse)
        except Cancelled:
            _abandon(version, pulse)
        except attempts.Lapsed:
            attempts.fail(version.pk, attempt, error=lapses.WHILE_CALIBRATING, detail="")
        except AnalysisError as error:
            attempts.fail(version.pk, attempt, error=str(error), detail=traceback.format_exc())
        except Exception:
            logger.exception("Calibration %s, attempt %s", version.number, attempt)
            attempts.fail(version.pk, attempt, error=UNEXPECTED, detail=traceback.format_exc())


def _attempt(version: Version, pulse: Pulse) -> None:
    from analysis.calibration import calibrate

    pulse.hook("consent", 0, None)
    found = calibrate(
        material.sessions(_usable(version)),
        version=str(version.number),
        scorer=version.scorer,
        hook=pulse.hook,
        should_stop=pulse.should_stop,
    )
    if not attempts.succeed(version, found.as_dict()):
        _abandon(version, pulse)


def _usable(version: Version) -> list[Candidate]:
    """What may be used at this moment, written down as used.

    The files are compared before, because that takes a while; consent is asked again in the transaction that
    writes down what is used, so that a withdrawal either is seen here or finds the version (`after_withdrawal`).
    """
    intact = {one.layer.pk for one in material.candidates(version.scorer, thorough=True) if not one.why_not}
    with transaction.atomic():
        Version.objects.select_for_update().get(pk=version.pk)
        usable = [
            one
            for one in material.candidates(version.scorer)
            if not one.why_not and one.participant is not None and one.layer.pk in intact
        ]
        version.material.all().delete()  # of an attempt before this one
        Used.objects.bulk_create(
            Used(
                version=version,
                layer=one.layer.pk,
                recording=one.layer.run.recording_id,
                study=one.study.pk,
                participant=one.participant.pk,
                coder=one.layer.owner_id,
            )
            for one in usable
            if one.participant is not None
        )
    return usable


def _abandon(version: Version, pulse: Pulse) -> None:
    """End an attempt that was told to stop: cancelled, handed to the next worker, or already somebody else's."""
    if attempts.order(version.pk, version.attempt) is Order.CANCEL:
        attempts.confirm_cancel(version.pk, version.attempt)
    elif pulse.shutdown:
        attempts.give_back(version.pk, version.attempt)
