"""Who is led to enrolment, what stays closed until then, and what happens to a lost factor."""

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth import get_user
from django.test import Client
from django.urls import reverse

from facsweb.accounts import second_factor, services
from facsweb.accounts.models import OpenSession
from facsweb.audit.models import Entry
from tests.accounts.conftest import SECRET, code_now, enrol, sent_mail, sign_in

NEEDED = {"coder", "manager", "administrator", "staff"}


@pytest.mark.parametrize("role", ["coder", "manager", "administrator", "staff", "analyst", "stranger"])
def test_who_needs_one(required, people, study, client_as, role):
    response = client_as(role).get("/")
    if role in NEEDED:
        assert (response.status_code, response.url) == (302, reverse("mfa_index"))
    else:
        assert response.status_code == 200


def test_nobody_is_asked_where_the_operator_switched_it_off(people, study, client_as):
    assert client_as("coder").get("/").status_code == 200


def test_everything_but_the_way_to_enrolment_and_out_is_closed(required, people, study, client_as):
    client = client_as("coder")
    for name in (
        "studies:list",
        "accounts:me",
        "accounts:sessions",
        "reports:list",
        "mfa_generate_recovery_codes",
    ):
        assert client.get(reverse(name)).status_code == 302, name
    page = client.get(reverse("mfa_index"))
    assert page.status_code == 200
    assert "before you go on" in page.content.decode()
    # Whoever may see it signed out sees it now, too.
    assert client.get(reverse("verify")).status_code == 200
    assert client.post(reverse("account_logout")).status_code == 302
    assert not get_user(client).is_authenticated


def test_changing_something_is_turned_away_and_nothing_happens(required, people, study, client_as):
    response = client_as("administrator").post(
        reverse("studies:member_add", args=[study.pk]), {"email": "stranger@example.org", "role": "coder"}
    )
    assert response.url == reverse("mfa_index")
    assert not people["stranger"].memberships.exists()


@pytest.mark.parametrize(
    "asks", [{"headers": {"Accept": "application/json"}}, {"content_type": "application/json", "data": "{}"}]
)
def test_a_script_is_told_in_json(required, people, study, client_as, asks):
    response = client_as("coder").post(reverse("studies:list"), **asks)
    assert response.status_code == 403
    assert response.json()["code"] == "second_factor_required"
    assert "second factor" in response.json()["error"]


def test_htmx_is_sent_to_the_whole_page(required, people, study, client_as):
    response = client_as("coder").get(reverse("studies:list"), headers={"HX-Request": "true"})
    assert response.headers["HX-Redirect"] == reverse("mfa_index")


def test_enrolling_with_an_app_shows_codes_once_and_goes_on(
    required, people, study, signed_in, django_capture_on_commit_callbacks
):
    client = signed_in("coder")
    assert client.get("/reports/?q=smile").url == reverse("mfa_index")
    page = client.get(reverse("mfa_activate_totp"))  # signed in a moment ago, so not asked for the password again
    secret = page.context["form"].secret
    with django_capture_on_commit_callbacks(execute=True):
        response = client.post(reverse("mfa_activate_totp"), {"code": code_now(secret)})
    assert response.url == reverse("mfa_view_recovery_codes")
    codes = client.get(response.url)
    assert len(codes.context["unused_codes"]) == 10
    assert all(code in codes.content.decode() for code in codes.context["unused_codes"])
    assert 'href="/reports/?q=smile"' in codes.content.decode()
    again = client.get(response.url).content.decode()
    assert "cannot be shown again" in again
    assert client.get("/").status_code == 200
    # The secret is not readable in the database.
    assert secret not in str(Authenticator.objects.get(type="totp").data)
    acts = set(Entry.objects.filter(actor=people["coder"]).values_list("action", flat=True))
    assert {"account.sign_in", "second_factor.add"} <= acts


def test_the_first_factor_ends_sessions_that_were_opened_without_it(
    people, study, signed_in, django_capture_on_commit_callbacks
):
    elsewhere, here = signed_in("coder"), signed_in("coder")
    secret = here.get(reverse("mfa_activate_totp")).context["form"].secret
    with django_capture_on_commit_callbacks(execute=True):
        here.post(reverse("mfa_activate_totp"), {"code": code_now(secret)})
    assert get_user(here).is_authenticated
    assert not get_user(elsewhere).is_authenticated


def test_signing_in_takes_the_code_and_each_code_once(people, study):
    enrol(people["coder"])
    first = Client()
    assert sign_in(first, "coder@example.org").url == reverse("mfa_authenticate")
    assert not get_user(first).is_authenticated
    code = code_now()
    assert first.post(reverse("mfa_authenticate"), {"code": code}).status_code == 302
    assert get_user(first).is_authenticated
    second = Client()
    sign_in(second, "coder@example.org")
    assert second.post(reverse("mfa_authenticate"), {"code": code}).status_code == 200
    assert not get_user(second).is_authenticated


