"""Every address of django-allauth that can be reached, and what it answers to whom. A new one fails here first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from facsweb.accounts import entrance
from tests.accounts.conftest import enrol

#: Name → status of GET for nobody and for somebody who is signed in.
TABLE = {
    "account_login": (200, 302),
    "account_logout": (302, 200),
    "account_inactive": (200, 200),
    "account_reauthenticate": (302, 200),
    "account_change_password": (302, 200),
    "account_set_password": (302, 302),
    "account_reset_password": (200, 200),
    "account_reset_password_done": (200, 200),
    "account_reset_password_from_key_done": (200, 200),
    "account_reset_password_from_key": (200, 200),
    "mfa_index": (302, 200),
    "mfa_authenticate": (302, 302),
    "mfa_reauthenticate": (302, 200),
    "mfa_activate_totp": (302, 302),
    "mfa_deactivate_totp": (302, 302),
    "mfa_view_recovery_codes": (302, 302),
    "mfa_generate_recovery_codes": (302, 302),
    "mfa_list_webauthn": (302, 200),
    "mfa_add_webauthn": (302, 302),
    "mfa_login_webauthn": (302, 302),
    "mfa_reauthenticate_webauthn": (302, 302),
    "mfa_remove_webauthn": (302, 404),
    "mfa_edit_webauthn": (302, 302),
}
KWARGS: dict[str, dict[str, Any]] = {
    "account_reset_password_from_key": {"uidb36": "1", "key": "wrong"},
    "mfa_remove_webauthn": {"pk": 1},
    "mfa_edit_webauthn": {"pk": 1},
}
#: What django-allauth could do as well, and what is not switched on.
NOT_USED = ("signup/", "email/", "confirm-email/", "login/code/", "login/code/confirm/", "3rdparty/", "sessions/")


def patterns(resolver: Any = None) -> Iterator[URLPattern]:
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLResolver):
            yield from patterns(entry)
        else:
            yield entry


def test_the_table_names_exactly_what_can_be_reached():
    own = entrance.__name__
    found = {
        entry.name
        for entry in patterns()
        if entry.callback.__module__.startswith("allauth.") or entry.callback.__module__ == own
    }
    assert found == set(TABLE)


@pytest.mark.parametrize("name", sorted(TABLE))
def test_who_gets_what(name, people, client_as):
    enrol(people["coder"])
    url = reverse(name, kwargs=KWARGS.get(name))
    answers = Client().get(url).status_code, client_as("coder").get(url).status_code
    assert answers == TABLE[name]


@pytest.mark.parametrize("path", NOT_USED)
def test_what_is_not_used_is_not_there(path, client_as):
    assert client_as("coder").get(f"/account/{path}").status_code == 404
