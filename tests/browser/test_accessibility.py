"""States of pages that no address opens: menus, dialogs, tabs, an event in hand, a coding seen blind.

In light and in dark for axe-core; and what a keyboard, a finger and somebody who wants no motion need of the
workbench.
"""

from __future__ import annotations

import pytest
from django.urls import reverse

from facsweb.coding import services
from facsweb.runs.services import result_dir
from tests.agreement.made import add_coders, make_codings
from tests.browser.accessibility import grave
from tests.browser.test_review import eventually, review
from tests.factories import make_assignment, make_finished_run, make_recording
from tests.people import write_measurement

pytestmark = [
    pytest.mark.browser,
    pytest.mark.once,
    pytest.mark.django_db(transaction=True),
    pytest.mark.timeout(600),
]
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
STILL = {"reduced_motion": "reduce"}
FOCUSED = """() => {
    const node = document.activeElement;
    const box = node.getBoundingClientRect();
    const said = getComputedStyle(node);
    const ring = (style) => style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
    return {
        id: node.id || node.getAttribute('aria-label') || node.textContent.trim().slice(0, 40),
        body: node === document.body,
        ring: ring(said) || ring(getComputedStyle(node, '::before')),
        seen: box.width > 0 && box.height > 0 && box.right > 0 && box.bottom > 0
            && box.left < innerWidth && box.top < innerHeight,
    };
}"""
#: Controls of the page that can be pressed now: everything but what a group's arrow keys reach.
CONTROLS = """() => [...document.querySelectorAll(
    'a[href], button, input, select, textarea, summary, [tabindex="0"]')]
    .filter((node) => node.checkVisibility({visibilityProperty: true}) && !node.disabled && node.tabIndex >= 0
        && !node.closest('fieldset:disabled') && node.type !== 'hidden')
    .map((node) => node.id).filter(Boolean)"""


@pytest.fixture
def run(participant, consent, people, study):
    add_coders(people, study)
    made = make_finished_run(make_recording(participant, people["analyst"]), people["analyst"])
    write_measurement(result_dir(made))
    return made


class Looked:
    """What axe-core found in each state of a page, in light and in dark."""

    def __init__(self, page):
        self.page, self.faults = page, []

    def at(self, state):
        for scheme in ("dark", "light"):
            self.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            found = grave(self.page, colours=scheme == "light")
            self.faults += [f"{state}, {scheme}: {one}" for one in found]


def test_every_state_of_the_review_page(open_page, run, people):
    services.open_layer(people["coder"], run)
    page = review(open_page, run, **STILL)
    looked = Looked(page)
    page.keyboard.press("ArrowDown")
    page.locator("#editor-form").wait_for()
    looked.at("an event selected")
    if page.locator("#drawer").is_hidden():
        page.locator("#drawer-toggle").click()
    for tab in ("card", "reason", "comments", "history"):
        page.locator(f"#tab-{tab}").click()
        page.wait_for_load_state("networkidle")
        looked.at(f"the drawer at {tab}")
    menus = page.locator("details.menu > summary")
    opened = 0
    for place in range(menus.count()):
        if not menus.nth(place).is_visible():
            continue
        menus.nth(place).click()
        looked.at(f"menu {menus.nth(place).get_attribute('aria-label') or menus.nth(place).inner_text()}")
        page.keyboard.press("Escape")
        assert menus.nth(place).evaluate("node => node === document.activeElement"), (
            "Escape leaves the focus there"
        )
        opened += 1
    assert opened >= 5
    page.locator("#looks-more").click()
    looked.at("picture adjusted")
    page.locator("#looks-more").click()
    page.locator("#keys-open").click()
    looked.at("keys")
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.id") == "keys-open"
    page.locator("#live-open").click()
    looked.at("live coding")
    page.locator("#live-close").click()
    page.locator("#code-text").fill("1+99+L2B")
    looked.at("a notation with a fault")
    page.locator("#code-text").fill("")
    page.locator("#show-table").click()
    page.locator("#events").wait_for()
    looked.at("table")
    assert looked.faults == []


def test_the_review_page_on_a_phone_with_an_event(open_page, run, people):
    services.open_layer(people["coder"], run)
    page = review(open_page, run, **PHONE, **STILL)
    looked = Looked(page)
    page.locator("#event-next").click()
    page.locator("#editor-form").wait_for()
    looked.at("an event selected")
    for tab in ("reason", "comments", "history"):
        page.locator(f"#tab-{tab}").click()
        page.wait_for_load_state("networkidle")
        page.evaluate("scrollTo(0, 0)")  # what scrolls away under the video counts as too small
        looked.at(f"the drawer at {tab}")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert looked.faults == []
    main = [
        "play",
        "back-1",
        "forward-1",
        "event-previous",
        "event-next",
        "event-accept-next",
        "event-delete",
        "event-code",
    ]
    boxes = {name: page.locator(f"#{name}").bounding_box() for name in main}
    assert {name: box for name, box in boxes.items() if min(box["width"], box["height"]) < 44} == {}


