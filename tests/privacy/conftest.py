"""A participant of whom everything is stored, in folders of the test's own."""

from __future__ import annotations

import pytest

from tests.privacy import made


@pytest.fixture(autouse=True)
def _own_folders(settings, tmp_path, monkeypatch):
    """What a test finds in the folders is what it put there."""
    for name in ("MEDIA_ROOT", "UPLOAD_DIR", "SCORERS_DIR"):
        folder = tmp_path / name.lower()
        folder.mkdir()
        setattr(settings, name, folder)
    monkeypatch.setenv("FACSWEB_SCORERS", str(settings.SCORERS_DIR))


@pytest.fixture(scope="session")
def clip(tmp_path_factory):
    """The short clip with sound."""
    return made.talking(tmp_path_factory.mktemp("talking") / "clip.mp4")


@pytest.fixture
def consent(consent):
    """The usual consent, signed with a name that can be searched for."""
    type(consent).objects.filter(pk=consent.pk).update(signature=f"{made.PERSON} Person")
    consent.refresh_from_db()
    return consent


@pytest.fixture
def world(participant, consent, people, clip):
    """Something of the participant in every table and every folder."""
    return made.everything(participant, people, clip)


@pytest.fixture
def erase():
    """Do a worker's work on every erasure that waits, here and now."""
    from facsweb.privacy import destroying, job
    from facsweb.privacy.models import Erasure

    def do() -> list[Erasure]:
        done = []
        for erasure in Erasure.objects.filter(state="queued").order_by("created_at"):
            Erasure.objects.filter(pk=erasure.pk).update(state="running", worker="here")
            erasure = Erasure.objects.select_related("participant__study", "study").get(pk=erasure.pk)
            destroying.destroy(erasure)
            assert job.finish(erasure)
            erasure.refresh_from_db()
            done.append(erasure)
        return done

    return do


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch):
    """Nothing is at work in most tests; those in which something is wait as the product does."""
    from datetime import timedelta

    from facsweb.privacy import destroying

    monkeypatch.setattr(destroying, "STOPS_WITHIN", timedelta(0))
