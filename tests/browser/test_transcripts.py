"""A transcript comes in as a file, and is typed beside the video with the keyboard alone, in a real Chromium."""

from __future__ import annotations

import pytest

from facsweb.transcripts.models import Transcript
from facsweb.transcripts.services import begin, current, save
from tests.browser.accessibility import grave
from tests.factories import make_recording

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
VTT = "WEBVTT\n\n00:01.000 --> 00:02.000\n<v Anna>I am so glad.\n\n00:03.000 --> 00:04.500\n<v Ben>So am I.\n"


@pytest.fixture
def recording(participant, consent, people):
    return make_recording(participant, people["analyst"])


def units():
    return current(Transcript.objects.get()).units


def test_a_file_is_looked_at_and_taken(open_page, recording, tmp_path):
    file = tmp_path / "from a lab.vtt"
    file.write_text(VTT)
    page = open_page("coder", f"/recordings/{recording.pk}/")
    page.get_by_role("link", name="Add a transcript").click()
    assert grave(page) == []
    with page.expect_navigation():
        page.get_by_label("Drop a file anywhere on this page, or choose it").set_input_files(file)
    assert grave(page) == []
    page.get_by_label("Shift in milliseconds").fill("500")
    page.get_by_role("button", name="Take it as the transcript").click()
    page.get_by_text("Not taken yet").wait_for()
    page.get_by_text("00:00:01.500").wait_for()
    page.get_by_role("button", name="Take it as the transcript").click()
    page.get_by_role("heading", name="What was said").wait_for()
    assert grave(page) == []
    assert units() == [[1_500_000, 2_500_000, "Anna", "I am so glad."], [3_500_000, 5_000_000, "Ben", "So am I."]]
    page.get_by_text("Download").click()
    with page.expect_download() as started:
        page.get_by_role("link", name="VTT, 2 of 2 units").click()
    assert started.value.suggested_filename == "Interview-1.vtt"

    wrong = tmp_path / "a.docx"
    wrong.write_bytes(b"no Word file")
    page.goto(f"/recordings/{recording.pk}/transcript/")
    with page.expect_navigation():
        page.get_by_label("Drop a file anywhere on this page, or choose it").set_input_files(wrong)
    page.get_by_text("cannot be read as a Word document").wait_for()
    page.complaints.clear()  # the browser notes that the server answered 422


def texts(page):
    return page.get_by_role("textbox", name="Text", exact=True)


def seek(page, seconds):
    page.evaluate("s => { document.getElementById('video').currentTime = s; }", seconds)
    page.wait_for_function("s => document.getElementById('time').textContent.endsWith(s)", arg=f"{seconds:06.3f}")


def test_typed_from_nothing_with_the_keyboard_alone(open_page, recording, people):
    page = open_page("coder", f"/recordings/{recording.pk}/transcript/")
    page.get_by_role("button", name="Begin to type").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("html[data-editor=ready]")
    page.wait_for_function("() => document.getElementById('video').readyState > 0")
    assert grave(page) == []
    seek(page, 1)
    page.get_by_role("button", name="Begin the first unit").focus()
    page.keyboard.press("Enter")
    page.keyboard.type("Good morning everybody.")
    seek(page, 3)
    page.keyboard.press("Enter")
    page.keyboard.type("Hello")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("Anna. How are you?")
    seek(page, 6)
    page.keyboard.press("Alt+o")
    page.keyboard.press("Shift+Tab")  # from the words to who says them
    page.keyboard.type("Ben")
    page.keyboard.press("Control+s")
    page.wait_for_selector("#save-status[data-state=saved]")
    assert units() == [
        [1_000_000, 3_000_000, "", "Good morning everybody."],
        [3_000_000, 6_000_000, "Ben", "Hello\nAnna. How are you?"],
    ]

    # split at the caret, where the video stands; then back, and forth again
    text = texts(page).nth(1)
    text.focus()
    text.evaluate("node => node.setSelectionRange(11, 11)")
    seek(page, 4.5)
    page.keyboard.press("Alt+k")
    assert texts(page).nth(2).input_value() == "How are you?"
    assert page.evaluate("document.activeElement.value") == "How are you?"
    page.keyboard.press("Control+z")
    assert texts(page).count() == 2
    page.keyboard.press("Control+Shift+z")
    page.keyboard.press("PageUp")
    page.keyboard.press("Alt+m")
    page.keyboard.press("Control+z")
    assert texts(page).count() == 3
    page.keyboard.press("Alt+r")
    page.keyboard.press("Control+z")
    assert [page.get_by_label("Start", exact=True).nth(n).input_value() for n in range(3)] == [
        "00:00:01.000",
        "00:00:03.000",
        "00:00:04.500",
    ]
    assert page.locator("li[aria-current]").get_by_role("textbox", name="Text").input_value() == "How are you?"

    # what cannot be stored is said beside the unit, and Done waits for it
    page.get_by_label("End", exact=True).nth(0).fill("0.5")
    page.get_by_role("link", name="Done").click()
    page.get_by_text("It cannot be stored like this").wait_for()
    assert grave(page) == []
    page.get_by_label("End", exact=True).nth(0).fill("2.5")
    page.get_by_role("link", name="Done").click()
    page.get_by_role("heading", name="What was said").wait_for()
    assert [row[:2] for row in units()] == [[1_000_000, 2_500_000], [3_000_000, 4_500_000], [4_500_000, 6_000_000]]


def test_a_pasted_text_and_somebody_who_saves_meanwhile(open_page, participant, consent, people):
    transcript = begin(people["coder"], participant, None, title="Diary")
    page = open_page("coder", f"/transcripts/{transcript.pk}/edit/")
    # Before there is anything to store here: a page on which somebody pauses stores by itself.
    save(people["analyst"], transcript, [[None, None, "", "Another beginning."]], expected=1)
    page.get_by_role("button", name="Begin the first unit").click()
    texts(page).evaluate(
        """node => {
          const data = new DataTransfer();
          data.setData("text/plain", "First line.\\n\\nSecond line.\\nThird line.");
          const how = { clipboardData: data, bubbles: true, cancelable: true };
          node.dispatchEvent(new ClipboardEvent("paste", how));
        }"""
    )
    assert texts(page).count() == 3
    page.get_by_role("button", name="Save now").click()
    page.get_by_text("Analyst Person saved this transcript in the meantime").wait_for()
    assert grave(page) == []
    page.get_by_role("button", name="Store mine as the newest").click()
    page.wait_for_selector("#save-status[data-state=saved]")
    assert [row[3] for row in units()] == ["First line.", "Second line.", "Third line."]
    page.complaints.clear()  # the browser notes that the server answered 409

    page.goto(f"/transcripts/{transcript.pk}/history/2/")
    page.get_by_role("button", name="Bring it back").click()
    page.get_by_role("dialog").get_by_role("button", name="Bring it back").click()
    page.wait_for_url(f"**/transcripts/{transcript.pk}/")
    page.get_by_text("Another beginning.").wait_for()
    assert [row[3] for row in units()] == ["Another beginning."]
