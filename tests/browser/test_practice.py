"""Practice as a trainee meets it: from the page, with instant feedback, to the check and the chart."""

from __future__ import annotations

import re

import pytest

from facsweb.accounts.models import User
from facsweb.coding import services as coding
from facsweb.coding.models import Layer
from facsweb.practice import services
from facsweb.practice.models import Attempt
from facsweb.studies.models import Membership
from tests.browser.test_review import saved, stand
from tests.factories import make_finished_run, make_recording

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def segment(participant, consent, study, people):
    """The first seconds of a signed coding, and a trainee who had no part in it."""
    run = make_finished_run(make_recording(participant, people["analyst"]), people["analyst"])
    layer = coding.open_layer(people["coder"], run)
    Layer.objects.filter(pk=layer.pk).update(state="signed")
    layer.refresh_from_db()
    people["trainee"] = User.objects.create_user("trainee@example.org", "Trainee Person", "correct horse battery")
    Membership.objects.create(study=study, user=people["trainee"], role="coder")
    return services.add_segment(people["analyst"], layer, name="A smile", from_us=0, to_us=5_200_000)


def add(page, notation, from_us, to_us):
    """Mark a range and type what it is."""
    page.keyboard.press("Escape")
    stand(page, from_us)
    page.keyboard.press("i")
    stand(page, to_us)
    page.keyboard.press("o")
    page.keyboard.press("/")
    page.keyboard.type(notation)
    page.keyboard.press("Enter")
    saved(page)


def test_a_trainee_practises_is_told_at_once_checks_and_sees_the_point(open_page, segment, study, people):
    gold = next(event for event in coding.current_events(segment.layer) if event.code == "12")
    page = open_page("trainee", "/")
    page.get_by_role("link", name=f"Practise in {study.name}").click()
    page.get_by_text("Nothing to show yet").wait_for()
    page.get_by_role("button", name="Practise: A smile").click()
    page.wait_for_selector("html[data-review=ready]")
    assert page.locator("#events-body tr[data-event], #events-body tr[data-id]").count() == 0  # it begins empty

    page.get_by_label("Instant feedback").check()
    add(page, f"12{gold.intensity}", gold.onset_us, gold.offset_us)
    verdict = page.locator("#practice-verdict")
    verdict.get_by_text("As in the standard").wait_for()
    add(page, "17", 2_000_000, 3_000_000)
    verdict.get_by_text(re.compile("Not in the standard|Another code in the standard")).wait_for()
    page.get_by_label("Instant feedback").uncheck()
    verdict.wait_for(state="hidden")

    page.get_by_role("link", name="Check…").click()
    page.get_by_role("button", name="Check it now").click()
    page.get_by_role("heading", name="Where it differs").wait_for()
    checked = Attempt.objects.get(segment=segment)
    assert checked.result["overall"]["matched"] == 1
    table = page.get_by_role("region", name="Where it differs").last.inner_text()
    assert "In the standard, not coded" in table
    assert "17" in table

    page.get_by_role("link", name="Practice", exact=True).first.click()
    page.locator(".practice-chart__mark").wait_for()
    assert page.locator(".practice-chart__mark").count() == 1
    row = page.get_by_role("region", name="My reliability over time").last.get_by_role(
        "row", name=re.compile("A smile")
    )
    assert f"{checked.index:.2f}" in row.inner_text()
