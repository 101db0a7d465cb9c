"""A participant's way on a phone, in both languages: link, language, notice, questions, a drawn signature, the
sealed copy, and withdrawal, first of one thing and then of everything. What axe-core finds is a fault."""

from __future__ import annotations

import hashlib
import json
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.urls import reverse

from facsweb.privacy import attempts, destroying, job
from facsweb.privacy.models import Erasure
from facsweb.studies import consent_text, links, services
from facsweb.studies.models import Consent, Scope
from facsweb.studies.standing import current_consent
from facsweb.studies.words import say, words
from tests.browser.accessibility import grave

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PHONE = {
    "viewport": {"width": 390, "height": 844},
    "has_touch": True,
    "is_mobile": True,
    "reduced_motion": "reduce",
}
SCOPES = [Scope.VIDEO, Scope.EMOTION, Scope.INDICATORS, Scope.QUOTATION]
PICTURES = os.environ.get("CONSENT_PICTURES")


@pytest.fixture
def text(study, people):
    # As long as people write them: on a phone nothing may stick out of the page.
    type(study).objects.filter(pk=study.pk).update(name="How people find their way through our new checkout")
    written = consent_text.written(purpose=study.purpose, scopes=SCOPES)
    return services.create_consent_form(
        people["administrator"], study, **written.pop("en"), translations=written, scopes=SCOPES
    )


@pytest.fixture
def phone(windows):
    """A phone that nobody is signed in on; what its console complains of fails the test."""
    complaints: list[str] = []

    def opened(language: str, scheme: str = "light") -> Any:
        page = windows.tab(locale=language, color_scheme=scheme, **PHONE)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda one: complaints.append(one.text) if one.type == "error" else None)
        return page

    cache.clear()
    yield opened
    windows.leave()
    assert complaints == []


def looked_at(page: Any, language: str, name: str) -> None:
    """Nothing cut off, nothing serious for axe-core, one first heading, the right language."""
    page.wait_for_load_state()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390, name
    assert grave(page) == [], name
    assert page.locator("h1").count() == 1, name
    assert page.locator("html").get_attribute("lang") == language, name
    if PICTURES:
        page.screenshot(path=str(Path(PICTURES) / f"{language}-{name}.png"))


def erase_what_waits() -> None:
    """A worker's work, in a thread of its own (so without the worker's handling of signals)."""
    try:
        for waiting in Erasure.objects.filter(state="queued"):
            erasure = attempts.claim(waiting.pk, waiting.attempt, "here")
            assert erasure is not None
            destroying.destroy(erasure)
            assert job.finish(erasure)
    finally:
        connection.close()


def draw(page: Any) -> None:
    box = page.locator("canvas").bounding_box()
    at = lambda x, y: (box["x"] + box["width"] * x, box["y"] + box["height"] * y)  # noqa: E731
    page.mouse.move(*at(0.1, 0.7))
    page.mouse.down()
    for x, y in ((0.3, 0.2), (0.5, 0.8), (0.7, 0.3), (0.9, 0.6)):
        page.mouse.move(*at(x, y), steps=6)
    page.mouse.up()


