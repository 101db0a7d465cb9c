"""A backup of an installation that works, and the installation that is made from it."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.operation import world


@pytest.fixture(scope="session")
def copies(site, tmp_path_factory) -> Path:
    """A backup folder with one generation, with keys."""
    folder = tmp_path_factory.mktemp("copies")
    done = site.manage("backup", str(folder), "--with-keys")
    assert done.status == 0, done.err
    return folder


@pytest.fixture
def own(copies, tmp_path) -> Path:
    """A copy of its newest generation that a test may spoil."""
    from facsweb.operation.backup import manifest

    return shutil.copytree(manifest.chosen(copies), tmp_path / "own")


#: A person looks at the restored site.
LOOK = """
from django.test import Client
from facsweb.reports import verification
from facsweb.reports.models import Report
settings.FACSWEB_REQUIRE_MFA = False
client, report = Client(), Report.objects.get()
login = client.login(email="coder@example.org", password="correct horse battery staple")
pages = [client.get(one).status_code for one in ("/", "/studies/", f"/reports/{report.pk}/")]
verdict = verification.verify_pdf(report.pdf.open().read()).verdict
print(json.dumps({"login": login, "pages": pages, "verdict": verdict}))
"""


def test_restored_installation_is_the_same_and_works(site, copies, fresh):
    done = fresh.manage("restore", str(copies))
    assert done.status == 0, done.err
    assert "The audit log is whole." in done.out
    here, there = site.held(), fresh.held()
    assert here["files"] == there["files"]
    assert {"media", "keys", "anchors", "scorers"} <= {name.split("/")[0] for name in there["files"]}
    changed = {name for name in here["rows"] if here["rows"][name] != there["rows"][name]}
    assert changed == {"audit_entry", "operation_backup"}, "what the copy and the restore themselves are noted by"
    told = json.loads(fresh.run(LOOK))
    assert told == {"pages": [200, 200, 200], "verdict": "good", "login": True}


def test_backup_while_others_write_is_of_one_moment(site, tmp_path, fresh):
    """The log's last entry, its chain and its rows belong together, and no writer was kept waiting or lost."""
    write = (
        "from facsweb.audit import services\n"
        "study = Study.objects.get()\n"
        "while not (folder / 'stop').exists():\n"
        "    services.record(None, 'thing.do', study, words='x' * 200)\n"
    )
    back_up = (
        "import manage\n"
        "before = Entry.objects.count()\n"
        "while Entry.objects.count() < before + 5:\n"
        "    pass\n"
        "connection.close()\n"
        f"sys.argv = ['manage.py', 'backup', {str(tmp_path / 'copies')!r}]\n"
        "try:\n"
        "    manage.main()\n"
        "finally:\n"
        "    (folder / 'stop').touch()\n"
    )
    there = world.THERE % str(site.folder)
    (site.folder / "stop").unlink(missing_ok=True)
    ended = site.forks.run((there + write, ["-c"]), (there + back_up, ["-c"]))
    assert [one.status for one in ended] == [0, 0], [one.err for one in ended]
    (generation,) = [one for one in (tmp_path / "copies").iterdir() if one.is_dir()]
    said = json.loads((generation / "manifest.json").read_text())
    assert said["tables"]["audit_entry"]["rows"] == said["audit"]["entry"], "one snapshot"
    # The keys are kept elsewhere, as docs/deploy.md has it, and are put in place first.
    shutil.copytree(site.folder / "keys", fresh.folder / "keys")
    done = fresh.manage("restore", str(tmp_path / "copies"))
    assert (done.status, "The audit log is whole." in done.out) == (0, True), done.err
    assert "The backup is without keys." in done.out
    assert "Erasures since this backup are undone." in done.out


def test_what_did_not_change_is_shared_and_old_generations_go(site, tmp_path):
    copies = tmp_path / "copies"
    first = json.loads(site.manage("backup", str(copies), "--json").out)
    assert first["copied_bytes"] == first["bytes"] > 0
    (site.folder / "scorers" / "au-own-1" / "weights").write_bytes(b"w" * 999)
    second = json.loads(site.manage("backup", str(copies), "--json").out)
    assert second["copied_bytes"] == 999
    names = list((Path(first["generation"]) / "media").rglob("original"))
    inodes = {one.stat().st_ino for one in [*names, *(Path(second["generation"]) / "media").rglob("original")]}
    assert (len(names), len(inodes)) == (1, 1), "one file on the disk"
    third = json.loads(site.manage("backup", str(copies), "--json", "--keep", "2").out)
    assert not Path(first["generation"]).exists()
    for left in (second, third):
        assert "is whole" in site.manage("backup", "verify", left["generation"]).out
    assert not list(Path(third["generation"]).glob("keys")), "keys are asked for by name"
    assert {one.stat().st_mode & 0o077 for one in copies.rglob("*")} == {0}, "nobody else reads it"


