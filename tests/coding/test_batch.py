"""Several changes as one: all or none, once, as one group; what the whole layer said, and the way back to it."""

import json
import uuid

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse

from facsweb.audit.checking import faults
from facsweb.coding import past, services
from facsweb.coding.batch import MOST, Change, apply_changes
from facsweb.coding.models import Event, Layer, Revision
from facsweb.studies.services import ConsentMissing
from facsweb.studies.withdrawing import withdraw

SMILE = {
    "code": "12",
    "side": "both",
    "intensity": "C",
    "onset_us": 1_000_000,
    "apex_us": 1_500_000,
    "offset_us": 2_000_000,
}


def first(layer):
    return services.current_events(layer)[0]


def three(layer, new=None):
    event = first(layer)
    return [
        Change("create", new or uuid.uuid4(), content=SMILE),
        Change("change", event.id, content={"intensity": "A"}, expected=event.number),
        Change("delete", event.id, expected=event.number + 1),
    ]


def test_all_in_order_in_one_group(layer, people):
    request_id, new = uuid.uuid4(), uuid.uuid4()
    written = apply_changes(people["coder"], layer, three(layer, new), request_id=request_id)
    assert [(one.action, one.number, one.layer_revision) for one in written] == [
        ("create", 1, 1),
        ("change", 2, 2),
        ("delete", 3, 3),
    ]
    assert {one.group for one in written} == {request_id}
    assert [one.request_id for one in written] == [uuid.uuid5(request_id, str(index)) for index in range(3)]
    layer.refresh_from_db()
    assert layer.revision == 3
    assert list(faults()) == []


def test_repeated_request_writes_once(layer, people):
    request_id = uuid.uuid4()
    changes = three(layer)
    once = apply_changes(people["coder"], layer, changes, request_id=request_id)
    again = apply_changes(people["coder"], layer, changes, request_id=request_id)
    assert again == once
    assert Revision.objects.filter(event__layer=layer, layer_revision__gt=0).count() == 3
    for other in (changes[:2], [changes[0]], [*changes, Change("delete", uuid.uuid4())], changes[::-1]):
        with pytest.raises(ValidationError, match="another change"):
            apply_changes(people["coder"], layer, other, request_id=request_id)


@pytest.mark.parametrize("wrong", [0, 1, 2])
def test_a_conflict_in_one_refuses_all_and_says_which(layer, people, wrong):
    states = services.current_events(layer)
    services.change_event(people["coder"], Event.objects.get(pk=states[wrong].id), {"note": "x"}, expected=1)
    before = Revision.objects.count()
    changes = [Change("change", state.id, content={"intensity": "A"}, expected=1) for state in states[:3]]
    with pytest.raises(services.Conflict) as caught:
        apply_changes(people["coder"], layer, changes, request_id=uuid.uuid4())
    assert (caught.value.index, caught.value.event.pk) == (wrong, states[wrong].id)
    assert Revision.objects.count() == before
    layer.refresh_from_db()
    assert layer.revision == 1


def test_what_facs_forbids_in_one_refuses_all(layer, people):
    changes = [*three(layer), Change("create", uuid.uuid4(), content={**SMILE, "code": "999"})]
    with pytest.raises(ValidationError) as caught:
        apply_changes(people["coder"], layer, changes, request_id=uuid.uuid4())
    assert caught.value.index == 3
    assert Event.objects.filter(layer=layer).count() == 7


def test_events_of_other_layers_are_out_of_reach(layer, machine, people):
    for event in (machine.events.first().pk, uuid.uuid4()):
        with pytest.raises(ValidationError, match="not part of this coding"):
            apply_changes(people["coder"], layer, [Change("delete", event, expected=1)], request_id=uuid.uuid4())
    with pytest.raises(PermissionDenied):
        apply_changes(people["analyst"], layer, three(layer), request_id=uuid.uuid4())
    with pytest.raises(PermissionDenied):
        apply_changes(people["coder"], machine, three(machine), request_id=uuid.uuid4())


