"""Stage and drawer in a real Chromium: overlay on the face, follow, divider, contrast, cards, reason, layout."""

from __future__ import annotations

import csv
import json
import re

import pytest

from analysis import stored_window
from facsweb.coding import services
from facsweb.coding.models import Layer
from facsweb.runs.services import result_dir
from tests.browser.test_review import eventually, review
from tests.factories import make_recording
from tests.stage import make_measured_run

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.django_db(transaction=True)]
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
#: One code of every group of the catalogue.
OF_EACH_GROUP = ["1", "12", "19", "51", "61", "70", "50"]


@pytest.fixture
def run(participant, consent, people, models):
    run = make_measured_run(make_recording(participant, people["analyst"]), people["analyst"])
    services.open_layer(people["coder"], run)
    return run


def press(page, *buttons):
    for button in buttons:
        page.locator(f"#{button}").click()


def select(page, run, code):
    """Select the first event of a code with the keys, as a coder does; the playhead goes to its onset."""
    onsets = sorted(
        (int(row["onset_us"]), row["code"]) for row in csv.DictReader((result_dir(run) / "events.csv").open())
    )
    for _ in range(len(onsets)):
        page.keyboard.press("ArrowDown")
        if page.inner_text("#event-chip").startswith(code):
            return
    raise AssertionError(f"no event of {code}")


def shown_us(page) -> int:
    hours, minutes, seconds = page.inner_text("#time").split(":")
    return round((int(hours) * 3600 + int(minutes) * 60 + float(seconds)) * 1e6)


def drawn(page, kind):
    told = eventually(
        lambda: page.evaluate(
            """kind => {
                const { drawn, box } = document.querySelector('#overlay').dataset;
                return drawn === kind && box;
            }""",
            kind,
        )
    )
    return json.loads(told)


def measured_box(run, us):
    rows = stored_window.face_rows(result_dir(run), 0)
    read = stored_window.columns(rows, rows.between(us, us + 1), ["box_x", "box_y", "box_w", "box_h"])
    return [float(values[0]) for values in read.values()]


def expected_box(page, run):
    """Where the measured box must be, from how the browser shows the video."""
    x, y, w, h = measured_box(run, shown_us(page))
    return page.evaluate(
        """([x, y, w, h]) => {
            const video = document.querySelector('#video');
            const screen = document.querySelector('#screen').getBoundingClientRect();
            const r = video.getBoundingClientRect();
            const scale = Math.min(r.width / video.videoWidth, r.height / video.videoHeight);
            const left = r.left - screen.left + (r.width - video.videoWidth * scale) / 2;
            const top = r.top - screen.top + (r.height - video.videoHeight * scale) / 2;
            return [left + x * scale, top + y * scale, left + (x + w) * scale, top + (y + h) * scale];
        }""",
        [x, y, w, h],
    )


def assert_on_the_face(page, run):
    a, b = drawn(page, "mesh")
    wanted = expected_box(page, run)
    assert [a["x"], a["y"], b["x"], b["y"]] == pytest.approx(wanted, abs=2)


def test_the_overlay_lies_on_the_face_whatever_the_zoom(open_page, run):
    page = review(open_page, run)
    select(page, run, "12")
    press(page, "mesh")
    assert_on_the_face(page, run)
    page.locator("#splitter").focus()
    for _ in range(6):
        page.keyboard.press("ArrowRight")  # a larger video
    page.locator("#screen").hover(position={"x": 100, "y": 60})
    page.mouse.wheel(0, -400)
    eventually(lambda: page.evaluate("new DOMMatrix(document.querySelector('#video').style.transform).a") > 1.3)
    assert_on_the_face(page, run)
    press(page, "mesh")
    drawn_now = page.evaluate("document.querySelector('#overlay').dataset.drawn")
    assert drawn_now == ""


def test_following_keeps_the_face_in_the_middle(open_page, run):
    page = review(open_page, run)
    press(page, "mesh", "follow")
    width, height = page.evaluate(
        "[document.querySelector('#screen').clientWidth, document.querySelector('#screen').clientHeight]"
    )
    for _ in range(8):
        press(page, "forward-10")
        a, b = drawn(page, "mesh")
        assert (a["x"] + b["x"]) / 2 == pytest.approx(width / 2, abs=0.06 * width)
        assert (a["y"] + b["y"]) / 2 == pytest.approx(height / 2, abs=0.06 * height)
        assert max(b["x"] - a["x"], b["y"] - a["y"]) == pytest.approx(0.72 * min(width, height), rel=0.12)
        assert_on_the_face(page, run)
    press(page, "follow")
    assert page.evaluate("new DOMMatrix(document.querySelector('#video').style.transform).a") == 1


