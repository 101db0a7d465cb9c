"""Who may read and write what over HTTP, and how refusals are told."""

from __future__ import annotations

import base64
import json
import uuid

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.urls import reverse

from facsweb.coding import services, signals
from facsweb.coding.models import Event, Layer, Revision
from facsweb.runs.models import AnalysisRun

SMILE = {
    "code": "12",
    "side": "both",
    "intensity": "C",
    "onset_us": 1_000_000,
    "apex_us": 1_500_000,
    "offset_us": 2_000_000,
}


def post(client, name, pk, **values):
    return client.post(reverse(name, args=[pk]), json.dumps(values), content_type="application/json")


def change(client, layer, event_id, action, request_id=None, **values):
    """One change through the address that the review page writes to."""
    one = {"action": action, "event_id": str(event_id), **values}
    request_id = request_id or str(uuid.uuid4())
    return post(client, "coding:changes", layer.pk, request_id=request_id, changes=[one])


@pytest.fixture
def addresses(run, layer):
    """Name of a reading page → its address."""
    event = layer.events.first()
    return {
        "coding:review": reverse("coding:review", args=[run.pk]),
        "coding:signals": reverse("coding:signals", args=[run.pk]),
        "coding:frames": reverse("coding:frames", args=[run.pk]),
        "coding:events": reverse("coding:events", args=[layer.pk]),
        "coding:event_history": reverse("coding:event_history", args=[event.pk]),
    }


@pytest.mark.parametrize("role", ["administrator", "analyst", "coder"])
def test_workers_read(addresses, client_as, role):
    client = client_as(role)
    for name, address in addresses.items():
        assert client.get(address).status_code == 200, name
        assert client.post(address).status_code == 405, name


def test_managers_do_not_and_strangers_learn_nothing(addresses, client_as, client):
    for name, address in addresses.items():
        assert client_as("manager").get(address).status_code == 403, name
        assert client_as("stranger").get(address).status_code == 404, name
        assert client.get(address).status_code == 302, name


def test_only_coders_write(run, layer, client_as):
    for name, pk in {"coding:layer_create": run.pk, "coding:changes": layer.pk}.items():
        for role, status in {"administrator": 403, "analyst": 403, "manager": 403, "stranger": 404}.items():
            assert post(client_as(role), name, pk).status_code == status, (name, role)
        assert client_as("coder").get(reverse(name, args=[pk])).status_code == 405
    assert Revision.objects.filter(event__layer=layer).count() == 7


def test_coders_do_not_see_each_others_coding(run, layer, client_as, people):
    from facsweb.studies.models import Membership, Role

    Membership.objects.create(study=run.study, user=people["stranger"], role=Role.CODER)
    other, event = client_as("stranger"), layer.events.first()
    assert other.get(reverse("coding:events", args=[layer.pk])).status_code == 403
    assert other.get(reverse("coding:event_history", args=[event.pk])).status_code == 403
    assert other.get(reverse("coding:review", args=[run.pk]), {"layer": layer.pk}).status_code == 403
    page = other.get(reverse("coding:review", args=[run.pk]))
    assert page.context["layer"].kind == Layer.Kind.MACHINE
    assert [name for _, name in page.context["layers"]] == ["Machine"]
    assert change(other, layer, event.pk, "delete", expected=1).status_code == 403


def test_leads_read_every_layer_and_edit_none(run, layer, client_as):
    page = client_as("analyst").get(reverse("coding:review", args=[run.pk]))
    assert [name for _, name in page.context["layers"]] == ["Machine", "Coder Person"]
    assert page.context["data"]["layer"] == {
        "id": str(layer.pk),
        "kind": "coder",
        "name": "Coder Person",
        "editable": False,
        "mode": "assisted",
        "spans": [],
        "state": "open",
    }
    assert not page.context["may_open"]


def test_review_page_is_strict_about_scripts(run, client_as):
    response = client_as("coder").get(reverse("coding:review", args=[run.pk]))
    policy = response["Content-Security-Policy"]
    assert {"script-src 'self'", "style-src 'self'"} <= set(policy.split("; "))  # in any order
    assert "unsafe" not in policy


def test_coder_opens_a_layer_and_twice_is_once(run, client_as):
    client = client_as("coder")
    page = client.get(reverse("coding:review", args=[run.pk]))
    assert page.context["may_open"]
    for _ in range(2):
        response = client.post(reverse("coding:layer_create", args=[run.pk]))
        assert response.headers["Location"] == reverse("coding:review", args=[run.pk])
    assert Layer.objects.filter(run=run, kind="coder").count() == 1
    page = client.get(reverse("coding:review", args=[run.pk]))
    assert page.context["data"]["layer"]["editable"]
    assert not page.context["may_open"]