def test_backup_that_was_killed_is_gone_on_with(site, tmp_path):
    """It has no manifest, so nothing takes it for a backup, and what it copied is not copied again."""
    copies = tmp_path / "copies"
    killed = site.ended(
        "import os, manage\n"
        "from facsweb.operation.backup import making\n"
        "real = making.manifest.write_files\n"
        "making.manifest.write_files = lambda *them: os.kill(os.getpid(), 9)\n"
        "manage.main()",
        *("manage.py", "backup", str(copies)),
    )
    assert killed.status != 0
    assert "holds no finished backup" in site.manage("backup", "verify", str(copies)).err
    (copies / "partial" / "media" / "gone").write_bytes(b"of a recording that was destroyed meanwhile")
    with (copies / "partial" / "journal.jsonl").open("a") as journal:
        journal.write('["media/cut')
    done = json.loads(site.manage("backup", str(copies), "--json").out)
    assert (done["copied_bytes"], done["bytes"] > 0) == (0, True)
    assert not (Path(done["generation"]) / "media" / "gone").exists()
    assert site.manage("backup", "verify", str(copies)).status == 0


def spoil_file(own: Path) -> str:
    path = next((own / "media").rglob("original"))
    content = bytearray(path.read_bytes())
    content[1000] ^= 1
    path.unlink()  # a hard link of the others
    path.write_bytes(content)
    return f"{path.relative_to(own)} was altered: its hash does not fit"


def cut_file(own: Path) -> str:
    path = next((own / "media").rglob("signals.parquet"))
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content[:-5])
    return f"{path.relative_to(own)} has {len(content) - 5} bytes instead of {len(content)}"


def lose_file(own: Path) -> str:
    path = next((own / "media").rglob("*.pdf"))
    path.unlink()
    return f"{path.relative_to(own)} is missing"


def spoil_table(own: Path) -> str:
    path = own / "tables" / "studies_study.jsonl.gz"
    text = gzip.decompress(path.read_bytes())
    path.write_bytes(gzip.compress(text.replace(b"Of one coder", b"Of nobody's!")))
    return "tables/studies_study.jsonl.gz was altered: its hash does not fit"


def cut_list(own: Path) -> str:
    path = own / "files.jsonl.gz"
    path.write_bytes(path.read_bytes()[:-20])
    return "files.jsonl.gz was altered: its hash does not fit"


def spoil_manifest(own: Path) -> str:
    path = own / "manifest.json"
    path.write_text(path.read_text().replace('"with_keys": true', '"with_keys": false'))
    return "was altered: its own hash does not fit"


def cut_manifest(own: Path) -> str:
    path = own / "manifest.json"
    path.write_text(path.read_text()[:500])
    return "was cut off or altered"


@pytest.mark.parametrize(
    "spoil", [spoil_file, cut_file, lose_file, spoil_table, cut_list, spoil_manifest, cut_manifest]
)
def test_backup_that_is_not_whole_is_named_and_not_restored(own, fresh, spoil):
    sentence = spoil(own)
    checked = fresh.manage("backup", "verify", str(own))
    assert (checked.status, sentence in checked.err) == (1, True), checked.err
    before = fresh.held()
    done = fresh.manage("restore", str(own))
    assert (done.status, sentence in done.err) == (1, True), done.err
    assert fresh.held() == before


def test_installation_that_is_not_empty_is_left_alone(site, copies, fresh):
    before = site.held()
    done = site.manage("restore", str(copies))
    assert done.status == 1
    assert "not empty: 1 rows in accounts_user, 1 rows in studies_study" in done.err
    assert site.held() == before
    (fresh.folder / "media" / "recordings").mkdir(parents=True)
    (fresh.folder / "media" / "recordings" / "x").write_bytes(b"somebody's")
    done = fresh.manage("restore", str(copies))
    assert (done.status, "has files already" in done.err) == (1, True)


def test_restore_that_was_killed_is_gone_on_with(copies, fresh):
    killed = fresh.ended(
        "import os, manage\n"
        "from facsweb.operation.backup import restoring\n"
        "restoring._rows = lambda *them: os.kill(os.getpid(), 9)\n"
        "manage.main()",
        *("manage.py", "restore", str(copies)),
    )
    assert killed.status != 0
    assert fresh.manage("restore", str(copies)).status == 0
    assert not (fresh.folder / "restoring.json").exists()


