"""The pulse of queued work: a thread that writes heartbeat and progress and hears orders while the engine works.

So neither the database nor Redis slows the engine, which only leaves numbers behind and asks a flag. An analysis
has a pulse of its own (`runs.job`), which also shows pictures.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
import traceback
import uuid
from collections.abc import Callable
from types import TracebackType
from typing import Any, Final, Protocol

from django.db import DatabaseError, close_old_connections, connection

from analysis.types import AnalysisError, Cancelled, Rgb
from facsweb.processes.fence import Order, stopping
from facsweb.processes.outage import OUTAGE
from facsweb.storage import shelf

logger = logging.getLogger(__name__)

TICK_S: Final = 0.25  # orders are heard this often
BEAT_S: Final = 1.0  # heartbeat and progress are written this often
Tell = Callable[[str, int, "int | None"], None]


class Beating(Protocol):
    """What the pulse needs of a fence (`audit.attempts.RecordedFence`)."""

    def order(self, pk: uuid.UUID, attempt: int, /) -> Order: ...
    def beat(self, pk: uuid.UUID, attempt: int, /, **values: Any) -> Order: ...
    def confirm_cancel(self, pk: uuid.UUID, attempt: int, /) -> bool: ...
    def fail(self, pk: uuid.UUID, attempt: int, /, *, error: str, detail: str) -> bool: ...
    def give_back(self, pk: uuid.UUID, attempt: int, /) -> bool: ...


class Pulse:
    """Context manager around the work of one attempt; ``hook`` and ``should_stop`` go to the engine.

    Parameters
    ----------
    row : model
        Has ``pk`` and ``attempt``.
    fence : Beating
        Behind which the attempt works.
    tell : callable, optional
        Told stage, done and total of the work.
    """

    def __init__(self, row: Any, fence: Beating, tell: Tell | None = None) -> None:
        self.row, self.fence, self.tell = row, fence, tell
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
            raise Cancelled("The work was stopped.")

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
                logger.error("%s ends: its worker is gone.", self.row)
                os.kill(os.getpid(), signal.SIGKILL)
            try:
                self._tick()
            except DatabaseError as error:  # busy or away: the next tick tries again
                logger.warning("%s: no heartbeat: %s", self.row, error)
                close_old_connections()
            except Exception:  # a pulse that stopped while the work goes on would cost the work
                logger.exception("%s: the pulse stumbled", self.row)
        connection.close()

    def _tick(self) -> None:
        pk, attempt = self.row.pk, self.row.attempt
        if time.monotonic() - self._beat_at < BEAT_S:
            self.order = self.fence.order(pk, attempt)
        else:
            stage, done, total = self._now
            self.order = self.fence.beat(pk, attempt, stage=stage, done=done, total=total)
            self._beat_at = time.monotonic()
        if self.order is Order.CANCEL:  # at once, since the work may be in the middle of long arithmetic
            self.fence.confirm_cancel(pk, attempt)


def carry_out(
    row: Any,
    fence: Beating,
    work: Callable[[Any, Pulse], bool],
    *,
    unexpected: str,
    explained: tuple[type[Exception], ...] = (AnalysisError,),
    tell: Tell | None = None,
) -> None:
    """Do an attempt's work under a pulse; whatever happens is written to the row.

    Parameters
    ----------
    row, fence, tell
        As for `Pulse`.
    work : callable
        Given the row and the pulse; returns whether its result was kept.
    unexpected : str
        The sentence for people when the program itself is at fault.
    explained : tuple of exception types
        Errors whose own sentence is for people.
    """
    with Pulse(row, fence, tell) as pulse, stopping(pulse.shut_down), shelf.patient(pulse.should_stop):
        try:
            if not work(row, pulse):
                _abandon(row, fence, pulse)
        except Cancelled:
            _abandon(row, fence, pulse)
        except shelf.StorageError as error:  # told to stop while it waited for the store, or waited for too long
            if pulse.should_stop():
                _abandon(row, fence, pulse)
            else:
                fence.fail(row.pk, row.attempt, error=str(error), detail=traceback.format_exc())
        except explained as error:
            fence.fail(row.pk, row.attempt, error=str(error), detail=traceback.format_exc())
        except OUTAGE:  # the next worker tries again, after the silence
            logger.exception("%s, attempt %s: the database is away", row, row.attempt)
        except Exception:
            logger.exception("%s, attempt %s", row, row.attempt)
            fence.fail(row.pk, row.attempt, error=unexpected, detail=traceback.format_exc())


def _abandon(row: Any, fence: Beating, pulse: Pulse) -> None:
    """End an attempt that was told to stop: cancelled, handed to the next worker, or already somebody else's."""
    if fence.order(row.pk, row.attempt) is Order.CANCEL:
        fence.confirm_cancel(row.pk, row.attempt)
    elif pulse.shutdown:
        fence.give_back(row.pk, row.attempt)