def test_unfinished_run_has_nothing_to_review(run, client_as):
    AnalysisRun.objects.filter(pk=run.pk).update(state="running")
    client = client_as("coder")
    page = client.get(reverse("coding:review", args=[run.pk]))
    assert page.status_code == 200
    assert "not finished" in page.content.decode()
    answer = client.get(reverse("coding:signals", args=[run.pk]))
    assert answer.status_code == 400
    assert "not finished" in answer.json()["error"]
    client.post(reverse("coding:layer_create", args=[run.pk]))
    assert not Layer.objects.exists()


def test_unreadable_result_is_told(run, client_as):
    from facsweb.runs.services import result_dir

    (result_dir(run) / "events.csv").write_text("nonsense")
    page = client_as("coder").get(reverse("coding:review", args=[run.pk]))
    assert "not the one that the analysis wrote" in page.content.decode()


# --- what the page's scripts read ---------------------------------------------------------------------------


def test_signals_window(run, client_as):
    address = reverse("coding:signals", args=[run.pk])
    answer = client_as("coder").get(address, {"from": 0, "to": 10_000_000, "width": 100, "codes": "12"}).json()
    heat = np.frombuffer(base64.b64decode(answer["heat"]), np.uint8).reshape(len(answer["codes"]), 100)
    smile = (heat[answer["codes"].index("12")].astype(int) - 1) * answer["step"]
    assert smile[20:34].min() > 3.5, "the labelled smile from 1.7 s to 3.5 s"
    assert smile[90:].max() == 0
    assert set(answer["curves"]["12"]) == {"time_us", "exact", "both", "left", "right"}


def test_signals_of_one_curve_without_the_heatmap(run, client_as):
    answer = client_as("coder").get(reverse("coding:signals", args=[run.pk]), {"heat": 0, "codes": "12"}).json()
    assert "heat" not in answer
    assert answer["to_us"] == 10_000_000


@pytest.mark.parametrize(
    "query",
    [
        {"from": 5, "to": 5},
        {"from": -1, "to": 5},
        {"from": "x"},
        {"width": 0},
        {"width": 5000},
        {"codes": "12,99"},
        {"face": "a"},
    ],
)
def test_malformed_windows_are_refused(run, client_as, query):
    answer = client_as("coder").get(reverse("coding:signals", args=[run.pk]), query)
    assert answer.status_code == 400
    assert answer.json()["code"] == "malformed"


def test_finished_results_are_cached_for_this_person_only(run, client_as):
    client, address = client_as("coder"), reverse("coding:signals", args=[run.pk])
    first = client.get(address)
    assert "private" in first["Cache-Control"]
    assert "immutable" in first["Cache-Control"]
    assert client.get(address, headers={"If-None-Match": first["ETag"]}).status_code == 304
    assert client_as("stranger").get(address, headers={"If-None-Match": first["ETag"]}).status_code == 404
    other = client.get(address, {"width": 7}, headers={"If-None-Match": first["ETag"]})
    assert other.status_code == 200


def test_frame_times(run, client_as):
    answer = client_as("coder").get(reverse("coding:frames", args=[run.pk]))
    times = np.cumsum(np.frombuffer(answer.content, "<u4").astype(np.int64))
    assert len(times) == run.summary["video"]["frames"]
    assert times[0] == 0
    assert set(np.diff(times)) == {40_000}


def test_events_of_a_layer(layer, client_as, people):
    services.delete_event(people["coder"], layer.events.first(), expected=1)
    answer = client_as("coder").get(reverse("coding:events", args=[layer.pk])).json()
    assert answer["revision"] == 1
    assert len(answer["events"]) == 7
    assert sum(event["deleted"] for event in answer["events"]) == 1
    assert all(event["source"] for event in answer["events"])


# --- writing ------------------------------------------------------------------------------------------------


def test_add_change_accept_delete_restore(layer, client_as):
    client, event_id = client_as("coder"), str(uuid.uuid4())

    def written(action, event=event_id, **values):
        (found,) = change(client, layer, event, action, **values).json()["events"]
        return found

    added = written("create", content=SMILE)
    assert (added["id"], added["number"], added["standing"]) == (event_id, 1, "added")
    assert written("change", content={"intensity": "D"}, expected=1)["intensity"] == "D"
    assert written("delete", expected=2)["deleted"]
    assert written("restore", to=1, expected=3)["intensity"] == "C"
    proposal = layer.events.exclude(source=None).first()
    assert written("accept", proposal.pk, expected=1)["standing"] == "accepted"
    history = client.get(reverse("coding:event_history", args=[event_id])).json()["revisions"]
    assert [(item["number"], item["label"], item["author"]) for item in history] == [
        (4, "Restored", "Coder Person"),
        (3, "Deleted", "Coder Person"),
        (2, "Changed", "Coder Person"),
        (1, "Added", "Coder Person"),
    ]