def test_blind_coding(open_page, run, people):
    make_assignment(
        run, people["coder"], people["analyst"], mode="blind", state="open", instructions="Code the **smiles**."
    )
    page = review(open_page, run, **STILL)
    looked = Looked(page)
    looked.at("blind, nothing coded")
    page.locator("#code-text").fill("12B")
    page.keyboard.press("Enter")
    page.locator("#editor-form").wait_for()
    looked.at("blind, an event")
    assert looked.faults == []


def test_agreement_with_figures_and_an_adjudication(open_page, run, people, study, client_as):
    from facsweb.agreement.beginning import start

    codings = make_codings(run, people["coder"], people["second"])
    client_as("analyst").get(f"/studies/{study.pk}/agreement/")  # the site's first page imports everything
    page = open_page("analyst", f"/studies/{study.pk}/agreement/", **STILL)
    page.locator("#heat .heatmaplayer image, #heat .hm image").first.wait_for(state="attached")
    looked = Looked(page)
    page.locator("#choice details summary").click()
    looked.at("figures, and which codings")
    page.get_by_role("tab", name="Table").click()
    looked.at("figures as a table")
    page.goto(reverse("agreement:pair", args=[layer.pk for layer in codings]))
    looked.at("a pair")
    made = start(people["judge"], *codings, adjudicator=people["judge"])
    judge = open_page("judge", f"/adjudications/{made.pk}/", **STILL)
    judge.wait_for_selector("html[data-adjudication=ready]")
    settling = Looked(judge)
    settling.at("a decision open")
    judge.keyboard.press("t")
    judge.locator("#third-code").wait_for()
    settling.at("a third being written")
    assert [*looked.faults, *settling.faults] == []


def test_an_import_is_looked_at_and_a_layer_removed(open_page, run, tmp_path):
    table = tmp_path / "lab.csv"
    table.write_text("code;onset;offset;intensity\n12;1,0;2,0;C\nwave;0,5;1,0;\n")
    page = open_page("coder", f"/runs/{run.pk}/import/", **STILL)
    looked = Looked(page)
    page.get_by_label("File", exact=True).set_input_files(table)
    page.get_by_role("button", name="Look at the file").click()
    page.get_by_role("button", name="Import as a layer").wait_for()
    looked.at("the preview")
    page.get_by_role("button", name="Import as a layer").click()
    remove = page.get_by_role("button", name="Remove lab")
    remove.click()
    page.get_by_role("button", name="Remove the layer").wait_for()
    looked.at("a question before it is removed")
    page.keyboard.press("Escape")
    eventually(lambda: remove.evaluate("node => node === document.activeElement"))
    assert looked.faults == []


def test_the_workbench_by_the_tab_key(open_page, run, people):
    services.open_layer(people["coder"], run)
    page = review(open_page, run, **STILL)
    page.keyboard.press("ArrowDown")
    page.locator("#editor-form").wait_for()
    assert page.locator('[tabindex]:not([tabindex="0"]):not([tabindex="-1"])').count() == 0  # the page's own order
    wanted = set(page.evaluate(CONTROLS))
    assert len(wanted) > 40
    page.evaluate("document.activeElement.blur()")
    reached, unseen = [], []
    for _ in range(400):
        page.keyboard.press("Tab")
        here = page.evaluate(FOCUSED)
        if here["body"] or (reached and here["id"] == reached[0]):
            break
        reached.append(here["id"])
        if not (here["ring"] and here["seen"]):
            unseen.append(here["id"])
    else:
        raise AssertionError(f"the Tab key never leaves the page; last {reached[-8:]}")
    assert unseen == []
    assert wanted - set(reached) == set()
    assert reached[0].startswith("Skip")
    # What is seen, what is said about it, where it lies: as on the screen, from left to right and down.
    order = [reached.index(name) for name in ("play", "code-text", "event-next", "event-code", "event-note")]
    assert order == sorted(order)


def test_nothing_moves_for_who_wants_no_motion_and_nothing_chatters(open_page, run, people):
    services.open_layer(people["coder"], run)
    page = review(open_page, run, **STILL)
    moving = page.evaluate(
        """() => [...document.querySelectorAll('body *')].filter((node) => {
            const said = getComputedStyle(node);
            const long = (text) => text.split(',').some((one) => parseFloat(one) > 0.01);
            const played = said.animationName !== 'none' && long(said.animationDuration);
            return played || long(said.transitionDuration);
        }).map((node) => node.className + '#' + node.id)"""
    )
    assert moving == []
    # What changes with every frame is no live region: neither by its role nor by an <output>.
    live = "output, [role=status], [role=alert], [role=log], [aria-live]:not([aria-live=off])"
    page.evaluate(
        """(live) => {
            window.said = [];
            const watch = new MutationObserver((list) => list.forEach((one) => {
                const box = one.target.nodeType === 1 ? one.target : one.target.parentElement;
                const region = box?.closest(live);
                if (region) window.said.push(region.id || region.className);
            }));
            watch.observe(document.body, {subtree: true, childList: true, characterData: true});
        }""",
        live,
    )
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    eventually(lambda: page.inner_text("#frame") == "10")
    assert len(page.evaluate("window.said")) <= 2, page.evaluate("window.said")
