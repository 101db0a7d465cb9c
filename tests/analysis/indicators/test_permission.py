"""Consent and purpose."""

from __future__ import annotations

import pytest

from analysis.indicators.permission import Allowed, Override, covered, forbidden, limits, purposes, refusals
from facsweb.studies.models import Scope, Setting

FULL = frozenset({"video", "emotion", "indicators"})


def test_every_setting_of_a_study_has_a_rule_and_scopes_are_those_of_the_consent_form():
    assert set(purposes()) == set(Setting.values)
    assert {scope for scopes in limits().consent.values() for scope in scopes} <= set(Scope.values)


def test_nothing_said_nothing_given():
    assert len(refusals(None)) == 1
    assert "not named" in refusals(Allowed(FULL))[0]
    assert "not known" in refusals(Allowed(FULL, "horoscopes"))[0]


@pytest.mark.parametrize("purpose", ["research", "clinical", "usability", "marketing", "media", "safety"])
def test_open_purposes_need_consent_to_video_and_emotion(purpose):
    assert refusals(Allowed(FULL, purpose)) == []
    assert refusals(Allowed(frozenset({"video", "emotion"}), purpose)) == [
        "The participant's consent does not cover exploratory indicators."
    ]
    assert refusals(Allowed(frozenset({"video"}), purpose)) == [
        "The participant's consent does not cover the estimation of emotional states and exploratory indicators."
    ]
    assert "the video and the estimation" in refusals(Allowed(frozenset(), purpose))[0]


@pytest.mark.parametrize("purpose", ["workplace", "education"])
def test_workplace_and_education_are_closed_but_for_a_recorded_medical_or_safety_reason(purpose):
    assert "Art. 5(1)(f)" in forbidden(Allowed(FULL, purpose))[0]
    reason = Override("medical", "Pain in rehabilitation", "Dr A", "2026-11-01")
    assert refusals(Allowed(FULL, purpose, reason)) == []
    curious = Override("curiosity", "We want to know", "B", "2026-11-01")
    assert "only medical or safety" in forbidden(Allowed(FULL, purpose, curious))[0]


def test_elsewhere_the_prohibition_of_the_union_does_not_hold_and_a_place_that_is_not_said_is_the_union():
    assert forbidden(Allowed(FULL, "workplace", place="elsewhere")) == []
    assert forbidden(Allowed(FULL, "workplace", place="eu"))
    assert forbidden(Allowed(FULL, "workplace"))
    assert forbidden(Allowed(FULL, "recruitment", place="elsewhere"))  # this product's own rule


def test_recruitment_is_closed_whatever_is_recorded():
    reason = Override("safety", "x", "y", "2026-11-01")
    assert "applicants" in forbidden(Allowed(FULL, "recruitment", reason))[0]


def test_an_override_says_who_why_and_when():
    with pytest.raises(ValueError, match="who recorded it"):
        Override("medical", "", "x", "2026-01-01")


def test_voice_and_words_need_their_own_consent():
    assert covered(None, "voice")
    assert not covered(Allowed(FULL, "research"), "voice")
    assert covered(Allowed(FULL | {"audio"}, "research"), "voice")
    assert not covered(Allowed(FULL | {"audio"}, "research"), "text")
