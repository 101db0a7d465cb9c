"""Coding by keyboard alone: twenty scripted events, own keys, notation, ranges, split and merge, live coding."""

from __future__ import annotations

import re
import time

import pytest

from facsweb.coding import services
from facsweb.coding.models import Preferences
from tests.browser.test_review import eventually, layer, review, run, saved, shown_us  # noqa: F401
from tests.browser.twenty import Hand, by_keyboard, by_mouse, expected, stored, ten_minutes, without_proposals
from tests.factories import make_finished_run, make_recording

pytestmark = [
    pytest.mark.browser,
    pytest.mark.once,
    pytest.mark.django_db(transaction=True),
]


@pytest.mark.parametrize("way", [by_keyboard, by_mouse])
def test_twenty_scripted_events_on_ten_minutes(open_page, participant, consent, people, way):
    run = ten_minutes(participant, people["analyst"])  # noqa: F811
    layer = services.open_layer(people["coder"], run)  # noqa: F811
    page = review(open_page, run)
    hand, began = Hand(page), time.monotonic()
    way(hand)
    saved(page)
    seconds = (time.monotonic() - began) / len(expected())
    print(f"{way.__name__}: {hand.told(len(expected()))}, {seconds:.2f} s an event as driven here")  # with -s
    assert stored(layer) == expected()
    assert (hand.clicks == 0) if way is by_keyboard else (hand.keys == 0)


def codes_of(layer):  # noqa: F811
    events = sorted(services.current_events(layer), key=lambda event: (event.onset_us, event.code))
    return [(e.code, e.side, e.intensity, e.onset_us, e.offset_us) for e in events]


@pytest.fixture
def empty(participant, consent, people):
    """A run of ten seconds without proposals and the coder's layer of it."""
    made = without_proposals(make_finished_run(make_recording(participant, people["analyst"]), people["analyst"]))
    return made, services.open_layer(people["coder"], made)


def test_notation_says_what_is_wrong_and_what_enter_does(open_page, empty):
    run, layer = empty  # noqa: F811
    page = review(open_page, run)
    page.keyboard.press("1")
    page.keyboard.type("+l2+12b+3")
    assert "'3' is not a FACS code." in page.inner_text("#code-faults")
    assert page.locator("#code-enter").is_disabled()
    page.keyboard.press("Enter")
    assert codes_of(layer) == []
    page.keyboard.press("Backspace")
    assert page.inner_text("#code-said") == "Enter adds 1, L2 and 12B from 00:00.000 to 00:01.000."
    page.keyboard.press("Enter")
    saved(page)
    first = [("1", "both", "", 0, 1_000_000), ("12", "both", "B", 0, 1_000_000), ("2", "left", "", 0, 1_000_000)]
    assert codes_of(layer) == first
    assert page.inner_text("#event-chip") == "12B"
    page.keyboard.press("Control+z")  # all three were one step
    saved(page)
    assert codes_of(layer) == []
    page.keyboard.press("Control+Shift+z")
    saved(page)
    assert codes_of(layer) == first
    for typed, said in [
        ("43+45", "exclude each other"),
        ("12+12", "scored twice"),
        ("17", ""),
        ("L17", "has no side"),
        ("1", "a second one"),
    ]:
        page.keyboard.press("/")
        page.keyboard.type(typed)
        assert said in page.inner_text("#code-faults"), typed
        page.keyboard.press("Escape")
    page.keyboard.press("/")
    page.keyboard.type("u14c")
    page.keyboard.press("Shift+Enter")
    saved(page)
    assert page.inner_text("#event-chip") == "U14C"


def test_range_still_split_merge_and_copy(open_page, empty):
    run, layer = empty  # noqa: F811
    page = review(open_page, run)
    page.keyboard.press("i")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("o")
    page.keyboard.press("/")
    page.keyboard.type("45")
    assert "cannot be scored in a still" in page.inner_text("#code-faults")
    page.keyboard.press("Escape")
    for _ in range(3):
        page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("o")
    page.keyboard.press("/")
    page.keyboard.type("45")
    assert "43E, not 45" in page.inner_text("#code-faults")
    page.keyboard.press("Control+a")
    page.keyboard.type("12b")
    page.keyboard.press("Enter")
    saved(page)
    assert codes_of(layer) == [("12", "both", "B", 0, 1_240_000)]
    assert page.locator("#range").is_hidden()
    page.keyboard.press("Shift+ArrowLeft")
    page.keyboard.press("s")
    saved(page)
    assert codes_of(layer) == [("12", "both", "B", 0, 840_000), ("12", "both", "B", 840_000, 1_240_000)]
    page.keyboard.press("Shift+U")
    page.keyboard.press("d")
    saved(page)
    assert page.inner_text("#event-chip") == "U12D"
    page.keyboard.press("ArrowUp")
    page.keyboard.press("m")
    saved(page)
    assert codes_of(layer) == [("12", "both", "D", 0, 1_240_000)]
    page.keyboard.press("y")
    page.keyboard.type("6")
    page.keyboard.press("Enter")
    saved(page)
    assert codes_of(layer) == [("12", "both", "D", 0, 1_240_000), ("6", "both", "D", 0, 1_240_000)]


