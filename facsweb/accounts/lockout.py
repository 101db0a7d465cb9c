"""How often somebody may be wrong. Counted in the database, so that the count holds across processes and restarts.

An account closes for `WINDOW` after too many failures with passwords, codes or confirmations, each counted for
itself; an address closes after more failures over all accounts. An account that does not exist closes like any
other, so closing tells nothing about it. A passkey is not guessed: it still opens an account that others closed.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone

from facsweb.accounts.mail import tell
from facsweb.accounts.models import SignInAttempt, User
from facsweb.audit.services import record

Kind = SignInAttempt.Kind
WINDOW: Final = timedelta(minutes=15)
KEPT: Final = timedelta(days=1)
TRIES: Final = {Kind.PASSWORD: 10, Kind.CODE: 6, Kind.CONFIRM: 5}
#: Of PostgreSQL: who begins an attempt takes it, so that each sees those before.
ADVISORY_LOCK: Final = 7_206_731_206
ADDRESS_TRIES: Final = 60  # a whole team may sit behind one address

#: What happened, in the log, when one of each kind failed.
ACTS: Final = {
    Kind.PASSWORD: "account.login_failed",
    Kind.CODE: "account.second_factor_failed",
    Kind.CONFIRM: "account.confirmation_failed",
}
CLOSED = (
    f"Too many attempts failed. Nothing more is tried here for {WINDOW.seconds // 60} minutes; what was saved is "
    "safe. Try again later, sign in with a passkey, or ask the people who run this installation to unlock you."
)


class Closed(ValidationError):  # noqa: N818 (a state that people are told about)
    """Too many attempts failed; the text is a sentence for a person."""

    def __init__(self) -> None:
        super().__init__(CLOSED, code="too_many_login_attempts")


def key_of(email: str) -> str:
    """Keyed hash (hex) of the address of an account, whether or not there is one."""
    text = User.objects.normalize_email(email.strip()).lower()
    return hmac.new(settings.SECRET_KEY.encode(), b"accounts.lockout:" + text.encode(), hashlib.sha256).hexdigest()


def _recent(kind: str, account: str, now: datetime) -> int:
    return SignInAttempt.objects.filter(account=account, kind=kind, at__gt=now - WINDOW).count()


def is_closed(email: str, kind: str = Kind.PASSWORD) -> bool:
    """Whether the account accepts nothing of this kind for now."""
    return _recent(kind, key_of(email), timezone.now()) >= TRIES[Kind(kind)]


def _household(address: str | None) -> str | None:
    """An IPv6 address as its /64, for whoever has one has all of those."""
    found = ip_address(address) if address else None
    if isinstance(found, IPv6Address):
        return str(ip_network((found, 64), strict=False).network_address)
    return address


def _one_after_another() -> None:
    """SQLite's transactions wait for each other anyway; PostgreSQL would not see what is not committed."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [ADVISORY_LOCK])


@transaction.atomic
def begin(kind: str, email: str, address: str | None) -> SignInAttempt:
    """Count an attempt before it is looked at, so that many at once cannot slip past the limit.

    Raises
    ------
    Closed
        The account or the address has no tries left. Nothing was counted.
    """
    _one_after_another()
    since, account, address = timezone.now() - WINDOW, key_of(email), _household(address)
    before = SignInAttempt.objects.filter(at__gt=since)
    # One kind's limit holds for the account; all kinds of failures count for the address.
    of_account = before.filter(account=account, kind=kind).count()
    from_there = before.filter(address=address).count() if address else 0
    if of_account >= TRIES[Kind(kind)] or from_there >= ADDRESS_TRIES:
        raise Closed
    return SignInAttempt.objects.create(at=timezone.now(), kind=kind, account=account, address=address)


@transaction.atomic
def succeeded(attempt: SignInAttempt) -> None:
    """It was right: forget it, and the account's failures of that kind; they still count for their address."""
    _one_after_another()  # two right answers at once change each other's rows
    SignInAttempt.objects.filter(pk=attempt.pk).delete()
    SignInAttempt.objects.filter(account=attempt.account, kind=attempt.kind).update(account="")


@transaction.atomic
def failed(attempt: SignInAttempt, user: User | None, **details: Any) -> None:
    """It was wrong: it stays counted and is written into the log; the last one closes the account.

    For an unknown account as much is written as for a known one, so that the time tells nothing.
    """
    SignInAttempt.objects.filter(at__lt=timezone.now() - KEPT).delete()
    about = user or attempt
    kind = Kind(attempt.kind)
    record(None, ACTS[kind], about, **details)
    mine = SignInAttempt.objects.filter(account=attempt.account, kind=kind, at__gt=timezone.now() - WINDOW)
    # Several may fail at the same moment; the account is locked by one of them.
    if mine.filter(pk__lte=attempt.pk).count() == TRIES[kind]:
        record(None, "account.locked", about, kind=str(kind), minutes=WINDOW.seconds // 60)
        if user is not None:
            tell(
                user.email,
                "Your account is locked for a while",
                f"Somebody failed {TRIES[kind]} times to sign in to your account. It accepts no {kind.label} for "
                f"{WINDOW.seconds // 60} minutes. If this was not you, nothing is lost: tell the people who run "
                "this installation, and choose another password when you are in again.",
            )


@transaction.atomic
def unlock(actor: User, user: User) -> bool:
    """Open an account again at once; return whether it was closed."""
    _one_after_another()
    rows = SignInAttempt.objects.filter(account=key_of(user.email))
    closed = any(is_closed(user.email, kind) for kind in Kind)
    rows.update(account="")
    if closed:
        record(actor, "account.unlock", user)
    return closed
