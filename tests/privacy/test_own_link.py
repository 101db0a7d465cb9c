"""The participant withdraws by their own link and fetches the certificate by it."""

from __future__ import annotations

import pytest
from django.urls import reverse

from facsweb.audit.models import Entry
from facsweb.privacy import services
from facsweb.privacy.models import Erasure
from facsweb.reports.verification import verify_pdf
from facsweb.studies import links
from facsweb.studies.withdrawing import withdraw
from facsweb.studies.words import say

pytestmark = pytest.mark.django_db


def test_the_certificate_is_there_for_the_participant(world, participant, consent, people, erase, client):
    _, secret = links.make(people["analyst"], participant)
    own, mine = reverse("privacy:own_certificate", args=[secret]), reverse("consent:start", args=[secret])
    assert own not in client.get(mine).content.decode()
    assert client.get(own).status_code == 302
    made = withdraw(None, consent)
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
    assert client.get(reverse("privacy:own_certificate", args=["not-" + secret[4:]])).status_code == 404
