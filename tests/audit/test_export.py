"""The log as a file that somebody else can check without this program."""

import csv
import io
import json
import re
import subprocess
import sys
from datetime import date

import pytest
from django.urls import reverse

from facsweb.audit import anchors, export, hooks, services
from facsweb.audit.models import Entry
from facsweb.studies.services import create_study
from tests.audit.conftest import forge
from tests.conftest import REPOSITORY


@pytest.fixture
def program(tmp_path):
    """The checking program as docs/audit.md prints it, in a file of its own."""
    text = (REPOSITORY / "docs" / "audit.md").read_text(encoding="utf-8")
    [found] = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert len(found.splitlines()) <= 60
    assert "facsweb" not in re.sub(r"#.*", "", found)
    path = tmp_path / "check.py"
    path.write_text(found)
    return path


@pytest.fixture
def taken(client_as, study, entries, people):
    """What the administrator gets, for a study between whose entries others of the installation stand."""
    services.record(people["coder"], "thing.change", study, before={"a": "ü"}, after={"a": None})
    create_study(people["staff"], name="Secret", purpose="P.", setting="research", jurisdiction="Japan")
    services.record(people["coder"], "thing.do", study, ratio=0.5)

    def get(kind, **query):
        url = reverse("audit:export", args=[study.pk])
        response = client_as("administrator").get(url, {"format": kind, **query})
        assert response.status_code == 200
        return b"".join(response.streaming_content)

    return get


def rows_of(body):
    return [json.loads(line) for line in body.decode().splitlines()]


