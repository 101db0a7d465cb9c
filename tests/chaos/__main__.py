"""`make chaos`: 20 uploads and analyses, corrections and signatures, while everything dies at random.

    python -m tests.chaos [--seed N] [--database postgresql] [--uploads 20]

The number that decides the order and the moments of the blows is printed, and can be given again. Exit status 1
where anything that was acknowledged is not there exactly once, or anything hangs; every loss is a sentence.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import secrets
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.chaos.blows import Blows, Clock, Disk, grounds
from tests.chaos.journal import Journal
from tests.chaos.people import GaveUp, Person
from tests.load import clips
from tests.load.database import Postgres
from tests.load.own import REPOSITORY, Own, prepare

SETTLE_S = 900.0
UPLOADERS, EDITORS, SIGNERS = 4, 2, 3
ROUNDS = 2  # every kind of blow so often at least


class Work:
    """Threads of people; what any of them could not do is a fault."""

    def __init__(self, journal: Journal) -> None:
        self.journal, self.threads = journal, list[threading.Thread]()

    def begin(self, what: str, doing: Callable[[], None]) -> threading.Thread:
        def do() -> None:
            try:
                doing()
            except GaveUp as error:
                self.journal.fault(f"{what}: {error}")
            except Exception as error:
                self.journal.fault(f"{what}: {type(error).__name__} {error}")

        thread = threading.Thread(target=do, name=what, daemon=True)
        thread.start()
        self.threads.append(thread)
        return thread


def people_at_work(own: Own, seeded: dict[str, Any], journal: Journal, uploads: int, seed: int) -> tuple[Any, Any]:
    """Begin all work; the threads that end by themselves, and what ends the others."""
    study, over, work = seeded["studies"][0], threading.Event(), Work(journal)
    sessions = [seeded["sessions"][email] for email in study["people"]]
    clip = clips.cut(2.0)
    todo = list(range(uploads))

    def some(place: int) -> None:
        person = Person(own.url, sessions[place % len(sessions)], journal, seed + place)
        while todo:
            number = todo.pop()
            content = clips.numbered(clip, 1000 * seed + number, at_least=1_500_000)
            person.upload(study["participants"][number % len(study["participants"])], content)

    ending = [work.begin(f"uploads {place}", lambda place=place: some(place)) for place in range(UPLOADERS)]
    runs = study["runs"]
    for place, run in enumerate(runs[:EDITORS]):
        email, layer = next(iter(run["layers"].items()))
        person = Person(own.url, seeded["sessions"][email], journal, seed + 100 + place)
        work.begin(f"edits {place}", lambda person=person, layer=layer: person.edit(layer, over, 0.7))

    def sign(place: int, email: str, layer: str) -> None:
        time.sleep(10 + 25 * place)
        Person(own.url, seeded["sessions"][email], journal, seed + 200 + place).sign(layer)

    for place, run in enumerate(runs[EDITORS : EDITORS + SIGNERS]):
        email, layer = list(run["layers"].items())[place % len(run["layers"])]
        ending.append(work.begin(f"signature {place}", lambda p=place, e=email, x=layer: sign(p, e, x)))
    return ending, (over, work.threads)


def settle(own: Own) -> dict[str, int]:
    """Wait until nothing is under way any more; what still is when patience ends."""
    deadline, left = time.monotonic() + SETTLE_S, {"?": 1}
    while any(left.values()) and time.monotonic() < deadline:
        time.sleep(3)
        left = own.tell("unsettled", module="tests.chaos.afterwards")
    return {name: number for name, number in left.items() if number}


def chaos(own: Own, clock: Clock, disk: Disk, options: argparse.Namespace) -> dict[str, Any]:
    """Work, blows, rest, and what is found afterwards."""
    journal = Journal()
    seeded = own.tell("seed", "1", "4", "5", str(EDITORS + SIGNERS))
    own.start()
    began = time.monotonic()
    ending, (over, threads) = people_at_work(own, seeded, journal, options.uploads, options.seed)
    blows = Blows(own, clock, disk, options.seed)
    while any(thread.is_alive() for thread in ending) or len(blows.struck) < ROUNDS * len(blows.kinds):
        time.sleep(blows.pause_s())
        kind = blows.next()
        try:
            blows.strike(kind)
        except AssertionError:
            journal.fault(f"Nobody answered again after: {kind}. Its last words: {own.said[-3:]}")
            break
        if len(blows.struck) >= options.most:
            break
    clock.move(0)
    for thread in ending:
        thread.join(Person.patience_s + 60)
    over.set()
    for thread in threads:
        thread.join(60)
    struck_s, left = time.monotonic() - began, settle(own)
    path = own.folder / "journal.json"
    path.write_text(json.dumps(journal.as_dict()))
    told = own.tell(str(path), module="tests.chaos.afterwards")
    faults = [*told["faults"], *(f"Still under way after {SETTLE_S:.0f} s: {left}." for _ in [0] if left)]
    faults += [f"{thread.name} never ended." for thread in threads if thread.is_alive()]
    noted = journal.as_dict()
    return {
        "seed": options.seed,
        "database": options.database,
        "struck": blows.struck,
        "not_struck": sorted({"clock forward", "disk full"} - set(blows.kinds)),
        "struck_s": struck_s,
        "settled_s": time.monotonic() - began - struck_s,
        "acknowledged": {kind: len(noted[kind]) for kind in ("uploads", "runs", "edits", "signatures")},
        "refused": noted["refused"],
        "states": told["states"],
        "faults": faults,
    }


def main(words: list[str] | None = None) -> int:
    """Run and report; the exit status."""
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=None, help="repeats the blows of an earlier time")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--uploads", type=int, default=20)
    parser.add_argument("--most", type=int, default=60, help="blows at most")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, default=REPOSITORY / "var" / "chaos")
    options = parser.parse_args(words)
    if options.seed is None:
        options.seed = secrets.randbelow(10**6)
    print(f"Chaos on {options.database}, seed {options.seed} (repeat it with SEED={options.seed}):", flush=True)
    with contextlib.ExitStack() as stack:
        clock, disk = stack.enter_context(grounds())
        postgres = stack.enter_context(Postgres()) if options.database == "postgresql" else None
        own = Own(options.workers, postgres, folder=disk.folder, more=clock.environment)
        stack.callback(own.stop)
        prepare(own)
        found = chaos(own, clock, disk, options)
        found["said"] = own.said
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / f"chaos-{options.database}.json").write_text(json.dumps(found, indent=1))
    return tell(found)


def tell(found: dict[str, Any]) -> int:
    """Say what was found; the exit status."""
    print(f"{len(found['struck'])} blows in {found['struck_s']:.0f} s, settled {found['settled_s']:.0f} s later.")
    if found["not_struck"]:
        print(f"Could not be struck here: {', '.join(found['not_struck'])} (needs a C compiler, or root).")
    print(f"Acknowledged: {found['acknowledged']}. Refused meanwhile: {len(found['refused'])}.")
    print(f"Ended as: {found['states']}")
    for fault in found["faults"]:
        print(f"LOST  {fault}")
    print("Nothing was lost, nothing doubled, nothing hangs." if not found["faults"] else "Something was lost.")
    return int(bool(found["faults"]))


if __name__ == "__main__":
    sys.exit(main())
