"""Layers and revisions: what is appended, what is refused, what repeats safely."""

from __future__ import annotations

import threading
import uuid

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.db.models import ProtectedError, RestrictedError

from facsweb.audit.checking import faults
from facsweb.audit.models import Entry
from facsweb.coding import machine as machine_module
from facsweb.coding import services
from facsweb.coding.models import Event, Layer, Revision
from facsweb.coding.reading import current_revision
from facsweb.runs import hooks
from facsweb.studies.services import ConsentMissing
from facsweb.studies.withdrawing import withdraw
from tests.at_once import at_once

SMILE = {
    "code": "12",
    "side": "both",
    "intensity": "C",
    "onset_us": 1_000_000,
    "apex_us": 1_500_000,
    "offset_us": 2_000_000,
}


def first(layer: Layer) -> Event:
    return Event.objects.get(pk=services.current_events(layer)[0].id)


def said(layer: Layer) -> list[tuple]:
    return [
        (state.code, state.side, state.intensity, state.onset_us, state.apex_us, state.offset_us)
        for state in services.current_events(layer)
    ]


# --- the machine's layer -----------------------------------------------------------------------------------


def test_machine_layer_says_what_the_events_file_says(machine):
    assert said(machine)[1] == ("12", "both", "D", 1_000_000, 1_700_000, 4_800_000)
    assert len(said(machine)) == 7
    assert all(state.author is None and state.layer_revision == 0 for state in services.current_events(machine))


def test_machine_layer_is_made_once(machine, run):
    assert services.make_machine_layer(run) == machine
    assert Layer.objects.filter(run=run).count() == 1
    assert Entry.objects.filter(action="layer.propose").count() == 1


def test_finished_runs_make_their_machine_layer(run):
    assert machine_module.make_machine_layer in hooks.on_success


def test_altered_events_file_is_refused(run):
    path = machine_module.result_dir(run) / "events.csv"
    path.write_text(path.read_text().replace("12,both,D", "12,both,E"))
    with pytest.raises(machine_module.BadResult, match="not the one"):
        services.make_machine_layer(run)
    assert not Layer.objects.exists()


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("99,both,C,1,2,3,0.5,0", "line 2: .*not a FACS code"),
        ("12,both,C,3,2,1,0.5,0", "line 2: .*cannot come before"),
        ("12,both,C,1,2,3,1.5,0", "between 0 and 1"),
        ("12,both,C,one,2,3,0.5,0", "line 2, is not an event"),
        ("12,both,C", "line 2, is not an event"),
    ],
)
def test_wrong_events_are_named(run, line, sentence):
    path = machine_module.result_dir(run) / "events.csv"
    path.write_text(f"code,side,intensity,onset_us,apex_us,offset_us,confidence,face\n{line}\n")
    run.files = {}
    with pytest.raises(machine_module.BadResult, match=sentence):
        services.make_machine_layer(run)


@pytest.mark.parametrize("role", ["coder", "administrator", "analyst"])
def test_nobody_changes_the_machine_layer(machine, people, role):
    before, event, person = said(machine), first(machine), people[role]
    for attempt in (
        lambda: services.change_event(person, event, {"intensity": "A"}, expected=1),
        lambda: services.delete_event(person, event, expected=1),
        lambda: services.accept_event(person, event, expected=1),
        lambda: services.restore_event(person, event, to=1, expected=1),
        lambda: services.create_event(person, machine, SMILE),
    ):
        with pytest.raises(PermissionDenied):
            attempt()
    assert said(machine) == before
    assert Revision.objects.filter(event__layer=machine).count() == 7


# --- opening -----------------------------------------------------------------------------------------------


def test_opened_layer_starts_as_copies_with_the_machine_as_author(layer, machine):
    assert said(layer) == said(machine)
    copies = services.current_events(layer)
    assert {copy.source for copy in copies} == {event.pk for event in machine.events.all()}
    assert all(copy.author is None and copy.standing == "proposed" and not copy.reviewed for copy in copies)
    assert layer.revision == 0


def test_opening_twice_gives_the_same_layer(layer, people):
    assert services.open_layer(people["coder"], layer.run) == layer
    assert layer.events.count() == 7
    assert Entry.objects.filter(action="layer.open").count() == 1


def test_each_coder_has_a_layer_of_their_own(layer, people):
    other = services.open_layer(people["analyst"], layer.run)
    services.delete_event(people["coder"], first(layer), expected=1)
    assert len(said(other)) == 7


@pytest.mark.django_db(transaction=True)
def test_layer_opened_by_two_requests_at_once(run, people):
    services.make_machine_layer(run)
    opened = at_once(lambda: services.open_layer(people["coder"], run).pk)
    assert len(set(opened)) == 1
    assert Event.objects.filter(layer_id=opened[0]).count() == 7


