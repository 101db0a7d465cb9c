"""What a report says, against the labels of the clip and counts made by hand."""

import csv
import json

import numpy as np
import pytest

from facsweb.audit.services import canonical
from facsweb.reports import comparison, content, services
from facsweb.studies.models import Scope
from tests.conftest import MEDIA, PASSWORD
from tests.factories import CLIP

pytestmark = pytest.mark.django_db


@pytest.fixture
def said(sign_off):
    return sign_off.content


def summary_of(said, code):
    return next(row for row in said["summary"][0]["rows"] if row["code"] == code)


def test_counts(said):
    assert said["counts"] == {
        "machine": 7,
        "signed": 7,
        "unchanged": 5,
        "confirmed": 2,
        "changed": 1,
        "added": 1,
        "deleted": 1,
        "not_taken_over": 0,
        "unreviewed": 3,
    }


def test_events_are_in_the_order_of_the_timeline_with_their_fate(said):
    found = [(row["number"], row["status"], row["reviewed"], row["changed"]) for row in said["events"]]
    assert found == [
        (1, "unchanged", True, []),  # 45, 0.5 s
        (2, "changed", True, ["intensity", "offset_us"]),  # 12, 1.0 s
        (3, "unchanged", True, []),  # 6, 1.1 s
        (4, "unchanged", False, []),  # 25, 1.4 s
        (5, "added", True, []),  # L14, 2.0 s
        (6, "unchanged", False, []),  # 45, 5.3 s
        (7, "unchanged", False, []),  # 12, 6.0 s
        (8, "deleted", True, []),  # 45, 8.8 s
    ]
    changed = said["events"][1]
    assert (changed["machine"]["intensity"], changed["signed"]["intensity"]) == ("D", "C")
    assert (changed["machine"]["offset_us"], changed["signed"]["offset_us"]) == (4_800_000, 5_000_000)
    assert changed["confidence"] == 0.8
    assert said["events"][7]["signed"] is None
    assert said["events"][4] | {"event": ""} == {
        "number": 5,
        "event": "",
        "status": "added",
        "reviewed": True,
        "signed": {
            "code": "14",
            "side": "left",
            "intensity": "B",
            "onset_us": 2_000_000,
            "apex_us": 2_500_000,
            "offset_us": 3_000_000,
            "face": 0,
        },
        "machine": None,
        "confidence": None,
        "changed": [],
        "by": "Coder Person",
        "note": "Left corner only",
    }


@pytest.mark.parametrize(
    ("code", "events", "covered_s"),
    [("12", 2, (5.0 - 1.0) + (8.2 - 6.0)), ("45", 2, 0.36 + 0.36), ("6", 1, 3.6), ("25", 1, 2.8), ("14", 1, 1.0)],
)
def test_rates_and_shares_come_from_the_signed_events(said, code, events, covered_s):
    row = summary_of(said, code)
    assert row["events"] == events
    assert row["rate_per_min"] == pytest.approx(events * 6)  # the face is seen for all of the ten seconds
    assert row["share"] == pytest.approx(covered_s / 10)


@pytest.mark.parametrize("code", ["6", "12", "25", "45", "14"])
def test_mean_and_peak_come_from_the_signals(said, code):
    rows = list(csv.DictReader((MEDIA / f"{CLIP}.csv").open()))
    labels = np.array([float(row[f"AU{int(code):02d}"]) for row in rows])
    row = summary_of(said, code)
    assert row["mean"] == pytest.approx(labels.mean(), abs=0.0051)
    assert row["peak"] == pytest.approx(labels.max(), abs=0.0051)


def test_the_picture_shows_what_has_events_or_signals(said):
    drawn = said["pictures"][0]
    assert [row["code"] for row in drawn["rows"]] == ["6", "45", "12", "14", "25"]
    assert drawn["bins"] == 125
    assert all(len(row["values"]) == 125 for row in drawn["rows"])
    assert max(drawn["rows"][2]["values"]) == 400


