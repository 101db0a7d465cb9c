"""A person in front of a browser, as a program: signs in, follows forms, uploads, watches a run.

It goes through HTTP and WebSocket like everybody else, so that what it shows to work works for people.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

PIECE_BYTES = 256 * 1024
TUS = {"Tus-Resumable": "1.0.0"}


class StepFailed(Exception):  # noqa: N818
    """A step of the walk did not do what it should; the message says which and what came back."""


class Visitor:
    """One signed-in person.

    Parameters
    ----------
    url : str
        Address of the home page, ending in a slash.
    email, password : str
    """

    def __init__(self, url: str, email: str, password: str) -> None:
        self._arrive(url)
        page = self.post("account/login/", data={"login": email, "password": password})
        if urlsplit(page.url).path.startswith("/account/"):
            raise StepFailed(f"{email} could not sign in.")

    def _arrive(self, url: str) -> None:
        self.url = url
        self.session = requests.Session()
        self.session.trust_env = False  # a proxy of the machine has no business on the loopback
        self.get("account/login/")  # sets the CSRF cookie

    @classmethod
    def stranger(cls, url: str) -> Visitor:
        """Somebody without an account."""
        visitor = cls.__new__(cls)
        visitor._arrive(url)
        return visitor

    def get(self, path: str, **kwargs: Any) -> requests.Response:
        return self._ask("GET", path, **kwargs)

    def post(self, path: str, **kwargs: Any) -> requests.Response:
        return self._ask("POST", path, **kwargs)

    def _ask(self, method: str, path: str, **kwargs: Any) -> requests.Response:
        headers = {
            "X-CSRFToken": self.session.cookies.get("csrftoken", ""),
            "Referer": self.url,
            **kwargs.pop("headers", {}),
        }
        response = self.session.request(method, urljoin(self.url, path), headers=headers, timeout=60, **kwargs)
        if response.status_code >= 400:
            raise StepFailed(f"{method} {path} answered {response.status_code}: {response.text[:300]}")
        return response

    def upload(self, participant_id: str, file: Path) -> dict[str, Any]:
        """Upload a file in pieces (tus) and return what the server found in it."""
        size, name = file.stat().st_size, base64.b64encode(file.name.encode()).decode()
        created = self.post(
            f"participants/{participant_id}/upload/tus/",
            headers={**TUS, "Upload-Length": str(size), "Upload-Metadata": f"filename {name}"},
        )
        address, offset = created.headers["Location"], 0
        with file.open("rb") as source:
            while piece := source.read(PIECE_BYTES):
                answer = self._ask(
                    "PATCH",
                    address,
                    data=piece,
                    headers={
                        **TUS,
                        "Upload-Offset": str(offset),
                        "Content-Type": "application/offset+octet-stream",
                    },
                )
                offset = int(answer.headers["Upload-Offset"])
        state: dict[str, Any] = self.get(address, headers={"Accept": "application/json"}).json()
        if not state.get("recording"):
            raise StepFailed(f"The upload was not accepted: {state}")
        return state["recording"]

    def watch(self, run_id: str, *, patience_s: float = 300.0) -> Iterator[dict[str, Any]]:
        """Yield what the run's WebSocket says, until the run has ended."""
        parts = urlsplit(self.url)
        cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in self.session.cookies)
        deadline = time.monotonic() + patience_s
        try:
            with connect(
                f"ws://{parts.netloc}/ws/runs/{run_id}/",
                additional_headers={"Cookie": cookies},
                origin=f"{parts.scheme}://{parts.netloc}",  # type: ignore[arg-type]
            ) as socket:
                while time.monotonic() < deadline:
                    message = json.loads(socket.recv(timeout=max(0.1, deadline - time.monotonic())))
                    yield message
                    if message["type"] == "snapshot" and not message["active"]:
                        return
        except WebSocketException as error:
            raise StepFailed(f"The run's WebSocket failed: {error}") from error
        except TimeoutError:
            pass
        raise StepFailed(f"The run did not end within {patience_s:.0f} s.")
