"""An installation as others meet it: refusals at the start, cookies, redirects, secrets, packages."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import stat
import subprocess
import sys
from importlib.metadata import metadata
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from facsweb import installation
from tests.conftest import REPOSITORY

SECRET = "a secret of production that is long enough for every check of it, 0123456789"
WALK = """
import json
import django
django.setup()
from django.conf import settings
from django.test import Client
told = {}
client = Client(headers={"Host": "facs.example"})
answer = client.get("/account/login/?next=/x")
told["redirect"] = [answer.status_code, answer.get("Location", "")]
told["health"] = client.get("/healthz").status_code
answer = client.get("/account/login/", secure=True)
told["status"] = answer.status_code
told["hsts"] = answer["Strict-Transport-Security"]
told["csp"] = answer["Content-Security-Policy"]
told["cookies"] = {
    name: [bool(one["secure"]), one["path"], one["domain"], one["samesite"]]
    for name, one in client.cookies.items()
}
told["proxied"] = client.get("/account/login/", headers={"X-Forwarded-Proto": "https"}).status_code
told["foreign"] = client.get("/account/login/", secure=True, headers={"Host": "evil.example"}).status_code
told["names"] = [settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME]
print("TOLD" + json.dumps(told))
"""


@pytest.fixture
def production(tmp_path):
    """Run a program with production's settings; more of the environment by name, None takes away."""

    def run(*command: str, **more: str | None) -> subprocess.CompletedProcess[str]:
        environment = {
            "PATH": os.environ["PATH"],
            "FACSWEB_ENV": "production",
            "DJANGO_SETTINGS_MODULE": "facsweb.settings",
            "SECRET_KEY": SECRET,
            "ALLOWED_HOSTS": "facs.example",
            "DATABASE_URL": f"sqlite:///{tmp_path / 'db.sqlite3'}",
            "REDIS_URL": "redis://:sesame@localhost:1/0",
            "FACSWEB_DATA": str(tmp_path),
            "SITE_URL": "https://facs.example",
        }
        for name, value in more.items():
            environment.pop(name, None)
            if value is not None:
                environment[name] = value
        return subprocess.run(
            [sys.executable, *command],
            cwd=REPOSITORY,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def test_check_deploy_is_clean(production):
    said = production("manage.py", "check", "--deploy", "--fail-level", "WARNING")
    assert said.returncode == 0, said.stderr
    assert "no issues" in said.stdout
    assert re.search(r"\(0 silenced\)", said.stdout), said.stdout


def test_operator_may_leave_subdomains_alone(production):
    said = production("manage.py", "check", "--deploy", "--fail-level", "WARNING", FACSWEB_HSTS_SUBDOMAINS="no")
    assert (said.returncode, "(2 silenced)" in said.stdout) == (0, True), said.stdout + said.stderr


def test_pages_of_production(production):
    said = production("-c", WALK)
    assert "TOLD" in said.stdout, said.stderr
    told = json.loads(said.stdout.split("TOLD")[1])
    assert told["redirect"] == [301, "https://facs.example/account/login/?next=/x"]
    assert told["health"] in (200, 503), "asked for on the machine itself, so never sent on to TLS"
    assert (told["status"], told["proxied"], told["foreign"]) == (200, 200, 400)
    assert told["hsts"] == "max-age=31536000; includeSubDomains; preload"
    assert "upgrade-insecure-requests" in told["csp"]
    assert told["names"] == ["__Host-sessionid", "__Host-csrftoken"]
    assert told["cookies"]["__Host-csrftoken"] == [True, "/", "", "Lax"]


@pytest.mark.parametrize("name", ["SECRET_KEY", "ALLOWED_HOSTS", "DATABASE_URL", "REDIS_URL"])
def test_nothing_starts_without_what_production_needs(production, name):
    said = production("-c", "import facsweb.settings", **{name: None})
    assert said.returncode != 0
    assert f"needs {name} in the environment, or in a file that {name}_FILE names" in said.stderr
    assert SECRET not in said.stderr + said.stdout


def test_secrets_come_from_files(production, tmp_path):
    files = {}
    for name, value in (("SECRET_KEY", SECRET), ("REDIS_URL", "redis://:sesame@localhost:1/0")):
        path = tmp_path / name.lower()
        path.write_text(value + "\n")
        path.chmod(0o600)
        files |= {name: None, f"{name}_FILE": str(path)}
    said = production(
        "-c", "import facsweb.settings as s; print(s.SECRET_KEY == s.REDIS_URL, len(s.SECRET_KEY))", **files
    )
    assert said.stdout.split() == ["False", str(len(SECRET))], said.stderr


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda path: None, "cannot be read"),
        (lambda path: (path.write_text(" \n"), path.chmod(0o600)), "is empty"),
        (lambda path: (path.write_text("tell-tale"), path.chmod(0o644)), "opened by everybody"),
    ],
)
def test_secret_file_that_cannot_be_used_is_named_and_not_shown(production, tmp_path, make, why):
    path = tmp_path / "key"
    make(path)
    said = production("manage.py", "check", SECRET_KEY=None, SECRET_KEY_FILE=str(path))
    assert said.returncode != 0
    assert why in said.stderr
    assert str(path) in said.stderr
    assert "tell-tale" not in said.stderr
    assert "Traceback" not in said.stderr


