"""A study with one person in every role, a stranger, and a participant who consented."""

from __future__ import annotations

import functools
import gc
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

REPOSITORY = Path(__file__).resolve().parent.parent
SHARED = REPOSITORY.parent / "shared"
MEDIA = REPOSITORY / "tests" / "media"
PASSWORD = "correct horse battery staple"


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment) -> Iterator[None]:
    """The tests' database: a copy of a migrated one, emptied after each test with real transactions."""
    from django.db import connection
    from django.test import TransactionTestCase

    from tests import emptying, migrated

    name = migrated.of_the_tests()
    connection.close()
    connection.settings_dict["NAME"] = name  # which is that of the settings, too
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda test: emptying.empty())
        yield


@pytest.fixture(scope="session", autouse=True)
def _a_busy_machine_lets_no_look_rest() -> Iterator[None]:
    """What is looked for less often where looking takes long (`processes.duties`) is looked for every time."""
    from facsweb.processes import duties

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(duties, "SLOW_S", float("inf"))
        yield


@pytest.fixture(autouse=True)
def _a_count_of_its_own() -> None:
    """What waited in the test before is not counted among what comes before a job of this one."""
    from facsweb.processes import place

    place.forget()


#: Folders whose installations have databases of their own, of both kinds; what asks the tests' own runs on both.
OF_BOTH = frozenset({"operation", "image", "rollout", "load", "chaos"})


def asks_the_tests_database(item: pytest.Item) -> bool:
    """Whether a test has the fixture or mark without which pytest-django refuses it every connection."""
    fixtures = {"db", "transactional_db"}
    return bool(item.get_closest_marker("django_db") or fixtures & set(item.fixturenames))


def touches_database(item: pytest.Item) -> bool:
    """Whether a test can reach a database: that of the tests, or that of an installation of its own by programs
    that its module or one of its fixtures' starts.
    """
    from tests import migrated, programs

    if asks_the_tests_database(item):
        return True
    fixtures = [one.func for found in item._fixtureinfo.name2fixturedefs.values() for one in found]
    starting = (migrated, programs.of_its_own, migrated.installation)
    known = [value for made in (item.obj, *fixtures) for value in getattr(made, "__globals__", {}).values()]
    return any(value is one for value in known for one in starting)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "once: looks at what no database can change, and other tests ask the same addresses on both; runs on one",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On PostgreSQL run what its being PostgreSQL can change; beside the whole suite on SQLite, nothing `once`."""
    from tests import postgresql

    def wanted(item: pytest.Item) -> bool:
        if item.path.parent.name in OF_BOTH and not asks_the_tests_database(item):
            return False
        done = postgresql.BESIDE_SQLITE in os.environ and item.get_closest_marker("once")
        return touches_database(item) and not done

    if postgresql.asked():
        config.hook.pytest_deselected(items=[item for item in items if not wanted(item)])
        items[:] = [item for item in items if wanted(item)]


@functools.cache
def hash_of_password() -> str:
    """As the database keeps it; one for everybody."""
    from django.contrib.auth.hashers import make_password

    return make_password(PASSWORD)


@pytest.fixture
def people(db):
    """Role value (and "stranger", "staff") → user."""
    from facsweb.accounts.models import User
    from facsweb.studies.models import Role

    names = [*[str(role) for role in Role], "stranger", "staff"]
    people = {
        name: User(
            email=f"{name}@example.org",
            name=f"{name.title()} Person",
            password=hash_of_password(),
            is_staff=name == "staff",
        )
        for name in names
    }
    User.objects.bulk_create(people.values())
    return people


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

    from facsweb.processes import belt

    redis_server.start()  # a test may have killed it
    client = Redis.from_url(redis_server.url)
    client.flushall()
    # Tests without Redis were here before: nobody rests from trying it, nor knows how many workers listened.
    belt._away_until = 0.0
    belt._listeners.clear()
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
