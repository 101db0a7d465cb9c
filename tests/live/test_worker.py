"""Web server → Redis → live worker and back: whose turn it is, what is left out, who takes over. Real Redis."""

from __future__ import annotations

import json
import threading
from uuid import UUID, uuid4

import cv2
import numpy as np
import pytest

from facsweb.live import belt
from facsweb.live.belt import Picture
from facsweb.live.worker import Worker
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
    return redis.eval(belt.ASSIGN, *belt.assign_arguments(session)).decode()


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
        for number in range(first, first + 2000):
            self.send(number)
            if found := self.heard():
                return found
        raise AssertionError("no answer came")


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
    assert page.answer(10_001)["n"] > 10_000
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
