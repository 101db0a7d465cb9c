"""The same request twice is one: by its key, at once, after a server died, and with a file."""

from __future__ import annotations

import errno
import hashlib
import os
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings as settings_of
from django.db import connection
from django.utils import timezone

from facsweb.api import addresses, idempotency, sealing, tokens
from facsweb.api.models import KeyedRequest, Scope, Webhook
from facsweb.audit.models import Entry
from facsweb.recordings import files, uploads
from facsweb.recordings.models import Recording, Upload
from facsweb.studies.models import Participant
from tests.api.conftest import Caller
from tests.api.test_operations import CLIP, is_problem
from tests.at_once import at_once
from tests.factories import make_coder_at_work
from tests.programs import PATIENCE_S


def keyed(ask, study, code, key="k-1"):
    return ask.post(f"/studies/{study.pk}/participants", json={"code": code}, headers={"Idempotency-Key": key})


def test_the_same_request_twice_is_one(caller, study):
    ask = caller("analyst")
    first, second = keyed(ask, study, "P-1"), keyed(ask, study, "P-1")
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.json() == first.json()
    assert "Idempotency-Replayed" not in first
    assert second["Idempotency-Replayed"] == "true"
    assert Participant.objects.count() == 1
    is_problem(keyed(ask, study, "P-2"), 422, "another request")
    assert keyed(caller("analyst"), study, "P-2").status_code == 201, "a key belongs to its token"


def test_kept_answers_lie_encrypted_and_are_lost_with_the_key(caller, study, settings):
    ask = caller("analyst")
    keyed(ask, study, "P-1")
    assert b"P-1" not in bytes(KeyedRequest.objects.get().body)
    settings.SECRET_KEY = "another"
    is_problem(keyed(ask, study, "P-1"), 409, "cannot be read any more")
    assert Participant.objects.count() == 1


def test_a_refused_request_may_be_corrected_under_its_key(caller, study):
    ask = caller("analyst")
    is_problem(keyed(ask, study, ""), 422)
    assert keyed(ask, study, "P-1").status_code == 201


def test_a_key_is_forgotten_after_a_day(caller, study):
    ask = caller("analyst")
    keyed(ask, study, "P-1")
    KeyedRequest.objects.update(started_at=timezone.now() - timedelta(hours=25))
    assert keyed(ask, study, "P-2").status_code == 201
    KeyedRequest.objects.update(started_at=timezone.now() - timedelta(hours=25))
    assert idempotency.forget() == 1


def test_what_is_no_key(caller, study):
    for key in ("", "two words", "x" * 201, "schlüssel"):
        is_problem(keyed(caller("analyst"), study, "P-1", key), 422, "Idempotency-Key")
    assert not Participant.objects.exists()


def test_a_request_that_died_with_its_server_may_be_sent_again(caller, study):
    ask = caller("analyst")
    keyed(ask, study, "P-1")
    KeyedRequest.objects.update(status=None)
    Participant.objects.all().delete()
    answer = keyed(ask, study, "P-1")
    is_problem(answer, 409, "at this moment")
    assert answer["Retry-After"]
    KeyedRequest.objects.update(started_at=timezone.now() - timedelta(minutes=11))
    assert keyed(ask, study, "P-1").status_code == 201


@pytest.mark.django_db(transaction=True)
def test_the_same_request_at_once_makes_one():
    """Whoever comes while the first is answered is told to wait, or gets its answer."""
    owner, participant = make_coder_at_work()
    secret = tokens.create(owner, name="P", scopes=[Scope.PARTICIPANTS_WRITE], lifetime=timedelta(days=1))[1]
    answers = at_once(lambda: keyed(Caller(secret), participant.study, "P-7").status_code)
    assert 201 in answers
    assert set(answers) <= {201, 409}
    assert keyed(Caller(secret), participant.study, "P-7").status_code == 201
    assert Participant.objects.filter(code="P-7").count() == 1
    assert Entry.objects.filter(action="participant.create").count() == 1


