"""Scores of transcripts, computed by a worker from the newest revision.

`Scores.state` is the truth, the queue carries it: a job names the revision that it is about, and what it found is
stored only while that revision is still the one that is asked about. While somebody types, the recovery process
hands the work on after a pause, so that not every sentence starts a worker.
"""

from __future__ import annotations

import logging
import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from analysis.types import AnalysisError
from facsweb.audit.services import record
from facsweb.processes import moments, queue
from facsweb.processes.duties import Paced
from facsweb.studies import law
from facsweb.studies.models import Scope
from facsweb.studies.services import missing_scopes
from facsweb.transcripts import hooks
from facsweb.transcripts.models import Revision, Scores, Transcript
from facsweb.transcripts.values import sentences

if TYPE_CHECKING:
    from facsweb.accounts.models import User

log = logging.getLogger(__name__)
State = Scores.State
TASK: Final = "facsweb.transcripts.tasks.score"
PAUSE: Final = timedelta(seconds=30)  # without a save, before a worker looks at what is being typed
GRACE: Final = timedelta(seconds=3)  # between the commit and the enqueueing
MAX_ATTEMPTS: Final = 3
MOST: Final = 500  # that are enqueued in one round of recovery
PROHIBITED: Final = (
    "In this study's setting and place the law prohibits estimating emotions (EU AI Act, Article 5(1)(f)). "
    "The words are kept; what readers would call them is not computed."
)
GIVEN_UP: Final = (
    f"The worker stopped unexpectedly {MAX_ATTEMPTS} times while it looked at this text. The text is safe. Ask "
    "whoever runs the site to look at the log of the workers, then try again."
)
UNEXPECTED: Final = (
    "The text could not be analysed because of an error in the program. The text is safe. Try again."
)
_pace = Paced()


def job_id(transcript_id: uuid.UUID, revision: int) -> str:
    """The queue's name of scoring one revision."""
    return f"text-{transcript_id}-{revision}"


def why_not(transcript: Transcript) -> str:
    """Why a transcript gets no scores, in a sentence; empty where it may."""
    return PROHIBITED if law.emotion_off(transcript.study) else ""


def ask(transcript: Transcript, *, pause: bool = False) -> None:
    """Have the newest revision scored; called in the transaction that wrote it."""
    newest = transcript.revisions.filter(number=transcript.revision).first()
    if newest is None or not any(row[3] for row in newest.units) or why_not(transcript):
        if Scores.objects.filter(transcript=transcript).delete()[0]:
            hooks.tell(transcript.recording)
        return
    due = timezone.now() + (PAUSE if pause else timedelta())
    asked = {"state": State.WAITING, "revision": newest.number, "due_at": due, "attempts": 0, "error": ""}
    Scores.objects.update_or_create(transcript=transcript, defaults=asked)
    if not pause:
        _enqueue(transcript.pk, newest.number)


def _enqueue(transcript_id: uuid.UUID, revision: int) -> None:
    study = Transcript.objects.filter(pk=transcript_id).values_list("participant__study", flat=True).first()
    about = {"study": study, "row": transcript_id, "attempt": revision}
    queue.enqueue_on_commit(TASK, str(transcript_id), revision, job_id=job_id(transcript_id, revision), **about)


@transaction.atomic
def again(actor: User, transcript: Transcript) -> None:
    """Ask once more: it failed, or the classifier is a newer one."""
    ask(transcript)
    record(actor, "transcript.analyse", transcript, revision=transcript.revision)


def result_of(transcript: Transcript) -> dict[str, Any] | None:
    """The result for the newest revision; None while there is none, or where the law prohibits one."""
    scores = Scores.objects.filter(transcript=transcript, scored=transcript.revision).first()
    return None if scores is None or why_not(transcript) else scores.result


def compute(transcript_id: uuid.UUID, revision: int) -> None:
    """Score a revision that waits; doing so twice is once."""
    mine = Scores.objects.filter(transcript=transcript_id, revision=revision, state=State.WAITING)
    if mine.filter(attempts__gte=MAX_ATTEMPTS).update(state=State.FAILED, error=GIVEN_UP):
        return
    if not mine.update(attempts=F("attempts") + 1):
        return  # carried twice, saved again, or forgotten
    transcript = Transcript.objects.select_related("participant__study", "recording").get(pk=transcript_id)
    if missing_scopes(transcript.participant, [Scope.TEXT]) or why_not(transcript):
        mine.delete()
        return
    try:
        result = _result(transcript, revision)
    except AnalysisError as error:
        mine.update(state=State.FAILED, error=str(error))
        return
    except Exception:
        log.exception("Scoring transcript %s", transcript_id)
        mine.update(state=State.FAILED, error=UNEXPECTED)
        return
    # One row or none: a save or a withdrawal meanwhile wins.
    with transaction.atomic():
        if mine.update(state=State.READY, result=result, scored=revision, computed_at=timezone.now()):
            hooks.tell(transcript.recording)


def _result(transcript: Transcript, revision: int) -> dict[str, Any]:
    from analysis.text.result import result
    from analysis.text.units import Transcript as Said

    rows = Revision.objects.get(transcript=transcript, number=revision).units
    duration_us = transcript.recording.duration_us if transcript.recording else None
    kind = {Transcript.Source.TYPED: "typed", Transcript.Source.SPEECH: "speech"}.get(transcript.source, "file")
    return result(Said(kind, tuple(sentences(rows, duration_us=duration_us))), language=transcript.language)


def recover() -> int:
    """Enqueue what is due and not in the queue; return how many. A duty of the recovery process."""
    if not _pace.due():
        return 0
    due = Scores.objects.filter(moments.passed("due_at", GRACE), state=State.WAITING)
    with _pace.look():
        lost = list(queue.without_ticket(due, TASK, row="transcript", attempt="revision", taken=None)[:MOST])
    for scores in lost:
        _enqueue(scores.transcript_id, scores.revision)
    return len(lost)
