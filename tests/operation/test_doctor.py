"""Every fault is made for real; the doctor names it and its remedy, and where that is a command it is followed."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis

from facsweb.processes.redis_server import RedisServer
from tests.conftest import REPOSITORY
from tests.operation.findings import Findings, named, well
from tests.programs import of_its_own


def follow(remedy: str) -> None:
    """Do what the remedy says, in a shell."""
    subprocess.run(remedy, shell=True, check=True, cwd=REPOSITORY)  # noqa: S602


@contextmanager
def disk(place: Path, options: str) -> Iterator[None]:
    """A disk of its own at a folder."""
    place.mkdir(exist_ok=True)
    if (
        os.getuid()
        or subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", place], check=False).returncode
    ):
        pytest.skip("Only root may mount a small disk.")
    try:
        yield
    finally:
        subprocess.run(["umount", place], check=True)


def in_a_shell(folder: Path, **environment: str) -> tuple[int, Findings]:
    """The doctor as an operator calls it, in a process that has to load everything itself."""
    done = subprocess.run(
        [sys.executable, "manage.py", "doctor", "--json"],
        cwd=REPOSITORY,
        env=of_its_own(folder) | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)["findings"]


# --- where nothing works ---------------------------------------------------------------------------------


def test_bare_checkout_is_told_how_to_begin_and_is_left_bare(tmp_path):
    status, found = in_a_shell(tmp_path / "var", FACSWEB_MODELS=str(tmp_path / "models"))
    assert status == 1
    assert "manage.py migrate" in named(found, "data folder", "nothing was set up")
    assert "manage.py migrate" in named(found, "database", "no database")
    assert "manage.py serve" in named(found, "redis", "cannot be reached")
    assert "models install" in named(found, "models", "face-mesh")
    assert not (tmp_path / "var").exists(), "looking makes nothing"


def test_settings_that_do_not_load_are_a_finding(tmp_path):
    status, found = in_a_shell(tmp_path, FACSWEB_ENV="production")
    assert (status, found[-1]["about"]) == (1, "settings")
    assert "deploy.md" in named(found, "settings", "needs SECRET_KEY, ALLOWED_HOSTS, DATABASE_URL, REDIS_URL")
    status, found = in_a_shell(tmp_path, EMAIL_PORT="smtp")
    assert "Correct EMAIL_PORT." in named(found, "settings", "'smtp'")


def test_words_for_a_person(fresh):
    fresh.folder.chmod(0o755)
    said = fresh.manage("doctor", "--only", "data_folder").out
    assert "fault    data folder: Everybody" in said
    assert f"→ chmod 700 {fresh.folder}" in said
    assert "1 fault(s), 0 warning(s)." in said
    assert "There is no check redes" in fresh.manage("doctor", "--only", "redes").out


# --- folders and files -----------------------------------------------------------------------------------


def test_data_folder_that_others_can_open(fresh):
    fresh.folder.chmod(0o755)
    follow(named(fresh.doctor("data_folder"), "data folder", "Everybody on this machine"))
    well(fresh.doctor("data_folder"), "data folder")


def test_keys_that_others_can_read(fresh):
    (fresh.folder / "secret_key").write_text("k")
    (fresh.folder / "secret_key").chmod(0o644)
    follow(named(fresh.doctor("data_folder"), "keys", "Others can read"))
    well(fresh.doctor("data_folder"), "keys")


def test_data_folder_that_cannot_be_written(empty):
    with disk(empty.folder, "size=1m,ro,mode=700"):
        assert "chown" in named(empty.doctor("data_folder"), "data folder", "Read-only")


def test_disk_that_is_full(empty):
    with disk(empty.folder, "size=1m,mode=700"):
        assert "larger disk" in named(empty.doctor("disk"), "disk", "0.0 GiB are free")


def test_few_open_files(fresh):
    before = "import resource\nresource.setrlimit(resource.RLIMIT_NOFILE, (256, 4096))"
    remedy = named(fresh.doctor("file_limits", before=before), "file limits", "256 files", "warning")
    assert "ulimit" in remedy


def test_secret_file_that_everybody_can_read(fresh, tmp_path):
    file = tmp_path / "password"
    file.write_text("sesame")
    file.chmod(0o644)
    before = f"os.environ['EMAIL_HOST_PASSWORD_FILE'] = {str(file)!r}"
    found = fresh.doctor("secret_files", before=before)
    assert named(found, "secrets", "can be opened by everybody")
    assert "sesame" not in json.dumps(found)
    file.chmod(0o600)
    well(fresh.doctor("secret_files", before=before), "secrets")


def test_place_of_recordings_that_takes_none(fresh):
    (fresh.folder / "media").write_text("a file where a folder should be")
    assert named(fresh.doctor("storage"), "storage", "cannot be written")


# --- database --------------------------------------------------------------------------------------------


def test_database_that_is_damaged(fresh):
    file = fresh.folder / "facsweb.sqlite3"
    content = bytearray(file.read_bytes())
    content[5 * 4096 : 60 * 4096] = os.urandom(55 * 4096)
    file.write_bytes(content)
    assert "backup" in named(fresh.doctor("database"), "database", "")
    file.write_bytes(b"no database at all" * 999)
    assert "backup" in named(fresh.doctor("database"), "database", "cannot be used")


def test_database_that_others_can_read(fresh):
    (fresh.folder / "facsweb.sqlite3").chmod(0o644)
    follow(named(fresh.doctor("database"), "database", "Others can read"))
    well(fresh.doctor("database"), "database")


def test_migrations_behind_and_ahead(fresh):
    assert fresh.manage("migrate", "operation", "zero", "-v0").status == 0
    remedy = named(fresh.doctor("migrations"), "migrations", "1 migrations behind")
    assert fresh.manage(*remedy.split()[2:], "-v0").status == 0
    well(fresh.doctor("migrations"), "migrations")
    fresh.run(
        "from django.db.migrations.recorder import MigrationRecorder\n"
        "MigrationRecorder(connection).record_applied('runs', '9999_of_the_future')"
    )
    assert "newer" in named(fresh.doctor("migrations"), "migrations", "runs.9999_of_the_future")


def test_log_without_its_triggers(fresh):
    fresh.run("services.record(None, 'thing.do', Study(name='S'))")
    fresh.run("connection.cursor().execute('DROP TRIGGER audit_entry_no_delete')")
    remedy = named(fresh.doctor("audit_log"), "audit log", "audit_entry_no_delete is gone")
    assert remedy.endswith("python manage.py audit protect")
    assert fresh.manage("audit", "protect").status == 0
    well(fresh.doctor("audit_log"), "audit log")
    assert fresh.run("print(Entry.objects.first().action)") == "log.protect\n"
    assert fresh.manage("audit", "verify").status == 0


def test_clock_that_was_set_back(fresh):
    fresh.run(
        "from datetime import timedelta\n"
        "from django.utils import timezone\n"
        "real = timezone.now\n"
        "services.timezone.now = lambda: real() + timedelta(days=3)\n"
        "services.record(None, 'thing.do', Study(name='S'))"
    )
    assert "timedatectl" in named(fresh.doctor("audit_log"), "clock", "still to come")


def test_no_backup_and_an_old_one(fresh, tmp_path):
    assert named(fresh.doctor("backups"), "backups", "No backup was ever made", "warning")
    assert fresh.manage("backup", str(tmp_path / "copies")).status == 0
    well(fresh.doctor("backups"), "backups")
    fresh.run(
        "from datetime import timedelta\n"
        "from django.utils import timezone\n"
        "from facsweb.operation.models import Backup\n"
        "Backup.objects.update(at=timezone.now() - timedelta(days=9))"
    )
    assert named(fresh.doctor("backups"), "backups", "9 days old", "warning")


def test_postgresql_that_runs_as_superuser_or_is_gone(on_postgresql):
    before = "connection.settings_dict['USER'] = 'postgres'"
    assert "role of its own" in named(
        on_postgresql.doctor("database", before=before), "database", "superuser", "warning"
    )
    well(on_postgresql.doctor("database"), "database")
    well(on_postgresql.doctor("clock"), "clock")
    on_postgresql.run(
        "connection.cursor().execute('CREATE TABLE closed (x int); REVOKE INSERT ON closed FROM facsweb')"
    )
    assert "GRANT" in named(on_postgresql.doctor("database"), "database rights", "1 tables (closed")
    on_postgresql.run("connection.cursor().execute('DROP TABLE closed')")
    gone = on_postgresql.doctor("database", before="connection.settings_dict['HOST'] = '/nowhere'")
    assert "DATABASE_URL" in named(gone, "database", "cannot be reached")


# --- Redis, workers, work --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with RedisServer(tmp_path_factory.mktemp("redis")) as running:
        yield running


@pytest.fixture
def its(server) -> Iterator[str]:
    """Lines that let a program use that Redis; how it is set is put back."""
    link = redis.Redis.from_url(server.url)
    yield f"settings.REDIS_URL = {server.url!r}"
    link.config_set("maxmemory-policy", "noeviction")
    link.config_set("requirepass", "")
    link.flushall()
    link.close()


def test_redis_that_is_gone_or_hangs(fresh, its, tmp_path):
    well(fresh.doctor("redis", before=its), "redis")
    assert "manage.py serve" in named(fresh.doctor("redis"), "redis", "cannot be reached")
    with socket.socket(socket.AF_UNIX) as hanging:
        hanging.bind(str(tmp_path / "s"))
        hanging.listen()
        found = fresh.doctor("redis", before=f"settings.REDIS_URL = 'unix://{tmp_path}/s'")
    assert named(found, "redis", "cannot be reached (TimeoutError)")


def test_redis_that_forgets(fresh, server, its):
    link = redis.Redis.from_url(server.url)
    link.config_set("maxmemory-policy", "allkeys-lru")
    remedy = named(fresh.doctor("redis", before=its), "redis", "allkeys-lru")
    link.execute_command(*remedy.partition(",")[0].split()[1:])
    link.config_set("appendonly", "no")
    remedy = named(fresh.doctor("redis", before=its), "redis", "keeps nothing on disk", "warning")
    link.execute_command(*remedy.partition(",")[0].split()[1:])
    well(fresh.doctor("redis", before=its), "redis")
    link.close()


def test_redis_with_another_password(fresh, server, its):
    link = redis.Redis.from_url(server.url)
    link.config_set("requirepass", "sesame")
    assert "REDIS_URL" in named(fresh.doctor("redis", before=its), "redis", "refuses the password")
    link.execute_command("AUTH", "sesame")
    link.config_set("requirepass", "")
    link.close()


def test_queue_without_a_worker(fresh, server, its):
    assert named(fresh.doctor("workers", before=its), "workers", "No worker listens") == "python manage.py worker"
    registered = (
        f"{its}\nfrom facsweb.processes import queue\nfrom rq import Worker\n"
        "names = list(getattr(queue, 'QUEUES', None) or [queue.QUEUE])\n"
        "Worker(names, connection=queue.connection()).register_birth()"
    )
    well(fresh.doctor("workers", before=registered), "workers")


def test_recovery_that_is_silent(fresh):
    assert named(fresh.doctor("recovery"), "recovery", "was never heard") == "python manage.py recovery"
    heard = "from facsweb.operation import heartbeats\nheartbeats.note('recovery')"
    well(fresh.doctor("recovery", before=heard), "recovery")
    fresh.run(
        "from datetime import timedelta\n"
        "from django.utils import timezone\n"
        "from facsweb.operation.models import Beat\n"
        "Beat.objects.update(at=timezone.now() - timedelta(minutes=20))"
    )
    assert named(fresh.doctor("recovery"), "recovery", "20 minutes ago")


def test_work_that_stands_still(fresh):
    fresh.run(
        "from datetime import timedelta\n"
        "from django.utils import timezone\n"
        "from facsweb.privacy.models import Erasure\n"
        "user = User.objects.create_user('a@b.org')\n"
        "study = Study.objects.create(name='S', jurisdiction='Germany', created_by=user)\n"
        "Erasure.objects.create(study=study, why='request', state='running', worker='w',\n"
        "    heartbeat_at=timezone.now() - timedelta(minutes=9))"
    )
    assert "manage.py recovery" in named(fresh.doctor("stuck"), "work", "1 of privacy.erasure")
    fresh.run("from facsweb.processes.duties import duties\nfor duty in duties:\n    duty()")
    well(fresh.doctor("stuck"), "work")
