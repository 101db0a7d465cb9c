"""Webhooks of a study: set up, tested, looked after."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from ninja import Router
from ninja.responses import Status

from facsweb.api import gate, paging, schemas, webhooks
from facsweb.api.gate import JSON, CallerRequest, operation
from facsweb.api.models import Delivery, Scope, Webhook
from facsweb.studies.models import Study

router = Router()


def webhook_out(webhook: Webhook) -> dict[str, Any]:
    """A webhook without its secret."""
    names = ("url", "events", "state", "notice", "created_at")
    return {"id": webhook.pk, "study": webhook.study_id, **{name: getattr(webhook, name) for name in names}}


def delivery_out(delivery: Delivery) -> dict[str, Any]:
    """A delivery with what was sent."""
    names = ("event", "state", "attempts", "status", "error", "created_at", "payload")
    waiting = delivery.state == Delivery.State.WAITING
    return {
        "id": delivery.pk,
        "webhook": delivery.webhook_id,
        "next_at": delivery.next_at if waiting else None,
        **{name: getattr(delivery, name) for name in names},
    }


@operation(
    router,
    "GET",
    "/studies/{uuid:study}/webhooks",
    response=schemas.Page[schemas.WebhookOut],
    scope=Scope.WEBHOOKS_WRITE,
)
def webhooks_list(
    request: CallerRequest, study: UUID, cursor: paging.Cursor = "", limit: paging.Limit = 50
) -> Any:
    """Webhooks of a study"""
    found = gate.get(request, "webhooks_list", Study, study)
    page = paging.page(request, Webhook.objects.filter(study=found), cursor, limit)
    return page | {"items": [webhook_out(one) for one in page["items"]]}


@operation(
    router,
    "POST",
    "/studies/{uuid:study}/webhooks",
    response={201: schemas.NewWebhookOut},
    scope=Scope.WEBHOOKS_WRITE,
    takes=JSON,
    example={"url": "https://lab.example.org/facsweb", "events": ["run.finished", "report.ready"]},
    together=False,  # its name is looked up
)
def webhook_create(request: CallerRequest, study: UUID, body: schemas.WebhookIn) -> Any:
    """Set up a webhook

    The address must be https and lie in the public internet. The answer holds the secret that signs every
    delivery, this once.
    """
    found = gate.get(request, "webhook_create", Study, study)
    webhook, secret = webhooks.create(request.user, found, url=body.url, events=body.events)
    return Status(201, webhook_out(webhook) | {"secret": secret})


@operation(router, "DELETE", "/webhooks/{uuid:webhook}", response={204: None}, scope=Scope.WEBHOOKS_WRITE)
def webhook_delete(request: CallerRequest, webhook: UUID) -> Any:
    """Take a webhook away"""
    webhooks.remove(request.user, gate.get(request, "webhook_delete", Webhook, webhook, "study"))
    response = HttpResponse(status=204)
    del response["Content-Type"]
    return response


@operation(
    router,
    "POST",
    "/webhooks/{uuid:webhook}/secret",
    response=schemas.NewWebhookOut,
    scope=Scope.WEBHOOKS_WRITE,
)
def webhook_renew_secret(request: CallerRequest, webhook: UUID) -> Any:
    """Have a webhook sign with a new secret

    From now on; the former one signs nothing more. The answer holds the new one, this once. What the receiver
    refuses until it knows it is tried again.
    """
    found = gate.get(request, "webhook_renew_secret", Webhook, webhook, "study")
    secret = webhooks.renew_secret(request.user, found)  # type: ignore[arg-type]
    return webhook_out(found) | {"secret": secret}


@operation(
    router,
    "POST",
    "/webhooks/{uuid:webhook}/ping",
    response={202: schemas.DeliveryOut},
    scope=Scope.WEBHOOKS_WRITE,
)
def webhook_ping(request: CallerRequest, webhook: UUID) -> Any:
    """Send a test"""
    found = gate.get(request, "webhook_ping", Webhook, webhook, "study")
    return Status(202, delivery_out(webhooks.ping(request.user, found)))


@operation(
    router,
    "GET",
    "/webhooks/{uuid:webhook}/deliveries",
    response=schemas.Page[schemas.DeliveryOut],
    scope=Scope.WEBHOOKS_WRITE,
)
def webhook_deliveries(
    request: CallerRequest, webhook: UUID, cursor: paging.Cursor = "", limit: paging.Limit = 50
) -> Any:
    """What was sent to a webhook in the last month"""
    found = gate.get(request, "webhook_deliveries", Webhook, webhook, "study")
    page = paging.page(request, found.deliveries.all(), cursor, limit)
    return page | {"items": [delivery_out(one) for one in page["items"]]}


@operation(
    router,
    "POST",
    "/deliveries/{uuid:delivery}/again",
    response={202: schemas.DeliveryOut},
    scope=Scope.WEBHOOKS_WRITE,
)
def delivery_again(request: CallerRequest, delivery: UUID) -> Any:
    """Send a delivery again"""
    found = gate.get(request, "delivery_again", Delivery, delivery, "webhook__study")
    webhooks.send_again(request.user, found)
    return Status(202, delivery_out(found))
