"""Beginning, marking, ending and losing a session; what arrived of its film becomes one recording."""

from __future__ import annotations

from datetime import timedelta

import av
import numpy as np
import pytest
from django.utils import timezone

from analysis import media
from facsweb.audit.models import Entry
from facsweb.live import recovery, services
from facsweb.live.models import Session
from facsweb.live.services import Refused
from facsweb.meaning import marking
from facsweb.recordings import files, uploads
from facsweb.recordings.models import Recording, Upload
from facsweb.studies.models import Scope
from facsweb.studies.services import ConsentMissing
from facsweb.studies.withdrawing import withdraw

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis")]


def mark(name, start_us, kind="scene"):
    return {"id": None, "name": name, "kind": kind, "start_us": start_us, "end_us": None}


def acts():
    return list(
        Entry.objects.filter(action__startswith="live.").order_by("number").values_list("action", flat=True)
    )


def test_without_consent_there_is_no_session(participant, people):
    with pytest.raises(ConsentMissing, match="has not given consent"):
        services.begin(people["analyst"], participant, sound=False, kind="video/webm")
    assert not Session.objects.exists()
    assert not Upload.objects.exists()


def test_sound_needs_its_own_consent(begin, consent, people):
    withdraw(people["analyst"], consent, scopes=[Scope.AUDIO], reason="asked")
    with pytest.raises(ConsentMissing, match="voice"):
        begin(sound=True)
    assert begin(sound=False).is_open


def test_what_no_reader_takes_is_not_recorded(begin):
    with pytest.raises(Refused, match="format"):
        begin(kind="application/x-shockwave-flash")


def test_places_are_limited_for_a_person_and_for_all(begin, settings):
    first, _ = begin(), begin()
    with pytest.raises(Refused, match="You have 2 live sessions open"):
        begin()
    settings.LIVE_SESSIONS = 3
    begin("administrator")
    with pytest.raises(Refused, match="3 live sessions at once"):
        begin("administrator")
    # A page that is away leaves its place to others.
    Session.objects.filter(pk=first.pk).update(last_seen_at=timezone.now() - services.AWAY)
    begin("administrator")


def test_a_film_becomes_a_recording_once_with_its_markers(arrived, people, film):
    services.mark(arrived, [mark("Second", 2_000_000), mark("First", 1_000_000, "task")])
    later = [*arrived.markers, mark("Far behind the end", 50_000_000), mark("Third", 3_000_000)]
    made = services.end(people["analyst"], arrived, received=len(film), marks=later)
    assert (made.size, made.id) == (len(film), arrived.upload_id)
    assert files.recording_original(made.id).read_bytes() == film
    assert [one["name"] for one in marking.latest(marking.MARKERS, made).marks] == ["Third"]
    again = services.end(people["analyst"], Session.objects.get(), received=len(film))
    assert again == made
    assert Recording.objects.count() == 1
    assert acts() == ["live.begin", "live.end"]
    assert Session.objects.get().ended_why == "person"
    with pytest.raises(Refused, match="over"):
        services.mark(Session.objects.get(), [])


def test_an_end_before_the_last_piece_waits_for_it(arrived, people, film):
    with pytest.raises(Refused, match="still on its way"):
        services.end(people["analyst"], arrived, received=len(film) + 1)
    arrived.refresh_from_db()
    assert arrived.is_open
    assert arrived.upload.state == "receiving"


def test_a_session_without_a_film_cannot_be_ended_but_thrown_away(session, people):
    with pytest.raises(Refused, match="Nothing was recorded"):
        services.end(people["analyst"], session, received=0)
    services.throw_away(people["analyst"], session)
    assert not Upload.objects.exists()
    assert Session.objects.get().ended_why == "thrown"


def test_markers_are_checked(session):
    for wrong in (
        "no list",
        [{"name": "", "kind": "task", "start_us": 1}],
        [mark("x", -1)],
        [mark("x", 1, "joy")],
    ):
        with pytest.raises(Refused):
            services.mark(session, wrong)
    assert Session.objects.get().markers == []


