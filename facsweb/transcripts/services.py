"""Transcripts: begun, taken from a file, saved, brought back, deleted. What others may ask is in `asking`.

Every save is a new revision, so nothing that was ever stored is lost; the log says who saved what and when, never
the words themselves.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final

from django.db import models, transaction
from django.utils import timezone

from analysis import confined
from analysis.types import AnalysisError
from facsweb.accounts.models import User
from facsweb.audit.personal import mark
from facsweb.audit.services import changed, record
from facsweb.recordings.models import Recording
from facsweb.studies.models import Participant, Scope
from facsweb.studies.services import require_consent, require_consent_now
from facsweb.transcripts import analysing, hooks, values
from facsweb.transcripts.models import Revision, SourceFile, Transcript, Upload
from facsweb.transcripts.values import Row

if TYPE_CHECKING:
    from analysis.text.units import Unit

Action, Source = Revision.Action, Transcript.Source
#: A file that nobody took is thrown away after this.
KEPT: Final = timedelta(hours=24)
MEGABYTES: Final = 10
MAX_BYTES: Final = MEGABYTES * 1_000_000
TITLE_LENGTH: Final = 160


class Refused(Exception):  # noqa: N818 (a state that people are told about)
    """It cannot be done now; the text is a sentence for a person."""


class Changed(Refused):
    """Somebody saved in the meantime."""

    def __init__(self, transcript: Transcript) -> None:
        newest = current(transcript)
        who = newest.author.get_full_name() if newest else "Somebody"
        super().__init__(
            f"{who} saved this transcript in the meantime. Your text is still here; it is not stored yet."
        )
        self.transcript = transcript


@dataclass(frozen=True, slots=True)
class Found:
    """What taking a file would bring.

    Attributes
    ----------
    rows : list of list
        Units as they would be stored.
    format : str
        As the reader names it.
    remarks : tuple of str
        What was changed or left out, as sentences.
    """

    rows: list[Row]
    format: str
    remarks: tuple[str, ...]


# --- what there is --------------------------------------------------------------------------------------------


def current(transcript: Transcript) -> Revision | None:
    """The newest revision with its author."""
    return transcript.revisions.select_related("author", "file").filter(number=transcript.revision).first()


def of_recording(recording: Recording) -> Transcript | None:
    """The recording's transcript, also while its consent is gone."""
    return (
        Transcript.objects.select_related("participant__study", "created_by").filter(recording=recording).first()
    )


# --- files --------------------------------------------------------------------------------------------------


def receive(
    actor: User, participant: Participant, recording: Recording | None, *, name: str, data: bytes
) -> Upload:
    """Keep a file to be looked at, if it can be read; it takes the place of an earlier one.

    Raises
    ------
    Refused
        Too large or empty.
    AnalysisError
        It cannot be read; the message says what to do.
    ConsentMissing
        No consent covers what the participant says.
    """
    require_consent(participant, [Scope.TEXT])
    if not data:
        raise Refused("The file is empty. Choose another one.")
    if len(data) > MAX_BYTES:
        raise Refused(
            f"The file has {len(data) / 1e6:.1f} MB; at most {MEGABYTES} MB are read. Cut it into parts. "
            "Nothing was stored."
        )
    upload = Upload(
        participant=participant,
        recording=recording,
        owner=actor,
        filename=PurePath(name.replace("\\", "/")).name[-255:] or "file",
        sha256=hashlib.sha256(data).hexdigest(),
        content=data,
    )
    look(upload)
    with transaction.atomic():
        require_consent_now(participant, [Scope.TEXT])  # it may have been withdrawn while the file was read
        same = models.Q(participant=participant, recording=recording, owner=actor)
        Upload.objects.filter(same | models.Q(created_at__lt=timezone.now() - KEPT)).delete()
        upload.save(force_insert=True)
    return upload


def waiting(user: User, participant: Participant, recording: Recording | None) -> Upload | None:
    """The file that the user uploaded and has not taken yet."""
    uploads = Upload.objects.defer("content").filter(participant=participant, recording=recording, owner=user)
    return uploads.filter(created_at__gte=timezone.now() - KEPT).first()


