"""The demonstration asks for no second factor, says so, and leaves other installations alone."""

from __future__ import annotations

import os
import subprocess
import sys

from facsweb.demo.management.commands.demo import Command
from tests.conftest import REPOSITORY

ASKED = (
    "import django; django.setup(); from django.conf import settings;"
    "print(settings.FACSWEB_REQUIRE_MFA, settings.FACSWEB_DEMONSTRATION)"
)


def test_its_own_processes_are_told_and_nobody_else(monkeypatch, settings, client, db):
    for name in ("FACSWEB_REQUIRE_MFA", "FACSWEB_DEMONSTRATION"):
        monkeypatch.setenv(name, "")  # so that it is put back afterwards
        monkeypatch.delenv(name)
    settings.FACSWEB_REQUIRE_MFA, settings.FACSWEB_DEMONSTRATION = True, False
    command = [sys.executable, "-c", ASKED]

    def child() -> str:
        known = os.environ | {"DJANGO_SETTINGS_MODULE": "facsweb.settings"}
        return subprocess.check_output(command, env=known, cwd=REPOSITORY, text=True).strip()

    assert child() == "True False"
    Command()._without_second_factor()
    assert child() == "False True"  # what the web server that it starts will find
    assert not settings.FACSWEB_REQUIRE_MFA
    assert "The second factor is off in this demonstration" in client.get("/account/login/").content.decode()
