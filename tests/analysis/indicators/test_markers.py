"""Responses to markers, with known answers."""

from __future__ import annotations

import pytest

from analysis.indicators import Marker, derive
from analysis.indicators.markers import poisson_interval
from tests.analysis.indicators import made

S = 1_000_000


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """Joy from 30 s to 40 s; smiles begin at 31 s and 33 s; arousal rises with it; glad words at 32–36 s."""
    path = tmp_path_factory.mktemp("markers")
    smiles = [("12", "both", 31 * S, 32 * S), ("12", "both", 33 * S, 35 * S), ("4", "both", 80 * S, 81 * S)]
    made.folder(path, seconds=100, events=smiles, AU12=made.during(100, (31, 32), (33, 35)))
    made.states(path, 100, joy=lambda at: 0.8 if 30 <= at < 40 else 0.1)
    made.voice(path, [(30, 40, "")], 100, arousal=lambda at: 0.9 if 30 <= at < 40 else 0.5)
    made.text(path, (32, 36, {"joy": 0.9, "neutral": 0.1}))
    markers = [
        Marker("late", "scene", 70 * S),
        Marker("joke", "scene", 30 * S, 40 * S),
        Marker("start", "task", 0, 10 * S),
        Marker("soon", "task", 73 * S),
    ]
    found = derive(path, allowed=made.RESEARCH, markers=markers).responses["responses"]
    return {one["marker"]: one for one in found}, found


def test_markers_come_in_time_and_open_ones_end_at_the_next_or_after_five_seconds(answers):
    assert [one["marker"] for one in answers[1]] == ["start", "joke", "late", "soon"]
    by_name = answers[0]
    assert (by_name["late"]["start_us"], by_name["late"]["end_us"]) == (70 * S, 73 * S)
    assert by_name["soon"]["end_us"] == 78 * S


def test_states_and_voice_are_compared_with_the_time_before(answers):
    joy = answers[0]["joke"]["states"]["joy"]
    assert joy["during"]["value"] == pytest.approx(0.8)
    assert joy["before"]["value"] == pytest.approx(0.1)
    assert joy["difference"]["value"] == pytest.approx(0.7)
    # both stretches are off by up to 0.1, independently
    assert joy["difference"]["low"] == pytest.approx(0.7 - 0.1 * 2**0.5, abs=1e-3)
    assert joy["difference"]["high"] == pytest.approx(0.7 + 0.1 * 2**0.5, abs=1e-3)
    assert answers[0]["joke"]["voice_arousal"]["difference"]["value"] == pytest.approx(0.4)
    assert answers[0]["late"]["states"]["joy"]["difference"]["value"] == pytest.approx(0)


def test_events_have_count_rate_and_latency_of_the_first(answers):
    twelve = answers[0]["joke"]["aus"]["by_code"]["12"]
    assert twelve["events"] == 2
    assert twelve["rate_per_min"]["value"] == pytest.approx(12)
    assert twelve["latency_s"] == {"value": 1.0, "low": 0.9, "high": 1.1}
    assert "4" not in answers[0]["joke"]["aus"]["by_code"]
    assert answers[0]["late"]["aus"]["by_code"] == {}


def test_a_rates_interval_is_that_of_a_count():
    # Garwood's exact ends for 10 events, 90 %: 5.43 and 16.96 (Ulm 1990, table)
    assert poisson_interval(10) == pytest.approx((5.425, 16.962), abs=0.001)
    assert poisson_interval(0) == pytest.approx((0, 2.996), abs=0.001)


def test_nothing_before_the_first_marker_is_said(answers):
    joy = answers[0]["start"]["states"]["joy"]
    assert joy["difference"] is None
    assert joy["why"] == "Nothing was measured before the marker."


def test_words_are_summed_up_by_length(answers):
    text = answers[0]["joke"]["text"]
    assert text["units"] == 1
    assert text["seconds"] == 4
    assert text["top"][0] == {"label": "joy", "mean": 0.9}
    assert answers[0]["late"]["text"] is None


@pytest.mark.parametrize(
    "wrong", [("", "task", 0, 1), ("a", "dream", 0, 1), ("a", "task", 5, 5), ("a", "task", -1, 2)]
)
def test_a_marker_has_a_name_a_kind_and_a_length(wrong):
    with pytest.raises(ValueError, match="marker"):
        Marker(*wrong)
