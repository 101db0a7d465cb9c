"""Speech recognition where the operator has put a model in place: asked for, done by a worker, kept as a revision.

`Recognition.state` is the truth and the queue only carries it. The row goes when its text is a revision; a
withdrawal deletes it, and what a worker still finds then touches no row and is thrown away.
"""

from __future__ import annotations

import logging
import uuid
from datetime import timedelta
from typing import Final

from django.db import models, transaction
from django.db.models import F
from django.utils import timezone

from analysis.types import AnalysisError
from facsweb.accounts.models import User
from facsweb.audit.services import record
from facsweb.processes import moments, queue
from facsweb.recordings.models import Recording
from facsweb.recordings.services import original_path
from facsweb.studies.models import Scope
from facsweb.studies.services import missing_scopes, require_consent
from facsweb.transcripts import services
from facsweb.transcripts.models import Recognition

log = logging.getLogger(__name__)
State = Recognition.State
TASK: Final = "facsweb.transcripts.tasks.recognise"
NEEDED: Final = (Scope.AUDIO, Scope.TEXT)
GRACE: Final = timedelta(seconds=3)  # between the commit and the enqueueing
MAX_ATTEMPTS: Final = 3
MOST: Final = 500  # that are enqueued in one round of recovery
NO_SOUND: Final = "This recording has no sound."
GIVEN_UP: Final = (
    f"The worker stopped unexpectedly {MAX_ATTEMPTS} times while it listened. The recording is safe. Ask whoever "
    "runs the site to look at the log of the workers (memory may have run out), then try again."
)
UNEXPECTED: Final = (
    "An error in the program kept the speech from being recognised. The recording is safe. Try again."
)


def why_not_recognised(recording: Recording) -> str:
    """Why the speech of a recording cannot be recognised; empty where it can."""
    from analysis.text.speech import available

    if not recording.has_audio:
        return NO_SOUND
    if missing_scopes(recording.participant, [Scope.AUDIO]):
        return f"The consent of {recording.participant.code} does not cover analysing the voice."
    return available()


@transaction.atomic
def ask(actor: User, recording: Recording) -> None:
    """Have a worker write down what is said; while it is under way, asking again changes nothing.

    Raises
    ------
    Refused
        It is not available here; the text says why.
    ConsentMissing
        No consent covers voice and words.
    """
    require_consent(recording.participant, NEEDED)
    if why := why_not_recognised(recording):
        raise services.Refused(why)
    found, made = Recognition.objects.get_or_create(recording=recording, defaults={"asked_by": actor})
    again = {"state": State.WAITING, "attempts": 0, "reached_us": 0, "error": "", "asked_by": actor}
    failed = Recognition.objects.filter(pk=found.pk, state=State.FAILED)
    if made or failed.update(**again, asked_at=timezone.now()):
        record(actor, "speech.ask", recording)
        _enqueue(recording.pk)


def perform(recording_id: uuid.UUID) -> None:
    """Listen to a recording that waits; doing so twice is once."""
    mine = Recognition.objects.filter(recording=recording_id)
    unfinished = mine.exclude(state=State.FAILED)
    if unfinished.filter(attempts__gte=MAX_ATTEMPTS).update(state=State.FAILED, error=GIVEN_UP):
        return
    if not unfinished.update(state=State.RUNNING, attempts=F("attempts") + 1, reached_us=0):
        return
    asked = mine.select_related("recording__participant__study", "asked_by").get()
    running = mine.filter(state=State.RUNNING, attempts=asked.attempts)
    try:
        _listen(asked, running)
    except AnalysisError as error:
        running.update(state=State.FAILED, error=str(error))
    except Exception:
        log.exception("Recognising the speech of %s", recording_id)
        running.update(state=State.FAILED, error=UNEXPECTED)


def _listen(asked: Recognition, running: models.QuerySet[Recognition]) -> None:
    from analysis.text.speech import transcribe

    recording = asked.recording

    def progress(us: int) -> None:
        if not running.update(reached_us=min(us, recording.duration_us)):
            raise AnalysisError("It is no longer asked for.")  # withdrawn, or another worker has it

    if missing_scopes(recording.participant, NEEDED):
        running.delete()
        return
    there = services.of_recording(recording)
    found = transcribe(original_path(recording), language=there.language if there else "", progress=progress)
    with transaction.atomic():
        if running.delete()[0]:
            services.take_recognised(asked.asked_by, recording, found.units)


def recover() -> int:
    """Enqueue again what neither waits in the queue nor is with a worker; a duty of the recovery process."""
    unfinished = Recognition.objects.exclude(state=State.FAILED).filter(moments.passed("asked_at", GRACE))
    lost = list(
        queue.without_ticket(unfinished, TASK, row="recording", taken=None).values_list("recording", flat=True)[
            :MOST
        ]
    )
    for recording_id in lost:
        _enqueue(recording_id)
    return len(lost)


def _job_id(recording_id: uuid.UUID) -> str:
    return f"speech-{recording_id}"


def _enqueue(recording_id: uuid.UUID) -> None:
    study = Recording.objects.filter(pk=recording_id).values_list("participant__study", flat=True).first()
    about = {"study": study, "row": recording_id, "job_id": _job_id(recording_id)}
    queue.enqueue_on_commit(TASK, str(recording_id), **about)
