"""What a newcomer meets first: the demonstration, and its plain words when something is in the way."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from facsweb.demo import seed as seeding
from facsweb.demo.visitor import StepFailed
from facsweb.demo.walk import password_form
from facsweb.studies.models import Consent, Membership, Participant, Role, Study
from tests import migrated
from tests.conftest import REPOSITORY
from tests.programs import PATIENCE_S, of_its_own


@pytest.fixture
def own_folder(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    return tmp_path


def test_seeding_gives_one_login_per_role_and_a_participant_who_consented(db, own_folder, client):
    made = seeding.seed()
    assert {login.role for login in made.logins} == {str(role) for role in Role}
    assert Membership.objects.filter(study=made.study_id).count() == len(Role) + 1  # two coders
    assert Consent.objects.get().participant_id == Participant.objects.get().pk
    for login in made.logins:
        assert client.login(email=login.email, password=login.password), login.role
    assert len({login.password for login in made.logins}) == len(Role) + 1
    assert (own_folder / "demonstration.json").stat().st_mode & 0o777 == 0o600


def test_seeding_twice_changes_nothing(db, own_folder):
    assert seeding.seed() == seeding.seed()
    assert Study.objects.count() == 1


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        '{"logins": []}',
        '{"logins": [{"x": 1}], "study_id": 1}',
        '{"logins": [], "study_id": "x", "participant_id": "x"}',
    ],
)
def test_a_damaged_file_gets_new_passwords_and_keeps_the_study(db, own_folder, client, content):
    first = seeding.seed()
    (own_folder / "demonstration.json").write_text(content)
    second = seeding.seed()
    assert (second.study_id, second.participant_id) == (first.study_id, first.participant_id)
    login = second.login(Role.CODER)
    assert login.password != first.login(Role.CODER).password
    assert client.login(email=login.email, password=login.password)


def test_the_password_form_is_found_among_others():
    page = (
        '<form><input name="q" value="x"></form>'
        '<form><input type="hidden" name="revision" value="7"><input type="checkbox" name="confirmed" required>'
        '<input type="checkbox" name="spam"><input type="password" name="password"></form>'
    )
    assert password_form(page) == {"revision": "7", "confirmed": "on", "password": ""}
    with pytest.raises(StepFailed):
        password_form("<form></form>")


def demo(tmp_path: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", "demo", *arguments],
        cwd=REPOSITORY,
        env=of_its_own(tmp_path / "data") | environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )


def test_a_port_in_use_is_one_sentence(tmp_path):
    migrated.installation(tmp_path / "data")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = demo(tmp_path, "--port", str(port))
    assert ended.returncode != 0
    assert f"port {port}" in ended.stderr
    assert "PORT=" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path):
    ended = demo(tmp_path, FACSWEB_DATA="/proc/facsweb")
    assert ended.returncode != 0
    assert ended.stderr.startswith("Cannot write to /proc/facsweb")
    assert len(ended.stderr.splitlines()) == 1


def test_no_network_for_the_models_is_one_sentence(tmp_path):
    # An index that refuses every connection stands for a machine without a network.
    nowhere = {
        "PIP_INDEX_URL": "http://127.0.0.1:9/",
        "PIP_RETRIES": "0",
        "PIP_FIND_LINKS": "",
        "PIP_CONFIG_FILE": os.devnull,
    }
    ended = demo(tmp_path, FACSWEB_MODELS=str(tmp_path / "models"), **nowhere)
    assert ended.returncode != 0
    said = " ".join(ended.stderr.split())
    assert "could not be fetched" in said
    assert "--from" in said
    assert said.count("rror: ") == 1, said
    assert "Traceback" not in said