@pytest.mark.django_db(transaction=True)
def test_who_comes_while_the_first_is_answered_is_told_to_wait(monkeypatch, settings):
    """Four threads with one key; the first waits for a name server, and holds up nobody with that."""
    settings.WEBHOOK_PRIVATE = True
    owner, participant = make_coder_at_work()
    secret = tokens.create(owner, name="P", scopes=[Scope.WEBHOOKS_WRITE], lifetime=timedelta(days=1))[1]
    inside, go_on, resolve = threading.Event(), threading.Event(), addresses.resolve

    def slow(target):
        inside.set()
        assert go_on.wait(PATIENCE_S)
        return resolve(target)

    monkeypatch.setattr(addresses, "resolve", slow)
    path, sent = (
        f"/studies/{participant.study.pk}/webhooks",
        {"url": "https://127.0.0.1/", "events": ["run.failed"]},
    )
    answers: list[int] = []

    def send():
        try:
            more = {"json": sent, "headers": {"Idempotency-Key": "w-1"}}
            answers.append(Caller(secret).post(path, **more).status_code)
        finally:
            connection.close()

    first = threading.Thread(target=send)
    first.start()
    assert inside.wait(PATIENCE_S)
    others = [threading.Thread(target=send) for _ in range(3)]
    for one in others:
        one.start()
    for one in others:
        one.join(PATIENCE_S)
    assert answers == [409, 409, 409]
    go_on.set()
    first.join(PATIENCE_S)
    send()
    assert answers[-2:] == [201, 201]
    assert Webhook.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_server_that_dies_before_it_has_kept_its_answer_has_done_nothing(monkeypatch):
    """The act and its answer are one: asked again, it is done once, and not refused for having been done."""
    owner, participant = make_coder_at_work()
    secret = tokens.create(owner, name="P", scopes=[Scope.PARTICIPANTS_WRITE], lifetime=timedelta(days=1))[1]

    def dies(*_):
        raise RuntimeError

    with monkeypatch.context() as short:
        short.setattr(sealing, "seal", dies)
        assert keyed(Caller(secret), participant.study, "P-7").status_code == 500
    assert not Participant.objects.filter(code="P-7").exists()
    assert not Entry.objects.filter(action="participant.create").exists()
    assert keyed(Caller(secret), participant.study, "P-7").status_code == 201


# --- files in one request --------------------------------------------------------------------------------


def upload(ask, participant, key="up-1", body=None):
    return ask.post(
        f"/participants/{participant.pk}/recordings?filename=a.mp4",
        data=CLIP.read_bytes() if body is None else body,
        content_type="application/octet-stream",
        headers={"Idempotency-Key": key},
    )


def forget_the_answer():
    """As if the server had died before it kept its answer, long ago."""
    KeyedRequest.objects.update(status=None, started_at=timezone.now() - idempotency.DEAD_AFTER * 2)


def test_an_upload_whose_server_died_is_one_recording(caller, participant, consent):
    ask = caller("analyst")
    first = upload(ask, participant)
    forget_the_answer()
    assert upload(ask, participant).json() == first.json()
    assert Recording.objects.count() == Upload.objects.count() == 1
    assert upload(ask, participant, "up-2").json()["id"] != first.json()["id"], "another key is another upload"


def test_an_upload_whose_server_died_in_its_middle_goes_on(caller, participant, consent):
    ask, body = caller("analyst"), CLIP.read_bytes()
    first = upload(ask, participant).json()
    forget_the_answer()
    Upload.objects.update(state=Upload.State.RECEIVING, offset=1000, recording=None)
    Recording.objects.all().delete()
    folder = files.upload_folder(Upload.objects.get().pk)
    folder.mkdir(parents=True)
    files.upload_data(Upload.objects.get().pk).write_bytes(body[:1000] + b"not synced")
    again = upload(ask, participant)
    assert again.status_code == 201
    assert (again.json()["id"], again.json()["sha256"]) == (first["id"], hashlib.sha256(body).hexdigest())


def test_an_upload_that_finds_no_room_leaves_nothing(caller, participant, consent, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    folder = Path(settings_of.UPLOAD_DIR)
    folder.mkdir(parents=True, exist_ok=True)
    before = set(folder.iterdir())  # of other tests
    with monkeypatch.context() as short:
        short.setattr(os, "fsync", full)
        is_problem(upload(caller("analyst"), participant), 507, "disk is full")
    assert not Upload.objects.exists()
    assert set(folder.iterdir()) == before


def test_a_file_that_is_refused_stays_told(caller, participant, consent):
    is_problem(upload(caller("analyst"), participant, body=b"no video"), 422)
    assert Upload.objects.get().state == Upload.State.REJECTED


def test_an_upload_that_the_recovery_process_finishes_is_told_all_the_same(
    caller, participant, consent, monkeypatch
):
    """It finds every upload whose last byte came, also one that a request is about to finish."""
    receive, held = uploads.receive, threading.Event()

    def hold(folder):
        with files.locked(folder):
            held.set()
            time.sleep(0.5)

    def received(one, *args, **kwargs):
        done = receive(one, *args, **kwargs)
        threading.Thread(target=hold, args=[files.upload_folder(one.pk)]).start()
        assert held.wait(PATIENCE_S)
        return done

    monkeypatch.setattr(uploads, "receive", received)
    assert upload(caller("analyst"), participant).status_code == 201
    assert Recording.objects.count() == 1


def test_an_upload_with_a_key_is_kept_once(caller, participant, consent):
    ask, body = caller("analyst"), CLIP.read_bytes()
    path = f"/participants/{participant.pk}/recordings?filename=a.mp4"
    send = {"content_type": "application/octet-stream", "headers": {"Idempotency-Key": "up-1"}}
    first = ask.post(path, data=body, **send)
    assert ask.post(path, data=body, **send).json() == first.json()
    is_problem(ask.post(path, data=body + b"x", **send), 422, "another request")
    assert Recording.objects.count() == 1