# --- changing ----------------------------------------------------------------------------------------------


def test_each_change_appends_one_revision_and_one_log_entry(layer, machine, people):
    coder, event = people["coder"], first(layer)
    services.change_event(coder, event, {"intensity": "A", "offset_us": 900_000}, expected=1)
    services.delete_event(coder, event, expected=2)
    services.restore_event(coder, event, to=2, expected=3)
    added = services.create_event(coder, layer, SMILE)
    layer.refresh_from_db()
    assert layer.revision == 4
    assert (added.layer_revision, added.number, added.confidence) == (4, 1, None)
    numbers = [(revision.number, revision.action) for revision in reversed(services.history(event))]
    assert numbers == [(1, "propose"), (2, "change"), (3, "delete"), (4, "restore")]
    actions = ["event.change", "event.delete", "event.restore", "event.create"]
    logged = Entry.objects.filter(action__startswith="event.").order_by("number")
    assert list(logged.values_list("action", flat=True)) == actions
    assert list(faults()) == []
    assert said(machine)[0] == ("45", "both", "E", 500_000, 620_000, 860_000)


def test_history_keeps_who_said_what(layer, people):
    event = first(layer)
    services.change_event(people["coder"], event, {"intensity": "B"}, expected=1)
    newest, oldest = services.history(event)
    assert (newest.author, newest.intensity, newest.confidence) == (people["coder"], "B", None)
    assert (oldest.author, oldest.intensity, oldest.confidence) == (None, "E", 0.8)


def test_undo_brings_back_content_and_standing(layer, people):
    coder, event = people["coder"], first(layer)
    original = current_revision(event)
    services.accept_event(coder, event, expected=1)
    assert current_revision(event).standing == "accepted"
    services.change_event(coder, event, {"side": "left"}, expected=2)
    assert current_revision(event).standing == "changed"
    services.restore_event(coder, event, to=2, expected=3)
    undone = current_revision(event)
    assert (undone.side, undone.standing, undone.restores) == ("both", "accepted", 2)
    services.restore_event(coder, event, to=1, expected=4)
    undone = current_revision(event)
    assert (undone.standing, undone.confidence) == ("proposed", original.confidence)
    services.restore_event(coder, event, to=3, expected=5)
    assert current_revision(event).side == "left"


def test_restoring_a_deletion_deletes_again(layer, people):
    coder, event = people["coder"], first(layer)
    services.delete_event(coder, event, expected=1)
    services.restore_event(coder, event, to=1, expected=2)
    assert len(said(layer)) == 7
    services.restore_event(coder, event, to=2, expected=3)
    assert len(said(layer)) == 6
    assert len(services.current_events(layer, include_deleted=True)) == 7


def test_stale_change_is_a_conflict_and_writes_nothing(layer, people):
    coder, event = people["coder"], first(layer)
    services.change_event(coder, event, {"intensity": "A"}, expected=1)
    count = Revision.objects.count()
    with pytest.raises(services.Conflict) as caught:
        services.change_event(coder, event, {"intensity": "C"}, expected=1)
    assert caught.value.latest.intensity == "A"
    for stale in (
        lambda: services.delete_event(coder, event, expected=1),
        lambda: services.accept_event(coder, event, expected=3),
        lambda: services.restore_event(coder, event, to=1, expected=1),
    ):
        with pytest.raises(services.Conflict):
            stale()
    assert Revision.objects.count() == count
    layer.refresh_from_db()
    assert layer.revision == 1


def test_repeated_request_writes_once(layer, people):
    coder, event = people["coder"], first(layer)
    click, event_id = uuid.uuid4(), uuid.uuid4()
    once = services.change_event(coder, event, {"intensity": "A"}, expected=1, request_id=click)
    again = services.change_event(coder, event, {"intensity": "A"}, expected=1, request_id=click)
    assert again == once
    click = uuid.uuid4()
    once = services.create_event(coder, layer, SMILE, request_id=click, event_id=event_id)
    again = services.create_event(coder, layer, SMILE, request_id=click, event_id=event_id)
    assert again == once
    assert once.event_id == event_id
    layer.refresh_from_db()
    assert layer.revision == 2
    with pytest.raises(ValidationError, match="another change"):
        services.change_event(coder, event, {"intensity": "B"}, expected=2, request_id=click)


def test_event_id_is_taken_once(layer, people):
    with pytest.raises(ValidationError, match="exists already"):
        services.create_event(people["coder"], layer, SMILE, event_id=first(layer).pk)