@pytest.mark.parametrize(("language", "scheme"), [("en", "light"), ("de", "dark")])
def test_from_the_link_to_the_withdrawal(phone, people, participant, text, language, scheme):
    said = words(language)
    _, secret = links.make(people["analyst"], participant)
    page = phone(language, scheme)
    page.goto(reverse("consent:start", args=[secret]))
    looked_at(page, language, "1-language")
    page.get_by_role("button", name=said["language.continue"]).click()

    # the notice comes before anything else, then the text, then one question a screen
    page.wait_for_url("**/questions/")
    assert page.get_by_role("heading", name=said["read.notice"]).is_visible()
    looked_at(page, language, "2-notice")
    page.click("[data-next]")
    assert page.get_by_text(said["retention.title"]).is_visible()
    page.click("[data-next]")
    for scope in SCOPES:
        assert page.locator("[data-step]:visible").count() == 1
        assert page.get_by_text(said[f"questions.{scope}"]).first.is_visible()
        assert page.locator("input:checked").count() == SCOPES.index(scope)  # none is chosen for them
        page.click("[data-next]")  # not answered: stays, and says why
        assert page.get_by_text(said["ask.missing"]).locator("visible=true").count() == 1
        answer = said["ask.no" if scope == Scope.QUOTATION else "ask.yes"]
        page.get_by_label(answer, exact=True).locator("visible=true").check()
        if scope == Scope.EMOTION:
            looked_at(page, language, "3-question")
        page.click("[data-next]")

    page.click("[data-send]")  # not signed: stays
    assert page.get_by_text(said["sign.missing"]).is_visible()
    page.locator("canvas").scroll_into_view_if_needed()
    draw(page)
    looked_at(page, language, "4-signature")
    page.click("[data-send]")
    page.wait_for_url(f"**/c/{secret}/")
    looked_at(page, language, "5-mine")
    consent = Consent.objects.get()
    assert consent.scopes == ["video", "emotion", "indicators"]
    assert (consent.language, consent.method) == (language, "link")
    assert len(json.dumps(consent.strokes)) > 50

    with page.expect_download() as download:
        page.get_by_role("link", name=said["mine.copy"]).click()
    assert Path(download.value.path()).read_bytes().startswith(b"%PDF-")

    # one thing is taken back, in two steps
    page.get_by_role("link", name=said["mine.withdraw"]).click()
    page.wait_for_url("**/withdraw/")
    page.get_by_label(said["short.emotion"]).check()
    looked_at(page, language, "6-withdraw")
    page.get_by_role("button", name=said["withdraw.next"]).click()
    page.get_by_text(said["stops.emotion"]).wait_for()
    looked_at(page, language, "7-confirm")
    assert current_consent(participant).granted == consent.scopes
    page.get_by_role("button", name=said["withdraw.confirm"]).click()
    page.wait_for_url("**/withdrawn/*/")
    looked_at(page, language, "8-withdrawn")
    assert current_consent(participant).granted == ["video", "indicators"]

    # and then everything
    page.get_by_role("link", name=said["withdraw.to_mine"]).click()
    page.get_by_role("link", name=said["mine.withdraw"]).click()
    page.get_by_label(said["withdraw.whole"]).check()
    page.get_by_role("button", name=said["withdraw.next"]).click()
    page.get_by_role("button", name=said["withdraw.confirm"]).click()
    page.wait_for_url("**/withdrawn/*/")
    assert current_consent(participant) is None
    page.get_by_role("link", name=said["withdraw.to_mine"]).click()
    page.get_by_text(said["destruction.waiting"]).wait_for()
    page.wait_for_load_state()
    assert page.get_by_role("link", name=said["mine.withdraw"]).count() == 0
    looked_at(page, language, "9-after")

    # a worker comes to it; then the participant sees that it is done, and fetches the certificate
    with ThreadPoolExecutor(1) as pool:  # signing runs a loop of its own, and the browser's runs in this thread
        pool.submit(erase_what_waits).result()
    assert set(Erasure.objects.values_list("state", flat=True)) == {"succeeded"}
    page.get_by_role("link", name=said["destruction.again"]).click()
    page.get_by_text(said["destruction.done"].partition("{date}")[2].strip()[:30]).wait_for()
    looked_at(page, language, "10-destroyed")
    with page.expect_download() as download:
        page.get_by_role("link", name=said["mine.certificate"].partition("{date}")[0].strip()).first.click()
    body = Path(download.value.path()).read_bytes()
    assert hashlib.sha256(body).hexdigest() in set(Erasure.objects.values_list("certificate_sha256", flat=True))


def test_on_a_device_that_is_handed_over_nobody_comes_back_into_the_members_session(
    open_page, participant, text, people
):
    from playwright.sync_api import Error

    page = open_page("analyst", reverse("studies:consent_create", args=[participant.pk]), **PHONE)
    member = page.url
    page.get_by_role("button", name="Hand over this device").click()
    page.wait_for_url("**/c/*/")
    page.get_by_role("button", name=say("de", "language.continue")).click()
    page.wait_for_url("**/questions/")
    for _ in range(2):
        page.click("[data-next]")
    for _ in SCOPES:
        page.get_by_label(say("de", "ask.yes")).locator("visible=true").check()
        page.keyboard.press("Enter")  # goes on, sends nothing
    # by keyboard alone: the name is typed
    page.get_by_role("button", name=say("de", "sign.typed")).press("Enter")
    page.keyboard.type("Pia Eins")
    page.keyboard.press("Enter")
    page.get_by_text("Bitte geben Sie das Gerät zurück").wait_for()
    looked_at(page, "de", "a-device")
    assert page.locator("svg.qr").is_visible()
    page.get_by_role("link", name=say("de", "device.finish")).click()
    page.get_by_text(say("de", "device.locked")).wait_for()
    looked_at(page, "de", "b-locked")
    for _ in range(3):
        with suppress(Error):  # the browser refuses to show again what was sent by a form and may not be kept
            page.go_back()
        assert "P-001" not in page.locator("body").inner_text()
        assert page.locator("svg.qr").count() == 0
    page.goto(member)
    assert "/account/login/" in page.url
    assert Consent.objects.get().signature == "Pia Eins"


def test_without_scripts_it_is_one_long_page_and_the_name_is_typed(windows, people, participant, text):
    cache.clear()
    page = windows.tab(java_script_enabled=False, locale="de")
    _, secret = links.make(people["analyst"], participant)
    page.goto(reverse("consent:start", args=[secret]))
    page.get_by_role("button", name=say("de", "language.continue")).click()
    for scope in SCOPES:
        page.locator(f"input[name=scope_{scope}][value=yes]").check()
    page.get_by_label(say("de", "sign.name")).fill("Pia Eins")
    page.get_by_role("button", name=say("de", "sign.send")).click()
    page.get_by_text(say("de", "mine.in_force")).wait_for()
    assert Consent.objects.get().signature == "Pia Eins"
