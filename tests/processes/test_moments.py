"""A clock that is set, and a database that is away: what waits goes on, what lives is not taken for dead."""

from __future__ import annotations

import errno
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import OperationalError
from django.utils import timezone

from analysis.types import AnalysisError
from facsweb.processes import moments, outage, queue
from facsweb.reports import services as reports
from facsweb.reports.models import Report
from facsweb.runs import attempts, job, recovery, services
from facsweb.runs.models import AnalysisRun
from tests.factories import make_finished_run, make_recording

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis")]
State = AnalysisRun.State
HOURS = timedelta(hours=3)


@pytest.fixture
def clocks(monkeypatch):
    """The wall's clock and the steady one of `moments`, to be set by hand."""
    hands = SimpleNamespace(wall=1_000_000.0, steady=500.0)
    clock = SimpleNamespace(time=lambda: hands.wall, monotonic=lambda: hands.steady)
    monkeypatch.setattr(moments, "time", clock)
    monkeypatch.setattr(moments, "_difference", None)
    monkeypatch.setattr(moments, "_set_at", float("-inf"))
    return hands


def test_a_clock_that_was_set_is_not_trusted_until_the_living_have_spoken(clocks):
    since = timedelta(seconds=15)
    assert moments.trusted(since)
    clocks.wall, clocks.steady = clocks.wall + 3, clocks.steady + 3
    assert moments.trusted(since)
    clocks.wall += 3600
    assert not moments.trusted(since)
    clocks.wall, clocks.steady = clocks.wall + 14, clocks.steady + 14
    assert not moments.trusted(since)
    clocks.wall, clocks.steady = clocks.wall + 2, clocks.steady + 2
    assert moments.trusted(since)
    clocks.wall -= 7200
    assert not moments.trusted(since)


@pytest.fixture
def run(participant, consent, people):
    return services.create(people["analyst"], make_recording(participant, people["analyst"]), {"max_faces": 1})


def test_living_runs_stay_when_the_clock_is_set_forward(clocks, run):
    attempts.claim(run.pk, 1, "worker A")
    assert recovery.recover() == 0
    clocks.wall += HOURS.total_seconds()
    AnalysisRun.objects.update(heartbeat_at=timezone.now() - HOURS)  # as it looks from there
    assert recovery.recover() == 0
    clocks.steady += 16
    clocks.wall += 16
    assert recovery.recover() == 1, "silent for long enough, by the steady clock too"


def test_a_dead_run_of_the_future_is_put_back_when_the_clock_is_set_back(run):
    attempts.claim(run.pk, 1, "worker A")
    AnalysisRun.objects.update(heartbeat_at=timezone.now() + HOURS)
    assert recovery.recover() == 1
    run.refresh_from_db()
    assert (run.state, run.attempt) == (State.QUEUED, 2)


def test_what_was_queued_in_the_future_does_not_wait_for_it(run, redis):
    AnalysisRun.objects.update(queued_at=timezone.now() + HOURS)
    redis.flushall()
    assert recovery.recover() == 1
    assert queue.is_waiting(f"run-{run.pk}-1")


def test_a_report_of_the_future_does_not_wait_for_it(participant, consent, people, redis):
    from facsweb.coding.services import open_layer
    from facsweb.reports.models import SignOff

    coder = people["coder"]
    layer = open_layer(coder, make_finished_run(make_recording(participant, coder), coder))
    signed = SignOff.objects.create(
        layer=layer, signer=coder, signed_at=timezone.now(), statement="x", content={}, content_sha256="0"
    )
    report = Report.objects.create(sign_off=signed, queued_at=timezone.now() + HOURS)
    assert reports.recover_reports() == 1
    assert queue.is_waiting(f"report-{report.pk}")


def test_a_result_outlasts_a_database_that_is_away_for_moments(monkeypatch):
    monkeypatch.setattr(outage, "AGAIN_S", 0)
    answers = iter([OperationalError("the server closed the connection"), OperationalError("locked"), "done"])

    def do():
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert outage.outlast(do) == "done"

    def away():
        raise OperationalError("the server closed the connection")

    with pytest.raises(OperationalError):
        outage.outlast(away, patience_s=0)


def test_a_full_disk_is_said_without_the_servers_paths(run, monkeypatch):
    def full(*_):
        try:
            raise OSError(errno.ENOSPC, "No space left on device", "/srv/data/media/runs/x")
        except OSError as error:
            raise AnalysisError(f"The results cannot be written: {error}") from error

    monkeypatch.setattr(job, "_work", full)
    job.perform(run.pk, 1, "worker A")
    run.refresh_from_db()
    assert (run.state, run.error) == (State.FAILED, job.NO_ROOM)
    assert "/srv/data" in run.error_detail, "for the operator"


def test_a_run_that_met_an_outage_is_not_said_to_have_failed(run, monkeypatch):
    def away(*_):
        raise OperationalError("the server closed the connection unexpectedly")

    monkeypatch.setattr(job, "_work", away)
    job.perform(run.pk, 1, "worker A")
    run.refresh_from_db()
    assert (run.state, run.error) == (State.RUNNING, "")
    AnalysisRun.objects.update(heartbeat_at=timezone.now() - timedelta(minutes=1))
    assert recovery.recover() == 1
    run.refresh_from_db()
    assert (run.state, run.attempt, run.crashes) == (State.QUEUED, 2, 1)
