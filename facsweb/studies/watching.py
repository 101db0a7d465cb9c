"""Whether somebody may still see what a WebSocket shows them, asked with everything that is sent.

The first time the whole way of a page is gone. After that one statement reads what the answer rests on, and only
where something of it differs the way is gone again.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import Http404
from django.utils import timezone

from facsweb.accounts import second_factor, sessions
from facsweb.accounts.models import OpenSession, User
from facsweb.studies import access
from facsweb.studies.models import Membership, Study

#: Close codes of a socket.
NOT_SIGNED_IN, FORBIDDEN, NOT_FOUND = 4401, 4403, 4404
#: What passes without a row being changed is looked at this often at the latest.
_AT_LATEST: Final = timedelta(minutes=5)


def _statement() -> str:
    user, session, opened, member, factor = (
        f'"{model._meta.db_table}"' for model in (User, Session, OpenSession, Membership, Authenticator)
    )
    roles = ", ".join(f"'{role}'" for role in sorted(second_factor.ROLES))
    factors = ", ".join(f"'{kind}'" for kind in second_factor.FACTORS)
    # Names of tables and values of our own constants; everything else is a parameter.
    return f"""
        SELECT u.is_active, u.password, u.must_change_password, u.is_staff, s.session_data, s.expire_date,
               o.user_id, o.started_at, o.last_seen_at, m.role,
               EXISTS (SELECT 1 FROM {factor} f WHERE f.user_id = u.id AND f.type IN ({factors})),
               EXISTS (SELECT 1 FROM {member} n WHERE n.user_id = u.id AND n.role IN ({roles}))
        FROM {user} u
        LEFT JOIN {session} s ON s.session_key = %s
        LEFT JOIN {opened} o ON o.session_key = %s
        LEFT JOIN {member} m ON m.user_id = u.id AND m.study_id = %s
        WHERE u.id = %s ORDER BY m.role
    """  # noqa: S608  # nosec B608


class Watch:
    """One socket's right to see things of a study.

    Parameters
    ----------
    scope : mapping
        The socket's.
    page : str
        Whose roles may see it (`access.PAGES`).
    """

    def __init__(self, scope: Mapping[str, Any], page: str) -> None:
        self.scope, self.page = scope, page
        self._known: Any = None
        self._until = datetime.min.replace(tzinfo=timezone.get_default_timezone())
        self._code = NOT_SIGNED_IN

    def code(self, obj: access.InStudy | None) -> int:
        """0 where the person may see the object at this moment, otherwise the close code that fits."""
        now = timezone.now()
        rests_on = self._read(obj.study) if obj is not None else None
        if rests_on is None or rests_on != self._known or now >= self._until:
            self._code = self._asked(obj)
            self._known, self._until = rests_on, min(now + _AT_LATEST, self._over(now))
        return self._code

    def _key(self) -> str | None:
        return self.scope["session"].session_key if "session" in self.scope else None

    def _read(self, study: Study) -> Any:
        person = self.scope["user"].pk
        if person is None:
            return None
        key = self._key()
        ids = [(Study, study.pk), (User, person)]
        known = [model._meta.pk.get_db_prep_value(pk, connection) for model, pk in ids]
        with connection.cursor() as cursor:
            cursor.execute(_SQL, [key, key, *known])
            return cursor.fetchall()

    def _over(self, now: datetime) -> datetime:
        """When the session ends if nothing happens."""
        session = OpenSession.objects.filter(session_key=self._key() or "").first()
        if session is None:
            return now + _AT_LATEST
        idle = session.last_seen_at + timedelta(seconds=settings.SESSION_IDLE_SECONDS)
        return min(idle, session.started_at + timedelta(seconds=settings.SESSION_COOKIE_AGE))

    def _asked(self, obj: access.InStudy | None) -> int:
        user = sessions.person(self.scope)
        if user is None:
            return NOT_SIGNED_IN
        try:
            if obj is None:
                raise Http404
            access.check(user, self.page, obj)
        except Http404:
            return NOT_FOUND
        except PermissionDenied:
            return FORBIDDEN
        return 0


_SQL: Final = _statement()
