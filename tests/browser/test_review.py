"""The review page as a coder uses it: scrub, step, correct, undo; no connection, another window, no video."""

from __future__ import annotations

import re
import time
from urllib.parse import parse_qs, urlsplit

import pytest

from facsweb.coding import services
from facsweb.coding.models import Event, Layer, Revision
from tests.factories import make_finished_run, make_recording

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
FRAME_US = 40_000
#: What the button of playing offered while a frame beyond three seconds was shown: the driver may look too late.
NOTE_THE_BUTTON = """() => {
  const [time, play] = ["#time", "#play"].map((one) => document.querySelector(one));
  window.offered = [];
  const note = () => { if (time.textContent > "00:00:03") window.offered.push(play.getAttribute("aria-label")); };
  new MutationObserver(note).observe(time, { childList: true, characterData: true, subtree: true });
}"""

#: Whether the video shows about this moment, seconds: it was fetched, and is on its way nowhere else.
STANDS_AT = """(at) => {
  const video = document.querySelector("#video");
  return video.readyState >= 2 && !video.seeking && Math.abs(video.currentTime - at) < 0.1;
}"""


@pytest.fixture
def run(participant, consent, people):
    return make_finished_run(make_recording(participant, people["analyst"]), people["analyst"])


@pytest.fixture
def layer(run, people):
    return services.open_layer(people["coder"], run)


def review(open_page, run, role="coder", **options):
    page = open_page(role, f"/runs/{run.pk}/review/", **options)
    page.wait_for_selector("html[data-review=ready]")
    return page


def complete(page):
    """Wait for what comes after the rows: the curve of the chosen unit, which is fetched for itself."""
    page.locator("#curve .curve-line").first.wait_for(state="attached")


