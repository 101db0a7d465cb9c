"""Pages of django-allauth stand in our frame, obey the policy, and name every input."""

from html.parser import HTMLParser

import pytest
from allauth.account.models import EmailAddress
from django.urls import reverse

ENTRANCE = [
    *("account_login", "account_reset_password", "account_reset_password_done", "account_inactive"),
    "account_reset_password_from_key_done",
]
PASSWORD = "correct horse battery staple"
SETTINGS = [
    *("accounts:me", "accounts:sessions", "account_change_password", "account_reauthenticate"),
    *("mfa_index", "mfa_activate_totp", "mfa_add_webauthn", "mfa_list_webauthn", "mfa_generate_recovery_codes"),
]
UNLABELLED = {"hidden", "submit", "button"}


class Page(HTMLParser):
    """What a test asks of a page: headings, inputs, labels, addresses."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def all(self, *names: str) -> list[dict[str, str | None]]:
        return [attrs for tag, attrs in self.tags if tag in names]


def check(response) -> Page:
    assert response.status_code == 200
    text = response.content.decode()
    page = Page(text)
    assert any(attrs.get("class") == "bar" for attrs in page.all("header"))
    assert len(page.all("h1")) == 1
    labelled = {attrs.get("for") for attrs in page.all("label")}
    inputs = [attrs for attrs in page.all("input", "select", "textarea") if attrs.get("type") not in UNLABELLED]
    assert [attrs for attrs in inputs if attrs.get("id") not in labelled] == []
    # The policy of these pages allows no data: address, so nothing may depend on one.
    assert "img-src 'self';" in response["Content-Security-Policy"] + ";"
    assert not [attrs for attrs in page.all("img") if str(attrs.get("src")).startswith("data:")]
    assert not [
        attrs for attrs in page.all("script") if "src" not in attrs and attrs.get("type") != "application/json"
    ]
    return page


@pytest.mark.django_db
@pytest.mark.parametrize("name", ENTRANCE)
def test_entrance(client, name):
    check(client.get(reverse(name)))


@pytest.fixture
def signed_in(people, client):
    """The coder, who signed in and gave the password once more, as the pages of the second factor demand."""
    EmailAddress.objects.create(user=people["coder"], email="coder@example.org", primary=True, verified=True)
    client.post(reverse("account_login"), {"login": "coder@example.org", "password": PASSWORD})
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    return client


@pytest.mark.parametrize("name", SETTINGS)
def test_settings(signed_in, name):
    check(signed_in.get(reverse(name)))


def test_asking_for_the_password_again(people, client_as):
    EmailAddress.objects.create(user=people["coder"], email="coder@example.org", primary=True, verified=True)
    response = client_as("coder").get(reverse("mfa_activate_totp"), follow=True)
    assert response.resolver_match.url_name == "account_reauthenticate"
    check(response)


def test_the_qr_code_is_drawn_in_the_page(signed_in):
    page = check(signed_in.get(reverse("mfa_activate_totp")))
    assert any(len(attrs.get("d") or "") > 1000 for attrs in page.all("path")), "no QR code"


@pytest.mark.django_db
def test_nobody_is_invited_to_sign_up(client):
    assert "sign up" not in client.get(reverse("account_login")).content.decode().lower()


@pytest.mark.django_db
def test_a_wrong_password_is_said_in_words(client):
    response = client.post(reverse("account_login"), {"login": "a@example.org", "password": "wrong"})
    assert 'role="alert"' in response.content.decode()


def test_the_failure_page_needs_no_context():
    from django.template.loader import render_to_string
    from django.templatetags.static import static

    text = render_to_string("500.html")
    assert "What was saved before is safe" in text
    assert static("css/tokens.css") in text
