"""Rules of law as data: what holds where, exceptions with reasons, and that what is off is off everywhere."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from analysis.indicators.permission import Allowed, forbidden
from facsweb.audit.models import Entry
from facsweb.studies import justifying, law, services
from facsweb.studies.models import Scope, Setting, Study
from facsweb.studies.words import LANGUAGES

REASON = "Drivers fall asleep at the wheel; the safety officer and the works council agreed."
OFF = {Scope.EMOTION, Scope.INDICATORS}


def test_every_rule_says_where_it_comes_from_and_speaks_every_language():
    for rule in law.rules():
        assert rule.article
        assert rule.link.startswith("https://")
        assert rule.looked_up.year >= 2026
        assert rule.places <= law.GROUPS
        assert rule.settings <= set(Setting.values)
        assert rule.off <= set(Scope.values)
        assert not rule.notice or set(rule.notice) == set(LANGUAGES), rule.id
        if rule.notice and "Article" in rule.short:  # participants read it beside the notice
            assert set(rule.named) == set(LANGUAGES[1:]), rule.id
    assert len({rule.id for rule in law.rules()}) == len(law.rules())


@pytest.mark.parametrize(
    ("typed", "name", "group"),
    [
        ("germany", "Germany", "eu"),
        (" Deutschland ", "Germany", "eu"),
        ("EU", "European Union", "eu"),
        ("Illinois, USA", "Illinois", "illinois"),
        ("england", "United Kingdom", "uk"),
        ("Norway", "Norway", "eea"),
        ("Japan", "Japan", "elsewhere"),
        ("Germnay", "Germnay", "unknown"),
    ],
)
def test_a_place_is_known_by_its_names_and_a_slip_of_the_pen_is_unknown(typed, name, group):
    place = law.place_of(typed)
    assert place.name == name
    assert group in place.groups


def test_the_union_has_its_27_members():
    members = [name for name in law.place_names() if "eu" in law.place_of(name).groups]
    assert len(members) == 27 + 1  # and itself


@pytest.mark.parametrize("setting", Setting.values)
@pytest.mark.parametrize("place", ["Germany", "Japan", "Illinois", "Atlantis"])
def test_the_engine_refuses_exactly_where_the_consent_form_may_not_ask(setting, place):
    off = law.emotion_prohibited(setting, place)
    study = Study(setting=setting, jurisdiction=place)
    allowed = Allowed(frozenset(Scope.values), setting, place=law.engine_place(study))
    assert bool(forbidden(allowed)) == off
    closed = setting in ("workplace", "education") and place in ("Germany", "Atlantis")
    assert off == (closed or setting == "recruitment")
    assert Scope.VIDEO in law.scopes_allowed(setting, place)  # people may code


def study_of(people, **changes):
    fields = {"name": "Cabs", "purpose": "To see.", "setting": "workplace", "jurisdiction": "Germany"} | changes
    return services.create_study(people["staff"], **fields)


def test_an_exception_needs_a_ground_and_a_reason_and_is_logged(people):
    study = study_of(people)
    assert law.emotion_off(study)
    with pytest.raises(ValidationError, match="at least"):
        justifying.justify(people["staff"], study, ground="safety", reason="Because.")
    with pytest.raises(ValidationError, match="no such exception"):
        justifying.justify(people["staff"], study, ground="curiosity", reason=REASON)
    made = justifying.justify(people["staff"], study, ground="safety", reason=REASON)
    assert not law.emotion_off(study)
    assert "an exception for safety reasons is recorded" in law.sentence(study)
    entry = Entry.objects.get(action="justification.record")
    assert (entry.details["reason"], entry.actor_label) == (REASON, "staff@example.org")
    with pytest.raises(ValidationError, match="already"):
        justifying.justify(people["staff"], study, ground="medical", reason=REASON)
    services.create_consent_form(people["staff"], study, title="T", body="B", scopes=[Scope.VIDEO, Scope.EMOTION])
    assert justifying.take_back(people["staff"], made, reason="The trial is over.")
    assert not justifying.take_back(people["staff"], made, reason="The trial is over.")
    assert law.emotion_off(study)
    with pytest.raises(ValidationError, match="may not ask"):
        services.create_consent_form(people["staff"], study, title="U", body="B", scopes=[Scope.EMOTION])


def test_recruitment_has_no_exception_and_research_needs_none(people):
    with pytest.raises(ValidationError, match="no such exception"):
        justifying.justify(
            people["staff"], study_of(people, setting="recruitment"), ground="safety", reason=REASON
        )
    with pytest.raises(ValidationError, match="Nothing is prohibited"):
        justifying.justify(people["staff"], study_of(people, setting="research"), ground="safety", reason=REASON)


def test_an_exception_to_another_rule_does_not_count(people):
    study = study_of(people)
    justifying.justify(people["staff"], study, ground="safety", reason=REASON)
    kept = {"name": "Cabs", "purpose": "To see.", "jurisdiction": "Germany"}
    study = services.change_study(people["staff"], study, setting="recruitment", **kept)
    assert law.emotion_off(study)


def test_an_exception_that_goes_takes_consent_to_emotions_with_it(participant, consent, study, people):
    Study.objects.filter(pk=study.pk).update(setting="workplace")
    participant.refresh_from_db()
    assert set(services.missing_scopes(participant, list(Scope))) == OFF
    made = justifying.justify(people["administrator"], participant.study, ground="medical", reason=REASON)
    assert services.missing_scopes(participant, list(Scope)) == []
    justifying.take_back(people["administrator"], made, reason="Over.")
    assert set(services.missing_scopes(participant, list(Scope))) == OFF


def test_a_study_keeps_data_no_longer_than_the_law_lets_it(people):
    study = study_of(people, setting="research", jurisdiction="illinois")
    assert (study.jurisdiction, law.days_kept(study)) == ("Illinois", 1095)
    with pytest.raises(ValidationError, match="at most 1095"):
        study_of(people, name="Long", setting="research", jurisdiction="Illinois", retention_days=2000)
    study.retention_days = 30
    assert law.days_kept(study) == 30
    assert law.days_kept(Study(setting="research", jurisdiction="Japan")) is None


def test_the_page_shows_rules_sources_and_exceptions_and_only_administrators_record(client_as, study, people):
    Study.objects.filter(pk=study.pk).update(setting="workplace")
    url = reverse("studies:law", args=[study.pk])
    page = client_as("coder").get(url).content.decode()
    assert "eur-lex.europa.eu" in page
    assert "looked up on" in page
    assert reverse("studies:justify", args=[study.pk]) not in page
    client = client_as("administrator")
    record = reverse("studies:justify", args=[study.pk])
    assert record in client.get(url).content.decode()
    assert client.post(record, {"ground": "safety", "reason": "Short."}).status_code == 422
    page = client.post(record, {"ground": "safety", "reason": REASON}, follow=True).content.decode()
    assert REASON in page
    assert "Administrator Person" in page
    taken = reverse("studies:justification_withdraw", args=[study.justifications.get().pk])
    page = client.post(taken, {"reason": "The trial is over."}, follow=True).content.decode()
    assert "The trial is over." in page
    assert "withdrawn" in page


def test_the_public_schedule_is_there_for_everybody_in_both_languages(client):
    url = reverse("consent:keeping")
    assert "at most three years (1095 days)" in client.get(url).content.decode()
    german = client.get(url, headers={"accept-language": "de-AT,de;q=0.9,en;q=0.5"}).content.decode()
    assert '<html lang="de"' in german
    assert "höchstens drei Jahre (1095 Tage)" in german


def test_who_changes_a_study_without_naming_its_days_keeps_them(people):
    study = study_of(people, setting="research", retention_days=90)
    kept = {"purpose": "To see.", "setting": "research", "jurisdiction": "Germany"}
    assert services.change_study(people["staff"], study, name="Taxis", **kept).retention_days == 90
    changed = services.change_study(people["staff"], study, name="Taxis", retention_days=None, **kept)
    assert changed.retention_days is None
