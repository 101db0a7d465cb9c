"""Threads a little ahead and a little behind: order, bounds, and what goes wrong in them."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator

import pytest

from analysis.threads import Ahead, Behind


def numbers(count: int, made: list[int], closed: list[str]) -> Iterator[int]:
    try:
        for i in range(count):
            made.append(i)
            yield i
    finally:
        closed.append(threading.current_thread().name)


def alive() -> set[str]:
    return {thread.name for thread in threading.enumerate()} & {"ahead", "behind"}


def test_items_come_in_order_and_not_too_many_ahead():
    made: list[int] = []
    closed: list[str] = []
    with Ahead(numbers(50, made, closed), 2) as items:
        for expected, item in enumerate(items):
            assert item == expected
            assert len(made) <= item + 4  # this one, two that wait, one that waits for room
    assert len(made) == 50
    assert closed == ["ahead"]
    assert not alive()


def test_what_the_maker_raises_comes_after_what_it_made():
    def broken() -> Iterator[int]:
        yield 1
        raise OSError("the disk is gone")

    taken = []
    with pytest.raises(OSError, match="the disk is gone"), Ahead(broken(), 2) as items:
        taken.extend(items)
    assert taken == [] or taken == [1]
    with Ahead(broken(), 2) as items:
        assert next(items) == 1
        with pytest.raises(OSError, match="the disk is gone"):
            next(items)
    assert not alive()


def test_leaving_early_ends_the_maker():
    made: list[int] = []
    closed: list[str] = []
    with Ahead(numbers(10**9, made, closed), 2) as items:
        next(items)
    assert closed == ["ahead"]
    assert len(made) < 100
    assert not alive()


def test_work_is_done_in_order_and_before_the_end():
    done: list[int] = []

    def slow(item: int) -> None:
        time.sleep(0.001)
        done.append(item)

    with Behind(slow, 2) as behind:
        for i in range(20):
            behind.put(i)
            assert len(done) >= i - 3
    assert done == list(range(20))
    assert not alive()


def test_failed_work_is_told_to_who_hands_over():
    def fail(item: int) -> None:
        raise ValueError(f"item {item}")

    def hand_over(items: Iterable[int]) -> None:
        with Behind(fail, 1) as behind:
            for item in items:
                behind.put(item)

    with pytest.raises(ValueError, match="item 0"):
        hand_over(range(10**6))
    with pytest.raises(ValueError, match="item 7"):
        hand_over([7])  # nobody puts anything after it
    assert not alive()


def test_waiting_work_is_dropped_when_the_rest_fails():
    done: list[int] = []
    begun = threading.Event()

    def interrupted() -> None:
        def work(item: int) -> None:
            begun.set()
            while not behind._dropped:  # its turn lasts until the rest has failed
                time.sleep(0.001)
            done.append(item)

        with Behind(work, 3) as behind:
            for i in range(3):
                behind.put(i)
            begun.wait()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert done == [0]
    assert not alive()