@pytest.mark.parametrize(("state", "refusal"), [("signed", services.Signed), ("submitted", services.Closed)])
def test_closed_layers(layer, people, state, refusal):
    request_id, changes = uuid.uuid4(), three(layer)
    written = apply_changes(people["coder"], layer, changes, request_id=request_id)
    Layer.objects.filter(pk=layer.pk).update(state=state)
    with pytest.raises(refusal):
        apply_changes(people["coder"], layer, [Change("create", uuid.uuid4(), SMILE)], request_id=uuid.uuid4())
    assert apply_changes(people["coder"], layer, changes, request_id=request_id) == written


def test_withdrawn_consent(layer, people, consent):
    changes = three(layer)
    withdraw(people["analyst"], consent, reason="changed my mind")
    with pytest.raises(ConsentMissing):
        apply_changes(people["coder"], layer, changes, request_id=uuid.uuid4())


def test_number_of_changes(layer, people):
    one = Change("create", uuid.uuid4(), SMILE)
    for changes in ([], [one] * (MOST + 1)):
        with pytest.raises(ValidationError, match=f"between 1 and {MOST}"):
            apply_changes(people["coder"], layer, changes, request_id=uuid.uuid4())


# --- the address ------------------------------------------------------------


def post(client, layer, **values):
    return client.post(reverse("coding:changes", args=[layer.pk]), values, content_type="application/json")


def test_the_answer_has_every_event_in_order(layer, client_as):
    event = first(layer)
    answer = post(
        client_as("coder"),
        layer,
        request_id=str(uuid.uuid4()),
        changes=[
            {"action": "accept", "event_id": str(event.id), "expected": 1},
            {"action": "change", "event_id": str(event.id), "expected": 2, "content": {"intensity": "B"}},
            {"action": "restore", "event_id": str(event.id), "expected": 3, "to": 1},
        ],
    ).json()
    assert [(one["number"], one["standing"]) for one in answer["events"]] == [
        (2, "accepted"),
        (3, "changed"),
        (4, "proposed"),
    ]
    assert answer["layer_revision"] == 3


def test_a_conflict_tells_which_and_what_is_there_now(layer, client_as, people):
    event = first(layer)
    services.change_event(people["coder"], Event.objects.get(pk=event.id), {"intensity": "B"}, expected=1)
    answer = post(
        client_as("coder"),
        layer,
        request_id=str(uuid.uuid4()),
        changes=[
            {"action": "create", "event_id": str(uuid.uuid4()), "content": SMILE},
            {"action": "delete", "event_id": str(event.id), "expected": 1},
        ],
    )
    assert answer.status_code == 409
    said = answer.json()
    assert (said["code"], said["index"], said["event"]["intensity"]) == ("conflict", 1, "B")


@pytest.mark.parametrize("other", ["manager", "analyst", "stranger"])
def test_another_person_on_the_same_computer_sends_nothing(layer, client_as, people, other):
    """Whatever that person may do here, the page hears who is signed in, and not that its changes are refused."""
    changes = [{"action": "create", "event_id": str(uuid.uuid4()), "content": SMILE}]
    answer = post(
        client_as(other), layer, request_id=str(uuid.uuid4()), changes=changes, author=str(people["coder"].pk)
    )
    assert (answer.status_code, answer.json()["code"]) == (401, "other_person")
    assert Event.objects.filter(layer=layer).count() == 7


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"changes": []},
        {"request_id": str(uuid.UUID(int=1))},
        {"request_id": str(uuid.UUID(int=1)), "changes": {}},
        {"request_id": str(uuid.UUID(int=1)), "changes": ["x"]},
        {
            "request_id": str(uuid.UUID(int=1)),
            "changes": [{"action": "explode", "event_id": str(uuid.UUID(int=2))}],
        },
        {"request_id": str(uuid.UUID(int=1)), "changes": [{"action": "delete", "event_id": "x", "expected": 1}]},
        {"request_id": "x", "changes": [{"action": "delete", "event_id": str(uuid.UUID(int=2)), "expected": 1}]},
        {
            "request_id": str(uuid.UUID(int=1)),
            "changes": [{"action": "delete", "event_id": str(uuid.UUID(int=2))}],
        },
    ],
)
def test_malformed(layer, client_as, values):
    answer = post(client_as("coder"), layer, **values)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")


