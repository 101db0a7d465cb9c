"""Files come in: looked at first, stored once, removed as long as nothing refers to them."""

from __future__ import annotations

import hashlib
import re
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from analysis.exchange.values import MAX_BYTES, Options
from facsweb.audit.checking import faults
from facsweb.audit.models import Entry
from facsweb.audit.personal import mark
from facsweb.coding.models import Layer
from facsweb.coding.reading import current_events
from facsweb.coding.services import create_event, open_layer
from facsweb.exchange import services
from facsweb.exchange.models import Upload
from tests.factories import make_finished_run, make_recording

TABLE = (
    b"code,onset_ms,apex_ms,offset_ms,intensity,side,face,note\n"
    b"12,1000,1200,2000,C,left,0,hello\n"
    b"4,3000,3100,3200,B,both,7,\n"
    b"wave,100,200,300,,,0,\n"
)


@pytest.fixture
def run(participant, consent, people):
    return make_finished_run(make_recording(participant, people["analyst"]), people["analyst"])


def sent(client, run, data=TABLE, name="C:\\codings\\mine.csv"):
    return client.post(f"/runs/{run.pk}/import/", {"file": SimpleUploadedFile(name, data)})


def settings_of(page):
    """What the form on the page would send."""
    html = page.content.decode()
    values = {"seen": re.search(r'name="seen" value="(\w*)"', html)[1], "name": "Mine"}
    for field in ("fps", "least_ms", "join_ms", "shift_ms"):
        if found := re.search(rf'name="{field}" value="([^"]*)"', html):
            values[field] = found[1]
    return values


def test_a_file_is_looked_at_and_then_becomes_a_layer(run, people, client_as):
    client = client_as("coder")
    where = sent(client, run).url
    page = client.get(where)
    html = page.content.decode()
    for words in ("mine.csv", "wave", "This run has no such face", "1 annotation"):
        assert words in html, words
    assert "C:" not in html
    assert not Layer.objects.filter(kind="imported").exists()

    answer = client.post(where, {**settings_of(page), "do": "import"}, follow=True)
    assert "is a layer now" in answer.content.decode()
    layer = Layer.objects.get(kind="imported")
    digest = hashlib.sha256(TABLE).hexdigest()
    assert (layer.owner, layer.name) == (people["coder"], "Mine")
    assert layer.source_file == {"name": "mine.csv", "format": "events", "sha256": digest}
    (event,) = current_events(layer)
    assert (event.code, event.side, event.intensity, event.note) == ("12", "left", "C", "hello")
    assert (event.onset_us, event.apex_us, event.offset_us) == (1_000_000, 1_200_000, 2_000_000)
    assert event.standing == "added"
    assert not Upload.objects.exists()
    entry = Entry.objects.get(action="layer.import")
    assert (entry.details["events"], entry.details["left_out"], entry.details["sha256"]) == (1, 1, digest)
    assert list(faults()) == []


def test_names_are_matched_and_the_face_is_chosen(run, client_as):
    client = client_as("coder")
    where = sent(client, run).url
    chosen = {"tier": ["wave"], "code": ["50"], "face": "0"}
    page = client.post(where, {**settings_of(client.get(where)), **chosen, "do": "look"})
    assert "This run has no such face" not in page.content.decode()
    client.post(where, {**settings_of(page), **chosen, "do": "import"})
    layer = Layer.objects.get(kind="imported")
    assert sorted(event.code for event in current_events(layer)) == ["12", "4", "50"]


def test_settings_whose_effect_was_not_shown_are_shown_before_anything_is_stored(run, client_as):
    client = client_as("coder")
    where = sent(client, run).url
    values = {**settings_of(client.get(where)), "shift_ms": "500", "do": "import"}
    page = client.post(where, values)
    assert "Not imported yet" in page.content.decode()
    assert not Layer.objects.filter(kind="imported").exists()
    client.post(where, {**values, "seen": settings_of(page)["seen"]})
    (event,) = current_events(Layer.objects.get(kind="imported"))
    assert event.onset_us == 1_500_000


def test_a_double_click_imports_once(run, people, client_as):
    client = client_as("coder")
    where = sent(client, run).url
    upload = Upload.objects.get()
    values = {**settings_of(client.get(where)), "do": "import"}
    assert client.post(where, values).status_code == 302
    assert client.post(where, values).status_code == 404
    with pytest.raises(services.Gone):
        services.confirm(people["coder"], upload, Options(), "again")
    assert Layer.objects.filter(kind="imported").count() == 1


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"hello", "none of the formats"),
        (b"\x00\x01\x02", "binary"),
        (b"", "empty"),
        (b"<ANNOTATION_DOCUMENT/>" + b" " * MAX_BYTES, "at most 20 MB"),
    ],
)
def test_what_is_no_coding_is_refused_on_the_page(run, client_as, data, words):
    answer = sent(client_as("coder"), run, data)
    assert answer.status_code == 200
    assert words in answer.content.decode()
    assert not Upload.objects.exists()


def test_a_damaged_file_is_told_and_another_can_be_chosen(run, client_as):
    client = client_as("coder")
    page = client.get(sent(client, run, b"<ANNOTATION_DOCUMENT><TIER>").url)
    html = page.content.decode()
    assert "XML is broken" in html
    assert "Choose another file" in html
    assert 'value="import"' not in html


