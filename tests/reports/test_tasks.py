"""The worker's part: run twice, die anywhere, lose the queue."""

import datetime as dt
import errno
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.core.files.storage import default_storage
from django.db import OperationalError
from django.utils import timezone

from facsweb.processes import belt, duties, queue
from facsweb.processes.models import Ticket
from facsweb.reports import authority, document, services
from facsweb.reports.models import Report
from facsweb.reports.tasks import render_report
from facsweb.reports.waiting import MAX_ATTEMPTS
from tests.conftest import PASSWORD


@pytest.fixture
def waiting(sign_off):
    return sign_off.report


def stored():
    return sorted(default_storage.listdir("reports")[1]) if default_storage.exists("reports") else []


@pytest.mark.django_db
def test_a_second_run_changes_nothing(report):
    before, files = report.pdf_sha256, stored()
    render_report(str(report.pk))
    report.refresh_from_db()
    assert (report.pdf_sha256, stored()) == (before, files)


@pytest.mark.django_db
def test_the_slower_of_two_workers_leaves_nothing_behind(waiting, monkeypatch):
    whole = document.typeset

    def overtaken(*arguments):
        monkeypatch.setattr(document, "typeset", whole)
        render_report(str(waiting.pk))
        return whole(*arguments)

    monkeypatch.setattr(document, "typeset", overtaken)
    before = len(stored())
    render_report(str(waiting.pk))
    waiting.refresh_from_db()
    assert waiting.state == "ready"
    assert len(stored()) == before + 1


@pytest.mark.django_db
def test_a_report_revoked_while_it_is_made_stays_revoked(waiting, people, monkeypatch):
    whole = document.typeset

    def revoked(*arguments):
        services.revoke(people["administrator"], waiting, "Changed my mind")
        return whole(*arguments)

    monkeypatch.setattr(document, "typeset", revoked)
    before = stored()
    render_report(str(waiting.pk))
    waiting.refresh_from_db()
    assert (waiting.state, bool(waiting.pdf), stored()) == ("revoked", False, before)


@pytest.mark.django_db
def test_content_that_was_altered_in_the_database_is_never_sealed(waiting):
    sign_off = waiting.sign_off
    sign_off.content["counts"]["signed"] = 99
    sign_off.save()
    render_report(str(waiting.pk))
    waiting.refresh_from_db()
    assert waiting.state == "failed"
    assert "Your sign-off is safe" in waiting.error


@pytest.mark.django_db
def test_failure_and_another_try(waiting, people, monkeypatch):
    def broken(*arguments):
        raise RuntimeError("no fonts")

    with monkeypatch.context() as patch:
        patch.setattr(document, "typeset", broken)
        render_report(str(waiting.pk))
    waiting.refresh_from_db()
    assert waiting.state == "failed"
    services.retry(people["coder"], waiting)
    services.retry(people["coder"], waiting)
    render_report(str(waiting.pk))
    waiting.refresh_from_db()
    assert (waiting.state, waiting.error) == ("ready", "")


@pytest.mark.django_db(transaction=True)
def test_a_real_worker_makes_the_report(layer, people, redis):
    from rq import SimpleWorker

    report = services.sign(people["coder"], layer, password=PASSWORD, statement="I confirm.").report
    assert queue.is_waiting(f"report-{report.pk}")
    SimpleWorker([queue.get_queue()], connection=queue.connection()).work(burst=True)
    report.refresh_from_db()
    assert report.state == "ready"


@pytest.mark.django_db(transaction=True)
def test_a_lost_job_is_put_back_once(layer, people, redis):
    report = services.sign(people["coder"], layer, password=PASSWORD, statement="I confirm.").report
    assert services.recover_reports() == 0  # it is young and in the queue
    redis.flushall()
    assert queue.tend() == [f"report-{report.pk}"]
    Ticket.objects.all().delete()
    Report.objects.update(queued_at=timezone.now() - timedelta(minutes=2))
    assert services.recover_reports() == 1
    assert queue.is_waiting(f"report-{report.pk}")
    assert services.recover_reports() == 0
    assert services.recover_reports in duties.duties


@pytest.mark.django_db
@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, "No space left"), OperationalError("closed"), ValueError()]
)
def test_a_report_waits_out_a_full_disk_and_a_database_that_is_away(waiting, monkeypatch, error):
    def typeset(*_):
        raise error

    monkeypatch.setattr(document, "typeset", typeset)
    render_report(str(waiting.pk))
    waiting.refresh_from_db()
    passing = not isinstance(error, ValueError)
    assert (waiting.state, waiting.attempts) == (("waiting", 0) if passing else ("failed", 1))


@pytest.mark.django_db
def test_a_report_waits_for_the_time_in_which_its_certificate_is_valid(waiting, settings, tmp_path):
    """As after a clock that was ahead when the certificate was made, and is set back."""

    class Ahead(dt.datetime):
        @classmethod
        def now(cls, tz=None):
            return dt.datetime.now(tz) + timedelta(hours=5)

    settings.KEYS_DIR = tmp_path
    ahead = SimpleNamespace(datetime=Ahead, timedelta=timedelta, UTC=dt.UTC)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(authority, "dt", ahead)
        authority.leaf()
    render_report(str(waiting.pk))
    waiting.refresh_from_db()
    assert (waiting.state, waiting.attempts) == ("waiting", 0)
    assert waiting.queued_at > timezone.now(), "not at once again"


@pytest.mark.django_db(transaction=True)
def test_a_report_that_kills_its_workers_is_given_up(layer, people, redis):
    services.sign(people["coder"], layer, password=PASSWORD, statement="I confirm.")
    Ticket.objects.all().delete()  # as a worker's end leaves it
    Report.objects.update(queued_at=timezone.now() - timedelta(minutes=2), attempts=MAX_ATTEMPTS)
    assert services.recover_reports() == 0
    assert Report.objects.get().state == "failed"


@pytest.mark.django_db(transaction=True)
def test_signing_works_while_redis_is_gone(layer, people, monkeypatch):
    from redis import ConnectionError as Gone

    def gone(*arguments, **named):
        raise Gone("gone")

    monkeypatch.setattr(belt, "rq_queue", gone)
    report = services.sign(people["coder"], layer, password=PASSWORD, statement="I confirm.").report
    Report.objects.update(queued_at=timezone.now() - timedelta(minutes=2))
    assert services.recover_reports() == 0
    report.refresh_from_db()
    assert report.state == "waiting"
