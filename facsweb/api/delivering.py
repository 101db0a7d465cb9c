"""Sending what happened to another system: signed, retried for two days, given up with a notice.

Rows are the truth and the queue only carries them. A delivery may be sent twice (a worker may die between the
answer and the row), so it has an id by which the receiver knows it.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import http.client
import json
import logging
import socket
import ssl
import threading
import time
import uuid
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from facsweb.api import addresses
from facsweb.api.events import PING
from facsweb.api.models import Delivery, Webhook
from facsweb.audit.services import canonical, record
from facsweb.processes import queue
from facsweb.studies import access
from facsweb.studies.models import Role

log = logging.getLogger(__name__)
#: Waiting times after each failed attempt; behind the last one the delivery is given up.
BACKOFF: Final = (
    *(timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30)),
    *(timedelta(hours=2), timedelta(hours=6), timedelta(hours=12), timedelta(hours=24)),
)
TRIES: Final = len(BACKOFF) + 1
#: So many failures without a success between them, and the webhook is disabled.
MOST_FAILURES: Final = 30
ANSWER_S: Final = 10.0
#: For so long a worker may hold a delivery before another one takes it.
HELD: Final = timedelta(seconds=60)
GRACE: Final = timedelta(seconds=3)
KEPT: Final = timedelta(days=30)
CUT_OFF: Final = "The last attempt was cut off, for its worker stopped. Whether it arrived is not known."
WAITED: Final = "It waited for 30 days for the webhook to be resumed, and was given up."
RESUME: Final = "What waits is kept for 30 days; resume it when the receiver works again."
LEFT: Final = (
    "whoever set it up or resumed it last no longer runs this study. Look at the address, and resume it if it is "
    "one of yours. What waits is kept for 30 days."
)
_SWEEP_EVERY_S: Final = 600.0
_last_sweep = 0.0
State = Delivery.State


def add(webhook: Webhook, event: str, data: dict[str, Any], *, tries: int = TRIES) -> Delivery:
    """A delivery that is sent once the transaction is committed."""
    pk, now = uuid.uuid4(), timezone.now()
    payload = {
        "id": str(pk),
        "event": event,
        "at": now.isoformat(timespec="seconds"),
        "study": str(webhook.study_id),
        "data": data,
    }
    delivery = Delivery.objects.create(id=pk, webhook=webhook, event=event, payload=payload, tries_left=tries)
    if webhook.state == Webhook.State.ACTIVE or event == PING:
        enqueue_on_commit(delivery)
    return delivery


TASK: Final = "facsweb.api.tasks.deliver"


def job_id(delivery: Delivery) -> str:
    """Deterministic, one for each attempt."""
    return f"webhook-{delivery.pk}-{delivery.attempts}"


def enqueue_on_commit(delivery: Delivery) -> None:
    """Have a worker send it."""
    queue.enqueue_on_commit(TASK, str(delivery.pk), **_about(delivery))


def _about(delivery: Delivery) -> dict[str, Any]:
    about = {"study": delivery.webhook.study_id, "row": delivery.pk, "attempt": delivery.attempts}
    return about | {"job_id": job_id(delivery)}


def signature(secret: str, at: int, body: bytes) -> str:
    """The header ``Facsweb-Signature``: the time and an HMAC-SHA256 over time, a dot and the body."""
    digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


# --- one attempt -----------------------------------------------------------------------------------------


def deliver(pk: uuid.UUID) -> None:
    """Send a due delivery once; does nothing when somebody else does, or nothing is due."""
    delivery = _claim(pk)
    if delivery is None:
        return
    began = time.monotonic()
    status, error = send(delivery)
    _finish(delivery, status, error, round((time.monotonic() - began) * 1000))


def _claim(pk: uuid.UUID) -> Delivery | None:
    """Take a due delivery: its next attempt is put off until this one must have ended."""
    delivery = Delivery.objects.select_related("webhook__study", "webhook__steward").filter(pk=pk).first()
    now = timezone.now()
    if delivery is None or (delivery.event != PING and not _goes_on(delivery.webhook, now)):
        return None
    due = Delivery.objects.filter(pk=pk, state=State.WAITING, attempts=delivery.attempts, next_at__lte=now)
    # None left, and it still waits: the worker of the last attempt died in it.
    if due.filter(tries_left=0).update(state=State.FAILED, ended_at=now, error=CUT_OFF):
        return None
    taken = due.filter(tries_left__gt=0).update(
        attempts=F("attempts") + 1, tries_left=F("tries_left") - 1, next_at=now + HELD
    )
    if not taken:
        return None
    delivery.refresh_from_db()
    return delivery


def _goes_on(webhook: Webhook, now: datetime) -> bool:
    """Whether a webhook is active, and whoever answers for it still runs the study; else it is paused.

    Somebody who was removed may be the one who receives, so nothing more leaves until an administrator has looked.
    """
    if webhook.state != Webhook.State.ACTIVE:
        return False
    steward = webhook.steward
    if steward.is_active and Role.ADMINISTRATOR in access.roles_of(steward, webhook.study):
        return True
    notice = f"Paused on {now:%d %B %Y}: {LEFT}"
    active = Webhook.objects.filter(pk=webhook.pk, state=Webhook.State.ACTIVE, steward=steward)
    with transaction.atomic():
        if active.update(state=Webhook.State.PAUSED, notice=notice):
            record(None, "webhook.pause", webhook, steward_left=True)
    return False


def send(delivery: Delivery) -> tuple[int | None, str]:
    """Post a delivery to its webhook.

    Returns
    -------
    status : int or None
        Of the answer, if there was one.
    error : str
        Why it did not work, a sentence; empty where it did.
    """
    from facsweb.api.webhooks import secret_of

    if not (secret := secret_of(delivery.webhook)):
        return None, "The signing secret cannot be read any more. Give the webhook a new one."
    body = canonical(delivery.payload)
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "facsweb-webhooks/1",
        "Facsweb-Event": delivery.event,
        "Facsweb-Delivery": str(delivery.pk),
        "Facsweb-Signature": signature(secret, int(time.time()), body),
        "Connection": "close",
    }
    try:
        status = post(delivery.webhook.url, body, headers)
    except addresses.Refused as refused:
        return None, str(refused)
    except ssl.SSLError as error:
        return None, f"No safe connection could be made ({error.reason or 'TLS error'})."
    except TimeoutError:
        return None, f"No answer came in {ANSWER_S:.0f} s."
    except (OSError, http.client.HTTPException) as error:
        return None, f"The connection failed ({type(error).__name__})."
    if 200 <= status < 300:
        return status, ""
    moved = " Redirects are not followed: give the address it leads to." if 300 <= status < 400 else ""
    return status, f"It answered {status}.{moved}"


def post(url: str, body: bytes, headers: dict[str, str]) -> int:
    """Post to an address that webhooks may have, and return the status; what is answered is never read.

    Raises
    ------
    addresses.Refused, TimeoutError, OSError, http.client.HTTPException
    """
    target = addresses.parse(url)
    link = addresses.connect(target)
    late = threading.Event()

    def give_up() -> None:  # a server that answers a byte a second would hold the worker for ever
        late.set()
        with contextlib.suppress(OSError, AttributeError):
            link.sock.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(ANSWER_S, give_up)
    timer.start()
    try:
        link.request("POST", target.path, body, headers)
        return link.getresponse().status
    except (OSError, http.client.HTTPException):
        if late.is_set():
            raise TimeoutError from None
        raise
    finally:
        timer.cancel()
        link.close()


@transaction.atomic
def _finish(delivery: Delivery, status: int | None, error: str, duration_ms: int) -> None:
    """Write what became of an attempt, unless another worker has taken the delivery since."""
    now = timezone.now()
    list(Webhook.objects.select_for_update(no_key=True).filter(pk=delivery.webhook_id))  # as who removes it
    mine = Delivery.objects.filter(pk=delivery.pk, attempts=delivery.attempts, state=State.WAITING)
    said = {"status": status, "duration_ms": duration_ms, "error": error}
    if not error:
        if mine.update(state=State.DELIVERED, ended_at=now, **said):
            Webhook.objects.filter(pk=delivery.webhook_id).update(failures=0)
        return
    if delivery.tries_left > 0:
        wait = BACKOFF[max(0, TRIES - delivery.tries_left - 1)]
        changed = mine.update(next_at=now + wait, **said)
    else:
        changed = mine.update(state=State.FAILED, ended_at=now, **said)
    if changed and delivery.event != PING:
        _count_failure(delivery.webhook, status, error, now)


def _count_failure(webhook: Webhook, status: int | None, error: str, now: datetime) -> None:
    """Disable a webhook that never answers, or that says it is gone."""
    Webhook.objects.filter(pk=webhook.pk).update(failures=F("failures") + 1)
    webhook.refresh_from_db()
    if status == 410:
        notice = "The receiver said that it is gone for good (410)."
    elif webhook.failures >= MOST_FAILURES:
        notice = f"{webhook.failures} attempts failed one after the other; the last time: {error}"
    else:
        return
    notice = f"Disabled on {now:%d %B %Y}. {notice} {RESUME}"
    if Webhook.objects.filter(pk=webhook.pk, state=Webhook.State.ACTIVE).update(
        state=Webhook.State.DISABLED, notice=notice
    ):
        record(None, "webhook.disable", webhook, failures=webhook.failures, status=status)


# --- the recovery process --------------------------------------------------------------------------------


def recover() -> int:
    """Enqueue what is due and not in the queue, and now and then forget what is old; return how many."""
    global _last_sweep
    count, due = 0, timezone.now() - GRACE
    sent = Q(webhook__state=Webhook.State.ACTIVE) | Q(event=PING)  # a test is sent from a paused one, too
    waiting = Delivery.objects.filter(sent, state=State.WAITING, next_at__lte=due, created_at__lte=due)
    lost = queue.without_ticket(waiting, TASK, attempt="attempts", taken=None)
    for delivery in lost.select_related("webhook").order_by("next_at")[:200]:
        count += queue.enqueue(TASK, str(delivery.pk), **_about(delivery))
    if time.monotonic() - _last_sweep > _SWEEP_EVERY_S or not _last_sweep:
        _last_sweep = time.monotonic()
        sweep()
    return count


def sweep() -> None:
    """Forget deliveries that ended a month ago, and keys of requests that are older than a day.

    What has waited for a month for a paused or disabled webhook is given up: ids of a participant, who may be
    erased by now, do not wait for ever.
    """
    from facsweb.api import idempotency

    now = timezone.now()
    Delivery.objects.filter(ended_at__lt=now - KEPT).delete()
    Delivery.objects.filter(state=State.WAITING, created_at__lt=now - KEPT).exclude(
        webhook__state=Webhook.State.ACTIVE
    ).update(state=State.FAILED, ended_at=now, error=WAITED)
    idempotency.forget()


def as_text(delivery: Delivery) -> str:
    """The payload for a person."""
    return json.dumps(delivery.payload, indent=2)