def test_people_and_revisions(said):
    counts = {"accept": 2, "change": 1, "create": 1, "delete": 1, "restore": 0}
    assert said["people"] == [{"name": "Coder Person"} | counts]
    acts = [(row["action"], row["event"]) for row in said["revisions"]]
    assert acts == [("accept", 1), ("accept", 3), ("change", 2), ("delete", 8), ("create", 5)]
    assert said["revisions"][2]["changes"] == [
        {"field": "intensity", "from": "D", "to": "C"},
        {"field": "offset_us", "from": 4_800_000, "to": 5_000_000},
    ]


def test_provenance(said, run, consent, participant):
    assert said["study"]["name"] == "Checkout usability"
    assert said["participant"] == {"code": "P-001"}
    assert said["consent"]["version"] == 1
    assert said["consent"]["id"] == str(consent.pk)
    assert len(said["consent"]["scopes"]) == len(Scope)
    assert said["recording"]["sha256"] == run.recording.sha256
    assert said["run"]["files"] == run.files
    assert said["run"]["models"] == run.summary["models"]
    assert said["coverage"][0]["seen_us"] == 10_000_000
    assert "P. One" not in json.dumps(said)  # the participant's name on the consent stays out


def test_the_disclaimer_is_the_one_of_the_pages(said):
    page = (MEDIA.parent.parent / "templates" / "components" / "disclaimer.html").read_text()
    assert said["disclaimer"] in page


def test_the_hash_is_stable_and_notices_everything(sign_off):
    sign_off.refresh_from_db()  # what the database gives back has the same hash
    assert content.sha256(sign_off.content) == sign_off.content_sha256
    assert content.sha256(json.loads(canonical(sign_off.content))) == sign_off.content_sha256
    changed = json.loads(canonical(sign_off.content))
    changed["events"][0]["signed"]["offset_us"] += 1
    assert content.sha256(changed) != sign_off.content_sha256


def test_an_acceptance_that_was_undone_is_not_a_review(plain_layer, people):
    from facsweb.coding.services import accept_event, restore_event

    event = plain_layer.events.first()
    accept_event(people["coder"], event, expected=1)
    restore_event(people["coder"], event, to=1, expected=2)
    assert comparison.counts(comparison.compare(plain_layer))["unreviewed"] == 7


def test_added_and_deleted_again_is_no_event_but_stays_in_the_list_of_acts(plain_layer, people):
    from facsweb.coding.services import create_event, delete_event

    times = {"onset_us": 1, "apex_us": 2, "offset_us": 3}
    added = create_event(people["coder"], plain_layer, {"code": "45", "side": "both", "intensity": "A", **times})
    delete_event(people["coder"], added.event, expected=1)
    plain_layer.refresh_from_db()
    said = services.sign(people["coder"], plain_layer, password=PASSWORD, statement="I confirm.").content
    assert len(said["events"]) == 7
    assert [(row["action"], row["event"]) for row in said["revisions"]] == [("create", None), ("delete", None)]


def test_machine_events_that_were_never_taken_over_are_named_so(run, people):
    from facsweb.coding.models import Layer
    from facsweb.coding.services import make_machine_layer

    make_machine_layer(run)
    blank = Layer.objects.create(run=run, owner=people["coder"], kind="coder")
    counts = comparison.counts(comparison.compare(blank))
    assert (counts["signed"], counts["not_taken_over"], counts["unreviewed"]) == (0, 7, 0)


def test_open_questions(plain_layer, people):
    from facsweb.coding.services import create_event

    times = {"onset_us": 1_500_000, "apex_us": 1_600_000, "offset_us": 1_700_000}
    create_event(people["coder"], plain_layer, {"code": "12", "side": "left", "intensity": "B", **times})
    create_event(
        people["coder"], plain_layer, {"code": "1", "side": "both", "intensity": "", "note": "or 4?", **times}
    )
    assert comparison.open_questions(comparison.compare(plain_layer)) == [
        "AU 1 at 00:00:01.500 has no intensity.",
        "AU 1 at 00:00:01.500 carries a question: “or 4?”",
        "AU 12 is scored twice at 00:00:01.500.",
    ]


@pytest.mark.parametrize(
    ("time_us", "text"), [(0, "00:00:00.000"), (192_480_000, "00:03:12.480"), (7_260_000_499, "02:01:00.000")]
)
def test_clock(time_us, text):
    assert comparison.clock(time_us) == text
