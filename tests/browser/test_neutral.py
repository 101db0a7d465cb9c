"""Choosing the neutral face in a real browser, on runs that the engine made: by hand, borrowed, automatic."""

from __future__ import annotations

import pyarrow.parquet as pq
import pytest

from analysis import pipeline
from facsweb.runs import neutrals, services
from facsweb.runs.models import AnalysisRun
from tests.browser import engine

pytestmark = [
    pytest.mark.browser,
    pytest.mark.once,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("models", "redis"),
]
SMILING_US = 1_800_000


@pytest.fixture(scope="module")
def made(tmp_path_factory, models):
    return engine.analysed(tmp_path_factory.mktemp("neutral"), engine.alone())


@pytest.fixture
def run(made, participant, consent, people, monkeypatch):
    found = engine.published(participant, people["analyst"], made, "Interview 1")

    def again(*args, **kwargs):
        raise AssertionError("the video was measured again")

    monkeypatch.setattr(pipeline, "analyze", again)
    monkeypatch.setattr(pipeline, "measure", again)
    return found


@pytest.fixture
def lender(made, participant, consent, people):
    return engine.published(participant, people["analyst"], made, "Baseline")


@pytest.fixture
def look(open_page):
    """Role, run → the page of its neutral; the test's server has no WebSocket, which is no complaint here."""
    pages = []

    def open_as(role, run, **options):
        page = open_page(role, f"/runs/{run.pk}/neutral", **options)
        pages.append(page)
        return page

    yield open_as
    for page in pages:
        page.close()  # or it would go on trying
        page.complaints[:] = [text for text in page.complaints if "WebSocket" not in text]


def smile_at(run, time_us=SMILING_US) -> float:
    table = pq.read_table(services.result_dir(run) / "signals.parquet", columns=["time_us", "AU12"])
    return dict(zip(table["time_us"].to_pylist(), table["AU12"].to_pylist(), strict=True))[time_us]


def read_again(page) -> AnalysisRun:
    """Press the button, be the worker, and see the result on the page of the new run."""
    page.get_by_role("button", name="Read again with this neutral").click()
    page.wait_for_url("**/runs/*/")
    run = engine.work()
    assert page.url.endswith(f"/runs/{run.pk}/")
    page.get_by_role("heading", name="Neutral face").wait_for()
    return run


def test_by_hand_then_borrowed_then_automatic_then_back(look, run, lender):
    assert smile_at(run) > 2
    page = look("analyst", run)
    page.locator("video").evaluate("video => video.readyState || new Promise(r => video.onloadedmetadata = r)")
    page.locator("video").evaluate(
        "(video, s) => new Promise(done => { video.onseeked = done; video.currentTime = s; })", SMILING_US / 1e6
    )
    page.get_by_role("button", name="Take the frame shown above").click()
    assert page.get_by_label("Time of the frame").input_value() == "00:00:01.800"
    assert page.get_by_role("radio", name="This frame").is_checked()
    by_hand = read_again(page)
    page.get_by_text("the frame at 00:00:01.800").first.wait_for()
    assert smile_at(by_hand) < 1, "a smile measured against itself is none"

    page.get_by_role("link", name="See or change the neutral face").click()
    page.get_by_text("This may not be a resting face").wait_for()
    assert page.get_by_label("Time of the frame").input_value() == "00:00:01.800"
    assert page.get_by_text("Chosen by").last.is_visible()
    page.get_by_role("radio", name="From “Baseline”").check()
    borrowed = read_again(page)
    assert smile_at(borrowed) > 2
    (one,) = neutrals.of_run(borrowed)
    assert (one.method, one.lender) == ("borrowed", lender)

    page.get_by_role("link", name="See or change the neutral face").click()
    assert page.get_by_role("radio", name="From “Baseline”").is_checked()
    picture = page.get_by_alt_text("The frame that the neutral of face 1 was taken from")
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 40
    page.get_by_role("radio", name="Automatic").check()
    automatic = read_again(page)
    assert automatic.summary["neutral"] == run.summary["neutral"]
    assert smile_at(automatic) == smile_at(run)

    page.get_by_role("link", name="See or change the neutral face").click()
    page.get_by_role("button", name="Undo: back to the one before").click()
    page.wait_for_url("**/runs/*/")
    assert smile_at(engine.work()) == smile_at(borrowed)


def test_with_the_keyboard_alone(look, run):
    page = look("analyst", run)

    def tab_to(check):
        for _ in range(60):
            page.keyboard.press("Tab")
            if page.evaluate(f"document.activeElement.matches({check!r})"):
                return
        raise AssertionError(f"Tab never reached {check}")

    tab_to("[type=radio]")
    page.keyboard.press("ArrowDown")
    assert page.get_by_role("radio", name="This frame").is_checked()
    tab_to("[name=neutral]")
    page.keyboard.type("00:00:01.800")
    tab_to("[data-take]")
    tab_to("form[data-neutral] .form__actions button")
    page.keyboard.press("Enter")
    page.wait_for_url("**/runs/*/")
    assert smile_at(engine.work()) < 1


def test_no_time_a_time_outside_and_who_only_looks(look, run):
    page = look("analyst", run)
    page.get_by_role("radio", name="This frame").check()
    page.get_by_role("button", name="Read again with this neutral").click()
    page.get_by_text("Say which moment shows the neutral face").wait_for()
    page.get_by_label("Time of the frame").fill("00:01:00.000")
    assert page.get_by_role("radio", name="This frame").is_checked(), "who types a time means that frame"
    page.get_by_role("button", name="Read again with this neutral").click()
    page.get_by_text("within the recording").wait_for()
    assert AnalysisRun.objects.count() == 1
    looking = look("coder", run)
    assert looking.get_by_role("heading", name="Neutral face").count() == 1
    assert looking.locator("main form").count() == 0


def test_everything_fits(look, run, lender):
    page = look("analyst", run)
    for width, height in [(1440, 900), (768, 1024), (390, 844)]:
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate("document.documentElement.scrollWidth") == width
        parts = page.locator("main :is(button, .choice, input:not([type=hidden]), img, video)").all()
        assert len(parts) > 8
        for part in parts:
            box = part.bounding_box()
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= width
