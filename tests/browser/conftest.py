"""A real Chromium on a real server with the test's own database, for tests of single pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.browser.screenshots import chromium

#: How long a step waits for what it needs before it is given up; several of these processes share two cores.
PATIENCE_MS = 60_000
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


def is_complaint(message: Any) -> bool:
    """Whether a page's console says that something is wrong."""
    # the test's server has no WebSocket, and the review page does without
    return message.type == "error" and "/ws/layers/" not in message.text


@pytest.fixture
def site(live_server) -> Any:
    """The server that the pages come from."""
    return live_server


@pytest.fixture(scope="package")
def browser() -> Iterator[Any]:
    """One Chromium for all of these tests; each works in contexts of its own, which share nothing."""
    path = chromium()
    if path is None:
        pytest.skip("no Chromium on this machine: this page was not driven")
    with pytest.MonkeyPatch.context() as patch:
        # Playwright keeps an event loop in this thread; Django would take it for async code.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        with pytest.importorskip("playwright.sync_api").sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
            yield browser
            browser.close()


@pytest.fixture
def open_page(site, browser, client_as) -> Iterator[Callable[..., Any]]:
    """Role, path → a page of a person in that role; whatever its console complains of fails the test."""
    complaints: list[str] = []

    def open_as(role: str, address: str, **options: Any) -> Any:
        context = browser.new_context(base_url=site.url, **{"viewport": {"width": 1440, "height": 900}, **options})
        context.set_default_timeout(PATIENCE_MS)
        cookie = client_as(role).cookies["sessionid"].value
        context.add_cookies([{"name": "sessionid", "value": cookie, "url": site.url}])
        page = context.new_page()
        page.complaints = complaints
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(message.text) if is_complaint(message) else None)
        page.goto(address)
        return page

    yield open_as
    for context in list(browser.contexts):
        context.close()
    assert complaints == []
