"""A real Chromium on a real server with the test's own database, for tests of single pages."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.browser.screenshots import chromium

#: How long a step waits for what it needs before it is given up; several of these processes share two cores.
PATIENCE_MS = 60_000
WIDE = {"width": 1440, "height": 900}
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


def is_complaint(message: Any) -> bool:
    """Whether a page's console says that something is wrong."""
    # the test's server has no WebSocket, and the review page does without
    return message.type == "error" and "/ws/layers/" not in message.text


@pytest.fixture(scope="session")
def live_server(django_test_environment) -> Iterator[Any]:
    """As pytest-django's, but static files come as the site sends them: the browser keeps each for good."""
    from django.contrib.staticfiles import handlers
    from pytest_django.live_server_helper import LiveServer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(handlers, "StaticFilesHandler", lambda application: application)
        server = LiveServer("localhost")
    yield server
    server.stop()


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


class Windows:
    """Windows of the browser that share nothing, used by one test after the other.

    What a window has of scripts and styles stays in it, so that they are not fetched and read anew for every test.
    Everything else goes when the test ends: tabs, cookies, what pages stored, and whether there is a connection.
    """

    def __init__(self, browser: Any, url: str) -> None:
        self.browser, self.url = browser, url
        self.free: dict[str, list[Any]] = defaultdict(list)
        self.taken: list[tuple[str, Any]] = []

    def tab(self, **options: Any) -> Any:
        """An empty tab in a window that nobody else uses; size, colours and motion are the tab's alone."""
        size = options.pop("viewport", WIDE)
        media = {name: options.pop(name) for name in ("color_scheme", "reduced_motion") if name in options}
        kind = repr(sorted(options.items()))
        if self.free[kind]:
            context = self.free[kind].pop()
        else:
            context = self.browser.new_context(base_url=self.url, viewport=WIDE, **options)
            context.set_default_timeout(PATIENCE_MS)
        self.taken.append((kind, context))
        page = context.new_page()
        if size != WIDE:
            page.set_viewport_size(size)
        if media:
            page.emulate_media(**media)
        return page

    def leave(self) -> None:
        """The test is over."""
        for kind, context in self.taken:
            if context not in self.browser.contexts:
                continue  # the test closed it
            self.forget(context)
            self.free[kind].append(context)
        self.taken.clear()

    def forget(self, context: Any) -> None:
        for page in context.pages[1:]:
            page.close()
        context.set_offline(False)
        context.unroute_all(behavior="ignoreErrors")
        context.clear_cookies()
        last = context.pages[0] if context.pages else context.new_page()
        last.unroute_all(behavior="ignoreErrors")
        last.goto("about:blank")  # nothing of the site is at work any more
        what = {"origin": self.url, "storageTypes": "all"}
        context.new_cdp_session(last).send("Storage.clearDataForOrigin", what)
        last.close()


@pytest.fixture(scope="package")
def _windows(browser, live_server) -> Windows:
    return Windows(browser, live_server.url)


@pytest.fixture
def windows(_windows, site) -> Iterator[Windows]:
    """Windows of nobody, until the test ends."""
    yield _windows
    _windows.leave()


@pytest.fixture
def open_page(site, windows, client_as) -> Iterator[Callable[..., Any]]:
    """Role, path → a page of a person in that role; whatever its console complains of fails the test."""
    complaints: list[str] = []

    def open_as(role: str, address: str, **options: Any) -> Any:
        page = windows.tab(**options)
        cookie = client_as(role).cookies["sessionid"].value
        page.context.add_cookies([{"name": "sessionid", "value": cookie, "url": site.url}])
        page.complaints = complaints
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(message.text) if is_complaint(message) else None)
        page.goto(address)
        return page

    yield open_as
    windows.leave()  # so that nothing is complained of any more
    assert complaints == []