def test_a_file_that_counts_frames_takes_the_rate_of_the_recording(run, client_as):
    client = client_as("coder")
    where = sent(client, run, b"frame,AU12,approx_time\n" + b"".join(b"%d,0.9,0\n" % n for n in range(50))).url
    client.post(where, {**settings_of(client.get(where)), "do": "import"})
    (event,) = current_events(Layer.objects.get(kind="imported"))
    assert (event.onset_us, event.offset_us) == (0, 49 * 40_000)


def test_a_file_that_nobody_imported_is_thrown_away(run, people, client_as):
    sent(client_as("analyst"), run)
    Upload.objects.update(created_at=timezone.now() - timedelta(hours=25))
    sent(client_as("coder"), run)
    assert Upload.objects.get().owner == people["coder"]
    sent(client_as("coder"), run)
    assert Upload.objects.count() == 1


def test_somebody_elses_file_is_not_shown(run, client_as):
    where = sent(client_as("coder"), run).url
    answer = client_as("analyst").get(where, follow=True)
    assert "uploaded by somebody else" in answer.content.decode()
    assert "hello" not in answer.content.decode()


def test_nothing_is_imported_without_consent(run, consent, people, client_as):
    from facsweb.studies.withdrawing import withdraw

    client = client_as("coder")
    where = sent(client, run).url
    page = client.get(where)
    withdraw(people["analyst"], consent, reason="asked for")
    client.post(where, {**settings_of(page), "do": "import"})
    assert not Layer.objects.filter(kind="imported").exists()
    assert "No current consent" in client.get(f"/runs/{run.pk}/import/").content.decode()


@pytest.fixture
def imported(run, people):
    upload = services.receive(people["coder"], run, "a.csv", TABLE)
    return services.confirm(people["coder"], upload, Options(), "From ELAN")


def test_an_imported_layer_cannot_be_edited(imported, people):
    from django.core.exceptions import PermissionDenied

    content = {"code": "6", "side": "both", "intensity": "A", "onset_us": 0, "apex_us": 1, "offset_us": 2}
    with pytest.raises(PermissionDenied):
        create_event(people["coder"], imported, content)


def test_it_is_readable_like_a_coders_layer(run, imported, people, client_as):
    from facsweb.studies.models import Membership, Role

    Membership.objects.create(study=run.study, user=people["stranger"], role=Role.CODER)
    for who, status in (("coder", 200), ("analyst", 200), ("stranger", 403)):
        assert client_as(who).get(f"/layers/{imported.pk}/export/").status_code == status
    assert "From ELAN" in client_as("analyst").get(f"/runs/{run.pk}/import/").content.decode()
    assert "From ELAN" not in client_as("stranger").get(f"/runs/{run.pk}/import/").content.decode()


@pytest.mark.parametrize("who", ["coder", "analyst", "administrator"])
def test_an_import_is_undone_by_its_importer_or_a_lead(imported, client_as, who):
    answer = client_as(who).post(f"/layers/{imported.pk}/remove/", follow=True)
    assert "was removed" in answer.content.decode()
    assert not Layer.objects.filter(pk=imported.pk).exists()
    assert Entry.objects.get(action="layer.remove").details["name"] == mark("a.csv")


def test_nobody_else_removes_it_and_people_cannot_remove_what_they_coded(run, imported, people, client_as):
    from facsweb.studies.models import Membership, Role

    Membership.objects.create(study=run.study, user=people["stranger"], role=Role.CODER)
    assert client_as("stranger").post(f"/layers/{imported.pk}/remove/").status_code == 403
    own = open_layer(people["coder"], run)
    answer = client_as("coder").post(f"/layers/{own.pk}/remove/", follow=True)
    assert "Only an imported layer" in answer.content.decode()
    assert Layer.objects.filter(pk__in=[own.pk, imported.pk]).count() == 2


def test_it_stays_while_something_refers_to_it(run, imported, people, client_as):
    adjudicated = Layer.objects.create(run=run, kind="adjudicated", owner=people["analyst"])
    adjudicated.sources.add(imported)
    answer = client_as("coder").post(f"/layers/{imported.pk}/remove/", follow=True)
    assert "Something refers to this layer" in answer.content.decode()
    adjudicated.delete()
    copy = open_layer(people["coder"], run).events.create(source=imported.events.get())
    assert "copied" in services.why_kept(imported)
    copy.delete()
    assert services.why_kept(imported) == ""


@pytest.mark.parametrize("key", ["eaf", "events", "json", "textgrid"])
def test_a_layer_taken_out_and_brought_in_says_the_same(run, people, client_as, key):
    layer = open_layer(people["coder"], run)
    client = client_as("coder")
    data = b"".join(client.get(f"/layers/{layer.pk}/export/{key}/").streaming_content)
    upload = services.receive(people["coder"], run, "again", data)
    found = services.look(upload, Options())
    assert found.remarks == ()
    twin = services.confirm(people["coder"], upload, Options(), "again")

    def said(one):
        return sorted(
            (e.code, e.side, e.intensity, e.onset_us, e.apex_us, e.offset_us) for e in current_events(one)
        )

    assert said(twin) == said(layer)
    assert twin.spans == []


def test_an_unfinished_run_takes_nothing(run, client_as):
    type(run).objects.filter(pk=run.pk).update(state="running")
    answer = sent(client_as("coder"), run)
    assert "not finished" in answer.content.decode()
    assert not Upload.objects.exists()


def test_a_file_that_waits_can_be_gone_on_with(run, client_as):
    where = sent(client_as("coder"), run).url
    html = client_as("coder").get(f"/runs/{run.pk}/import/").content.decode()
    assert where in html
    assert where not in client_as("analyst").get(f"/runs/{run.pk}/import/").content.decode()