def test_only_what_changed_since(layer, client_as, people):
    event = first(layer)
    services.change_event(people["coder"], Event.objects.get(pk=event.id), {"intensity": "B"}, expected=1)
    address = reverse("coding:events", args=[layer.pk])
    client = client_as("coder")
    assert len(client.get(address, {"since": 0}).json()["events"]) == 1
    assert client.get(address, {"since": 1}).json()["events"] == []
    assert len(client.get(address).json()["events"]) == 7


# --- the whole layer's history ------------------------------------------------------------


def test_history_of_the_layer_in_pages(layer, people, client_as, monkeypatch):
    monkeypatch.setattr(past, "PAGE", 2)
    apply_changes(people["coder"], layer, three(layer), request_id=uuid.uuid4())
    address = reverse("coding:layer_history", args=[layer.pk])
    client = client_as("analyst")
    page = client.get(address).json()
    assert [(one["layer_revision"], one["label"]) for one in page["changes"]] == [(3, "Deleted"), (2, "Changed")]
    assert page["changes"][1]["before"]["intensity"] == "E"
    assert page["more"]
    rest = client.get(address, {"before": 2}).json()
    assert [(one["label"], one["before"], one["author"]) for one in rest["changes"]] == [
        ("Added", None, "Coder Person")
    ]
    assert not rest["more"]
    only = client.get(address, {"code": "45"}).json()
    assert {one["code"] for one in only["changes"]} == {"45"}


def test_the_way_back_to_a_moment(layer, people):
    before = services.current_events(layer)
    apply_changes(people["coder"], layer, three(layer), request_id=uuid.uuid4())
    way = past.way_back(layer, 0)
    now = {str(state.id): state.number for state in services.current_events(layer, include_deleted=True)}
    changes = [
        Change("restore", uuid.UUID(one["id"]), expected=now[one["id"]], to=one["said"]["number"])
        if one["said"]
        else Change("delete", uuid.UUID(one["id"]), expected=now[one["id"]])
        for one in way
    ]
    apply_changes(people["coder"], layer, changes, request_id=uuid.uuid4())
    after = services.current_events(layer)
    assert [(state.id, state.intensity, state.standing) for state in after] == [
        (state.id, state.intensity, state.standing) for state in before
    ]
    assert past.way_back(layer, 0) == []
    assert len(past.way_back(layer, 1)) == 1, "the event that was added comes back"


def test_what_one_change_wrote_is_not_cut_by_the_page(layer, people, client_as, monkeypatch):
    """As in adjudicated layers, whose first change takes over everything that both coders had."""
    monkeypatch.setattr(past, "PAGE", 2)
    apply_changes(people["coder"], layer, three(layer), request_id=uuid.uuid4())
    Revision.objects.filter(event__layer=layer, layer_revision__gt=0).update(layer_revision=1)
    page = past.changes(layer)
    assert (len(page["changes"]), page["more"]) == (3, False)


@pytest.mark.parametrize("note", ["a\0b", "half of \ud83d"])
def test_what_no_database_takes_is_refused_and_not_sent_for_ever(layer, client_as, note):
    event = services.current_events(layer)[0]
    change = {"action": "change", "event_id": str(event.id), "expected": 1, "content": {"note": note}}
    answer = client_as("coder").post(
        reverse("coding:changes", args=[layer.pk]),
        json.dumps({"request_id": str(uuid.uuid4()), "changes": [change]}),
        content_type="application/json",
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert "cannot be stored" in answer.json()["error"]