def test_keys_of_ones_own_follow_the_account(open_page, run, layer, people):  # noqa: F811
    page = review(open_page, run)
    assert (
        page.evaluate(
            """() => { const all = [...document.querySelectorAll('#review button[data-key]')];
             const keys = all.map(b => [b.dataset.key, b.id]);
             return keys.filter(([key], i) => keys.findIndex(([k]) => k === key) !== i || !keys[i][1]); }"""
        )
        == []
    )
    assert "(H)" in page.locator("#speed-half").get_attribute("title")
    page.keyboard.press("?")
    page.locator("#keys-search").fill("half")
    page.locator("[data-action=speed-half]").click()
    page.keyboard.press("Control+w")
    assert "keeps Ctrl+W for itself" in page.inner_text("#keys-say")
    page.keyboard.press("q")
    assert "is the key of “Quarter speed" in page.inner_text("#keys-say")
    page.locator("#keys-swap").click()
    eventually(lambda: Preferences.objects.filter(pk=people["coder"].pk).exists())
    assert Preferences.objects.get(pk=people["coder"].pk).values == {
        "keys": {"speed-half": "q", "speed-quarter": "h"}
    }
    page.keyboard.press("Escape")
    page.keyboard.press("q")
    assert page.inner_text("#rate") == "0.5×"
    again = review(open_page, run)
    assert again.locator("#speed-half").get_attribute("aria-keyshortcuts") == "Q"
    again.keyboard.press("h")
    assert again.inner_text("#rate") == "0.25×"
    again.keyboard.press("?")
    again.locator("#keys-reset-all").click()
    assert again.locator("#speed-half").get_attribute("aria-keyshortcuts") == "H"
    eventually(lambda: "keys" not in Preferences.objects.get(pk=people["coder"].pk).values)


def test_review_of_proposals_by_keyboard(open_page, run, layer):  # noqa: F811
    page = review(open_page, run)
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Enter")
    saved(page)
    assert page.inner_text("#event-place") == "2 of 7"
    page.keyboard.press("Shift+Delete")
    saved(page)
    assert (page.inner_text("#event-place"), page.inner_text("#reviewed")) == ("3 of 7", "2 of 7 reviewed")
    page.keyboard.press("Escape")
    assert page.inner_text("#event-place") == "– of 7"


def test_live_coding_marks_while_a_key_is_held(open_page, empty):
    run, layer = empty  # noqa: F811
    page = review(open_page, run)
    page.keyboard.press("w")
    page.locator("#live").wait_for()
    page.locator("#live-reaction").fill("120")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    page.keyboard.press("h")  # half speed: ten seconds are soon over while a slow machine looks for the next step
    page.keyboard.press("Space")
    eventually(lambda: shown_us(page) > 1_000_000)
    # The video plays on while the driver asks: a slow machine knows a moment only as between two answers.
    pressed = [shown_us(page)]
    page.keyboard.down("5")
    pressed.append(shown_us(page))
    page.locator("#live-keys button[aria-pressed=true]").wait_for()
    eventually(lambda: shown_us(page) > pressed[1] + 600_000)
    released = [shown_us(page)]
    page.keyboard.up("5")
    released.append(shown_us(page))
    page.keyboard.press("k")
    saved(page)
    ((code, side, _, onset, offset),) = codes_of(layer)
    assert (code, side) == ("12", "both")
    frame, reaction = 40_000, 60_000  # 120 ms of a clock are half as much of the recording
    assert pressed[0] - frame <= onset + reaction <= pressed[1] + frame
    assert released[0] - frame <= offset + reaction <= released[1] + frame
    assert onset % 40_000 == 0
    assert offset % 40_000 == 0
    page.keyboard.press("Control+z")
    saved(page)
    assert codes_of(layer) == []
    assert re.search("taken back|added", page.inner_text("#live-said"))


#: A coder in the page itself, for the driver may be late by seconds: presses a key 150 ms after each flash.
#: The waits between flashes are the shortest that there are.
ANSWER_FLASHES = """() => {
  Math.random = () => 0;
  const signal = document.querySelector("#reaction-signal");
  const key = { key: " ", code: "Space", bubbles: true };
  const press = () => signal.dispatchEvent(new KeyboardEvent("keydown", key));
  const look = () => { if (signal.hasAttribute("data-on")) setTimeout(press, 150); };
  new MutationObserver(look).observe(signal, { attributes: true });
}"""


def test_reaction_time_is_measured_and_kept(open_page, empty, people):
    run, _ = empty  # noqa: F811
    page = review(open_page, run)
    page.keyboard.press("w")
    page.locator("#live-calibrate").click()
    page.evaluate(ANSWER_FLASHES)
    page.locator("#reaction-start").click()
    page.locator("#reaction-take").click(timeout=90_000)
    eventually(lambda: Preferences.objects.filter(pk=people["coder"].pk).exists())
    kept = Preferences.objects.get(pk=people["coder"].pk).values["reaction"]
    assert 100 <= kept["ms"] <= 1500
    assert kept["flashes"] >= 6
    assert "measured" in page.inner_text("#live-measured")
