"""Browsers that are signed in: which, since when, and ending them.

A session ends `SESSION_IDLE_SECONDS` after its last request, and `SESSION_COOKIE_AGE` after sign-in at the latest.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any, Final

from django.conf import settings
from django.contrib.auth import get_user
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from facsweb.accounts import second_factor
from facsweb.accounts.models import OpenSession, User
from facsweb.audit.services import record

#: A row is written at most this often, so that pages do not turn every reading into a writing.
NOTED_EVERY: Final = timedelta(minutes=1)
LONGEST_DEVICE: Final = 300


def store(key: str | None = None) -> Any:
    """The session store of this installation, for a key or for none."""
    return import_module(settings.SESSION_ENGINE).SessionStore(key)


def is_over(session: OpenSession, now: datetime) -> bool:
    """Whether a session was idle for too long or is too old."""
    idle, longest = (
        timedelta(seconds=settings.SESSION_IDLE_SECONDS),
        timedelta(seconds=settings.SESSION_COOKIE_AGE),
    )
    return now - session.last_seen_at > idle or now - session.started_at > longest


def note(request: HttpRequest, user: User, address: str | None) -> bool:
    """Note that a signed-in browser was here; False when its session was over and has been ended."""
    if request.session.session_key is None:  # somebody else was signed in here: their session was thrown away
        request.session.save()
    key, now = request.session.session_key, timezone.now()
    session = OpenSession.objects.filter(session_key=key).first()
    device = request.META.get("HTTP_USER_AGENT", "")[:LONGEST_DEVICE]
    if session is None or session.user_id != user.pk:
        OpenSession.objects.update_or_create(
            session_key=key,
            defaults={
                **{"user": user, "started_at": now, "last_seen_at": now},
                **{"address": address, "device": device},
            },
        )
        return True
    if is_over(session, now):
        _expire(session)
        return False
    if now - session.last_seen_at > NOTED_EVERY:
        OpenSession.objects.filter(pk=session.pk).update(last_seen_at=now, address=address, device=device)
    return True


@transaction.atomic
def _expire(session: OpenSession) -> None:
    store().delete(session.session_key)
    if OpenSession.objects.filter(pk=session.pk).delete()[0]:
        record(None, "session.expire", session.user)


def of_person(user: User) -> QuerySet[OpenSession]:
    """Sessions of a person that are still open, the latest first; what is over ends on the way."""
    now = timezone.now()
    for one in user.open_sessions.all():
        if is_over(one, now):
            _expire(one)  # with the session itself: one without its row would count as opened this moment
        elif not store().exists(one.session_key):
            OpenSession.objects.filter(pk=one.pk).delete()
    return user.open_sessions.all()


def lock(user: User) -> None:
    """Let whoever ends a session of the person at this moment do so first: rows come before the log."""
    list(user.open_sessions.select_for_update(no_key=True))


@transaction.atomic
def end(actor: User | None, user: User, *, only: int | None = None, but: str | None = None) -> int:
    """End sessions of a person at once; their next request, or message on a WebSocket, finds the door closed.

    Parameters
    ----------
    actor : User or None
        Who ends them; None for the installation itself.
    user : User
        Whose sessions.
    only : int, optional
        The one to end; otherwise all.
    but : str, optional
        Key of a session that stays.

    Returns
    -------
    int
        How many were ended.
    """
    sessions = user.open_sessions.all()
    if only is not None:
        sessions = sessions.filter(pk=only)
    if but is not None:
        sessions = sessions.exclude(session_key=but)
    keys = list(sessions.values_list("session_key", flat=True))
    for key in keys:
        store().delete(key)
    sessions.delete()
    if keys:
        record(actor, "session.end", user, count=len(keys))
    return len(keys)


def person(scope: Mapping[str, Any]) -> User | None:
    """Who a WebSocket speaks for at this moment; None once they signed out, were shut out or lack a second factor.

    The session is read again from the store: what the socket was opened with may have ended since.
    """
    if "session" not in scope:  # only where no session exists at all, as in a test of a consumer by itself
        return User.objects.filter(pk=scope["user"].pk, is_active=True).first()
    key = scope["session"].session_key
    if key is None:
        return None
    request = HttpRequest()
    request.session = store(key)
    user = get_user(request)  # compares the password's hash, too
    if not user.is_authenticated:
        return None
    session = OpenSession.objects.filter(session_key=key).first()
    if session is not None and is_over(session, timezone.now()):
        return None
    if second_factor.is_missing(user, request.session) or user.must_change_password:
        return None
    return user
