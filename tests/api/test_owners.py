"""Whose token it is: a second factor that is lacking, a password that was given, and from where it was used."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from facsweb.accounts.models import ProviderIdentity, User
from facsweb.accounts.services import reset_password, reset_second_factor
from facsweb.api import tokens
from facsweb.api.models import Scope, Token
from facsweb.studies.models import Membership, Role
from tests.accounts.conftest import enrol, sign_in
from tests.api.conftest import Caller


@pytest.fixture
def required(settings):
    settings.FACSWEB_REQUIRE_MFA = True


def make(owner):
    return tokens.create(owner, name="P", scopes=[Scope.STUDIES_READ], lifetime=timedelta(days=1))


def test_a_token_rests_while_its_owner_lacks_a_required_factor(people, required, study):
    person = people["analyst"]  # whose role asks for none
    program = Caller(make(person)[1])
    assert program.get("/studies").status_code == 200
    Membership.objects.create(user=person, study=study, role=Role.CODER)
    refused = program.get("/studies")
    assert refused.status_code == 403
    assert refused.json()["type"] == "urn:facsweb:problem:owner-not-ready"
    assert "second factor" in refused.json()["detail"]
    upload = program.post(f"/uploads/{study.pk}/", data=b"", content_type="application/octet-stream")
    assert upload.status_code == 403  # the other door, too
    enrol(person)
    assert program.get("/studies").status_code == 200
    reset_second_factor(people["staff"], person)
    assert program.get("/studies").status_code == 403


def test_no_token_without_the_factor(people, study, required, client):
    with pytest.raises(ValidationError, match="a second factor first"):
        make(people["coder"])
    sign_in(client, people["coder"].email)
    assert client.get(reverse("tokens:create")).url == reverse("mfa_index")
    enrol(people["coder"])
    assert make(people["coder"])[0].is_valid


def test_a_provider_that_is_trusted_with_factors_is_enough(people, study, required, settings):
    ProviderIdentity.objects.create(issuer="https://id.example", subject="1", user=people["coder"])
    with pytest.raises(ValidationError):
        make(people["coder"])
    settings.OIDC_TRUST_MFA = True
    assert Caller(make(people["coder"])[1]).get("/studies").status_code == 200


def test_a_given_password_lets_tokens_rest(people):
    """Staff give one where an account may be in wrong hands: nothing goes on until its owner is back."""
    program = Caller(make(people["analyst"])[1])
    reset_password(people["staff"], people["analyst"])
    assert program.get("/studies").status_code == 403
    User.objects.update(must_change_password=False)
    assert program.get("/studies").status_code == 200


def test_making_one_asks_for_a_confirmation_of_the_last_minutes(people, client_as):
    client = client_as("analyst")  # whose sign-in was not noted as recent
    given = {"name": "P", "scopes": ["studies:read"], "lifetime": "7"}
    response = client.post(reverse("tokens:create"), given)
    assert response.status_code == 302
    assert "reauthenticate" in response.url
    assert not Token.objects.exists()


@pytest.mark.parametrize(("how", "kept"), [("full", "203.0.113.9"), ("short", "203.0.113.0/24"), ("none", "")])
def test_from_where_it_was_used_is_kept_as_the_log_keeps_it(people, settings, how, kept):
    settings.TRUSTED_PROXIES, settings.AUDIT_ADDRESS = 1, how
    program = Caller(make(people["analyst"])[1])
    # What stands further left is what the client claims.
    program.get("/studies", headers={"X-Forwarded-For": "198.51.100.1, 203.0.113.9"})
    assert Token.objects.get().last_used_from == kept
