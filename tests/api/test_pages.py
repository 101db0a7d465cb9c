"""Pages about tokens and webhooks, and the reference."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest
from django.utils import timezone

from facsweb.api import openapi
from facsweb.api.models import Delivery, Token, Webhook
from facsweb.audit.models import Entry
from tests.accounts.conftest import signed_in  # noqa: F401  (a fixture)
from tests.api.conftest import Caller

FORM = {"name": "Nightly import", "study": "", "scopes": ["studies:read", "runs:read"], "lifetime": "30"}


def test_a_token_is_made_by_whoever_confirmed_lately(client_as):
    asked = client_as("analyst").post("/account/tokens/new/", FORM)
    assert asked.status_code == 302
    assert "reauthenticate" in asked.url
    assert not Token.objects.exists()


def secret_on(page: str) -> str:
    return re.search(r'data-copy="(fswh?_[^"]+)"', page)[1]


def test_a_person_makes_a_token_uses_it_and_revokes_it(signed_in, people, study):  # noqa: F811
    client = signed_in("analyst")
    empty = client.get("/account/tokens/").content.decode()
    assert "No tokens yet" in empty
    made = client.post("/account/tokens/new/", FORM)
    secret = secret_on(made.content.decode())
    assert "no-store" in made["Cache-Control"]
    token = Token.objects.get(owner=people["analyst"])
    assert timedelta(days=29) < token.expires_at - timezone.now() <= timedelta(days=30)
    assert Caller(secret).get("/studies").json()["items"][0]["name"] == study.name
    listed = client.get("/account/tokens/").content.decode()
    assert secret not in listed
    assert "from 127.0.0.1" in listed
    for _ in range(2):  # a double click revokes once
        assert client.post("/account/tokens/", {"token": str(token.pk)}).status_code == 302
    assert Caller(secret).get("/studies").status_code == 401
    assert Entry.objects.filter(action="token.revoke").count() == 1
    assert "Revoked" in client.get("/account/tokens/").content.decode()


@pytest.mark.parametrize(
    "wrong", [{"name": ""}, {"scopes": []}, {"scopes": ["everything"]}, {"lifetime": "9999"}, {"study": "x"}]
)
def test_a_wrong_form_makes_no_token(signed_in, wrong):  # noqa: F811
    assert signed_in("analyst").post("/account/tokens/new/", FORM | wrong).status_code == 422
    assert not Token.objects.exists()


def test_a_study_of_others_is_no_choice(signed_in, study):  # noqa: F811
    client = signed_in("stranger")
    assert client.post("/account/tokens/new/", FORM | {"study": str(study.pk)}).status_code == 422
    assert not Token.objects.exists()


def test_nobody_revokes_somebody_elses_token(client_as, caller):
    caller("analyst")
    token = Token.objects.get()
    for wrong in (str(token.pk), "nonsense", ""):
        assert client_as("administrator").post("/account/tokens/", {"token": wrong}).status_code == 404
    token.refresh_from_db()
    assert token.is_valid


def test_the_reference_shows_every_operation_and_loads_nothing_from_elsewhere(client_as):
    answer = client_as("coder").get("/account/api/")
    page = html.unescape(answer.content.decode())
    for path, methods in openapi.document()["paths"].items():
        assert path in page
        for one in methods.values():
            assert f'id="{one["operationId"]}"' in page
            assert one["x-scope"] in page
    assert not re.search(r'(src|href)="(https?:)?//', page)
    assert "script-src 'self'" in answer["Content-Security-Policy"]


def test_an_administrator_sets_up_a_webhook_and_looks_after_it(client_as, study, settings):
    settings.WEBHOOK_PRIVATE = True
    client, address = client_as("administrator"), f"/studies/{study.pk}/webhooks/"
    assert "No webhooks yet" in client.get(address).content.decode()
    refused = client.post(address, {"url": "http://example.org/", "events": ["run.finished"]})
    assert (refused.status_code, "begins with https" in refused.content.decode()) == (422, True)
    made = client.post(address, {"url": "https://127.0.0.1:9/hook", "events": ["run.finished", "report.ready"]})
    secret = secret_on(made.content.decode())
    webhook = Webhook.objects.get()
    assert webhook.events == ["run.finished", "report.ready"]
    page = f"/webhooks/{webhook.pk}/"
    assert secret not in client.get(page).content.decode()
    for act, state in (("pause", "paused"), ("resume", "active"), ("nonsense", "active")):
        assert client.post(page, {"act": act}).status_code == 302
        webhook.refresh_from_db()
        assert webhook.state == state
    renewed = secret_on(client.post(page, {"act": "secret"}).content.decode())
    assert renewed != secret
    assert renewed not in client.get(page).content.decode()
    client.post(page, {"act": "ping"})
    delivery = Delivery.objects.get()
    Delivery.objects.update(state="failed", error="It answered 500.", status=500, attempts=1)
    shown = client.get(page).content.decode()
    assert "It answered 500." in shown
    client.post(f"/deliveries/{delivery.pk}/again/")
    delivery.refresh_from_db()
    assert delivery.state == "waiting"
    assert client.post(page, {"act": "remove"}).url == address
    assert not Webhook.objects.exists()
    acts = set(Entry.objects.filter(action__startswith="webhook.").values_list("action", flat=True))
    names = ("create", "pause", "resume", "ping", "send_again", "new_secret", "remove")
    assert acts == {f"webhook.{name}" for name in names}


def test_a_disabled_webhook_says_so_where_it_is_listed(client_as, study, people):
    Webhook.objects.create(
        study=study,
        url="https://a.example/",
        state="disabled",
        notice="Disabled on 1 May.",
        steward=people["administrator"],
    )
    page = client_as("administrator").get(f"/studies/{study.pk}/webhooks/").content.decode()
    assert "Disabled on 1 May." in page
