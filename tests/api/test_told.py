"""Events that stand for entries of other rooms: their names must be what those rooms write."""

from __future__ import annotations

import pytest

from facsweb.api.models import Delivery, Webhook
from facsweb.audit.services import record
from facsweb.privacy.models import Erasure


@pytest.mark.parametrize(
    ("action", "event"),
    [("report.first_signature", "report.awaiting_second_signature"), ("report.send_back", "report.returned")],
)
def test_two_signatures(seeded, action, event):
    Webhook.objects.update(events=[event])
    record(None, action, seeded.report)
    assert Delivery.objects.get(event=event).payload["data"]["report"] == str(seeded.report.pk)


def test_an_erasure_that_was_finished(seeded, study, participant):
    from facsweb.privacy import attempts

    Webhook.objects.update(events=["erasure.finished"])
    erasure = Erasure.objects.create(study=study, participant=participant, why="request")
    claimed = attempts.claim(erasure.pk, erasure.attempt, "worker")
    assert claimed is not None
    assert attempts.finish(claimed)
    told = Delivery.objects.get(event="erasure.finished").payload["data"]
    assert told == {"erasure": str(erasure.pk), "participant": str(participant.pk)}