def test_two_different_values_of_a_secret_are_refused(monkeypatch, tmp_path):
    path = tmp_path / "key"
    path.write_text("one")
    path.chmod(0o600)
    monkeypatch.setenv("SECRET_KEY_FILE", str(path))
    monkeypatch.setenv("SECRET_KEY", "another")
    with pytest.raises(installation.SecretFileError, match="different values") as raised:
        installation.read_secret_files()
    assert "another" not in str(raised.value).split("Both")[0]


def test_keys_and_secret_are_their_owners_alone(tmp_path):
    folder = tmp_path / "data"
    key = installation.secret_key(folder)
    assert len(key) >= 50
    assert stat.S_IMODE((folder / "secret_key").stat().st_mode) == 0o600
    installation.write_private(folder / "more", b"x")
    assert stat.S_IMODE((folder / "more").stat().st_mode) == 0o600


def test_what_is_stored_is_its_owners_alone(production):
    told = "import os; print('UMASK', oct(os.umask(0)))"
    said = production("manage.py", "shell", "--no-imports", "-c", told)
    assert "UMASK 0o77" in said.stdout, said.stderr
    name = default_storage.save("security/stored", ContentFile(b"x"))
    path = Path(default_storage.path(name))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    default_storage.delete(name)


def test_former_keys_are_a_list(production):
    said = production(
        "-c", "import facsweb.settings as s; print(s.SECRET_KEY_FALLBACKS)", SECRET_KEY_FALLBACKS="one two"
    )
    assert said.stdout.strip() == "['one', 'two']"


# --- packages ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sbom() -> Any:
    specification = importlib.util.spec_from_file_location("sbom", REPOSITORY / ".ci" / "sbom.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_bill_tells_what_runs_the_site_from_what_helps_developing_it(sbom):
    """The rest of `make sbom` is cyclonedx-py's, and takes a minute."""
    needed = sbom.runtime()
    assert {"django", "av", "onnxruntime", "pyhanko", "asgiref", "fido2"} <= needed
    assert not needed & {"pytest", "ruff", "bandit", "psycopg", "mypy"}
    models = {one["name"]: one for one in sbom.models()}
    assert {"face-mesh-attention", "au-nets-encoder", "text-net"} <= set(models)
    for name, model in models.items():
        assert re.fullmatch(r"[0-9a-f]{64}", model["hashes"][0]["content"]), name
        assert model["licenses"] == [{"license": {"id": "Apache-2.0"}}], name


def test_no_package_that_runs_the_site_binds_who_runs_it(sbom):
    """GPL, AGPL and terms that forbid a use; psycopg (LGPL) is an extra that an operator installs."""
    barred = re.compile(r"\b[AL]?GPL|affero|general public|non-?commercial|\bCC-BY-NC|\bSSPL|\bBUSL", re.I)
    said = {}
    for name in sbom.runtime():
        about = metadata(name)
        told = [value for key, value in about.items() if key == "Classifier" and value.startswith("License")]
        told += [about[key][:120] for key in ("License-Expression", "License") if about.get(key)]
        said[name] = "; ".join(told)
    assert len(said) > 60
    assert {name: told for name, told in said.items() if barred.search(told)} == {}


def test_audit_tells_findings_from_silence(monkeypatch, capsys):
    specification = importlib.util.spec_from_file_location("audit", REPOSITORY / ".ci" / "audit.py")
    audit = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(audit)

    def answered(packages: Any) -> None:
        said = subprocess.CompletedProcess([], 0, json.dumps({"dependencies": packages}), "")
        monkeypatch.setattr(audit.subprocess, "run", lambda *args, **kwargs: said)

    fine = {"name": "a", "version": "1", "vulns": []}
    answered([fine])
    assert audit.told(must_reach=True) == 0
    answered([fine, {"name": "b", "version": "2", "vulns": [{"id": "CVE-1", "fix_versions": ["3"]}]}])
    assert audit.told(must_reach=False) == 1
    assert "VULNERABLE: b 2: CVE-1 (fixed in: 3)" in capsys.readouterr().out
    answered([fine, {"name": "c", "skip_reason": "not found"}])
    assert (audit.told(must_reach=False), audit.told(must_reach=True)) == (0, 2)
    assert "NOT AUDITED: 1 of 2 packages" in capsys.readouterr().err
    monkeypatch.setattr(audit.subprocess, "run", lambda *args, **kwargs: (_ for _ in ()).throw(OSError))
    assert (audit.told(must_reach=False), audit.told(must_reach=True)) == (0, 2)
