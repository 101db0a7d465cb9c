"""What the stage and the drawer ask for: cards, places, meshes, reasons; and what a blind coder is not told."""

from __future__ import annotations

import base64

import numpy as np
import pytest

from facsweb.coding.models import Layer
from tests.factories import make_finished_run, make_recording
from tests.stage import make_measured_run

EVENT = "code=12&side=both&onset=1120000&apex=1600000&offset=4560000"


@pytest.fixture
def measured(participant, consent, people, models):
    return make_measured_run(make_recording(participant, people["analyst"]), people["analyst"])


@pytest.fixture
def ask(client_as):
    def asked(run, what, query="", role="coder"):
        return client_as(role).get(f"/runs/{run.pk}/{what}?{query}")

    return asked


def test_cards_of_all_codes(client_as):
    told = client_as("coder").get("/cards/").json()
    assert len(told["cards"]) == 81
    assert told["cards"]["12"]["muscles"] == ["zygomaticus major"]
    assert ["25", "Lips that press on each other are not parted."] in told["cards"]["24"]["excludes"]
    assert max(told["edges"]) < 478


def test_places_of_a_stretch(measured, ask):
    told = ask(measured, "geometry", "face=0&from=1000000&to=2000000").json()
    times = np.frombuffer(base64.b64decode(told["times"]), "<f8")
    values = np.frombuffer(base64.b64decode(told["values"]), "<f4").reshape(len(times), len(told["columns"]))
    assert times[0] == 960_000
    assert times[-1] < 2_000_000
    x, y, w, h = values[:, :4].mean(axis=0)
    assert 0 < x < x + w < 640
    assert 0 < y < y + h < 480
    assert np.abs(values[:, 7] - (values[:, 0] + values[:, 2] / 2)).max() < 8


@pytest.mark.parametrize("query", ["from=5&to=5", "from=-1&to=5", "from=0&to=999999999999"])
def test_stretches_that_make_no_sense_are_refused(measured, ask, query):
    assert ask(measured, "geometry", query).status_code == 400


def test_mesh_of_a_frame_lies_in_its_box(measured, ask):
    told = ask(measured, "mesh", "face=0&at=1600000").json()
    points = np.array(told["points"]).reshape(478, 2)[:468]
    place = ask(measured, "geometry", "face=0&from=1600000&to=1640000").json()
    values = np.frombuffer(base64.b64decode(place["values"]), "<f4").reshape(-1, 10)[-1]
    box = np.array([*values[:2], *(values[:2] + values[2:4])])
    assert np.abs(np.concatenate([points.min(axis=0), points.max(axis=0)]) - box).max() < 4
    assert told["presence"] > 0.9
    assert told["size"] == [640, 480]


def test_mesh_of_the_neutral_and_of_no_frame(measured, ask):
    assert len(ask(measured, "mesh", "face=0&neutral=1").json()["points"]) == 956
    assert "not seen in this frame" in ask(measured, "mesh", "face=0&at=1600001").json()["why"]
    assert "kept no measurement" in ask(measured, "mesh", "face=5&at=0").json()["why"]


def test_reason_of_a_smile(measured, ask):
    told = ask(measured, "reason", EVENT).json()
    assert told["moved"][0]["words"].startswith("mouth corner")
    assert told["apex"]["low"] < told["apex"]["both"] <= told["apex"]["high"] <= 5
    assert told["gates"] == []


@pytest.mark.parametrize(
    "query", ["", EVENT.replace("12&", "400&"), EVENT.replace("both", "up"), EVENT.replace("1120000", "2000000")]
)
def test_reasons_that_make_no_sense_are_refused(measured, ask, query):
    assert ask(measured, "reason", query).status_code == 400


def test_a_run_without_a_measurement_says_so(participant, consent, people, ask):
    run = make_finished_run(make_recording(participant, people["analyst"]), people["analyst"])
    for what in ("geometry", "mesh", "reason"):
        response = ask(run, what, EVENT if what == "reason" else "")
        assert response.status_code == 200
        assert "kept no measurement" in response.json()["why"]


def test_a_blind_coder_gets_pictures_and_cards_but_no_reason(measured, people, ask, client_as):
    Layer.objects.create(
        run=measured, owner=people["coder"], kind=Layer.Kind.CODER, mode=Layer.Mode.BLIND, state=Layer.State.OPEN
    )
    assert ask(measured, "reason", EVENT).status_code == 403
    assert ask(measured, "reason", EVENT, role="analyst").status_code == 200
    assert "times" in ask(measured, "geometry", "to=1000000").json()
    page = client_as("coder").get(f"/runs/{measured.pk}/review/").content.decode()
    assert 'id="tab-reason"' not in page
    assert 'id="tab-card"' in page