def look(upload: Upload, *, shift_us: int = 0) -> Found:
    """Read the file; nothing is written. Raises AnalysisError where it cannot be read."""
    read = confined.transcript(bytes(upload.content), upload.filename)
    duration_us = upload.recording.duration_us if upload.recording else None
    rows, remarks = values.fitted(read.units, duration_us=duration_us, shift_us=shift_us)
    if not rows:
        raise AnalysisError("There are no words in this file. Choose another one.")
    if len(rows) > values.MOST_UNITS or sum(len(row[3]) for row in rows) > values.MOST_CHARACTERS:
        raise AnalysisError(
            f"The file holds {len(rows):,} units; at most {values.MOST_UNITS:,} units and "
            f"{values.MOST_CHARACTERS:,} characters are taken. Cut it into parts."
        )
    return Found(rows, read.kind, (*read.warnings, *remarks))


def take(actor: User, upload: Upload, *, title: str, language: str, shift_us: int = 0) -> Transcript:
    """Make the file the transcript (of the recording) or a document, and throw the upload away.

    Raises
    ------
    Refused
        It was taken or thrown away already.
    AnalysisError, ConsentMissing
        As `receive`.
    """
    require_consent(upload.participant, [Scope.TEXT])
    found = look(upload, shift_us=shift_us)
    with transaction.atomic():
        if Upload.objects.filter(pk=upload.pk).delete()[0] != 1:
            raise Refused("This file was taken already, or thrown away. Upload it again.")
        transcript = _of(actor, upload.participant, upload.recording, title=title, source=Source.FILE)
        if language != transcript.language:
            Transcript.objects.filter(pk=transcript.pk).update(language=language)
            transcript.language = language
        file = SourceFile.objects.create(
            transcript=transcript,
            filename=upload.filename,
            format=found.format[:16],
            size=len(upload.content),
            sha256=upload.sha256,
            content=upload.content,
            uploaded_by=actor,
        )
        words = f"Took {len(found.rows):,} units from “{file.filename}”."
        _append(actor, transcript, Action.UPLOAD, words, found.rows, file=file)
    return transcript


@transaction.atomic
def take_recognised(actor: User, recording: Recording, units: Iterable[Unit]) -> Revision:
    """Make recognised speech the newest revision of the recording's transcript."""
    rows, _ = values.fitted(units, duration_us=recording.duration_us)
    transcript = _of(actor, recording.participant, recording, title=recording.title, source=Source.SPEECH)
    return _append(actor, transcript, Action.SPEECH, f"Recognised {len(rows):,} units of speech.", rows)


def throw_away(upload: Upload) -> None:
    """Forget a file that nobody took."""
    Upload.objects.filter(pk=upload.pk).delete()


# --- writing ------------------------------------------------------------------------------------------------


@transaction.atomic
def begin(
    actor: User, participant: Participant, recording: Recording | None, *, title: str, language: str = ""
) -> Transcript:
    """An empty transcript to type into; where the recording has one, that one."""
    require_consent_now(participant, [Scope.TEXT])
    transcript = _of(actor, participant, recording, title=title, source=Source.TYPED, language=language)
    if not transcript.revision:
        _append(actor, transcript, Action.TYPE, "Began to type.", [])
    return transcript


def save(actor: User, transcript: Transcript, rows: Any, *, expected: int, pause: bool = False) -> Revision:
    """Store what the transcript says now as a new revision; the same text again is no revision.

    Parameters
    ----------
    actor : User
        Access was checked by the caller.
    transcript : Transcript
    rows : object
        As a browser sent them.
    expected : int
        Number of the revision that the actor's text was made on.
    pause : bool
        Saved in a pause of typing: the worker waits whether more comes.

    Raises
    ------
    Invalid, TypeError
        As `values.checked`.
    Changed
        Somebody else saved in the meantime.
    ConsentMissing
        No consent covers it any more.
    """
    require_consent(transcript.participant, [Scope.TEXT])
    duration_us = transcript.recording.duration_us if transcript.recording else None
    checked = values.checked(rows, duration_us=duration_us)
    with transaction.atomic():
        locked = Transcript.objects.select_for_update(of=("self",), no_key=True).get(pk=transcript.pk)
        newest = current(locked)
        if newest is not None and newest.digest == values.digest(checked):
            return newest  # nothing new, or the answer to the same save was lost on its way
        if locked.revision != expected:
            raise Changed(locked)
        words = values.difference(newest.units if newest else [], checked)
        return _append(actor, locked, Action.EDIT, words, checked, pause=pause)


