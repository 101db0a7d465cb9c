"""Whoever reads by a token is in the log, as on pages; what cannot be logged is not shown."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError, transaction

from facsweb.api import gate
from facsweb.api.gate import SPECS
from facsweb.audit import reading, services
from facsweb.audit.models import Entry
from facsweb.studies import access
from tests.api.conftest import Caller
from tests.api.test_matrix import paths

#: Operations that no page table speaks of: lists without an object, and a question about a file.
NO_OBJECT = {"studies_list", "reports_list", "report_verify"}


def act_of(name: str) -> str:
    """The act that the log has to show for an operation; empty where nobody has to know who looked."""
    page = access.API[f"api:{name}"]
    known = {**reading.WINDOWED, **reading.EVERY, **reading.ITSELF}
    if page in known:
        return known[page]
    assert page in reading.UNLOGGED or page in reading.CHANGES or name in NO_OBJECT, name
    return ""


READINGS = sorted(name for name, spec in SPECS.items() if spec.method == "GET" and act_of(name))


def asked(name: str, seeded: Any, caller: Caller) -> Any:
    path = paths()[name][1]
    for word, obj in vars(seeded).items():
        path = path.replace(f"{{{word}}}", str(obj.pk))
    return caller.get(path)


def test_every_reading_is_in_the_log_under_the_tokens_name(seeded, caller, people):
    before = Entry.objects.count()
    for name in READINGS:
        with transaction.atomic():  # taken back, so that the next finds the same log
            response = asked(name, seeded, caller("administrator"))
            assert response.status_code == 200, name
            if response.streaming:
                b"".join(response.streaming_content)
            written = Entry.objects.filter(number__gt=before)
            found = written.filter(action=act_of(name), actor=people["administrator"])
            assert found.exists(), (name, list(written.values_list("action", flat=True)))
            assert all(one.via.startswith("API token Program (fsw_") for one in found), name
            transaction.set_rollback(True)
        assert Entry.objects.count() == before


def test_a_refused_reading_is_none(seeded, caller):
    before = Entry.objects.count()
    assert asked("recording_get", seeded, caller("manager")).status_code == 403
    assert asked("recording_get", seeded, caller("stranger")).status_code == 404
    assert not Entry.objects.filter(number__gt=before, action="recording.read").exists()


@pytest.mark.parametrize("name", READINGS)  # each in a test of its own: the refusal leaves it no connection
def test_what_cannot_be_logged_is_not_shown(name, seeded, caller, monkeypatch):
    """A page's reading, and a file whose taking is written with what exactly was taken."""
    program = caller("administrator")

    def full(*_: Any, **__: Any) -> None:
        raise DatabaseError("disk full")

    monkeypatch.setattr(services, "record", full)
    monkeypatch.setattr(gate, "record", full)
    response = asked(name, seeded, program)
    assert response.status_code == 503
    assert response.json()["type"] == "urn:facsweb:problem:not-logged"
    assert response["Retry-After"] == "5"
    assert "sha256" not in response.json()


def test_the_description_says_so(client):
    told = client.get("/api/v1/openapi.json").json()
    for methods in told["paths"].values():
        for method, one in methods.items():
            if method == "get":
                answer = one["responses"]["503"]["content"]["application/problem+json"]
                assert answer["example"]["type"] == "urn:facsweb:problem:not-logged"
