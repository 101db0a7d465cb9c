"""The page Scorers as an administrator uses it: train, watch, compare, choose the default."""

from __future__ import annotations

import pytest

from facsweb.learning import job, services
from facsweb.learning.models import Training
from tests.learning.conftest import _own_scorers, another, layer, three  # noqa: F401  (fixtures)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis")]
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


def test_from_the_button_to_the_default(open_page, three):  # noqa: F811
    page = open_page("staff", "/scorers/")
    page.get_by_role("button", name="Train a scorer").click()
    page.get_by_role("heading", name="Training 1 Waiting").first.wait_for()
    training = Training.objects.get()
    job.perform(training.pk, 1, worker="worker A")
    page.locator("h2", has_text="Before and after").wait_for()  # the page asked, and came back as this one
    assert page.url.endswith("/scorers/au-own/1/")
    row = page.locator(".learning-units tr").filter(has=page.get_by_text("Lip corner puller"))
    assert "→" in row.inner_text()
    page.get_by_role("button", name="Make default").click()
    page.get_by_role("dialog").get_by_role("button", name="Make it the default").click()
    page.get_by_text("New analyses use au-own/1.").wait_for()
    assert services.default_name() == "au-own/1"
    mine = page.get_by_role("row").filter(has_text="au-own/1")
    assert "Default" in mine.inner_text()


def test_stopping_a_training(open_page, three):  # noqa: F811
    services.start(None)
    page = open_page("staff", "/scorers/")
    page.get_by_role("button", name="Stop the training").click()
    page.get_by_role("dialog").get_by_role("button", name="Stop the training").click()
    page.get_by_role("heading", name="Training 1 Stopped").wait_for()
    assert Training.objects.get().state == Training.State.CANCELLED


def test_nothing_is_cut_off_on_a_phone(open_page, three, people):  # noqa: F811
    training = services.start(people["staff"])
    page = open_page("staff", "/scorers/", **PHONE)

    def fits(*addresses):
        for address in addresses:
            page.goto(address)
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme=scheme)
                assert page.evaluate("document.documentElement.scrollWidth") <= 390, (address, scheme)

    fits("/scorers/", f"/scorers/trainings/{training.pk}/")
    job.perform(training.pk, 1, worker="worker A")
    fits("/scorers/", "/scorers/au-own/1/")
