"""The way of a layer, and who sees what on it."""

from __future__ import annotations

import json

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse

from facsweb.audit.models import Entry
from facsweb.coding import services, sight, workflow
from facsweb.coding.models import Layer

pytestmark = pytest.mark.django_db
SMILE = {"code": "12", "side": "both", "intensity": "C"}


def smile(onset_us, offset_us):
    return {**SMILE, "onset_us": onset_us, "apex_us": onset_us, "offset_us": offset_us}


def assigned(run, user, **more):
    return Layer.objects.create(run=run, owner=user, kind="coder", state="assigned", **more)


def test_assisted_layers_begin_with_the_proposals_of_their_stretches(run, people):
    layer = assigned(run, people["coder"], spans=[[0, 2_000_000]])
    assert workflow.open_layer(people["coder"], run) == layer
    assert workflow.begin(people["coder"], layer).state == "open"  # a second click
    events = services.current_events(layer)
    assert {event.code for event in events} == {"6", "12", "25", "45"}
    assert all(0 <= event.onset_us <= event.apex_us <= event.offset_us <= 2_000_000 for event in events)
    with pytest.raises(ValidationError, match="outside of the stretch"):
        services.create_event(people["coder"], layer, smile(1_900_000, 2_100_000))
    services.create_event(people["coder"], layer, smile(0, 100_000))


def test_blind_layers_begin_empty_and_hide_everything_else(run, people, client_as):
    other = services.open_layer(people["analyst"], run)
    layer = assigned(run, people["coder"], mode="blind")
    workflow.begin(people["coder"], layer)
    layer.refresh_from_db()
    assert services.current_events(layer) == []
    assert sight.readable_layers(people["coder"], run) == [layer]
    assert not sight.may_read(people["coder"], other)
    client = client_as("coder")
    assert client.get(reverse("coding:signals", args=[run.pk])).status_code == 403
    machine = services.make_machine_layer(run)
    assert client.get(reverse("coding:events", args=[machine.pk])).status_code == 403
    data = client.get(reverse("coding:review", args=[run.pk])).context["data"]
    assert data["blind"] is True
    assert str(machine.pk) not in json.dumps(data)

    workflow.submit(people["coder"], layer)
    assert client.get(reverse("coding:signals", args=[run.pk])).status_code == 403  # it could still be taken back
    Layer.objects.filter(pk=layer.pk).update(state="signed")
    assert client.get(reverse("coding:signals", args=[run.pk])).status_code == 200


def test_submitting_closes_and_taking_back_opens(run, people, layer):
    coder = people["coder"]
    event = services.current_events(layer)[0]
    with pytest.raises(workflow.WrongState, match="changed since"):
        workflow.submit(coder, layer, revision=layer.revision + 1)
    workflow.submit(coder, layer, revision=layer.revision)
    workflow.submit(coder, layer)
    assert Entry.objects.filter(action="layer.submit").count() == 1
    with pytest.raises(services.Closed):
        services.create_event(coder, layer, smile(0, 40_000))
    with pytest.raises(PermissionDenied):
        workflow.take_back(people["analyst"], layer)
    workflow.take_back(coder, layer)
    services.delete_event(coder, layer.events.get(pk=event.id), expected=1)
    with pytest.raises(workflow.WrongState, match="submitted before"):
        workflow.start_adjudication(coder, [layer])
    workflow.submit(coder, layer)
    workflow.start_adjudication(coder, [layer])
    with pytest.raises(workflow.WrongState, match="in adjudication"):
        workflow.take_back(coder, layer)


def test_an_adjudicator_reads_the_codings_and_their_coders_its_signed_result(run, people, layer, study):
    from facsweb.accounts.models import User
    from facsweb.studies.models import Membership

    judge = User.objects.create_user("judge@example.org", "Judge Person", "correct horse battery")
    Membership.objects.create(study=study, user=judge, role="coder")
    assert not sight.may_read(judge, layer)
    settled = Layer.objects.create(run=run, owner=judge, kind="adjudicated")
    settled.sources.add(layer)
    assert sight.may_read(judge, layer)
    assert not sight.may_read(people["coder"], settled)
    Layer.objects.filter(pk=layer.pk).update(state="adjudication")
    Layer.objects.filter(pk=settled.pk).update(state="signed")
    workflow.settle(settled)
    layer.refresh_from_db()
    assert layer.state == "settled"
    assert sight.may_read(people["coder"], settled)


def test_one_side_not_said_which_is_a_side(people, layer):
    revision = services.create_event(people["coder"], layer, {**smile(0, 40_000), "side": "unilateral"})
    assert revision.side == "unilateral"
