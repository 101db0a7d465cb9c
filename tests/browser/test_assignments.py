"""A lead plans a doubled blind coding; the coder starts, codes, submits, takes back, submits; the lead sees it."""

from __future__ import annotations

import pytest
from django.urls import reverse

from facsweb.coding.models import Layer
from facsweb.studies.models import Membership, Role
from tests.browser.test_review import stand
from tests.conftest import PASSWORD
from tests.factories import make_finished_run, make_recording

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def run(participant, consent, people, study):
    from facsweb.accounts.models import User

    second = User.objects.create_user("second@example.org", "Second Person", PASSWORD)
    Membership.objects.create(study=study, user=second, role=Role.CODER)
    return make_finished_run(make_recording(participant, people["analyst"]), people["analyst"])


def plan(lead):
    """Fill the plan in and assign it."""
    lead.get_by_label("Name of the plan").fill("Round 1")
    lead.get_by_role("button", name="All", exact=True).click()
    for name in ("Coder Person", "Second Person"):
        lead.get_by_label(name).check()
    lead.get_by_label("Random samples").check()
    lead.get_by_label("Samples in each recording").fill("2")
    lead.get_by_label("Seconds each").fill("2")
    lead.get_by_label("Percent of the recordings coded by two people").fill("100")
    lead.get_by_label("Instructions").fill("Code every smile.")
    lead.get_by_role("button", name="Show the plan").last.click()
    lead.get_by_role("heading", name="The plan").wait_for()
    lead.get_by_role("button", name="Assign 2 codings").click()
    lead.get_by_text("2 codings are assigned").wait_for()


def test_a_plan_from_the_lead_to_the_submitted_coding(open_page, run, people, study):
    lead = open_page("analyst", reverse("assignments:new", args=[study.pk]))
    assert lead.get_by_label("Stretches of every recording").is_hidden()
    plan(lead)

    coder = open_page("coder", reverse("home"))
    coder.get_by_role("link", name="Start", exact=True).click()
    coder.get_by_text("Code every smile.").wait_for()
    coder.get_by_role("button", name="Start coding").click()
    coder.wait_for_selector("html[data-review=ready]")
    layer = Layer.objects.get(owner=people["coder"], kind="coder")
    assert layer.state == "open"
    at = layer.spans[0][0] + 100_000
    stand(coder, at, near_us=50_000)
    coder.locator("#event-add").click()
    coder.locator("#submit-coding").click()  # waits until the event is stored
    coder.get_by_role("heading", name="Submit your coding").wait_for()
    coder.get_by_text("1 stretch without any event").wait_for()
    coder.get_by_role("button", name="Submit the coding").click()
    coder.wait_for_selector("html[data-review=ready]")
    assert coder.locator("#save-text").inner_text() == "Read only"
    assert layer.events.count() == 1
    coder.get_by_role("button", name="Take it back").click()
    coder.locator("#submit-coding").click()
    coder.get_by_role("button", name="Submit the coding").click()
    coder.get_by_role("button", name="Take it back").wait_for()

    lead.goto(reverse("assignments:list", args=[study.pk]))
    row = lead.get_by_role("row").filter(has_text="Coder Person")
    assert "Submitted" in row.inner_text()
    assert "1 event" in row.inner_text()
    assert "Assigned" in lead.get_by_role("row").filter(has_text="Second Person").inner_text()
    lead.goto(reverse("studies:detail", args=[study.pk]))
    lead.get_by_text("1 of 2 submitted").wait_for()
