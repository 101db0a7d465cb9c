"""What was derived from each thing that a participant can agree to: the map from a scope to what goes with it.

``docs/privacy.md`` has the same as a table for people. A root is a row that goes with everything below it
(`closure`). Three things do not hang on a recording and are found here: figures of agreement, scorers and
calibrations that learned from a participant, and reports on what stays.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any, Final

from django.db.models import Model, QuerySet

from facsweb.agreement.models import Comparison
from facsweb.calibration.models import Version
from facsweb.coding.models import Layer
from facsweb.learning.material import NEEDED
from facsweb.learning.models import Training
from facsweb.live.models import Session
from facsweb.meaning.models import Reading, Speakers
from facsweb.recordings.models import Recording, Upload
from facsweb.reports import resting
from facsweb.studies.models import Participant, Scope
from facsweb.transcripts.models import Recognition, Scores, Transcript
from facsweb.transcripts.models import Upload as TextUpload

#: Scopes without which nothing of a recording may stay.
WHOLE: Final = frozenset({Scope.VIDEO})
#: Scopes that a reading names among its inputs where it rests on them.
_READ: Final = frozenset({Scope.AUDIO, Scope.TEXT, Scope.EMOTION, Scope.INDICATORS})
INDICATORS_FILES: Final = frozenset({"indicators.json", "engagement.parquet"})


def recordings(person: Participant, before: datetime) -> QuerySet[Recording]:
    """Recordings that were there at a moment."""
    return Recording.objects.filter(participant=person, created_at__lte=before)


def roots(person: Participant, scopes: Collection[str], before: datetime) -> Iterator[Model]:
    """Rows that go, with everything below them, in the order in which they can.

    Parameters
    ----------
    person : Participant
    scopes : collection of str
        What is not agreed to any more.
    before : datetime
        What came later rests on another consent and stays.
    """
    gone = {Scope(scope) for scope in scopes}
    if gone & WHOLE:
        mine = recordings(person, before)
        yield from comparisons(person, mine)
        yield from resting.reports(person, gone, before)
        yield from mine
        yield from Session.objects.filter(participant=person, started_at__lte=before)
        yield from Upload.objects.filter(participant=person, created_at__lte=before)
    else:
        yield from resting.reports(person, gone, before)
    if Scope.TEXT in gone:
        yield from TextUpload.objects.filter(participant=person, created_at__lte=before)
        yield from Transcript.objects.filter(participant=person, created_at__lte=before)
    yield from fleeting(person, gone, before)
    if Scope.AUDIO in gone:
        yield from Speakers.objects.filter(recording__participant=person, at__lte=before)
        speech = Transcript.Source.SPEECH
        yield from Transcript.objects.filter(participant=person, source=speech, created_at__lte=before)


def fleeting(person: Participant, gone: Collection[Scope], before: datetime) -> Iterator[Model]:
    """What other apps delete as soon as a scope is withdrawn: noted first, inside the same transaction."""
    for reading in readings(person):
        if reading.created_at <= before and rests_on(reading, person) & set(gone):
            yield reading
    if Scope.TEXT in gone:
        yield from Scores.objects.filter(transcript__participant=person, transcript__created_at__lte=before)
        yield from TextUpload.objects.filter(participant=person, created_at__lte=before)
    if {Scope.TEXT, Scope.AUDIO} & set(gone):
        yield from Recognition.objects.filter(recording__in=recordings(person, before))
    if WHOLE & set(gone):
        yield from comparisons(person, recordings(person, before))
    yield from resting.packed(person, gone, before)


def readings(person: Participant) -> Iterator[Reading]:
    """Readings of a person's recordings, and those of others in which their face was read."""
    within = Reading.objects.filter(run__recording__participant__study=person.study_id)
    for reading in within.select_related("run__recording__participant__study"):
        named = (one[1] for one in reading.inputs.get("people", ()))
        if reading.run.recording.participant_id == person.pk or str(person.pk) in named:
            yield reading


def rests_on(reading: Reading, person: Participant) -> set[Scope]:
    """What of a person's consent a reading used."""
    used = {Scope(scope) for scope in reading.inputs.get("scopes", ())} & (_READ | WHOLE)
    if INDICATORS_FILES & set(reading.files) or reading.inputs.get("indicators"):
        used.add(Scope.INDICATORS)
    if not reading.inputs.get("scopes"):  # not begun, or from before they were written down: as if it used all
        used |= _READ
    if reading.run.recording.participant_id != person.pk:
        used |= WHOLE
    return used


def comparisons(person: Participant, mine: QuerySet[Recording]) -> Iterator[Comparison]:
    """Figures of agreement that rest on codings of these recordings."""
    layers = {str(pk) for pk in Layer.objects.filter(run__recording__in=mine).values_list("pk", flat=True)}
    if not layers:
        return
    for one in Comparison.objects.filter(study=person.study_id):
        rows = [row for pair in one.asked.get("pairs", ()) for row in pair["layers"]]
        if layers & {str(key) for row in rows for key in (row[0], row[2])}:
            yield one


# --- what learned from a participant -------------------------------------------------------------------------


def learned(
    person: Participant, scopes: Collection[str], before: datetime
) -> tuple[list[Training], list[Version]]:
    """Scorers and calibrations of this installation that used a person's codings; none where they may."""
    if not {Scope(scope) for scope in NEEDED} & {Scope(scope) for scope in scopes}:
        return [], []
    used: dict[str, Any] = {"material__participant": person.pk, "created_at__lte": before, "state": "succeeded"}
    trainings = Training.objects.filter(**used).distinct()
    return list(trainings), list(Version.objects.filter(**used).distinct())
