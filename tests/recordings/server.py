"""A real web server for tests."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import time

import requests

from tests.conftest import REPOSITORY
from tests.programs import of_the_tests

MB = 1024**2


class Server:
    """uvicorn in a process of its own, on one port through deaths and rebirths."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "uvicorn", "facsweb.asgi:application", "--port", str(self.port)]
        self.process = subprocess.Popen([*command, "--log-level", "warning"], cwd=REPOSITORY, env=of_the_tests())
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with contextlib.suppress(requests.ConnectionError, requests.Timeout):
                if requests.get(f"http://127.0.0.1:{self.port}/healthz", timeout=5).ok:
                    return
            time.sleep(0.1)
        raise AssertionError("the server did not start")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
