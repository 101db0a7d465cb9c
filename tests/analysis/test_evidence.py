"""Evidence of a face, from a run's files and from what a person coded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from analysis.coded import CodedEvent
from analysis.facs.evidence import Evidence, evidence_of_layer, evidence_of_run, faces_of_run
from analysis.interpretation import interpret
from analysis.types import AnalysisError
from tests.analysis.made import closed, series, smile, write_measurement

TIMES = np.arange(250) * 40_000


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("evidence")
    there = np.flatnonzero((TIMES < 6_000_000) | (TIMES >= 8_000_000))
    first = series(TIMES, noise=0.003, **smile(TIMES / 1e6))
    second = series(TIMES[there], frame=there, noise=0.003, **closed(TIMES[there] / 1e6, 4.0, 0.08))
    write_measurement(folder, {0: first, 3: second}, TIMES)
    interpret(folder)
    return folder


def test_a_run_s_evidence_is_its_signals(results: Path):
    found = evidence_of_run(results, 0)
    assert faces_of_run(results) == (0, 3)
    assert len(found) == 250
    assert found.interval_us == 40_000
    assert np.nanmax(found["12"]) > 1
    assert "12_L" in found.values
    assert found.origin == "machine"
    assert {event.code for event in found.events} >= {"12"}


def test_where_the_face_is_away_nothing_is_known(results: Path):
    found = evidence_of_run(results, 3)
    away = (found.time_us >= 6_000_000) & (found.time_us < 8_000_000)
    assert np.isnan(found.quality[away]).all()
    assert all(np.isnan(values[away]).all() for values in found.values.values())


def test_codes_that_only_people_code_well_are_left_out(results: Path):
    found = evidence_of_run(results, 0)
    left_out = {code for code, tier in found.tiers.items() if tier == "human-coded only"}
    assert left_out
    assert not left_out & {key.split("_")[0] for key in found.values}
    assert np.isnan(found[min(left_out)]).all()


def test_a_folder_without_results_says_what_to_do(tmp_path: Path, results: Path):
    with pytest.raises(AnalysisError, match="analyse the recording"):
        evidence_of_run(tmp_path, 0)
    with pytest.raises(AnalysisError, match="no face 7"):
        evidence_of_run(results, 7)


def event(code: str, start: float, end: float, side: str = "both", letter: str = "C") -> CodedEvent:
    return CodedEvent(code, side, letter, int(start * 1e6), int(start * 1e6), int(end * 1e6))


def layer(*events: CodedEvent) -> Evidence:
    return evidence_of_layer(events, [(0, 4_000_000)])


def test_a_letter_is_a_fifth_of_the_scale_and_silence_is_absence():
    found = layer(event("12", 1, 2))
    at = np.searchsorted(found.time_us, 1_520_000)
    assert (found.low["12"][at], found["12"][at], found.high["12"][at]) == (2, 2.5, 3)
    assert (found["12_L"][at], found["12_R"][at]) == (2.5, 2.5)
    assert found["12"][0] == found.high["12"][0] == 0
    assert found["4"].max() == 0


def test_one_side_says_that_the_other_was_not_there_but_u_does_not():
    left = layer(event("12", 1, 2, "left"))
    at = np.searchsorted(left.time_us, 1_520_000)
    assert (left["12"][at], left["12_L"][at], left["12_R"][at]) == (2.5, 2.5, 0)
    some = layer(event("12", 1, 2, "unilateral"))
    assert some["12"][at] == 2.5
    assert np.isnan([some["12_L"][at], some["12_R"][at]]).all()


@pytest.mark.parametrize(
    ("code", "unknown", "known"),
    [("70", "4", "12"), ("71", "6", "4"), ("72", "12", "1"), ("73", "12", None), ("74", "4", None)],
)
def test_hidden_parts_are_unknown_and_the_rest_is_not(code, unknown, known):
    found = layer(event("12", 0, 4), event(code, 1, 2, "", ""))
    at = np.searchsorted(found.time_us, 1_520_000)
    assert np.isnan(found[unknown][at])
    assert np.isfinite(found[unknown][0])
    assert known is None or np.isfinite(found[known][at])
    assert np.isnan(found.quality[at]) == (code in {"73", "74"})


def test_codes_without_an_event_take_no_room():
    found = evidence_of_layer([event("12", 1, 2), event("70", 2, 3, "", "")], [(0, 3_600_000_000)])
    arrays = {id(array) for arrays in (found.values, found.low, found.high) for array in arrays.values()}
    assert len(arrays) < 20
    assert len(found.values) > 80


def test_outside_the_coded_stretches_there_is_nothing():
    found = evidence_of_layer([event("12", 1, 9)], [(2_000_000, 3_000_000), (5_000_000, 6_000_000)])
    assert found.time_us.min() == 2_000_000
    assert found.time_us.max() < 6_000_000
    assert found.durations_s().sum() == pytest.approx(2.0)
    rejected = CodedEvent("12", "both", "C", 0, 0, 1, rejected=True)
    assert evidence_of_layer([rejected], [(0, 1_000_000)])["12"].max() == 0


def test_what_does_not_fit_together_is_refused():
    times, ones = np.arange(3), np.ones(3)
    with pytest.raises(ValueError, match="shape"):
        Evidence(0, times, 1.0, {"12": np.ones(2)}, {}, {}, (), ones)
    with pytest.raises(ValueError, match="lower end"):
        Evidence(0, times, 1.0, {"12": ones}, {"12": ones}, {"12": 0 * ones}, (), ones)
    with pytest.raises(ValueError, match="ascending"):
        Evidence(0, times[::-1], 1.0, {}, {}, {}, (), ones)