def run(program, body, tmp_path, *arguments):
    path = tmp_path / "log.jsonl"
    path.write_bytes(body)
    done = subprocess.run([sys.executable, "-I", program, path, *arguments], capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def test_csv_holds_everything_oldest_first(taken, entries):
    rows = list(csv.DictReader(io.StringIO(taken("csv").decode())))
    assert [row["action"] for row in rows] == [*["thing.do"] * 4, "thing.change", "thing.do"]
    change = rows[4]
    assert json.loads(change["before"]) == {"a": "ü"}
    assert json.loads(change["actor_label"]) == "coder@example.org"
    stored = Entry.objects.get(number=change["number"])
    assert (change["hash"], change["previous_hash"], change["salt"]) == (
        stored.hash,
        stored.previous_hash,
        stored.salt,
    )
    assert set(rows[0]) == set(export.COLUMNS)


def test_a_text_that_somebody_chose_is_no_formula(taken, study, people):
    from facsweb.audit import origin

    with origin.acting(origin.Origin(agent="=HYPERLINK(1)", via="+1")):
        services.record(people["coder"], "thing.do", study)
    *_, row = csv.reader(io.StringIO(taken("csv").decode()))
    assert not [cell for cell in row if cell[:1] in "=+-@" and cell]


def test_that_it_was_taken_is_in_the_log(taken, study, people):
    taken("jsonl", action="thing.do", since="2020-01-01")
    entry = Entry.objects.get(action="log.export")
    assert (entry.actor_label, entry.study_id) == ("administrator@example.org", study.pk)
    assert entry.details["format"] == "jsonl"
    assert entry.details["filter"] == {"action": "thing.do", "since": "2020-01-01"}
    assert entry.details["until"] == entry.number - 1


def test_the_filter_narrows_it_and_nonsense_is_refused(taken, client_as, study):
    assert {row["action"] for row in rows_of(taken("jsonl", action="thing.change"))} == {"thing.change"}
    url = reverse("audit:export", args=[study.pk])
    assert client_as("administrator").get(url, {"format": "exe"}).status_code == 404
    assert client_as("coder").get(url).status_code == 403


def test_the_whole_chain_is_checked_by_a_program_that_is_not_ours(taken, program, tmp_path):
    anchors.make(date(2026, 1, 1))
    body = taken("chain")
    assert b"Secret" not in body
    assert b"study.create" not in body  # another study's entries are hashes only
    code, said = run(program, body, tmp_path)
    assert code == 0, said
    assert "6 entries read, " in said
    assert "1 anchors fit" in said


def test_a_studys_own_entries_are_checked_one_by_one(taken, program, tmp_path):
    code, said = run(program, taken("jsonl"), tmp_path)
    assert code == 0, said


def changed(body, **values):
    rows = rows_of(body)
    next(row for row in rows if row.get("number") == 3).update(values)
    return "\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode()


@pytest.mark.parametrize(
    "values",
    [{"actor_label": "eve"}, {"at": "2020"}, {"details": {}}, {"address": "1"}, {"salt": ""}, {"hash": "0" * 64}],
)
def test_that_program_finds_what_was_altered(taken, program, tmp_path, values):
    code, said = run(program, changed(taken("chain"), **values), tmp_path)
    assert code == 1
    assert "entry 3" in said


def test_that_program_finds_what_is_missing_and_who_signed_something_else(taken, program, tmp_path):
    anchors.make(date(2026, 1, 1))
    lines = taken("chain").splitlines(keepends=True)
    code, said = run(program, b"".join(lines[:3] + lines[4:]), tmp_path)
    assert (code, "entry 4 does not follow entry 2" in said) == (1, True)
    code, said = run(program, b"".join(lines[:3]), tmp_path)
    assert (code, "it ends at entry 2 instead of" in said) == (1, True)
    code, said = run(program, b"".join([b'{"chain":2}\n', *lines[1:3], lines[-1]]), tmp_path)
    assert (code, "anchor of 2026-01-01 signed something else" in said) == (1, True)
    wrong = lines[-1].replace(b'\\"entry\\":', b'\\"entry\\": ')
    code, said = run(program, b"".join([*lines[:-1], wrong]), tmp_path)
    assert code == 1
    assert "signature" in said


def test_what_one_codes_blind_is_withheld_in_a_file_too_and_the_chain_still_checks(
    taken, program, tmp_path, monkeypatch
):
    change = Entry.objects.get(action="thing.change")
    monkeypatch.setattr(hooks, "withheld", [lambda user, entries: {change.number}])
    for kind in ("jsonl", "chain"):
        body = taken(kind)
        [row] = [row for row in rows_of(body) if row.get("number") == change.number]
        assert row["withheld"]
        assert not {"details", "before", "after", "salt", "address", "session", "object_id"} & set(row)
        code, said = run(program, body, tmp_path)
        assert code == 0, said
    [row] = [r for r in csv.DictReader(io.StringIO(taken("csv").decode())) if r["number"] == str(change.number)]
    assert (row["withheld"], row["before"], row["salt"]) == ("true", "", "")


def test_entries_of_the_first_form_are_checked_too(taken, program, tmp_path, tampered):
    from django.db import connection

    from facsweb.audit import chain, triggers

    with connection.cursor() as cursor:
        for statement in triggers.remove_sql(connection.vendor):
            cursor.execute(statement)
    previous = chain.GENESIS
    blank = {"before": None, "after": None, "address": "", "agent": "", "session": "", "via": "", "salt": ""}
    for entry in Entry.objects.order_by("number"):
        forge(entry, previous, **({"format": 1, **blank} if entry.number < 4 else {}))
        previous = entry.hash
    tampered()
    for kind in ("jsonl", "chain"):
        body = taken(kind)
        assert run(program, body, tmp_path)[0] == 0
        assert run(program, changed(body, actor_label="eve"), tmp_path)[0] == 1


def test_the_installations_log_is_taken_by_staff(client_as, people, entries, study):
    services.record(people["staff"], "account.create", people["coder"], email="coder@example.org")
    response = client_as("staff").get(reverse("audit:installation_export"), {"format": "jsonl"})
    rows = rows_of(b"".join(response.streaming_content))
    assert [row["action"] for row in rows] == ["account.create"]
    assert Entry.objects.get(action="log.export").study_id is None
