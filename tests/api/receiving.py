"""A real receiver of webhooks on this machine, and a webhook that leads to it."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.utils import timezone

from facsweb.api import tasks, webhooks
from facsweb.api.events import NAMES
from facsweb.api.models import Delivery, Webhook


class Receiver:
    """An HTTP server that keeps what it gets and answers what it is told to."""

    def __init__(self) -> None:
        self.got: list[tuple[str, dict[str, str], bytes]] = []
        self.status, self.drip, self.cut_off = 204, False, threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.got.append((self.path, dict(self.headers), body))
                if receiver.drip:
                    try:
                        for letter in itertools.chain("HTTP/1.1 200 ", itertools.repeat("O")):
                            self.wfile.write(letter.encode())
                            time.sleep(0.2)
                    except OSError:
                        receiver.cut_off.set()
                    return
                self.send_response(receiver.status)
                if 300 <= receiver.status < 400:
                    self.send_header("Location", f"{receiver.url}elsewhere")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def webhook(receiver, study, people, settings) -> Webhook:
    settings.WEBHOOK_PRIVATE = True
    made, secret = webhooks.create(people["administrator"], study, url=f"{receiver.url}facsweb?a=1", events=NAMES)
    made.secret = secret
    return made


def send(delivery: Delivery) -> Delivery:
    tasks.deliver(str(delivery.pk))
    delivery.refresh_from_db()
    return delivery


def due_again(delivery: Delivery) -> None:
    Delivery.objects.filter(pk=delivery.pk).update(next_at=timezone.now())
