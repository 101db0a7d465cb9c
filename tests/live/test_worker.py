"""Web server → Redis → live worker and back: whose turn it is, what is left out, who takes over. Real Redis."""

from __future__ import annotations

import itertools
import json
import threading
from collections import Counter
from typing import Any
from uuid import UUID, uuid4

import cv2
import numpy as np
import pytest

from facsweb.live import belt
from facsweb.live.belt import Picture
from facsweb.live.worker import OLD_S, Worker
from tests.live.page import read_answer
from tests.programs import wait_until

GREY = cv2.imencode(".jpg", np.full((120, 160, 3), 90, np.uint8))[1].tobytes()


@pytest.fixture
def start(redis, redis_server):
    """Start workers in threads; they are stopped at the end."""
    started: list[tuple[Worker, threading.Thread]] = []

    def run() -> Worker:
        worker = Worker(redis_server.url)
        thread = threading.Thread(target=worker.run, daemon=True)
        thread.start()
        started.append((worker, thread))
        wait_until(lambda: redis.exists(belt.beat_key(worker.name)) == 1, what="the worker beats")
        return worker

    yield run
    for worker, _ in started:
        worker.stop()
    for _, thread in started:
        thread.join()


def owner(redis, session: UUID) -> str:
    return asked(redis, session)[0]


def asked(redis, session: UUID) -> tuple[str, str]:
    """Who has a session now, and who had it before where that is somebody else."""
    now, before = redis.eval(belt.ASSIGN, *belt.assign_arguments(session))
    return now.decode(), before.decode()


def beat(redis, *names: str) -> None:
    for name in names:
        redis.sadd(belt.WORKERS, name)
        redis.set(belt.beat_key(name), 1, px=600_000)


def shares(redis, sessions: list[UUID]) -> list[int]:
    """Of how many sessions each worker is asked."""
    return sorted(Counter(owner(redis, session) for session in sessions).values())


class Page:
    """The other end of one session."""

    def __init__(self, redis, session: UUID) -> None:
        self.redis, self.session, self.line = redis, session, redis.pubsub(ignore_subscribe_messages=True)
        self.line.subscribe(belt.to_page(session))
        self.line.get_message(timeout=1)

    def send(self, number: int, content: bytes = GREY) -> int:
        message = belt.picture_message(self.session, Picture(number, 66_000 * number, content))
        return self.redis.publish(belt.to_worker(owner(self.redis, self.session)), message)

    def heard(self):
        message = self.line.get_message(timeout=0.05)
        if message is None:
            return None
        kind, body = message["data"][:1], message["data"][1:]
        return read_answer(body)[0] if kind == belt.ANSWER else json.loads(body)

    def answer(self, first: int):
        """Send until an answer comes; its reader of pictures may just be starting."""
        heard: list[dict[str, Any]] = []
        numbers = itertools.count(first)

        def answered() -> bool:
            self.send(next(numbers))
            heard.append(self.heard() or {})
            return heard[-1].get("n", 0) >= first

        wait_until(answered, what="an answer comes")
        return heard[-1]


def test_a_picture_is_answered_by_the_one_worker_there_is(start, redis):
    assert owner(redis, uuid4()) == "", "nobody is there"
    worker = start()
    page = Page(redis, uuid4())
    said = page.answer(1)
    assert (said["faces"], said["size"], said["aus"], said["neutral"]) == (0, [160, 120], {}, None)
    assert owner(redis, page.session) == worker.name
    # What is no picture, and no message at all, disturbs nobody.
    page.send(10_000, b"\xff\xd8\xff" + b"0" * 100)
    redis.publish(belt.to_worker(worker.name), b"nonsense")
    page.answer(10_001)
    redis.publish(belt.to_worker(worker.name), belt.command_message(page.session, do="neutral"))
    wait_until(lambda: (page.heard() or {}).get("type") == "no_neutral", what="no face: no neutral")


def test_sessions_are_shared_and_taken_over(start, redis):
    first, second = start(), start()
    pages = [Page(redis, uuid4()) for _ in range(4)]
    assert sorted(owner(redis, page.session) for page in pages) == sorted([first.name, second.name] * 2)
    left = next(page for page in pages if owner(redis, page.session) == first.name)
    first.stop()  # says farewell
    wait_until(lambda: owner(redis, left.session) == second.name, what="the other one has it")
    redis.flushall()  # a Redis that was started anew knows nobody
    wait_until(lambda: owner(redis, left.session) == second.name, what="the worker says that it is there")
    second._subscribed = False  # as one that was killed: it beats no more
    wait_until(lambda: owner(redis, left.session) == "", what="nobody is taken for alive who is silent")


