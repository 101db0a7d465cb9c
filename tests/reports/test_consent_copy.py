"""The sealed copy: what it says, in which language, who may have it, and that it verifies."""

from __future__ import annotations

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from pypdf import PdfReader

from facsweb.audit.models import Entry
from facsweb.studies import links, services, withdrawing
from facsweb.studies.models import Consent, Scope
from tests.read_aloud import check_read_aloud

DRAWING = [[[100, 300], [400, 60], [700, 300]], [[250, 200], [560, 200]]]


@pytest.fixture
def given(participant, people):
    """A consent in German, drawn, through a link; and the link's secret."""
    services.create_consent_form(
        people["administrator"],
        participant.study,
        title="Taking part",
        body="## Why\nBecause.",
        translations={"de": {"title": "Teilnahme", "body": "## Warum\nÜber größere Mühen."}},
        scopes=list(Scope),
    )
    link, secret = links.make(people["analyst"], participant)
    form = services.current_form(participant.study)
    links.show_notice(link, form, "de")
    scopes = [scope for scope in Scope if scope != Scope.QUOTATION]
    links.answer(link, form, language="de", scopes=scopes, signature="", strokes=DRAWING)
    return Consent.objects.get(), secret


def text_of(pdf: bytes) -> str:
    return " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages).split())


def test_the_participants_copy_says_everything_in_their_language_and_verifies(client, given):
    consent, secret = given
    withdrawing.withdraw(None, consent, scopes=["audio"])
    response = client.get(reverse("reports:own_copy", args=[secret]))
    assert response["Content-Type"] == "application/pdf"
    assert "no-store" in response["Cache-Control"]
    check_read_aloud(response.content)
    said = text_of(response.content)
    for words in (
        "Einwilligung: signierte Kopie",
        "Dürfen wir Ihre Worte in Berichten zitieren? Nein",
        "Über größere Mühen.",
        "Artikel 50",
        "So widerrufen Sie",
        "Wie lange Daten aufbewahrt werden",
        "Seither widerrufen",
        "Aufnahme und Auswertung meiner Stimme",
        str(consent.pk),
    ):
        assert words in said, words
    assert secret in said.replace(" ", "")
    assert consent.said["sha256"] in said.replace(" ", "")
    file = SimpleUploadedFile("copy.pdf", response.content, "application/pdf")
    page = client.post(reverse("verify"), {"file": file}).content.decode()
    assert "Unchanged since this installation sealed it." in page
    changed = response.content.replace(b"/Type", b"/Typf", 1)
    page = client.post(reverse("verify"), {"file": SimpleUploadedFile("copy.pdf", changed)}).content.decode()
    assert "Unchanged" not in page


def test_a_member_gets_the_copy_without_the_participants_address(client_as, given):
    consent, secret = given
    response = client_as("analyst").get(reverse("reports:consent_copy", args=[consent.pk]))
    said = text_of(response.content)
    assert "Einwilligung: signierte Kopie" in said
    assert secret not in said.replace(" ", "")
    entry = Entry.objects.filter(action="consent.copy").get()
    assert entry.actor_label == "analyst@example.org"


def test_paper_in_other_letters_is_set_too(client_as, participant, people, study):
    form = services.create_consent_form(
        people["administrator"], study, title="参加", body="## 理由\n録画します。", scopes=["video"]
    )
    consent = services.record_consent(
        people["analyst"],
        participant,
        form,
        scopes=["video"],
        method="paper",
        signature="Shelf 3",
        given_at=timezone.now(),
    )
    response = client_as("analyst").get(reverse("reports:consent_copy", args=[consent.pk]))
    assert response.content.startswith(b"%PDF-")
    assert "Shelf 3" in text_of(response.content)


def test_a_german_copy_cites_the_law_in_german(given):
    from facsweb.reports import consent_copy

    said = text_of(consent_copy.sealed(given[0]))
    for words in ("KI-Verordnung der EU, Artikel 50", "DSGVO, Artikel 9"):
        assert words in said
    for words in ("EU AI Act", "GDPR"):
        assert words not in said
