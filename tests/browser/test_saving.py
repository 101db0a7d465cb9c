"""Nothing typed is lost, nothing is written twice, nobody overwrites anybody silently: in a real Chromium."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser.test_review import complete, eventually, saved

pytestmark = [pytest.mark.browser]
ROOT = Path(__file__).resolve().parents[2]
LETTERS = "ABCDE"


def ready(page):
    page.wait_for_selector("html[data-review=ready]")
    return page


def choose(page, code, nth=0):
    """Select the nth event of a code through the table."""
    if page.locator("#events").is_hidden():
        page.locator("#show-table").click()
    page.locator("#events-body tr", has=page.locator(f".au:text-is('{code}')")).nth(nth).click()
    page.locator("#show-timeline").click()


def press_letter(page, letter):
    """As fast as a person's fingers could ever be."""
    page.evaluate("letter => document.querySelector(`#event-intensity button[value='${letter}']`).click()", letter)


# --- two browsers, no connection, leaving -------------------------------------------------------------------


@pytest.fixture
def run(participant, consent, people):
    from tests.factories import make_finished_run, make_recording

    return make_finished_run(make_recording(participant, people["analyst"]), people["analyst"])


@pytest.fixture
def layer(run, people):
    from facsweb.coding import services

    return services.open_layer(people["coder"], run)


def review(open_page, run, role="coder", **options):
    return ready(open_page(role, f"/runs/{run.pk}/review/", **options))


def expected_complaints(page, *words):
    page.complaints[:] = [text for text in page.complaints if not any(word in text for word in words)]


def smile(layer):
    from facsweb.coding.models import Event

    return Event.objects.distinct().get(layer=layer, revisions__code="12", revisions__onset_us=1_000_000)


@pytest.mark.django_db(transaction=True)
def test_two_browsers_on_one_event_the_second_is_told_and_keeps_its_words(open_page, run, layer):
    first, second = review(open_page, run), review(open_page, run)
    choose(first, "12")
    choose(second, "12")
    first.get_by_role("button", name="Intensity A").click()
    saved(first)
    second.get_by_role("button", name="Intensity E").click()
    second.get_by_text("changed in another window in the meantime, by Coder Person").wait_for()
    eventually(lambda: second.inner_text("#event-chip") == "12A")
    event = smile(layer)
    assert [one.intensity for one in event.revisions.order_by("number")] == ["D", "A"]

    second.get_by_role("button", name="1 not stored").click()
    words = second.inner_text("#not-stored")
    assert "intensity D → E" in words
    assert "There is now: 12A" in words
    second.reload()  # it is kept
    ready(second)
    second.get_by_role("button", name="1 not stored").click()
    second.get_by_role("button", name="Try on top of this").click()
    saved(second)
    assert [one.intensity for one in event.revisions.order_by("number")] == ["D", "A", "E"]
    assert second.locator("#not-stored-open").is_hidden()

    choose(first, "25")
    choose(first, "12")
    first.evaluate("window.dispatchEvent(new Event('focus'))")  # it looks when it comes to the front
    first.locator(".editor__elsewhere", has_text="intensity A → E").wait_for()
    assert first.inner_text("#event-chip") == "12E"
    expected_complaints(first, "409")


@pytest.mark.django_db(transaction=True)
def test_two_tabs_of_one_browser_see_each_other_at_once(open_page, run, layer):
    first = review(open_page, run)
    second = first.context.new_page()
    second.goto(f"/runs/{run.pk}/review/")
    ready(second)
    choose(first, "12")
    choose(second, "12")
    for page in (first, second):
        complete(page)
    first.context.set_offline(True)
    for page, letter in ((first, "A"), (second, "B"), (first, "C"), (second, "E")):
        page.get_by_role("button", name=f"Intensity {letter}").click()
        other = second if page is first else first
        eventually(lambda other=other, letter=letter: other.inner_text("#event-chip") == f"12{letter}")
    first.context.set_offline(False)
    saved(first)
    saved(second)
    assert [one.intensity for one in smile(layer).revisions.order_by("number")] == ["D", "A", "B", "C", "E"]
    expected_complaints(first, "ERR_INTERNET_DISCONNECTED")


@pytest.mark.django_db(transaction=True)
def test_offline_edits_outlive_the_tab(open_page, run, layer):
    page = review(open_page, run)
    context = page.context
    choose(page, "12")
    complete(page)
    context.set_offline(True)
    for letter in "ABE":
        page.get_by_role("button", name=f"Intensity {letter}").click()
    page.get_by_text("Offline: 3 changes kept on this computer").wait_for()
    page.close()
    assert smile(layer).revisions.count() == 1
    context.set_offline(False)
    again = context.new_page()
    again.goto(f"/runs/{run.pk}/review/")
    ready(again)
    saved(again)
    assert [one.intensity for one in smile(layer).revisions.order_by("number")] == ["D", "A", "B", "E"]
    expected_complaints(page, "ERR_INTERNET_DISCONNECTED")


