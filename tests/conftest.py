"""A study with one person in every role, a stranger, and a participant who consented."""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

REPOSITORY = Path(__file__).resolve().parent.parent
SHARED = REPOSITORY.parent / "shared"
MEDIA = REPOSITORY / "tests" / "media"
PASSWORD = "correct horse battery staple"


@pytest.fixture(scope="session", autouse=True)
def _audit_log_can_be_emptied_between_tests() -> Iterator[None]:
    """Transactional tests empty every table afterwards; that moment alone lifts the log's protection."""
    from django.db.backends.base.operations import BaseDatabaseOperations

    from facsweb.audit import triggers

    flush = BaseDatabaseOperations.execute_sql_flush

    def lifted(operations: Any, statements: list[str]) -> None:
        vendor = operations.connection.vendor
        flush(operations, [*triggers.remove_sql(vendor), *statements, *triggers.install_sql(vendor)])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseDatabaseOperations, "execute_sql_flush", lifted)
        yield


@pytest.fixture(scope="session", autouse=True)
def _a_busy_machine_lets_no_look_rest() -> Iterator[None]:
    """What is looked for less often where looking takes long (`processes.duties`) is looked for every time."""
    from facsweb.processes import duties

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(duties, "SLOW_S", float("inf"))
        yield


@pytest.fixture(scope="session")
def django_db_keepdb() -> bool:
    """Whether a migrated database is there already: lanes side by side start from copies of one."""
    from django.conf import settings

    from tests import made_once, migrated

    if made_once.SHARED not in os.environ:
        return False
    shutil.copyfile(migrated.database(), settings.DATABASES["default"]["TEST"]["NAME"])
    return True


@pytest.fixture
def people(db):
    """Role value (and "stranger", "staff") → user."""
    from facsweb.accounts.models import User
    from facsweb.studies.models import Role

    names = [*[str(role) for role in Role], "stranger", "staff"]
    return {
        name: User.objects.create_user(
            f"{name}@example.org", f"{name.title()} Person", PASSWORD, is_staff=name == "staff"
        )
        for name in names
    }


@pytest.fixture
def study(people):
    from facsweb.studies.models import Membership, Role, Study

    study = Study.objects.create(
        name="Checkout usability",
        purpose="We want to see where people struggle.",
        setting="usability",
        jurisdiction="Germany",
        created_by=people["administrator"],
    )
    Membership.objects.bulk_create(Membership(study=study, user=people[role], role=role) for role in Role)
    return study


@pytest.fixture
def participant(study, people):
    from facsweb.studies.models import Participant

    return Participant.objects.create(study=study, code="P-001", created_by=people["analyst"])


@pytest.fixture
def consent(participant, people):
    """A current consent to everything."""
    from tests.factories import make_consent

    return make_consent(participant, people["analyst"])


@pytest.fixture
def second(participant, consent, people):
    """Another participant of the study, who consented too."""
    from django.utils import timezone

    from facsweb.studies.models import Consent, Participant

    other = Participant.objects.create(study=participant.study, code="P-002", created_by=people["analyst"])
    values = {name: getattr(consent, name) for name in ("form", "scopes", "method", "signature", "recorded_by")}
    Consent.objects.create(participant=other, given_at=timezone.now(), **values)
    return other


@pytest.fixture
def client_as(people) -> Callable[[str], Client]:
    """Signed-in test client of the person in a role."""

    def sign_in(role: str) -> Client:
        client = Client()
        client.force_login(people[role], backend="allauth.account.auth_backends.AuthenticationBackend")
        return client

    return sign_in


@pytest.fixture
def one_moment(monkeypatch) -> Any:
    """The time of the site stands still until the test ends: midnight does not come in its middle."""
    from django.utils import timezone

    now = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: now)
    return now


@pytest.fixture(scope="session")
def models() -> None:
    """The face models, installed once into the usual cache folder."""
    from analysis import models
    from analysis.types import ModelError

    try:
        models.install()
    except ModelError as error:
        pytest.skip(f"The face models cannot be obtained here: {error}")


@pytest.fixture(scope="session")
def redis_server() -> Iterator[Any]:
    """The installation's own Redis, started once for all tests that need it."""
    from django.conf import settings

    from facsweb.processes.redis_server import RedisServer

    with RedisServer(settings.DATA_DIR) as server:
        yield server


@pytest.fixture
def redis(redis_server) -> Any:
    """Client of a real, empty Redis, the one that the queue, the channel layer and child processes use."""
    from redis import Redis

    redis_server.start()  # a test may have killed it
    client = Redis.from_url(redis_server.url)
    client.flushall()
    yield client
    client.close()


def pytest_collection_finish() -> None:
    """Whatever was imported stays to the end, so the garbage collector need not walk it again and again.

    With that and rarer rounds, tests of pages take about a fifth less of the processor.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 20)


def pytest_unconfigure() -> None:
    """The very last line says so when the browser tests could not run."""
    from tests.browser.screenshots import chromium

    if chromium() is None:
        print("No Chromium was found, so the browser tests were skipped. On Debian: apt-get install chromium")
