"""A database as large as asked for, of synthetic rows, and how long what people open takes with it.

    python -m tests.load.many --recordings 1000000 [--database postgresql] [--explain]

The rows are made by bulk SQL from one row of each kind that the product itself wrote: a tenth of all recordings
lies in one large study, the others in studies of a thousand. Nothing is on disk but the database, in a temporary
folder that is removed afterwards.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

#: Recordings of a participant, and of a study but for the large one.
PER_PARTICIPANT, PER_STUDY = 4, 1000
#: One in so many recordings is coded (5 events); entries of the log for each recording; lines of its run.
CODED_EVERY, EVENTS, ENTRIES, LINES = 50, 5, 4, 3
LONG_S = 20.0
STUDY, PERSON, RECORDING, RUN, LAYER, EVENT, REVISION, CONSENT = range(1, 9)


class Maker:
    """Copies template rows by SQL; ids are a kind and a number."""

    def __init__(self, recordings: int) -> None:
        from django.db import connection

        self.connection, self.recordings = connection, recordings
        self.postgres = connection.vendor == "postgresql"
        if (
            not self.postgres
        ):  # what breaks off is thrown away, so nothing is written twice; a later connection does
            for setting in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-500000"):
                self.run(f"PRAGMA {setting}")
        self.run("CREATE TABLE numbers (i integer PRIMARY KEY)")
        most = recordings * max(ENTRIES, LINES)
        counting = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {}) SELECT i FROM n"
        series = f"SELECT generate_series(0, {most - 1})" if self.postgres else counting.format(most - 1)
        self.run(f"INSERT INTO numbers {series}")

    def run(self, sql: str) -> None:
        with self.connection.cursor() as cursor:
            cursor.execute(sql)

    def id(self, kind: int, number: str) -> str:
        """SQL of a UUID."""
        if self.postgres:
            return f"(lpad(to_hex({kind}), 8, '0') || lpad(to_hex(({number})::bigint), 24, '0'))::uuid"
        return f"printf('%08x%024x', {kind}, {number})"

    def study(self, number: str) -> str:
        """SQL of the study of a recording: a tenth of all lies in the first."""
        tenth = self.recordings // 10
        return f"CASE WHEN {number} < {tenth} THEN 0 ELSE 1 + ({number} - {tenth}) / {PER_STUDY} END"

    def ago(self, days: str) -> str:
        """SQL of a moment so many days ago."""
        if self.postgres:
            return f"now() - ({days}) * interval '1 day'"
        return f"datetime('now', '-' || ({days}) || ' days')"

    def text(self, number: str, start: str) -> str:
        return f"'{start}' || ({number})"

    def copy(self, template: Any, count: int, columns: dict[str, str]) -> None:
        """Insert ``count`` copies of a stored row, with these columns computed from ``n.i``."""
        quote = self.connection.ops.quote_name
        table, key = quote(template._meta.db_table), quote(template._meta.pk.column)
        names = [field.column for field in template._meta.concrete_fields]
        if template._meta.pk.get_internal_type() in ("BigAutoField", "AutoField"):
            names.remove(template._meta.pk.column)
        chosen = ", ".join(columns.get(name, f"t.{quote(name)}") for name in names)
        prepared = template._meta.pk.get_db_prep_value(template.pk, self.connection)
        value = f"'{prepared}'" if not isinstance(prepared, int) else str(prepared)
        self.run(
            f"INSERT INTO {table} ({', '.join(map(quote, names))}) SELECT {chosen} "  # noqa: S608
            f"FROM {table} t, numbers n WHERE t.{key} = {value} AND n.i < {count}"
        )


def make(recordings: int) -> dict[str, Any]:
    """Fill the database; the people and the objects to ask for."""
    from django.contrib.auth.hashers import make_password

    from facsweb.accounts.models import User
    from facsweb.audit import triggers
    from facsweb.audit.models import Entry
    from facsweb.audit.services import record
    from facsweb.coding.models import Event, Layer, Revision
    from facsweb.coding.services import open_layer
    from facsweb.processes import upkeep
    from facsweb.recordings.models import Recording, Upload
    from facsweb.runs.models import AnalysisRun, LogLine
    from facsweb.studies.models import Consent, Membership, Role, Study
    from tests.factories import make_coder_at_work, make_finished_run, make_recording

    coder, participant = make_coder_at_work()
    recording = make_recording(participant, coder)
    run = make_finished_run(recording, coder)
    machine = open_layer(coder, run)
    line = LogLine.objects.create(run=run, attempt=1, text="Finished.")
    upload = Upload.objects.create(
        participant=participant, filename="a.mp4", length=1, offset=1, state="finished", created_by=coder
    )
    record(coder, "recording.create", recording)
    maker = Maker(recordings)
    people, studies = recordings // PER_PARTICIPANT, 1 + (recordings - recordings // 10) // PER_STUDY + 1
    first = f"(n.i * {PER_PARTICIPANT})"
    study = Study.objects.get()
    maker.copy(study, studies, {"id": maker.id(STUDY, "n.i"), "name": maker.text("n.i", "Study ")})
    maker.copy(
        participant,
        people,
        {
            "id": maker.id(PERSON, "n.i"),
            "code": maker.text("n.i", "P-"),
            "study_id": maker.id(STUDY, maker.study(first)),
        },
    )
    ids = {"id": maker.id(CONSENT, "n.i"), "participant_id": maker.id(PERSON, "n.i")}
    maker.copy(Consent.objects.get(), people, ids)
    person = maker.id(PERSON, f"n.i / {PER_PARTICIPANT}")
    digest = "md5(n.i::text)" if maker.postgres else "printf('%064x', n.i)"
    maker.copy(
        recording,
        recordings,
        {
            "id": maker.id(RECORDING, "n.i"),
            "participant_id": person,
            "title": maker.text("n.i", "Interview "),
            "sha256": digest,
            "created_at": maker.ago("n.i % 700"),
        },
    )
    maker.copy(
        upload,
        recordings,
        {"id": maker.id(RECORDING, "n.i"), "participant_id": person, "recording_id": maker.id(RECORDING, "n.i")},
    )
    states = "CASE WHEN n.i % 200 = 7 THEN 'failed' WHEN n.i % 1000 = 3 THEN 'queued' ELSE 'succeeded' END"
    maker.copy(
        run,
        recordings * 9 // 10,
        {
            "id": maker.id(RUN, "n.i"),
            "recording_id": maker.id(RECORDING, "n.i + n.i / 9"),  # every tenth was never analysed
            "state": states,
            "created_at": maker.ago("n.i % 700"),
            "finished_at": maker.ago("n.i % 700"),
        },
    )
    maker.copy(line, recordings * 9 // 10 * LINES, {"run_id": maker.id(RUN, f"n.i / {LINES}")})
    coded = recordings * 9 // 10 // CODED_EVERY
    maker.copy(
        Layer.objects.get(pk=machine.pk),
        coded,
        {"id": maker.id(LAYER, "n.i"), "run_id": maker.id(RUN, f"n.i * {CODED_EVERY}")},
    )
    event = Event.objects.first()
    revision = Revision.objects.filter(event=event).first()
    maker.copy(
        event, coded * EVENTS, {"id": maker.id(EVENT, "n.i"), "layer_id": maker.id(LAYER, f"n.i / {EVENTS}")}
    )
    maker.copy(
        revision,
        coded * EVENTS,
        {
            "id": maker.id(REVISION, "n.i"),
            "event_id": maker.id(EVENT, "n.i"),
            "request_id": maker.id(REVISION, "n.i"),
            "group": maker.id(REVISION, "n.i"),
        },
    )
    entry = Entry.objects.latest("number")
    for statement in triggers.remove_sql(maker.connection.vendor):  # a chain of a million hashes takes too long
        maker.run(statement)
    maker.copy(
        entry,
        recordings * ENTRIES,
        {
            "number": f"{entry.number} + 1 + n.i",
            "at": maker.ago(f"700.0 - n.i * 700.0 / {recordings * ENTRIES}"),
            "study_id": maker.id(STUDY, maker.study(f"(n.i / {ENTRIES})")),
            "object_id": f"CAST({maker.id(RECORDING, f'n.i / {ENTRIES}')} AS text)",
            "hash": maker.text("n.i", "synthetic "),
            "previous_hash": maker.text("n.i - 1", "synthetic "),
        },
    )
    for statement in triggers.install_sql(maker.connection.vendor):
        maker.run(statement)
    large, small = (f"{STUDY:08x}-0000-0000-0000-{number:012x}" for number in (0, min(5, studies - 2)))
    users = {}
    for name, of in (("large", [large]), ("small", [small])):
        users[name] = User.objects.create(
            email=f"{name}@load.example", name=name, password=make_password(None), is_staff=name == "large"
        )
        Membership.objects.bulk_create(
            Membership(study_id=one, user=users[name], role=role) for one in of for role in Role
        )
    maker.run("DROP TABLE numbers")
    if maker.postgres:
        maker.run("ANALYZE")
    else:  # what the recovery process does in its first round
        upkeep.keep_figures()
        maker.connection.close()
    rows = {one._meta.db_table: one.objects.count() for one in (Recording, AnalysisRun, Entry, Revision)}
    return {"users": users, "large": large, "small": small, "rows": rows}


def timed(doing: Callable[[], Any]) -> tuple[float, float, Any]:
    """Shortest of two times after a first one (one alone where it is long): seconds by the clock, of this process'
    processor (which is SQLite's too), and the last answer."""
    wall = processor = float("inf")
    answer = None
    for place in range(3):
        began, used = time.perf_counter(), time.process_time()
        answer = doing()
        took = time.perf_counter() - began
        if place or took > LONG_S:
            wall, processor = min(wall, took), min(processor, time.process_time() - used)
        if took > LONG_S and place:
            break
    return wall, processor, answer


def measure(made: dict[str, Any], recordings: int, explain: bool) -> list[dict[str, Any]]:
    """What people open and what recovery does at every round: milliseconds, queries, bytes."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from facsweb.processes.duties import duties

    found: list[dict[str, Any]] = []

    def note(name: str, doing: Callable[[], Any]) -> None:
        with CaptureQueriesContext(connection) as queries:
            seconds, processor, answer = timed(doing)
        slow = sorted(queries.captured_queries, key=lambda one: -float(one["time"]))[:2]
        size, status = len(getattr(answer, "content", b"")), getattr(answer, "status_code", "")
        found.append({"name": name, "ms": 1000 * seconds, "cpu_ms": 1000 * processor, "bytes": size})
        print(
            f"{1000 * seconds:10,.1f} ms {1000 * processor:10,.1f} ms of processor",
            f"{status!s:>4} {size:>9,} B  {name}",
            flush=True,
        )
        for one in slow if explain and seconds > 0.1 else []:
            print(f"      {one['time']} s {one['sql'][:1500]}")
            _explain(one["sql"])

    last = recordings - 1
    for size in ("large", "small"):
        client, study = Client(), made[size]
        client.force_login(made["users"][size], backend="allauth.account.auth_backends.AuthenticationBackend")
        number = 100 if size == "large" else recordings // 10 + 5000
        number = min(number, last)
        recording, person = (
            f"{kind:08x}-0000-0000-0000-{value:012x}"
            for kind, value in ((RECORDING, number), (PERSON, number // PER_PARTICIPANT))
        )
        for name, path in (
            ("home", "/"),
            ("studies", "/studies/"),
            ("study", f"/studies/{study}/"),
            ("study, last page", f"/studies/{study}/?page=last"),
            ("participant", f"/participants/{person}/"),
            ("recording", f"/recordings/{recording}/"),
            ("reports", "/reports/"),
            ("reports, searched", "/reports/?q=interview"),
            ("reports of the study", f"/studies/{study}/reports/"),
            ("log of the study", f"/studies/{study}/audit/"),
            ("log, by action", f"/studies/{study}/audit/?action=recording.create"),
            ("retention", f"/studies/{study}/retention/"),
            ("assignments", f"/studies/{study}/assignments/"),
            ("agreement", f"/studies/{study}/agreement/"),
            ("comparison of sessions", f"/studies/{study}/compare/"),
        ):
            note(f"{size} study: {name}", lambda path=path, client=client: client.get(path))
    for duty in duties:
        note(f"recovery: {duty.__module__.removeprefix('facsweb.')}.{duty.__name__}", duty)
    return found


def _explain(sql: str) -> None:
    from django.db import connection

    word = "EXPLAIN (ANALYZE, BUFFERS OFF) " if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN "
    try:
        with connection.cursor() as cursor:
            cursor.execute(word + sql)
            for row in cursor.fetchall()[:25]:
                print("        ", row[-1] if connection.vendor == "sqlite" else row[0])
    except Exception as error:  # a statement that was written for people
        print("        ", error)


def inside(recordings: int, explain: bool) -> None:
    """In the environment of the database."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "facsweb.settings")
    import django

    django.setup()
    import logging

    from django.conf import settings
    from django.db import connection

    logging.disable(logging.CRITICAL)
    settings.ALLOWED_HOSTS = ["*"]
    settings.FACSWEB_REQUIRE_MFA = False
    began = time.monotonic()
    made = make(recordings)
    path = Path(connection.settings_dict["NAME"])
    size = path.stat().st_size if connection.vendor == "sqlite" else _size()
    print(f"{recordings:,} recordings: {made['rows']}, {size / 2**20:,.0f} MB, {time.monotonic() - began:.0f} s")
    found = measure(made, recordings, explain)
    print(json.dumps({"recordings": recordings, "vendor": connection.vendor, "bytes": size, "found": found}))


def _size() -> int:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        return int(cursor.fetchone()[0])


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.load.many", description=__doc__)
    parser.add_argument("--recordings", type=int, default=10_000)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--explain", action="store_true")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        inside(options.recordings, options.explain)
        return 0
    import contextlib
    import subprocess

    from tests.load.database import Postgres
    from tests.load.own import REPOSITORY, Own, prepare

    with contextlib.ExitStack() as stack:
        own = Own(0, stack.enter_context(Postgres()) if options.database == "postgresql" else None)
        stack.callback(own.stop)
        prepare(own)
        words = ["--recordings", str(options.recordings), "--inside"] + (["--explain"] if options.explain else [])
        command = [sys.executable, "-m", "tests.load.many", *words]
        return subprocess.run(command, cwd=REPOSITORY, env=own.env).returncode


if __name__ == "__main__":
    sys.exit(main())
