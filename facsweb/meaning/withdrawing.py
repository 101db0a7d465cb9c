"""Readings go with the recordings and the consent that they rest on."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from django.db import transaction
from django.db.models import QuerySet

from analysis.indicators.permission import forbidden
from facsweb.audit.services import record
from facsweb.meaning import attempts, inputs, services
from facsweb.meaning.models import Reading
from facsweb.meaning.own import newest_runs
from facsweb.recordings.models import Recording
from facsweb.storage import shelf
from facsweb.studies.models import Consent, Participant, Scope, Study


def forget_recording(recording: Recording) -> list[Path]:
    """Folders of the readings of a recording that goes; their rows go with it."""
    return [attempts.folder(reading.pk) for reading in Reading.objects.filter(run__recording=recording)]


def after_withdrawal(consent: Consent) -> None:
    """Remove readings that rest on what a person no longer agrees to, and read again what is left."""
    _again(consent.participant)


def after_law_change(study: Study) -> None:
    """Remove readings that the law of the study's place no longer lets be, and read again what it lets be."""
    for person in study.participants.all():
        person.study = study
        _again(person)
    for run in newest_runs(study):
        newest = services.latest(run)
        if newest is None or services.is_outdated(newest):
            services.ask(None, run)


def at_work(recordings: QuerySet[Recording]) -> list[QuerySet[Reading]]:
    """Readings that go with a recording, or for which a withdrawal leaves no ground (``recordings.hooks``)."""
    return [Reading.objects.filter(run__recording__in=recordings, state__in=Reading.ACTIVE)]


def of_face(person: Participant) -> list[QuerySet[Reading]]:
    """The same for readings of others' recordings in which the person's face was read (``studies.hooks``)."""
    found = [one.pk for one in _about(person) if one.state in Reading.ACTIVE]
    return [Reading.objects.filter(pk__in=found)]


def _again(person: Participant) -> None:
    allowed = set(inputs.allowed_scopes(person))
    runs = {}
    for reading in _about(person):
        own = reading.run.recording.participant_id == person.pk
        needed = set(reading.inputs.get("scopes", ())) if own else _used(reading, person)
        if reading.state == Reading.State.SUCCEEDED and needed <= allowed and not _closed(reading):
            continue
        record(None, "reading.forget", reading, run=str(reading.run_id))
        transaction.on_commit(partial(shelf.remove, attempts.folder(reading.pk)))
        runs[reading.run_id] = reading.run
        reading.delete()
    for run in runs.values():
        services.ask(None, run)


def _closed(reading: Reading) -> bool:
    """Whether it was made under another setting or law than holds, and what it has may not be any more."""
    return bool(forbidden(inputs.permission_now(reading.run.recording.participant)))


def _used(reading: Reading, person: Participant) -> set[str]:
    """What a reading of somebody else's recording took from a person: states, and the sound they agreed to."""
    for _, pk, _, *refused in reading.inputs.get("people", ()):
        if pk == str(person.pk) and refused:
            agreed = {str(scope) for name, scope in inputs.CHANNELS.items() if name not in refused[0]}
            return {str(Scope.EMOTION)} | agreed & set(reading.inputs["scopes"])
    return {str(Scope.EMOTION)}


def _about(person: Participant) -> Iterator[Reading]:
    """Readings of a person's recordings, and those of others in which their face was read."""
    for reading in Reading.objects.select_related("run__recording__participant__study").filter(
        run__recording__participant__study=person.study_id
    ):
        named = (one[1] for one in reading.inputs.get("people", ()))
        if reading.run.recording.participant_id == person.pk or str(person.pk) in named:
            yield reading
