"""Markers and speakers are marked on the review page with the keyboard; nobody's list is lost."""

from __future__ import annotations

import pytest

from facsweb.meaning import marking
from facsweb.meaning.marking import MARKERS, SPEAKERS
from facsweb.recordings.models import Recording
from tests.browser.accessibility import grave
from tests.browser.test_review import eventually, review
from tests.factories import make_finished_run, make_recording

pytestmark = [
    pytest.mark.browser,
    pytest.mark.once,
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture
def run(participant, consent, people, redis):
    run = make_finished_run(make_recording(participant, people["analyst"]), people["analyst"])
    Recording.objects.filter(pk=run.recording_id).update(has_audio=True)
    run.recording.refresh_from_db()
    return run


def seek(page, text):
    page.keyboard.press("Shift+T")
    page.keyboard.type(text)
    page.keyboard.press("Enter")


def stored(kind, run):
    latest = marking.latest(kind, run.recording)
    return latest.marks if latest else []


def test_markers_with_the_keyboard_alone(open_page, run, people):
    page = review(open_page, run)
    page.get_by_role("button", name="Meaning", exact=True).press("Enter")
    seek(page, "0:02")
    page.keyboard.press("Shift+M")
    page.locator("#marker-name:focus").wait_for()
    page.keyboard.press("Enter")
    assert page.inner_text("#marker-problem") == "A marker needs a name."
    page.keyboard.type("How was it?")
    page.locator("#marker-kind").press("q")
    seek_end = page.get_by_label("End", exact=True)
    seek_end.press_sequentially("3.5")
    seek_end.press("Enter")
    eventually(lambda: [one["name"] for one in stored(MARKERS, run)] == ["How was it?"])
    one = stored(MARKERS, run)[0]
    assert (one["kind"], one["start_us"], one["end_us"]) == ("question", 2_000_000, 3_500_000)
    page.get_by_role("button", name="Markers: list").wait_for()  # on its lane before anything was read again
    assert grave(page) == []

    page.get_by_role("button", name="Delete How was it?").press("Enter")
    eventually(lambda: stored(MARKERS, run) == [])
    assert page.evaluate("document.activeElement.id") == "markers-undo"
    page.keyboard.press("Enter")
    eventually(lambda: stored(MARKERS, run) == [one])

    page.get_by_role("button", name="Edit How was it?").press("Enter")
    page.get_by_label("Name", exact=True).fill("How is it?")
    page.keyboard.press("Enter")
    eventually(lambda: stored(MARKERS, run) == [{**one, "name": "How is it?"}])

    page.locator("#marker-import > summary").press("Enter")
    table = page.locator("#marker-table")
    table.fill("Film,scene,0:05,0:04\nTask 1,task,6,\n")
    page.get_by_text("Line 1: The end must be behind the start.").wait_for()
    assert page.locator("#marker-take").is_disabled()
    table.fill("Film,scene,0:05,0:08\nTask 1,task,6,\n")
    page.get_by_role("button", name="Add 2 markers").press("Enter")
    eventually(lambda: len(stored(MARKERS, run)) == 3)

    marking.write(people["analyst"], MARKERS, run.recording, [], expected=5)  # in another window
    page.get_by_role("button", name="Delete Film").press("Enter")
    page.get_by_text("in the meantime").wait_for()
    assert stored(MARKERS, run) == []
    page.get_by_role("button", name="Store mine as the newest").press("Enter")
    eventually(lambda: [one["name"] for one in stored(MARKERS, run)] == ["How is it?", "Task 1"])
    page.complaints.clear()  # the browser notes that the server answered 409


def test_speakers_with_the_keyboard_alone(open_page, run, people):
    page = review(open_page, run)
    page.keyboard.press("Shift+A")
    page.get_by_text("Mark a beginning and an end on the timeline first").wait_for()
    page.locator("#speech-name").fill("Anna")
    page.locator("#speech-name").press("Escape")
    for text, key in (("1", "i"), ("5", "o")):
        seek(page, text)
        page.keyboard.press(key)
    page.keyboard.press("Shift+A")
    eventually(lambda: stored(SPEAKERS, run) == [{"start_us": 1_000_000, "end_us": 5_000_000, "speaker": "Anna"}])
    seek(page, "3")
    page.keyboard.press("Shift+S")
    page.locator("#speech-name").fill("Ben")
    page.locator("#speech-name").press("Escape")
    page.keyboard.press("Shift+W")
    eventually(lambda: [one["speaker"] for one in stored(SPEAKERS, run)] == ["Anna", "Ben"])
    assert [one["end_us"] for one in stored(SPEAKERS, run)] == [3_000_000, 5_000_000]
    assert grave(page) == []
    page.get_by_role("button", name="Join with the next stretch").press("Enter")
    eventually(lambda: len(stored(SPEAKERS, run)) == 1)
    page.locator("#speakers-undo").press("Enter")
    eventually(lambda: len(stored(SPEAKERS, run)) == 2)
