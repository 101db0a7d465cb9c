"""A person who withdraws and is seen on another participant's recording: their face goes, the other's stays."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.urls import reverse
from django.utils import timezone

from analysis import forgetting
from analysis.people import Person, Piece, sightings
from facsweb.audit.checking import faults
from facsweb.audit.models import Entry
from facsweb.coding.comments import add
from facsweb.coding.machine import make_machine_layer
from facsweb.coding.models import Event, Revision
from facsweb.coding.services import accept_event, create_event, open_layer
from facsweb.coding.tracks import track
from facsweb.meaning.models import Reading
from facsweb.privacy import faces
from facsweb.privacy.models import Erasure
from facsweb.reports import services as reports
from facsweb.runs import attempts, job, people_reading
from facsweb.runs import people as who_is_who
from facsweb.runs.models import AnalysisRun
from facsweb.runs.services import result_dir
from facsweb.studies.models import Consent, Participant, Scope
from facsweb.studies.withdrawing import withdraw
from tests.conftest import PASSWORD
from tests.factories import make_finished_run, make_recording
from tests.people import write_measurement

pytestmark = pytest.mark.django_db


def second_face(folder):
    """Give the results of one face another one with the same figures, as if two people smiled at once."""
    table = pq.read_table(folder / "signals.parquet")
    other = table.set_column(1, "face", pa.array(np.ones(len(table), np.int16)))
    pq.write_table(pa.concat_tables([table, other]), folder / "signals.parquet")
    rows = list(csv.reader((folder / "events.csv").open()))
    with (folder / "events.csv").open("w", newline="") as file:
        csv.writer(file).writerows([*rows, *([*row[:-1], "1"] for row in rows[1:])])
    said = json.loads((folder / "summary.json").read_text())
    said["faces"].append(said["faces"][0] | {"face": 1})
    said["warnings"] = ["Face 1: hidden parts were not scored.", "Something about the file."]
    (folder / "summary.json").write_text(json.dumps(said))
    neutral = {"schema": 1, "faces": [{"face": 0, "values": {"a": 1}}, {"face": 1, "values": {"a": 2}}]}
    (folder / "neutral.json").write_text(json.dumps(neutral))
    return said


def two_people(recording, user):
    run = make_finished_run(recording, user)
    folder = result_dir(run)
    write_measurement(folder)
    run.summary = second_face(folder)
    run.files = job.hashes(folder)
    run.save()
    return run


@pytest.fixture
def seen(participant, consent, second, people):
    """A recording of P-001 with P-002 in it: analysed and signed before it was said who is who."""
    coder, analyst = people["coder"], people["analyst"]
    run = two_people(make_recording(participant, analyst), analyst)
    layer = open_layer(coder, run) if make_machine_layer(run) else None
    for event in list(layer.events.all()):
        accept_event(coder, event, expected=1)
    about = {"code": "14", "side": "left", "intensity": "B", "onset_us": 2_000_000, "apex_us": 2_500_000}
    create_event(coder, layer, about | {"offset_us": 3_000_000, "face": 1, "note": "secondqzx"})
    add(coder, run, "See thirdqzx", layer=layer, event=Event.objects.get(revisions__note="secondqzx"))
    track(result_dir(run), 1)
    report = reports.sign(coder, layer, password=PASSWORD, statement=reports.STATEMENT).report
    who_is_who_before = type(layer).objects.filter(pk=layer.pk)
    who_is_who_before.update(state="open")  # nobody changes who is who while a coding is signed
    who_is_who.assign(analyst, run, expected=0, number=1, participant=second)
    who_is_who_before.update(state="signed")
    again = AnalysisRun.objects.exclude(pk=run.pk).get()
    published(again)
    unread = Reading.objects.create(run=run, state="succeeded", inputs={"scopes": ["video"], "people": []})
    return {"run": run, "again": again, "layer": layer, "report": report, "reading": unread}


def published(run):
    """What a worker does with a waiting reading, without the arithmetic."""
    attempts.claim(run.pk, run.attempt, "here")
    out = attempts.folder(run.pk) / str(run.attempt)
    out.mkdir(parents=True)
    job._copy_measurement(run.parameters["measurement_from"], out)
    people_reading.for_the_work(run, out)
    source = result_dir(AnalysisRun.objects.get(pk=run.parameters["measurement_from"]))
    for name in ("signals.parquet", "events.csv", "summary.json", "neutral.json"):
        shutil.copy(source / name, out)
    summary = json.loads((out / "summary.json").read_text())
    assert attempts.succeed(run.pk, run.attempt, files=job.hashes(out), summary=summary)
    run.refresh_from_db()


def everything_of(folder):
    """Faces by file in a result folder."""
    return {
        "measured": set(sightings(folder).track.tolist()),
        "signals": set(pq.read_table(folder / "signals.parquet")["face"].to_pylist()),
        "events": {row["face"] for row in csv.DictReader((folder / "events.csv").open())},
        "summary": [one["face"] for one in json.loads((folder / "summary.json").read_text())["faces"]],
        "neutral": [one["face"] for one in json.loads((folder / "neutral.json").read_text())["faces"]],
    }


ALONE = {"measured": {0, 2}, "signals": {0}, "events": {"0"}, "summary": [0], "neutral": [0]}


def test_who_withdraws_goes_from_every_analysis_of_anothers_recording(seen, second, people, erase, client_as):
    run, again, report = seen["run"], seen["again"], seen["report"]
    former = dict(run.files)
    mine = list(Revision.objects.filter(event__layer=seen["layer"], face=0).values_list("pk", flat=True))
    withdraw(None, second.consents.get())
    report.refresh_from_db()
    assert report.state == "revoked", "signed before it was said who it is"
    erase()
    for one in (run, again):
        one.refresh_from_db()
        folder = result_dir(one)
        assert everything_of(folder) == ALONE
        assert one.files == one.files | {
            name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in forgetting.WRITTEN
        }
        assert [face["face"] for face in one.summary["faces"]] == [0]
        assert one.summary["warnings"] == ["Something about the file."]
        assert not (folder / "screen" / "face-1").exists()
    assert not Revision.objects.filter(face=1).exists()
    assert list(Revision.objects.filter(pk__in=mine).values_list("pk", flat=True)) == mine, "the other's stay"
    assert len(set(pq.read_table(result_dir(run) / "measurement.parquet")["frame"].to_pylist())) == 250
    assert not Reading.objects.filter(pk=seen["reading"].pk).exists(), "it was read with the face in it"
    assert not type(report).objects.filter(pk=report.pk).exists()
    seen["layer"].refresh_from_db()
    assert seen["layer"].state == "open", "its coder may sign again"
    (erasure,) = Erasure.objects.filter(participant=second)
    trace = erasure.tombstones.get(kind=faces.KIND, object_id=str(run.pk))
    assert trace.hashes == {name: former[name] for name in forgetting.WRITTEN}
    assert erasure.tombstones.get(kind="coding.event", object_id=str(run.pk)).rows > 1
    assert Entry.objects.filter(action="run.forget_face", object_id=str(run.pk)).exists()
    assert list(faults()) == []
    for page in ("runs:detail", "runs:people", "coding:review"):
        assert client_as("analyst").get(reverse(page, args=[run.pk])).status_code == 200, page


def test_the_reading_that_follows_a_withdrawal_holds_no_measurement_of_them(seen, second):
    withdraw(None, second.consents.get())
    follows = AnalysisRun.objects.get(state="queued")
    published(follows)
    assert everything_of(result_dir(follows))["measured"] == {0, 2}, "before any worker destroyed anything"
    assert people_reading.stored.read(result_dir(follows))[1].left_out


class Killed(BaseException):
    """What a worker's death looks like from within: nothing after it is done."""


