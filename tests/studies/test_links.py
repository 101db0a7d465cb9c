"""A participant's own link: answers once, then copy and withdrawal; nothing for whoever guesses."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone

from facsweb.audit.models import Entry
from facsweb.studies import consent_text, links, services, signatures
from facsweb.studies.models import Consent, ConsentLink, NoticeShown, Scope, Withdrawal
from facsweb.studies.standing import current_consent
from facsweb.studies.words import words
from tests.calibration.conftest import starter

SCOPES = [Scope.VIDEO, Scope.AUDIO, Scope.EMOTION]
DRAWING = [[[100, 300], [400, 60], [700, 300]], [[250, 200], [560, 200]]]


@pytest.fixture(autouse=True)
def _no_guesses():
    cache.clear()


@pytest.fixture
def text(study, people):
    written = consent_text.written(purpose=study.purpose, scopes=SCOPES)
    return services.create_consent_form(
        people["administrator"], study, **written.pop("en"), translations=written, scopes=SCOPES
    )


@pytest.fixture
def secret(people, participant, text):
    return links.make(people["analyst"], participant)[1]


def to(page: str, secret: str, **more) -> str:
    return reverse(f"consent:{page}", kwargs={"secret": secret, **more})


def answers(text, **changes):
    given = {"form": str(text.pk), "scope_video": "yes", "scope_audio": "no", "scope_emotion": "yes"}
    return given | {"signature": "Pia One", "drawing": ""} | changes


def read(client, secret, language="de"):
    """The first screen and the questions."""
    assert client.post(to("start", secret), {"language": language})["Location"] == to("questions", secret)
    return client.get(to("questions", secret))


def test_only_a_hash_of_the_secret_is_stored_and_it_is_shown_once(client_as, participant, text):
    client = client_as("analyst")
    url = reverse("studies:consent_links", args=[participant.pk])
    data = {"id": "6f0c6d3e-8f0a-4a54-9a5e-3f1f0a7f0009", "days": "7"}
    page = client.post(url, data).content.decode()
    address = page.split('id="address">')[1].split("<")[0]
    secret = address.rstrip("/").rsplit("/", 1)[1]
    assert len(secret) >= 43
    assert '<svg class="qr"' in page
    again = client.post(url, data).content.decode()
    assert secret not in again
    assert "made already" in again
    link = ConsentLink.objects.get()
    assert secret not in str(vars(link))
    assert links.find(secret) == link
    assert not any(secret in str(entry.details) for entry in Entry.objects.all())


def test_the_language_is_chosen_first_and_the_notice_is_timed_once(client, secret, text):
    page = client.get(to("start", secret), headers={"accept-language": "de"})
    assert '<html lang="de"' in page.content.decode()
    assert not NoticeShown.objects.exists()
    asked = read(client, secret).content.decode()
    assert "Dürfen wir Ihr Gesicht auf Video aufnehmen" in asked
    assert "Artikel 50" in asked
    assert "checked" not in asked
    client.get(to("questions", secret))
    shown = NoticeShown.objects.get()
    assert shown.language == "de"
    assert {one["rule"] for one in shown.texts} == {"ai-act-notice", "gdpr-special-category"}
    assert Entry.objects.filter(action="notice.show").count() == 1


def test_answers_are_recorded_once_with_what_was_read(client, secret, text, participant):
    read(client, secret)
    for _ in range(2):
        response = client.post(to("questions", secret), answers(text))
        assert response["Location"] == to("start", secret)
    consent = Consent.objects.get()
    assert (consent.scopes, consent.signature) == (["video", "emotion"], "Pia One")
    assert (consent.method, consent.recorded_by, consent.language) == ("link", None, "de")
    assert consent.notice_at == NoticeShown.objects.get().shown_at <= consent.given_at
    assert consent.said["questions"][0][1].startswith("Dürfen wir")
    assert consent.said["sha256"] == consent_text.form_sha256(text)
    mine = client.get(to("start", secret)).content.decode()
    assert "Meine Einwilligung" in mine
    assert reverse("reports:own_copy", args=[secret]) in mine
    assert client.get(to("questions", secret))["Location"] == to("start", secret)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"scope_audio": ""}, "Wählen Sie Ja oder Nein."),
        ({"signature": " "}, "Geben Sie Ihren Namen ein oder zeichnen Sie"),
        ({"drawing": "[[[0,0],[1,1]]]", "signature": ""}, "Die Zeichnung war nicht lesbar"),
        ({"drawing": "<svg onload=alert(1)>"}, "Die Zeichnung war nicht lesbar"),
    ],
)
def test_what_is_missing_is_said_in_their_language_and_nothing_is_recorded(client, secret, text, changes, said):
    read(client, secret)
    response = client.post(to("questions", secret), answers(text, **changes))
    assert response.status_code == 422
    assert said in response.content.decode()
    assert not Consent.objects.exists()
    assert ConsentLink.objects.get().answered_at is None


def test_a_drawn_signature_is_kept_as_strokes(client, secret, text):
    read(client, secret)
    client.post(to("questions", secret), answers(text, signature="", drawing=json.dumps(DRAWING)))
    assert Consent.objects.get().strokes == DRAWING


NO_DRAWINGS = (
    *("[1]", "{}", "[[[1,2,3]]]", "[[[-1,5],[900,5]]]", "[[[0.5,5],[900,5]]]", "[[[true,5],[900,5]]]"),
    *("[[],[[0,0],[900,9]]]", "[" * 5000, "null", '"text"'),
)


@pytest.mark.parametrize("drawn", NO_DRAWINGS, ids=range(len(NO_DRAWINGS)))
def test_what_is_no_drawing_is_refused(drawn):
    with pytest.raises(ValidationError):
        signatures.checked(drawn)


def test_a_drawing_has_limits():
    assert signatures.checked("") is None
    assert signatures.checked(json.dumps(DRAWING)) == DRAWING
    with pytest.raises(ValidationError):
        signatures.checked(json.dumps([[[0, 0], [900, 0]]] * (signatures.MOST_STROKES + 1)))
    with pytest.raises(ValidationError):
        signatures.checked(json.dumps([[[i % 2 * 900, 0] for i in range(signatures.MOST_POINTS + 1)]]))


def test_no_to_everything_is_fine_and_withdraws_what_stood(client, secret, text, consent, participant):
    no = answers(text, scope_video="no", scope_emotion="no", signature="")
    read(client, secret, "en")
    form = services.current_form(participant.study)
    client.post(to("questions", secret), no | {"form": str(form.pk)})
    page = client.get(to("start", secret)).content.decode()
    assert "You said no to everything" in page
    assert Entry.objects.filter(action="consent.decline").count() == 1
    assert current_consent(participant) is None


@pytest.fixture
def consent(text, participant, people):
    """A consent from before, to the same version."""
    return services.record_consent(
        people["analyst"], participant, text, scopes=["video", "audio"], method="paper", signature="Shelf"
    )


def test_a_version_nobody_has_read_cannot_be_agreed_to(client, secret, text, people):
    read(client, secret)
    services.create_consent_form(people["administrator"], text.study, title="New", body="New.", scopes=["video"])
    response = client.post(to("questions", secret), answers(text))
    assert response.status_code == 409
    page = response.content.decode()
    assert "The text has changed" in page  # and the new one is there in English only, which is said in German
    assert "gibt es nicht auf Deutsch. Verfügbare Sprachen: English." in page
    assert not Consent.objects.exists()


def test_an_expired_link_says_so_and_asks_nothing(client, secret, text):
    ConsentLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    page = client.get(to("start", secret))
    assert page.status_code == 410
    assert "expired" in page.content.decode()
    assert client.post(to("questions", secret), answers(text))["Location"] == to("start", secret)
    assert not Consent.objects.exists()


def test_an_answered_link_outlives_its_time_for_copy_and_withdrawal(client, secret, text):
    read(client, secret)
    client.post(to("questions", secret), answers(text))
    ConsentLink.objects.update(expires_at=timezone.now() - timedelta(days=400))
    assert client.get(to("start", secret)).status_code == 200
    assert client.get(to("withdraw", secret)).status_code == 200


def test_a_revoked_link_and_a_guess_are_the_same_nothing(client, client_as, secret, text):
    link = ConsentLink.objects.get()
    client_as("analyst").post(reverse("studies:consent_link_revoke", args=[link.pk]))
    revoked, guess = (client.get(to("start", one)) for one in (secret, "B" * 43))
    assert revoked.status_code == guess.status_code == 404
    assert revoked.content == guess.content
    for response in (revoked, guess):
        assert "no-store" in response["Cache-Control"]
        assert response["Referrer-Policy"] == "strict-origin"
        assert "Checkout usability" not in response.content.decode()


def test_guessing_is_slowed_down_and_bars_no_participant(client, secret, text):
    answers = [client.get(to("start", "C" * 43)).status_code for _ in range(40)]
    assert answers[0] == 404
    assert answers[-1] == 429
    # Behind one proxy or in one house somebody else's guesses must not keep a participant from withdrawing.
    assert client.get(to("start", secret)).status_code == 200


def test_withdrawal_takes_two_steps_and_no_reason(client, secret, text, participant):
    read(client, secret)
    client.post(to("questions", secret), answers(text))
    url = to("withdraw", secret)
    page = client.get(url).content.decode()
    assert "checked" not in page
    assert client.post(url, {}).status_code == 422
    assert client.post(url, {"what": "some"}).status_code == 422
    assert client.post(url, {"what": "some", "scopes": ["audio"]}).status_code == 422  # it never stood
    confirm = client.post(url, {"what": "some", "scopes": ["emotion"]}).content.decode()
    assert "Die bisher geschätzten werden vernichtet" in confirm
    assert "Prüfsumme" in confirm
    assert not Withdrawal.objects.exists()
    done = client.post(url, {"what": "some", "scopes": ["emotion"], "confirmed": "yes", "reason": ""})
    made = Withdrawal.objects.get()
    assert (made.scopes, made.recorded_by, made.reason) == (["emotion"], None, "")
    assert done["Location"] == to("withdrawn", secret, pk=made.pk)
    assert str(made.pk) in client.get(done["Location"]).content.decode()
    assert current_consent(participant).granted == ["video"]
    assert "gilt, soweit Sie sie nicht widerrufen haben" in client.get(to("start", secret)).content.decode()
    client.post(url, {"what": "whole", "confirmed": "yes"})
    assert current_consent(participant) is None
    assert client.get(url)["Location"] == to("start", secret)
    mine = client.get(to("start", secret)).content.decode()
    assert "Sie haben Ihre Einwilligung" in mine
    assert to("withdraw", secret) not in mine


def test_somebody_elses_withdrawal_is_not_shown(client, secret, consent, participant, people, text):
    other = services.create_participant(people["analyst"], participant.study, code="P-2")
    _, theirs = links.make(people["analyst"], other)
    from facsweb.studies.withdrawing import withdraw

    made = withdraw(None, consent, scopes=["audio"])
    assert client.get(to("withdrawn", secret, pk=made.pk)).status_code == 200
    assert client.get(to("withdrawn", theirs, pk=made.pk)).status_code == 404


def test_a_device_is_signed_out_locked_afterwards_and_gives_a_link_once(client_as, participant, text):
    client = client_as("analyst")
    opened = client.post(reverse("studies:consent_hand_over", args=[participant.pk]))["Location"]
    secret = opened.strip("/").split("/")[-1]
    member = reverse("studies:participant", args=[participant.pk])
    assert client.get(member).status_code == 302  # to the page for signing in
    read(client, secret, "en")
    end = client.post(to("questions", secret), answers(text)).content.decode()
    assert "Please give the device back" in end
    own = end.split('class="mono address">')[1].split("<")[0].rstrip("/").rsplit("/", 1)[1]
    assert Consent.objects.get().method == "on_screen"
    assert own not in client.get(to("start", secret)).content.decode()
    assert "This device is locked" in client.get(to("start", secret)).content.decode()
    assert client.get(to("withdraw", secret))["Location"] == to("start", secret)
    assert client.get(reverse("reports:own_copy", args=[secret])).status_code == 404
    assert client.get(member).status_code == 302
    mine = client.get(to("start", own)).content.decode()
    assert "My consent" in mine
    assert "Answer the questions" not in mine  # a link that gives consent once has done so
    client.post(to("questions", secret), answers(text))
    assert ConsentLink.objects.count() == 2


def test_who_is_asked_about_calibration_states_their_cohort_or_leaves_it_out(client, people, participant, study):
    turkish = starter("de-tr")
    asked = [Scope.VIDEO, Scope.CALIBRATION]
    form = services.create_consent_form(people["administrator"], study, title="Form", body="Words.", scopes=asked)
    _, secret = links.make(people["analyst"], participant)
    page = read(client, secret, "en").content.decode()
    assert words("en")["cohort.lead"] in page
    given = {"form": str(form.pk), "scope_video": "yes", "scope_calibration": "yes", "signature": "Pia One"}
    client.post(to("questions", secret), given | {"cohort": str(turkish.pk)})
    participant.refresh_from_db()
    assert participant.cohort == turkish
    _, second = links.make(people["analyst"], participant)
    read(client, second, "en")
    client.post(to("questions", second), given | {"cohort": ""})
    participant.refresh_from_db()
    assert participant.cohort is None
