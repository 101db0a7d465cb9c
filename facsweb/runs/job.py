"""One attempt at a run, inside the worker's child process: pulse, work, publication.

A thread keeps the pulse: it writes the heartbeat and the progress, hears orders, and sends messages to those who
watch. The analysis only leaves numbers behind and asks a flag, so neither the database nor Redis slows it down.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import shutil
import signal
import threading
import time
import traceback
import uuid
from collections import deque
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from django.db import DatabaseError, close_old_connections, connection

from analysis import pipeline
from analysis.types import AnalysisError, Cancelled, Rgb
from facsweb.processes import limits
from facsweb.processes.fence import Order, stopping
from facsweb.processes.outage import OUTAGE, is_disk_full, outlast
from facsweb.recordings import files
from facsweb.recordings.services import jpeg, original_path
from facsweb.runs import attempts, neutrals, people_reading, progress, segment_attempts, segments, services
from facsweb.runs.models import AnalysisRun
from facsweb.runs.services import MEASUREMENT, result_dir, still_path
from facsweb.storage import pictures, shelf
from facsweb.studies.models import Scope
from facsweb.studies.services import ConsentMissing, require_consent

logger = logging.getLogger(__name__)

TICK_S: Final = 0.25  # orders are heard this often
TELL_S: Final = 0.5  # news is written and told at most this often
BEAT_S: Final = 2.0  # the heartbeat is written at least this often
STALL_S: Final = 300.0  # an analysis that shows no sign of life for so long is taken for hung
RATE_WINDOW_S: Final = 5.0
UNEXPECTED: Final = (
    "The analysis stopped because of an error in the program. The recording is safe. Try again; if it happens "
    "again, give an administrator the address of this page."
)
NO_ROOM: Final = (
    "The server's disk is full, so the result could not be kept. The recording is safe. Tell the operator; when "
    "there is room again, start the analysis once more."
)


class Pulse:
    """Context manager around the work of one attempt; ``hook`` and ``should_stop`` go to the analysis."""

    def __init__(self, run: AnalysisRun) -> None:
        self.run = run
        self.order = Order.GO_ON
        self.shutdown = False
        self._parent = os.getppid()
        self._sign_of_life = time.monotonic()
        self._stage, self._done, self._total = "", 0, None
        self._window: deque[tuple[float, int]] = deque()
        self._still: Rgb | None = None
        self._stills = run.stills
        self._written: tuple[Any, ...] = ()
        self._beat_at = time.monotonic()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._live, name="pulse", daemon=True)

    # --- called by the analysis, in the main thread -----------------------------------------------------

    def hook(self, stage: str, done: int, total: int | None, *, still: Rgb | None = None) -> None:
        """Progress of the analysis (``analysis.types.Hook``); costs microseconds; raises Cancelled to stop."""
        now = time.monotonic()
        self._sign_of_life = now
        if stage != self._stage:
            self._window.clear()
        self._stage, self._done, self._total = stage, done, total
        if not self._window or now - self._window[-1][0] > 0.1:
            self._window.append((now, done))
        if still is not None:
            self._still = still
        if self.should_stop():
            raise Cancelled("The run was stopped.")

    def should_stop(self) -> bool:
        """Whether the analysis should end now (``analysis.types.ShouldStop``)."""
        self._sign_of_life = time.monotonic()
        return self.shutdown or self.order is not Order.GO_ON

    def shut_down(self) -> None:
        """Ask the analysis to end because the worker is being stopped."""
        self.shutdown = True

    # --- the thread -------------------------------------------------------------------------------------------

    def __enter__(self) -> Pulse:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join(timeout=2 * TICK_S + progress.SEND_TIMEOUT_S)

    def _live(self) -> None:
        with asyncio.Runner() as runner:
            while not self._over.wait(TICK_S):
                if os.getppid() != self._parent:
                    self._die("its worker is gone")
                if time.monotonic() - self._sign_of_life > STALL_S:
                    self._die(f"no sign of life for {STALL_S:.0f} s")
                try:
                    self._tick(runner)
                except DatabaseError as error:  # busy or away: the next tick tries again
                    logger.warning("Run %s: no heartbeat: %s", self.run.pk, error)
                    close_old_connections()
                except Exception:  # a pulse that stopped while the work goes on would cost the work
                    logger.exception("Run %s: the pulse stumbled", self.run.pk)
        connection.close()

    def _tick(self, runner: asyncio.Runner) -> None:
        if why := limits.why_over(self.run.recording.duration_us):
            attempts.fail(self.run.pk, self.run.attempt, error=why, detail="")
            shelf.remove(attempts.folder(self.run.pk) / str(self.run.attempt))
            self._die(why)
        self._save_still()
        self._hear(runner)
        if self.order is Order.CANCEL:  # at once, since the work may be in the middle of seconds of arithmetic
            attempts.confirm_cancel(self.run.pk, self.run.attempt)

    def _hear(self, runner: asyncio.Runner) -> None:
        """Hear the order, and write and tell what is new, when that is due."""
        state = (self._stage, self._done, self._total, self._stills)
        changed = state != self._written
        if time.monotonic() - self._beat_at < (TELL_S if changed else BEAT_S):
            self.order = attempts.order(self.run.pk, self.run.attempt)
            return
        values = {"stage": self._stage, "done": self._done, "total": self._total, "rate": self._rate()}
        self.order = attempts.beat(self.run.pk, self.run.attempt, stills=self._stills, **values)
        self._written, self._beat_at = state, time.monotonic()
        if changed and self.order is Order.GO_ON:
            runner.run(progress.send(self.run.pk, "run.progress", values=values, stills=self._stills))

    def _rate(self) -> float | None:
        """Frames a second over the last seconds; None until there is something to measure."""
        window = list(self._window)
        recent = [moment for moment in window if moment[0] > time.monotonic() - RATE_WINDOW_S]
        while len(self._window) > len(recent) + 1:
            self._window.popleft()
        if len(recent) < 2 or recent[-1][0] - recent[0][0] < 0.3:
            return None
        return (recent[-1][1] - recent[0][1]) / (recent[-1][0] - recent[0][0])

    def _save_still(self) -> None:
        still, self._still = self._still, None
        if still is None or self.order is not Order.GO_ON:
            return
        with contextlib.suppress(OSError):  # among others: the folder went with the consent
            pictures.show(still_path(self.run), jpeg(still))
            self._stills += 1

    def _die(self, why: str) -> None:
        """End the whole process at once; the recovery process gives a run that has not ended to another worker."""
        logger.error("Run %s, attempt %s ends: %s.", self.run.pk, self.run.attempt, why)
        os.kill(os.getpid(), signal.SIGKILL)


def perform(run_id: uuid.UUID, attempt: int, worker: str) -> None:
    """Claim the attempt, do the work, publish the result; whatever happens is written to the run."""
    run = attempts.claim(run_id, attempt, worker)
    if run is None:
        return  # carried twice, cancelled while waiting, or already given to somebody else
    with Pulse(run) as pulse, stopping(pulse.shut_down), shelf.patient(pulse.should_stop):
        try:
            _attempt(run, pulse)
        except Cancelled:
            _abandon(run, pulse)
        except (AnalysisError, ConsentMissing, shelf.CacheFull) as error:
            said = NO_ROOM if is_disk_full(error) and not isinstance(error, shelf.CacheFull) else str(error)
            outlast(lambda: attempts.fail(run.pk, attempt, error=said, detail=traceback.format_exc()))
        except shelf.StoreAway as error:  # it was told to stop while it waited, or waited for too long
            if pulse.should_stop():
                _abandon(run, pulse)
            else:
                said = str(error)
                outlast(lambda: attempts.fail(run.pk, attempt, error=said, detail=traceback.format_exc()))
        except MemoryError:
            attempts.fail(run.pk, attempt, error=limits.too_much(), detail=traceback.format_exc())
        except OUTAGE:  # the next worker tries again, after the silence (`recovery`)
            logger.exception("Run %s, attempt %s: the database is away", run.pk, attempt)
            return
        except Exception as error:
            logger.exception("Run %s, attempt %s", run.pk, attempt)
            said = NO_ROOM if is_disk_full(error) else UNEXPECTED
            outlast(lambda: attempts.fail(run.pk, attempt, error=said, detail=traceback.format_exc()))
    now = AnalysisRun.objects.filter(pk=run.pk).first()
    if now is None:  # the recording was deleted
        shelf.remove(attempts.folder(run.pk))
    else:
        segment_attempts.clear(now)
        attempts.remove_leftovers(now)


def _attempt(run: AnalysisRun, pulse: Pulse) -> None:
    out = attempts.folder(run.pk) / str(run.attempt)
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    require_consent(run.recording.participant, [Scope.VIDEO])
    _work(run, out, pulse)
    pulse.hook(progress.PUBLISH, 0, None)
    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    shelf.keep(out)
    made = hashes(out)

    def publish() -> bool:
        # Tried again while the store is away, for what follows at once from a result reads it.
        return shelf.patiently(lambda: attempts.succeed(run.pk, run.attempt, files=made, summary=summary))

    # Committed after all, though the answer was lost: the second try finds the run ended, and changes nothing.
    if not outlast(publish):
        _abandon(run, pulse)


def _work(run: AnalysisRun, out: Path, pulse: Pulse) -> None:
    """Measure and interpret; or only interpret again what another run measured."""
    services.have_scorer(run.parameters.get("scorer"))
    neutral_us, choices = run.parameters.get("neutral_us"), neutrals.for_the_work(run)
    if source := run.parameters.get("measurement_from"):
        _copy_measurement(source, out)
        people_reading.for_the_work(run, out)
        scorer = run.parameters.get("scorer")
        pipeline.interpret(out, neutral_us=neutral_us, neutrals=choices, scorer=scorer, hook=pulse.hook)
        return
    video = original_path(run.recording)
    if segments.is_split(run, video):
        segments.measure(run, video, out, pulse)
        scorer = run.parameters.get("scorer")
        pipeline.interpret(out, neutral_us=neutral_us, neutrals=choices, scorer=scorer, hook=pulse.hook)
        return
    pipeline.analyze(
        video,
        out,
        neutral_us=neutral_us,
        neutrals=choices,
        max_faces=run.parameters["max_faces"],
        scorer=run.parameters.get("scorer"),
        hook=pulse.hook,
        should_stop=pulse.should_stop,
    )


def _copy_measurement(run_id: str, out: Path) -> None:
    source = AnalysisRun.objects.filter(pk=run_id, state=AnalysisRun.State.SUCCEEDED).first()
    try:
        if source is None:
            raise FileNotFoundError(run_id)
        for name in MEASUREMENT:
            shutil.copyfile(result_dir(source) / name, out / name)
    except FileNotFoundError as error:
        raise AnalysisError("The run that was to be read again is gone. Start a new analysis.") from error


def _abandon(run: AnalysisRun, pulse: Pulse) -> None:
    """End an attempt that was told to stop: cancelled, handed to the next worker, or already somebody else's."""
    if attempts.order(run.pk, run.attempt) is Order.CANCEL:
        attempts.confirm_cancel(run.pk, run.attempt)
    elif pulse.shutdown:
        attempts.give_back(run.pk, run.attempt, "The worker is being stopped. The run waits for the next one.")


def hashes(out: Path) -> dict[str, str]:
    """SHA-256 (hex) of every file in the folder, by name."""
    return {path.name: files.sha256_of(path) for path in sorted(out.iterdir())}
