"""A finished run of a participant who agreed to everything."""

from __future__ import annotations

import pytest

from facsweb.meaning import job, services
from facsweb.processes import pulse
from tests.factories import make_finished_run, make_recording


@pytest.fixture
def run(participant, consent, people):
    """The clip with a Duchenne smile and a social one, with its exact labels as the machine's signals."""
    return make_finished_run(make_recording(participant, people["analyst"]), people["analyst"])


@pytest.fixture
def read(redis, request, monkeypatch):
    """Have a run read by a worker, here and now.

    In a test that never commits, the pulse's own connection sees another state of the reading than the test: on a
    busy machine it would take the attempt for lost. It hears no orders then; nobody gives any.
    """
    marker = request.node.get_closest_marker("django_db")
    if not (marker and marker.kwargs.get("transaction")):
        monkeypatch.setattr(pulse, "TICK_S", 3600.0)

    def perform(run, actor=None):
        reading = services.ask(actor, run)
        job.perform(reading.pk, reading.attempt, worker="worker A")
        reading.refresh_from_db()
        return reading

    return perform
