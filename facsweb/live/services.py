"""What people do with live sessions: begin, mark, end, throw away. Who may, `studies.access` knows."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from facsweb.accounts.models import User
from facsweb.audit.services import record
from facsweb.live import telling
from facsweb.live.models import Session
from facsweb.meaning import marking
from facsweb.recordings import acceptance, uploads
from facsweb.recordings.models import Recording, Upload
from facsweb.studies.models import Participant, Scope
from facsweb.studies.services import missing_scopes, require_consent, require_consent_now

#: Sessions of one person that may be open at once: one before the camera, and one more by mistake.
MOST_OF_A_PERSON: Final = 2
#: Sessions that one person may begin in an hour.
MOST_AN_HOUR: Final = 60
#: A page that was not heard of for so long takes no place any more among those that are live.
AWAY: Final = timedelta(minutes=2)
#: What a film is called by the type that the browser's recorder says.
ENDINGS: Final = {"video/webm": "webm", "video/mp4": "mp4", "video/x-matroska": "mkv"}
_LONGEST_MARKS: Final = marking.MOST_MARKERS


class Refused(Exception):  # noqa: N818 (a state that people are told about)
    """The session cannot be begun or ended like this; the text is a sentence for a person."""


def begin(actor: User, participant: Participant, *, sound: bool, kind: str) -> Session:
    """Begin a session, and the upload that its film goes into.

    Parameters
    ----------
    actor : User
        Who sits at the machine with the camera; access was checked by the caller.
    participant : Participant
        Who is before the camera.
    sound : bool
        Whether the film will have sound.
    kind : str
        Media type of the film; one of `ENDINGS`, with or without codecs behind it.

    Raises
    ------
    ConsentMissing
        The consent in force, or the law of the study, does not cover it.
    Refused
        There are too many sessions, or the type is not known.
    UploadError
        There is no room for a film.
    """
    needed = [Scope.VIDEO, Scope.AUDIO] if sound else [Scope.VIDEO]
    require_consent(participant, needed)
    ending = ENDINGS.get(kind.partition(";")[0].strip().lower())
    if ending is None:
        raise Refused("This browser records in a format that is not taken. Use Chrome, Edge, Firefox or Safari.")
    _require_place(actor)
    name = f"Live session {timezone.now():%Y-%m-%d %H.%M}.{ending}"
    with transaction.atomic():
        require_consent_now(participant, needed)
        upload = uploads.begin_upload(actor, participant, filename=name, length=None)
        session = Session.objects.create(participant=participant, upload=upload, has_sound=sound, created_by=actor)
        record(actor, "live.begin", session, participant=participant.code, sound=sound, upload=str(upload.pk))
    return session


def _require_place(actor: User) -> None:
    """Raise Refused where too many sessions are open; two who begin at one moment may both get the last place."""
    now = timezone.now()
    present = Session.objects.filter(ended_at=None, last_seen_at__gt=now - AWAY)
    if present.filter(created_by=actor).count() >= MOST_OF_A_PERSON:
        raise Refused(
            f"You have {MOST_OF_A_PERSON} live sessions open already. End one of them, or wait two minutes after "
            "its page was closed."
        )
    if present.count() >= settings.LIVE_SESSIONS:
        raise Refused(
            f"This installation looks at {settings.LIVE_SESSIONS} live sessions at once, and all places are "
            "taken. Wait until one has ended, or record a video and upload it."
        )
    if Session.objects.filter(created_by=actor, started_at__gt=now - timedelta(hours=1)).count() >= MOST_AN_HOUR:
        raise Refused(f"You began {MOST_AN_HOUR} live sessions within an hour. Wait a while, then try again.")


def heard_of(session_id: UUID) -> None:
    """Note that the session's page is there."""
    Session.objects.filter(pk=session_id, ended_at=None).update(last_seen_at=timezone.now())


def mark(session: Session, marks: Any) -> list[dict[str, Any]]:
    """Keep the markers of a session that goes on; the whole list replaces the one before.

    Raises
    ------
    Refused
        They are no markers, or the session is over.
    """
    kept = _checked(marks)
    if not Session.objects.filter(pk=session.pk, ended_at=None).update(markers=kept):
        raise Refused("This session is over. Its markers can be changed on the recording's page.")
    return kept


