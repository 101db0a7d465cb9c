"""A signal that asks to stop is heard, wherever Python stands when it comes."""

from __future__ import annotations

import os
import signal
import sys
import threading

from facsweb.processes.told import Told
from tests.programs import PATIENCE_S


def heard_at_every_step(make) -> int:
    """Wait for what a signal's handler sets, in as many goes as that takes steps; how many they are.

    In the nth go the signal comes at the nth step. What waits for itself for ever is ended by the alarm.
    """
    for go in range(1, 1000):
        told, steps = make(), 0

        def step(frame, event, _, told=told, go=go):
            nonlocal steps
            frame.f_trace_opcodes = True
            if event == "opcode":
                steps += 1
                if steps == go:
                    signal.raise_signal(signal.SIGUSR1)
            return step

        before = signal.signal(signal.SIGUSR1, lambda *_, told=told: (sys.settrace(None), told.set()))
        sys.settrace(step)
        try:
            told.wait(0.0)
        finally:
            sys.settrace(None)
            signal.signal(signal.SIGUSR1, before)
        if steps < go:
            return go - 1
        assert told.wait(0.0)
    raise AssertionError("it never waits")


def in_a_fork(make, seconds: int) -> int:
    """Exit status of a process that tries it, or the negative number of the signal that ended it."""
    if (pid := os.fork()) == 0:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(seconds)
        os._exit(0 if heard_at_every_step(make) > 5 else 1)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_a_signal_may_come_at_any_step_of_the_waiting_where_a_lock_would_be_waited_for_for_ever():
    assert in_a_fork(Told, PATIENCE_S) == 0
    assert in_a_fork(threading.Event, 1) == -signal.SIGALRM


def test_all_who_wait_hear_it_and_nobody_waits_afterwards():
    told, heard = Told(), []
    waiting = [threading.Thread(target=lambda: heard.append(told.wait())) for _ in range(3)]
    for thread in waiting:
        thread.start()
    assert not told.wait(0.01)
    told.set()
    told.set()
    for thread in waiting:
        thread.join()
    assert heard == [True] * 3
    assert told.is_set()
    assert told.wait()
