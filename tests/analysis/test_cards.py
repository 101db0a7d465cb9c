"""The cards: every code has one, in our own words, and they lead to one another."""

from __future__ import annotations

import re

import pytest

from analysis.facs.cards import CARDS, MANUAL, PLACES, SOURCES
from analysis.facs.codes import CATALOGUE

#: Codes that people confuse, as the issue names them.
GROUPS = ["1 2 4", "6 7 12", "9 10", "12 13 14", "15 17", "18 22", "20 12", "23 24", "25 26 27", "43 45 46"]


def test_every_code_has_a_card_in_the_order_of_the_catalogue():
    assert list(CARDS) == list(CATALOGUE)


@pytest.mark.parametrize("code", CATALOGUE)
def test_a_card_says_all_that_it_must(code):
    card = CARDS[code]
    assert card.see
    assert card.alike
    assert card.where
    assert set(card.where) <= set(PLACES)
    assert (card.growth is not None) == CATALOGUE[code].has_intensity
    assert code not in [other.code for other in card.alike]
    texts = [text for pair in (*card.see, *card.alike) for text in pair] + list(card.growth or ())
    assert all(text.strip() == text and text for text in texts)
    sentences = [text for text in texts if len(text) > 20]
    assert all(text.endswith(".") for text in sentences), sentences


@pytest.mark.parametrize("group", GROUPS)
def test_confused_codes_lead_to_one_another(group):
    codes = group.split()
    for code in codes:
        others = {other.code for other in CARDS[code].alike} & {*codes}
        assert others, f"{code} does not name any of {group}"


def test_the_card_says_that_the_manual_decides_and_what_it_rests_on():
    assert "manual decides" in MANUAL
    assert any("Ekman" in source.title for source in SOURCES)


def test_movements_cannot_be_scored_in_a_still():
    for code in ("45", "46", *(code for code in CATALOGUE if re.match(r"M\d", code))):
        assert "still" in CARDS[code].still, code
