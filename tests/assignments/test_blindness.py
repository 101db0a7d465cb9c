"""Somebody who codes blind finds nothing of what the machine or others say about the recording, on any page.

Values that occur nowhere else are planted in the machine's files and in a colleague's signed coding; then every
page of the table is asked for, with the objects of that recording, by a blind coder who holds every role.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import re
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.db import transaction
from django.urls import reverse

from facsweb.coding import services, workflow
from facsweb.coding.models import Layer
from facsweb.runs.services import result_dir
from facsweb.studies import access
from facsweb.studies.models import Membership, Role
from tests.conftest import PASSWORD
from tests.factories import make_assignment, make_finished_run, make_recording
from tests.people import write_measurement
from tests.test_access_matrix import EXAMPLES, ROUTES, Example, World

ONSET, APEX, OFFSET = 1_234_567, 1_345_678, 1_456_789
NOTE, WARNING, COLLEAGUE_ONSET = "colleague-note-7391", "warning-7392", 2_345_678
#: As pages could write them: microseconds, media time, the confidence, the machine's highest intensity, a count.
MARKERS = [
    *("1234567", "1345678", "1456789", "2345678", "01.235", "01.234", "02.346", "02.345"),
    *("0.7391", "4.32", "4.3 of 5", "73917", "73,917", NOTE, WARNING, 'data-face="7391"'),
]
#: A figure of the made calibration (tests/calibration), which is of other recordings and looks like a marker.
MADE = "4.32747"
#: What a page may say at random and could look like a marker: a moment of today, an identifier, a hash.
RANDOM = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?"
    r"|[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}|(?<!\w)[0-9a-f]{32,}(?!\w)"
)
PLACE = re.compile(r"([\w-]+)/<uuid:pk>")


def plant(run: Any) -> None:
    """Write the markers into a run's files, as its analysis would have."""
    folder = result_dir(run)
    with (folder / "events.csv").open("a", newline="") as file:
        csv.writer(file).writerow(["33", "both", "D", ONSET, APEX, OFFSET, 0.7391, 0])
    said = json.loads((folder / "summary.json").read_text())
    said["warnings"] = [WARNING]
    said["faces"][0]["aus"] = {"33": {"events": 73917, "peak": 4.32}}
    (folder / "summary.json").write_text(json.dumps(said))
    write_measurement(folder)
    files = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir() if path.is_file()
    }
    type(run).objects.filter(pk=run.pk).update(summary=said, files=files, stills=0)
    run.refresh_from_db()


class Hidden(World):
    """One recording: the machine's reading, a colleague's signed coding with its report, and a blind coding."""

    def __init__(self, people: dict[str, Any], participant: Any, consent: Any) -> None:
        super().__init__(people, participant, consent)
        self.elsewhere: dict[str, Any] = {}
        study = participant.study
        self.person, self.colleague = people["coder"], people["analyst"]
        type(self.person).objects.filter(pk=self.person.pk).update(is_staff=True)
        for role in Role:
            Membership.objects.get_or_create(study=study, user=self.person, role=role)
        Membership.objects.get_or_create(study=study, user=self.colleague, role=Role.CODER)
        self.recording = make_recording(participant, people["administrator"])
        self.run = make_finished_run(self.recording, people["administrator"])
        plant(self.run)
        self.machine = services.make_machine_layer(self.run)
        self.theirs = services.open_layer(self.colleague, self.run)
        services.create_event(
            self.colleague,
            self.theirs,
            {
                **{"code": "12", "side": "both", "intensity": "B", "note": NOTE},
                **{"onset_us": COLLEAGUE_ONSET, "apex_us": COLLEAGUE_ONSET, "offset_us": 2_445_678},
            },
        )
        self.theirs.refresh_from_db()
        self.report = self._sign()
        self.adjudicated = self._adjudicate(people["manager"], people["administrator"])
        self.blind = make_assignment(self.run, self.person, self.colleague, mode="blind", ending="adjudication")

    def _sign(self) -> Any:
        from facsweb.reports import services as reports

        done = reports.sign(self.colleague, self.theirs, password=PASSWORD, statement=reports.STATEMENT)
        done.report.pdf.save("report.pdf", ContentFile(b"%PDF " + NOTE.encode()), save=False)
        done.report.state = "ready"
        done.report.save()
        return done.report

    def _adjudicate(self, third: Any, judge: Any) -> Any:
        from facsweb.agreement.beginning import start

        for person in (third, judge):
            Membership.objects.get_or_create(study=self.run.study, user=person, role=Role.CODER)
        other = services.open_layer(third, self.run)
        workflow.submit(third, other)
        self.theirs.refresh_from_db()
        return start(judge, self.theirs, other, adjudicator=judge)

    def several(self, word: str) -> list[Any]:
        """Objects of the hidden recording for an address; one of elsewhere where it has none of that kind."""
        known = {
            "recordings": [self.recording],
            "runs": [self.run],
            "layers": [self.machine, self.theirs, self.blind.layer, self.adjudicated.layer],
            "agreement": [self.machine, self.blind.layer],
            "adjudications": [self.adjudicated],
            "events": [layer.events.order_by("pk").last() for layer in (self.machine, self.theirs)]
            + [self.machine.events.get(revisions__onset_us=ONSET), self.theirs.events.get(revisions__note=NOTE)],
            "reports": [self.report],
            "assignments": [self.blind],
            "batches": [self.blind.batch],
        }
        if word not in known and word not in self.elsewhere:
            self.elsewhere[word] = self.object("people_account" if word == "people" else word)
        return known.get(word) or [self.elsewhere[word]]