def _checked(marks: Any) -> list[dict[str, Any]]:
    """Markers in order of time; how long the film is, nobody knows yet."""
    try:
        return marking.checked(marking.MARKERS, marks, acceptance.LONGEST_US)
    except marking.Wrong as error:
        raise Refused(error.messages[0]) from error


def end(actor: User, session: Session, *, received: int, marks: Any = None) -> Recording:
    """End a session and make a recording of its film; doing it again gives the same recording.

    Parameters
    ----------
    received : int
        How many bytes the film has, or has as far as it arrived.
    marks : list, optional
        The last state of its markers; what was kept before when left out.

    Raises
    ------
    Refused
        Nothing of the film arrived, or not all of it.
    Rejected, Locked, Gone, ConsentMissing
        Of the upload.
    """
    if marks is not None and session.is_open:
        mark(session, marks)
    upload = session.upload
    if upload is None:
        raise Refused("The film of this session was thrown away.")
    if upload.state == Upload.State.RECEIVING:
        if received < 1:
            raise Refused("Nothing was recorded in this session. Throw it away, or go on recording.")
        if upload.offset != received:
            raise Refused(f"{upload.offset} of {received} bytes have arrived. The rest is still on its way.")
        uploads.announce(upload, received)
    recording = acceptance.finish_upload(upload)
    close(actor, [session], Session.Ended.PERSON)
    session.refresh_from_db()
    _store_markers(session, recording)
    return recording


def _store_markers(session: Session, recording: Recording) -> None:
    """Put the markers on the recording, unless somebody marked it already."""
    marks = [one for one in session.markers if one["start_us"] < recording.duration_us]
    if marks and marking.latest(marking.MARKERS, recording) is None:
        marking.write(session.created_by, marking.MARKERS, recording, marks, expected=0)
    Session.objects.filter(pk=session.pk).update(markers=[])  # they live and go with the recording


def throw_away(actor: User, session: Session) -> None:
    """End a session and delete its film.

    Raises
    ------
    Locked, Gone
        A piece is being written, or the film is a recording already.
    """
    if session.upload is not None and session.upload.state == Upload.State.RECEIVING:
        uploads.discard(actor, session.upload)
    elif session.recording is not None:
        raise uploads.Gone("This session is a recording already. Delete the recording instead.")
    close(actor, [session], Session.Ended.THROWN)


def close(actor: User | None, sessions: Iterable[Session], why: str) -> int:
    """End sessions that are open: their pages are told and their workers let go of them; returns how many."""
    closed = 0
    for session in sessions:
        with transaction.atomic():
            ended = Session.objects.filter(pk=session.pk, ended_at=None).update(
                ended_at=timezone.now(), ended_why=why
            )
            if ended:
                record(actor, "live.end", session, why=str(why))
                transaction.on_commit(lambda pk=session.pk: telling.over(pk, why), robust=True)
        closed += ended
    return closed


def unfinished(actor: User, participant: Participant) -> list[Session]:
    """Sessions that a person began and did not end, and those of others whose page is away, the newest first."""
    away = Q(last_seen_at__lt=timezone.now() - AWAY)
    found = Session.objects.filter(Q(created_by=actor) | away, participant=participant, ended_at=None)
    return list(found.select_related("upload", "created_by"))


def open_sessions(participant: Participant) -> list[QuerySet[Session]]:
    """What a withdrawal may end (hook of ``studies``)."""
    return [Session.objects.filter(participant=participant, ended_at=None)]


def after_withdrawal(consent: Any) -> None:
    """End what a withdrawal leaves no ground for (hook of ``studies``); a film with sound needs both scopes."""
    participant = consent.participant
    gone = set(missing_scopes(participant, [Scope.VIDEO, Scope.AUDIO]))
    for session in Session.objects.filter(participant=participant, ended_at=None).select_related("upload"):
        if Scope.VIDEO not in gone and not (session.has_sound and gone):
            continue
        close(None, [session], Session.Ended.WITHDRAWN)
        if session.upload is not None:
            code = participant.code
            uploads.reject(
                session.upload, f"{code} withdrew consent during the session. What had arrived was deleted."
            )
