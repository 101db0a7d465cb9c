"""Languages are told for the document and for what is surely in another; nothing foreign counts as English."""

from __future__ import annotations

import pytest

from analysis.text.language import DOCUMENT, UNIT, guess, languages

OTHERS = {
    "de": "Ich bin damit überhaupt nicht zufrieden. Das war ein schöner Tag mit euch. Warum hast du das gemacht?",
    "fr": "Je ne suis pas content de ça. C'était vraiment une belle journée. Pourquoi tu as fait ça ?",
    "es": "No estoy contento con esto. Fue un día muy bonito con ustedes. ¿Por qué hiciste eso?",
    "it": "Non sono contento di questo. È stata davvero una bella giornata. Perché lo hai fatto?",
    "nl": "Ik ben hier helemaal niet blij mee. Het was echt een mooie dag. Waarom heb je dat gedaan?",
    "pt": "Não estou feliz com isso. Foi um dia muito bonito. Por que você fez isso?",
    "pl": "Nie jestem z tego zadowolony. To był naprawdę piękny dzień. Dlaczego to zrobiłeś?",
    "sv": "Jag är inte nöjd med det här. Det var verkligen en fin dag. Varför gjorde du det?",
    "tr": "Bundan hiç memnun değilim. Gerçekten güzel bir gündü.",
    "ru": "Я этим совсем не доволен. Это был прекрасный день.",
    "zh": "我对此很不高兴。今天真是美好的一天。",
    "ja": "これには満足していません。本当に楽しい一日でした。",
    "hi": "मैं इससे खुश नहीं हूँ। यह सच में एक सुंदर दिन था।",
}
ENGLISH = "I am not happy about this at all. It really was a lovely day with all of you. Why did you do that?"


@pytest.mark.parametrize("code", OTHERS)
def test_other_languages_are_told(code):
    assert languages([OTHERS[code]]).document == code


def test_english_is_told_and_short_units_inherit_it():
    found = languages([ENGLISH, "ok", "No.", "Mhm, haha", "???"])
    assert found.document == "en"
    assert found.confidence >= DOCUMENT
    assert found.units == ("en",) * 5


def test_a_unit_surely_in_another_language_is_in_it_and_an_unsure_one_is_not():
    german = "Das war wirklich ein schöner Tag mit euch."
    assert guess(german)[1] >= UNIT
    assert guess("Wow")[0] != "en"
    assert guess("Wow")[1] < UNIT
    assert languages([ENGLISH, german, "Wow"]).units == ("en", "de", "en")


def test_what_a_person_states_holds_for_the_document_but_people_switch():
    found = languages(["Wow", OTHERS["fr"]], stated="en-GB")
    assert (found.document, found.confidence) == ("en", None)
    assert found.units == ("en", "fr")


def test_too_little_to_tell_is_not_told():
    assert languages(["mmh"]).document is None
    assert languages(["123 ... !?"]).units == (None,)
    assert languages([]).document is None