def test_the_newest_picture_counts_and_nobody_waits_for_who_sends_more(redis_server):
    worker = Worker(redis_server.url)
    greedy, modest = uuid4(), uuid4()
    turns = []
    worker._work = lambda session, mail: turns.append((session, mail.picture.number, len(mail.commands)))
    for number in (1, 2, 3):
        worker._take(belt.picture_message(greedy, Picture(number, 0, GREY)))
    worker._take(belt.picture_message(modest, Picture(1, 0, GREY)))
    worker._take(belt.command_message(greedy, do="neutral"))
    worker._turn()
    worker._take(belt.picture_message(greedy, Picture(4, 0, GREY)))
    worker._turn()
    worker._turn()
    assert turns == [(greedy, 3, 1), (modest, 1, 0), (greedy, 4, 0)]


@pytest.mark.parametrize("phases", [(0, 22, 44), (0, 1, 2), (0, 40, 60), (65, 5, 35)])
def test_cameras_that_keep_their_beat_get_the_same_number_of_turns(redis_server, phases):
    worker = Worker(redis_server.url)
    cameras = [uuid4() for _ in phases]
    turns = []
    worker._work = lambda session, mail: turns.append(session)
    # A picture of each every 66 ms, and 30 ms of work for one: more is asked for than can be done.
    due = sorted(
        (phase + 66 * number, camera)
        for camera, phase in zip(cameras, phases, strict=True)
        for number in range(200)
    )
    for now in range(66, 66 * 190, 30):
        while due[0][0] <= now:
            worker._take(belt.picture_message(due.pop(0)[1], Picture(1, 0, GREY)))
        worker._turn()
    counts = Counter(turns)
    assert len(turns) == len(range(66, 66 * 190, 30)), "no turn was left empty"
    assert max(counts.values()) - min(counts[one] for one in cameras) <= 1


def test_an_old_picture_is_passed_over_and_its_session_keeps_its_place(redis, redis_server):
    worker = Worker(redis_server.url)
    turns = []
    worker._work = lambda session, mail: turns.append((session, mail.picture and mail.picture.number))
    page, other = Page(redis, uuid4()), uuid4()
    worker._take(belt.picture_message(page.session, Picture(1, 0, GREY)))
    worker._mail[page.session].came_at -= 2 * OLD_S
    worker._turn()
    wait_until(lambda: page.heard() == {"type": "passed", "number": 1}, what="the page is told")
    worker._take(belt.picture_message(other, Picture(1, 0, GREY)))
    worker._turn()
    worker._take(belt.picture_message(other, Picture(2, 0, GREY)))
    worker._take(belt.picture_message(page.session, Picture(2, 0, GREY)))
    worker._turn()
    worker._turn()
    assert turns == [(page.session, None), (other, 1), (page.session, 2), (other, 2)]


def test_sessions_are_counted_by_who_asks_and_not_by_what_workers_say(redis):
    sessions = [uuid4() for _ in range(4)]
    for session in sessions:  # all begin while both workers load their nets, and beat meanwhile
        beat(redis, "one", "two")
        owner(redis, session)
    assert shares(redis, sessions) == [2, 2]
    # Nobody asks for two of them any more: their places are free.
    gone = [session for session in sessions if owner(redis, session) == "one"]
    redis.zadd(belt.sessions_key("one"), {str(session): 0 for session in gone})
    assert [owner(redis, uuid4()) for _ in range(2)] == ["one", "one"]


def test_a_worker_that_comes_later_takes_its_part_and_then_all_stays_as_it_is(redis):
    beat(redis, "one")
    sessions = [uuid4() for _ in range(5)]
    assert shares(redis, sessions) == [5]
    beat(redis, "two")
    moved = [asked(redis, session) for session in sessions]
    assert moved.count(("two", "one")) == 2, "whoever had it is known, and is told"
    assert shares(redis, sessions) == [2, 3]
    assert {before for session in sessions * 3 for _, before in [asked(redis, session)]} == {""}


def test_nothing_is_looked_at_once_a_session_was_taken_away(redis_server):
    worker = Worker(redis_server.url)
    session = uuid4()
    worker._take(belt.picture_message(session, Picture(1, 0, GREY)))
    worker._take(belt.command_message(session, do="end"))
    worker._turn()
    assert (worker._held, worker._mail) == ({}, {})
