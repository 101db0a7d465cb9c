"""A session before a camera, without the camera."""

from __future__ import annotations

import io

import pytest

from tests.conftest import MEDIA


@pytest.fixture
def begin(participant, consent, people):
    """Begin a session as a person in a role."""
    from facsweb.live import services

    def begun(role="analyst", *, sound=False, kind="video/webm;codecs=vp8"):
        return services.begin(people[role], participant, sound=sound, kind=kind)

    return begun


@pytest.fixture
def session(begin):
    return begin()


@pytest.fixture(scope="session")
def film() -> bytes:
    return (MEDIA / "d1_smile_6_12_then_12.mp4").read_bytes()


@pytest.fixture
def arrived(session, film):
    """The session, with all of its film on the server."""
    from facsweb.recordings import uploads

    for start in range(0, len(film), 100_000):
        uploads.receive(session.upload, start, io.BytesIO(film[start : start + 100_000]))
    return session