@transaction.atomic
def restore(actor: User, transcript: Transcript, *, number: int, expected: int) -> Revision:
    """Bring an earlier revision back, as a new one. Raises Changed, Refused or ConsentMissing."""
    require_consent(transcript.participant, [Scope.TEXT])
    locked = Transcript.objects.select_for_update(of=("self",), no_key=True).get(pk=transcript.pk)
    if locked.revision != expected:
        raise Changed(locked)
    earlier = locked.revisions.filter(number=number).first()
    newest = current(locked)
    if earlier is None or newest is None:
        raise Refused("There is no such revision.")
    if earlier.digest == newest.digest:
        raise Refused(f"Revision {number} says the same as the newest.")
    words = f"Brought revision {number} back."
    return _append(actor, locked, Action.RESTORE, words, earlier.units, restores=number)


@transaction.atomic
def describe(actor: User, transcript: Transcript, *, title: str, language: str) -> None:
    """Change title and stated language; nothing is written when nothing differs."""
    locked = Transcript.objects.select_for_update(of=("self",), no_key=True).get(pk=transcript.pk)
    fields = {"title": title.strip(), "language": language}
    differing = changed(locked, fields)
    if not differing:
        return
    Transcript.objects.filter(pk=locked.pk).update(**fields)
    locked.refresh_from_db()
    for side in differing.values():
        if "title" in side:
            side["title"] = mark(side["title"])
    if "language" in differing["after"]:
        analysing.ask(locked)  # its row comes before the log
    record(actor, "transcript.change", locked, **differing)


@transaction.atomic
def delete(actor: User, transcript: Transcript) -> None:
    """Delete a transcript with its history, files and scores. The log keeps that it was there, with its hashes."""
    list(Transcript.objects.select_for_update(of=("self",), no_key=True).filter(pk=transcript.pk))
    list(analysing.Scores.objects.select_for_update(no_key=True).filter(transcript=transcript))  # then the log
    newest = current(transcript)
    record(
        actor,
        "transcript.delete",
        transcript,
        participant=transcript.participant.code,
        title=mark(transcript.title),
        revisions=transcript.revision,
        sha256=newest.digest if newest else "",
        files=list(transcript.source_files.values_list("sha256", flat=True)),
    )
    recording = transcript.recording
    transcript.delete()
    hooks.tell(recording)


def _of(
    actor: User,
    participant: Participant,
    recording: Recording | None,
    *,
    title: str,
    source: str,
    language: str = "",
) -> Transcript:
    """The recording's transcript, made where there is none; always a new one for a document."""
    if recording is not None:
        # Two at once make one transcript.
        Recording.objects.select_for_update(of=("self",), no_key=True).get(pk=recording.pk)
        rows = Transcript.objects.select_for_update(of=("self",), no_key=True)
        if existing := rows.filter(recording=recording).first():
            return existing
    transcript = Transcript.objects.create(
        participant=participant,
        recording=recording,
        title=(title.strip() or (recording.title if recording else "Untitled"))[:TITLE_LENGTH],
        source=source,
        language=language,
        created_by=actor,
    )
    about = str(recording.pk) if recording else ""
    record(
        actor, "transcript.create", transcript, participant=participant.code, recording=about, source=str(source)
    )
    return transcript


def _append(
    actor: User,
    transcript: Transcript,
    action: str,
    words: str,
    rows: Sequence[Row],
    *,
    pause: bool = False,
    **more: Any,
) -> Revision:
    """Append a revision inside the caller's transaction and let the worker score it."""
    number = transcript.revision + 1
    if not Transcript.objects.filter(pk=transcript.pk, revision=transcript.revision).update(revision=number):
        raise Changed(transcript)
    transcript.revision = number
    revision = Revision.objects.create(
        transcript=transcript,
        number=number,
        action=action,
        words=words[:200],
        units=list(rows),
        unit_count=len(rows),
        digest=values.digest(rows),
        author=actor,
        **more,
    )
    known = {"restores": revision.restores} if revision.restores else {}
    if revision.file:
        known |= {"file": mark(revision.file.filename), "file_sha256": revision.file.sha256}
    facts = {"revision": number, "units": len(rows), "sha256": revision.digest}
    analysing.ask(transcript, pause=pause)  # its row comes before the log
    record(actor, f"transcript.{action}", transcript, **facts, **known)
    return revision
