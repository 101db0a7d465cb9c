"""Layers go out: who may take which, what the file says, and that the log knows."""

from __future__ import annotations

import csv
import io

import pytest

from analysis.exchange.formats import FORMATS, read
from analysis.exchange.values import Options
from facsweb.audit.models import Entry
from facsweb.coding.models import Layer
from facsweb.coding.services import create_event, current_events, delete_event, make_machine_layer, open_layer
from tests.factories import make_finished_run, make_recording

SMIRK = {"code": "14", "side": "left", "intensity": "B", "onset_us": 0, "apex_us": 500_000, "offset_us": 900_000}


@pytest.fixture
def run(participant, consent, people):
    return make_finished_run(make_recording(participant, people["analyst"]), people["analyst"])


@pytest.fixture
def layer(run, people):
    layer = open_layer(people["coder"], run)
    create_event(people["coder"], layer, {**SMIRK, "note": "=cmd"})
    return Layer.objects.get(pk=layer.pk)


def fetched(client, layer, key, **query):
    response = client.get(f"/layers/{layer.pk}/export/{key}/", query)
    assert response.status_code == 200
    return response, b"".join(response.streaming_content)


@pytest.mark.parametrize("key", sorted(FORMATS))
def test_every_format_is_a_file_with_a_name_that_says_what_it_is(key, layer, client_as):
    response, data = fetched(client_as("coder"), layer, key)
    named = response["Content-Disposition"]
    assert named.startswith('attachment; filename="P-001_interview-1_coder-person_20')
    assert named.endswith(f'{FORMATS[key].extension}"')
    assert response["Cache-Control"] == "private, no-store"
    assert data


@pytest.mark.parametrize("key", [key for key in FORMATS if FORMATS[key].reads])
def test_what_goes_out_is_what_the_layer_says(key, layer, client_as):
    _, data = fetched(client_as("coder"), layer, key)
    found = read(data, Options(fps=25))
    expected = {state.code for state in current_events(layer)}
    assert {event.code for event in found.events} == expected
    if key not in ("openface", "pyfeat", "wide"):
        assert [event.note for event in found.events if event.code == "14"] == ["=cmd"]


def test_every_download_is_in_the_log(layer, client_as):
    fetched(client_as("coder"), layer, "eaf")
    entry = Entry.objects.get(action="layer.export")
    assert (entry.actor_label, entry.object_id) == ("coder@example.org", str(layer.pk))
    assert entry.details["format"] == "eaf"
    assert entry.details["events"] == len(current_events(layer))


def test_rejected_proposals_are_marked_and_what_was_only_tried_is_not_there(layer, people, client_as):
    coder = people["coder"]
    events = current_events(layer)
    proposal, added = (next(one for one in events if (one.source is None) == own) for own in (False, True))
    for state in (proposal, added):
        delete_event(coder, layer.events.get(pk=state.id), expected=1)
    _, data = fetched(client_as("coder"), layer, "events")
    rows = list(csv.DictReader(io.StringIO(data.decode())))
    assert [row["code"] for row in rows if row["rejected"] == "yes"] == [proposal.code]
    assert "14" not in {row["code"] for row in rows}


def test_rows_can_be_chosen(layer, client_as):
    def rows(**query):
        return fetched(client_as("coder"), layer, "wide", **query)[1].decode().splitlines()

    assert len(rows()) == 1 + 250
    assert len(rows(step="100")) == 1 + 101
    assert len(rows(every_code="on")[0].split(",")) > 100
    assert len(rows(step="nonsense")) == 1 + 250


def test_the_page_lists_every_format_with_what_it_loses(layer, client_as):
    page = client_as("analyst").get(f"/layers/{layer.pk}/export/").content.decode()
    for one in FORMATS.values():
        assert one.name in page
    assert page.count("Loses") == len(FORMATS)


def test_there_is_no_other_format(layer, client_as):
    assert client_as("coder").get(f"/layers/{layer.pk}/export/docx/").status_code == 404


def test_a_blind_coder_cannot_take_what_is_hidden(run, layer, people, client_as):
    from facsweb.studies.models import Membership, Role

    machine = make_machine_layer(run)
    assert client_as("coder").get(f"/layers/{machine.pk}/export/eaf/").status_code == 200
    Membership.objects.create(study=run.study, user=people["stranger"], role=Role.CODER)
    assert client_as("stranger").get(f"/layers/{layer.pk}/export/").status_code == 403
    assert client_as("stranger").get(f"/layers/{layer.pk}/export/eaf/").status_code == 403
    Layer.objects.create(run=run, kind="coder", owner=people["stranger"], mode="blind")
    for key in ("", "eaf/"):
        assert client_as("stranger").get(f"/layers/{machine.pk}/export/{key}").status_code == 403
    assert not Entry.objects.filter(action="layer.export", actor=people["stranger"]).exists()
