"""Two who want the same at one moment: the database ends one of them, and is told to ask again."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError, OperationalError, connection, transaction

from facsweb import unavailable
from facsweb.audit import services as audit
from facsweb.processes.outage import is_contention
from facsweb.studies.models import Participant, Study
from facsweb.unavailable import CONTENTION
from tests import postgresql
from tests.api.conftest import caller, secret_for  # noqa: F401


class Deadlocked(Exception):  # noqa: N818
    """As psycopg's, of which Django makes an error of its own."""

    sqlstate = "40P01"


def contention() -> OperationalError:
    error = OperationalError("deadlock detected")
    error.__cause__ = Deadlocked()
    return error


@pytest.fixture
def ended(monkeypatch) -> None:
    """Whatever is asked of a study, the database ends it."""

    def met(*_: object) -> None:
        raise contention()

    monkeypatch.setattr("facsweb.studies.access.roles_of", met)


@pytest.mark.django_db
@pytest.mark.usefixtures("ended")
def test_pages_scripts_and_programs_are_told_to_ask_again(client_as, caller, study):  # noqa: F811
    client, address = client_as("analyst"), f"/studies/{study.pk}/"
    for accepts, told in (("text/html", CONTENTION), ("application/json", '"code": "busy"')):
        answer = client.get(address, headers={"accept": accepts})
        assert (answer.status_code, answer["Retry-After"]) == (503, "1")
        assert told in answer.content.decode()
    answer = caller().get(f"/studies/{study.pk}")
    assert (answer.status_code, answer["Retry-After"]) == (503, "1")
    assert answer.json()["detail"] == CONTENTION


@pytest.mark.django_db
def test_so_they_are_where_a_middleware_met_it(client_as, study, monkeypatch):
    """And a fault of a middleware stays one."""
    client, address = client_as("analyst"), f"/studies/{study.pk}/"
    client.raise_request_exception = False

    def meet(error: Exception) -> Any:
        def met(*_: object) -> None:
            raise error

        monkeypatch.setattr("facsweb.accounts.middleware.FirstThings.__call__", met)
        return client.get(address)

    answer = meet(contention())
    assert (answer.status_code, answer["Retry-After"]) == (503, "1")
    assert CONTENTION in answer.content.decode()
    answer = meet(LookupError("a fault"))
    assert answer.status_code == 500
    assert "a fault" not in answer.content.decode()


@postgresql.ONLY
@pytest.mark.django_db(transaction=True)
def test_a_deadlock_is_known_as_one(participant, people):
    """What PostgreSQL says when two wait for each other."""
    from concurrent.futures import ThreadPoolExecutor
    from threading import Barrier

    from django.db import connections

    both = Barrier(2)

    def cross(first: type, second: type) -> str:
        try:
            with transaction.atomic():
                first.objects.select_for_update(no_key=True).get()
                both.wait()
                second.objects.select_for_update(no_key=True).get()
        except DatabaseError as error:
            return "known" if is_contention(error) and unavailable.refusal_of(error) else repr(error)
        finally:
            connections.close_all()
        return "went on"

    with ThreadPoolExecutor(2) as beside:
        told = [beside.submit(cross, *pair) for pair in ((Study, Participant), (Participant, Study))]
        assert sorted(one.result() for one in told) == ["known", "went on"]


@postgresql.ONLY_SQLITE
@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_locked_for_too_long_is_known_as_one(participant, tmp_path):
    import sqlite3

    beside = sqlite3.connect(connection.settings_dict["NAME"], timeout=5)
    beside.execute("BEGIN IMMEDIATE")
    try:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA busy_timeout = 50")
        with pytest.raises(OperationalError) as met, transaction.atomic():
            audit.record(None, "thing.do", participant)
        assert is_contention(met.value)
    finally:
        beside.rollback()
        beside.close()
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA busy_timeout = 20000")
    assert not is_contention(OperationalError("no such table: nothing"))
