"""The search for what was lost, on worlds in which something was: a check that finds nothing proves nothing."""

from __future__ import annotations

import random
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone

from facsweb.audit.services import record
from facsweb.coding.batch import Change, apply_changes
from facsweb.coding.models import Event, Revision
from facsweb.coding.services import open_layer
from facsweb.recordings.models import Recording, Upload
from facsweb.reports.models import Report, SignOff
from facsweb.runs.models import AnalysisRun
from tests.chaos import afterwards
from tests.chaos.blows import Blows, Clock
from tests.chaos.journal import Journal
from tests.factories import make_finished_run, make_recording

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nobody_else(tmp_path, settings):
    """Folders without what other tests left there."""
    settings.MEDIA_ROOT, settings.UPLOAD_DIR = tmp_path / "media", tmp_path / "uploads"
    settings.ANCHORS_DIR = tmp_path / "anchors"


@pytest.fixture
def world(participant, consent, people):
    """A journal of what was acknowledged, and a database in which all of it is true."""
    coder, journal = people["coder"], Journal()
    recording = make_recording(participant, coder)
    upload = Upload.objects.create(
        participant=participant, filename="a", length=9, offset=9, state="finished", created_by=coder
    )
    Upload.objects.filter(pk=upload.pk).update(recording=recording)
    record(coder, "recording.create", recording)
    noted = {"sha256": recording.sha256, "length": 9, "offset": 9, "recording": str(recording.pk)}
    journal.note("uploads", str(upload.pk), noted)
    journal.sent.append(recording.sha256)
    run = make_finished_run(recording, coder)
    record(coder, "run.start", run)
    journal.note("runs", str(run.pk), str(recording.pk))
    layer, request = open_layer(coder, run), uuid.uuid4()
    event = Event.objects.filter(layer=layer, revisions__intensity__gt="").first()
    (written,) = apply_changes(
        coder, layer, [Change("change", event.pk, {"intensity": "E"}, expected=1)], request_id=request
    )
    told = {"layer": str(layer.pk), "event": str(event.pk), "number": written.number, "intensity": "E"}
    journal.note("edits", str(request), told)
    return journal.as_dict()


def found(journal):
    return afterwards.faults(journal)


def test_nothing_is_found_where_all_is_there(world):
    assert found(world) == []


def one(model):
    return model.objects.get()


def revision():
    return Revision.objects.get(number=2)


LOSSES = {
    "is gone": lambda: AnalysisRun.objects.all().delete(),
    "does not hold what was sent": lambda: Path(one(Recording).original.path).write_bytes(b"half"),
    "byte 9 was acknowledged, 4 are there": lambda: Upload.objects.update(offset=4),
    "with no end": lambda: AnalysisRun.objects.update(state="running", heartbeat_at=timezone.now()),
    "without a reason that helps": lambda: AnalysisRun.objects.update(state="failed", error=""),
    "is not what was published": lambda: AnalysisRun.objects.update(files={"summary.json": "0"}),
    "is there 0 times": lambda: Revision.objects.filter(number=2).update(group=None),
    "and was acknowledged as": lambda: Revision.objects.filter(number=2).update(intensity="A"),
    "The log tells 2 times": lambda: record(None, "run.start", one(AnalysisRun)),
    "belongs to nobody": lambda: (Path(settings.MEDIA_ROOT) / "recordings" / "x").mkdir(parents=True),
}


@pytest.mark.parametrize("sentence", LOSSES)
def test_every_loss_is_a_sentence(world, sentence):
    LOSSES[sentence]()
    assert any(sentence in fault for fault in found(world)), found(world)


def test_a_recording_that_nobody_sent_and_one_that_came_twice(world):
    again = one(Recording)
    again.pk = uuid.uuid4()
    again.save(force_insert=True)
    Upload.objects.create(
        participant=again.participant, filename="b", length=1, recording=again, created_by=again.created_by
    )
    world["sent"].clear()
    sentences = " ".join(found(world))
    assert "became 2 recordings" in sentences
    assert "that nobody sent" in sentences


def test_a_signature_that_was_lost_and_one_whose_report_is_not_made(world, people):
    layer = next(iter(world["edits"].values()))["layer"]
    world["signatures"][layer] = str(uuid.uuid4())
    assert any("has 0 signatures" in fault for fault in found(world))
    signed = SignOff.objects.create(
        layer_id=layer, signer=people["coder"], signed_at=timezone.now(), content={}, content_sha256="0"
    )
    assert any("is gone" in fault for fault in found(world))
    world["signatures"][layer] = str(Report.objects.create(sign_off=signed).pk)
    assert any("is waiting" in fault for fault in found(world))


def test_one_number_decides_the_blows(tmp_path):
    def blows(seed):
        strike = Blows.__new__(Blows)
        strike.chance, strike.kinds, strike._bag = random.Random(seed), list("abcde"), []
        return [(strike.pause_s(), strike.next()) for _ in range(12)]

    assert blows(3) == blows(3) != blows(4)
    assert {kind for _, kind in blows(3)[:5]} == set("abcde"), "each kind once before any comes again"


def test_the_clock_of_a_process_can_be_set_and_its_steady_one_goes_on(tmp_path):
    clock = Clock(tmp_path)
    if not clock.works:
        pytest.skip("There is no C compiler here.")
    clock.move(-7200)
    program = (
        "import time, datetime; a = time.monotonic(); print(time.time(), datetime.datetime.now().timestamp(), a)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env=clock.environment, capture_output=True, text=True, check=True
    )
    wall, stamp, steady = map(float, done.stdout.split())
    assert abs(wall + 7200 - time.time()) < 600
    assert abs(stamp - wall) < 60
    assert 0 <= time.monotonic() - steady < 600
