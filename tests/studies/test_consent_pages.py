"""The consent journey through its pages, and the versions of the form."""

import shutil
import uuid
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from facsweb.studies import consent_text, services
from facsweb.studies.models import Consent, Scope
from facsweb.studies.versions import difference
from tests.calibration.conftest import starter

OLD = "One two three.\n\n## Four\nfive six"


@pytest.fixture
def text(study, people):
    body = consent_text.default_body(purpose=study.purpose, scopes=[Scope.VIDEO, Scope.AUDIO])
    return services.create_consent_form(
        people["administrator"], study, title="Taking part", body=body, scopes=[Scope.VIDEO, Scope.AUDIO]
    )


def answers(text, **more):
    given = {"id": str(uuid.uuid4()), "form": str(text.pk), "method": "on_screen", "signature": "Pia One"}
    return given | {"scope_video": "yes", "scope_audio": "no"} | more


def test_the_form_asks_one_question_a_scope_and_preselects_nothing(client_as, participant, text):
    page = client_as("analyst").get(reverse("studies:consent_create", args=[participant.pk])).content.decode()
    assert page.count('type="radio"') == 4
    assert "checked" not in page
    assert "May we record and analyse your voice?" in page
    assert "emotional" not in page
    assert "not a diagnosis and not lie" in page


def test_giving_consent_ends_on_the_copy(client_as, participant, text):
    client = client_as("analyst")
    data = answers(text)
    for _ in range(2):
        response = client.post(reverse("studies:consent_create", args=[participant.pk]), data)
    consent = Consent.objects.get()
    assert response["Location"] == reverse("studies:consent", args=[consent.pk])
    assert (consent.scopes, consent.signature, consent.method) == (["video"], "Pia One", "on_screen")
    copy = client.get(response["Location"]).content.decode()
    for words in ("Pia One", "version 1", "In force", str(consent.pk), "We want to see where people struggle"):
        assert words in copy


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"scope_audio": ""}, "Choose yes or no"),
        ({"signature": " "}, "required"),
        ({"scope_video": "no"}, "Nothing was agreed to"),
    ],
)
def test_an_incomplete_answer_is_asked_again_and_keeps_the_rest(client_as, participant, text, changes, words):
    url = reverse("studies:consent_create", args=[participant.pk])
    response = client_as("analyst").post(url, answers(text, **changes))
    assert response.status_code == 422
    assert words in response.content.decode()
    assert "checked" in response.content.decode()
    assert not Consent.objects.exists()


def test_a_version_nobody_has_read_cannot_be_agreed_to(client_as, participant, text, people):
    services.create_consent_form(people["administrator"], text.study, title="New", body="New.", scopes=["video"])
    url = reverse("studies:consent_create", args=[participant.pk])
    response = client_as("analyst").post(url, answers(text), follow=True)
    assert "has changed in the meantime" in response.content.decode()
    assert not Consent.objects.exists()


def test_paper_needs_its_date_and_no_signature(client_as, participant, text):
    url = reverse("studies:consent_create", args=[participant.pk])
    client = client_as("analyst")
    assert "given on paper" in client.get(url, {"method": "paper"}).content.decode()
    yesterday = timezone.localdate() - timedelta(days=1)
    missing = client.post(url, answers(text, method="paper", signature=""))
    assert "given_on" in missing.context["form"].errors
    future = timezone.localdate() + timedelta(days=1)
    late = client.post(url, answers(text, method="paper", given_on=future.isoformat()))
    assert "future" in str(late.context["form"].errors)
    client.post(url, answers(text, method="paper", signature="", given_on=yesterday.isoformat()))
    consent = Consent.objects.get()
    assert (consent.method, consent.given_at.date()) == ("paper", yesterday)


def test_without_a_form_the_page_says_who_writes_it(client_as, participant):
    url = reverse("studies:consent_create", args=[participant.pk])
    response = client_as("analyst").get(url, follow=True)
    assert "no consent form yet" in response.content.decode()


def test_withdrawing_asks_first_and_shows_on_the_participant_page(client_as, participant, consent):
    client = client_as("analyst")
    url = reverse("studies:consent_withdraw", args=[consent.pk])
    assert "Analyses of this participant’s recordings stop" in client.get(url).content.decode()
    consent.refresh_from_db()
    assert consent.withdrawn_at is None
    assert client.post(url, {"reason": ""}).status_code == 422
    page = client.post(url, {"reason": "Not stated"}, follow=True).content.decode()
    assert "is withdrawn" in page
    assert "Nothing more may be recorded or analysed" in page
    assert "withdrawn already" in client.get(url).content.decode()
    assert (
        "This consent is withdrawn" in client.get(reverse("studies:consent", args=[consent.pk])).content.decode()
    )


