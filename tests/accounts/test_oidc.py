"""Sign-in by OpenID Connect against a real small provider: who gets in, and what must not be believed."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from django.contrib.auth import get_user
from django.test import Client
from django.urls import reverse

from facsweb.accounts import second_factor
from facsweb.accounts.models import ProviderIdentity, User
from facsweb.audit.models import Entry
from tests.accounts.conftest import enrol
from tests.accounts.provider import CLIENT_ID, CLIENT_SECRET, Provider, new_key

BACK = reverse("accounts:provider_back")


@pytest.fixture
def provider(settings, people) -> Iterator[Provider]:
    running = Provider()
    settings.OIDC_ISSUER, settings.OIDC_NAME = running.issuer, "Example University"
    settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = CLIENT_ID, CLIENT_SECRET
    yield running
    running.close()


def go(provider: Provider, client: Client, **query: str):
    """There and back again, as a browser does it."""
    away = client.get(reverse("accounts:provider"), query)
    return client.get(BACK + provider.authorize(away.url))


def test_somebody_with_an_account_gets_in_and_is_known_by_the_subject(provider, people):
    client = Client()
    assert "Sign in with Example University" in client.get(reverse("account_login")).content.decode()
    assert go(provider, client, next="/reports/").url == "/reports/"
    assert get_user(client) == people["coder"]
    assert Entry.objects.get(action="account.sign_in").details == {"methods": ["provider"]}
    # The address changes at the provider: still the same person.
    provider.claims = {"email": "married@example.org"}
    again = Client()
    go(provider, again)
    assert get_user(again) == people["coder"]
    assert ProviderIdentity.objects.count() == 1


def test_another_person_who_got_the_address_does_not_get_the_account(provider, people):
    go(provider, Client())
    provider.claims = {"sub": "subject-2"}
    client = Client()
    assert "Another person" in go(provider, client).content.decode()
    assert not get_user(client).is_authenticated


def test_an_address_that_only_looks_alike_is_somebody_else(provider, people):
    """Lower case of the sign for Kelvin is a plain k; in an address it is another letter."""
    people["coder"].email = "kate@example.org"
    people["coder"].save()
    provider.claims = {"email": "\N{KELVIN SIGN}ate@example.org"}
    client = Client()
    assert "no account here for you" in go(provider, client).content.decode()
    assert not get_user(client).is_authenticated


def test_nobody_else_gets_in_unless_accounts_are_made(provider, people, settings):
    provider.claims = {"email": "new@example.org", "name": "Nia New"}
    client = Client()
    response = go(provider, client)
    assert response.status_code == 403
    assert "no account here" in response.content.decode()
    assert not User.objects.filter(email="new@example.org").exists()
    settings.OIDC_CREATE = True
    go(provider, client)
    made = get_user(client)
    assert (made.email, made.name, made.is_staff, made.has_usable_password()) == (
        *("new@example.org", "Nia New", False, False),
    )


def test_a_shut_account_stays_shut(provider, people):
    User.objects.filter(email="coder@example.org").update(is_active=False)
    client = Client()
    assert go(provider, client).status_code == 403
    assert not get_user(client).is_authenticated


WRONG = {
    "nonce": {"nonce": "another"},
    "no nonce": {"nonce": None},
    "issuer": {"iss": "https://elsewhere.example"},
    "audience": {"aud": "another-client"},
    "several audiences without a party": {"aud": [CLIENT_ID, "another-client"]},
    "authorised party": {"azp": "another-client"},
    "expired": {"exp": int(time.time()) - 3600},
    "issued in the future": {"iat": int(time.time()) + 30 * 86400},  # after the last test of this session, too
    "no subject": {"sub": None},
    "unverified address": {"email_verified": False},
    "an address verified in words": {"email_verified": "true"},
    "no word on the address": {"email_verified": None},
    "no address": {"email": None},
}


@pytest.mark.parametrize("what", sorted(WRONG))
def test_an_answer_that_does_not_fit_lets_nobody_in(provider, what):
    provider.claims = WRONG[what]
    client = Client()
    assert go(provider, client).status_code == 403
    assert not get_user(client).is_authenticated
    assert not ProviderIdentity.objects.exists()


def test_a_token_signed_with_another_key(provider):
    provider.sign_with = new_key()
    assert go(provider, Client()).status_code == 403


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_algorithms_that_anybody_could_sign_with(provider, algorithm):
    provider.algorithm = algorithm
    assert go(provider, Client()).status_code == 403


def test_a_key_that_the_provider_does_not_publish(provider):
    provider.kid = "key-2"
    assert go(provider, Client()).status_code == 403


def test_the_state_of_another_browser(provider):
    victim, attacker = Client(), Client()
    away = attacker.get(reverse("accounts:provider"))
    victim.get(reverse("accounts:provider"))
    assert victim.get(BACK + provider.authorize(away.url)).status_code == 403
    assert Client().get(BACK + "?code=x&state=y").status_code == 403
    assert victim.get(reverse("accounts:provider")).status_code == 302
    assert victim.get(BACK + "?code=x&state=%C3%A9").status_code == 403  # not ASCII: refused, no server error
    assert not get_user(victim).is_authenticated


def test_an_answer_is_good_once(provider):
    client = Client()
    query = provider.authorize(client.get(reverse("accounts:provider")).url)
    client.get(BACK + query)
    client.post(reverse("account_logout"))
    assert client.get(BACK + query).status_code == 403


def test_no_means_no(provider):
    client = Client()
    client.get(reverse("accounts:provider"))
    assert client.get(BACK + "?error=access_denied").status_code == 403


def test_a_provider_that_is_away_is_said_in_words(provider, settings):
    settings.OIDC_ISSUER = "http://127.0.0.1:9"
    response = Client().get(reverse("accounts:provider"))
    assert response.status_code == 403
    assert "cannot be reached" in response.content.decode()


def test_plain_http_is_for_this_machine_alone(provider, settings):
    settings.OIDC_ISSUER = "http://accounts.example.org"
    assert Client().get(reverse("accounts:provider")).status_code == 403


def test_it_does_not_send_people_to_other_sites(provider):
    assert go(provider, Client(), next="https://evil.example/").url == "/"


@pytest.mark.parametrize(
    ("amr", "trusted", "led"),
    [
        (["pwd", "otp"], True, False),
        (["mfa"], True, False),
        (["pwd"], True, True),
        (["otp"], True, True),
        ("mfa", True, True),
        (["mfa"], False, True),
    ],
)
def test_the_providers_second_factor_counts_where_it_is_trusted(
    required, provider, study, settings, amr, trusted, led
):
    settings.OIDC_TRUST_MFA = trusted
    provider.claims = {"amr": amr}
    client = Client()
    go(provider, client)
    assert (client.get("/").status_code == 302) is led


def test_the_providers_word_holds_for_that_person_alone(required, provider, people, study, settings):
    settings.OIDC_TRUST_MFA = True
    provider.claims = {"amr": ["mfa"]}
    client = Client()
    go(provider, client)
    session = client.session
    assert not second_factor.is_missing(people["coder"], session)
    assert second_factor.is_missing(people["manager"], session)


def test_a_factor_here_is_asked_for_after_the_provider(provider, people):
    enrol(people["coder"])
    client = Client()
    assert go(provider, client).url == reverse("mfa_authenticate")
    assert not get_user(client).is_authenticated
