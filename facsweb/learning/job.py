"""One attempt at a training: read what may be read at this moment, train, publish."""

from __future__ import annotations

import logging
import shutil
import traceback
import uuid
from pathlib import Path
from typing import Any, Final

from django.db import transaction

from analysis.types import AnalysisError, Cancelled
from facsweb.learning import attempts, lapses, material, packages
from facsweb.learning.models import Training, Used
from facsweb.processes.fence import Order, stopping
from facsweb.processes.pulse import Pulse, Tell

logger = logging.getLogger(__name__)

UNEXPECTED: Final = (
    "The training stopped because of an error in the program. Codings and scorers are unchanged. Try again; if it "
    "happens again, give whoever runs the site the number of this training."
)
NOTHING: Final = (
    "When the training began there was no signed coding left to learn from: consents or reports changed since it "
    "was started. Nothing was made."
)


def perform(training_id: uuid.UUID, attempt: int, worker: str, tell: Tell | None = None) -> None:
    """Claim the attempt, do the work, publish the scorer; whatever happens is written to the training."""
    training = attempts.claim(training_id, attempt, worker)
    if training is None:
        return  # carried twice, cancelled while waiting, or already given to somebody else
    out = packages.draft(f"{training.pk}-{attempt}")
    try:
        with Pulse(training, attempts, tell) as pulse, stopping(pulse.shut_down):
            try:
                _attempt(training, out, pulse)
            except Cancelled:
                _abandon(training, pulse)
            except attempts.Lapsed:
                attempts.fail(training.pk, attempt, error=lapses.WHILE_TRAINING, detail="")
            except AnalysisError as error:
                attempts.fail(training.pk, attempt, error=str(error), detail=traceback.format_exc())
            except Exception:
                logger.exception("Training %s, attempt %s", training.number, attempt)
                attempts.fail(training.pk, attempt, error=UNEXPECTED, detail=traceback.format_exc())
    finally:
        shutil.rmtree(out, ignore_errors=True)


def _attempt(training: Training, out: Path, pulse: Pulse) -> None:
    from analysis.learning import train

    pulse.hook("consent", 0, None)
    usable = _usable(training)
    if not usable:
        raise AnalysisError(NOTHING)
    out.mkdir(parents=True, exist_ok=True)
    trained = train(
        material.codings(usable),
        out,
        version=training.version,
        base=training.base,
        hook=pulse.hook,
        should_stop=pulse.should_stop,
    )
    learned: dict[str, Any] = dict(trained.about["learned"])
    if not attempts.succeed(training, trained.folder, learned):
        _abandon(training, pulse)


def _usable(training: Training) -> list[material.Candidate]:
    """What may be learned from at this moment, written down as used.

    The files are compared before, because that takes a while; consent is asked again in the transaction that
    writes down what is used, so that a withdrawal either is seen here or finds the training (`after_withdrawal`).
    """
    intact = {one.layer.pk for one in material.candidates(training.base, thorough=True) if not one.why_not}
    with transaction.atomic():
        Training.objects.select_for_update().get(pk=training.pk)
        usable = [
            one
            for one in material.candidates(training.base)
            if not one.why_not and one.participant is not None and one.layer.pk in intact
        ]
        used = [
            Used(
                training=training,
                layer=one.layer.pk,
                recording=one.layer.run.recording_id,
                study=one.study.pk,
                participant=one.participant.pk,
                coder=one.layer.owner_id,
            )
            for one in usable
            if one.participant is not None
        ]
        lapses.remember(training, used)
    return usable


def _abandon(training: Training, pulse: Pulse) -> None:
    """End an attempt that was told to stop: cancelled, handed to the next worker, or already somebody else's."""
    if attempts.order(training.pk, training.attempt) is Order.CANCEL:
        attempts.confirm_cancel(training.pk, training.attempt)
    elif pulse.shutdown:
        attempts.give_back(training.pk, training.attempt)
