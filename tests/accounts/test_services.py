"""Accounts: creating, shutting, new passwords."""

import pytest
from django.contrib.auth import get_user
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from facsweb.accounts import services
from facsweb.audit.models import Entry

STRONG = "blue-lamp-orbit-seven"


def test_a_created_account_signs_in(people, client):
    user = services.create_user(people["staff"], email="New@Example.org ", name="Nia New", password=STRONG)
    assert user.email == "new@example.org"
    response = client.post(reverse("account_login"), {"login": "new@example.org", "password": STRONG})
    assert response.status_code == 302
    assert get_user(client) == user
    assert Entry.objects.get(action="account.create").details == {"email": "new@example.org", "is_staff": False}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"email": "coder@example.org"}, "email"),
        ({"email": "nonsense"}, "email"),
        ({"name": " "}, "name"),
    ],
)
def test_wrong_fields_are_named(people, changes, field):
    arguments = {"email": "new@example.org", "name": "Nia", "password": STRONG} | changes
    with pytest.raises(ValidationError) as caught:
        services.create_user(people["staff"], **arguments)
    assert field in caught.value.message_dict
    assert not Entry.objects.exists()


def test_weak_passwords_are_refused(people):
    with pytest.raises(ValidationError, match="too short"):
        services.create_user(people["staff"], email="new@example.org", name="Nia", password="short")


def test_generated_passwords_are_accepted_and_differ(people):
    passwords = {services.generate_password() for _ in range(20)}
    assert len(passwords) == 20
    services.create_user(people["staff"], email="new@example.org", name="Nia", password=passwords.pop())


def test_a_deactivated_account_is_out_at_once_and_can_come_back(people, client_as):
    open_session: Client = client_as("coder")
    assert get_user(open_session).is_authenticated
    assert services.set_active(people["staff"], people["coder"], active=False)
    assert not services.set_active(people["staff"], people["coder"], active=False)
    assert not get_user(open_session).is_authenticated
    services.set_active(people["staff"], people["coder"], active=True)
    assert not get_user(open_session).is_authenticated
    assert list(Entry.objects.order_by("number").values_list("action", flat=True)) == [
        "account.deactivate",
        "session.end",
        "account.activate",
    ]


def test_nobody_shuts_themselves_out(people):
    with pytest.raises(ValidationError, match="your own account"):
        services.set_active(people["staff"], people["staff"], active=False)


def test_a_new_password_ends_open_sessions(people, client_as):
    open_session = client_as("coder")
    password = services.reset_password(people["staff"], people["coder"])
    people["coder"].refresh_from_db()
    assert people["coder"].check_password(password)
    assert not get_user(open_session).is_authenticated
    assert password not in str(Entry.objects.get(action="account.reset_password").details)
