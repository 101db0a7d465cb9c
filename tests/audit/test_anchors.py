"""The daily anchor: signed, in the database and outside of it, and checked."""

import base64
import hashlib
import json
import subprocess
from datetime import date, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from facsweb.audit import anchors, checking, hooks, services
from facsweb.audit.models import Anchor, Entry
from facsweb.processes.duties import duties
from tests import postgresql

FIRST, SECOND = date(2026, 1, 1), date(2026, 1, 2)


def sentences(**options):
    return [fault.sentence for fault in checking.verify(**options).faults]


@pytest.fixture
def two(entries, people, study):
    made = [anchors.make(FIRST)]
    services.record(people["analyst"], "thing.do", study)
    return [*made, anchors.make(SECOND)]


def test_an_anchor_says_what_the_log_is(entries, folder):
    anchor = anchors.make(FIRST)
    said = json.loads(anchor.statement)
    assert (said["entry"], said["count"], said["hash"]) == (4, 4, entries[3].hash)
    assert (said["day"], said["anchor"], said["previous"]) == ("2026-01-01", 1, "0" * 64)
    entry = Entry.objects.get(action="log.anchor")
    assert (entry.number, entry.details["entry"], entry.details["hash"]) == (5, 4, entries[3].hash)
    path = folder / "2026-01-01.json"
    assert path.stat().st_mode & 0o222 == 0
    assert json.loads(path.read_bytes())["statement"] == anchor.statement
    assert sentences() == []


def test_openssl_verifies_it_without_this_program(entries, folder, tmp_path):
    """As docs/audit.md tells an outsider to."""
    anchors.make(FIRST)
    said = json.loads((folder / "2026-01-01.json").read_bytes())
    (tmp_path / "statement").write_text(said["statement"])
    (tmp_path / "signature").write_bytes(base64.b64decode(said["signature"]))
    key = x509.load_pem_x509_certificate(said["certificate"].encode()).public_key()
    public = key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "key.pem").write_bytes(public)
    command = ["openssl", "dgst", "-sha256", "-verify", "key.pem", "-signature", "signature", "statement"]
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, text=True).stdout == "Verified OK\n"
    (tmp_path / "statement").write_text(said["statement"].replace('"entry":4', '"entry":3'))
    assert subprocess.run(command, cwd=tmp_path, capture_output=True).returncode != 0


def test_each_anchor_names_the_one_before_it(two):
    said = json.loads(two[1].statement)
    assert said["previous"] == hashlib.sha256(two[0].statement.encode()).hexdigest()
    assert sentences() == []


def test_the_daily_duty_makes_one_a_day_and_may_run_twice(one_moment, entries, folder):
    assert anchors.daily in duties
    assert [anchors.daily() for _ in range(3)] == [1, 0, 0]
    assert Anchor.objects.get().day == timezone.now().date()
    assert anchors.make(timezone.now().date()) is None
    assert len(list(folder.iterdir())) == 1


def test_an_empty_log_is_not_signed(db, folder):
    assert anchors.daily() == 0
    with pytest.raises(CommandError, match="nothing to sign"):
        call_command("audit", "anchor")


def test_after_days_without_a_machine_it_goes_on_and_the_command_says_so(entries, people, study, capsys):
    anchors.make(FIRST)
    anchors.make(FIRST + timedelta(days=3))
    call_command("audit", "verify")
    out = capsys.readouterr().out
    assert "2 anchors fit, the newest of 2026-01-04" in out
    assert "2 days in between have none (was the machine off?): 2026-01-02, 2026-01-03" in out


def test_a_folder_that_was_away_gets_its_files_later(entries, folder, settings, tmp_path, caplog):
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where the folder should be")
    settings.ANCHORS_DIR = blocked
    anchors.make(FIRST)
    assert "could not be written" in caplog.text
    settings.ANCHORS_DIR = folder
    assert sentences() == ["The file of the anchor of 2026-01-01 is missing."]
    anchors.make(SECOND)
    assert sentences() == []


def test_a_disk_that_is_full_leaves_no_half_a_file(entries, folder, monkeypatch, caplog):
    def full(_descriptor):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(anchors.os, "fsync", full)
        anchors.daily()
    assert list(folder.glob("*.json")) == []
    assert "could not be written" in caplog.text
    anchors.write_files()
    assert len(list(folder.glob("*.json"))) == 1
    assert checking.verify().faults == []


def test_a_file_that_is_there_is_never_written_again(two, folder):
    path = folder / "2026-01-01.json"
    path.chmod(0o644)
    path.write_text("{}")
    anchors.write_files()
    assert path.read_text() == "{}"
    assert sentences() == ["The file of the anchor of 2026-01-01 says something else than the database."]
    assert sentences(files=False) == []


#: What puts a row in the place of another one.
REPLACE, ON_CONFLICT = (
    ("INSERT", "ON CONFLICT (day) DO UPDATE SET statement = ''")
    if postgresql.asked()
    else ("INSERT OR REPLACE", "")
)