def test_double_click_is_one_change(layer, client_as):
    client, event, click = client_as("coder"), layer.events.first(), str(uuid.uuid4())
    answers = [change(client, layer, event.pk, "delete", expected=1, request_id=click).json() for _ in range(2)]
    assert answers[0] == answers[1]
    assert event.revisions.count() == 2


def test_conflict_tells_the_current_state(layer, client_as, people):
    event = layer.events.first()
    services.change_event(people["coder"], event, {"intensity": "B"}, expected=1)
    answer = change(client_as("coder"), layer, event.pk, "change", content={"side": "left"}, expected=1)
    assert answer.status_code == 409
    assert answer.json()["code"] == "conflict"
    assert (answer.json()["event"]["number"], answer.json()["event"]["intensity"]) == (2, "B")
    assert event.revisions.count() == 2


def test_signed_layer_is_told(layer, client_as):
    Layer.objects.filter(pk=layer.pk).update(state="signed")
    event = layer.events.first()
    answer = change(client_as("coder"), layer, event.pk, "delete", expected=1)
    assert (answer.status_code, answer.json()["code"]) == (409, "signed")
    answer = change(client_as("coder"), layer, uuid.uuid4(), "create", content=SMILE)
    assert answer.json()["code"] == "signed"


def test_invalid_content_names_the_field(layer, client_as):
    answer = change(client_as("coder"), layer, uuid.uuid4(), "create", content={**SMILE, "apex_us": 0})
    assert answer.status_code == 400
    assert answer.json()["fields"] == {"apex_us": ["The apex cannot come before the onset."]}
    assert answer.json()["code"] == "invalid"


@pytest.mark.parametrize(
    "values",
    [
        {"action": "change", "expected": 1},
        {"action": "change", "expected": "1", "content": {}},
        {"action": "change", "expected": True, "content": {}},
        {"action": "restore", "expected": 1},
        {"action": "delete", "expected": 1, "request_id": "no-uuid"},
        {"action": "delete", "expected": 1, "request_id": 7},
    ],
)
def test_malformed_changes_are_refused(layer, client_as, values):
    event = layer.events.first()
    answer = change(client_as("coder"), layer, event.pk, **values)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")
    assert event.revisions.count() == 1


@pytest.mark.parametrize("content", ["", "[]", "{", "null", b"\xff"])
def test_bodies_that_are_no_object(layer, client_as, content):
    address = reverse("coding:changes", args=[layer.pk])
    answer = client_as("coder").post(address, content, content_type="application/json")
    assert answer.status_code == 400
    assert Event.objects.filter(layer=layer).count() == 7


def test_writing_needs_the_csrf_token(layer, people):
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    client.force_login(people["coder"], backend="allauth.account.auth_backends.AuthenticationBackend")
    assert change(client, layer, uuid.uuid4(), "create", content=SMILE).status_code == 403


def test_plotly_is_served_from_the_wheel():
    from django.contrib.staticfiles import finders

    assert finders.find("plotly/plotly.min.js").endswith("package_data/plotly.min.js")
    assert finders.find("plotly/widgetbundle.js") is None
    assert finders.find("plotly/../plotly.min.js") is None


def test_signals_window_says_why_something_is_not_scored(run, client_as):
    from facsweb.runs.services import result_dir

    path = result_dir(run) / "signals.parquet"
    table = pq.read_table(path)
    seconds = table["time_us"].to_numpy() / 1e6
    texts = np.where((seconds >= 2) & (seconds < 3), "occluded:mouth", "")
    pq.write_table(table.append_column("gate", pa.array(texts.tolist()).dictionary_encode()), path)
    signals.track.cache_clear()
    address = reverse("coding:signals", args=[run.pk])
    answer = client_as("coder").get(address, {"from": 0, "to": 10_000_000, "width": 100}).json()
    assert answer["gates"] == [[2_000_000, 3_000_000, "occluded:mouth"]]


def test_the_page_knows_what_each_unit_needs_and_the_words(run, client_as):
    data = client_as("coder").get(reverse("coding:review", args=[run.pk])).context["data"]
    needs = {code["code"]: code["needs"] for code in data["codes"]}
    assert (needs["17"], needs["45"], needs["51"]) == (["chin", "mouth"], ["eye_L", "eye_R"], [])
    assert data["reasons"]["occluded:mouth"] == "the mouth is covered"
