"""Whom it was calibrated on: every cohort, and what the calibration that is applied says of it."""

from __future__ import annotations

import pytest

from analysis.calibration import NOT_CALIBRATED
from facsweb.calibration import services as calibrations
from facsweb.studies.models import Cohort
from tests.calibration.conftest import finished

pytestmark = pytest.mark.django_db


def test_without_a_calibration_every_cohort_is_said_not_to_be_calibrated(told, rows, participant):
    assert told("calibration").short.startswith("On nobody: no cohort is calibrated in this installation")
    found = {row["cohort"]: row for row in rows("calibration", "cohorts")}
    assert found.keys() == {*Cohort.objects.values_list("name", flat=True), "No cohort stated"}
    assert {row["state"] for row in found.values()} == {NOT_CALIBRATED}
    assert "Fewer than 3 participants" in found["No cohort stated"]["who"]


def test_a_calibration_that_is_applied_is_told_with_people_coders_and_errors(told, rows, people):
    version = finished(people["staff"])
    assert told("calibration").short.startswith("On nobody")
    assert rows("calibration", "versions")[0]["standing"] == "not applied"
    calibrations.choose(people["staff"], version)
    content = calibrations.content(version)
    done = [one for one in content.cohorts if one.calibrated]
    assert done
    short = told("calibration").short
    assert short.startswith(f"On {sum(one.participants for one in done)} consenting participants of ")
    by_name = {row["cohort"]: row for row in rows("calibration", "cohorts")}
    for one in done:
        row = by_name[Cohort.objects.get(key=one.id).name]
        assert (row["participants"], row["events"], row["coders"]) == (one.participants, one.events, one.coders)
        assert row["before"].startswith(f"{one.error.before.value:.2f} (")
        assert row["state"].startswith("yes, for ")
    others = [row for row in by_name.values() if not row["state"].startswith("yes")]
    assert len(others) == len(by_name) - len(done)
    assert all(NOT_CALIBRATED in row["state"] for row in others)
    assert len(rows("calibration", "fairness")) == len(content.fairness.gaps)
    assert set(content.cannot) <= set(told("calibration").notes)
