"""Real workers: a withdrawal in the middle of a run, and a worker that is killed while it destroys."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from facsweb.privacy.models import Erasure, Tombstone
from facsweb.runs import services
from facsweb.runs.models import AnalysisRun
from facsweb.studies.withdrawing import withdraw
from tests.factories import make_recording
from tests.programs import wait_until
from tests.runs.conftest import endless_clip, endless_recording, recording, start_child, wait_for  # noqa: F401

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis"), pytest.mark.timeout(600)]
FOLDERS = ("recordings", "runs", "readings", "reports", "copies")


@pytest.fixture(autouse=True)
def _own_folders():
    """Real workers find the usual folders, which belong to the tests anyway."""


def lying(*ids) -> list[Path]:
    """Files and folders whose path names one of the ids."""
    wanted = {str(one) for one in ids}
    found = Path(settings.MEDIA_ROOT).rglob("*")
    return [path for path in found if wanted & set(path.parts)]


@pytest.mark.usefixtures("models")
def test_a_withdrawal_in_the_middle_of_a_run_leaves_nothing(endless_recording, consent, people, start_child):  # noqa: F811
    workers = [start_child("worker") for _ in range(2)]  # one has the run, the other one destroys meanwhile
    run = services.start(people["analyst"], endless_recording)
    wait_for(run, lambda: run.state == "running" and run.done >= 50)
    assert lying(run.pk)
    asked = time.monotonic()
    withdraw(people["administrator"], consent, reason="asked by phone")
    erasure = Erasure.objects.get()
    wait_until(lambda: Erasure.objects.get().state == "succeeded", what="the erasure ends")
    print(f"withdrawn in the middle of a run; all gone and certified after {time.monotonic() - asked:.1f} s")
    assert not AnalysisRun.objects.exists()
    wait_until(lambda: not any(one.children for one in workers), what="the run that was stopped ends")
    assert lying(run.pk, endless_recording.pk) == []
    erasure.refresh_from_db()
    assert erasure.certificate_sha256
    kinds = set(erasure.tombstones.values_list("kind", flat=True))
    assert {"recordings.recording", "runs.analysisrun"} <= kinds


def test_a_worker_killed_while_it_destroys_is_replaced(participant, consent, people, start_child):  # noqa: F811
    ids = []
    for _ in range(12):
        one = make_recording(participant, people["analyst"])
        type(one).objects.filter(pk=one.pk).update(title="titleqzx in the database")
        ids.append(one.pk)
    start_child("recovery", "--every", "1")
    first = start_child("worker")
    withdraw(None, consent)
    wait_until(lambda: Tombstone.objects.filter(kind="recordings.recording").count() >= 1, what="it begins")
    first.kill_all()
    left = Erasure.objects.get()
    start_child("worker")
    wait_until(lambda: Erasure.objects.get().state == "succeeded", what=f"it goes on after {left.state}")
    erasure = Erasure.objects.get()
    assert lying(*ids) == []
    assert erasure.tombstones.filter(kind="recordings.recording").count() == 12
    assert erasure.tombstones.filter(destroyed_at=None).count() == 0
    if left.state == "running":
        assert (erasure.attempt, erasure.crashes) == (2, 1)
    if connection.vendor == "sqlite":  # PostgreSQL gives the room back in its own time (docs/privacy.md)
        assert b"titleqzx" not in Path(connection.settings_dict["NAME"]).read_bytes(), "it is overwritten"
