"""Word pieces are those of the library that the base model was made with, and emoji become words before."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from analysis.text.classifier import SHIPPED, VOCABULARY, shipped_versions
from analysis.text.prepare import MAX_CHARACTERS, prepare
from analysis.text.tokens import WordPieces

CASES = json.loads(Path(__file__).with_name("pieces.json").read_text(encoding="utf-8"))["cases"]


@pytest.fixture(scope="module")
def pieces():
    folder = SHIPPED / shipped_versions()[-1]
    return WordPieces((folder / VOCABULARY).read_text(encoding="utf-8").split("\n"))


def test_there_are_hard_cases():
    """Emoji, accents, Chinese, Hangul, Thai, addresses, control characters, words of 150 letters."""
    assert len(CASES) >= 30


@pytest.mark.parametrize("case", CASES, ids=[ascii(case["text"][:20]) for case in CASES])
def test_ids_are_those_of_the_other_library(case, pieces):
    assert pieces.encode(case["text"], 10**9) == case["ids"]


def test_a_long_text_is_cut_and_still_ends(pieces):
    ids = pieces.encode("very long " * 500, 128)
    assert len(ids) == 128
    assert (ids[0], ids[-1]) == (pieces.start, pieces.end)
    assert pieces.encode("", 128) == [pieces.start, pieces.end]


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("so funny 😂😂😂", "so funny face with tears of joy"),
        ("👍🏻 ok", "thumbs up sign ok"),
        ("I ❤️ it", "I heavy black heart it"),
        ("don’t “do” it…", 'don\'t "do" it...'),
        ("sooooooo good!!!!!!", "sooo good!!!"),
        (" a \n\t b ", "a b"),
        ("", ""),
    ],
)
def test_what_the_vocabulary_lacks_is_put_into_words(text, plain):
    assert prepare(text) == plain


def test_no_more_is_read_than_stated():
    assert len(prepare("ab " * MAX_CHARACTERS)) <= MAX_CHARACTERS
