"""The timeline: groups, filters, overlapping and one-sided events, stretches, blind coding, overview, table."""

from __future__ import annotations

import pytest

from facsweb.coding import comments, services
from facsweb.coding.models import Event, Layer
from tests.browser.test_review import at, choose, eventually, painted, review, row_y, shown_us
from tests.factories import make_finished_run, make_recording

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def run(participant, consent, people):
    return make_finished_run(make_recording(participant, people["analyst"]), people["analyst"])


@pytest.fixture
def layer(run, people):
    return services.open_layer(people["coder"], run)


def rows(page):
    return page.locator("#row-labels [data-code]").evaluate_all("all => all.map(one => one.dataset.code)")


def groups(page):
    return page.locator("#row-labels .row-group__name").all_inner_texts()


def add(people, layer, **content):
    usual = {"code": "12", "side": "both", "intensity": "B", "onset_us": 2_000_000, "apex_us": 2_500_000}
    return services.create_event(
        people["coder"], layer, usual | {"offset_us": 4_000_000, "face": 0, "note": ""} | content
    ).event


def ink(page, us, y):
    """The colour of the rows' canvas at a time and a height of the screen."""
    return page.evaluate(
        """([x, y]) => {
          const canvas = document.querySelector("#bars");
          const box = canvas.getBoundingClientRect();
          const ratio = canvas.height / box.height;
          const spot = canvas.getContext("2d").getImageData((x - box.x) * ratio, (y - box.y) * ratio, 1, 1);
          return spot.data.join();
        }""",
        [at(page, us), y],
    )


def test_groups_stand_in_facs_order_close_and_stay_closed(open_page, run, layer):
    page = review(open_page, run)
    page.locator("#rows").select_option("All codes")
    order = ["Upper face", "Lower face", "Eyes", "Head", "Miscellaneous", "Visibility", "Gross behaviour"]
    assert groups(page) == order
    everything = rows(page)
    upper = page.get_by_role("button", name="Upper face")
    assert upper.get_attribute("aria-expanded") == "true"
    upper.focus()
    page.keyboard.press("Enter")
    assert upper.get_attribute("aria-expanded") == "false"
    assert upper.evaluate("button => button === document.activeElement")  # the keys are not lost
    assert "1" not in rows(page)
    assert len(rows(page)) < len(everything)
    painted(page)
    box = upper.bounding_box()  # its blink at 5.5 s is a mark in the heading, at 4.9 s there is none
    marks = {ink(page, 5_450_000, box["y"] + y) for y in range(4, 28)}
    assert len(marks) > 1
    assert len({ink(page, 4_900_000, box["y"] + y) for y in range(4, 28)}) == 1
    page.reload()
    page.wait_for_selector("html[data-review=ready]")
    assert page.get_by_role("button", name="Upper face").get_attribute("aria-expanded") == "false"
    choose(page, "45")  # what is chosen is shown
    assert page.get_by_role("button", name="Upper face").get_attribute("aria-expanded") == "true"


def test_filters_of_rows_hold_for_the_table_and_an_empty_one_says_what_to_do(open_page, run, layer, people):
    for event in layer.events.all():
        services.accept_event(people["coder"], event, expected=1)
    add(people, layer, code="14")
    page = review(open_page, run)
    picker = page.locator("#rows")
    picker.select_option("Present only")
    assert rows(page) == ["6", "45", "12", "14", "25"]
    picker.select_option("Unreviewed only")
    assert rows(page) == []
    assert "Nothing is left to review" in page.locator("#rows-empty").inner_text()
    page.keyboard.press("t")
    assert "Clear it" in page.locator("#events-empty").inner_text()
    page.locator("#show-timeline").click()
    page.locator("#row-clear-empty").click()
    assert "12" in rows(page)
    assert page.locator("#row-clear").is_hidden()

    page.locator("#row-filter summary").click()
    page.get_by_label("AUs of the prototype of").select_option("happiness")
    assert rows(page) == ["6", "12"]
    assert "Investigator’s Guide" in page.locator("#row-filter").inner_text()
    assert "detected" not in page.locator("#row-filter").inner_text()
    page.locator("#row-filter summary").click()
    page.locator("#show-table").click()
    codes = page.locator("#events-body .au").all_inner_texts()
    assert set(codes) == {"6", "12"}
    page.get_by_role("button", name="Clear filter").click()
    assert page.locator("#events-body tr").count() == layer.events.count()


