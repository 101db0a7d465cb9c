"""The page of a run without a WebSocket: the test's server has none, so whatever moves came by asking."""

from __future__ import annotations

import pytest

from facsweb.runs import attempts, services
from tests.factories import make_recording

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def run(participant, consent, people, redis, monkeypatch):
    from analysis.models import store

    monkeypatch.setattr(store, "present", dict)
    return services.start(people["analyst"], make_recording(participant, people["analyst"]))


def test_without_a_socket_the_page_asks_every_two_seconds(open_page, run):
    page = open_page("analyst", f"/runs/{run.pk}/")
    page.get_by_text("No live connection; looking every 2 s").wait_for()
    attempts.claim(run.pk, 1, "worker A")
    attempts.beat(run.pk, 1, stage="measure", done=125, total=250, rate=50.0)
    page.get_by_text("125 of 250 frames · 50 frames/s · 2 s left").wait_for()
    assert page.locator("#run").get_attribute("data-state") == "running"
    attempts.fail(run.pk, 1, error="This file is not a video. Upload another.", detail="")
    page.get_by_text("This file is not a video. Upload another.").first.wait_for()
    page.get_by_role("button", name="Try again").first.wait_for()
    assert any("WebSocket" in text for text in page.complaints), "there was a socket after all"
    page.close()  # or it might try once more
    page.complaints[:] = [text for text in page.complaints if "WebSocket" not in text]
