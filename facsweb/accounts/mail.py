"""Mail about accounts. Without a configured server nothing is sent, and pages show what a mail would carry."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction

log = logging.getLogger(__name__)

_NOWHERE: Final = ("console.EmailBackend", "dummy.EmailBackend")


def configured() -> bool:
    """Whether mail leaves this installation."""
    return not settings.EMAIL_BACKEND.endswith(_NOWHERE)


def in_background(send: Callable[[], object]) -> None:
    """Send in a thread of its own, so that how long an answer takes does not tell whether a mail went out."""

    def guarded() -> None:
        try:
            send()
        except OSError:  # smtplib's errors are OSErrors
            log.exception("A mail could not be sent.")

    threading.Thread(target=guarded, name="mail").start()


def tell(address: str, subject: str, text: str) -> bool:
    """Mail a person after the transaction has committed; return whether mail is configured at all."""
    if not configured():
        return False
    lines = f"{text.strip()}\n\n-- \nfacsweb, {settings.SITE_URL}\n"

    def send() -> object:
        return send_mail(subject, lines, settings.DEFAULT_FROM_EMAIL, [address])

    transaction.on_commit(lambda: in_background(send))
    return True
