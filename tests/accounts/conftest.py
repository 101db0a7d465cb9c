"""People with second factors, and browsers that sign in as people do."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth as totp
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from tests.conftest import PASSWORD
from tests.programs import PATIENCE_S

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def code_now(secret: str = SECRET) -> str:
    """What an authenticator app shows for a secret at this moment."""
    return totp.format_hotp_value(totp.hotp_value(secret, int(time.time()) // 30))


def enrol(user: Any) -> None:
    """An authenticator app and recovery codes for a person."""
    Authenticator.objects.create(
        user=user, type=Authenticator.Type.TOTP, data={"secret": get_adapter().encrypt(SECRET)}
    )
    RecoveryCodes.activate(user)


def sign_in(client: Client, email: str, password: str = PASSWORD) -> Any:
    return client.post(reverse("account_login"), {"login": email, "password": password})


def sent_mail() -> list[Any]:
    """All mail that was sent until now; each goes out in a thread of its own."""
    for thread in threading.enumerate():
        if thread.name == "mail":
            thread.join(PATIENCE_S)
            assert not thread.is_alive()
    return mail.outbox


@pytest.fixture(autouse=True)
def _nothing_counted_before() -> Iterator[None]:
    cache.clear()
    yield
    sent_mail()  # none is still on its way when the next test counts its own


@pytest.fixture
def required(settings) -> None:
    """An installation as an operator runs it: the second factor is required."""
    settings.FACSWEB_REQUIRE_MFA = True


@pytest.fixture
def signed_in(people) -> Callable[[str], Client]:
    """A role's browser, signed in with a password a moment ago."""

    def signed_in_as(role: str) -> Client:
        EmailAddress.objects.get_or_create(
            user=people[role], email=people[role].email, defaults={"primary": True, "verified": True}
        )
        client = Client()
        response = sign_in(client, people[role].email)
        if response.url == reverse("mfa_authenticate"):
            client.post(response.url, {"code": code_now()})
        return client

    return signed_in_as


@pytest.fixture
def layer(participant, consent, people) -> Any:
    """An open layer of the coder."""
    from facsweb.coding.services import open_layer
    from tests.factories import make_finished_run, make_recording

    run = make_finished_run(make_recording(participant, people["analyst"]), people["analyst"])
    return open_layer(people["coder"], run)


def links(text: str) -> list[str]:
    """Addresses in a mail or page, without the host."""
    return re.findall(r"https?://[^/\s]+(/[^\s\"<]+)", text)
