"""A finished run, its machine layer, and the coder's own layer."""

from __future__ import annotations

import pytest

from tests.factories import make_finished_run, make_recording


@pytest.fixture
def run(participant, consent, people):
    return make_finished_run(make_recording(participant, people["analyst"]), people["analyst"])


@pytest.fixture
def machine(run):
    from facsweb.coding.machine import make_machine_layer

    return make_machine_layer(run)


@pytest.fixture
def layer(machine, people):
    from facsweb.coding.services import open_layer

    return open_layer(people["coder"], machine.run)
