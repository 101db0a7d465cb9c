"""The consent journey through its pages, and the versions of the form."""

import uuid
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from facsweb.studies import consent_text, services
from facsweb.studies.models import Consent, Scope
from facsweb.studies.versions import difference

OLD = "One two three.\n\n## Four\nfive six"


@pytest.fixture
def text(study, people):
    body = consent_text.default_body(purpose=study.purpose, scopes=[Scope.VIDEO, Scope.AUDIO])
    return services.create_consent_form(
        people["administrator"], study, title="Taking part", body=body, scopes=[Scope.VIDEO, Scope.AUDIO]
    )


YESTERDAY = (timezone.localdate() - timedelta(days=1)).isoformat()


def answers(text, **more):
    given = {"id": str(uuid.uuid4()), "form": str(text.pk), "method": "paper", "signature": "Shelf 3"}
    return given | {"scope_video": "yes", "scope_audio": "no", "given_on": YESTERDAY, "notice": "on"} | more


def test_the_page_to_ask_offers_the_device_a_link_and_what_was_given_elsewhere(client_as, participant, text):
    page = client_as("analyst").get(reverse("studies:consent_create", args=[participant.pk])).content.decode()
    for name in ("studies:consent_hand_over", "studies:consent_links"):
        assert reverse(name, args=[participant.pk]) in page
    assert "?method=paper" in page
    assert 'type="radio"' not in page  # nobody answers for the participant on this page


def test_recording_paper_preselects_nothing_and_ends_on_the_consent(client_as, participant, text):
    client = client_as("analyst")
    url = reverse("studies:consent_create", args=[participant.pk])
    page = client.get(url, {"method": "paper"}).content.decode()
    assert page.count('type="radio"') == 4
    assert "checked" not in page
    data = answers(text)
    for _ in range(2):
        response = client.post(url, data)
    consent = Consent.objects.get()
    assert response["Location"] == reverse("studies:consent", args=[consent.pk])
    assert (consent.scopes, consent.signature, consent.method) == (["video"], "Shelf 3", "paper")
    assert participant.notices.get().shown_at == consent.notice_at == consent.given_at
    shown = client.get(response["Location"]).content.decode()
    for words in ("Shelf 3", "version 1", "In force", str(consent.pk), "We want to see where people struggle"):
        assert words in shown


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"scope_audio": ""}, "Choose yes or no"),
        ({"notice": ""}, "before anything is recorded"),
        ({"given_on": ""}, "required"),
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
    missing = client.post(url, answers(text, signature="", given_on=""))
    assert "given_on" in missing.context["form"].errors
    future = timezone.localdate() + timedelta(days=2)  # also when a day ends before the answer
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
    assert "analyses of this participant’s recordings stop" in client.get(url).content.decode()
    consent.refresh_from_db()
    assert consent.withdrawn_at is None
    everything = [str(scope) for scope in Scope]
    assert client.post(url, {"reason": "", "scopes": everything}).status_code == 422
    page = client.post(url, {"reason": "Not stated", "scopes": everything}, follow=True).content.decode()
    assert "is withdrawn" in page
    assert "Nothing more may be recorded or analysed" in page
    assert "withdrawn already" in client.get(url).content.decode()
    assert (
        "This consent is withdrawn" in client.get(reverse("studies:consent", args=[consent.pk])).content.decode()
    )


def test_a_member_withdraws_one_scope_and_the_rest_stands(client_as, participant, consent):
    client = client_as("analyst")
    url = reverse("studies:consent_withdraw", args=[consent.pk])
    page = client.post(url, {"reason": "By phone", "scopes": ["audio", "quotation"]}, follow=True).content.decode()
    assert "Withdrawn for P-001: recording and analysing my voice; quoting my words in reports." in page
    consent.refresh_from_db()
    assert consent.withdrawn_at is None
    assert {str(scope) for scope in Scope} - set(consent.granted) == {"audio", "quotation"}
    shown = client.get(reverse("studies:consent", args=[consent.pk])).content.decode()
    assert "In force" in shown
    assert "By phone" in shown
    assert client.post(url, {"reason": "Again", "scopes": ["audio"]}).status_code == 422  # it stands no more


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
