"""A caller of the API: a token for anybody, and a study with something of everything in it."""

from __future__ import annotations

import ipaddress
import json
import socket
from collections.abc import Callable, Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.test import Client

from facsweb.api import tokens
from facsweb.api.models import Scope, Webhook
from tests.conftest import PASSWORD
from tests.factories import make_finished_run, make_recording

ROOT = "/api/v1"
EVERY_SCOPE = [str(scope) for scope in Scope]


class Caller:
    """A program with a token; ``get``, ``post`` … take a path below ``/api/v1`` and answer with the response."""

    def __init__(self, secret: str = "", client: Client | None = None) -> None:
        self.secret, self.client = secret, client or Client()

    def ask(self, method: str, path: str, **more: Any) -> Any:
        headers = more.pop("headers", {})
        if self.secret:
            headers = {"Authorization": f"Bearer {self.secret}", **headers}
        if "json" in more:
            more |= {"data": json.dumps(more.pop("json")), "content_type": "application/json"}
        path = path if path.startswith("http") else f"{ROOT}{path}"
        return getattr(self.client, method)(path.removeprefix("http://testserver"), headers=headers, **more)

    def get(self, path: str, **more: Any) -> Any:
        return self.ask("get", path, **more)

    def post(self, path: str, **more: Any) -> Any:
        return self.ask("post", path, **({"json": {}} | more) if "data" not in more else more)

    def delete(self, path: str, **more: Any) -> Any:
        return self.ask("delete", path, **more)


@pytest.fixture(autouse=True)
def _fresh_counts() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture(autouse=True)
def _no_name_service(monkeypatch) -> None:
    """Names are asked of nobody: one that answers slowly decides how long a test takes."""
    real = socket.getaddrinfo

    def look_up(host: Any, *rest: Any, **more: Any) -> Any:
        try:
            ipaddress.ip_address(host)
        except ValueError:
            if host != "localhost":
                raise socket.gaierror(socket.EAI_NONAME, "Name or service not known") from None
        return real(host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)


@pytest.fixture
def secret_for(people) -> Callable[..., str]:
    """Role (or a user), scopes → the secret of a token."""

    def make(who: Any, scopes: Any = None, **more: Any) -> str:
        owner = people[who] if isinstance(who, str) else who
        how = {"name": "Program", "lifetime": timedelta(days=1), **more}
        return tokens.create(owner, scopes=EVERY_SCOPE if scopes is None else scopes, **how)[1]

    return make


@pytest.fixture
def caller(secret_for) -> Callable[..., Caller]:
    """Role, scopes → a program that acts for the person in that role."""
    return lambda who="analyst", scopes=None, **more: Caller(secret_for(who, scopes, **more))


def make_report(layer: Any, coder: Any, pdf: bytes = b"%PDF-1.7") -> Any:
    """A coding signed by its coder, with a document in place, not typeset."""
    from facsweb.coding.services import accept_event
    from facsweb.reports import services

    for event in layer.events.all():
        accept_event(coder, event, expected=1)
    layer.refresh_from_db()
    report = services.sign(coder, layer, password=PASSWORD, statement=services.STATEMENT).report
    report.pdf.save("report.pdf", ContentFile(pdf), save=False)
    report.state = "ready"
    report.save()
    return report


@pytest.fixture
def seeded(people, participant, consent, study) -> SimpleNamespace:
    """One of everything that the API speaks of, by the name of its path parameter."""
    from facsweb.api import delivering
    from facsweb.api.webhooks import _seal
    from facsweb.coding.machine import make_machine_layer
    from facsweb.coding.services import open_layer
    from facsweb.reports.models import Document
    from facsweb.studies import links

    recording = make_recording(participant, people["analyst"])
    run = make_finished_run(recording, people["analyst"])
    make_machine_layer(run)
    layer = open_layer(people["coder"], run)
    report = make_report(layer, people["coder"])
    hook = Webhook.objects.create(
        study=study,
        url="https://receiver.example.org/facsweb",
        events=["run.finished"],
        sealed_secret=_seal("fswh_test"),
        steward=people["administrator"],
    )
    document = Document.objects.create(report=report, kind="participant", state="ready")
    document.pdf.save("participant.pdf", ContentFile(b"%PDF-1.7 copy"))
    delivery = delivering.add(hook, "run.finished", {"run": str(run.pk)})
    return SimpleNamespace(
        study=study,
        participant=participant,
        recording=recording,
        run=run,
        layer=layer,
        report=report,
        document=document,
        consent_link=links.make(people["analyst"], participant)[0],
        webhook=hook,
        delivery=delivery,
    )


from tests.api.receiving import receiver, webhook  # noqa: E402, F401
from tests.runs.conftest import start_child  # noqa: E402, F401  (a real worker)
