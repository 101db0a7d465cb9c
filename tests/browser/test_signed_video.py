"""A player goes on for hours: its signed address ends, and the browser gets another without anybody noticing."""

from __future__ import annotations

import time
from typing import Any

import pytest

from facsweb.studies import signed_links as links
from tests.factories import make_recording

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.django_db(transaction=True)]

STATE = "() => { const v = document.querySelector('video'); return [v.readyState, v.error && v.error.message] }"
SEEK = """(seconds) => new Promise((done, failed) => {
  const video = document.querySelector('video');
  video.addEventListener('seeked', () => done(video.currentTime), { once: true });
  video.addEventListener('error', () => failed(new Error(video.error.message)), { once: true });
  video.currentTime = seconds;
})"""


@pytest.fixture
def recording(participant, people, consent):
    return make_recording(participant, people["analyst"])


def said(page: Any, asked: list[tuple[str, int]], *statuses: int) -> None:
    """Wait until the browser has told of such answers: it tells of them a moment after it uses them."""
    deadline = time.monotonic() + 60
    while not set(statuses) <= {status for _, status in asked}:
        assert time.monotonic() < deadline, asked
        page.wait_for_timeout(50)


def test_player_plays_and_seeks_beyond_the_end_of_its_address(open_page, recording, monkeypatch):
    asked: list[tuple[str, int]] = []
    page = open_page("coder", "about:blank")
    page.on(
        "response",
        lambda answer: asked.append((answer.url, answer.status)) if "/video" in answer.url else None,
    )
    page.goto(f"/recordings/{recording.pk}/")
    page.wait_for_function("() => document.querySelector('video').readyState >= 1")
    assert page.evaluate(STATE)[1] is None
    assert page.evaluate(SEEK, 5.0) == pytest.approx(5.0, abs=0.1)
    said(page, asked, 302, 206)
    signed = next(url for url, status in asked if status == 206)

    began = links._now()
    for hour in (1, 4, 8):
        monkeypatch.setattr(links, "_now", lambda hour=hour: began + 3600 * hour)
        asked.clear()
        assert page.evaluate(SEEK, 1.0 + hour) == pytest.approx(1.0 + hour, abs=0.1)
        refused = [line for line in asked if line[1] >= 400]
        assert refused == [], refused
    # The browser asks for the rest with the address that it was sent to first: that one ended long ago.
    asked.clear()
    length = page.evaluate(
        """(address) => new Promise((done) => {
          const video = document.createElement('video');
          video.onloadedmetadata = () => done(video.duration);
          video.onerror = () => done(0);
          video.src = address;
        })""",
        signed + "&again=1",  # another name, or the browser would take what it has
    )
    assert length == pytest.approx(10.0, abs=0.1)
    said(page, asked, 302, 206)
    # A still, asked for late, comes as well.
    shown = page.evaluate(
        """(address) => new Promise((done) => {
          const image = new Image();
          image.onload = () => done(image.naturalWidth);
          image.onerror = () => done(0);
          image.src = address;
        })""",
        f"/recordings/{recording.pk}/poster",
    )
    assert shown > 0
    # Pasted into the address bar it shows nothing.
    pasted = page.request.get(signed)
    assert pasted.status == 403