def test_a_new_version_starts_from_the_old_words_and_shows_what_changed(client_as, text):
    client = client_as("administrator")
    url = reverse("studies:consent_form_create", args=[text.study_id])
    assert "Taking part" in client.get(url).content.decode()
    data = {"title": text.title, "body": text.body.replace("your face", "your whole face"), "scopes": ["video"]}
    response = client.post(url, data)
    second = services.current_form(text.study)
    assert second.version == 2
    assert response["Location"] == reverse("studies:consent_form", args=[second.pk])
    page = client.get(response["Location"]).content.decode()
    assert "<ins>whole </ins>" in page
    assert "<del>" in page  # the voice is no longer asked about
    assert "May we record and analyse your voice?" in page
    text.refresh_from_db()
    assert "whole" not in text.body


def test_the_same_words_make_no_new_version(client_as, text):
    data = {"title": text.title, "body": text.body.replace("\n", "\r\n"), "scopes": text.scopes}
    url = reverse("studies:consent_form_create", args=[text.study_id])
    page = client_as("administrator").post(url, data, follow=True).content.decode()
    assert "Nothing differs from version 1" in page


def test_the_text_of_a_form_is_text(client_as, study, people):
    form = services.create_consent_form(
        people["administrator"], study, title="<b>T</b>", body="## <i>H</i>\n<script>x</script>", scopes=["video"]
    )
    page = client_as("analyst").get(reverse("studies:consent_form", args=[form.pk])).content.decode()
    assert "<script>x" not in page
    assert "&lt;script&gt;x" in page


@pytest.mark.parametrize("new", [OLD, "", "Zero one two.\n\n## Four\nfive", "five six"])
def test_pieces_of_a_difference_give_both_texts_back(new):
    pieces = difference(OLD, new)
    assert "".join(text for kind, text in pieces if kind != "removed") == new
    assert "".join(text for kind, text in pieces if kind != "added") == OLD


def test_sections_of_a_text():
    assert consent_text.sections("Hello\n\n## Why\nBecause.\nSo.\n\n## Who\nYou") == [
        ("", "Hello"),
        ("Why", "Because.\nSo."),
        ("Who", "You"),
    ]


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_one_question_a_screen_on_a_phone(live_server, participant, text, client_as, people):
    asked = [Scope.VIDEO, Scope.AUDIO, Scope.CALIBRATION]
    services.create_consent_form(people["administrator"], text.study, title="Again", body=text.body, scopes=asked)
    starter("de-tr")
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("No Chromium was found.")
    from playwright.sync_api import sync_playwright

    client: Client = client_as("analyst")
    url = live_server.url + reverse("studies:consent_create", args=[participant.pk])
    options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=options)
        context = browser.new_context(viewport={"width": 390, "height": 844})
        cookie = client.cookies["sessionid"].value
        context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
        page, problems = context.new_page(), []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
        page.goto(url)
        assert page.locator("[data-step]:visible").count() == 1
        page.click("[data-next]")
        page.click("[data-next]")  # not answered: stays
        assert page.get_by_text("May we record your face").is_visible()
        page.get_by_label("Yes, I agree").locator("visible=true").check()
        page.click("[data-next]")
        page.get_by_label("No", exact=True).locator("visible=true").check()
        page.keyboard.press("Enter")  # goes on, sends nothing
        page.get_by_label("Yes, I agree").locator("visible=true").check()
        page.click("[data-next]")
        assert page.get_by_text("nobody guesses it from your face").is_visible()
        page.get_by_label("Country and language").select_option("Germany, Turkish")
        page.click("[data-next]")
        assert page.locator("[data-answers]").get_by_text("Germany, Turkish").is_visible()
        assert page.get_by_text("Sign with your name").is_visible()
        page.click("[data-back]")
        page.click("[data-next]")
        page.get_by_label("Your name").fill("Pia One")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.click("[data-send]")
        page.wait_for_url("**/consents/*/")
        assert page.get_by_text("Pia One").is_visible()
        browser.close()
    assert problems == []
    assert services.current_consent(participant).scopes == ["video", "calibration"]
    participant.refresh_from_db()
    assert participant.cohort.key == "de-tr"
