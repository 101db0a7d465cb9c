"""Second factors as people meet them: an app on a phone's screen, a passkey in Chromium with a virtual key."""

from __future__ import annotations

import re
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator

from facsweb.audit.models import Entry
from facsweb.reports.models import SignOff
from tests.accounts.conftest import code_now
from tests.browser.accessibility import grave
from tests.conftest import PASSWORD
from tests.factories import make_finished_run, make_recording

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
HOME = re.compile(r"https?://[^/]+/$")
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
KEY = {
    **{"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True},
    **{"isUserVerified": True, "automaticPresenceSimulation": True},
}


@pytest.fixture
def required(settings) -> None:
    settings.FACSWEB_REQUIRE_MFA = True


@pytest.fixture
def tab(windows, people, study) -> Any:
    """A tab of somebody who is not signed in; what its console complains of fails the test."""
    complaints: list[str] = []
    EmailAddress.objects.create(user=people["coder"], email="coder@example.org", primary=True, verified=True)

    def opened(**options: Any) -> Any:
        page = windows.tab(reduced_motion="reduce", **options)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        return page

    yield opened
    windows.leave()
    assert complaints == []


def virtual_key(page: Any) -> None:
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send("WebAuthn.addVirtualAuthenticator", {"options": KEY})


def give_password(page: Any) -> None:
    page.goto("/account/login/")
    page.get_by_label("Email").fill("coder@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def sign_out(page: Any) -> None:
    page.goto("/account/logout/")
    page.locator("main").get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/account/login/")


def test_an_app_is_set_up_on_a_phone(required, tab, people):
    page = tab(**PHONE)
    give_password(page)
    page.get_by_text("before you go on").wait_for()
    page.get_by_role("link", name="Add an app").click()
    secret = page.locator("code").first.inner_text().strip()
    assert page.locator(".qr svg").bounding_box()["width"] > 150
    page.get_by_label("Authenticator code").fill(code_now(secret))
    page.get_by_role("button", name="Add the app").click()
    page.get_by_role("link", name="I kept them; go on").wait_for()
    codes = page.get_by_role("list", name="Recovery codes").locator("li").all_inner_texts()
    assert len(set(codes)) == 10
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("link", name="I kept them; go on").click()
    page.wait_for_url(HOME)
    sign_out(page)
    give_password(page)
    page.get_by_label("Code").fill(codes[0])
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(HOME)
    assert Authenticator.objects.get(user=people["coder"], type="totp")


def test_a_passkey_signs_in_alone_after_a_password_and_under_a_coding(required, tab, people, participant, consent):
    from facsweb.coding.services import open_layer

    page = tab(viewport={"width": 1440, "height": 900})
    virtual_key(page)
    give_password(page)
    page.get_by_role("link", name="Add a passkey").click()
    page.get_by_label("Name").fill("Blue key")
    page.get_by_role("button", name="Make the passkey").click()
    page.get_by_role("list", name="Recovery codes").wait_for()
    factor = Authenticator.objects.get(user=people["coder"], type="webauthn")
    assert factor.wrap().name == "Blue key"
    assert factor.wrap().is_passwordless

    sign_out(page)
    page.goto("/account/login/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url(HOME)
    assert Entry.objects.filter(action="account.sign_in").first().details == {"methods": ["webauthn"]}

    sign_out(page)
    give_password(page)
    page.get_by_role("heading", name="Second factor").wait_for()
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url(HOME)

    run = make_finished_run(make_recording(participant, people["analyst"]), people["analyst"])
    layer = open_layer(people["coder"], run)
    page.goto(f"/layers/{layer.pk}/sign/")
    page.get_by_label("I confirm this statement").check()
    page.get_by_role("button", name="Sign with a passkey").click()
    page.wait_for_url(re.compile(r"/reports/[0-9a-f-]{36}/$"))
    assert SignOff.objects.get().signer == people["coder"]


PAGES = [
    *(
        "/people/me/",
        "/people/me/sessions/",
        "/account/password/change/",
        "/account/2fa/",
        "/account/2fa/webauthn/",
    ),
    *("/account/2fa/webauthn/add/", "/account/2fa/totp/activate/", "/account/reauthenticate/", "/account/logout/"),
    *("/account/inactive/", "/account/password/reset/", "/account/password/reset/key/1-wrong/"),
]


def test_every_account_page_is_readable_on_a_phone(tab):
    page = tab(**PHONE)
    faults = []

    def look(address: str) -> None:
        page.goto(address)
        for scheme in ("dark", "light"):
            page.emulate_media(color_scheme=scheme)
            faults.extend(f"{address}, {scheme}: {one}" for one in grave(page, colours=scheme == "light"))
            if (width := page.evaluate("document.documentElement.scrollWidth")) > 390:
                faults.append(f"{address}: {width} pixels wide")
            if (headings := page.locator("h1").count()) != 1:
                faults.append(f"{address}: {headings} first headings")

    look("/account/login/")
    give_password(page)
    page.wait_for_url(HOME)
    for address in PAGES:
        look(address)
    assert faults == []


def test_a_device_without_the_passkey_is_said_in_words(tab):
    page = tab(**PHONE)
    virtual_key(page)
    page.goto("/account/login/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    said = page.get_by_role("alert")
    said.wait_for()
    assert "No passkey was used" in said.inner_text()
    assert page.url.endswith("/account/login/")
