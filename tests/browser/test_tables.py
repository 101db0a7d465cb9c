"""Tables on a phone and on paper: nothing cut off, or scrolled inside of their own frame."""

from __future__ import annotations

import pytest

from tests.factories import make_finished_run, make_recording

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.django_db(transaction=True)]
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
PAPER = {"viewport": {"width": 688, "height": 1000}}  # A4 between the margins, CSS pixels
CUT = """() => [...document.querySelectorAll('main table')]
  .filter(table => {
    const box = table.getBoundingClientRect(), frame = table.parentElement;
    return box.right > innerWidth + 1 || frame.scrollHeight > frame.clientHeight + 1;
  }).map(table => table.closest('section').innerText.slice(0, 40))"""
SCROLLED = """() => [...document.querySelectorAll('main table')]
  .filter(table => table.getBoundingClientRect().right > innerWidth + 1)
  .filter(table => getComputedStyle(table.parentElement).overflowX !== 'auto')
  .map(table => table.closest('section').innerText.slice(0, 40))"""


def test_models_on_a_phone(open_page, people, study):
    page = open_page("administrator", "/models/", **PHONE)
    assert page.locator("main table").count() > 4
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert page.evaluate(SCROLLED) == []


def test_models_on_paper(open_page, people, study):
    page = open_page("administrator", "/models/", **PAPER)
    assert page.evaluate(CUT) != [], "on a screen the long table scrolls"
    page.emulate_media(media="print")
    assert page.evaluate(CUT) == []


def test_the_codes_of_a_run_fit_a_phone(open_page, participant, consent, people):
    run = make_finished_run(make_recording(participant, people["analyst"]), people["analyst"])
    run.summary["tiers"]["12"] = "experimental"
    values = {"events": 2, "peak": 5.0}
    run.summary["faces"] = [
        {"face": 0, "frames": 250, "seen_frames": 250, "aus": dict.fromkeys(("6", "11", "12", "45"), values)}
    ]
    run.save()
    page = open_page("analyst", f"/runs/{run.pk}/", **PHONE)
    table = page.locator(".run-codes").bounding_box()
    frame = page.locator(".table-scroll", has=page.locator(".run-codes")).bounding_box()
    assert page.locator(".run-codes tbody tr").count() == 4
    assert table["width"] <= frame["width"] + 0.5, "the tier is cut off"
