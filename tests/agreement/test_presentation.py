"""How figures are told: never by a colour alone, and the lines at .70 and .80 where they belong."""

from __future__ import annotations

import pytest

from facsweb.agreement import presentation


@pytest.mark.parametrize(
    ("value", "mark", "standing"),
    [(0.6999, "▽", "below"), (0.70, "●", "certified"), (0.7999, "●", "certified"), (0.80, "◆", "reliable")],
)
def test_a_likeness_has_a_mark_besides_its_colour(value, mark, standing):
    told = presentation.cell("kappa", {"value": value, "low": None, "high": None, "n": 9, "why": ""})
    assert (told["mark"], told["standing"]) == (mark, standing)


def test_a_time_has_no_line_to_stand_under():
    told = presentation.cell("onset_us", {"value": 40_000.0, "low": None, "high": None, "n": 9, "why": ""})
    assert (told["words"], told["mark"], told["standing"]) == ("+40 ms", "", "")