@pytest.mark.parametrize("at", ["_put_down", "_delete", "_read_from"])
@pytest.mark.parametrize("after", [0, 1])
def test_killed_in_its_middle_it_goes_on(at, after, seen, second, erase, monkeypatch):
    former = dict(seen["run"].files)
    withdraw(None, second.consents.get())
    real, count = getattr(faces, at), 0

    def dying(*arguments):
        nonlocal count
        count += 1
        if count > after:
            raise Killed
        return real(*arguments)

    monkeypatch.setattr(faces, at, dying)
    with pytest.raises(Killed):
        erase()
    monkeypatch.undo()
    Erasure.objects.update(state="queued")
    erase()
    for one in (seen["run"], seen["again"]):
        assert everything_of(result_dir(one)) == ALONE
    assert not Revision.objects.filter(face=1).exists()
    trace = Erasure.objects.get(participant=second).tombstones.get(kind=faces.KIND, object_id=str(seen["run"].pk))
    assert trace.hashes == {name: former[name] for name in forgetting.WRITTEN}, "of before, not of in between"


def test_a_face_that_is_still_in_a_file_is_no_success(seen, second, erase, monkeypatch):
    from facsweb.privacy import destroying

    kept = (result_dir(seen["run"]) / "signals.parquet").read_bytes()
    withdraw(None, second.consents.get())
    real = destroying._what_speaks_of_it

    def put_back(erasure):
        real(erasure)
        (result_dir(seen["run"]) / "signals.parquet").write_bytes(kept)

    monkeypatch.setattr(destroying, "_what_speaks_of_it", put_back)
    with pytest.raises(destroying.Remains, match=r"runs\.face"):
        erase()


