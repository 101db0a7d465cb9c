"""One attempt at a training: read what may be read at this moment, train, publish.

A thread keeps the pulse, as of an analysis (`runs.job`): it writes heartbeat and progress and hears orders.
"""

from __future__ import annotations

import logging
import os
import shutil
import signal
import threading
import time
import traceback
import uuid
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from django.db import DatabaseError, close_old_connections, connection, transaction

from analysis.types import AnalysisError, Cancelled, Rgb
from facsweb.learning import attempts, lapses, material, packages
from facsweb.learning.models import Training, Used
from facsweb.processes.fence import Order, stopping

logger = logging.getLogger(__name__)

TICK_S: Final = 0.25  # orders are heard this often
BEAT_S: Final = 1.0  # heartbeat and progress are written this often
UNEXPECTED: Final = (
    "The training stopped because of an error in the program. Codings and scorers are unchanged. Try again; if it "
    "happens again, give whoever runs the site the number of this training."
)
NOTHING: Final = (
    "When the training began there was no signed coding left to learn from: consents or reports changed since it "
    "was started. Nothing was made."
)
Tell = Callable[[str, int, "int | None"], None]


class Pulse:
    """Context manager around the work of one attempt; ``hook`` and ``should_stop`` go to the engine."""

    def __init__(self, training: Training, tell: Tell | None = None) -> None:
        self.training, self.tell = training, tell
        self.order = Order.GO_ON
        self.shutdown = False
        self._parent = os.getppid()
        self._now: tuple[str, int, int | None] = ("", 0, None)
        self._beat_at = time.monotonic()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._live, name="pulse", daemon=True)

    def hook(self, stage: str, done: int, total: int | None, *, still: Rgb | None = None) -> None:
        """Progress of the engine (``analysis.types.Hook``); raises Cancelled to stop."""
        if self.tell is not None and (stage, done, total) != self._now:
            self.tell(stage, done, total)
        self._now = (stage, done, total)
        if self.should_stop():
            raise Cancelled("The training was stopped.")

    def should_stop(self) -> bool:
        """Whether the engine should end now (``analysis.types.ShouldStop``)."""
        return self.shutdown or self.order is not Order.GO_ON

    def shut_down(self) -> None:
        """Ask the engine to end because the worker is being stopped."""
        self.shutdown = True

    def __enter__(self) -> Pulse:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join(timeout=10)

    def _live(self) -> None:
        while not self._over.wait(TICK_S):
            if os.getppid() != self._parent:
                logger.error("Training %s ends: its worker is gone.", self.training.number)
                os.kill(os.getpid(), signal.SIGKILL)
            try:
                self._tick()
            except DatabaseError as error:  # busy or away: the next tick tries again
                logger.warning("Training %s: no heartbeat: %s", self.training.number, error)
                close_old_connections()
            except Exception:  # a pulse that stopped while the work goes on would cost the work
                logger.exception("Training %s: the pulse stumbled", self.training.number)
        connection.close()

    def _tick(self) -> None:
        pk, attempt = self.training.pk, self.training.attempt
        if time.monotonic() - self._beat_at < BEAT_S:
            self.order = attempts.order(pk, attempt)
        else:
            stage, done, total = self._now
            self.order = attempts.beat(pk, attempt, stage=stage, done=done, total=total)
            self._beat_at = time.monotonic()
        if self.order is Order.CANCEL:  # at once, since the work may be in the middle of minutes of arithmetic
            attempts.confirm_cancel(pk, attempt)


def perform(training_id: uuid.UUID, attempt: int, worker: str, tell: Tell | None = None) -> None:
    """Claim the attempt, do the work, publish the scorer; whatever happens is written to the training."""
    training = attempts.claim(training_id, attempt, worker)
    if training is None:
        return  # carried twice, cancelled while waiting, or already given to somebody else
    out = packages.draft(f"{training.pk}-{attempt}")
    try:
        with Pulse(training, tell) as pulse, stopping(pulse.shut_down):
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
