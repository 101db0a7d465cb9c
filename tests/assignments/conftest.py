"""Two coders, a lead, and two analysed recordings."""

from __future__ import annotations

from typing import Any

import pytest

from facsweb.studies.models import Membership, Role
from tests.conftest import PASSWORD
from tests.factories import make_finished_run, make_recording


@pytest.fixture
def runs(participant, consent, people) -> list[Any]:
    return [make_finished_run(make_recording(participant, people["analyst"]), people["analyst"]) for _ in range(2)]


@pytest.fixture
def second(people, study) -> Any:
    """Another FACS coder, in `people` as "second"."""
    from facsweb.accounts.models import User

    user = User.objects.create_user("second@example.org", "Second Person", PASSWORD)
    Membership.objects.create(study=study, user=user, role=Role.CODER)
    people["second"] = user
    return user
