"""Webhooks end to end: a real receiver on this machine, real signatures, retries, addresses that are refused."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import time
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from facsweb.api import addresses, delivering, webhooks
from facsweb.api.events import EVENTS, NAMES
from facsweb.api.models import Delivery, Webhook
from facsweb.audit.models import Entry
from facsweb.studies.services import create_participant
from facsweb.studies.withdrawing import withdraw
from tests.api.receiving import due_again, send
from tests.api.test_operations import is_problem
from tests.conftest import REPOSITORY
from tests.factories import make_coder_at_work
from tests.programs import PATIENCE_S, wait_until

# --- what is sent ----------------------------------------------------------------------------------------


def test_an_event_is_sent_signed_with_ids_alone(webhook, receiver, study, people):
    participant = create_participant(people["analyst"], study, code="P-SECRET")
    before = int(time.time())
    delivery = send(Delivery.objects.get())
    assert (delivery.state, delivery.status, delivery.attempts, delivery.error) == ("delivered", 204, 1, "")
    path, headers, body = receiver.got[0]
    assert path == "/facsweb?a=1"
    stamp, v1 = (part.partition("=")[2] for part in headers["Facsweb-Signature"].split(","))
    expected = hmac.new(webhook.secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    assert hmac.compare_digest(v1, expected)
    assert before <= int(stamp) <= time.time()
    told = json.loads(body)
    assert told["id"] == headers["Facsweb-Delivery"] == str(delivery.pk)
    assert (told["event"], told["study"]) == ("participant.created", str(study.pk))
    assert told["data"] == {"participant": str(participant.pk)}
    assert "P-SECRET" not in body.decode()


def test_every_kind_of_event_is_told_where_it_happens(webhook, seeded, people, consent):
    """Sign-off and withdrawal by their services; what a worker ends, by the functions that workers call."""
    from facsweb.runs import attempts, services
    from facsweb.runs.models import AnalysisRun

    run = services.create(people["analyst"], seeded.recording, {"neutral_us": None, "max_faces": 1})
    attempts.claim(run.pk, 1, "worker A")
    attempts.fail(run.pk, 1, error="No face.", detail="")
    again = services.create(people["analyst"], seeded.recording, {"neutral_us": None, "max_faces": 1})
    AnalysisRun.objects.filter(pk=again.pk).update(
        state="running", crashes=4, heartbeat_at=timezone.now() - timedelta(1)
    )
    services.recover()
    withdraw(people["analyst"], consent, scopes=["text"], reason="asked for")
    withdraw(people["analyst"], consent, reason="asked for")
    told = [delivery.payload for delivery in Delivery.objects.filter(webhook=webhook).order_by("created_at")]
    events = [one["event"] for one in told]
    assert events.count("run.failed") == 2
    assert {"layer.signed", "run.started", "consent.narrowed", "consent.withdrawn", "report.revoked"} <= set(
        events
    )
    assert "Checkout usability" not in str(told)
    assert "P-001" not in str(told)
    revoked = next(one["data"] for one in told if one["event"] == "report.revoked")
    assert revoked["report"] == str(seeded.report.pk)
    assert revoked["run"] == str(seeded.run.pk)


def test_every_event_comes_from_something_that_is_logged():
    """A name of the log that changes would silence its event."""
    files = (REPOSITORY / "facsweb").rglob("*.py")
    sources = {path: path.read_text(encoding="utf-8") for path in files if path.parent.name != "api"}
    for action in EVENTS:
        noun, _, verb = action.partition(".")
        by_fence = any(f'"{noun}"' in text and "RecordedFence(" in text for text in sources.values())
        assert any(f'"{action}"' in text for text in sources.values()) or (by_fence and verb == "succeed"), action


def test_what_is_undone_is_not_told(webhook, study, people):
    def fail_behind() -> None:
        with transaction.atomic():
            create_participant(people["analyst"], study, code="P-1")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_behind()
    assert not Delivery.objects.exists()


def test_only_what_was_asked_for_and_only_of_this_study(webhook, study, people):
    from facsweb.studies.services import create_study

    Webhook.objects.update(events=["run.finished"])
    create_participant(people["analyst"], study, code="P-1")
    Webhook.objects.update(events=list(NAMES))
    other = create_study(people["analyst"], name="Other", purpose="P.", setting="research", jurisdiction="Japan")
    create_participant(people["analyst"], other, code="P-1")
    assert not Delivery.objects.exists()


# --- retries ---------------------------------------------------------------------------------------------


def test_a_failed_delivery_is_tried_again_later_and_later_then_given_up(webhook, receiver, people):
    delivery = delivering.add(webhook, "run.finished", {})
    receiver.status = 503
    moments = []
    for _ in range(delivering.TRIES):
        due_again(delivery)
        before = timezone.now()
        send(delivery)
        moments.append((before, delivery.next_at, timezone.now()))
        assert (delivery.status, delivery.error) == (503, "It answered 503.")
    for minutes, (before, at, after) in zip([1, 5, 30, 120, 360, 720, 1440], moments[:-1], strict=True):
        assert before <= at - timedelta(minutes=minutes) <= after
    assert (delivery.state, delivery.attempts) == ("failed", 8)
    assert {headers["Facsweb-Delivery"] for _, headers, _ in receiver.got} == {str(delivery.pk)}
    due_again(delivery)
    assert send(delivery).attempts == 8, "given up is given up"
    receiver.status = 200
    webhooks.send_again(people["administrator"], delivery)
    assert send(delivery).state == "delivered"
    webhook.refresh_from_db()
    assert webhook.failures == 0


def test_a_job_that_is_carried_twice_sends_once(webhook, receiver):
    delivery = delivering.add(webhook, "run.finished", {})
    send(delivery)
    send(delivery)
    assert len(receiver.got) == 1


def test_a_delivery_whose_worker_died_is_sent_by_another_one(webhook, receiver, redis):
    delivery = delivering.add(webhook, "run.finished", {})
    assert delivering._claim(delivery.pk) is not None  # and the worker dies here
    send(delivery)
    assert receiver.got == [], "held by the one that took it"
    assert delivering.recover() == 0
    past = timezone.now() - timedelta(minutes=2)
    Delivery.objects.update(next_at=past, created_at=past)
    assert delivering.recover() == 1
    assert delivering.recover() == 0, "it stands in the queue"
    assert send(delivery).state == "delivered"
    assert len(receiver.got) == 1


def test_a_webhook_that_never_answers_is_disabled_with_a_notice(webhook, receiver, people, monkeypatch):
    monkeypatch.setattr(delivering, "MOST_FAILURES", 3)
    delivery = delivering.add(webhook, "run.finished", {})
    receiver.status = 500
    for _ in range(3):
        due_again(delivery)
        send(delivery)
    webhook.refresh_from_db()
    assert webhook.state == "disabled"
    assert "3 attempts failed" in webhook.notice
    assert Entry.objects.filter(action="webhook.disable").count() == 1
    due_again(delivery)
    send(delivery)
    assert len(receiver.got) == 3, "nothing more is sent"
    with pytest.raises(ValidationError, match="Resume it first"):
        webhooks.send_again(people["administrator"], delivery)
    webhooks.resume(people["administrator"], webhook)
    receiver.status = 200
    delivery.refresh_from_db()
    assert send(delivery).state == "delivered"


def test_a_receiver_that_is_gone_is_believed(webhook, receiver):
    receiver.status = 410
    send(delivering.add(webhook, "run.finished", {}))
    webhook.refresh_from_db()
    assert webhook.state == "disabled"
    assert "gone for good" in webhook.notice


def test_a_ping_is_tried_once_and_disables_nothing(webhook, receiver, people, monkeypatch):
    monkeypatch.setattr(delivering, "MOST_FAILURES", 1)
    receiver.status = 500
    delivery = send(webhooks.ping(people["administrator"], webhook))
    assert (delivery.state, delivery.attempts) == ("failed", 1)
    webhook.refresh_from_db()
    assert webhook.state == "active"


@pytest.mark.django_db(transaction=True)
def test_a_real_worker_delivers_a_real_event(redis, start_child, receiver, settings, monkeypatch):
    settings.WEBHOOK_PRIVATE = True
    monkeypatch.setenv("FACSWEB_WEBHOOK_PRIVATE", "1")
    owner, participant = make_coder_at_work()
    webhooks.create(owner, participant.study, url=receiver.url, events=["participant.created"])
    start_child("worker")
    create_participant(owner, participant.study, code="P-2")
    wait_until(lambda: Delivery.objects.get().state == "delivered", what="it is delivered")
    assert json.loads(receiver.got[0][2])["event"] == "participant.created"


# --- where nothing is sent -------------------------------------------------------------------------------


def test_a_redirect_is_not_followed(webhook, receiver):
    receiver.status = 302
    delivery = send(delivering.add(webhook, "run.finished", {}))
    assert delivery.error == "It answered 302. Redirects are not followed: give the address it leads to."
    assert [path for path, *_ in receiver.got] == ["/facsweb?a=1"]


def test_a_server_that_drips_is_cut_off(webhook, receiver, monkeypatch):
    monkeypatch.setattr(delivering, "ANSWER_S", 1.0)
    receiver.drip = True
    delivery = send(delivering.add(webhook, "run.finished", {}))  # it would drip for ever
    assert delivery.error == "No answer came in 1 s."
    assert receiver.cut_off.wait(PATIENCE_S)


def test_nobody_who_listens_is_told_in_a_sentence(webhook, receiver):
    receiver.server.server_close()
    receiver.server.shutdown()
    assert send(delivering.add(webhook, "run.finished", {})).error.startswith("The connection failed")


def test_a_name_that_turns_private_later_is_refused_at_delivery(webhook, receiver, settings, monkeypatch):
    """DNS rebinding: what counts is the address that is connected to, at that moment."""
    settings.WEBHOOK_PRIVATE = False
    Webhook.objects.update(url="https://rebinding.example/")
    answers = iter(["93.184.215.14", "127.0.0.1"])

    def lookup(host, port, **_):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))]

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    assert addresses.resolve(addresses.parse("https://rebinding.example/")) == "93.184.215.14"
    delivery = send(delivering.add(webhook, "run.finished", {}))
    assert "private network" in delivery.error
    assert receiver.got == []


# --- by the API, and pages -------------------------------------------------------------------------------


def test_webhooks_by_the_api(caller, study, receiver, settings):
    ask = caller("administrator")
    sent = {"url": receiver.url, "events": ["run.finished"]}
    is_problem(ask.post(f"/studies/{study.pk}/webhooks", json=sent), 422, "https")
    settings.WEBHOOK_PRIVATE = True
    is_problem(ask.post(f"/studies/{study.pk}/webhooks", json=sent | {"events": ["x"]}), 422, "There is no event")
    made = ask.post(f"/studies/{study.pk}/webhooks", json=sent)
    assert made.status_code == 201
    assert made.json()["secret"].startswith("fswh_")
    pinged = ask.post(f"/webhooks/{made.json()['id']}/ping")
    assert (pinged.status_code, pinged.json()["event"]) == (202, "ping")
    send(Delivery.objects.get())
    told = ask.get(f"/webhooks/{made.json()['id']}/deliveries").json()["items"]
    assert [(one["state"], one["status"], one["next_at"]) for one in told] == [("delivered", 204, None)]
    assert "secret" not in str(ask.get(f"/studies/{study.pk}/webhooks").json())
    assert ask.delete(f"/webhooks/{made.json()['id']}").status_code == 204
    assert not Webhook.objects.exists()


def test_the_secret_is_stored_encrypted_and_is_lost_with_the_key(webhook, receiver, settings):
    assert webhook.secret not in str(list(Webhook.objects.values()))
    settings.SECRET_KEY = "another"
    delivery = send(delivering.add(webhook, "run.finished", {}))
    assert delivery.error == "The signing secret cannot be read any more. Give the webhook a new one."
    assert receiver.got == []


def test_the_log_holds_the_host_and_no_secret_of_an_address(webhook, people):
    webhooks.remove(people["administrator"], webhook)
    for action in ("webhook.create", "webhook.remove"):
        told = Entry.objects.get(action=action).details
        assert told["host"] == "127.0.0.1"
        assert "facsweb?a=1" not in str(told)
        assert told["address"].startswith("mark:")


def test_another_secret_signs_from_its_moment_on(webhook, receiver, people, caller):
    """Where it may be in wrong hands, or cannot be read any more; nothing that waits is lost with it."""
    waiting = delivering.add(webhook, "run.finished", {})
    told = caller("administrator").post(f"/webhooks/{webhook.pk}/secret")
    assert told.status_code == 200
    fresh = told.json()["secret"]
    assert fresh.startswith("fswh_")
    assert fresh != webhook.secret
    assert fresh not in str(list(Webhook.objects.values()))
    assert send(waiting).state == "delivered"
    _, headers, body = receiver.got[0]
    at = int(headers["Facsweb-Signature"].split(",")[0].removeprefix("t="))
    assert headers["Facsweb-Signature"] == delivering.signature(fresh, at, body)
    assert headers["Facsweb-Signature"] != delivering.signature(webhook.secret, at, body)
    entry = Entry.objects.get(action="webhook.new_secret")
    assert entry.actor == people["administrator"]
    assert fresh not in str(entry.details)


def test_deliveries_are_forgotten_after_a_month(webhook, receiver):
    old, fresh = (send(delivering.add(webhook, "run.finished", {})) for _ in range(2))
    Delivery.objects.filter(pk=old.pk).update(ended_at=timezone.now() - timedelta(days=31))
    delivering.sweep()
    assert list(Delivery.objects.all()) == [fresh]