@pytest.mark.django_db(transaction=True)
def test_somebody_else_on_this_computer_neither_sees_nor_sends_them(open_page, client_as, site, run, layer):
    page = review(open_page, run)
    choose(page, "12")
    complete(page)
    page.context.set_offline(True)
    page.get_by_role("button", name="Intensity A").click()
    page.get_by_text("Offline: 1 change kept on this computer").wait_for()
    own = page.context.cookies()
    session = client_as("analyst").cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": session, "url": site.url}])
    page.context.set_offline(False)
    page.get_by_text("Another person is signed in: 1 change kept on this computer").wait_for()
    other = page.context.new_page()
    other.goto(f"/runs/{run.pk}/review/?layer={layer.pk}")
    ready(other)
    choose(other, "12")
    assert other.inner_text("#event-chip") == "12D"
    other.close()
    assert smile(layer).revisions.count() == 1
    page.context.add_cookies([cookie for cookie in own if cookie["name"] == "sessionid"])
    page.get_by_role("button", name="Try again").click()
    saved(page)
    assert smile(layer).revisions.count() == 2
    expected_complaints(page, "ERR_INTERNET_DISCONNECTED", "401")


@pytest.mark.django_db(transaction=True)
def test_leaving_with_unsynced_work_warns(open_page, run, layer):
    page = review(open_page, run)
    choose(page, "12")
    warned = []
    page.on("dialog", lambda dialog: (warned.append(dialog.type), dialog.dismiss()))
    complete(page)
    page.context.set_offline(True)
    page.get_by_role("button", name="Intensity A").click()
    page.get_by_text("Offline: 1 change kept on this computer").wait_for()
    page.close(run_before_unload=True)
    eventually(lambda: page.evaluate("1") and warned == ["beforeunload"])
    page.context.set_offline(False)
    saved(page)
    with page.expect_event("close"):
        page.close(run_before_unload=True)
    assert warned == ["beforeunload"]
    expected_complaints(page, "ERR_INTERNET_DISCONNECTED")


# --- history and comments -----------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_the_whole_coding_goes_back_and_forth(open_page, run, layer):
    from facsweb.coding import services

    page = review(open_page, run)
    choose(page, "12")
    page.get_by_role("button", name="Intensity A").click()
    saved(page)
    choose(page, "25")
    page.locator("#event-delete").click()
    saved(page)
    choose(page, "12")
    assert page.inner_text("#event-chip") == "12A"
    page.get_by_role("button", name="Intensity B").click()
    saved(page)
    if page.locator("#review").get_attribute("data-drawer") != "open":
        page.locator("#drawer-toggle").click()
    page.get_by_role("tab", name="History").click()
    page.locator("#layer-history summary").click()
    lines = page.locator("#layer-history-list .history__line")
    eventually(lambda: lines.count() == 3)
    assert "intensity D → A" in lines.nth(2).inner_text()
    lines.nth(2).get_by_role("button", name="Everything back to here").click()
    page.get_by_role("button", name="Bring it back").click()
    eventually(lambda: len(services.current_events(layer)) == 7)  # the page acts when the dialog has closed
    saved(page)
    said = {(state.code, state.intensity) for state in services.current_events(layer)}
    assert ("12", "A") in said
    page.keyboard.press("Control+z")
    saved(page)
    assert len(services.current_events(layer)) == 6
    layer.refresh_from_db()
    assert layer.revision == 7


@pytest.mark.django_db(transaction=True)
def test_a_comment_with_a_mention_is_read_answered_and_resolved(open_page, run, layer, people):
    from facsweb.coding.comments import mentions_for

    page = open_page("coder", "/")
    held = []
    page.route("**/comments/?layer=*", lambda route: held.append(route))
    page.goto(f"/runs/{run.pk}/review/")
    choose(ready(page), "12")
    page.keyboard.press("Shift+C")
    page.locator("#comment-text").wait_for()
    page.locator("#comment-text").press_sequentially("Is this a 13? @Ana")
    assert held, "the names come later than the letters"
    for route in held:
        route.continue_()
    page.unroute("**/comments/?layer=*")
    page.get_by_role("option", name="Analyst Person").wait_for()
    page.keyboard.press("Enter")
    assert page.input_value("#comment-text") == "Is this a 13? @Analyst Person "
    page.locator("#comment-send").dblclick()
    page.locator(".comment").wait_for()
    assert page.locator(".comment").count() == 1
    assert page.input_value("#comment-text") == ""
    (mention,) = mentions_for(people["analyst"])

    page.locator("#comment-text").fill("And you, @Manager Person?")
    page.locator("#comment-send").click()
    page.locator(".comment").nth(1).wait_for()
    assert page.locator(".comment .mention").count() == 1, "a manager reads no codings and is no name here"

    other = open_page("analyst", mention.url)
    ready(other)
    item = other.locator(".comment").first
    item.get_by_text("mentions you").wait_for()
    assert other.inner_text("#event-chip") == "12D"
    eventually(lambda: not mentions_for(people["analyst"]))
    item.get_by_role("button", name="Reply").click()
    item.get_by_label("Reply", exact=True).first.fill("No, a 12. @Coder Person")
    item.get_by_role("button", name="Send reply").click()
    other.locator(".comment__reply").wait_for()
    other.locator(".comment").first.get_by_role("button", name="Resolve").click()
    other.get_by_text("Resolved by Analyst Person").wait_for()
    assert len(mentions_for(people["coder"])) == 1