def test_without_the_measurement_the_whole_analysis_goes(seen, second, erase):
    (result_dir(seen["run"]) / "measurement.parquet").unlink()
    withdraw(None, second.consents.get())
    erase()
    assert not AnalysisRun.objects.filter(pk__in=[seen["run"].pk, seen["again"].pk]).exists()
    assert not Event.objects.exists()


def test_nobody_else_loses_anything(seen, participant, second, people, erase):
    """A third participant withdraws, who is on no recording."""
    third = Participant.objects.create(study=participant.study, code="P-003", created_by=people["analyst"])
    consent = second.consents.get()
    values = {name: getattr(consent, name) for name in ("form", "scopes", "method", "signature", "recorded_by")}
    withdraw(None, Consent.objects.create(participant=third, given_at=timezone.now(), **values))
    before = {one.pk: dict(one.files) for one in AnalysisRun.objects.all()}
    erase()
    assert {one.pk: dict(one.files) for one in AnalysisRun.objects.all()} == before
    assert not Entry.objects.filter(action="run.forget_face").exists()


def test_states_of_a_guest_go_from_reports_on_anothers_recording(seen, second, people):
    """Who agrees to be coded and no longer to the estimation of states, on a recording that is not theirs."""
    coder = people["coder"]
    layer = type(seen["layer"]).objects.create(run=seen["again"], owner=coder, kind="coder", state="open")
    named = reports.sign(coder, layer, password=PASSWORD, statement=reports.STATEMENT).report
    assert "meaning" in named.sign_off.content
    withdraw(None, second.consents.get(), scopes=[Scope.EMOTION])
    named.refresh_from_db()
    assert named.state == "revoked"
    seen["report"].refresh_from_db()
    assert seen["report"].state != "revoked", "nobody knew whose the face was, so no state of it was read"


# --- files ------------------------------------------------------------------------------------------------------


def test_a_part_of_a_face_leaves_a_gap(tmp_path):
    """Track 1 is the person from 5 s on: the face stays, with nothing in it from there."""
    from tests.factories import write_result

    write_result(tmp_path)
    write_measurement(tmp_path)
    second_face(tmp_path)
    who = Person((Piece(1, 5_000_000),), left_out=True)
    before = pq.read_table(tmp_path / "signals.parquet")
    gone = forgetting.shown(sightings(tmp_path), None, who)
    assert list(gone) == [1]
    assert not gone[1].whole
    assert (gone[1].covers(0, 4_999_999), gone[1].covers(4_000_000, 5_000_000)) == (False, True)
    forgetting.forget_results(tmp_path, gone)
    assert forgetting.forget_measurement(tmp_path, who)
    after = pq.read_table(tmp_path / "signals.parquet")
    assert after.num_rows == before.num_rows
    theirs = (after["face"].to_numpy() == 1) & (after["time_us"].to_numpy() >= 5_000_000)
    assert np.isnan(after["AU12"].to_numpy()[theirs]).all()
    np.testing.assert_array_equal(after["AU12"].to_numpy()[~theirs], before["AU12"].to_numpy()[~theirs])
    events = [row for row in csv.DictReader((tmp_path / "events.csv").open()) if row["face"] == "1"]
    assert all(int(row["offset_us"]) < 5_000_000 for row in events)
    left = sightings(tmp_path)
    assert left.time_us[left.track == 1].max() < 5_000_000
    table = pq.read_table(tmp_path / "measurement.parquet")
    assert sorted(set(table["frame"].to_pylist())) == list(range(250)), "a frame stays a frame"
    assert not forgetting.forget_measurement(tmp_path, who), "twice is once"


def test_what_is_left_is_read_as_before(tmp_path):
    """The engine reads the other face of a measurement from which somebody was taken to the same figures."""
    from analysis.stored import StoredMeasurement

    write_measurement(tmp_path)
    rows, series = StoredMeasurement(tmp_path).face(0)
    forgetting.forget_measurement(tmp_path, Person((Piece(1),)))
    again = StoredMeasurement(tmp_path)
    assert tuple(again.faces) == (0,)
    assert len(again.times) == 250
    same_rows, same = again.face(0)
    np.testing.assert_array_equal(rows, same_rows)
    np.testing.assert_array_equal(series["yaw_deg"], same["yaw_deg"])
