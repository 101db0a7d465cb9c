"""Ways into an account that somebody tried who knows the libraries: each of them stays closed."""

import time
from datetime import timedelta

import pytest
from allauth.mfa.totp.internal import auth as totp
from django.contrib.auth import get_user
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from facsweb.accounts import lockout, second_factor, services, sessions
from facsweb.accounts.models import OpenSession, SignInAttempt, User
from facsweb.audit.models import Entry
from tests.accounts.conftest import SECRET, code_now, enrol, sent_mail, sign_in
from tests.accounts.software_key import SoftwareKey
from tests.at_once import at_once

pytestmark = pytest.mark.django_db


# --- codes -----------------------------------------------------------------------------------------------


def test_a_code_is_not_taken_again_in_the_next_half_minute(people, study, monkeypatch):
    """A code fits for a minute and a half, so it has to be remembered for longer than its own half minute."""
    enrol(people["coder"])
    began = time.time() // 30 * 30 + 1
    code = totp.format_hotp_value(totp.hotp_value(SECRET, int(began) // 30))
    for later, works in ((0, True), (32, False)):
        monkeypatch.setattr(time, "time", lambda later=later: began + later)
        client = Client()
        sign_in(client, "coder@example.org")
        client.post(reverse("mfa_authenticate"), {"code": code})
        assert get_user(client).is_authenticated is works


def test_a_code_works_once_across_processes_that_share_no_memory(people, study):
    from django.core.cache import cache

    enrol(people["coder"])
    code = code_now()
    for works in (True, False):
        cache.clear()  # another process, or a Redis that was started again
        client = Client()
        sign_in(client, "coder@example.org")
        client.post(reverse("mfa_authenticate"), {"code": code})
        assert get_user(client).is_authenticated is works


def test_the_code_that_added_an_app_signs_nobody_in(people, study, signed_in):
    here = signed_in("coder")
    secret = here.get(reverse("mfa_activate_totp")).context["form"].secret
    code = code_now(secret)
    here.post(reverse("mfa_activate_totp"), {"code": code})
    over_the_shoulder = Client()
    sign_in(over_the_shoulder, "coder@example.org")
    over_the_shoulder.post(reverse("mfa_authenticate"), {"code": code})
    assert not get_user(over_the_shoulder).is_authenticated


# --- passkeys --------------------------------------------------------------------------------------------


def test_a_key_signs_in_alone_only_when_it_knew_its_owner(people, study):
    key = SoftwareKey(people["coder"])
    assert not key.signs_in(Client(), verified=False)
    assert not key.signs_in(Client(), origin="https://evil.example")
    assert key.signs_in(Client())


def test_a_question_of_ones_own_second_step_opens_nobody_elses_account(people, study, monkeypatch):
    """The second step asks for no PIN. Its question must not be answered at the door where the PIN is all."""
    stolen = SoftwareKey(people["administrator"])
    SoftwareKey(people["coder"])
    thief = Client()
    sign_in(thief, "coder@example.org")
    asked = thief.get(reverse("mfa_authenticate")).context["js_data"]["request_options"]
    answer = stolen.answer(asked["publicKey"]["challenge"], verified=False)
    later = time.time() + 20 * 60  # the second step has lapsed, and with it what leads back there
    monkeypatch.setattr(time, "time", lambda: later)
    thief.post(reverse("mfa_login_webauthn"), {"credential": answer})
    assert not get_user(thief).is_authenticated


def test_a_key_that_was_copied_is_noticed(people, study):
    """A counter that does not grow: there are two of the key."""
    key = SoftwareKey(people["coder"], counter=3)
    assert key.signs_in(Client(), counter=7)
    assert not key.signs_in(Client(), counter=6)
    assert not key.signs_in(Client(), counter=7)
    assert key.signs_in(Client(), counter=8)


def test_a_key_that_follows_the_password_does_not_sign_in_alone(people, study):
    assert not SoftwareKey(people["coder"], alone=False).signs_in(Client())


@pytest.mark.django_db(transaction=True)
def test_of_the_last_two_keys_one_stays_when_both_are_removed_at_once(required, people, study):
    keys = [SoftwareKey(people["coder"], name=name) for name in (b"the first key", b"the second key")]
    work = [(Client(), key) for key in keys]
    assert all(key.signs_in(client) for client, key in work)

    def remove() -> int:
        client, key = work.pop()
        return client.post(reverse("mfa_remove_webauthn", args=[key.row.pk])).status_code

    assert at_once(remove, 2) == [302, 302]
    assert second_factor.factors(people["coder"]) == 1


# --- sessions --------------------------------------------------------------------------------------------


def test_looking_at_the_list_does_not_wake_an_idle_session(people, signed_in, settings):
    forgotten, here = signed_in("coder"), signed_in("coder")
    row = OpenSession.objects.filter(session_key=forgotten.session.session_key)
    row.update(last_seen_at=timezone.now() - timedelta(seconds=settings.SESSION_IDLE_SECONDS + 60))
    here.get(reverse("accounts:sessions"))
    assert forgotten.get("/").status_code == 302


def test_an_account_that_is_opened_again_does_not_open_its_old_sessions(people, signed_in):
    stolen = signed_in("coder")
    services.set_active(people["staff"], people["coder"], active=False)
    services.set_active(people["staff"], people["coder"], active=True)
    assert stolen.get("/").status_code == 302


# --- the last of the staff -----------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_two_who_shut_each_other_out_leave_one(people):
    other = User.objects.create_user("second@example.org", "Second", is_staff=True)
    staff = people["staff"]
    pairs = [(staff, other), (other, staff)]

    def shut() -> bool:
        actor, person = pairs.pop()
        try:
            return services.set_active(actor, person, active=False)
        except ValidationError:
            return False

    assert sorted(at_once(shut, 2)) == [False, True]
    assert User.objects.filter(is_staff=True, is_active=True).count() == 1


# --- counting --------------------------------------------------------------------------------------------


def test_the_addresses_of_one_household_count_together(people):
    for number in range(lockout.ADDRESS_TRIES):
        attempt = lockout.begin("password", f"{number}@example.org", f"2001:db8:1:2::{number:x}")
        lockout.failed(attempt, None)
    with pytest.raises(lockout.Closed):
        lockout.begin("password", "more@example.org", "2001:db8:1:2:ffff::1")
    assert lockout.begin("password", "more@example.org", "2001:db8:1:3::1")


def test_a_request_that_passed_too_few_proxies_is_answered(people, settings):
    settings.TRUSTED_PROXIES = settings.ALLAUTH_TRUSTED_PROXY_COUNT = 2
    client = Client(headers={"X-Forwarded-For": "198.51.100.7"})
    sign_in(client, "coder@example.org", "wrong")
    assert SignInAttempt.objects.get().address == "127.0.0.1"


@pytest.mark.django_db(transaction=True)
def test_an_account_is_locked_once_however_many_fail_together(people):
    tries = lockout.TRIES[lockout.Kind.PASSWORD]
    running = [lockout.begin("password", "coder@example.org", "192.0.2.1") for _ in range(tries)]
    for attempt in running:
        lockout.failed(attempt, people["coder"])
    assert Entry.objects.filter(action="account.locked").count() == 1


def test_unlocking_unlocks_codes_and_a_key_opens_what_others_locked(people, study, client_as):
    enrol(people["coder"])
    client = Client()
    sign_in(client, "coder@example.org")
    for _ in range(7):
        client.post(reverse("mfa_authenticate"), {"code": "000000"})
    client_as("staff").post(reverse("accounts:change", args=[people["coder"].pk]), {"act": "unlock"})
    client.post(reverse("mfa_authenticate"), {"code": code_now()})
    assert get_user(client).is_authenticated


def test_a_key_after_the_password_opens_what_wrong_codes_closed(people, study):
    enrol(people["coder"])
    key = SoftwareKey(people["coder"])
    client = Client()
    sign_in(client, "coder@example.org")
    for _ in range(7):
        client.post(reverse("mfa_authenticate"), {"code": "000000"})
    asked = client.get(reverse("mfa_authenticate")).context["js_data"]["request_options"]
    client.post(reverse("mfa_authenticate"), {"credential": key.answer(asked["publicKey"]["challenge"])})
    assert get_user(client).is_authenticated


# --- people of a provider ------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", ["mfa_activate_totp", "mfa_add_webauthn"])
def test_an_unlocked_screen_of_somebody_without_a_password_gets_no_factor_of_its_own(people, page):
    """Nothing here could confirm who it is, so it has to be the sign-in itself."""
    people["coder"].set_unusable_password()
    people["coder"].save()
    client = Client()
    client.force_login(people["coder"], backend="allauth.account.auth_backends.AuthenticationBackend")
    response = client.get(reverse(page))
    assert response.status_code == 302
    assert "sign in again" in client.get(response.url).content.decode()


# --- names that look alike -----------------------------------------------------------------------------------


def test_an_address_that_only_looks_alike_is_somebody_else(people, settings, mailoutbox):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    User.objects.create_user("kate@example.org", "Kate", "seven lamps in orbit")
    Client().post(reverse("account_reset_password"), {"email": "\N{KELVIN SIGN}ate@example.org"})
    sent_mail()
    assert [mail.to for mail in mailoutbox if mail.to != ["kate@example.org"]] == []


@pytest.mark.parametrize(
    "goal", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"]
)
def test_signing_in_leads_to_no_other_site(people, goal):
    client = Client()
    answer = client.post(
        reverse("account_login"),
        {"login": "stranger@example.org", "password": "correct horse battery staple", "next": goal},
    )
    assert answer.status_code == 302
    assert answer.url == "/"
    assert "evil" not in client.get(reverse("account_login"), {"next": goal}).url


def test_the_session_key_is_another_one_after_signing_in(people):
    client = Client()
    client.get(reverse("mfa_login_webauthn"), headers={"X-Requested-With": "XMLHttpRequest"})
    planted = client.session.session_key
    sign_in(client, "stranger@example.org")
    assert client.session.session_key != planted
    assert not sessions.store().exists(planted)
