"""The participant withdraws by their own link and fetches the certificate by it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.urls import reverse

from facsweb.audit.models import Entry
from facsweb.privacy import services
from facsweb.privacy.models import Erasure
from facsweb.reports.verification import verify_pdf
from facsweb.studies import links
from facsweb.studies.models import Participant, Scope
from facsweb.studies.withdrawing import withdraw
from facsweb.studies.words import part, say

pytestmark = pytest.mark.django_db


def test_the_certificate_is_there_for_the_participant(world, participant, consent, people, erase, client):
    _, secret = links.make(people["analyst"], participant)
    mine = reverse("consent:start", args=[secret])
    made = withdraw(None, consent)
    own = reverse("privacy:own_certificate", args=[secret, Erasure.objects.get().pk])
    assert own not in client.get(mine).content.decode()
    assert client.get(own).status_code == 302
    after = reverse("consent:withdrawn", args=[secret, made.pk])
    for page in (mine, after):
        assert say("en", "destruction.waiting") in client.get(page).content.decode()
    services.hold(people["administrator"], participant, reason="A claim")
    assert say("en", "destruction.held") in client.get(mine).content.decode()
    services.lift(people["administrator"], participant, reason="Settled")
    Erasure.objects.update(state="failed")
    assert say("en", "destruction.failed") in client.get(mine).content.decode()
    Erasure.objects.update(state="queued")
    erase()
    for page in (mine, after):
        assert "The certificate says what was destroyed." in client.get(page).content.decode()
    assert own in client.get(mine).content.decode()
    answer = client.get(own)
    assert answer.headers["Content-Type"] == "application/pdf"
    assert verify_pdf(answer.content).verdict == "good"
    entry = Entry.objects.get(action="erasure.certificate", via="participant's link")
    assert (entry.actor, entry.actor_label, entry.study_id) == (None, "system", participant.study_id)
    assert (
        client.get(
            reverse("privacy:own_certificate", args=["not-" + secret[4:], Erasure.objects.get().pk])
        ).status_code
        == 404
    )


def test_every_certificate_is_there_with_its_day_and_what_it_is_about(
    world, participant, consent, people, erase, client
):
    _, secret = links.make(people["analyst"], participant, language="de")
    mine = reverse("consent:start", args=[secret])
    for scope in (Scope.EMOTION, Scope.TEXT):
        withdraw(None, consent, scopes=[scope])
        erase()
    first, second = Erasure.objects.order_by("created_at")
    days = (datetime(2026, 3, 1, 12, tzinfo=UTC), datetime(2026, 4, 2, 12, tzinfo=UTC))
    for one, day in zip((first, second), days, strict=True):
        Erasure.objects.filter(pk=one.pk).update(checked_at=day, finished_at=day)
    page = client.get(mine).content.decode()
    addresses = [reverse("privacy:own_certificate", args=[secret, one.pk]) for one in (second, first)]
    assert 0 < page.index(addresses[0]) < page.index(addresses[1]), "the newest first"
    assert "Bescheinigung über die Vernichtung vom 2. April 2026" in page
    assert "Bescheinigung über die Vernichtung vom 1. März 2026" in page
    assert part("de", "short")["emotion"] in page[page.index(addresses[1]) :][:400]
    bodies = [client.get(address).content for address in addresses]
    assert all(verify_pdf(body).verdict == "good" for body in bodies)
    assert bodies[0] != bodies[1]


def test_nobody_elses_certificate_is_opened_by_a_link(world, participant, consent, people, erase, client):
    withdraw(None, consent)
    (erasure,) = erase()
    other = Participant.objects.create(study=participant.study, code="P-009", created_by=people["analyst"])
    _, secret = links.make(people["analyst"], other)
    answer = client.get(reverse("privacy:own_certificate", args=[secret, erasure.pk]))
    assert (answer.status_code, answer.url) == (302, reverse("consent:start", args=[secret]))
