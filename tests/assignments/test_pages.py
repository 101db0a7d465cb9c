"""Planning, changing and doing what was assigned."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from facsweb.assignments import services
from facsweb.assignments.models import Assignment, Batch
from facsweb.audit.models import Entry
from facsweb.coding import workflow
from facsweb.coding.models import Layer
from facsweb.coding.services import create_event, open_layer
from facsweb.studies.models import Membership
from tests.factories import make_assignment

SMILE = {"code": "12", "side": "both", "intensity": "C", "onset_us": 0, "apex_us": 0, "offset_us": 400_000}


@pytest.fixture
def lead(client_as):
    return client_as("analyst")


@pytest.fixture
def filled(runs, people, second):
    """A form as a browser sends it."""
    return {
        "id": str(uuid.uuid4()),
        "name": "Round 1",
        "recordings": [str(run.pk) for run in runs],
        "coders": [str(people["coder"].pk), str(second.pk)],
        **{"what": "whole", "where": "anywhere", "seed": "7", "mode": "blind", "count": "6", "seconds": "2"},
        **{"double": "50", "instructions": "Code every blink."},
    }


def create(lead, study, form):
    url = reverse("assignments:new", args=[study.pk])
    looked = lead.post(url, {**form, "action": "preview"})
    assert looked.status_code == 200, looked.context["form"].errors
    return lead.post(url, {**form, "action": "create", "seen": looked.context["made"].digest}), looked


def test_a_plan_is_looked_at_then_stored_once(lead, study, filled, people, second):
    made, looked = create(lead, study, filled)
    assert (looked.context["made"].recordings, looked.context["made"].doubled) == (2, 1)
    assert made["Location"] == reverse("assignments:batch", args=[filled["id"]])
    layers = list(Layer.objects.filter(kind="coder"))
    assert len(layers) == 3
    assert {layer.state for layer in layers} == {"assigned"}
    assert {layer.mode for layer in layers} == {"blind"}
    assert sorted(layer.ending for layer in layers) == ["adjudication", "adjudication", "sign_off"]
    assert {layer.assignment.instructions for layer in layers} == {"Code every blink."}
    assert Entry.objects.filter(action="assignment.create").count() == 3
    batch = Batch.objects.get()
    assert batch.parameters["seed"] == 7
    text = lead.get(made["Location"]).content.decode()
    assert "2 recordings were coded by 2 FACS coders" in text
    assert "saw neither the machine’s results nor each other’s codings" in text
    create(lead, study, filled)  # a double click, or a reload
    assert Layer.objects.filter(kind="coder").count() == 3


def test_looking_at_a_plan_stores_nothing_and_a_changed_form_is_looked_at_again(lead, study, filled):
    url = reverse("assignments:new", args=[study.pk])
    looked = lead.post(url, {**filled, "action": "preview"})
    assert not Batch.objects.exists()
    again = lead.post(url, {**filled, "double": "0", "action": "create", "seen": looked.context["made"].digest})
    assert again.context["changed"]
    assert not Batch.objects.exists()


def test_who_has_a_coding_is_named_and_gets_no_second(lead, study, filled, runs, people, second):
    open_layer(people["coder"], runs[0])
    _, looked = create(lead, study, {**filled, "double": "0"})
    assert looked.context["made"].skipped == (("P-001 · Interview 1", "Coder Person"),)
    assert Layer.objects.filter(run=runs[0], owner=people["coder"]).count() == 1
    assert Layer.objects.get(run=runs[0], owner=second).state == "assigned"


def test_random_samples_come_back_with_their_seed(lead, study, filled):
    form = {**filled, "what": "sample", "where": "balanced", "count": "2", "seconds": "2"}
    _, looked = create(lead, study, form)
    spans = [work.spans for work in looked.context["made"].works]
    assert all(len(one) == 2 and all(end - start == 2_000_000 for start, end in one) for one in spans)
    stored = {tuple(map(tuple, layer.spans)) for layer in Layer.objects.filter(kind="coder")}
    assert stored == set(spans)
    batch = Batch.objects.get()
    assert {"count": 2, "seconds": 2.0, "where": "balanced"}.items() <= batch.parameters.items()


def test_given_stretches_for_all_and_for_one(lead, study, filled, runs):
    form = {**filled, "what": "segments", "stretches": "0:01–0:03", f"own_{runs[1].pk}": "0-1, 0:02-0:04"}
    create(lead, study, form)
    assert {str(layer.spans) for layer in Layer.objects.filter(kind="coder", run=runs[0])} == {
        "[[1000000, 3000000]]"
    }
    assert {str(layer.spans) for layer in Layer.objects.filter(kind="coder", run=runs[1])} == {
        "[[0, 1000000], [2000000, 4000000]]"
    }


@pytest.mark.parametrize(
    ("change", "field", "said"),
    [
        ({"recordings": []}, "recordings", "at least one recording"),
        ({"coders": []}, "coders", "at least one coder"),
        ({"what": "segments", "stretches": "0:05-0:20"}, "stretches", "beyond the end"),
        ({"what": "segments", "stretches": ""}, "stretches", "at least one stretch"),
        ({"what": "sample", "count": ""}, "count", "Fill this in"),
        ({"what": "sample", "seconds": "11"}, "__all__", "no room for a sample"),
        ({"due": "2001-01-01"}, "due", "in the past"),
        ({"double": "101"}, "double", "less than or equal to 100"),
    ],
)
def test_what_cannot_be_planned_is_said_beside_its_field(lead, study, filled, change, field, said):
    answer = lead.post(reverse("assignments:new", args=[study.pk]), {**filled, **change, "action": "create"})
    assert answer.status_code == 422
    assert said in " ".join(answer.context["form"].errors[field])
    assert not Batch.objects.exists()


def test_a_study_without_coders_or_recordings_says_what_is_missing(lead, study, runs, people, consent):
    Membership.objects.filter(role="coder").delete()
    assert "no FACS coder" in lead.get(reverse("assignments:new", args=[study.pk])).content.decode()
    runs[0].recording.participant.recordings.all().delete()
    assert (
        "No recording can be coded yet" in lead.get(reverse("assignments:new", args=[study.pk])).content.decode()
    )


def test_due_reassigned_withdrawn(lead, runs, people, second):
    one = make_assignment(runs[0], people["coder"], people["analyst"])
    url = reverse("assignments:detail", args=[one.pk])
    day = timezone.localdate() + dt.timedelta(days=3)
    lead.post(url, {"action": "due", "due": day.isoformat()})
    lead.post(url, {"action": "due", "due": day.isoformat()})
    assert Assignment.objects.get().due == day
    assert Entry.objects.filter(action="assignment.due").count() == 1
    lead.post(url, {"action": "due", "due": ""})
    assert Assignment.objects.get().due is None
    lead.post(url, {"action": "reassign", "coder": str(second.pk)})
    assert Layer.objects.get(kind="coder").owner == second
    assert lead.post(url, {"action": "reassign", "coder": ""}).status_code == 422
    assert lead.post(url, {"action": "withdraw"})["Location"] == reverse("assignments:list", args=[one.study.pk])
    assert not Layer.objects.filter(kind="coder").exists()
    assert lead.get(url).status_code == 404
    assert "Round 1" not in lead.get(reverse("assignments:list", args=[runs[0].study.pk])).content.decode()


def test_what_was_begun_is_neither_withdrawn_nor_reassigned(runs, people, second):
    one = make_assignment(runs[0], people["coder"], people["analyst"])
    workflow.begin(people["coder"], one.layer)
    with pytest.raises(services.Refused, match="begun in the meantime"):
        services.withdraw(people["analyst"], one)
    with pytest.raises(services.Refused, match="begun in the meantime"):
        services.reassign(people["analyst"], one, second)
    assert Assignment.objects.filter(pk=one.pk, layer__owner=people["coder"]).exists()
    assert not Entry.objects.filter(action__in=("assignment.withdraw", "assignment.reassign")).exists()


def test_nobody_is_given_a_recording_that_they_have_coded(runs, people, second):
    open_layer(second, runs[0])
    one = make_assignment(runs[0], people["coder"], people["analyst"])
    with pytest.raises(services.Refused, match="has a coding of this recording"):
        services.reassign(people["analyst"], one, second)
    with pytest.raises(services.Refused, match="no FACS coder"):
        services.reassign(people["analyst"], one, people["manager"])


def test_sent_back_with_a_reason_that_the_coder_reads(lead, client_as, runs, people):
    one = make_assignment(runs[0], people["coder"], people["analyst"], ending="adjudication")
    url = reverse("assignments:detail", args=[one.pk])
    workflow.begin(people["coder"], one.layer)
    lead.post(url, {"action": "send_back", "reason": "Too early"})
    assert Assignment.objects.get().returned_at is None  # not submitted yet
    workflow.submit(people["coder"], one.layer)
    assert lead.post(url, {"action": "send_back", "reason": " "}).status_code == 422
    lead.post(url, {"action": "send_back", "reason": "The blinks are missing"})
    one.layer.refresh_from_db()
    assert one.layer.state == "open"
    home = client_as("coder").get(reverse("home")).content.decode()
    assert "The blinks are missing" in home
    assert "Sent back" in home
    page = lead.get(reverse("assignments:list", args=[one.study.pk]) + "?state=sent_back").content.decode()
    assert "Sent back" in page


def test_submitted_read_only_and_taken_back(client_as, runs, people):
    client, coder = client_as("coder"), people["coder"]
    one = make_assignment(
        runs[0], coder, people["analyst"], mode="blind", ending="adjudication", instructions="Hi"
    )
    review = reverse("coding:review", args=[runs[0].pk])
    start = client.get(review)
    assert "coding/start.html" in [template.name for template in start.templates]
    assert "Hi" in start.content.decode()
    client.post(reverse("coding:layer_create", args=[runs[0].pk]))
    create_event(coder, one.layer, SMILE)
    one.layer.refresh_from_db()
    submit = reverse("coding:submit", args=[one.layer_id])
    assert client.get(review).context["submit_url"] == submit
    assert client.get(review).context["sign_url"] == ""
    late = client.post(submit, {"revision": "0"})
    assert late.status_code == 409
    assert "changed since" in late.content.decode()
    client.post(submit, {"revision": str(one.layer.revision)})
    page = client.get(review)
    assert page.context["data"]["layer"]["editable"] is False
    assert "Take it back" in page.content.decode()
    assert client.post(reverse("coding:take_back", args=[one.layer_id]))["Location"] == review
    assert client.get(review).context["data"]["layer"]["editable"] is True
    assert client_as("analyst").post(submit).status_code == 403


def test_the_queue_goes_by_due_day_then_by_what_was_begun(client_as, participant, people, runs, second):
    from tests.factories import make_finished_run, make_recording

    lead, coder = people["analyst"], people["coder"]
    third = make_finished_run(make_recording(participant, lead), lead)
    fourth = make_finished_run(make_recording(participant, lead), lead)
    begun = make_assignment(runs[0], coder, lead)
    workflow.begin(coder, begun.layer)
    waiting = make_assignment(runs[1], coder, lead, batch=begun.batch)
    due = make_assignment(third, coder, lead, batch=begun.batch, due=timezone.localdate() - dt.timedelta(days=1))
    make_assignment(fourth, second, lead, batch=begun.batch)
    queue = client_as("coder").get(reverse("home")).context["coder"]
    assert [item.assignment for item in queue.waiting] == [due, begun, waiting]
    assert queue.next_item.overdue
    assert queue.untouched == []  # the fourth is somebody else's
    assert [title for title, _ in queue.sections] == ["In progress", "Assigned"]
    said = f"0 of {begun.layer.events.count()} reviewed"
    assert said in client_as("coder").get(reverse("home")).content.decode()


def test_a_lead_sees_states_overdue_and_who_is_no_longer_a_coder(lead, client_as, runs, people, second):
    day = timezone.localdate() - dt.timedelta(days=1)
    one = make_assignment(runs[0], people["coder"], people["analyst"], due=day, ending="adjudication")
    two = make_assignment(runs[0], second, people["analyst"], batch=one.batch, ending="adjudication")
    workflow.begin(second, two.layer)
    workflow.submit(second, two.layer)
    members = client_as("administrator").get(reverse("studies:members", args=[one.study.pk])).content.decode()
    assert "Coder Person has 1 coding that is assigned and not handed in" in members
    Membership.objects.filter(user=people["coder"], role="coder").delete()
    answer = lead.get(reverse("assignments:list", args=[one.study.pk]))
    text = answer.content.decode()
    assert (answer.context["done"], answer.context["total"], answer.context["overdue"]) == (1, 2, 1)
    assert "no longer a coder" in text
    assert "Overdue" in text
    narrowed = lead.get(reverse("assignments:list", args=[one.study.pk]) + f"?coder={second.pk}&state=submitted")
    assert [row.layer for _, rows, _ in narrowed.context["batches"] for row in rows] == [two.layer]
    study = lead.get(reverse("studies:detail", args=[one.study.pk])).content.decode()
    assert "1 of 2 submitted" in study
    assert "Second Person: submitted" in study
    for name, pk in (("recordings:detail", runs[0].recording_id), ("runs:detail", runs[0].pk)):
        page = lead.get(reverse(name, args=[pk])).content.decode()
        assert "Second Person" in page
        assert "Submitted" in page


def test_a_lead_who_codes_blind_is_told_and_not_shown_how_much_others_found(lead, runs, people, second):
    Membership.objects.create(study=runs[0].study, user=people["analyst"], role="coder")
    one = make_assignment(runs[0], people["analyst"], people["analyst"], mode="blind")
    other = make_assignment(runs[0], second, people["analyst"], batch=one.batch)
    workflow.begin(second, other.layer)
    answer = lead.get(reverse("assignments:list", args=[one.study.pk]))
    shown: dict[Any, Any] = {row.layer: row.counts for _, rows, _ in answer.context["batches"] for row in rows}
    assert shown[other.layer] is None
    assert shown[one.layer] is not None
    assert "You code recordings of this study blind" in answer.content.decode()
