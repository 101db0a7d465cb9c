"""Failures are counted in the database, alike for accounts that exist and those that do not."""

import math
import time
from datetime import timedelta

import pytest
from django.contrib.auth import get_user, hashers
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from facsweb.accounts import lockout
from facsweb.accounts.models import SignInAttempt
from facsweb.audit.models import Entry
from tests.accounts.conftest import sign_in
from tests.at_once import at_once
from tests.conftest import PASSWORD

TRIES = lockout.TRIES[lockout.Kind.PASSWORD]
pytestmark = pytest.mark.django_db


def said(response) -> str:
    """What the form says, without the address that was typed."""
    return str(response.context["form"].errors)


def test_an_account_closes_and_the_right_password_no_longer_opens_it(people):
    for _ in range(TRIES):
        assert "not correct" in said(sign_in(Client(), "coder@example.org", "wrong"))
    client = Client()
    assert "Too many attempts" in said(sign_in(client, "coder@example.org"))
    assert not get_user(client).is_authenticated
    assert Entry.objects.filter(action="account.login_failed", object_id=people["coder"].pk).count() == TRIES
    assert Entry.objects.get(action="account.locked").details == {"kind": "password", "minutes": 15}
    # Others are not affected.
    assert sign_in(Client(), "analyst@example.org").status_code == 302


def test_an_unknown_account_looks_the_same_at_every_step(people):
    for number in range(TRIES + 2):
        known = sign_in(Client(), "coder@example.org", "wrong")
        unknown = sign_in(Client(), "nobody@example.org", "wrong")
        assert (known.status_code, said(known)) == (unknown.status_code, said(unknown)), number
    assert "nobody@example.org" not in str(Entry.objects.values()) + str(SignInAttempt.objects.values())


def test_it_opens_by_itself(people, monkeypatch):
    for _ in range(TRIES):
        sign_in(Client(), "coder@example.org", "wrong")
    later = timezone.now() + lockout.WINDOW + timedelta(seconds=1)
    monkeypatch.setattr(timezone, "now", lambda: later)
    assert sign_in(Client(), "coder@example.org").status_code == 302


def test_staff_unlocks(people, client_as):
    for _ in range(TRIES):
        sign_in(Client(), "coder@example.org", "wrong")
    staff, url = client_as("staff"), reverse("accounts:change", args=[people["coder"].pk])
    assert "Unlock now" in staff.get(url).content.decode()
    assert "may try again" in staff.post(url, {"act": "unlock"}, follow=True).content.decode()
    assert sign_in(Client(), "coder@example.org").status_code == 302
    assert Entry.objects.get(action="account.unlock").actor == people["staff"]
    assert "was not locked" in staff.post(url, {"act": "unlock"}, follow=True).content.decode()


def test_getting_in_forgets_the_accounts_failures_but_not_the_addresses(people):
    for _ in range(TRIES - 1):
        sign_in(Client(), "coder@example.org", "wrong")
    assert sign_in(Client(), "coder@example.org").status_code == 302
    assert "not correct" in said(sign_in(Client(), "coder@example.org", "wrong"))
    assert SignInAttempt.objects.filter(address="127.0.0.1").count() == TRIES


def test_an_address_closes_over_all_accounts(people):
    now = timezone.now()
    SignInAttempt.objects.bulk_create(
        SignInAttempt(at=now, kind="password", account=str(number), address="127.0.0.1")
        for number in range(lockout.ADDRESS_TRIES)
    )
    assert "Too many attempts" in said(sign_in(Client(), "coder@example.org"))
    elsewhere = Client(REMOTE_ADDR="192.0.2.7")
    assert sign_in(elsewhere, "coder@example.org").status_code == 302


def test_a_made_up_forwarding_header_is_no_other_address(people):
    for number in range(3):
        sign_in(Client(headers={"X-Forwarded-For": f"192.0.2.{number}"}), f"{number}@example.org", "wrong")
    assert set(SignInAttempt.objects.values_list("address", flat=True)) == {"127.0.0.1"}


def test_confirming_with_wrong_passwords_closes_too(people, client_as):
    client = client_as("coder")
    for _ in range(lockout.TRIES[lockout.Kind.CONFIRM]):
        client.post(reverse("account_reauthenticate"), {"password": "wrong"})
    closed = client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    assert "Too many attempts" in closed.content.decode()
    assert sign_in(Client(), "coder@example.org").status_code == 302  # signing in is counted by itself


@pytest.mark.django_db(transaction=True)
def test_many_at_once_do_not_slip_past_the_limit(people):
    def guess() -> bool:
        # From the page itself: the test client mixes up the contexts of threads.
        return "not correct" in sign_in(Client(), "coder@example.org", "wrong").content.decode()

    answers = at_once(guess, TRIES + 10)
    assert sum(answers) == TRIES


@pytest.fixture
def real_hasher(people, settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    people["coder"].set_password(PASSWORD)
    people["coder"].save()


def test_an_unknown_account_costs_the_same_work(people, real_hasher, monkeypatch):
    """The same hashing, of as many rounds, and as many questions to the database."""
    hashed, real = [], hashers.pbkdf2

    def counted(password, salt, iterations, *arguments, **named):
        hashed.append((len(password), iterations))
        return real(password, salt, iterations, *arguments, **named)

    monkeypatch.setattr(hashers, "pbkdf2", counted)

    def work(email: str) -> tuple[list, int]:
        hashed.clear()
        with CaptureQueriesContext(connection) as asked:
            sign_in(Client(), email, "wrong")
        return list(hashed), len(asked)

    work("warm@example.org")
    known, unknown = work("coder@example.org"), work("nobody@example.org")
    assert known == unknown
    assert known[0] == [(len("wrong"), hashers.PBKDF2PasswordHasher.iterations)]


@pytest.mark.once  # of the hasher
def test_the_time_tells_nothing(people, real_hasher):
    """With the real hasher: how long unknown and known accounts take differs by less than a tenth."""

    def took(email: str) -> float:
        began = time.thread_time()  # of this thread alone: what else the machine does is not part of the answer
        sign_in(Client(), email, "wrong")
        return time.thread_time() - began

    took("warm@example.org"), took("coder@example.org")
    # Disturbances only ever add to a time, so the shortest is the nearest to the truth, and the nearer the longer
    # one looks: on a machine that does much else, six looks may all have been disturbed.
    known = unknown = math.inf
    for look in range(60):
        SignInAttempt.objects.all().delete()
        known, unknown = min(known, took("coder@example.org")), min(unknown, took("nobody@example.org"))
        if look >= 5 and abs(known - unknown) < 0.1 * known:
            break
    assert abs(known - unknown) < 0.1 * known, (known, unknown)


@pytest.mark.django_db(transaction=True)
def test_right_answers_at_the_same_moment_do_not_lock_each_other_out(people):
    """As of a double click on what asks for a password: each forgets its own attempt and the account's others."""

    def right() -> None:
        for _ in range(10):
            lockout.succeeded(lockout.begin(SignInAttempt.Kind.CONFIRM, "coder@example.org", None))

    at_once(right)
    assert not SignInAttempt.objects.exists()