def test_the_database_refuses_to_change_anchors(two):
    for statement in (
        "UPDATE audit_anchor SET statement = '{}'",
        "DELETE FROM audit_anchor WHERE number = 2",
        "INSERT INTO audit_anchor (number, day, entry, statement, signature, certificate) "
        "VALUES (9, '2026-02-01', 1, '', '', '')",
        f"{REPLACE} INTO audit_anchor (number, day, entry, statement, signature, certificate) "
        f"VALUES (3, '2026-01-01', 1, '', '', '') {ON_CONFLICT}",
    ):
        with (
            pytest.raises(DatabaseError, match="append-only"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)


TAMPERED = {
    "statement": (
        "UPDATE audit_anchor SET statement = REPLACE(statement, '\"entry\":4', '\"entry\":3') WHERE number = 1",
        "The anchor of 2026-01-01 was altered: its signature does not fit.",
    ),
    "signature": (
        "UPDATE audit_anchor SET signature = 'AAAA' WHERE number = 1",
        "The anchor of 2026-01-01 was altered: its signature does not fit.",
    ),
    "certificate": (
        "UPDATE audit_anchor SET certificate = 'x' WHERE number = 1",
        "The anchor of 2026-01-01 was altered: its signature does not fit.",
    ),
    "row": (
        "UPDATE audit_anchor SET entry = 2 WHERE number = 1",
        "The anchor of 2026-01-01 was altered: its row does not say what was signed.",
    ),
    "day": (
        "UPDATE audit_anchor SET day = '2025-12-31' WHERE number = 1",
        "The anchor of 2025-12-31 was altered: its row does not say what was signed.",
    ),
    "first gone": ("DELETE FROM audit_anchor WHERE number = 1", "An anchor before that of 2026-01-02 is missing."),
    "last gone": (
        "DELETE FROM audit_anchor WHERE number = 2",
        "The anchor of 2026-01-02 lies in the folder and is missing in the database.",
    ),
}


@pytest.mark.parametrize("what", TAMPERED)
def test_a_tampered_anchor_is_named(two, tampered, what):
    statement, sentence = TAMPERED[what]
    tampered(statement)
    assert sentence in sentences()


def test_the_file_outside_contradicts_who_changed_the_database_altogether(two, tampered):
    """Log and anchors cut off together: the folder still says what was signed."""
    tampered("DELETE FROM audit_entry WHERE number > 3", "DELETE FROM audit_anchor")
    assert sentences() == [
        "The anchor of 2026-01-01 lies in the folder and is missing in the database.",
        "The anchor of 2026-01-02 lies in the folder and is missing in the database.",
        "The log ends at entry 3; the anchor of 2026-01-01 signed entry 4.",
        "The log ends at entry 3; the anchor of 2026-01-02 signed entry 6.",
    ]


def test_a_stranger_in_the_folder_is_named(two, folder):
    (folder / "2026-03-01.json").write_text("[]")
    assert "The file 2026-03-01.json is no anchor." in sentences()


def test_somebody_elses_key_is_not_trusted_unless_one_says_so(entries, folder, tmp_path, monkeypatch, settings):
    settings.KEYS_DIR = tmp_path / "other"
    anchor = anchors.make(FIRST)
    certificate = x509.load_pem_x509_certificate(anchor.certificate.encode())
    settings.KEYS_DIR = tmp_path / "own"
    anchors.make(SECOND)
    [sentence] = sentences()
    assert sentence.startswith("The anchor of 2026-01-01 is signed with a key that is not this installation's")
    from cryptography.hazmat.primitives import hashes

    fingerprint = certificate.fingerprint(hashes.SHA256()).hex()
    assert fingerprint in sentence
    call_command("audit", "verify", "--trust", fingerprint.upper())


def test_it_is_sent_by_mail_and_a_mail_that_fails_stops_nothing(entries, folder, settings, monkeypatch, caplog):
    settings.ANCHOR_MAIL = ["auditor@example.org"]
    anchor = anchors.make(FIRST)
    [letter] = mail.outbox
    assert letter.to == ["auditor@example.org"]
    assert json.loads(letter.body)["statement"] == anchor.statement
    settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.EMAIL_PORT = (
        "django.core.mail.backends.smtp.EmailBackend",
        "127.0.0.1",
        1,
    )
    assert anchors.make(SECOND) is not None
    assert "could not be sent" in caplog.text


def test_a_key_that_cannot_be_used_leaves_no_anchor(entries, folder, monkeypatch):
    def broken(data):
        raise OSError("no key")

    monkeypatch.setattr(hooks, "signer", [broken])
    with pytest.raises(OSError, match="no key"):
        anchors.daily()
    assert not Anchor.objects.exists()


def test_the_command_signs_now(one_moment, entries, folder, capsys):
    call_command("audit", "anchor")
    assert "Signed: entry 4" in capsys.readouterr().out
    call_command("audit", "anchor")
    assert "Signed already: entry 4" in capsys.readouterr().out
