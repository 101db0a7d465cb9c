"""Codes of authenticator apps, each of which works once (RFC 6238, section 5.2).

A code fits a minute and a half, for phones and servers differ. That it was used stands in the database, so it
holds for as long, in every process, and after the cache was started anew.
"""

from __future__ import annotations

from allauth.core.internal.cryptokit import compare_user_code
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from allauth.mfa.utils import decrypt
from django.db import transaction

from facsweb.accounts.models import UsedCode, User

#: Half minutes after which no code fits any more, with much to spare.
KEPT = 20


@transaction.atomic
def take(user: User, secret: str, code: str) -> bool:
    """Note that a code was used; False when it was before, or no longer fits."""
    counters = list(totp.yield_hotp_counters_from_time())
    UsedCode.objects.filter(user_id=user.pk, counter__lt=counters[0] - KEPT).delete()
    fitting = [
        one
        for one in counters
        if compare_user_code(actual=code, expected=totp.format_hotp_value(totp.hotp_value(secret, one)))
    ]
    # The row is unique: of two at once one makes it.
    made = [UsedCode.objects.get_or_create(user_id=user.pk, counter=one)[1] for one in fitting]
    return bool(made) and all(made)


def take_from(app: Authenticator, code: str) -> bool:
    """`take` a code of an app that its owner has added."""
    return take(app.user, decrypt(app.data["secret"]), code)