def test_the_neutral_face_with_a_divider_by_keyboard(open_page, run):
    page = review(open_page, run)
    select(page, run, "12")
    press(page, "compare")
    assert re.match(
        r"Neutral at 00:00:\d\d\.\d{3}, found automatically · Change", page.inner_text("#neutral-said")
    )
    picture = "document.querySelector('#neutral-picture')"
    eventually(
        lambda: page.evaluate(f"{picture}.naturalWidth > 0 && {picture}.style.transform.startsWith('matrix')")
    )
    divider = page.get_by_role("slider", name=re.compile("^Divider"))
    divider.focus()
    frame = page.inner_text("#frame")
    page.keyboard.press("ArrowLeft")
    assert divider.get_attribute("aria-valuenow") == "48"
    page.keyboard.press("End")
    assert divider.get_attribute("aria-valuenow") == "100"
    assert page.inner_text("#frame") == frame  # the arrows moved the divider and nothing else
    assert page.evaluate("getComputedStyle(document.querySelector('#neutral')).clipPath").startswith(
        "inset(0px 0%"
    )
    press(page, "compare")
    assert page.locator("#neutral").is_hidden()
    assert divider.is_hidden()


def test_contrast_is_kept_and_can_be_taken_back(open_page, run):
    page = review(open_page, run)
    press(page, "looks-more")
    page.locator("#contrast").fill("150")
    assert "contrast(1.5)" in page.evaluate("getComputedStyle(document.querySelector('#video')).filter")
    page.reload()
    page.wait_for_selector("html[data-review=ready]")
    assert "contrast(1.5)" in page.evaluate("getComputedStyle(document.querySelector('#video')).filter")
    press(page, "looks-more", "looks-reset")
    assert "contrast(1)" in page.evaluate("getComputedStyle(document.querySelector('#video')).filter")


def test_a_card_of_every_group_and_links_between_them(open_page, run):
    page = review(open_page, run)
    select(page, run, "12")
    card = page.locator("#drawer-card")
    card.get_by_role("heading", name=re.compile("^12 Lip corner puller")).wait_for()
    for code in OF_EACH_GROUP:
        page.locator("#card-code").select_option(code)
        card.get_by_role("heading", level=2, name=re.compile(rf"^{code} ")).wait_for()
        assert "FACS manual decides" in card.inner_text()
    page.locator("#card-back").click()
    card.get_by_role("button", name="Card of 6, Cheek raiser").click()
    card.get_by_role("heading", level=2, name="6 Cheek raiser").wait_for()


def test_the_reason_of_a_smile(open_page, run):
    page = review(open_page, run)
    select(page, run, "12")
    page.get_by_role("tab", name="Reason").click()
    first = page.locator("#reason-moved > li").first
    first.wait_for()
    assert first.inner_text().startswith("mouth corner")
    assert re.search(
        r"Intensity at the apex \d\.\d of 5 \([A-E]\), 90 % interval \d\.\d to \d\.\d",
        page.inner_text("#reason-figure"),
    )
    assert "not the net’s own reasoning" in page.inner_text("#drawer-reason")


def test_a_blind_coder_sees_card_and_pictures_and_nothing_of_the_machine(open_page, run, people):
    Layer.objects.filter(run=run, owner=people["coder"]).update(mode=Layer.Mode.BLIND)
    page = review(open_page, run)
    page.locator("#drawer-card h2").wait_for()
    assert page.get_by_role("tab", name="Reason").count() == 0
    assert "The machine here" not in page.inner_text("#drawer-card")
    press(page, "mesh")
    drawn(page, "mesh")


def test_the_drawer_opens_closes_and_is_remembered(open_page, run):
    page = review(open_page, run)
    drawer, toggle = page.locator("#drawer"), page.locator("#drawer-toggle")
    assert drawer.is_visible()
    assert toggle.get_attribute("aria-expanded") == "true"
    page.get_by_role("tab", name="History").click()
    page.locator("#drawer-close").click()
    assert drawer.is_hidden()
    page.reload()
    page.wait_for_selector("html[data-review=ready]")
    assert drawer.is_hidden()
    toggle.click()
    assert page.locator("#drawer-card").is_visible()
    page.get_by_role("tab", name="Card").focus()
    page.keyboard.press("Escape")
    assert drawer.is_hidden()
    assert page.evaluate("document.activeElement.id") == "drawer-toggle"


@pytest.mark.parametrize("size", [(390, 700), (390, 844), (1100, 700), (1440, 900)])
def test_nothing_is_cut_off(open_page, run, size):
    options = {"viewport": {"width": size[0], "height": size[1]}} | ({"has_touch": True} if size[0] < 500 else {})
    page = review(open_page, run, **options)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for button in ("compare", "mesh", "follow", "drawer-toggle"):
        box = page.locator(f"#{button}").bounding_box()
        assert box["x"] >= 0, button
        assert box["x"] + box["width"] <= size[0], button
        assert box["height"] >= (44 if size[0] < 500 else 32), button
    if size[0] > 860:
        assert (
            page.locator("#event-next").bounding_box()["y"] < size[1] - 60
        )  # the editor keeps room under the video
    if size[0] < 1400:
        page.locator("#drawer-toggle").click()
    page.locator("#drawer-card h2").wait_for()
