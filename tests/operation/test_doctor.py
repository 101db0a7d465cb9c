"""Every fault is made for real; the doctor names it and its remedy, and where that is a command it is followed."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import redis

from analysis.models import models_dir
from facsweb.processes.redis_server import RedisServer
from tests.conftest import REPOSITORY
from tests.programs import of_its_own

Findings = list[dict[str, str]]


def named(found: Findings, about: str, says: str, level: str = "fault") -> str:
    """The remedy of the finding that says so; fails where there is none."""
    matching = [one for one in found if one["about"] == about and says in one["says"] and one["level"] == level]
    assert matching, found
    assert matching[0]["remedy"]
    return matching[0]["remedy"]


def well(found: Findings, about: str) -> None:
    assert [one["level"] for one in found if one["about"] == about] == ["ok"], found


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


# --- tools -----------------------------------------------------------------------------------------------


def test_models_that_are_missing_or_damaged(fresh, tmp_path):
    place = tmp_path / "models"
    before = f"os.environ['FACSWEB_MODELS'] = {str(place)!r}"
    remedy = named(fresh.doctor("models", before=before), "models", "Missing or damaged")
    install = f"{sys.executable} {remedy.partition(' (')[0].removeprefix('python ')} --from {models_dir()}"
    environment = os.environ | {"FACSWEB_MODELS": str(place)}
    subprocess.run(install.split(), cwd=REPOSITORY, env=environment, check=True, capture_output=True)
    well(fresh.doctor("models", before=before), "models")
    model = next(place.glob("*.onnx"))
    model.write_bytes(model.read_bytes()[:-1] + b"x")
    assert "models install" in named(fresh.doctor("models", before=before), "models", "Missing or damaged")


def test_scorer_that_is_gone(fresh):
    fresh.run("from facsweb.learning.models import Default\nDefault.objects.create(scorer='au-own/9')")
    assert "FACSWEB_SCORERS" in named(fresh.doctor("scorers"), "scorers", "au-own/9")


def test_processors_that_are_not_there(fresh):
    before = "os.environ['FACSWEB_PROVIDERS'] = {!r}".format
    assert "auto" in named(fresh.doctor("providers", before=before("quantum")), "processors", "quantum")
    assert named(fresh.doctor("providers", before=before("cuda,cpu")), "processors", "cuda", "warning")
    well(fresh.doctor("providers", before=before("cpu")), "processors")


def certificate(path: Path, days: int) -> None:
    """A PKCS#12 file whose certificate ends in so many days."""
    import datetime as dt

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, name = (
        ec.generate_private_key(ec.SECP256R1()),
        x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "O")]),
    )
    now = dt.datetime.now(dt.UTC).replace(tzinfo=None)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, now - dt.timedelta(days=400))
    made = made.not_valid_after(now + dt.timedelta(days=days)).sign(key, hashes.SHA256())
    plain = serialization.NoEncryption()
    path.write_bytes(serialization.pkcs12.serialize_key_and_certificates(b"o", key, made, None, plain))


def test_signing_key_that_is_gone_or_ends(fresh, tmp_path):
    path = tmp_path / "own.p12"
    before = f"os.environ['FACSWEB_SIGNING_P12'] = {str(path)!r}"
    assert named(fresh.doctor("signing", before=before), "signing key", "does not exist")
    certificate(path, -3)
    assert "FACSWEB_SIGNING_P12" in named(fresh.doctor("signing", before=before), "signing key", "ended on")
    certificate(path, 30)
    assert named(fresh.doctor("signing", before=before), "signing key", "ends on", "warning")
    certificate(path, 900)
    well(fresh.doctor("signing", before=before), "signing key")


# --- what the site is told of others ---------------------------------------------------------------------


class Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_error(405)

    def log_message(self, *about: Any) -> None:
        pass


def test_time_stamps_and_mail_of_servers_that_are_away(fresh):
    with HTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        port = server.server_port
        before = (
            f"os.environ['FACSWEB_TSA_URL'] = 'http://127.0.0.1:{port}/'\n"
            "settings.EMAIL_BACKEND = 'django.core.mail.backends.smtp.EmailBackend'\n"
            f"settings.EMAIL_HOST, settings.EMAIL_PORT = '127.0.0.1', {port}"
        )
        found = fresh.doctor("time_stamps", "mail_server", before=before)
        well(found, "time stamps"), well(found, "mail")
        server.shutdown()
    found = fresh.doctor("time_stamps", "mail_server", before=before)
    assert "FACSWEB_TSA_URL" in named(found, "time stamps", "does not answer")
    assert "EMAIL_HOST" in named(found, "mail", "cannot be reached")


def test_fonts_that_are_nowhere(fresh):
    assert named(fresh.doctor("fonts", before="os.environ['FACSWEB_FONTS'] = '/nowhere'"), "fonts", "no folder")


def test_production_that_is_set_carelessly(fresh):
    before = (
        "settings.PRODUCTION, settings.SECRET_KEY, settings.TRUSTED_PROXIES = True, 'short', 0\n"
        "settings.SITE_URL, settings.ALLOWED_HOSTS = 'http://elsewhere.example', ['facs.example', '*.example']\n"
        "settings.CSRF_TRUSTED_ORIGINS = ['http://facs.example/']\n"
        "settings.STATIC_ROOT = str(folder / 'static')"
    )
    found = fresh.doctor("environment", "names", "proxies", "static_files", before=before)
    assert "token_urlsafe" in named(found, "secret key", "short or simple")
    assert "Add elsewhere.example" in named(found, "site address", "not in ALLOWED_HOSTS")
    assert named(found, "site address", "begins with http:")
    assert named(found, "site address", "CSRF_TRUSTED_ORIGINS has http://facs.example/")
    assert named(found, "proxies", "No proxy is trusted", "warning") == "FACSWEB_TRUSTED_PROXIES=1"
    remedy = named(found, "static files", "are not collected")
    assert remedy.startswith("python manage.py collectstatic --noinput")
    shutil.copytree(REPOSITORY / "static", fresh.folder / "static")
    well(fresh.doctor("static_files", before=before), "static files")
    next((fresh.folder / "static" / "css").glob("*.css")).write_text("/* of an older version */")
    assert named(fresh.doctor("static_files", before=before), "static files", "of another version")
