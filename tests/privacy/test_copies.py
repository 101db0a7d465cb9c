"""The copy of everything about a participant: complete, checkable, without the team's names, gone after a week."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from facsweb.privacy import copying, services
from facsweb.privacy.models import Copy
from facsweb.studies.withdrawing import withdraw
from tests.privacy import made

pytestmark = pytest.mark.django_db


@pytest.fixture
def copy(world, participant, people):
    """A finished copy, made as a worker makes it."""
    asked = services.ask_for_copy(people["analyst"], participant)
    Copy.objects.filter(pk=asked.pk).update(state="running", worker="here")
    asked = Copy.objects.select_related("participant__study").get(pk=asked.pk)
    assert copying.make(asked, lambda *_: None)
    asked.refresh_from_db()
    return asked


def opened(copy) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(Path(copy.file.path).read_bytes()))


def test_it_is_complete_and_every_file_is_in_the_manifest(copy, world):
    archive = opened(copy)
    assert archive.testzip() is None
    listed = json.loads(archive.read("manifest.json"))["files"]
    assert set(listed) == set(archive.namelist()) - {"manifest.json"}
    for name, about in listed.items():
        content = archive.read(name)
        assert (hashlib.sha256(content).hexdigest(), len(content)) == (about["sha256"], about["size"]), name
    assert copy.sha256 == hashlib.sha256(Path(copy.file.path).read_bytes()).hexdigest()
    shas = {about["sha256"] for about in listed.values()}
    assert world["recording"].sha256 in shas, "the recording as it was uploaded"
    assert set(world["run"].files.values()) <= shas
    assert world["report"].pdf_sha256 in shas
    assert set(world["reading"].files.values()) <= shas
    names = " ".join(listed)
    for part in ("README.txt", "participant.json", "consents/01.json", "/codings/coder-", "/transcript/text.json"):
        assert part in names, part
    for part in ("documents/", "/comments.json", "/markers.json", "/speakers.json", "privacy.json", "log.csv"):
        assert part in names, part


def test_every_word_that_is_stored_is_in_it(copy):
    archive = opened(copy)
    whole = b"".join(archive.read(name) for name in archive.namelist())
    for word in (made.VIDEO, made.AUDIO, made.TEXT, made.EMOTION, made.INDICATORS, made.PERSON):
        assert word.encode() in whole, word


def test_an_attempt_that_was_taken_for_dead_does_not_write_over_the_next_ones_copy(
    participant, consent, people, monkeypatch
):
    """The row names the SHA-256 of the file that the living attempt made."""
    asked = services.ask_for_copy(people["analyst"], participant)
    Copy.objects.filter(pk=asked.pk).update(state="running", worker="here")
    asked = Copy.objects.select_related("participant__study").get(pk=asked.pk)
    final, real = copying.folder(asked.pk) / copying.NAME, copying.files.sha256_of

    def overtaken(path):
        final.write_bytes(b"PK of the next attempt")
        Copy.objects.filter(pk=asked.pk).update(state="succeeded", attempt=2)
        return real(path)

    monkeypatch.setattr(copying.files, "sha256_of", overtaken)
    assert not copying.make(asked, lambda *_: None)
    assert final.read_bytes() == b"PK of the next attempt"
    assert [path.name for path in final.parent.iterdir()] == [copying.NAME]


def test_no_cell_of_a_table_is_a_formula_and_details_of_the_log_are_json(world, participant, people):
    """The participant opens it in a spreadsheet; a coder wrote the note."""
    from facsweb.coding.models import Revision

    evil = '=HYPERLINK("https://evil.example/","Open")'
    Revision.objects.filter(note__contains=made.VIDEO).update(note=evil)
    asked = services.ask_for_copy(people["analyst"], participant)
    Copy.objects.filter(pk=asked.pk).update(state="running", worker="here")
    asked = Copy.objects.select_related("participant__study").get(pk=asked.pk)
    assert copying.make(asked, lambda *_: None)
    asked.refresh_from_db()
    archive = opened(asked)
    tables = [name for name in archive.namelist() if "/codings/" in name and name.endswith(".csv")]
    notes = [row["note"] for name in tables for row in csv.DictReader(io.StringIO(archive.read(name).decode()))]
    assert f"'{evil}" in notes
    assert evil not in notes
    rows = list(csv.DictReader(io.StringIO(archive.read("log.csv").decode())))
    assert all(isinstance(json.loads(row["details"]), dict) for row in rows)


def test_the_team_stands_under_pseudonyms(copy, people):
    archive = opened(copy)
    for name in archive.namelist():
        if name.startswith("reports/"):
            continue  # a signed report names its signer, as the README says
        content = archive.read(name).decode("utf-8", "replace")
        for role in ("coder", "analyst"):
            assert people[role].email not in content, name
            assert people[role].name not in content, name
    assert "person-1" in archive.read("log.csv").decode()
    assert "Other people may be seen or heard" in archive.read("README.txt").decode()


def test_only_leads_may_have_it_and_it_is_logged(copy, client_as, people):
    from facsweb.audit.models import Entry

    url = f"/copies/{copy.pk}/download/"
    answer = client_as("analyst").get(url)
    assert hashlib.sha256(b"".join(answer.streaming_content)).hexdigest() == copy.sha256
    assert "attachment" in answer.headers["Content-Disposition"]
    assert {client_as(role).get(url).status_code for role in ("coder", "manager")} == {403}
    assert client_as("stranger").get(url).status_code == 404
    assert Entry.objects.get(action="copy.download").actor == people["analyst"]


def test_it_goes_after_a_week(copy, client_as):
    assert copying.remove_expired() == 0
    Copy.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert client_as("analyst").get(f"/copies/{copy.pk}/download/").status_code == 404
    assert copying.remove_expired() == 1
    assert not Path(copy.file.path).exists()
    assert copying.remove_expired() == 0


def test_asking_twice_makes_one(world, participant, people, client_as):
    for _ in range(2):
        assert client_as("analyst").post(f"/participants/{participant.pk}/privacy/copy/").status_code == 302
    assert Copy.objects.count() == 1


def test_a_withdrawal_destroys_the_copy_too(copy, consent, erase):
    path = Path(copy.file.path)
    withdraw(None, consent)
    erase()
    assert not path.exists()
    assert not Copy.objects.exists()


def test_a_copy_that_is_being_made_while_consent_ends_is_not_published(world, participant, people, consent, erase):
    asked = services.ask_for_copy(people["analyst"], participant)
    Copy.objects.filter(pk=asked.pk).update(state="running", worker="here")
    asked = Copy.objects.select_related("participant__study").get(pk=asked.pk)
    done = False

    def withdrawn(*_):
        nonlocal done
        if not done:
            done = True
            withdraw(None, consent)
            erase()

    assert not copying.make(asked, withdrawn)
    assert not copying.folder(asked.pk).exists()
