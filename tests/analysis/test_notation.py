"""FACS notation, there and back."""

from __future__ import annotations

import random

import pytest

from analysis.facs.codes import CATALOGUE
from analysis.facs.notation import NotationError, ScoredUnit, format_codes, letter, parse, value


def test_the_textbook_example() -> None:
    one, two, twelve = parse("1+L2+12B")
    assert (one.code, one.prefix, one.intensity, one.side) == ("1", "", "", "both")
    assert (two.code, two.prefix, two.side) == ("2", "L", "left")
    assert (twelve.code, twelve.intensity) == ("12", "B")
    assert format_codes((twelve, one, two)) == "1+L2+12B"


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("au12b + AU6 C", None),
        ("AU06+AU12c", "6+12C"),
        ("12+1+2", "1+2+12"),
        ("M55", "M55"),
        ("m61", "M61"),
        ("L12B+R12D", "L12B+R12D"),
        ("B28", "B28"),
        ("", ""),
    ],
)
def test_spellings(text: str, canonical: str | None) -> None:
    if canonical is None:
        with pytest.raises(NotationError):
            parse(text)
    else:
        assert format_codes(parse(text)) == canonical


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("3", "'3' is not a FACS code"),
        ("1+99", "'99' is not a FACS code"),
        ("12+12B", "12 is scored twice"),
        ("24+25", "24 and 25 exclude each other"),
        ("51+52", "51 and 52 exclude each other"),
        ("12F", "'F' after 12 is not an intensity"),
        ("12BC", "'BC' after 12 is not an intensity"),
        ("L25", "25 (lips part) has no side"),
        ("Q12", "'Q' before 12 is not a FACS prefix"),
        ("M12", "M (movement) does not go with 12"),
        ("AM55", "'AM' before 55 is not a FACS prefix"),
        ("50B", "50 (speech) is scored without an intensity"),
        ("1++2", "'' is not a code"),
        ("smile", "'smile' is not a code"),
    ],
)
def test_errors_say_what_is_wrong(text: str, says: str) -> None:
    with pytest.raises(NotationError) as error:
        parse(text)
    assert says in str(error.value)


def test_any_valid_combination_survives_the_round_trip() -> None:
    rng = random.Random(20)
    codes = list(CATALOGUE.values())
    for _ in range(500):
        chosen: list[ScoredUnit] = []
        for entry in rng.sample(codes, rng.randint(1, 8)):
            if any(entry.code in CATALOGUE[unit.code].exclusive_with for unit in chosen):
                continue
            prefixes = ["", "L", "R", "U"] if entry.sided else [""] if entry.code.startswith("M") else ["", "A"]
            prefix = rng.choice(prefixes)
            chosen.append(ScoredUnit(entry.code, prefix, rng.choice("ABCDE") if entry.has_intensity else ""))
        text = format_codes(chosen)
        assert set(parse(text)) == set(chosen)
        assert format_codes(parse(text)) == text


def test_letters_are_ceilings() -> None:
    assert [letter(v) for v in (0.01, 1.0, 1.01, 2.0, 2.5, 3.2, 4.0, 4.01, 5.0)] == list("AABBCDDEE")
    assert letter(0.0) == letter(float("nan")) == letter(-1.0) == ""
    assert [value(one) for one in ("", "A", "B", "C", "D", "E")] == [0, 1, 2, 3, 4, 5]
    assert all(letter(value(one)) == one for one in "ABCDE")
    with pytest.raises(NotationError):
        value("F")