def painted(page):
    """Wait until the last step is on the screen: canvases and what they say are drawn with the next frame."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done())))")


def shown_us(page) -> int:
    hours, minutes, seconds = page.inner_text("#time").split(":")
    return round((int(hours) * 3600 + int(minutes) * 60 + float(seconds)) * 1e6)


#: The page goes to where it begins once the video is there; a jump past its clock before that would be taken back.
JUMP = """us => { const video = document.getElementById("video");
  if (video.readyState > 0 && !video.seeking) video.currentTime = us / 1e6; }"""


def stand(page, us, near_us=0):
    """Show the frame that comes on screen at a time."""

    def there():
        if abs(shown_us(page) - us) <= near_us:
            return True
        page.evaluate(JUMP, us + 1000)
        return False

    eventually(there)


def eventually(check, patience_s=60.0):
    deadline = time.monotonic() + patience_s
    while not (value := check()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)
    return value


def choose(page, code, nth=0):
    """Select the nth event of a code through the table."""
    if page.locator("#events").is_hidden():
        page.keyboard.press("t")
    page.locator("#events-body tr", has=page.locator(f".au:text-is('{code}')")).nth(nth).click()
    page.keyboard.press("t")
    page.locator("#bars").wait_for()


def saved(page, patience_s=60.0):
    page.locator("#save-text", has_text=re.compile("^Saved$")).wait_for(timeout=patience_s * 1000)


def at(page, us) -> float:
    """Screen position of a time on the rows of a timeline that shows the whole recording (10 s)."""
    box = page.locator("#rows-plot").bounding_box()
    return box["x"] + box["width"] * us / 10_000_000


def row_y(page, code, within) -> float:
    label = page.locator(f"#row-labels [data-code='{code}']")
    label.scroll_into_view_if_needed()
    return label.bounding_box()["y"] + within


def test_start_scrub_step_and_play(open_page, run):
    page = review(open_page, run)
    page.get_by_role("button", name="Start coding").click()
    page.wait_for_selector("html[data-review=ready]:not(:has(#start-coding))")
    page.locator("#row-labels [data-code='12']").wait_for()

    page.mouse.click(at(page, 2_500_000), row_y(page, "9", 6))
    assert shown_us(page) == 2_480_000  # the frame on screen at 2.5 s
    eventually(lambda: page.evaluate("document.querySelector('#video').seeking") is False)
    assert page.inner_text("#facs-mine") == "6D+12D+25C"
    assert page.inner_text("#frame") == "62"

    page.keyboard.press("ArrowRight")
    assert shown_us(page) == 2_480_000 + FRAME_US
    eventually(lambda: abs(page.evaluate("document.querySelector('#video').currentTime") - 2.54) < 0.001)
    page.keyboard.press("Shift+ArrowLeft")
    assert shown_us(page) == 2_480_000 - 9 * FRAME_US
    cursor = page.locator("#cursor").bounding_box()
    assert cursor["x"] == pytest.approx(at(page, shown_us(page)), abs=1.5)

    page.evaluate(NOTE_THE_BUTTON)
    page.keyboard.press("Space")
    eventually(lambda: shown_us(page) > 3_000_000)
    assert "Pause" in page.evaluate("window.offered")
    page.keyboard.press("Space")
    stopped = eventually(lambda: page.evaluate("document.querySelector('#video').paused") and shown_us(page))
    assert stopped % FRAME_US == 0

    page.mouse.move(at(page, 1_000_000), row_y(page, "9", 6))
    page.mouse.down()
    for us in range(1_000_000, 7_000_000, 500_000):
        page.mouse.move(at(page, us), row_y(page, "9", 6))
    page.mouse.up()
    assert shown_us(page) == pytest.approx(6_500_000, abs=2 * FRAME_US)
    page.mouse.move(at(page, 2_500_000), row_y(page, "12", 6))
    page.locator("#tip", has_text="Lip corner puller").filter(has_text="about D").wait_for()


def test_the_selected_event_loops_until_told_otherwise(open_page, run, layer):
    page = review(open_page, run)
    choose(page, "45")
    blink = next(one for one in services.current_events(layer) if one.code == "45")
    eventually(lambda: page.evaluate(STANDS_AT, blink.onset_us / 1e6))
    page.evaluate("""() => {
      const video = document.querySelector("#video");
      window.seen = [];
      const note = (_, { mediaTime }) => { window.seen.push(mediaTime); video.requestVideoFrameCallback(note); };
      video.requestVideoFrameCallback(note);
    }""")
    page.keyboard.press("r")  # and it plays
    assert page.locator("#loop").get_attribute("aria-pressed") == "true"
    eventually(lambda: page.evaluate("window.seen.filter((at, place) => at < window.seen[place - 1]).length") >= 2)
    seen = page.evaluate("window.seen")[1:]  # the first may still be the frame of before
    assert min(seen) >= blink.onset_us / 1e6 - 0.041
    # A busy machine shows few frames and notices the end late, but a few frames later it is back inside.
    few = 12
    assert all(min(seen[place : place + few]) < blink.offset_us / 1e6 for place in range(len(seen) - few + 1))
    assert sum(at < blink.offset_us / 1e6 for at in seen) >= 2

    page.keyboard.press("r")
    assert page.locator("#loop").get_attribute("aria-pressed") == "false"
    eventually(lambda: shown_us(page) > blink.offset_us + 1_000_000)


def test_change_undo_redo_reload(open_page, run, layer):
    page = review(open_page, run)
    choose(page, "12")
    page.get_by_role("button", name="Intensity B").click()
    page.get_by_role("button", name="Left", exact=True).click()
    saved(page)
    event = Event.objects.get(layer=layer, revisions__code="12", revisions__number=3)
    assert (page.inner_text("#event-chip"), page.inner_text("#event-place")) == ("L12B", "2 of 7")
    assert "side both → left; intensity D → B" in page.inner_text("#event-machine")

    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    saved(page)
    assert page.inner_text("#event-chip") == "12D"
    page.keyboard.press("Control+Shift+z")
    saved(page)
    assert page.inner_text("#event-chip") == "12B"
    said = [
        (revision.number, revision.action, revision.side, revision.intensity)
        for revision in services.history(event)
    ]
    assert said[::-1] == [
        (1, "propose", "both", "D"),
        (2, "change", "both", "B"),
        (3, "change", "left", "B"),
        (4, "restore", "both", "B"),
        (5, "restore", "both", "D"),
        (6, "restore", "both", "B"),
    ]

    page.reload()
    page.wait_for_selector("html[data-review=ready]")
    choose(page, "12")
    assert page.inner_text("#event-chip") == "12B"
    page.locator("#tab-history").click()
    page.locator(".history__line").nth(5).wait_for()
    assert "Coder Person" in page.inner_text("#history-list")


def test_times_by_field_key_nudge_and_drag(open_page, run, layer):
    page = review(open_page, run)
    choose(page, "12")
    event = Event.objects.get(layer=layer, revisions__code="12", revisions__onset_us=1_000_000)

    def latest():
        return event.revisions.order_by("-number").first()

    page.get_by_label("Offset", exact=True).fill("4.6")
    page.keyboard.press("Enter")
    saved(page)
    assert latest().offset_us == 4_600_000
    later = page.get_by_role("button", name="Onset one frame later")
    # In the page itself: what comes 400 ms later is a change of its own.
    later.evaluate("(button) => { button.click(); button.click(); }")
    saved(page)
    assert (latest().onset_us, latest().number) == (1_080_000, 3)  # two nudges, one revision
    page.mouse.click(at(page, 2_010_000), row_y(page, "9", 6))
    page.keyboard.press("p")
    saved(page)
    assert latest().apex_us == 2_000_000

    y = row_y(page, "12", 24)
    page.mouse.move(at(page, 4_600_000), y)
    page.mouse.down()
    page.mouse.move(at(page, 5_000_000), y, steps=4)
    page.mouse.move(at(page, 5_210_000), y, steps=4)
    assert latest().offset_us == 4_600_000  # nothing is stored while the edge is held
    page.mouse.up()
    saved(page)
    assert latest().offset_us == 5_200_000
    page.get_by_label("Onset", exact=True).fill("soon")
    page.keyboard.press("Enter")
    assert "such as 3:12.480" in page.inner_text("#event-error")
    assert latest().number == 5


def test_add_delete_restore_and_accept(open_page, run, layer):
    page = review(open_page, run)
    page.mouse.click(at(page, 9_300_000), row_y(page, "9", 6))
    page.keyboard.press("Shift+N")
    page.locator("#event-code").select_option("17")
    saved(page)
    added = Event.objects.get(layer=layer, source=None)
    assert [(r.code, r.side) for r in services.history(added)] == [("17", ""), ("9", "both")]
    page.keyboard.press("Escape")
    page.keyboard.press("Delete")
    saved(page)
    page.get_by_role("button", name="Restore", exact=True).click()
    saved(page)
    assert [r.deleted for r in services.history(added)] == [False, True, False, False]
    choose(page, "25")
    page.keyboard.press("Shift+Enter")
    saved(page)
    assert page.inner_text("#reviewed") == "1 of 7 reviewed"
    assert Revision.objects.filter(event__layer=layer, action="accept", code="25").count() == 1


def test_shortcuts_stay_away_from_fields(open_page, run, layer):
    page = review(open_page, run)
    choose(page, "12")
    page.locator("#event-note").click()
    page.keyboard.type("n a 5 Delete t ?")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    saved(page)
    assert layer.events.count() == 7
    assert Revision.objects.get(event__layer=layer, number=2).note == "n a 5 Delete t ?"
    page.keyboard.press("?")
    assert page.locator("#keys").get_by_text("Onset at the playhead").is_visible()


def test_no_connection_keeps_changes_and_says_so(open_page, run, layer):
    page = review(open_page, run)
    choose(page, "12")
    complete(page)
    page.context.set_offline(True)
    page.get_by_role("button", name="Intensity A").click()
    page.get_by_role("button", name="Right", exact=True).click()
    page.get_by_text("Offline: 2 changes kept on this computer").wait_for()
    assert page.inner_text("#event-chip") == "R12A"
    assert Revision.objects.filter(event__layer=layer).count() == 7
    warned = []
    page.on("dialog", lambda dialog: (warned.append(dialog.type), dialog.dismiss()))
    page.close(run_before_unload=True)
    eventually(lambda: page.evaluate("1") and warned == ["beforeunload"])
    page.context.set_offline(False)
    saved(page)
    assert Revision.objects.filter(event__layer=layer).count() == 9
    page.complaints[:] = [text for text in page.complaints if "ERR_INTERNET_DISCONNECTED" not in text]


def test_another_window_is_never_overwritten(open_page, run, layer, people):
    page = review(open_page, run)
    choose(page, "12")
    event = Event.objects.get(layer=layer, revisions__code="12", revisions__onset_us=1_000_000)
    services.change_event(people["coder"], event, {"intensity": "E"}, expected=1)
    page.get_by_role("button", name="Intensity A").click()
    page.get_by_text("changed in another window").wait_for()
    eventually(lambda: page.inner_text("#event-chip") == "12E")
    assert event.revisions.count() == 2
    page.get_by_role("button", name="Intensity A").click()
    saved(page)
    assert event.revisions.order_by("-number").first().intensity == "A"
    page.complaints[:] = [text for text in page.complaints if "409" not in text]


def test_others_read_only(open_page, run, layer, people):
    page = review(open_page, run, "analyst")
    page.keyboard.press("ArrowDown")
    assert page.inner_text("#save-text") == "Read only"
    assert page.locator("#event-code").is_disabled()
    for name in ("#undo", "#event-add", "#event-delete", "#sign-off", "#start-coding"):
        assert page.locator(name).count() == 0
    page.keyboard.press("e")
    page.keyboard.press("Delete")
    Layer.objects.filter(pk=layer.pk).update(state="signed")
    page = review(open_page, run)
    assert "signed and can no longer change" in page.inner_text("#timeline")
    assert page.locator("#event-code").is_disabled()
    assert Revision.objects.filter(event__layer=layer).count() == 7


def test_without_a_video_the_timeline_works(open_page, run, layer):
    type(run.recording).objects.filter(pk=run.recording_id).update(proxy_state="making")
    page = review(open_page, run)
    assert "The video is being prepared" in page.inner_text(".stage__screen")
    page.mouse.click(at(page, 2_500_000), row_y(page, "9", 6))
    page.keyboard.press("ArrowRight")
    assert shown_us(page) == 2_520_000
    assert page.locator("#play").is_disabled()


def test_zoom_asks_for_the_window_and_keeps_the_anchor(open_page, run, layer):
    page = review(open_page, run, color_scheme="dark")
    x = at(page, 2_500_000)
    page.mouse.move(x, row_y(page, "9", 6))

    def of_the_window(response):
        """Not one of the whole recording, which a slow machine may still be answering."""
        asked = parse_qs(urlsplit(response.url).query)
        return "signals" in response.url and "codes" in asked and int(asked["to"][0]) < 9_000_000

    with page.expect_response(of_the_window) as answer:
        page.keyboard.down("Control")
        for _ in range(5):
            page.mouse.wheel(0, -120)
        page.keyboard.up("Control")
    assert answer.value.status == 200
    page.mouse.click(x, row_y(page, "9", 6))
    assert shown_us(page) == 2_480_000


def test_phone(open_page, run, layer):
    page = review(open_page, run, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.touchscreen.tap(at(page, 2_500_000), row_y(page, "12", 24))
    eventually(lambda: page.inner_text("#event-chip") == "12D")
    page.locator("#event-accept").scroll_into_view_if_needed()
    page.locator("#event-accept").tap()
    eventually(lambda: Revision.objects.filter(event__layer=layer, action="accept").count() == 1)
    saved(page)