@pytest.mark.django_db(transaction=True)
def test_two_changes_at_once_one_wins(run, people):
    layer = services.open_layer(people["coder"], run)
    event, barrier, results = first(layer), threading.Barrier(2), []

    def change(letter: str) -> None:
        try:
            barrier.wait()
            services.change_event(people["coder"], event, {"intensity": letter}, expected=1)
            results.append("written")
        except services.Conflict:
            results.append("conflict")
        finally:
            connection.close()

    threads = [threading.Thread(target=change, args=(letter,)) for letter in "AB"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["conflict", "written"]
    assert event.revisions.count() == 2


def test_signed_layer_is_closed(layer, people):
    coder, event = people["coder"], first(layer)
    click = uuid.uuid4()
    before = services.change_event(coder, event, {"intensity": "A"}, expected=1, request_id=click)
    Layer.objects.filter(pk=layer.pk).update(state=Layer.State.SIGNED)
    for attempt in (
        lambda: services.change_event(coder, event, {"intensity": "B"}, expected=2),
        lambda: services.delete_event(coder, event, expected=2),
        lambda: services.accept_event(coder, event, expected=2),
        lambda: services.restore_event(coder, event, to=1, expected=2),
        lambda: services.create_event(coder, layer, SMILE),
    ):
        with pytest.raises(services.Signed):
            attempt()
    # The answer to a request that got through before the signature may be asked for again.
    repeated = services.change_event(coder, event, {"intensity": "A"}, expected=1, request_id=click)
    assert repeated == before
    assert event.revisions.count() == 2


def test_withdrawn_consent_ends_the_coding(layer, people, consent):
    coder, event = people["coder"], first(layer)
    withdraw(people["analyst"], consent, reason="changed my mind")
    for attempt in (
        lambda: services.change_event(coder, event, {"intensity": "B"}, expected=1),
        lambda: services.create_event(coder, layer, SMILE),
        lambda: services.open_layer(people["analyst"], layer.run),
    ):
        with pytest.raises(ConsentMissing):
            attempt()
    assert event.revisions.count() == 1


def test_only_the_owner_writes(layer, people):
    for role in ("administrator", "analyst", "stranger"):
        with pytest.raises(PermissionDenied):
            services.delete_event(people[role], first(layer), expected=1)


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"code": "3"}, "code", "not a FACS code"),
        ({"code": ["12"]}, "code", "not a FACS code"),
        ({"side": ""}, "side", "needs a side"),
        ({"code": "17"}, "side", "has no side"),
        ({"code": "M55", "side": ""}, "intensity", "without an intensity"),
        ({"intensity": "F"}, "intensity", "A, B, C, D, E"),
        ({"intensity": "AB"}, "intensity", "A, B, C, D, E"),
        ({"apex_us": 400_000}, "apex_us", "before the onset"),
        ({"offset_us": 600_000}, "offset_us", "before the apex"),
        ({"offset_us": 10_000_001}, "offset_us", "after the end"),
        ({"onset_us": -1}, "onset_us", "before the start"),
        ({"onset_us": 1.5}, "onset_us", "whole number"),
        ({"onset_us": True}, "onset_us", "whole number"),
        ({"face": 3}, "face", "no such face"),
        ({"note": "x" * 501}, "note", "at most 500"),
        ({"author": "me"}, "author", "no such field"),
        ({"confidence": 1.0}, "confidence", "no such field"),
    ],
)
def test_refused_content(layer, people, changes, field, sentence):
    with pytest.raises(ValidationError) as caught:
        services.change_event(people["coder"], first(layer), changes, expected=1)
    assert sentence in " ".join(caught.value.message_dict[field])
    assert Revision.objects.filter(event__layer=layer).count() == 7


def test_deleted_event_must_be_restored_first(layer, people):
    coder, event = people["coder"], first(layer)
    services.delete_event(coder, event, expected=1)
    with pytest.raises(ValidationError):
        services.change_event(coder, event, {"intensity": "A"}, expected=2)
    with pytest.raises(ValidationError):
        services.delete_event(coder, event, expected=2)
    with pytest.raises(ValidationError):
        services.accept_event(coder, event, expected=2)
    with pytest.raises(ValidationError):
        services.restore_event(coder, event, to=9, expected=2)


def test_progress_counts_what_a_person_decided(layer, people):
    coder = people["coder"]
    states = services.current_events(layer)
    services.accept_event(coder, Event.objects.get(pk=states[0].id), expected=1)
    services.delete_event(coder, Event.objects.get(pk=states[1].id), expected=1)
    services.create_event(coder, layer, SMILE)
    assert services.progress(layer) == {"events": 7, "proposals": 7, "reviewed": 2}


def test_recording_goes_with_its_layers_but_an_event_not_alone(layer, machine):
    with pytest.raises((RestrictedError, ProtectedError)):
        machine.events.first().delete()
    layer.run.recording.delete()
    assert not Layer.objects.exists()
