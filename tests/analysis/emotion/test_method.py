"""The numbers of the worked example in docs/method.md, computed from the code and looked for in the text."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import norm

from analysis.emotion import states
from analysis.emotion.course import course
from analysis.emotion.errors import moved, spread_of
from analysis.emotion.figures import ALL, SHARES, SHOWN
from analysis.emotion.missing import widened
from analysis.emotion.parameters import parameters
from analysis.emotion.shares import dimensions, drawn_presences, parts_of, resting, shares
from analysis.facs.codes import ACTION_UNITS
from analysis.facs.combination_presence import ramp
from analysis.facs.combinations import catalogue
from tests.analysis.combination_evidence import evidence

METHOD = Path(__file__).resolve().parents[3] / "docs" / "method.md"
GIVEN = parameters()
#: The example: score and ends of its interval; every other code is surely at rest.
SCORES = {"4": (2.0, 0.8, 3.2), "7": (3.8, 2.2, 5.0), "23": (1.3, 0.5, 2.1)}


def _line(text: str) -> str:
    return text.replace("-", "−")


@pytest.fixture(scope="module")
def text() -> str:
    return METHOD.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def moment():
    values = {code: np.zeros((1, 1), np.float32) for code in ACTION_UNITS}
    values |= {code: np.full((1, 1), score, np.float32) for code, (score, *_) in SCORES.items()}
    values |= {f"{code}_{side}": array for code, array in list(values.items()) for side in "LR"}
    parts = parts_of(catalogue(), GIVEN, "machine")
    present = drawn_presences(parts, values, "machine", {})
    found = shares(parts, present, resting(values, GIVEN), np.zeros(1), GIVEN)
    return parts, present[:, 0, 0], dict(zip(SHARES, found[:, 0, 0].tolist(), strict=True)), values


def _part(moment, name, formula):
    parts, present, *_ = moment
    return next(
        (part, float(present[place]))
        for place, part in enumerate(parts)
        if part.combination.id == name and part.variant.formula.replace("[+10][+22]", "") == formula
    )


def test_presences_and_fits(moment, text):
    there = {code: float(ramp(np.array(score), 1.0)) for code, (score, *_) in SCORES.items()}
    for code, (score, *_) in SCORES.items():
        assert f"| {code} | {score} | {there[code]:.2f} |" in text
    anger, angry = _part(moment, "anger", "4+7+23/24")
    confusion, confused = _part(moment, "confusion", "4+7")
    tension, tense = _part(moment, "tension", "4+23")
    beside = 1 - GIVEN.weights.covered * angry
    fits = (anger.weight * angry, confusion.weight * confused * beside, tension.weight * tense * beside)
    assert f"| anger, 4+7+23/24 | {angry:.2f} | {anger.weight:.2f} | 1 | {fits[0]:.3f} |" in text
    assert f"| confusion, 4+7 | {confused:.2f} | {confusion.weight:.2f} | {beside:.2f} | {fits[1]:.3f} |" in text
    assert f"| stress, 4+23 | {tense:.2f} | {tension.weight:.2f} | {beside:.2f} | {fits[2]:.3f} |" in text
    none = 1 - max(fits)
    total = sum(fits) + none
    assert f"sum {total:.3f}" in text
    found = moment[2]
    assert found["anger"] == pytest.approx(fits[0] / total, abs=1e-6)
    assert {name for name in SHOWN if found[name] > 0} == {"anger", "confusion", "stress"}
    for name in ("anger", "confusion", "stress", "other"):
        assert f"{name} {found[name]:.3f}" in text
    assert found["neutral"] == 0


def test_valence_and_arousal(moment, text):
    valence, arousal = (float(array[0, 0]) for array in dimensions(moment[3], GIVEN.dimensions))
    assert _line(f"valence = {valence:.2f}") in text
    assert f"arousal = {arousal:.2f}" in text


def _example():
    """Two seconds of the example, then two of rest."""
    count = 100
    values = {code: np.zeros(count) for code in (*ACTION_UNITS, "54", "55", "56", "64")}
    made = evidence(values, width=0.1)
    for code, ends in SCORES.items():
        for held, end in zip((made.values, made.low, made.high), (ends[0], ends[1], ends[2]), strict=True):
            held[code][:50] = end
        for side in "LR":
            made.values[f"{code}_{side}"][:50] = ends[0]
    return made


def test_spreads_and_company(text):
    bins = course(_example(), catalogue(), (), GIVEN).bins
    for code, (score, low, high) in SCORES.items():
        sigma = float(spread_of(*(np.array([one]) for one in (score, low, high)))[0])
        rest = float(norm.cdf(-score / sigma))
        beside = bins.company[code][0]
        about = score + sigma * moved(bins, code, GIVEN.company)[0][0]
        cells = f"{sigma:.2f} | {rest:.2f} | {beside:.2f} | {about:.2f}"
        assert f"| {code} | {score:.1f} [{low:.1f}, {high:.1f}] | {cells} |" in text


def test_window_with_its_interval(text):
    """Seed 0."""
    found = states(_example())
    for row, name in ((0, "first"), (1, "second"), (2, "third")):
        cells = [
            f"{one.value[row]:.2f} [{one.low[row]:.2f}, {one.high[row]:.2f}]"
            for one in (found.windows[state] for state in ("anger", "stress", "confusion", "neutral", "other"))
        ]
        assert f"| {name} | {' | '.join(cells)} |" in text


def test_unseen(text):
    low, high = np.full((len(ALL), 1), 0.5), np.full((len(ALL), 1), 0.7)
    unseen = np.zeros((len(ALL), 1))
    unseen[ALL.index("joy")] = 0.25
    low, high = widened(low, high, unseen)
    at, other = ALL.index("joy"), ALL.index("anger")
    assert f"[{low[at, 0]:.3f}, {high[at, 0]:.3f}]" in text
    assert f"[{low[other, 0]:.3f}, {high[other, 0]:.3f}]" in text


def test_the_text_names_every_parameter_table_and_no_probability_of_feeling(text):
    assert GIVEN.says.split(".")[0] in " ".join(text.split())
    for name in (
        "lasting",
        "fading_s",
        "codes_alike",
        "covered",
        "speech",
        "least_evidence",
        "told_apart",
        "widest",
        "together",
        "alone",
        "doubt",
        "block_s",
    ):
        assert f"`{name}`" in text
