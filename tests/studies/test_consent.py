"""Consent: what it covers, what replaces it, what a withdrawal ends."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from facsweb.audit.models import Entry
from facsweb.studies import hooks, services
from facsweb.studies.models import Consent, Scope
from facsweb.studies.withdrawing import withdraw

VIDEO, AUDIO = Scope.VIDEO, Scope.AUDIO


@pytest.fixture
def form(study, people):
    return services.create_consent_form(
        people["administrator"], study, title="Consent", body="## Why\nBecause.", scopes=[AUDIO, VIDEO]
    )


@pytest.fixture
def withdrawn(monkeypatch):
    """Consents that the hooks were called with."""
    seen: list[Consent] = []
    monkeypatch.setattr(hooks, "on_withdrawal", [seen.append])
    return seen


def give(people, participant, form, *scopes, **more):
    arguments = {"method": "on_screen", "signature": "P. One"} | more
    return services.record_consent(people["analyst"], participant, form, scopes=scopes, **arguments)


def test_without_consent_everything_is_missing_and_the_sentence_says_so(participant):
    assert services.missing_scopes(participant, [AUDIO, VIDEO]) == [VIDEO, AUDIO]
    with pytest.raises(services.ConsentMissing, match="P-001 has not given consent yet"):
        services.require_consent(participant, [VIDEO])


def test_a_consent_covers_exactly_what_was_granted(people, participant, form):
    consent = give(people, participant, form, VIDEO)
    assert services.current_consent(participant) == consent
    assert services.missing_scopes(participant, [VIDEO]) == []
    assert services.missing_scopes(participant, [VIDEO, AUDIO]) == [AUDIO]
    services.require_consent(participant, ["video"])
    with pytest.raises(services.ConsentMissing, match="does not cover: recording and analysing my voice"):
        services.require_consent(participant, [AUDIO])
    with pytest.raises(services.ConsentMissing, match="does not cover: transcribing and analysing what I say"):
        services.require_consent(participant, [Scope.TEXT])


def test_a_consent_cannot_grant_what_the_form_did_not_ask(people, participant, form):
    with pytest.raises(ValidationError, match="does not ask about"):
        give(people, participant, form, VIDEO, Scope.EMOTION)
    assert not participant.consents.exists()


@pytest.mark.parametrize(
    ("scopes", "more", "words"),
    [
        ([], {}, "Nothing was agreed"),
        ([VIDEO], {"signature": "  "}, "signature"),
        ([VIDEO], {"given_at": timezone.now() + timedelta(days=1)}, "future"),
    ],
)
def test_incomplete_consents_are_refused(people, participant, form, scopes, more, words):
    with pytest.raises(ValidationError, match=words):
        give(people, participant, form, *scopes, **more)
    assert not participant.consents.exists()


def test_paper_needs_no_typed_signature(people, participant, form):
    assert give(people, participant, form, VIDEO, method="paper", signature="").signature == ""


def test_a_form_of_another_study_is_refused(people, participant, form):
    other = services.create_study(
        people["staff"], name="Other", purpose="Other.", setting="research", jurisdiction="Japan"
    )
    with pytest.raises(ValidationError, match="another study"):
        give(people, participant, services.current_form(other), VIDEO)


def test_sent_twice_is_recorded_once(people, participant, form):
    import uuid

    key = uuid.uuid4()
    first = give(people, participant, form, VIDEO, id=key)
    assert give(people, participant, form, VIDEO, id=key) == first
    assert participant.consents.count() == Entry.objects.filter(action="consent.give").count() == 1


def test_withdrawal_is_recorded_beside_the_consent_and_told_once(people, participant, form, withdrawn):
    consent = give(people, participant, form, VIDEO)
    withdraw(people["analyst"], consent, reason="not stated")
    withdraw(people["administrator"], consent, reason="again")
    consent.refresh_from_db()
    assert consent.withdrawn_at is not None
    assert (consent.withdrawn_by, consent.withdrawal_reason) == (people["analyst"], "not stated")
    assert consent.scopes == ["video"]
    assert withdrawn == [consent]
    assert Entry.objects.filter(action="consent.withdraw").count() == 1
    with pytest.raises(services.ConsentMissing, match="withdrew consent"):
        services.require_consent(participant, [VIDEO])


def test_withdrawal_ends_earlier_consents_also_ones_typed_in_later(people, participant, form):
    give(people, participant, form, VIDEO, given_at=timezone.now() - timedelta(days=3))
    consent = give(people, participant, form, VIDEO, AUDIO, given_at=timezone.now() - timedelta(days=1))
    withdraw(people["analyst"], consent, reason="not stated")
    assert services.current_consent(participant) is None
    give(people, participant, form, VIDEO, method="paper", given_at=timezone.now() - timedelta(days=2))
    assert services.current_consent(participant) is None
    renewed = give(people, participant, form, VIDEO)
    assert services.current_consent(participant) == renewed


def test_scopes_are_taken_from_the_consent_in_force_also_when_an_earlier_one_is_named(people, participant, form):
    replaced = give(people, participant, form, VIDEO, AUDIO, given_at=timezone.now() - timedelta(days=1))
    standing = give(people, participant, form, VIDEO, AUDIO)
    made = withdraw(people["analyst"], replaced, scopes=[AUDIO], reason="not stated")
    standing.refresh_from_db()
    assert (made.consent, made.scopes, standing.granted) == (standing, ["audio"], ["video"])
    with pytest.raises(services.ConsentMissing, match="voice"):
        services.require_consent(participant, [AUDIO])


def test_a_failing_hook_leaves_nothing_half_done(people, participant, form, monkeypatch):
    def fail(consent):
        raise RuntimeError

    consent = give(people, participant, form, VIDEO)
    monkeypatch.setattr(hooks, "on_withdrawal", [fail])
    with pytest.raises(RuntimeError):
        withdraw(people["analyst"], consent, reason="not stated")
    consent.refresh_from_db()
    assert consent.withdrawn_at is None
    assert not Entry.objects.filter(action="consent.withdraw").exists()


def test_a_withdrawal_has_a_reason(people, participant, form):
    consent = give(people, participant, form, VIDEO)
    with pytest.raises(ValidationError, match="reason"):
        withdraw(people["analyst"], consent, reason=" ")


def test_agreeing_to_less_stops_what_relies_on_the_rest(people, participant, form, withdrawn):
    first = give(people, participant, form, VIDEO, AUDIO)
    give(people, participant, form, VIDEO)
    assert withdrawn == [first]
    give(people, participant, form, VIDEO, AUDIO)
    assert withdrawn == [first]


def test_law_overrules_consent(people, participant, study):
    form = services.create_consent_form(
        people["administrator"], study, title="All", body="Words.", scopes=list(Scope)
    )
    give(people, participant, form, VIDEO, Scope.EMOTION)
    assert services.missing_scopes(participant, [Scope.EMOTION]) == []
    type(study).objects.filter(pk=study.pk).update(setting="workplace")
    participant = type(participant).objects.get(pk=participant.pk)
    assert services.missing_scopes(participant, [VIDEO, Scope.EMOTION]) == [Scope.EMOTION]
