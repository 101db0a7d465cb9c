"""Everything that participants read is there in every language, with the same gaps to fill."""

from __future__ import annotations

import datetime as dt
import re
import string
from pathlib import Path

import pytest
from django.utils import translation

from facsweb.studies import consent_text, own_page
from facsweb.studies.models import Scope
from facsweb.studies.templatetags.participant_words import moment
from facsweb.studies.words import LANGUAGES, part, preferred, say, words

TEMPLATES = Path(__file__).parents[2] / "templates" / "consent"


def gaps(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_says_the_same_things_with_the_same_gaps(language):
    first, other = words(LANGUAGES[0]), words(language)
    assert other.keys() == first.keys()
    for key, text in other.items():
        assert text.strip() == text, key
        assert text, key
        assert gaps(text) == gaps(first[key]), key


def test_another_language_is_not_left_in_the_first_one():
    same = {key for key, text in words("de").items() if text == words("en")[key]}
    assert not same


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["questions", "meaning", "short", "stops"])
def test_every_scope_is_asked_explained_named_and_can_be_taken_back(language, name):
    assert set(part(language, name)) == set(Scope.values)


def test_every_key_that_a_template_names_is_there():
    for path in TEMPLATES.glob("*.html"):
        for key in re.findall(r"{% (?:say|raw) ['\"]([\w.]+)['\"]", path.read_text()):
            assert key in words("en"), f"{path.name}: {key}"


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("de", "de"),
        ("fr, de-CH;q=0.8, en;q=0.9", "en"),
        ("DE-at,en;q=0.5", "de"),
        ("", "en"),
        ("x;q=nonsense, de", "de"),
        ("ja", "en"),
    ],
)
def test_the_browsers_language_is_taken_where_it_is_there(accepted, language):
    assert preferred(accepted) == language


def test_values_stand_where_they_belong():
    assert "werden 90 Tage nach dem Hochladen in dieses System vernichtet" in say("de", "retention.days", days=90)


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_taken_out_of_or_kept_from_what_is_destroyed(language):
    stops = part(language, "stops")
    whole = own_page.effects(Scope.values, language)["effects"]
    assert stops["video"] in whole
    assert say(language, "withdraw.sound_too") in whole
    assert not {stops["audio"], stops["retention"], say(language, "withdraw.rest")} & set(whole)
    assert own_page.effects(["audio", "retention"], language)["effects"] == [stops["audio"], stops["retention"]]
    assert own_page.effects(["video", "retention"], language)["effects"][1] == say(language, "withdraw.rest")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_study_s_own_text_says_what_is_computed_apart_from_what_it_is_used_for(language):
    meaning, form = part(language, "meaning"), part(language, "form")
    found = dict(consent_text.sections(consent_text.default_body(purpose="x", scopes=Scope, language=language)))
    measured = ("video", "audio", "text", "emotion", "indicators")
    assert found[form["computed"]].split("\n\n") == [meaning[scope] for scope in measured]
    assert found[form["used"]].split("\n\n") == [meaning[key] for key in ("calibration", "quotation", "retention")]
    less = consent_text.default_body(purpose="x", scopes=[Scope.VIDEO], language=language)
    assert form["used"] not in less


def test_a_moment_reads_as_people_of_the_language_write_it():
    at = dt.datetime(2026, 12, 6, 9, 5, tzinfo=dt.UTC)
    with translation.override("de"):
        assert moment({"language": "de"}, at) == "6. Dezember 2026 um 09:05 Uhr (UTC)"
    with translation.override("en"):
        assert moment({"language": "en"}, at) == "6 December 2026, 09:05 UTC"