@pytest.fixture
def hidden(people, participant, consent) -> Hidden:
    return Hidden(people, participant, consent)


def body(response: Any) -> str:
    raw = b"".join(response.streaming_content) if response.streaming else response.content
    if response.headers.get("Content-Encoding") == "gzip":
        raw = gzip.decompress(raw)
    return RANDOM.sub("", raw.decode("utf-8", "replace") + str(response.headers)).replace(MADE, "")


def markers_in(text: str) -> list[str]:
    """Each marker that stands there, with what surrounds it; not where it only ends a longer number of a mesh."""
    there = (marker for marker in MARKERS if marker in text)  # which hardly takes any time, and mostly is all
    found = (re.search(rf".{{0,30}}(?<!\d){re.escape(marker)}.{{0,30}}", text) for marker in there)
    return [place[0] for place in found if place]


#: Every page for somebody who is signed in.
EVERYWHERE = sorted({*access.PAGES, *access.SIGNED_IN, *access.STAFF})
#: Pages that tell a coder who is not blind what others found.
TELLING = [
    *("runs:detail", "runs:download", "coding:events", "coding:event_history", "audit:log"),
    *("reports:detail", "reports:csv", "reports:json", "reports:pdf"),
]


def leaks(hidden: Hidden, client: Any, pages: list[str] = EVERYWHERE) -> dict[str, list[str]]:
    """Page and method → where the markers stand in its answers."""
    found: dict[str, list[str]] = {}
    for page in pages:
        example = EXAMPLES.get(page, Example())
        place = PLACE.search(ROUTES[page])
        for obj in hidden.several(place[1]) if place else [None]:
            kwargs: dict[str, Any] = example.kwargs | ({"pk": obj.pk} if obj else {})
            if "<uuid:other>" in ROUTES[page]:
                kwargs["other"] = hidden.theirs.pk
            url = reverse(page, kwargs=kwargs)
            for method in ("get", "post"):
                sent: dict[str, Any] = {"data": example.data} if method == "post" else {}
                if example.json and method == "post":
                    sent = {"content_type": "application/json", "data": example.json}
                with transaction.atomic():
                    text = body(getattr(client, method)(url, **sent))
                    transaction.set_rollback(True)
                if there := markers_in(text):
                    found.setdefault(f"{page} {method}", []).extend(there)
    return found


def test_no_page_tells_a_blind_coder_what_others_found(hidden, client_as):
    client = client_as("coder")
    assert leaks(hidden, client) == {}  # assigned
    workflow.begin(hidden.person, hidden.blind.layer)
    assert leaks(hidden, client) == {}  # being coded
    for state in ("submitted", "adjudication"):
        Layer.objects.filter(pk=hidden.blind.layer_id).update(state=state)
        for page in ("coding:review", "runs:detail"):
            text = body(client.get(reverse(page, args=[hidden.run.pk])))
            assert markers_in(text) == [], (state, page)


def test_the_walk_would_see_a_leak(hidden, client_as):
    Layer.objects.filter(pk=hidden.blind.layer_id).update(state="settled")
    found = leaks(hidden, client_as("coder"), TELLING)
    assert {f"{page} get" for page in TELLING} <= set(found)


def test_what_is_hidden_is_said_and_not_taken_for_a_missing_role(hidden, client_as):
    client = client_as("coder")
    page = client.get(reverse("runs:detail", args=[hidden.run.pk])).content.decode()
    assert "You code this recording blind" in page
    answer = client.get(reverse("runs:download", args=[hidden.run.pk, "events.csv"]))
    assert answer.status_code == 403
    assert "You code this recording blind" in answer.content.decode()
    assert client.get(reverse("reports:detail", args=[hidden.report.pk])).status_code == 403
    assert hidden.report not in client.get(reverse("reports:list")).context["page"]
    assert client_as("manager").get(reverse("reports:detail", args=[hidden.report.pk])).status_code == 200


def test_the_log_keeps_ones_own_entries_and_those_of_other_recordings(hidden, client_as, people):
    other = make_finished_run(make_recording(hidden.participant, people["analyst"]), people["analyst"])
    services.open_layer(hidden.colleague, other)
    entries = client_as("coder").get(reverse("audit:log", args=[hidden.run.study.pk])).context["page"]
    kept = {(entry.action, entry.withheld) for entry in entries}
    assert ("event.create", True) in kept
    assert ("layer.sign", True) in kept
    assert ("layer.open", False) in kept  # of the other recording
    shown = client_as("administrator").get(reverse("audit:log", args=[hidden.run.study.pk])).context["page"]
    assert not any(entry.withheld for entry in shown)


def test_the_socket_of_a_run_tells_nothing_of_its_result(hidden):
    from facsweb.runs import progress

    said = json.dumps(progress.message(progress.snapshot(hidden.run)))
    assert markers_in(said) == []