def test_a_withdrawal_ends_the_session_and_deletes_what_arrived(
    arrived, consent, people, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        withdraw(people["analyst"], consent, reason="asked by mail")
    arrived.refresh_from_db()
    assert arrived.ended_why == "withdrawn"
    assert Upload.objects.get().state == "rejected"
    assert not files.upload_folder(arrived.upload_id).exists()
    with pytest.raises(uploads.Rejected, match="withdrew"):
        services.end(people["analyst"], arrived, received=arrived.upload.offset)


def test_a_withdrawn_voice_ends_a_session_with_sound_and_no_other(begin, consent, people):
    loud, silent = begin(sound=True), begin()
    withdraw(people["analyst"], consent, scopes=[Scope.AUDIO], reason="asked")
    loud.refresh_from_db()
    silent.refresh_from_db()
    assert (loud.ended_why, silent.is_open) == ("withdrawn", True)


def test_a_page_that_never_comes_back_loses_nothing_that_arrived(arrived, film):
    services.mark(arrived, [mark("Kept", 1_000_000)])
    assert recovery.recover() == 0
    long_ago = timezone.now() - recovery.LOST - timedelta(minutes=1)
    Session.objects.update(last_seen_at=long_ago)
    assert recovery.recover() == 0, "its film still arrives"
    Upload.objects.update(expires_at=long_ago + recovery.PARTIAL_UPLOADS_LAST)
    assert recovery.recover() == 1
    made = Recording.objects.get()
    assert made.size == len(film)
    assert [one["name"] for one in marking.latest(marking.MARKERS, made).marks] == ["Kept"]
    assert recovery.recover() == 0


def test_a_lost_session_without_a_film_leaves_nothing(session):
    long_ago = timezone.now() - recovery.LOST - timedelta(minutes=1)
    Session.objects.update(last_seen_at=long_ago)
    Upload.objects.update(expires_at=long_ago + recovery.PARTIAL_UPLOADS_LAST)
    assert recovery.recover() == 1
    assert Session.objects.get().ended_why == "lost"
    assert not Upload.objects.exists()


def test_page_without_consent_or_against_the_law_opens_no_camera(client_as, participant, consent, people):
    page = client_as("analyst").get(f"/participants/{participant.pk}/live/")
    assert 'id="live-open"' in page.content.decode()
    assert "camera=(self)" in page["Permissions-Policy"]
    withdraw(people["analyst"], consent, reason="asked")
    page = client_as("analyst").get(f"/participants/{participant.pk}/live/").content.decode()
    assert "Consent comes first" in page
    assert 'id="live-open"' not in page


def test_a_colleague_makes_a_recording_of_what_arrived(client_as, arrived, participant):
    Session.objects.update(last_seen_at=timezone.now() - services.AWAY)
    page = client_as("administrator").get(f"/participants/{participant.pk}/live/").content.decode()
    assert "by Analyst Person" in page
    answer = client_as("administrator").post(f"/live/{arrived.pk}/end", {}, content_type="application/json")
    assert answer.status_code == 200
    assert answer.json()["url"] == f"/recordings/{arrived.upload_id}/"


def test_what_a_browser_recorded_gets_a_copy_that_can_be_jumped_in(tmp_path):
    """It has neither a length nor an index, as what is written while it is sent."""
    film = tmp_path / "film.webm"
    with av.open(str(film), "w", options={"live": "1"}) as out:
        stream = out.add_stream("libvpx", rate=25, width=160, height=120, pix_fmt="yuv420p")
        for _ in range(30):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(np.full((120, 160, 3), 90, np.uint8))))
        out.mux(stream.encode())
    found = media.probe(film)
    assert (found.container, found.playable_in_browser) == ("webm", False)
    assert found.duration_us == pytest.approx(1_200_000, abs=60_000)
