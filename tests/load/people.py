"""People as asyncio clients: they think, read pages, draw timelines, watch runs, upload.

One process for all of them, so that the machine belongs to the server; connections are kept as browsers keep them.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import json
import random
import re
import secrets
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import Any, Final

import httpx
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.load.figures import Figures

TUS: Final = {"Tus-Resumable": "1.0.0"}
PIECE: Final = 256 * 1024
RANGE: Final = 256 * 1024
ENDED: Final = 1000


class World:
    """What all people share: where the site is, what runs now, what ended, and what was measured."""

    def __init__(self, url: str, seeded: dict[str, Any], figures: Figures, think_s: float) -> None:
        self.url, self.seeded, self.figures, self.think_s = url, seeded, figures, think_s
        self.over = asyncio.Event()
        self.active: dict[str, list[str]] = {one["study"]: [] for one in seeded["studies"]}
        self.finished = {one["study"]: list(one["runs"]) for one in seeded["studies"]}
        self.heard: list[tuple[str, str, float]] = []  # run, state, when a watcher first heard of it

    async def think(self, chance: random.Random) -> None:
        """Pause as a person does, or wake when all is over."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.over.wait(), chance.expovariate(1 / self.think_s))


class Person:
    """One signed-in browser."""

    def __init__(self, world: World, study: dict[str, Any], email: str, seed: int) -> None:
        self.world, self.study, self.email = world, study, email
        self.chance = random.Random(seed)
        token = secrets.token_hex(16)
        self.cookies = {"sessionid": world.seeded["sessions"][email], "csrftoken": token}
        limits = httpx.Limits(max_connections=6, keepalive_expiry=60)  # so many open browsers to one host
        self.http = httpx.AsyncClient(
            base_url=world.url,
            cookies=self.cookies,
            headers={"X-CSRFToken": token, "User-Agent": "facsweb load"},
            limits=limits,
            timeout=120,
            trust_env=False,
        )

    async def ask(
        self, kind: str, method: str, path: str, *, page: str = "", expect: tuple[int, ...] = (200,), **more: Any
    ) -> httpx.Response | None:
        """A request that counts; None, and a line among the errors, where the answer is not as expected."""
        began = time.perf_counter()
        try:
            answer = await self.http.request(method, path, **more)
        except httpx.HTTPError as error:
            self.world.figures.wrong(f"{method} {page or kind}: {type(error).__name__} {error}")
            return None
        if answer.status_code not in expect:
            words = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text))[:200]
            self.world.figures.wrong(f"{method} {page or kind}: {answer.status_code} {words}")
            return None
        self.world.figures.add(kind, time.perf_counter() - began, page)
        return answer

    async def page(self, name: str, path: str, **more: Any) -> httpx.Response | None:
        return await self.ask("page", "GET", path, page=name, **more)

    # --- what people look at ------------------------------------------------------------------------------------

    async def look_around(self) -> None:
        """Home and the study."""
        await self.page("home", "/")
        await self.world.think(self.chance)
        await self.page("study", f"/studies/{self.study['study']}/")
        await self.world.think(self.chance)
        await self.page("participant", f"/participants/{self.chance.choice(self.study['participants'])}/")

    async def wait_for_runs(self) -> None:
        """The part of the home page that asks again while analyses run, and the page of a run."""
        await self.page("home", "/")
        for _ in range(3):
            await self.world.think(self.chance)
            await self.page("home, runs only", "/?part=runs", headers={"HX-Request": "true"}, expect=(200, 286))
        if active := self.world.active[self.study["study"]]:
            await self.page("run", f"/runs/{self.chance.choice(active)}/")

    async def review(self) -> None:
        """The timeline: the page, windows of signals while zooming, the video piece by piece."""
        one = self.chance.choice(self.world.finished[self.study["study"]])
        run, recording = one["run"], one["recording"]
        await self.page("recording", f"/recordings/{recording}/")
        await self.world.think(self.chance)
        if await self.page("review", f"/runs/{run}/review/") is None:
            return
        await self.ask("window", "GET", f"/runs/{run}/frames", page="frames")
        address = await self.ask("range", "GET", f"/recordings/{recording}/video", page="video", expect=(302, 409))
        for _ in range(4):
            start = self.chance.randrange(0, 1_500_000)
            query = f"from={start}&to={start + 500_000}&width=1024&codes=12,6&ends=12"
            await self.ask("window", "GET", f"/runs/{run}/signals?{query}", page="signals")
            if address is not None and address.status_code == 302:
                first = self.chance.randrange(0, 100_000)
                span = {"Range": f"bytes={first}-{first + RANGE - 1}"}
                await self.ask(
                    "range", "GET", address.headers["Location"], page="video", headers=span, expect=(206,)
                )
            await self.world.think(self.chance)
        if layer := one.get("layers", {}).get(self.email):
            await self.edit(run, layer)

    async def edit(self, run: str, layer: str) -> None:
        """One's own coding: what it says, one change, its history."""
        answer = await self.ask("window", "GET", f"/layers/{layer}/events/", page="events")
        if answer is None:
            return
        graded = [event for event in answer.json()["events"] if event["intensity"] and not event["deleted"]]
        if graded:
            change = changed(self.chance.choice(graded), self.chance)
            content = {"request_id": str(uuid.uuid4()), "changes": [change]}
            # Nobody else writes this layer: a conflict would be an error.
            await self.ask("edit", "POST", f"/layers/{layer}/changes/", json=content)
        await self.page("history of a coding", f"/layers/{layer}/history/")

    async def work(self) -> None:
        """Until all is over."""
        ways: list[Callable[[], Awaitable[None]]] = [
            self.look_around,
            self.wait_for_runs,
            self.review,
            self.review,
        ]
        while not self.world.over.is_set():
            await self.chance.choice(ways)()
            await self.world.think(self.chance)

    async def watch(self) -> None:
        """The socket of a run, another one when it ended."""
        while not self.world.over.is_set():
            active = self.world.active[self.study["study"]]
            if not active:
                await self.world.think(self.chance)
                continue
            run = self.chance.choice(active)
            try:
                await self._follow(run)
            except (OSError, TimeoutError, ConnectionClosed) as error:
                if not self.world.over.is_set():
                    self.world.figures.wrong(f"WebSocket: {type(error).__name__} {error}")
                    await asyncio.sleep(1)

    async def _follow(self, run: str) -> None:
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        address = f"ws{self.world.url.removeprefix('http')}/ws/runs/{run}/"
        async with connect(
            address, additional_headers={"Cookie": cookies}, origin=self.world.url, open_timeout=60, proxy=None
        ) as socket:
            known = ""
            try:
                while not self.world.over.is_set():
                    message = json.loads(await asyncio.wait_for(socket.recv(), 30))
                    if message["type"] == "snapshot":
                        # The first says how it was before this browser came; others repeat it with a line more.
                        if known not in ("", message["state"]):
                            self.world.heard.append((run, message["state"], time.time()))
                        known = message["state"]
            except TimeoutError:  # nothing happened: a run that waits says nothing
                return
            except ConnectionClosed as closed:
                if closed.rcvd is None or closed.rcvd.code != ENDED:
                    raise

    # --- uploading ----------------------------------------------------------------------------------------------

    async def upload(self, participant: str, content: bytes, name: str) -> str | None:
        """Upload a file in pieces and start its analysis; the run's id."""
        said = (
            base64.b64encode(name.encode()).decode(),
            base64.b64encode(hashlib.sha256(content).hexdigest().encode()).decode(),
        )
        headers = {
            **TUS,
            "Upload-Length": str(len(content)),
            "Upload-Metadata": f"filename {said[0]},sha256 {said[1]}",
        }
        begun = await self.ask(
            "piece", "POST", f"/participants/{participant}/upload/tus/", headers=headers, expect=(201,)
        )
        if begun is None:
            return None
        address = begun.headers["Location"]
        for offset in range(0, len(content), PIECE):
            more = {"Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
            kind = "piece" if offset + PIECE < len(content) else "end"
            piece = content[offset : offset + PIECE]
            sent = await self.ask(kind, "PATCH", address, headers={**TUS, **more}, content=piece, expect=(204,))
            if sent is None:
                return None
        state = await self.ask("window", "GET", address, page="upload", headers={"Accept": "application/json"})
        if state is None:
            return None
        recording = state.json()["recording"]
        started = await self.ask("start", "POST", recording["start_url"], expect=(302,))
        if started is None or (found := re.search(r"/runs/([0-9a-f-]{36})/", started.headers["Location"])) is None:
            return None
        run, study = found[1], self.study["study"]
        self.world.active[study].append(run)
        return run

    async def close(self) -> None:
        await self.http.aclose()


def changed(event: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """A change of an event's intensity, as the review page sends it."""
    names = ("code", "side", "onset_us", "apex_us", "offset_us", "face", "note")
    letter = chance.choice([letter for letter in "ABCDE" if letter != event["intensity"]])
    content = {**{name: event[name] for name in names}, "intensity": letter}
    return {"action": "change", "event_id": event["id"], "expected": event["number"], "content": content}