def test_overlapping_events_of_one_code_can_each_be_pressed(open_page, run, layer, people):
    add(people, layer, side="right", intensity="C")  # over the machine's 12D of 1.0–4.8 s
    page = review(open_page, run)
    page.mouse.click(at(page, 3_000_000), row_y(page, "12", 24))
    eventually(lambda: page.inner_text("#event-chip") == "12D")
    page.mouse.click(at(page, 3_000_000), row_y(page, "12", 38))
    eventually(lambda: page.inner_text("#event-chip") == "R12C")


def test_left_and_right_fill_different_halves_of_their_lane(open_page, run, layer, people):
    add(people, layer, code="14", side="left", onset_us=1_000_000, apex_us=1_500_000, offset_us=3_000_000)
    add(people, layer, code="14", side="right", onset_us=5_000_000, apex_us=5_500_000, offset_us=7_000_000)
    page = review(open_page, run)
    label = page.locator("#row-labels [data-code='14']")
    label.scroll_into_view_if_needed()
    painted(page)
    foot = label.bounding_box()["y"] + label.bounding_box()["height"]
    upper, lower = foot - 13, foot - 8  # within the lane of 12 pixels over a foot of 4
    assert ink(page, 2_500_000, upper) != ink(page, 2_500_000, lower)
    assert ink(page, 2_500_000, upper) == ink(page, 6_500_000, lower)
    assert ink(page, 6_500_000, upper) == ink(page, 2_500_000, lower)


def test_stretches_are_shaded_and_stepping_stays_inside(open_page, run, layer):
    Layer.objects.filter(pk=layer.pk).update(spans=[[5_000_000, 7_000_000]])
    page = review(open_page, run)
    assert "not yours to code" in page.locator(".tracks__legend").inner_text()
    seen = set()
    for _ in range(6):
        page.get_by_role("button", name="Next event").click()
        seen.add(shown_us(page))
    assert min(seen) > 4_800_000  # the first events lie before the stretch
    painted(page)
    box = page.locator("#row-labels [data-code='1']").bounding_box()
    assert ink(page, 3_000_000, box["y"] + 8) != ink(page, 6_000_000, box["y"] + 8)


def test_who_codes_blind_sees_all_codes_and_nothing_of_the_machine(open_page, run, layer):
    Layer.objects.filter(pk=layer.pk).update(mode="blind")
    page = open_page("coder", f"/runs/{run.pk}/")
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"/runs/{run.pk}/review/")
    page.wait_for_selector("html[data-review=ready]")
    assert page.locator("#rows").input_value() == "all"
    assert {"1", "12", "51", "61", "70", "40"} <= set(rows(page))
    assert page.locator("#curve-plot").is_hidden()
    assert page.locator(".row-label__tier").count() == 0
    painted(page)
    page.wait_for_load_state("networkidle")
    assert not [url for url in asked if "/signals" in url or "plotly" in url]


def test_the_overview_is_dragged_stretched_turned_and_driven_by_keys(open_page, run, layer):
    page = review(open_page, run)
    overview = page.locator("#overview")
    box = overview.bounding_box()
    y = box["y"] + box["height"] / 2

    def drag(start, end):
        page.mouse.move(box["x"] + box["width"] * start, y)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] * end, y, steps=4)
        page.mouse.up()

    def shown():
        painted(page)
        return overview.get_attribute("aria-valuetext").removeprefix("from ").split(" to ")

    drag(0.998, 0.5)  # the right edge
    assert shown()[0] == "00:00:00.000"
    assert 4.8 < float(shown()[1][-6:]) < 5.2
    drag(0.25, 0.45)  # the window
    assert 1.8 < float(shown()[0][-6:]) < 2.2
    page.mouse.move(box["x"] + box["width"] * 0.45, y)
    page.mouse.wheel(0, -400)

    def length():
        start, end = (float(text[-6:]) for text in shown())
        return end - start

    eventually(lambda: length() < 3.2)
    overview.focus()
    page.keyboard.press("Home")
    assert shown()[0] == "00:00:00.000"
    beside = box["x"] + box["width"] * float(shown()[1][-6:]) / 10 + 4
    page.mouse.click(beside, y)  # so close to the edge that dragging would stretch the window: a click goes there
    middle = (float(shown()[0][-6:]) + float(shown()[1][-6:])) / 2
    assert abs(middle - (beside - box["x"]) / box["width"] * 10) < 0.1