def test_backup_of_an_older_version_is_migrated(own, fresh):
    """One that was made before the last migration of an app: its table is not in it, and is there afterwards."""
    from facsweb.operation.backup import manifest

    said = manifest.read(own)
    said["migrations"].remove(["operation", "0001_beats_and_backups"])
    del said["tables"]["operation_backup"]
    manifest.write(own, said)
    fresh.run("import manage; sys.argv = ['', 'migrate', 'operation', 'zero', '-v0']; manage.main()")
    done = fresh.manage("restore", str(own))
    assert (done.status, "1 migrations were applied" in done.out) == (0, True), done.err
    assert fresh.run("from facsweb.operation.models import Backup; print(Backup.objects.count())") == "0\n"


def test_backup_of_a_newer_version_is_refused(own, fresh):
    from facsweb.operation.backup import manifest

    said = manifest.read(own)
    said["migrations"].append(["runs", "9999_of_the_future"])
    manifest.write(own, said)
    done = fresh.manage("restore", str(own))
    assert (done.status, "does not know 1 migrations" in done.err, "runs.9999" in done.err) == (1, True, True)


def test_full_disk_and_missing_rights_are_said(site, tmp_path):
    disk, large = tmp_path / "disk", site.folder / "scorers" / "au-own-1" / "large"
    disk.mkdir()
    large.write_bytes(bytes(3 << 20))
    if (
        os.getuid()
        or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", disk], check=False).returncode
    ):
        pytest.skip("Only root may mount a small disk.")
    try:
        done = site.manage("backup", str(disk / "copies"))
        assert (done.status, "is full. Make room" in done.err) == (1, True), done.err
        subprocess.run(["mount", "-o", "remount,size=60m", disk], check=True)
        again = site.manage("backup", str(disk / "copies"), "--json")
        told = json.loads(again.out)
        assert 0 < told["copied_bytes"] < told["bytes"], "what was copied was used"
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        done = site.manage("backup", str(disk / "copies"))
        assert (done.status, "Read-only" in done.err, "the right to write" in done.err) == (1, True, True)
    finally:
        subprocess.run(["umount", disk], check=True)
        large.unlink()


def test_row_that_cannot_be_read_is_named(fresh, tmp_path):
    fresh.run("user = User.objects.create_user('a@b.org')\nStudy.objects.create(name='S', created_by=user)")
    fresh.run(
        "connection.cursor().execute('PRAGMA foreign_keys=OFF')\n"
        "connection.cursor().execute(\"UPDATE studies_study SET id = 'no id'\")"
    )
    done = fresh.manage("backup", str(tmp_path / "copies"))
    assert (done.status, "A row of studies_study (after 0 others) cannot be read" in done.err) == (1, True), (
        done.err
    )
    assert "Traceback" not in done.err


def test_row_whose_file_is_gone_is_named(site, copies, fresh, tmp_path):
    assert fresh.manage("restore", str(copies)).status == 0
    next((fresh.folder / "media").rglob("original")).unlink()
    done = fresh.manage("backup", str(tmp_path / "new"))
    assert "A row names media/recordings/" in done.err
    assert (done.status, "original, and the file is not there." in done.err) == (0, True)


def test_from_sqlite_to_postgresql_and_back(copies, on_postgresql, fresh, tmp_path):
    """Every row is the same after each step, and PostgreSQL numbers on where the rows end."""
    place = on_postgresql
    done = place.manage("restore", str(copies))
    assert (done.status, "The audit log is whole." in done.out) == (0, True), done.err
    there = place.held()
    wrote = place.run(
        "from facsweb.runs.models import LogLine, AnalysisRun\n"
        "print(LogLine.objects.create(run=AnalysisRun.objects.get(), attempt=1, text='x').pk > 0)"
    )
    assert wrote == "True\n"
    done = place.manage("backup", str(tmp_path / "copies"), "--with-keys")
    assert done.status == 0, done.err
    said = json.loads(next((tmp_path / "copies").glob("*/manifest.json")).read_text())
    assert said["vendor"] == "postgresql"
    assert said["tables"]["audit_entry"]["rows"] == said["audit"]["entry"] == there["rows"]["audit_entry"][0]
    done = fresh.manage("restore", str(tmp_path / "copies"))
    assert (done.status, "The audit log is whole." in done.out) == (0, True), done.err
    back = fresh.held()
    changed = {name for name, value in back["rows"].items() if value != there["rows"][name]}
    assert changed == {"audit_entry", "runs_logline"}, "what was done in between"
    assert back["files"] == there["files"]