def test_a_recovery_code_signs_in_once_and_is_logged(people, study):
    enrol(people["coder"])
    code = Authenticator.objects.get(user=people["coder"], type="recovery_codes").wrap().get_unused_codes()[0]
    for works in (True, False):
        client = Client()
        sign_in(client, "coder@example.org")
        client.post(reverse("mfa_authenticate"), {"code": code})
        assert get_user(client).is_authenticated is works
    assert Entry.objects.filter(action="second_factor.recovery_code_used").count() == 1


def test_wrong_codes_are_counted_logged_and_closed(people, study):
    enrol(people["coder"])
    client = Client()
    sign_in(client, "coder@example.org")
    for _ in range(6):
        assert "did not fit" in client.post(reverse("mfa_authenticate"), {"code": "000000"}).content.decode()
    closed = client.post(reverse("mfa_authenticate"), {"code": code_now()})
    assert "Too many attempts" in closed.content.decode()
    assert not get_user(client).is_authenticated
    assert Entry.objects.filter(action="account.second_factor_failed").count() == 6
    # The right password again does not give new tries.
    another = Client()
    sign_in(another, "coder@example.org")
    assert "Too many attempts" in another.post(reverse("mfa_authenticate"), {"code": code_now()}).content.decode()


def test_the_last_factor_stays_while_a_role_needs_it(required, people, study, signed_in):
    enrol(people["coder"])
    client = signed_in("coder")
    response = client.post(reverse("mfa_deactivate_totp"))
    assert "this is the last" in response.content.decode()
    assert second_factor.factors(people["coder"]) == 1
    people["coder"].memberships.all().delete()
    client.post(reverse("mfa_deactivate_totp"))
    assert not Authenticator.objects.filter(user=people["coder"]).exists()
    assert Entry.objects.filter(action="second_factor.remove").exists()


def test_the_last_passkey_stays_too(required, people, study, signed_in):
    key = Authenticator.objects.create(
        user=people["coder"], type="webauthn", data={"name": "Blue key", "credential": {}}
    )
    client = signed_in("analyst")
    assert client.post(reverse("mfa_remove_webauthn", args=[key.pk])).status_code == 404  # somebody else's
    mine = Client()
    mine.force_login(people["coder"], backend="allauth.account.auth_backends.AuthenticationBackend")
    response = mine.post(reverse("mfa_remove_webauthn", args=[key.pk]), follow=True)
    assert "this is the last" in response.content.decode()
    assert Authenticator.objects.filter(pk=key.pk).exists()


def test_removing_needs_a_fresh_proof(people, study, client_as):
    enrol(people["analyst"])
    response = client_as("analyst").post(reverse("mfa_deactivate_totp"))
    assert response.url.startswith(reverse("account_reauthenticate"))
    assert second_factor.factors(people["analyst"]) == 1


def test_staff_resets_a_lost_factor_and_the_person_is_told(
    required, people, study, signed_in, django_capture_on_commit_callbacks
):
    enrol(people["staff"]), enrol(people["coder"])
    lost, staff = signed_in("coder"), signed_in("staff")
    url = reverse("accounts:change", args=[people["coder"].pk])
    with django_capture_on_commit_callbacks(execute=True):
        said = staff.post(url, {"act": "reset_factor"}, follow=True).content.decode()
    assert "no second factor any more" in said
    assert not Authenticator.objects.filter(user=people["coder"]).exists()
    assert not get_user(lost).is_authenticated
    assert not OpenSession.objects.filter(user=people["coder"]).exists()
    assert Entry.objects.get(action="second_factor.reset").details == {"removed": 1}
    (letter,) = sent_mail()
    assert letter.to == ["coder@example.org"]
    # Signing in leads to enrolment again.
    assert signed_in("coder").get("/").url == reverse("mfa_index")


def test_a_reset_of_nothing_changes_nothing(people):
    assert services.reset_second_factor(people["staff"], people["coder"]) == 0
    assert not Entry.objects.exists()


def test_a_secret_sealed_with_another_key_opens_nothing(people, settings):
    enrol(people["coder"])
    settings.SECRET_KEY = "another key altogether"
    factor = Authenticator.objects.get(user=people["coder"], type="totp").wrap()
    assert not factor.validate_code(code_now())
    assert not factor.validate_code(code_now(""))


def test_an_older_key_still_opens(people, settings):
    enrol(people["coder"])
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another key altogether"
    assert Authenticator.objects.get(user=people["coder"], type="totp").wrap().validate_code(code_now(SECRET))
