"""From two codings to a signed third: figures, stepping through, taking A, B or a third, signing."""

from __future__ import annotations

import re

import pytest

from facsweb.agreement.models import Adjudication, Decision
from facsweb.coding import services
from facsweb.coding.models import Layer
from tests.agreement.made import add_coders, make_codings
from tests.conftest import PASSWORD
from tests.factories import make_finished_run, make_recording

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


@pytest.fixture
def run(participant, consent, people, study):
    add_coders(people, study)
    return make_finished_run(make_recording(participant, people["analyst"]), people["analyst"])


@pytest.fixture
def codings(run, people, study, client_as):
    layers = make_codings(run, people["coder"], people["second"])
    client_as("analyst").get(f"/studies/{study.pk}/agreement/")  # the site's first page imports everything
    return layers


def ready(page):
    page.wait_for_selector("html[data-adjudication=ready]")
    return page


def said(page):
    return page.locator("#progress-text").inner_text()


def test_two_codings_become_one(open_page, study, codings, people):
    lead = open_page("analyst", f"/studies/{study.pk}/agreement/")
    lead.locator("#heat .heatmaplayer image, #heat .hm image").first.wait_for(state="attached")
    assert "Coder Person × Second Person" in lead.locator(".agreement-table").first.inner_text()
    lead.get_by_role("combobox", name="Adjudicator").select_option(label="Judge Person")
    lead.get_by_role("button", name="Appoint").click()
    lead.get_by_text("Judge Person now adjudicates").wait_for()

    page = ready(open_page("judge", f"/adjudications/{Adjudication.objects.get().pk}/"))
    assert said(page) == "0 of 3 decided, 5 agreed"
    assert "Person" not in page.locator("#settle").inner_text()  # nobody's name
    page.locator(".lanes__bar[data-disputed]").first.wait_for()

    page.locator("#sign-off").click(force=True)  # it says that it is not ready, and why when pressed
    page.get_by_text("3 of 3 disagreements are not decided yet").wait_for()

    page.keyboard.press("a")
    page.get_by_text("1 of 3 decided").wait_for()
    assert page.inner_text("#place") == "2 of 3"
    page.keyboard.press("Control+z")
    page.get_by_text("0 of 3 decided").wait_for()
    assert page.inner_text("#place") == "1 of 3"
    page.fill("#note", "seen twice")
    page.get_by_role("button", name=re.compile("^Take A")).click()
    page.get_by_text("1 of 3 decided").wait_for()
    page.keyboard.press("b")
    page.get_by_text("2 of 3 decided").wait_for()

    page.keyboard.press("t")
    page.select_option("#third-code", "15")
    page.select_option("#third-intensity", "A")
    page.fill("#third-onset", "nonsense")
    page.get_by_role("button", name="Take this third").click()
    page.get_by_text("Write a time as minutes").wait_for()
    page.fill("#third-onset", "9:59:59")
    page.get_by_role("button", name="Take this third").click()
    page.get_by_text("after the end of the recording").first.wait_for()
    assert said(page).startswith("2 of 3")
    page.complaints[:] = [line for line in page.complaints if "400" not in line]  # the refused third
    page.locator("#third-from-a:visible, #third-from-b:visible").first.click()
    page.select_option("#third-code", "15")
    page.select_option("#third-intensity", "A")
    page.get_by_role("button", name="Take this third").click()
    page.get_by_text("3 of 3 decided").wait_for()
    assert [one.taken for one in Decision.objects.filter(step__number__isnull=False).order_by("at")] == [
        *("a", "open", "a", "b", "third")
    ]
    assert Decision.objects.get(note="seen twice").number == 3
    result = Adjudication.objects.get().layer
    assert "15A" in {f"{event.code}{event.intensity}" for event in services.current_events(result)}

    page.locator("#sign-off").click()
    page.get_by_text("decided every disagreement of theirs").wait_for()
    page.locator("input[type=checkbox]").check()
    page.fill("input[type=password]", PASSWORD)
    page.get_by_role("button", name="Sign the coding").click()
    page.wait_for_url("**/reports/**")
    assert set(Layer.objects.filter(kind="coder").values_list("state", flat=True)) == {"settled"}
    assert Layer.objects.get(kind="adjudicated").state == "signed"


def test_another_window_is_told_and_loses_nothing(open_page, codings, people):
    from facsweb.agreement.adjudication import decide
    from facsweb.agreement.beginning import start

    begun = start(people["judge"], *codings, adjudicator=people["judge"])
    page = ready(open_page("judge", f"/adjudications/{begun.pk}/"))
    decide(people["judge"], begun, 1, "none", expected=0)
    page.keyboard.press("a")
    page.get_by_text("decided in another window").wait_for()
    page.get_by_text("1 of 3 decided").wait_for()
    assert begun.steps.get(number=1).decisions.get().taken == "none"
    page.complaints[:] = [line for line in page.complaints if "409" not in line]


@pytest.mark.parametrize("options", [{}, PHONE], ids=["desk", "phone"])
def test_everything_fits(open_page, study, codings, people, options):
    from facsweb.agreement.beginning import start

    begun = start(people["judge"], *codings, adjudicator=people["judge"])
    first, second = codings
    for who, address in (
        ("analyst", f"/studies/{study.pk}/agreement/"),
        ("analyst", f"/agreement/{first.pk}/{second.pk}/"),
        ("judge", f"/adjudications/{begun.pk}/"),
    ):
        page = open_page(who, address, **options)
        page.wait_for_load_state("networkidle")
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= page.viewport_size["width"], address
        page.close()
