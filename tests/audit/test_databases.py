"""The log in a real installation of its own: several processes, the application's role."""

from __future__ import annotations

import json
import textwrap
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from tests import migrated, postgresql
from tests.audit.forks import Ended, Forks
from tests.conftest import REPOSITORY
from tests.programs import of_its_own


@dataclass
class Installation:
    """A migrated installation in a folder of its own."""

    folder: Path
    forks: Forks

    def at_once(self, *programs: str) -> list[str]:
        """What programs print that run at the same time, each in a process of its own."""
        ended = self.forks.run(*((textwrap.dedent(program), ["-c"]) for program in programs))
        for one in ended:
            assert one.status == 0, one.err
        return [one.out for one in ended]

    def run(self, program: str, *arguments: str) -> str:
        (ended,) = self.forks.run((textwrap.dedent(program), ["-c", *arguments]))
        assert ended.status == 0, ended.err
        return ended.out

    def manage(self, *arguments: str) -> Ended:
        (ended,) = self.forks.run(("import manage; manage.main()", ["manage.py", *arguments]))
        return ended

    def verify(self) -> dict[str, object]:
        said: dict[str, object] = json.loads(self.manage("audit", "verify", "--json").out)
        return said


@pytest.fixture(scope="module")
def installation(tmp_path_factory):
    folder = migrated.installation(tmp_path_factory.mktemp("installation"))
    environment = of_its_own(folder) | {
        "DJANGO_SETTINGS_MODULE": "facsweb.settings",
        "ALLOWED_HOSTS": "testserver",
    }
    forks = Forks(environment, REPOSITORY)
    yield Installation(folder, forks)
    forks.close()


WRITE = """
study = Study(name="S")
failures = []
def write():
    try:
        for step in range(12):
            services.record(None, "thing.do", study, step=step, number=1e20, zero=-0.0, small=1e-9, words="ü\\0😀")
    except Exception as error:
        failures.append(repr(error))
    finally:
        connection.close()
threads = [threading.Thread(target=write) for _ in range(3)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
assert not failures, failures
"""


def test_many_writers_at_once_leave_numbers_without_a_gap(installation):
    """From the empty log on, where there is no last row that could be locked."""
    installation.at_once(*[WRITE] * 3)
    said = installation.verify()
    assert (said["whole"], said["faults"]) == (True, [])
    assert said["entries"] == said["last"] == 3 * 3 * 12


def test_readers_at_once_leave_one_entry(installation):
    program = """
    study = Study(name="S", pk="7a6f9c1e-0000-4000-8000-000000000001")
    with origin.acting(origin.Origin(address="192.0.2.1")):
        for _ in range(5):
            reading.once(None, "study.read", study)
    """
    installation.at_once(*[program] * 3)
    count = "print(Entry.objects.filter(action='study.read').count())"
    assert installation.run(count) == "1\n"


GUESS = """
from facsweb.accounts import lockout
taken, together = [], threading.Barrier(12)
def guess():
    together.wait(120)
    try:
        lockout.begin("password", "victim@example.org", "192.0.2.1")
        taken.append(1)
    except lockout.Closed:
        pass
    finally:
        connection.close()
threads = [threading.Thread(target=guess) for _ in range(12)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(len(taken))
"""


def test_many_guesses_at_once_do_not_slip_past_the_limit(installation):
    assert sum(map(int, installation.at_once(*[GUESS] * 3))) == 10


def test_an_act_that_is_taken_back_leaves_no_gap(installation):
    installation.run("""
    study = Study(name="S")
    try:
        with transaction.atomic():
            services.record(None, "thing.undone", study)
            raise KeyError
    except KeyError:
        pass
    services.record(None, "thing.do", study)
    """)
    assert installation.verify()["faults"] == []


REFUSED = {
    "update": "UPDATE audit_entry SET action = 'x' WHERE number = 2",
    "delete": "DELETE FROM audit_entry WHERE number = 2",
    "delete all": "DELETE FROM audit_entry",
    "anchor update": "UPDATE audit_anchor SET statement = 'x'",
    "anchor delete": "DELETE FROM audit_anchor",
    "gap": "INSERT INTO audit_entry ({columns}) SELECT number + 5, {new} FROM audit_entry WHERE number = {last}",
    "in between": "INSERT INTO audit_entry ({columns}) SELECT 2, {new} FROM audit_entry WHERE number = {last}",
    "branch": "INSERT INTO audit_entry ({columns}) SELECT {last} + 1, {branch} FROM audit_entry WHERE number = 2",
    "same hash": "INSERT INTO audit_entry ({columns}) SELECT {last} + 1, {same} FROM audit_entry "
    "WHERE number = {last}",
}
ONLY_POSTGRESQL = {
    "truncate": "TRUNCATE audit_entry",
    "truncate with others": "TRUNCATE audit_entry, audit_anchor CASCADE",
    "upsert": "INSERT INTO audit_entry ({columns}) SELECT number, {same} FROM audit_entry WHERE number = {last} "
    "ON CONFLICT (number) DO UPDATE SET action = 'x'",
}


