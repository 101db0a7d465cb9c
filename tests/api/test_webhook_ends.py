"""How what waits for a webhook ends: with a dead worker, a webhook that is off, and somebody who was removed."""

from __future__ import annotations

import socket
from datetime import timedelta

import pytest
from django.utils import timezone

from facsweb.accounts.models import User
from facsweb.api import delivering, webhooks
from facsweb.api.models import Delivery, Webhook
from facsweb.audit.models import Entry
from facsweb.processes.models import Ticket
from facsweb.studies.models import Membership, Role
from facsweb.studies.services import create_participant, remove_member
from tests.api.receiving import send
from tests.factories import make_coder_at_work


def test_a_worker_that_dies_in_the_last_attempt_ends_the_delivery(webhook, receiver, people, redis):
    """Its tries are used up: no attempt takes one more, and no job fails over it for ever."""
    delivery = webhooks.ping(people["administrator"], webhook)  # which has a single try
    assert delivering._claim(delivery.pk) is not None  # and the worker dies here
    past = timezone.now() - timedelta(minutes=2)
    Delivery.objects.update(next_at=past, created_at=past)
    assert delivering.recover() == 1
    delivery = send(delivery)
    assert (delivery.state, delivery.error) == ("failed", delivering.CUT_OFF)
    assert delivery.ended_at
    assert receiver.got == []
    webhooks.send_again(people["administrator"], delivery)
    assert send(delivery).state == "delivered"


def test_a_test_of_a_paused_webhook_is_put_back_too(webhook, receiver, people, redis):
    webhooks.pause(people["administrator"], webhook)
    waiting = delivering.add(webhook, "run.finished", {})
    test = webhooks.ping(people["administrator"], webhook)
    past = timezone.now() - timedelta(minutes=1)
    Delivery.objects.update(created_at=past, next_at=past)
    Ticket.objects.all().delete()  # as of a worker that died with them
    assert delivering.recover() == 1
    assert send(test).state == "delivered"
    assert send(waiting).state == "waiting"


def test_what_waits_for_a_webhook_that_is_off_does_not_wait_for_ever(webhook, people):
    old, fresh = (delivering.add(webhook, "run.finished", {}) for _ in range(2))
    Delivery.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=31))
    delivering.sweep()
    assert not Delivery.objects.exclude(state="waiting").exists(), "an active one ends them itself"
    webhooks.pause(people["administrator"], webhook)
    delivering.sweep()
    old.refresh_from_db()
    assert (old.state, old.error) == ("failed", delivering.WAITED)
    assert Delivery.objects.get(state="waiting") == fresh


@pytest.mark.parametrize("leaves", ["the study", "the installation"])
def test_nothing_leaves_by_a_webhook_of_somebody_who_was_removed(webhook, receiver, people, study, leaves):
    """They may be the one who receives: it waits until an administrator of the study has looked."""
    other = people["analyst"]
    Membership.objects.create(study=study, user=other, role=Role.ADMINISTRATOR)
    waiting = delivering.add(webhook, "run.finished", {})
    if leaves == "the study":
        remove_member(other, study, people["administrator"], Role.ADMINISTRATOR)
    else:
        User.objects.filter(pk=people["administrator"].pk).update(is_active=False)
    assert send(waiting).state == "waiting"
    assert receiver.got == []
    webhook.refresh_from_db()
    assert webhook.state == "paused"
    assert "no longer runs this study" in webhook.notice
    assert Entry.objects.filter(action="webhook.pause", details={"steward_left": True}).count() == 1
    create_participant(other, study, code="P-1")
    assert Delivery.objects.filter(event="participant.created", state="waiting").exists(), "what happens waits too"
    webhooks.resume(other, webhook)
    webhook.refresh_from_db()
    assert (webhook.steward, webhook.notice) == (other, "")
    assert send(waiting).state == "delivered"


@pytest.mark.django_db(transaction=True)
def test_a_slow_name_server_keeps_nobody_from_writing(monkeypatch):
    """Whoever sets up a webhook chooses whose name server answers; nobody waits for it but they."""
    from django.db import connection

    owner, participant = make_coder_at_work()

    def lookup(host, port, **_):
        assert not connection.in_atomic_block
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("1.1.1.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    webhooks.create(owner, participant.study, url="https://slow.example/", events=["run.finished"])
    assert Webhook.objects.count() == 1
