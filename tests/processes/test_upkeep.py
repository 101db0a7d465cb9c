"""SQLite plans by figures that the recovery process has it take."""

from __future__ import annotations

import pytest
from django.db import connection

from facsweb.processes import upkeep
from facsweb.processes.duties import duties
from facsweb.runs.models import AnalysisRun
from tests.factories import make_recording
from tests.home.test_many import add, copies

pytestmark = pytest.mark.django_db(transaction=True)


def plan(queryset):
    sql, values = queryset.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}", values)
        return [row[-1] for row in cursor.fetchall()]


@pytest.mark.skipif("connection.vendor != 'sqlite'")
def test_a_study_is_not_looked_for_among_all_finished_runs(participant, consent, people, study, monkeypatch):
    assert upkeep.keep_figures in duties
    add(copies(make_recording(participant, people["analyst"]), 300), people, "succeeded")
    wanted = AnalysisRun.objects.filter(recording__participant__study=study, state="succeeded")
    assert any("(state=?)" in line for line in plan(wanted)), "what SQLite does without figures"
    monkeypatch.setattr(upkeep, "_last", float("-inf"))
    upkeep.keep_figures()
    connection.close()  # figures are read when a connection begins
    assert not any("(state=?)" in line for line in plan(wanted))
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE sqlite_stat1")


def test_it_is_done_once_an_hour(monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(upkeep, "_last", float("-inf"))
    upkeep.keep_figures()
    with django_assert_num_queries(0):
        upkeep.keep_figures()
