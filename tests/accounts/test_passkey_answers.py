"""Answers that no browser made, at every place that takes a passkey: refused in words, never a failure of ours."""

import json

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth import get_user
from django.test import Client
from django.urls import reverse

from tests.accounts.conftest import enrol, sign_in

ANSWERS = [
    *("", "nonsense", "null", "[]", "1", '"text"', "{}"),
    *(json.dumps(one) for one in ({"id": 1}, {"id": "x", "rawId": "y"}, {"response": None}, {"response": []})),
    json.dumps({"id": "eA", "rawId": "eA", "type": "public-key", "response": {"userHandle": "%%%"}}),
    json.dumps({"id": "eA", "rawId": "eA", "type": "public-key", "response": {"userHandle": "eA"}}),
    json.dumps(
        {
            **{"id": "eA", "rawId": "eA", "type": "public-key"},
            "response": {"clientDataJSON": "eA", "authenticatorData": "eA", "signature": "eA", "userHandle": "eA"},
        }
    ),
]
pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("answer", ANSWERS)
def test_nobody_gets_in(answer, people):
    client = Client()
    client.get(reverse("mfa_login_webauthn"), headers={"Accept": "application/json"})
    assert client.post(reverse("mfa_login_webauthn"), {"credential": answer}).status_code == 302
    assert not get_user(client).is_authenticated


@pytest.mark.parametrize("answer", ANSWERS)
def test_the_second_step_stays_closed(answer, people):
    enrol(people["coder"])
    client = Client()
    sign_in(client, "coder@example.org")
    response = client.post(reverse("mfa_authenticate"), {"credential": answer})
    assert response.status_code == 200
    assert not get_user(client).is_authenticated


@pytest.mark.parametrize("answer", ANSWERS)
def test_no_passkey_is_added(answer, people, signed_in):
    client = signed_in("coder")
    client.get(reverse("mfa_add_webauthn"))
    assert client.post(reverse("mfa_add_webauthn"), {"name": "X", "credential": answer}).status_code == 200
    assert not Authenticator.objects.exists()
