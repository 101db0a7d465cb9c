"""The review page on windows of every size and on paper: the whole picture, a bar that holds, a table."""

from __future__ import annotations

from itertools import pairwise

import pytest

from facsweb.coding import services
from tests.browser.test_review import choose, complete, painted, review
from tests.factories import make_finished_run, make_recording

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.django_db(transaction=True)]
#: Each row is a window that is opened in its first size and then drawn to the others.
SIZES = [[(1440, 900), (1000, 800), (861, 700)], [(390, 844), (768, 1024), (320, 640)]]


@pytest.fixture
def run(participant, consent, people):
    run = make_finished_run(make_recording(participant, people["analyst"]), people["analyst"])
    services.open_layer(people["coder"], run)
    return run


def boxes(page, selector):
    """Left, top, right and bottom of everything shown that matches."""
    return page.evaluate(
        """selector => [...document.querySelectorAll(selector)].map(one => one.getBoundingClientRect())
           .filter(box => box.width).map(box => [box.left, box.top, box.right, box.bottom])""",
        selector,
    )


def the_bar_holds(page, width):
    assert page.evaluate("document.documentElement.scrollWidth") == width
    parts = sorted(boxes(page, ".bar > :not(.save, .bar__space), .bar .save:not([data-state=offline])"))
    assert all(left >= 0 and right <= width for left, _, right, _ in parts)
    for (_, _, right, _), (left, _, _, _) in pairwise(parts):
        assert left >= right - 0.5, "two parts of the bar lie over each other"


def resized(page, width, height):
    page.set_viewport_size({"width": width, "height": height})
    painted(page)


@pytest.mark.parametrize("sizes", SIZES)
def test_the_whole_picture_and_a_bar_that_holds(open_page, run, sizes):
    width, height = sizes[0]
    page = review(open_page, run, viewport={"width": width, "height": height})
    for width, height in sizes:
        resized(page, width, height)
        (screen,), (video,) = boxes(page, ".stage__screen"), boxes(page, "#video")
        assert video[0] >= screen[0] - 0.5, width
        assert video[1] >= screen[1] - 0.5, width
        assert video[2] <= screen[2] + 0.5, width
        assert video[3] <= screen[3] + 0.5, f"the foot of the picture is cut off at {width}"
        assert page.evaluate("getComputedStyle(document.querySelector('#video')).objectFit") == "contain"
        the_bar_holds(page, width)

    complete(page)
    page.route("**/layers/*/changes/", lambda route: route.abort())
    if width < 861:
        page.get_by_role("button", name="Next event").click()
    else:
        choose(page, "12")
    page.get_by_role("button", name="Intensity A").click()
    page.locator(".save[data-state=offline]").wait_for()
    for width, height in reversed(sizes):
        resized(page, width, height)
        the_bar_holds(page, width)
        retry = page.get_by_role("button", name="Try again").bounding_box()
        assert retry["x"] >= 0, width
        assert retry["x"] + retry["width"] <= width
        assert 0 <= retry["y"] <= height - retry["height"], width
    page.close()  # or it would go on trying
    page.complaints[:] = [text for text in page.complaints if "ERR_FAILED" not in text]


def test_paper_shows_the_events_as_a_table(open_page, run):
    page = review(open_page, run)
    assert page.locator("#events").is_hidden()
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("#events-body tr").count() == len(services.current_events(run.layers.get(kind="coder")))
    assert page.locator("#events-body tr").first.is_visible()
    assert page.get_by_role("heading", level=1).is_visible()
    for gone in (".bar", ".transport", ".timeline__tools", "#tracks", ".editor"):
        assert page.locator(gone).is_hidden(), gone
    page.emulate_media(media="screen")
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("#events").is_hidden()
    assert page.locator("#tracks").is_visible()