def test_what_the_rows_need_is_asked_for_before_the_script_runs_and_only_once(open_page, run, layer):
    page = review(open_page, run)
    wanted = page.locator("link[rel=preload][as=fetch]").evaluate_all("all => all.map(one => one.href)")
    assert len(wanted) == 2
    asked = page.evaluate(
        "performance.getEntriesByType('resource').map(({ name, initiatorType }) => [name, initiatorType])"
    )
    assert [by for name, by in asked if name in wanted] == ["link", "link"]


def test_the_table_sorts_by_a_heading_and_is_driven_by_keys(open_page, run, layer, people):
    add(
        people,
        layer,
        code="14",
        side="left",
        note="only the left corner",
        onset_us=9_000_000,
        apex_us=9_000_000,
        offset_us=9_100_000,
    )
    page = review(open_page, run)
    page.keyboard.press("t")
    body = page.locator("#events-body tr")
    heading = page.get_by_role("button", name="Duration")
    heading.click()
    assert heading.locator("xpath=..").get_attribute("aria-sort") == "ascending"
    assert body.first.locator(".facs").inner_text() == "L14B"
    assert "only the left corner" in body.first.inner_text()
    heading.click()
    assert body.last.locator(".facs").inner_text() == "L14B"
    body.last.focus()
    page.keyboard.press("Home")
    assert body.first.get_attribute("aria-selected") == "true"
    assert body.first.evaluate("row => row === document.activeElement")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert body.nth(1).get_attribute("aria-selected") == "true"
    assert page.locator("#events-body [aria-selected=true]").count() == 1


def test_comments_are_marks_under_the_ruler_and_a_press_goes_there(open_page, run, layer, people):
    smile = Event.objects.get(layer=layer, revisions__code="12", revisions__onset_us=1_000_000)
    for text, place in [
        ("Is this a 13?", {"at_us": 8_000_000}),
        ("And this?", {"at_us": 8_080_000}),
        ("A smile", {"event": smile, "at_us": 1_000_000}),
        ("All of it", {}),
    ]:
        comments.add(people["coder"], run, text, layer=layer, **place)
    services.change_event(people["coder"], smile, {"onset_us": 1_200_000}, expected=1)
    page = review(open_page, run)
    on_smile = page.get_by_role("button", name="Comment at 00:00:01.200: A smile")
    two = page.get_by_role("button", name="2 comments from 00:00:08.000: go to the next")
    two.wait_for()
    assert page.locator(".time-mark").count() == 2
    for mark, us in ((on_smile, 1_200_000), (two, 8_000_000)):
        box = mark.bounding_box()
        assert box["x"] == pytest.approx(at(page, us), abs=1.5)
        assert min(box["width"], box["height"]) >= 32
    page.locator("#drawer-close").click()
    for us in (8_000_000, 8_080_000, 8_000_000):
        two.click()
        eventually(lambda us=us: shown_us(page) == us)
    assert page.get_by_role("tab", name="Comments (4)").get_attribute("aria-selected") == "true"
    assert page.locator(".comment", has_text="Is this a 13?").is_visible()
    on_smile.click()
    eventually(lambda: (page.inner_text("#event-chip"), shown_us(page)) == ("12D", 1_200_000))

    for _ in range(8):
        page.locator("#zoom-in").click()
    alone = page.get_by_role("button", name="Comment at 00:00:01.200: A smile")
    eventually(lambda: page.locator(".time-mark").count() == 1)
    alone.wait_for()  # the others are outside of the window
    page.locator("#drawer").get_by_role("button", name="Resolve").nth(2).click()
    page.get_by_role("tab", name="Comments (3)").wait_for()
    eventually(lambda: page.locator(".time-mark").count() == 0)
