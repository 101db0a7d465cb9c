"""Consents and withdrawals in the order in which they happened, and the same form sent twice at one moment."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from facsweb.studies import links, services
from facsweb.studies.models import Consent, ConsentLink, Participant, Scope, Withdrawal
from facsweb.studies.standing import current_consent, missing_scopes
from facsweb.studies.withdrawing import withdraw
from tests.at_once import at_once

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def test_what_was_withdrawn_stays_withdrawn_though_an_older_paper_is_typed_in_later(participant, consent, people):
    now = timezone.now()
    Consent.objects.filter(pk=consent.pk).update(given_at=now - 4 * DAY)
    consent.refresh_from_db()
    withdraw(None, consent, scopes=[Scope.EMOTION])
    known = {"method": "paper", "signature": "", "scopes": [Scope.VIDEO, Scope.EMOTION]}
    paper = services.record_consent(people["analyst"], participant, consent.form, given_at=now - 2 * DAY, **known)
    person = Participant.objects.get(pk=participant.pk)
    assert current_consent(person) == paper
    assert missing_scopes(person, [Scope.VIDEO, Scope.EMOTION]) == [Scope.EMOTION]
    fresh = services.record_consent(people["analyst"], participant, consent.form, **known)
    assert fresh.granted == ["video", "emotion"], "who agrees afterwards agrees"


def test_a_paper_of_the_day_of_a_withdrawal_is_not_taken(client_as, participant, consent, people):
    """Its day does not say whether it was signed before the withdrawal or after it."""
    withdraw(None, consent)
    at = timezone.now() - DAY
    day = timezone.localdate(at)
    Withdrawal.objects.update(at=at)
    Consent.objects.filter(pk=consent.pk).update(withdrawn_at=at, given_at=at - DAY)
    url = reverse("studies:consent_create", args=[participant.pk])
    given = {f"scope_{scope}": "yes" for scope in consent.form.scopes} | {"notice": "on", "signature": "Shelf 3"}
    given |= {"id": str(uuid.uuid4()), "form": str(consent.form.pk), "method": "paper"}
    answer = client_as("analyst").post(url, given | {"given_on": day.isoformat()})
    assert answer.status_code == 422
    assert "which came first" in str(answer.context["form"].errors)
    assert Consent.objects.count() == 1
    assert (
        client_as("analyst").post(url, given | {"given_on": timezone.localdate().isoformat()}).status_code == 302
    )


@pytest.mark.django_db(transaction=True)
def test_a_link_that_is_asked_for_twice_at_one_moment_is_one(participant, consent, people):
    known = uuid.uuid4()
    found = at_once(lambda: links.make(people["analyst"], participant, id=known), 3)
    assert ConsentLink.objects.count() == 1
    assert sorted(bool(secret) for _, secret in found) == [False, False, True]


@pytest.mark.django_db(transaction=True)
def test_a_consent_that_is_sent_twice_at_one_moment_is_one(participant, consent, people):
    known = {"method": "paper", "signature": "", "scopes": [Scope.VIDEO], "id": uuid.uuid4()}
    made = at_once(lambda: services.record_consent(people["analyst"], participant, consent.form, **known), 3)
    assert {one.pk for one in made} == {known["id"]}
    assert Consent.objects.count() == 2
