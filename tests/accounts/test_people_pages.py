"""Pages about accounts, for staff."""

import re

import pytest
from django.contrib.auth import get_user
from django.urls import reverse

from tests.accounts.conftest import sign_in


def test_the_list_names_everybody(client_as, people):
    text = client_as("staff").get(reverse("accounts:list")).content.decode()
    for user in people.values():
        assert user.email in text


def test_deactivating_ends_the_session_and_reactivating_opens_the_door(client_as, people):
    session, staff = client_as("coder"), client_as("staff")
    url = reverse("accounts:change", args=[people["coder"].pk])
    assert "no longer sign in" in staff.post(url, {"act": "deactivate"}, follow=True).content.decode()
    assert not get_user(session).is_authenticated
    assert "sign in again" in staff.post(url, {"act": "reactivate"}, follow=True).content.decode()
    assert not get_user(session).is_authenticated  # whoever holds it signs in first
    assert sign_in(session, "coder@example.org").status_code == 302
    assert get_user(session).is_authenticated


def test_nobody_deactivates_themselves(client_as, people):
    url = reverse("accounts:change", args=[people["staff"].pk])
    page = client_as("staff").post(url, {"act": "deactivate"}, follow=True).content.decode()
    assert "your own account" in page
    people["staff"].refresh_from_db()
    assert people["staff"].is_active


@pytest.mark.parametrize("act", ["reset_password", "reset_factor"])
def test_what_opens_an_account_to_others_asks_for_a_confirmation(client_as, people, act):
    url = reverse("accounts:change", args=[people["coder"].pk])
    before = people["coder"].password
    response = client_as("staff").post(url, {"act": act})  # signed in, and nobody confirmed lately
    assert response.status_code == 302
    assert "reauthenticate" in response.url
    people["coder"].refresh_from_db()
    assert people["coder"].password == before


def test_a_new_password_replaces_the_old_one(signed_in, people, client):
    url = reverse("accounts:change", args=[people["coder"].pk])
    response = signed_in("staff").post(url, {"act": "reset_password"})
    assert re.fullmatch(r"([a-z2-9]{4}-){4}[a-z2-9]{4}", response.context["password"])
    assert client.login(email="coder@example.org", password=response.context["password"])


@pytest.mark.parametrize("act", ["", "delete"])
def test_unknown_acts_change_nothing(client_as, people, act):
    url = reverse("accounts:change", args=[people["coder"].pk])
    assert client_as("staff").post(url, {"act": act}).status_code == 422


def test_names_of_studies_are_not_told(client_as, people, study):
    url = reverse("accounts:change", args=[people["coder"].pk])
    page = client_as("staff").get(url).content.decode()
    assert "1 study" in page
    assert study.name not in page
