"""A real web server for tests."""

from __future__ import annotations

import contextlib
import socket

import requests

from tests.forked import Forked
from tests.programs import wait_until

MB = 1024**2


class Server:
    """uvicorn in a process of its own, on one port through deaths and rebirths.

    The port is kept for it, bound and not listened on: while the server is dead, who calls is turned away, and no
    other program of the machine is given the port meanwhile.
    """

    def __init__(self) -> None:
        self.kept = socket.socket()
        # uvicorn says the same of its own, and so may share the port.
        self.kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.kept.bind(("127.0.0.1", 0))
        self.port = self.kept.getsockname()[1]
        self.start()

    def start(self) -> None:
        words = ("facsweb.asgi:application", "--port", str(self.port), "--log-level", "warning")
        self.process = Forked("import uvicorn; uvicorn.main()", *words)
        wait_until(self._answers, what="the server answers")

    def _answers(self) -> bool:
        assert self.process.poll() is None, "the server ended"
        with contextlib.suppress(requests.ConnectionError, requests.Timeout):
            return requests.get(f"http://127.0.0.1:{self.port}/healthz", timeout=30).ok
        return False

    def kill(self) -> None:
        """End it at once; it can be started again."""
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        """End it for good."""
        self.kill()
        self.kept.close()