def test_raw_sql_of_the_applications_role_is_refused(installation):
    program = """
    anchors.daily()
    last, _ = services.head()
    columns = [field.column for field in Entry._meta.fields]
    rest = [name for name in columns if name not in ("number", "previous_hash", "hash")]
    columns = ", ".join(["number", "previous_hash", "hash", *rest])
    rest = ", ".join(rest)
    words = {
        "last": last, "columns": columns, "new": f"hash, 'h', {rest}", "branch": f"previous_hash, 'h', {rest}",
        "same": f"hash, hash, {rest}",
    }
    answers = {}
    for name, statement in json.loads(sys.argv[1]).items():
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(statement.format(**words))
            answers[name] = "done"
        except DatabaseError as error:
            answers[name] = str(error).splitlines()[0]
    print(json.dumps(answers))
    """
    wanted = REFUSED | (ONLY_POSTGRESQL if postgresql.asked() else {})
    answers = json.loads(installation.run(program, json.dumps(wanted)))
    assert answers == dict.fromkeys(wanted, "The audit log is append-only.")
    assert installation.verify()["faults"] == []


def test_the_page_and_its_filters_answer(installation):
    out = installation.run("""
    from django.test import Client
    from django.test.utils import setup_test_environment
    from facsweb.studies.services import create_study
    setup_test_environment()
    staff = User.objects.create_user("staff@example.org", "Staff", "correct horse battery", is_staff=True)
    study = create_study(staff, name="S", purpose="P.", setting="research", jurisdiction="Japan")
    with origin.acting(origin.Origin(address="127.0.0.1")):
        services.record(staff, "thing.change", study, before={"mood": "müde"}, after={"mood": "wach"})
    client = Client()
    client.force_login(staff, backend="allauth.account.auth_backends.AuthenticationBackend")
    url = f"/studies/{study.pk}/audit/"
    for query in (
        "", "?kind=change", "?kind=read", "?text=müde", "?object=study", "?origin=127.0", "?action=thing.change",
        "?person=staff@example.org", "?since=2020-01-01&until=2040-01-01", "?check=all", "?before=3",
        "?until=2020-01-01",
    ):
        answer = client.get(url + query)
        assert answer.status_code == 200, query
        shown = [entry.action for entry in answer.context["page"]]
        absent = query in ("?kind=read", "?before=3", "?until=2020-01-01")
        assert ("thing.change" in shown) != absent, (query, shown)
        if query == "?check=all":
            assert "The chain of hashes holds" in answer.content.decode()
    for kind in ("csv", "jsonl", "chain"):
        body = b"".join(client.get(f"{url}export/?format={kind}").streaming_content).decode()
        assert "thing.change" in body
    print(forms.values_of("action", None)[:1], client.get("/log/").status_code)
    """)
    assert out.endswith("200\n")


@postgresql.ONLY
def test_a_superuser_who_lifts_the_protection_is_found(installation):
    as_superuser = partial(postgresql.superuser, postgresql.asked(), postgresql.name_of(installation.folder))
    installation.run(WRITE)
    with as_superuser() as connection:
        # A session that plays a replica skips ordinary triggers, not these.
        connection.execute("SET session_replication_role = replica")
        with pytest.raises(Exception, match="append-only"):
            connection.execute("UPDATE audit_entry SET actor_label = 'eve' WHERE number = 2")
        connection.execute("SET session_replication_role = DEFAULT")
        connection.execute("ALTER TABLE audit_entry DISABLE TRIGGER audit_entry_no_change")
        connection.execute("UPDATE audit_entry SET actor_label = 'eve' WHERE number = 2")
    kinds = [(fault["kind"], fault["number"]) for fault in installation.verify()["faults"]]
    assert kinds == [("protection", None), ("altered", 2)]
    with as_superuser() as connection:
        connection.execute("UPDATE audit_entry SET actor_label = 'system' WHERE number = 2")
        connection.execute("ALTER TABLE audit_entry ENABLE ALWAYS TRIGGER audit_entry_no_change")
        assert installation.verify()["faults"] == []
        body = "BEGIN RETURN NEW; END"
        sql = f"CREATE OR REPLACE FUNCTION audit_entry_refuse() RETURNS trigger LANGUAGE plpgsql AS $${body}$$"
        connection.execute(sql)
    said = [fault["sentence"] for fault in installation.verify()["faults"]]
    assert len(said) == 2
    assert all("is gone or changed" in sentence for sentence in said)
    with as_superuser() as connection:
        connection.execute("CREATE RULE quiet AS ON INSERT TO audit_entry DO INSTEAD NOTHING")
        connection.execute(
            "CREATE TRIGGER silent BEFORE INSERT ON audit_anchor FOR EACH ROW EXECUTE FUNCTION audit_anchor_next()"
        )
    said = [fault["sentence"] for fault in installation.verify()["faults"]]
    assert [name for name in ("quiet", "silent") if any(f"not ours, {name}" in one for one in said)] == [
        "quiet",
        "silent",
    ]
