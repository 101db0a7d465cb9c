"""Every page that the table of pages names, on a phone (light and dark) and on a wide screen: nothing cut off,
nothing complained of, and nothing serious or critical for axe-core."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections

from facsweb.studies import access
from tests import test_access_matrix as matrix
from tests.browser.accessibility import grave, script
from tests.test_access_matrix import world  # noqa: F401  (a fixture)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]
PHONE = {
    "viewport": {"width": 390, "height": 844},
    "has_touch": True,
    "is_mobile": True,
    "reduced_motion": "reduce",
}
WIDE = {"width": 1440, "height": 900}
#: What is fetched by a page or sent to one, and is no page itself.
NO_PAGES = {
    *("accounts:invitation", "accounts:provider", "accounts:provider_back"),
    *("health", "favicon", "studies:member_add", "studies:member_remove"),
    *("studies:consent_hand_over", "studies:consent_link_revoke", "consent:language"),
    *("reports:consent_copy", "reports:own_copy"),
    *("recordings:tus_create", "recordings:tus", "recordings:video", "recordings:poster"),
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
    for page in sorted(NO_PAGES):
        url, _ = matrix.url_of(page, world)
        # In a thread of its own, as the server does: Playwright's loop runs in this one, and a seal needs a loop.
        with ThreadPoolExecutor(1) as apart:
            answer = apart.submit(fetched, client_as(who(page)), url).result()
        is_page = answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/html")
        assert not is_page, f"{page} shows something: it is to be looked at below"


def test_every_page(open_page, world):  # noqa: F811
    pages = sorted({*access.PAGES, *access.SIGNED_IN, *access.STAFF, *access.PUBLIC, *access.BY_LINK} - NO_PAGES)
    tabs: dict[str, Any] = {}

    def look(role: str, url: str) -> Any:
        """The page in this person's one tab: scripts, styles and axe-core itself come from what it has kept."""
        if (tab := tabs.get(role)) is None:
            tab = tabs[role] = open_page(role, "about:blank", color_scheme="dark", **PHONE)
            tab.add_init_script(script())
        else:
            tab.emulate_media(color_scheme="dark")
            tab.set_viewport_size(PHONE["viewport"])
        tab.goto(url)
        return tab

    faults = []
    for page in pages:
        url, _ = matrix.url_of(page, world)
        tab, grounds = look(who(page), url), set()
        for scheme in ("dark", "light"):
            tab.emulate_media(color_scheme=scheme)
            width, headings, ground = tab.evaluate(SEEN)
            if width > 390:
                faults.append(f"{page}, {scheme}: {width} pixels wide")
            if headings != 1:
                faults.append(f"{page}, {scheme}: {headings} first headings")
            if scheme == "dark":  # the wide page below is the light one
                faults += [f"{page}, dark, phone: {one}" for one in grave(tab)]
            grounds.add(ground)
        if len(grounds) != 2:
            faults.append(f"{page}: the dark page looks like the light one")
        tab.set_viewport_size(WIDE)
        faults += [f"{page}, light, wide: {one}" for one in grave(tab)]
        faults += [f"{page}: {one}" for one in tab.complaints]
        tab.complaints.clear()
    assert faults == []
    assert len(pages) > 20
