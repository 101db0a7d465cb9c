"""Two hosts of one installation: what is uploaded at one is analysed for the other, and nobody notices."""

from __future__ import annotations

import json
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
import requests
from websockets.sync.client import connect

from facsweb.demo.seed import Demonstration, Login
from facsweb.demo.visitor import StepFailed, Visitor
from facsweb.demo.walk import Walk
from facsweb.studies.models import Role
from tests.analysis.conditions import cut
from tests.image.conftest import NAME, Composed, free_port
from tests.image.test_image import wait_until_healthy
from tests.programs import PATIENCE_S, wait_until

pytestmark = pytest.mark.timeout(600)
SEED = "from facsweb.demo.seed import seed; seed()"


class BehindTheProxy(Visitor):
    """A person whose browser speaks TLS with the proxy, which this stands for too."""

    def _arrive(self, url: str) -> None:
        self.url = url
        self.session = requests.Session()
        self.session.trust_env = False
        said = {"Host": NAME, "X-Forwarded-Proto": "https", "Referer": f"https://{NAME}/"}
        self.session.headers.update(said)
        self.session.cookies.set_policy(DefaultCookiePolicy(secure_protocols=("http",)))
        self.get("account/login/")

    def _ask(self, method: str, path: str, **kwargs: Any) -> requests.Response:
        # By hand: requests itself keeps cookies that are for TLS from a plain address.
        headers = {"X-CSRFToken": self.session.cookies.get("__Host-csrftoken", ""), "Cookie": self._cookies()}
        more = {"headers": headers | kwargs.pop("headers", {}), "timeout": PATIENCE_S, "allow_redirects": False}
        answer = self.session.request(method, urljoin(self.url, path), **more, **kwargs)
        if answer.is_redirect:
            return self._ask("GET", urljoin(answer.url, answer.headers["Location"]))
        if answer.status_code >= 400:
            raise StepFailed(f"{method} {path} answered {answer.status_code}: {answer.text[:300]}")
        return answer

    def _cookies(self) -> str:
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in self.session.cookies)

    def at(self, url: str) -> BehindTheProxy:
        """The same browser, sent to another host by the proxy."""
        other = BehindTheProxy.__new__(BehindTheProxy)
        other.url, other.session = url, self.session
        return other

    def follow(self, run_id: str) -> dict[str, Any]:
        """What the run's WebSocket says at last."""
        address = f"{self.url.replace('http', 'ws', 1)}ws/runs/{run_id}/"
        more = {"Cookie": self._cookies(), "Host": NAME}
        with connect(address, additional_headers=more, origin=f"https://{NAME}") as socket:  # type: ignore[arg-type]
            while True:
                message: dict[str, Any] = json.loads(socket.recv(timeout=PATIENCE_S))
                if message["type"] == "snapshot" and not message["active"]:
                    return message


def demonstration(running: Composed) -> Demonstration:
    """Logins, a study, a participant who agreed: made by the image's own program."""
    seeded = running.start("web", "shell", "--command", SEED)
    assert seeded.ended() == 0, seeded.said()
    found = json.loads((running.data / "demonstration.json").read_text())
    logins = tuple(Login(**one) for one in found["logins"])
    return Demonstration(logins, found["study_id"], found["participant_id"])


def test_an_upload_at_one_host_is_analysed_for_the_other(running: Composed, tmp_path: Path):
    ports = free_port(), free_port()
    hosts = [running.start("web", port=port) for port in ports]
    workers = [running.start(name) for name in ("worker-media", "worker-cpu", "worker-gpu", "recovery")]
    known = demonstration(running)
    login = known.login(Role.ANALYST)
    for web, port in zip(hosts, ports, strict=True):
        wait_until_healthy(web, port)
    here, there = (f"http://127.0.0.1:{port}/" for port in ports)

    person = BehindTheProxy(here, login.email, login.password)
    recording = person.upload(known.participant_id, cut("d1", 0.0, 2.0).write(tmp_path / "brief.mp4"))
    elsewhere = person.at(there)
    run = Walk.begin(None, elsewhere, recording["start_url"])  # type: ignore[arg-type]
    assert person.follow(run)["state"] == "succeeded", "the first host hears what the second began"
    assert elsewhere.get(f"runs/{run}/files/events.csv").text.startswith("code,side,")

    # One host goes, as it does when a version is rolled out: whoever was there goes on at the other, signed in.
    assert hosts[0].stop() in (0, -15), hosts[0].said()
    assert elsewhere.get(f"runs/{run}/").status_code == 200
    for one in workers:
        assert one.stop() in (0, -15), one.said()
    wait_until(
        lambda: running.ask("SELECT count(*) FROM runs_analysisrun WHERE state = 'succeeded'").fetchone() == (1,)
    )
    assert all("Traceback" not in one.said() for one in running.started), [one.said() for one in running.started]
