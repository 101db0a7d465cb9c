"""Everything that participants read is there in every language, with the same gaps to fill."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest

from facsweb.studies.models import Scope
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
    assert same <= {"frame.utc", "mine.form"}  # a time zone, and a word that both have


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
    said = say("de", "retention.days", days=90)
    assert "werden 90 Tage nach dem Hochladen in dieses Programm vernichtet" in said
