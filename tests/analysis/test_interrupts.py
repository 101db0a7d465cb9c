"""What a signal's handler raises arrives, even if the first signal comes while Python tidies up."""

from __future__ import annotations

import signal
import time
import weakref

import pytest

from analysis.interrupts import comes_again


class Stop(BaseException):
    """Nothing else raises it."""


@pytest.fixture
def handler():
    """SIGUSR1 raises `Stop`; how often it came."""
    came: list[int] = []

    def stop(number: int, _: object) -> None:
        came.append(number)
        raise Stop

    before = signal.signal(signal.SIGUSR1, stop)
    yield came
    signal.signal(signal.SIGUSR1, before)


class Rubbish:
    """Interrupted while it is thrown away."""

    def __del__(self) -> None:
        signal.raise_signal(signal.SIGUSR1)


class Thing:
    """Something that a weak reference can tell the end of."""


def thrown_away() -> None:
    Rubbish()


def of_a_weak_reference() -> None:
    thing = Thing()
    _kept = weakref.ref(thing, lambda _: signal.raise_signal(signal.SIGUSR1))
    del thing


@pytest.mark.parametrize("tidying", [thrown_away, of_a_weak_reference])
def test_what_is_lost_comes_again_and_nothing_is_said(handler, capsys, tidying):
    prepared: list[int] = []

    def interrupted() -> None:
        tidying()
        assert handler == [signal.SIGUSR1], "it came, and was lost"
        while True:
            time.sleep(0.01)

    with pytest.raises(Stop), comes_again(signal.SIGUSR1, Stop, lambda: prepared.append(1)):
        interrupted()
    assert handler == [signal.SIGUSR1] * 2
    assert prepared == [1]
    assert capsys.readouterr().err == ""


class Broken:
    def __del__(self) -> None:
        raise ValueError("a fault of its own")


def test_other_faults_are_said_as_ever(handler, monkeypatch):
    said: list[type] = []
    monkeypatch.setattr("sys.unraisablehook", lambda what: said.append(what.exc_type))
    with comes_again(signal.SIGUSR1, Stop):
        Broken()
    assert said == [ValueError]
    Broken()
    assert (said, handler) == ([ValueError] * 2, [])


def test_a_signal_that_arrives_comes_once(handler):
    with pytest.raises(Stop), comes_again(signal.SIGUSR1, Stop):
        signal.raise_signal(signal.SIGUSR1)
    assert handler == [signal.SIGUSR1]
