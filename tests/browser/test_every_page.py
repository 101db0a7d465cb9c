"""Every page that the table of pages names, on a phone (light and dark) and on a wide screen: nothing cut off,
nothing complained of, and nothing serious or critical for axe-core."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import islice
from typing import Any

import pytest
from django.db import connections

from facsweb.studies import access
from tests import test_access_matrix as matrix
from tests.browser.accessibility import begin, found, script
from tests.browser.conftest import is_complaint
from tests.test_access_matrix import world  # noqa: F401  (a fixture)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.once,
    pytest.mark.django_db(transaction=True),
    pytest.mark.timeout(600),
]
PHONE = {
    "viewport": {"width": 390, "height": 844},
    "has_touch": True,
    "is_mobile": True,
    "reduced_motion": "reduce",
}
WIDE = {"width": 1440, "height": 900}
#: Pages looked at side by side: while axe-core is at work on one, the server makes the next.
AT_ONCE = 4
#: What is fetched by a page or sent to one, and is no page itself.
NO_PAGES = {
    *("accounts:invitation", "accounts:provider", "accounts:provider_back"),
    *("health", "ready", "metrics", "favicon", "studies:member_add", "studies:member_remove"),
    *("studies:consent_hand_over", "studies:consent_link_revoke", "consent:language"),
    *("reports:consent_copy", "reports:own_copy"),
    *("recordings:tus_create", "recordings:tus", "recordings:video", "recordings:poster"),
    *("live:begin", "live:markers", "live:end", "live:throw_away"),
    *("transcripts:download", "transcripts:save", "transcripts:restore", "transcripts:analyse"),
    *("runs:start", "runs:snapshot", "runs:still", "runs:cancel", "runs:interpret", "runs:download"),
    *("runs:neutral_undo", "runs:neutral_picture", "runs:rescore"),
    *("runs:people_change", "runs:people_picture"),
    *("coding:signals", "coding:frames", "coding:events", "coding:layer_create"),
    *("coding:waveform", "coding:cards", "coding:geometry", "coding:mesh", "coding:reason"),
    *("coding:preferences", "coding:event_history", "coding:changes", "coding:take_back"),
    *("coding:comments", "coding:comment_change", "coding:layer_history", "coding:layer_moment"),
    *("reports:state", "reports:pdf", "reports:csv"),
    *("exchange:download", "exchange:remove"),
    *("agreement:csv", "agreement:start", "agreement:steps", "agreement:decide", "agreement:give_up"),
    "agreement:names",
    *("reports:json", "reports:retry", "reports:revoke", "reports:file", "reports:document"),
    *("reports:document_make", "reports:send_back", "reports:four_eyes", "verify_file"),
    *("reports:package_start", "reports:package_state", "reports:package_download", "reports:package_cancel"),
    *("practice:start", "practice:retire", "practice:check", "practice:give_up", "practice:feedback"),
    *("about:json", "about:markdown", "webhooks:again"),
    *("meaning:lanes", "meaning:read", "meaning:combination_remove", "meaning:markers", "meaning:speakers"),
    *("meaning:indicators_file", "meaning:indicator_back"),
    *("calibration:start", "calibration:cancel", "calibration:choose", "calibration:cohort_use"),
    *("calibration:download", "audit:export", "audit:installation_export"),
    *("learning:start", "learning:cancel", "learning:default", "learning:card"),
    *(
        "privacy:copy",
        "privacy:download",
        "privacy:hold",
        "privacy:lift",
        "privacy:certificate",
        "privacy:retry",
        "privacy:own_certificate",
    ),
}
#: What is looked at on a phone besides what axe-core looks at.
SEEN = """() => [document.documentElement.scrollWidth, document.querySelectorAll("h1").length,
  getComputedStyle(document.body).backgroundColor]"""


def who(page: str) -> str:
    if page in access.STAFF:
        return "staff"
    roles = access.PAGES.get(page, access.EVERY_ROLE)
    return next(str(role) for role in (access.CODER, access.ANALYST, access.ADMINISTRATOR) if role in roles)


def fetched(client: Any, url: str) -> Any:
    try:
        return client.get(url)
    finally:
        connections.close_all()


def test_what_is_left_out_is_no_page(world, client_as):  # noqa: F811
    client_of, world.object = cache(client_as), cache(world.object)  # nothing is changed: one of each kind will do
    for page in sorted(NO_PAGES):
        url, _ = matrix.url_of(page, world)
        # In a thread of its own, as the server does: Playwright's loop runs in this one, and a seal needs a loop.
        with ThreadPoolExecutor(1) as apart:
            answer = apart.submit(fetched, client_of(who(page)), url).result()
        is_page = answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/html")
        assert not is_page, f"{page} shows something: it is to be looked at below"


class Tabs:
    """Tabs of each person, in a window that keeps scripts, styles and axe-core, and what each complains of."""

    def __init__(self, open_page: Any) -> None:
        self.open_page = open_page
        self.free: dict[str, list[Any]] = defaultdict(list)
        self.windows: dict[str, Any] = {}
        self.complaints: dict[Any, list[str]] = {}

    def take(self, role: str) -> Any:
        """A tab of a phone in the dark that nobody is using."""
        tab = self.free[role].pop() if self.free[role] else self._another(role)
        tab.emulate_media(color_scheme="dark", reduced_motion="reduce")
        tab.set_viewport_size(PHONE["viewport"])
        return tab

    def _another(self, role: str) -> Any:
        if role in self.windows:
            tab = self.windows[role].new_page()
        else:
            tab = self.open_page(role, "about:blank", **PHONE)
            self.windows[role] = tab.context
            tab.context.add_init_script(script())
        heard = self.complaints[tab] = []
        tab.on("pageerror", lambda error: heard.append(str(error)))
        tab.on("console", lambda message: heard.append(message.text) if is_complaint(message) else None)
        return tab


def looked_at(page: str, world: Any, tabs: Tabs, faults: list[str]) -> Iterator[None]:  # noqa: F811
    """Look at a page; at each pause the browser is at work on it, and something else can be done."""
    url, _ = matrix.url_of(page, world)
    tab, grounds = tabs.take(who(page)), set()
    tab.goto(url, wait_until="commit")
    yield
    tab.wait_for_load_state()
    for scheme in ("dark", "light"):
        tab.emulate_media(color_scheme=scheme)
        width, headings, ground = tab.evaluate(SEEN)
        if width > 390:
            faults.append(f"{page}, {scheme}: {width} pixels wide")
        if headings != 1:
            faults.append(f"{page}, {scheme}: {headings} first headings")
        grounds.add(ground)
        if scheme == "light":  # the dark one was looked at as on a phone
            tab.set_viewport_size(WIDE)
        begin(tab)
        yield
        faults += [f"{page}, {scheme}: {one}" for one in found(tab)]
    if len(grounds) != 2:
        faults.append(f"{page}: the dark page looks like the light one")
    faults += [f"{page}: {one}" for one in tabs.complaints[tab]]
    tabs.complaints[tab].clear()
    tabs.free[who(page)].append(tab)


def test_every_page(open_page, world):  # noqa: F811
    pages = sorted({*access.PAGES, *access.SIGNED_IN, *access.STAFF, *access.PUBLIC, *access.BY_LINK} - NO_PAGES)
    tabs, faults, done = Tabs(open_page), [], object()
    world.object = cache(world.object)  # nothing is changed: one of each kind will do
    ahead = (looked_at(page, world, tabs, faults) for page in pages)
    at_work = list(islice(ahead, AT_ONCE))
    while at_work:
        at_work = [one for one in at_work if next(one, done) is not done]
        at_work += islice(ahead, AT_ONCE - len(at_work))
    for window in tabs.windows.values():
        window.pages[0].complaints.clear()  # they are among the faults, with the page's name
        window.close()  # whoever came next would have axe-core in it
    assert faults == []
    assert len(pages) > 20
