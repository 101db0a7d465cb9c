"""Who is who by hand, in a real browser, on a run that the engine made of a clip with two people."""

from __future__ import annotations

import re

import pyarrow.parquet as pq
import pytest

from analysis import pipeline
from facsweb.audit.models import Entry
from facsweb.runs import services
from facsweb.runs.models import AnalysisRun
from tests.browser import engine

pytestmark = [
    pytest.mark.browser,
    pytest.mark.once,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("models", "redis"),
]


@pytest.fixture(scope="module")
def made(tmp_path_factory, models):
    return engine.analysed(tmp_path_factory.mktemp("people"), engine.two_people())


@pytest.fixture
def run(made, participant, consent, people, monkeypatch):
    found = engine.published(participant, people["analyst"], made, "Interview 1")

    def again(*args, **kwargs):
        raise AssertionError("the video was measured again")

    monkeypatch.setattr(pipeline, "analyze", again)
    monkeypatch.setattr(pipeline, "measure", again)
    return found


def person(page, number):
    return page.get_by_role("region", name=re.compile(rf"^Person {number}\b"))


def pictures(page):
    """Wait for all of them, those below the fold too: after the next step some are of people who are gone."""
    page.evaluate(
        """() => Promise.all([...document.images].map((image) => {
             image.loading = "eager";
             return image.decode().catch(() => null);
           }))"""
    )


def said(page, words):
    page.get_by_text(words).first.wait_for()
    pictures(page)


def reload(page):
    page.reload()
    pictures(page)


def seen_frames(run) -> list[int]:
    """In how many frames each face of the results has a score."""
    table = pq.read_table(services.result_dir(run) / "signals.parquet", columns=["face", "AU12"])
    faces = table["face"].to_pylist()
    scored = [face for face, value in zip(faces, table["AU12"].to_pylist(), strict=True) if value == value]
    return [scored.count(face) for face in sorted(set(faces))]


def test_split_merge_name_leave_out_and_undo(open_page, run, participant):
    page = open_page("analyst", f"/runs/{run.pk}/people")
    assert person(page, 1).get_by_text("Not named").count() == 1
    first = person(page, 1)
    assert first.get_by_role("checkbox").count() == 2, "who went and came back is one person in two tracks"
    assert first.locator("img").evaluate("image => image.decode().then(() => image.naturalWidth)") > 40
    before = seen_frames(run)
    assert len(before) == 2

    first.get_by_role("checkbox").nth(1).check()
    first.get_by_role("button", name="Chosen tracks are somebody else").click()
    said(page, "Split 1 track off person 1. The measurement is read again by it")
    said(page, "Being read again")
    assert page.get_by_role("heading", name=re.compile("^Person")).count() == 3
    apart = engine.work()
    assert len(seen_frames(apart)) == 3
    assert sum(seen_frames(apart)) == pytest.approx(sum(before), abs=3)

    reload(page)
    assert page.get_by_text("Being read again").count() == 0
    assert page.get_by_role("link", name="Results by these people").get_attribute("href") == f"/runs/{apart.pk}/"
    last = page.get_by_role("heading", name=re.compile("^Person")).count()
    person(page, 1).get_by_label("Same person as").select_option(label="person 2")
    person(page, 1).get_by_role("button", name="Merge").click()
    said(page, re.compile(r"so they are two people\."))
    person(page, 1).get_by_label("Same person as").select_option(label=f"person {last}")
    person(page, 1).get_by_role("button", name="Merge").click()
    said(page, f"Merged person {last} into person 1.")
    assert seen_frames(engine.work()) == before

    reload(page)
    person(page, 1).get_by_label("This is").select_option(label=participant.code)
    person(page, 1).get_by_role("button", name="Save who it is").click()
    said(page, f"Person 1 is {participant.code}.")
    page.get_by_role("heading", name=f"Person 1: {participant.code}").wait_for()
    person(page, 2).get_by_label("This is").select_option(label="not a participant: leave out")
    person(page, 2).get_by_role("button", name="Save who it is").click()
    said(page, "Person 2 is not a participant and is left out.")
    assert len(seen_frames(engine.work())) == 1

    reload(page)
    page.get_by_role("button", name="Undo the last change").click()
    said(page, "Undone: Person 2 is not a participant and is left out.")
    assert seen_frames(engine.work()) == before
    assert page.get_by_text("As measured.").count() == 1
    actions = Entry.objects.filter(action__startswith="people.").values_list("action", flat=True)
    assert sorted(actions) == ["people.assign"] * 2 + ["people.merge", "people.restore", "people.split"]


def test_with_the_keyboard_alone(open_page, run):
    page = open_page("analyst", f"/runs/{run.pk}/people")

    def tab_to(name):
        for _ in range(60):
            page.keyboard.press("Tab")
            if page.evaluate("(document.activeElement.labels?.[0] ?? document.activeElement).textContent") == name:
                assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
                return
        raise AssertionError(f"Tab never reached {name}")

    tab_to("Somebody else from")
    page.keyboard.type("00:00:00.800")
    page.keyboard.press("Enter")
    said(page, "Split person 1 at 0.800 s.")
    assert len(seen_frames(engine.work())) == 3
    reload(page)
    tab_to("Same person as")
    for _ in range(10):  # letters would have to come within a second of each other
        if page.evaluate("document.activeElement.selectedOptions[0].label") == "person 3":
            break
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    said(page, "Merged person 3 into person 1.")
    engine.work()
    reload(page)
    tab_to("Undo the last change")
    page.keyboard.press("Enter")
    said(page, "Undone: Merged person 3 into person 1.")
    assert AnalysisRun.objects.filter(state=AnalysisRun.State.QUEUED).count() == 1


def test_what_makes_no_sense_and_who_only_looks(open_page, run):
    page = open_page("analyst", f"/runs/{run.pk}/people")
    person(page, 2).get_by_label("Somebody else from").fill("soon")
    person(page, 2).get_by_role("button", name="Split at this time").click()
    page.locator("[data-tone=bad]").first.wait_for()
    person(page, 2).get_by_label("Somebody else from").fill("00:00:09.000")
    person(page, 2).get_by_role("button", name="Split at this time").click()
    said(page, "This person is not seen both before and after that time.")
    assert page.get_by_role("button", name="Undo the last change").count() == 0
    assert AnalysisRun.objects.count() == 1
    looking = open_page("coder", f"/runs/{run.pk}/people")
    assert person(looking, 1).count() == 1
    assert looking.locator("main button").count() == 0


def test_everything_fits(open_page, run):
    page = open_page("analyst", f"/runs/{run.pk}/people")
    for width, height in [(1440, 900), (768, 1024), (390, 844)]:
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate("document.documentElement.scrollWidth") == width
        buttons = person(page, 1).get_by_role("button").all()
        assert len(buttons) == 4
        for button in buttons:
            box = button.bounding_box()
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= width
        field = person(page, 1).get_by_label("This is").bounding_box()
        save = person(page, 1).get_by_role("button", name="Save who it is").bounding_box()
        assert abs(field["y"] + field["height"] / 2 - save["y"] - save["height"] / 2) < 2, (
            "the button is beside its field"
        )
