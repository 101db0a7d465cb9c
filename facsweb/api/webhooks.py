"""Webhooks: set up, told of what happens, paused, taken away. How a delivery is sent is in ``delivering``."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Model
from django.utils import timezone

from facsweb.accounts.models import User
from facsweb.api import addresses, delivering, sealing
from facsweb.api.events import NAMES, PING, ids_of
from facsweb.api.models import Delivery, Webhook
from facsweb.audit.personal import mark
from facsweb.audit.services import record
from facsweb.studies.models import Study

MOST: Final = 20  # of one study
State = Webhook.State
_PURPOSE: Final = "webhook secrets"


def create(actor: User, study: Study, *, url: str, events: Iterable[str]) -> tuple[Webhook, str]:
    """Set up a webhook and return it with its secret, which cannot be shown again.

    Raises
    ------
    ValidationError
        With a sentence for a person: the address may not be used, or an event is unknown.
    """
    wanted = set(events)
    if unknown := wanted - set(NAMES):
        raise ValidationError(f"There is no event {sorted(unknown)[0][:40]!r}. Choose from: {', '.join(NAMES)}.")
    if not wanted:
        raise ValidationError("Choose what the webhook is told of.")
    _check(url)  # outside the transaction: while a name is looked up, others must be able to write
    with transaction.atomic():
        return _create(actor, study, url, [name for name in NAMES if name in wanted])


def _create(actor: User, study: Study, url: str, events: list[str]) -> tuple[Webhook, str]:
    # The study's row is the lock of their number.
    Study.objects.select_for_update(no_key=True).get(pk=study.pk)
    if Webhook.objects.filter(study=study).count() >= MOST:
        raise ValidationError(f"A study has at most {MOST} webhooks. Remove one first.")
    secret = _new_secret()
    webhook = Webhook(
        study=study,
        url=url,
        events=events,
        sealed_secret=_seal(secret),
        steward=actor,
    )
    webhook.clean_fields(exclude=["url"])
    webhook.save(force_insert=True)
    record(actor, "webhook.create", webhook, **_where(webhook), events=webhook.events)
    return webhook, secret


def _where(webhook: Webhook) -> dict[str, str]:
    """Where a webhook leads, for the log: behind the host, many addresses hold a secret of their receiver."""
    return {"host": urlsplit(webhook.url).hostname or "", "address": mark(webhook.url)}


def _check(url: str) -> None:
    """Raise ValidationError for an address that may not be used now; it is looked at again at every delivery."""
    try:
        addresses.resolve(addresses.parse(url))
    except addresses.Refused as refused:
        raise ValidationError(str(refused)) from refused


@transaction.atomic
def renew_secret(actor: User, webhook: Webhook) -> str:
    """Have a webhook sign with another secret from now on, and return it; the former one signs nothing more.

    What the receiver refuses until it knows the new one is tried again, as everything that failed.
    """
    secret = _new_secret()
    Webhook.objects.filter(pk=webhook.pk).update(sealed_secret=_seal(secret))
    record(actor, "webhook.new_secret", webhook)
    return secret


@transaction.atomic
def remove(actor: User, webhook: Webhook) -> None:
    """Take a webhook away with everything that waits for it."""
    list(Webhook.objects.select_for_update(no_key=True).filter(pk=webhook.pk))
    list(Delivery.objects.select_for_update(no_key=True).filter(webhook=webhook))  # rows first, then the log
    record(actor, "webhook.remove", webhook, **_where(webhook))
    Webhook.objects.filter(pk=webhook.pk).delete()


@transaction.atomic
def pause(actor: User, webhook: Webhook) -> bool:
    """Send nothing more for now; what happens meanwhile waits. Returns whether anything changed."""
    changed = Webhook.objects.filter(pk=webhook.pk, state=State.ACTIVE).update(state=State.PAUSED)
    if changed:
        record(actor, "webhook.pause", webhook)
    return bool(changed)


@transaction.atomic
def resume(actor: User, webhook: Webhook) -> bool:
    """Send again, beginning with what waits; the actor answers for it now. Returns whether anything changed."""
    changed = (
        Webhook.objects.filter(pk=webhook.pk)
        .exclude(state=State.ACTIVE)
        .update(state=State.ACTIVE, failures=0, notice="", steward=actor)
    )
    if changed:
        Delivery.objects.filter(webhook=webhook, state=Delivery.State.WAITING).update(next_at=timezone.now())
        record(actor, "webhook.resume", webhook)
    return bool(changed)


@transaction.atomic
def ping(actor: User, webhook: Webhook) -> Delivery:
    """Send a test, once, whatever the webhook is told of."""
    delivery = delivering.add(webhook, PING, {"webhook": str(webhook.pk)}, tries=1)
    record(actor, "webhook.ping", webhook, delivery=str(delivery.pk))
    return delivery


@transaction.atomic
def send_again(actor: User, delivery: Delivery) -> None:
    """Send a delivery now, whatever became of it; the receiver knows it by its id.

    Raises
    ------
    ValidationError
        The webhook is paused or disabled.
    """
    if delivery.webhook.state != State.ACTIVE:
        raise ValidationError("The webhook is not active. Resume it first.")
    Delivery.objects.filter(pk=delivery.pk).update(
        state=Delivery.State.WAITING, next_at=timezone.now(), tries_left=delivering.TRIES, ended_at=None
    )
    record(actor, "webhook.send_again", delivery.webhook, delivery=str(delivery.pk), event=delivery.event)
    delivery.refresh_from_db()
    delivering.enqueue_on_commit(delivery)


def tell(study_id: uuid.UUID, event: str, about: Model) -> int:
    """Have everybody told who asked to be; called inside the transaction of what happened. Returns how many."""
    count = 0
    for webhook in Webhook.objects.filter(study_id=study_id).exclude(state=State.DISABLED):
        if event in webhook.events:
            delivering.add(webhook, event, ids_of(about))
            count += 1
    return count


# --- secrets ---------------------------------------------------------------------------------------------


def _new_secret() -> str:
    return "fswh_" + secrets.token_urlsafe(32)


def _seal(secret: str) -> str:
    """Encrypted, so that the database alone forges no signature."""
    return sealing.seal(_PURPOSE, secret.encode()).decode()


def secret_of(webhook: Webhook) -> str:
    """The secret that signs; empty where it cannot be read any more."""
    return (sealing.opened(_PURPOSE, webhook.sealed_secret.encode()) or b"").decode()
