"""People who do not give up: they upload, correct and sign, repeat what got no answer, and write down what did."""

from __future__ import annotations

import base64
import hashlib
import random
import re
import secrets
import threading
import time
import uuid
from typing import Any, Final

import httpx

from tests.chaos.journal import Journal
from tests.load.inside import PASSWORD
from tests.load.people import PIECE, TUS, changed

AGAIN_S: Final = 0.5
SLOWLY_S: Final = 4.0
RUN: Final = re.compile(r"/runs/([0-9a-f-]{36})/")
REVISION: Final = re.compile(r'name="revision" value="(\d+)"')
REPORT: Final = re.compile(r"/reports/([0-9a-f-]{36})/")


class GaveUp(Exception):  # noqa: N818
    """Nobody answered for so long that something is broken for good."""


class Person:
    """One signed-in browser that asks until it is answered."""

    patience_s = 300.0

    def __init__(self, url: str, session: str, journal: Journal, seed: int) -> None:
        self.journal, self.chance = journal, random.Random(seed)
        token = secrets.token_hex(16)
        self.http = httpx.Client(
            base_url=url,
            cookies={"sessionid": session, "csrftoken": token},
            headers={"X-CSRFToken": token},
            timeout=60,
            trust_env=False,
        )

    def once(self, method: str, path: str, **more: Any) -> httpx.Response | None:
        """An answer; None where there was none, or the server was in no state to give one (5xx)."""
        try:
            answer = self.http.request(method, path, **more)
        except httpx.HTTPError:
            return None
        return answer if answer.status_code < 500 else None

    def until_answered(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Repeat a request that may be repeated."""
        deadline = time.monotonic() + self.patience_s
        while (answer := self.once(method, path, **more)) is None:
            if time.monotonic() > deadline:
                raise GaveUp(f"{method} {path} got no answer for {self.patience_s:.0f} s.")
            time.sleep(AGAIN_S)
        return answer

    # --- an upload and its analysis -----------------------------------------------------------------------------

    def upload(self, participant: str, content: bytes) -> None:
        """Send a file whole, whatever happens, and have it analysed."""
        digest = hashlib.sha256(content).hexdigest()
        with self.journal.lock:
            self.journal.sent.append(digest)
        address = self._begin(participant, content, digest)
        key = address.rstrip("/").rpartition("/")[2]
        noted = {"sha256": digest, "length": len(content), "offset": 0, "recording": ""}
        self.journal.note("uploads", key, noted)
        self._send(address, content, noted)
        recording = self._recording(address)
        noted["recording"] = recording["id"]
        if recording["sha256"] != digest:
            self.journal.fault(f"Upload {key} became a recording with other bytes.")
        self._analyse(recording)

    def _begin(self, participant: str, content: bytes, digest: str) -> str:
        coded = [base64.b64encode(word.encode()).decode() for word in ("clip.mp4", digest)]
        headers = {
            **TUS,
            "Upload-Length": str(len(content)),
            "Upload-Metadata": f"filename {coded[0]},sha256 {coded[1]}",
        }
        while True:  # what got no answer may be there: an upload of nothing, which ends by itself
            answer = self.until_answered("POST", f"/participants/{participant}/upload/tus/", headers=headers)
            if answer.status_code == 201:
                return str(answer.headers["Location"])
            self._refused("begin an upload", answer)

    def _send(self, address: str, content: bytes, noted: dict[str, Any]) -> None:
        while noted["offset"] < len(content):
            time.sleep(self.chance.uniform(0, SLOWLY_S))  # as over a slow line: the blows meet it on its way
            piece = content[noted["offset"] : noted["offset"] + PIECE]
            more = {"Upload-Offset": str(noted["offset"]), "Content-Type": "application/offset+octet-stream"}
            answer = self.once("PATCH", address, headers={**TUS, **more}, content=piece)
            if answer is not None and answer.status_code == 204:
                noted["offset"] = int(answer.headers["Upload-Offset"])
                continue
            if answer is not None:
                self._refused("send a piece", answer)
            time.sleep(AGAIN_S)
            known = self.until_answered("HEAD", address, headers=TUS)
            if known.status_code != 200:
                raise GaveUp(f"{address} answers {known.status_code} to HEAD.")
            offset = int(known.headers["Upload-Offset"])
            if offset < noted["offset"]:
                self.journal.fault(f"{address}: byte {noted['offset']} was confirmed, {offset} are there.")
            noted["offset"] = offset

    def _recording(self, address: str) -> dict[str, Any]:
        while True:
            answer = self.until_answered("GET", address, headers={"Accept": "application/json"})
            state = answer.json() if answer.status_code == 200 else {}
            if state.get("recording"):
                return dict(state["recording"])
            if state.get("state") == "rejected":
                raise GaveUp(f"{address} was rejected: {state['error']}")
            time.sleep(AGAIN_S)

    def _analyse(self, recording: dict[str, Any]) -> None:
        while True:
            answer = self.once("POST", recording["start_url"])
            if (
                answer is not None
                and answer.status_code == 302
                and (found := RUN.search(answer.headers["Location"]))
            ):
                self.journal.note("runs", found[1], recording["id"])
                return
            if answer is not None:
                self._refused("start an analysis", answer)
            time.sleep(AGAIN_S)
            page = self.until_answered("GET", recording["url"])
            if found := RUN.search(page.text):  # it had begun, only the answer was lost
                self.journal.note("runs", found[1], recording["id"])
                return

    # --- a coding -----------------------------------------------------------------------------------------------

    def edit(self, layer: str, until: threading.Event, pause_s: float) -> None:
        """Change one event after the other; a request that got no answer is repeated with its id."""
        while not until.is_set():
            answer = self.until_answered("GET", f"/layers/{layer}/events/")
            events = answer.json()["events"] if answer.status_code == 200 else []
            graded = [event for event in events if event["intensity"] and not event["deleted"]]
            if not graded:
                self._refused("read a coding", answer)
                time.sleep(AGAIN_S)
                continue
            change, request = changed(self.chance.choice(graded), self.chance), str(uuid.uuid4())
            content = {"request_id": request, "changes": [change]}
            answer = self.until_answered("POST", f"/layers/{layer}/changes/", json=content)
            if answer.status_code == 200:
                (written,) = answer.json()["events"]
                noted = {"layer": layer, "event": written["id"], "number": written["number"]}
                self.journal.note("edits", request, {**noted, "intensity": change["content"]["intensity"]})
            else:
                self._refused("edit", answer)
            until.wait(self.chance.expovariate(1 / pause_s))

    def sign(self, layer: str) -> None:
        """Sign a coding; when nobody answers, look whether it was signed before signing again."""
        address = f"/layers/{layer}/sign/"
        while True:
            page = self.until_answered("GET", address)
            if page.status_code == 200:
                (revision,) = REVISION.findall(page.text)
                fields = {"confirmed": "on", "revision": revision, "password": PASSWORD}
                answer = self.once("POST", address, data=fields)
            else:
                answer = page
            found = REPORT.search(answer.headers.get("Location", "")) if answer is not None else None
            if found:
                self.journal.note("signatures", layer, found[1])
                return
            if answer is not None:
                self._refused("sign", answer)
            time.sleep(AGAIN_S)

    def _refused(self, what: str, answer: httpx.Response) -> None:
        words = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text))[:160]
        with self.journal.lock:
            self.journal.refused.append(f"{what}: {answer.status_code} {words}")
        if answer.status_code in (401, 403, 404):
            raise GaveUp(f"{what}: {answer.status_code} {words}")
