"""Which moments to look at first, and which units act together."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.facs.combinations import Found
from analysis.facs.evidence import Evidence
from analysis.facs.together import together
from analysis.moments import moments


def found(at: float, *, id: str = "a", kind: str = "expression", strength: float = 5.0, confidence: float = 1.0):
    times = (int(at * 1e6), int(at * 1e6) + 100_000, int(at * 1e6) + 400_000)
    return Found(
        id,
        id.upper(),
        kind,
        "joy" if kind != "action" else "confounder",
        0,
        "both",
        *times,
        strength,
        confidence,
        "12C",
        "12",
    )


def test_clear_and_rare_comes_first_and_blinks_never():
    often = [found(at, id="often") for at in (0, 10, 20, 30)]
    ranked = moments([*often, found(50, id="rare"), found(60, id="weak", strength=1.0), found(70, kind="action")])
    assert [one.words.partition(":")[0] for one in ranked] == ["RARE", "OFTEN", "OFTEN", "OFTEN", "OFTEN", "WEAK"]
    assert ranked[1].score == pytest.approx(0.5)


def test_short_ones_come_earlier_and_neighbours_are_one_moment():
    ranked = moments([found(0, id="long"), found(9, id="short", kind="microexpression"), found(1, id="near")])
    assert [one.kind for one in ranked] == ["micro", "combination"]
    assert ranked[1].at_us == 100_000


def test_contradictions_are_moments_and_the_list_ends():
    row = {"face": 0, "start_us": 5_000_000, "end_us": 6_000_000, "kind": "contradict", "words": "x"}
    ranked = moments([found(20 * n, id=str(n)) for n in range(40)], [row, row | {"kind": "agree"}], most=5)
    assert len(ranked) == 5
    assert [one.kind for one in moments([], [row, row | {"kind": "agree"}])] == ["channels"]


def test_units_that_act_together():
    times = np.arange(100) * 40_000
    six, twelve, four = np.zeros(100), np.zeros(100), np.full(100, np.nan)
    six[10:30] = 3
    twelve[20:40] = 3
    four[50:60] = 3
    values = {"6": six, "12": twelve, "4": four, "45": six, "9": six / 10}
    said = together(Evidence(0, times, 40_000.0, values, {}, {}, (), np.ones(100)))
    assert said.codes == ("4", "6", "12"), "no blink, and no trace"
    assert said.share.tolist() == pytest.approx([1.0, 0.2, 0.2])
    assert said.jaccard[1, 2] == pytest.approx(10 / 30)
    assert said.jaccard[1, 1] == said.jaccard[0, 0] == 1
    assert said.jaccard[0, 1] == 0
    assert said.as_dict()["jaccard"][1][2] == 0.333
    assert said.seconds[1, 2] == pytest.approx(0.4)
    assert said.seconds[1, 1] == pytest.approx(0.8)
    assert said.lift[1, 2] == pytest.approx(2.5), "a tenth of the time, where chance gives a twenty-fifth"
    twelve[25] = 4  # the lower of the two counts
    assert said.at_us[1, 2] == 20 * 40_000
    assert (said.at_us[0, 1], said.as_dict()["at_us"][0][1], said.as_dict()["lift"][0][1]) == (-1, None, None)
    assert together(Evidence(0, times, 40_000.0, {}, {}, {}, (), np.ones(100))).as_dict()["codes"] == []
