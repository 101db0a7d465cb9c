"""`make load`: people watch progress and timelines while recordings are uploaded and analysed.

    python -m tests.load --minutes 10 --people 50 --recordings 200 [--database postgresql]

It starts an installation of its own and leaves nothing behind but its result, a Markdown and a JSON file in
``var/load``. Exit status 1 where anybody got an answer that nobody should get, or an analysis failed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from tests.load import clips, result
from tests.load.figures import Figures
from tests.load.own import REPOSITORY, Own, Taken, running
from tests.load.people import Person, World

#: Shares of the recordings that the studies get: one large study must not keep the small ones waiting.
SHARES = (0.6, 0.2, 0.1, 0.1)
UPLOADERS = 4


async def load(own: Own, seeded: dict[str, Any], options: argparse.Namespace, figures: Figures) -> dict[str, Any]:
    """All people at once; returns when the uploads are analysed or the time is over."""
    world = World(own.url, seeded, figures, options.think)
    named = [(study, email) for study in seeded["studies"] for email in study["people"]]
    people = [Person(world, study, email, seed) for seed, (study, email) in enumerate(named)]
    sign_ins = asyncio.create_task(_sign_in(people[:3]))
    clip = clips.cut(options.clip)
    todo = [
        (study, number)
        for study, share in zip(seeded["studies"], SHARES, strict=True)
        for number in range(round(share * options.recordings) or 1)
    ][: options.recordings]
    todo.sort(key=lambda one: (one[1] * 7919) % 1009)  # mixed, the same every time
    began, uploaded_s = time.monotonic(), 0.0
    working = [asyncio.create_task(one()) for person in people for one in (person.work, person.watch)]

    async def upload_from(queue: list[Any]) -> None:
        while queue and not world.over.is_set():
            study, number = queue.pop(0)
            person = next(one for one in people if one.study is study)
            place = study["participants"][number % len(study["participants"])]
            content = clips.numbered(clip, 1000 * seeded["studies"].index(study) + number)
            await person.upload(place, content, f"clip {number}.mp4")

    uploads = asyncio.gather(*(upload_from(todo) for _ in range(UPLOADERS)))
    looking = asyncio.create_task(_note_finished(world, people))
    deadline = began + 60 * options.minutes
    while time.monotonic() < deadline:
        await asyncio.sleep(0.5)
        if uploads.done() and not uploaded_s:
            uploaded_s = time.monotonic() - began
        if uploads.done() and not any(world.active.values()):
            break
    lasted = time.monotonic() - began
    world.over.set()
    await asyncio.gather(uploads, sign_ins)
    looking.cancel()
    await asyncio.wait(working, timeout=60)
    for person in people:
        await person.close()
    for task in working:  # a fault of the harness must not look like silence
        if task.done() and not task.cancelled() and task.exception() is not None:
            raise task.exception()  # type: ignore[misc]
    return {"lasted_s": lasted, "uploaded_s": uploaded_s or lasted, "heard": world.heard}


async def _sign_in(people: list[Person]) -> None:
    """What a sign-in with a password costs, apart from everything else: its hash is slow on purpose."""
    from tests.load.inside import PASSWORD

    for person in people:
        stranger = Person(person.world, person.study, person.email, 0)
        stranger.http.cookies.delete("sessionid")
        data = {"login": person.email, "password": PASSWORD}
        await stranger.ask("sign-in", "POST", "/account/login/", data=data, expect=(302,))
        await stranger.close()


async def _note_finished(world: World, people: list[Person]) -> None:
    """Move runs that ended from those that are watched to those that are reviewed."""
    while True:
        await asyncio.sleep(1.0)
        for study in world.seeded["studies"]:
            person = next(one for one in people if one.study is study)
            for run in list(world.active[study["study"]])[:20]:
                answer = await person.http.get(f"/runs/{run}/snapshot")
                if answer.status_code == 200 and not answer.json()["active"]:
                    world.active[study["study"]].remove(run)


def main(words: list[str] | None = None) -> int:
    """Run and report; the exit status."""
    parser = argparse.ArgumentParser(prog="make load", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0, help="end then, whatever still waits")
    parser.add_argument("--people", type=int, default=8)
    parser.add_argument("--recordings", type=int, default=10)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--clip", type=float, default=2.0, help="seconds of a recording")
    parser.add_argument("--think", type=float, default=3.0, help="mean pause of a person, seconds")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--out", type=Path, default=REPOSITORY / "var" / "load")
    options = parser.parse_args(words)
    figures = Figures()
    with running(options.workers, options.database) as own:
        people = max(options.people, len(SHARES))
        seeded = own.tell("seed", str(len(SHARES)), str(people), "10", "1" if options.people < 10 else "3")
        before, own_before = result.busy_s(), sum(os.times()[:2])
        with Taken(own) as taken:
            lived = asyncio.run(load(own, seeded, options, figures))
        used = {"machine_s": result.busy_s() - before, "clients_s": sum(os.times()[:2]) - own_before}
        outcome = own.tell("outcome")
        bytes_on_disk = result.sizes(own.folder)
    found = result.of(options, figures, taken, lived, used, outcome, bytes_on_disk, own.said)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "load.json").write_text(json.dumps(found, indent=1))
    text = result.as_markdown(found)
    (options.out / "load.md").write_text(text)
    print(text)
    return int(bool(found["errors"]) or bool(found["failed"]))


if __name__ == "__main__":
    sys.exit(main())
