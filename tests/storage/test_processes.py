"""Hosts as processes of their own: one keeps its copies, one is killed in the middle of its work."""

from __future__ import annotations

import io
import signal
import subprocess
import sys

import pytest
from django.utils import timezone

from facsweb.recordings import acceptance, services
from facsweb.recordings.models import Recording
from facsweb.storage import cache, shelf
from facsweb.storage import hosts as telling
from facsweb.storage.models import Claim
from tests.conftest import MEDIA, REPOSITORY
from tests.programs import of_the_tests, wait_until

NAME = "recordings/1/original"
#: Finishes the upload that it is told, and dies when the file is in the bucket and its row is not yet written.
DIES = """
import os, signal, sys
import django
django.setup()
from facsweb.recordings import acceptance, services
from facsweb.recordings.models import Upload
acceptance._store = lambda *args: os.kill(os.getpid(), signal.SIGKILL)
services.finish_upload(Upload.objects.get(pk=sys.argv[1]))
"""


def of(host):
    """Environment of a program of a host."""
    base = {name: value for name, value in of_the_tests().items() if name != "FACSWEB_SCORERS"}
    return base | host.environment() | {"DJANGO_SETTINGS_MODULE": "facsweb.settings"}


@pytest.mark.django_db(transaction=True)
def test_a_process_keeps_the_copies_of_its_host(hosts):
    first, second = hosts
    first.kept(NAME, b"a face")
    program = [sys.executable, "manage.py", "recovery", "--every", "1"]
    process = subprocess.Popen(program, cwd=REPOSITORY, env=of(second))
    try:
        with second.here():
            wait_until(cache.is_trusted, what="nobody keeps the copies")
            shelf.fetch(NAME)
        with first.here():
            shelf.remove(NAME, for_good=True)
            assert telling.settle(wait_s=240) == telling.Settled(2, 0)
        assert not second.media(NAME).exists()
    finally:
        process.terminate()
        process.wait()


@pytest.mark.django_db(transaction=True)
def test_a_process_killed_between_bucket_and_row_loses_nothing(hosts, participant, consent, people, keys):
    first, second = hosts
    content = (MEDIA / "d1_smile_6_12_then_12.mp4").read_bytes()
    with first.here():
        upload = services.begin_upload(people["analyst"], participant, filename="a.mp4", length=len(content))
        services.receive(upload, 0, io.BytesIO(content))
    died = subprocess.run([sys.executable, "-c", DIES, str(upload.pk)], cwd=REPOSITORY, env=of(first))
    assert died.returncode == -signal.SIGKILL
    assert f"media/recordings/{upload.pk}/original" in keys()
    assert not Recording.objects.exists()

    with second.here():
        assert acceptance.finish_complete() == 0  # for a few seconds it looks as if somebody were at it
        Claim.objects.update(until=timezone.now())
        assert acceptance.finish_complete() == 1
        assert services.original_path(Recording.objects.get()).read_bytes() == content
    assert keys() == [f"media/recordings/{upload.pk}/original"]
