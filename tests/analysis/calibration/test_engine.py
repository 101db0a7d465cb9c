"""From signed codings in files to a calibration and back: shifts are found, small cohorts say so."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from analysis import calibration, cli
from analysis.calibration.engine import calibrate
from analysis.calibration.material import read_sessions, write_sessions
from analysis.facs.evidence import evidence_of_run
from analysis.types import AnalysisError, Cancelled
from tests.analysis.calibration.runs import COHORTS, SCORER, sessions


@pytest.fixture(scope="module")
def signed(tmp_path_factory):
    return sessions(tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="module")
def found(signed, tmp_path_factory):
    """Through the command, as a person would."""
    folder = tmp_path_factory.mktemp("calibration")
    write_sessions(signed, folder / "codings.json")
    assert read_sessions(folder / "codings.json") == signed
    assert cli.main(["calibrate", str(folder / "codings.json"), "--out", str(folder / "out.json")]) == 0
    return calibration.read(folder / "out.json")


def test_what_each_cohort_s_machine_does_otherwise_is_found(found):
    assert found.scorer == SCORER
    assert (found.participants, found.codings, found.coders) == (25, 25, ("coder-1",))
    for name in ("de-de", "jp-ja-40-on"):
        one = found.for_cohort(name)
        people, rest, gain = COHORTS[name]
        unit = one.units["12"]
        assert one.calibrated
        assert unit.calibrated
        assert (one.participants, unit.events) == (people, 60)
        assert unit.rest.value == pytest.approx(rest, abs=0.1)
        assert unit.gain.value == pytest.approx(gain, abs=0.08)
        assert unit.rest.low < unit.rest.value < unit.rest.high
        assert unit.rate.value == pytest.approx(6.0, rel=0.05)  # a minute
        assert unit.error.after.value < unit.error.before.value
        assert one.minutes == pytest.approx(people * 1.0, rel=0.01)


def test_a_cohort_below_the_minimum_says_so_and_borrows_from_the_whole(found):
    one = found.for_cohort("ng-yo")
    assert not one.calibrated
    assert one.why.startswith("3 of 8 participants")
    assert not any(unit.calibrated for unit in one.units.values())
    assert not one.priors
    assert one.error.before == one.error.after
    assert one.units["12"].rest.weight < found.for_cohort("de-de").units["12"].rest.weight


def test_people_who_stated_no_cohort_are_in_the_whole_and_in_no_cohort(found):
    assert found.for_cohort("") is None
    (unstated,) = (one for one in found.cohorts if not one.id)
    assert unstated.participants == 2
    assert not unstated.calibrated
    assert "stated no cohort" in unstated.why
    assert np.isnan(unstated.error.before.value)  # of two people nothing is told


def test_a_code_that_agrees_already_is_left_alone_and_an_open_one_is_unknown(found):
    assert not found.codes["4"].used
    assert "on participants left out" in found.codes["4"].why
    assert found.for_cohort("de-de").units["4"].participants == 9  # one left a proposal of it open
    assert "17" not in found.for_cohort("de-de").units  # nobody showed it


def test_gaps_between_cohorts_shrink(found):
    gaps = [gap for gap in found.fairness.gaps if gap.figure == "error"]
    before, after = (
        {gap.cohort: gap.difference.value for gap in gaps if gap.stage == stage} for stage in ("before", "after")
    )
    assert abs(after["jp-ja-40-on"]) < 0.3 * abs(before["jp-ja-40-on"])
    assert {row.cohort for row in found.fairness.rows} == {"de-de", "jp-ja-40-on", "ng-yo"}
    assert found.fairness.rows[0].false.before.value is not None


def test_what_cannot_be_said_is_said(found):
    said = " ".join(found.cannot)
    assert "no sample of a country" in said
    assert "One person coded everything" in said
    assert "not calibrated" in said


def test_display_rules_come_from_what_people_coded(found):
    """Everybody smiled equally often here, so nobody's joy is set apart."""
    rule = calibration.priors(found.for_cohort("de-de"))["joy"]
    assert rule[0] == pytest.approx(0, abs=0.15)
    assert 0 < rule[1] < 1
    one = found.for_cohort("de-de").priors["joy"]
    assert one.shown / one.moments == pytest.approx(1 / 3, abs=0.2)
    assert calibration.priors(found.for_cohort("ng-yo")) == {}


def test_applying_takes_the_shift_back_and_widens_the_interval(found, signed):
    (session,) = (one for one in signed if one.coding.participant == "jp-ja-40-on-3")
    before = evidence_of_run(session.coding.folder, 0)
    after = calibration.apply(before, found.for_cohort("jp-ja-40-on"))
    free = before["12"] < 1.2
    assert np.nanmean(before["12"][free]) > 0.7
    assert np.nanmean(after["12"][free]) < 0.25
    assert np.isnan(after["12"][:5]).all()
    assert (after["4"] == before["4"]).all()
    middle = np.isfinite(before["12"]) & (after["12"] > 1) & (after["12"] < 4) & (before.low["12"] > 0)
    assert middle.any()
    width = (after.high["12"] - after.low["12"])[middle] / (before.high["12"] - before.low["12"])[middle]
    assert (width > 1 / 0.65).all()
    mine = found.for_cohort("jp-ja-40-on")
    assert calibration.for_run(mine, session.coding.folder) is mine
    assert calibration.for_run(replace(mine, scorer="au-nets/1"), session.coding.folder) is None
    assert calibration.apply(before, found.for_cohort("ng-yo")) is before
    assert calibration.apply(before, None) is before


def test_the_same_codings_give_the_same_calibration_in_any_order(found, signed):
    again = calibrate(signed[::-1], date=found.date)
    for name in ("de-de", "jp-ja-40-on"):
        one, two = found.for_cohort(name).units["12"], again.for_cohort(name).units["12"]
        assert two.rest.value == pytest.approx(one.rest.value, abs=1e-4)
        assert two.gain.error == pytest.approx(one.gain.error, abs=1e-4)


def test_it_reads_back_what_it_wrote(found, tmp_path):
    assert calibration.of_dict(json.loads(json.dumps(found.as_dict()))).as_dict() == found.as_dict()
    with pytest.raises(AnalysisError, match="another version"):
        calibration.of_dict(found.as_dict() | {"schema": 99})
    with pytest.raises(AnalysisError, match="no readable calibration"):
        calibration.of_dict({"schema": 1})
    with pytest.raises(AnalysisError, match="no readable calibration"):
        calibration.read(tmp_path / "nowhere.json")


def test_what_cannot_be_used_is_left_out_with_a_reason(signed):
    gone = replace(signed[0], coding=replace(signed[0].coding, folder=Path("nowhere"), participant="gone"))
    twice = replace(signed[1], cohort="us-es")
    told = calibrate([*signed[:10], gone, twice])
    assert told.participants == 10
    assert any("gone or unreadable" in one for one in told.skipped)
    assert any("two cohorts" in one for one in told.skipped)
    with pytest.raises(AnalysisError, match="a cohort needs 8"):
        calibrate(signed[:7])
    with pytest.raises(AnalysisError, match="score it again with au-nets/1"):
        calibrate(signed[:10], scorer="au-nets/1")
    with pytest.raises(Cancelled):
        calibrate(signed, should_stop=lambda: True)
