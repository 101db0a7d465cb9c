"""One's own page, forgotten passwords, and what is said where the second factor is off."""

import re

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth import get_user
from django.test import Client
from django.urls import reverse

from facsweb.accounts.models import User
from facsweb.audit.models import Entry
from tests.accounts.conftest import enrol, links, sent_mail, sign_in

NEW = {"password1": "seven lamps in orbit", "password2": "seven lamps in orbit"}


def test_the_name_changes_and_is_logged(client_as, people):
    client = client_as("coder")
    assert "coder@example.org" in client.get(reverse("accounts:me")).content.decode()
    client.post(reverse("accounts:me"), {"name": "Cora Coder"})
    client.post(reverse("accounts:me"), {"name": "Cora Coder"})
    people["coder"].refresh_from_db()
    assert people["coder"].name == "Cora Coder"
    assert Entry.objects.filter(action="account.rename").count() == 1
    assert client.post(reverse("accounts:me"), {"name": " "}).status_code == 422


def test_a_forgotten_password(people, signed_in):
    elsewhere = signed_in("coder")
    User.objects.filter(email="coder@example.org").update(must_change_password=True)
    client = Client()
    asked = client.post(reverse("account_reset_password"), {"email": "coder@example.org"}, follow=True)
    assert "Look into your mail" in asked.content.decode()
    (letter,) = sent_mail()
    form = client.get(links(letter.body)[0], follow=True)
    assert "Choose a password" in form.content.decode()
    client.post(form.request["PATH_INFO"], NEW)
    people["coder"].refresh_from_db()
    assert people["coder"].check_password(NEW["password1"])
    assert not people["coder"].must_change_password
    assert not get_user(elsewhere).is_authenticated
    assert not get_user(client).is_authenticated  # a link in a mail is no sign-in
    assert "no longer works" in Client().get(links(letter.body)[0], follow=True).content.decode()


def test_an_unknown_address_is_answered_the_same_and_gets_no_mail(people):
    EmailAddress.objects.create(user=people["coder"], email="coder@example.org", primary=True, verified=True)
    pages = []
    for email in ("coder@example.org", "nobody@example.org"):
        client = Client()
        answer = client.post(reverse("account_reset_password"), {"email": email}, follow=True)
        pages.append(
            (answer.redirect_chain, re.sub(r"csrf[^>]+>|hx-headers='[^']+'", "", answer.content.decode()))
        )
    assert pages[0] == pages[1]
    (letter,) = sent_mail()
    assert letter.to == ["coder@example.org"]


def test_without_mail_the_page_says_whom_to_ask(settings, people):
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    page = Client().get(reverse("account_reset_password"))
    assert "sends no mail" in page.content.decode()
    assert "<form" not in page.content.decode().split("<main")[1]
    answer = Client().post(reverse("account_reset_password"), {"email": "coder@example.org"})
    assert "sends no mail" in answer.content.decode()


def test_a_reset_link_does_not_pass_the_second_factor(people):
    enrol(people["coder"])
    EmailAddress.objects.create(user=people["coder"], email="coder@example.org", primary=True, verified=True)
    client = Client()
    client.post(reverse("account_reset_password"), {"email": "coder@example.org"})
    (letter,) = sent_mail()
    form = client.get(links(letter.body)[0], follow=True)
    client.post(form.request["PATH_INFO"], NEW)
    assert sign_in(client, "coder@example.org", NEW["password1"]).url == reverse("mfa_authenticate")
    assert not get_user(client).is_authenticated


@pytest.mark.parametrize("password", ["short", "password1234", "coder@example.org", "123456789012"])
def test_weak_passwords_are_refused(people, signed_in, password):
    client = signed_in("coder")
    said = {"oldpassword": "correct horse battery staple", "password1": password, "password2": password}
    assert client.post(reverse("account_change_password"), said).context["form"].errors
    people["coder"].refresh_from_db()
    assert not people["coder"].check_password(password)


def test_the_demonstration_says_that_it_asks_for_no_second_factor(settings, client_as, client):
    assert "The second factor is off" not in client.get(reverse("account_login")).content.decode()
    settings.FACSWEB_DEMONSTRATION = True
    words = "The second factor is off in this demonstration"
    assert words in client.get(reverse("account_login")).content.decode()
    for page in ("accounts:me", "mfa_index"):
        assert words in client_as("coder").get(reverse(page)).content.decode()


def test_an_installation_without_it_says_so_to_its_people(client_as, client, required, settings):
    assert "The second factor is off" not in client_as("analyst").get(reverse("accounts:me")).content.decode()
    settings.FACSWEB_REQUIRE_MFA = False
    assert (
        "The second factor is off on this installation"
        in client_as("analyst").get(reverse("accounts:me")).content.decode()
    )


def test_it_is_on_unless_an_operator_says_otherwise():
    """In a process of its own, as an operator starts it."""
    import os
    import subprocess
    import sys

    from tests.conftest import REPOSITORY

    asked = "import django; django.setup(); from django.conf import settings; print(settings.FACSWEB_REQUIRE_MFA)"
    kept = {name: value for name, value in os.environ.items() if name != "FACSWEB_REQUIRE_MFA"}
    kept["DJANGO_SETTINGS_MODULE"] = "facsweb.settings"
    for extra, said in (({}, "True"), ({"FACSWEB_REQUIRE_MFA": "0"}, "False")):
        command = [sys.executable, "-c", asked]
        done = subprocess.run(
            command, env=kept | extra, cwd=REPOSITORY, capture_output=True, text=True, check=True
        )
        assert done.stdout.strip() == said
