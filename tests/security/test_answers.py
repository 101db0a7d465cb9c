"""What a confined reader answers is data: nothing in it can name anything that runs."""

from __future__ import annotations

import io
import json
import pickle
import subprocess
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest

from analysis import confined
from analysis.coded import CodedEvent
from analysis.confined import calls, plain
from analysis.exchange import values
from analysis.text.units import Transcript, Unit
from analysis.types import AnalysisError
from tests.conftest import MEDIA

CLIP = MEDIA / "d1_smile_6_12_then_12.mp4"


def made(tree, blobs=b""):
    """An answer as a child could say it that obeys nobody."""
    head = tree if isinstance(tree, bytes) else json.dumps(tree).encode()
    return len(head).to_bytes(8, "little") + head + blobs


def test_answer_comes_back_as_it_was():
    reading = values.Reading(
        format="csv",
        events=(CodedEvent("12", "both", "C", 0, 1, 2, note="ü \ud800 😀", confidence=0.25),),
        unmatched=MappingProxyType({"wave": 3}),
        spans=((0, 5),),
    )
    value = (True, (reading, [1, None, 2.5], {"a": b"one"}, b"two", Transcript("txt", (Unit(0, 1, "", "Hi."),))))
    assert plain.unpacked(plain.packed(value)) == value


@pytest.mark.parametrize("value", [Path("/etc"), subprocess.Popen, io.BytesIO(), calls.TEXT, {1}, np.int64(1)])
def test_reader_can_say_nothing_but_plain_values(value):
    with pytest.raises(TypeError, match="not among what a reader may answer"):
        plain.packed((True, value))


EVENT = ["12", "both", "C", 0, 1, 2]


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        pickle.dumps((True, 1)),
        made({"Popen": ["touch /tmp/x"]}),
        made({"unknown": []}),
        made({"tuple": 5}),
        made({"bytes": 3}, b"ab"),
        made({"bytes": -1}, b"ab"),
        made({"bytes": 1}, b"ab"),
        made([1, 2]),
        made({"tuple": [], "list": []}),
        made({"dict": [[{"tuple": []}, 1]]}),
        made({"dict": [["a", 1, 2]]}),
        made({"CodedEvent": EVENT[:3]}),
        made({"CodedEvent": [*EVENT, False, 0, "", None, "one more"]}),
        made({"CodedEvent": ["no code", *EVENT[1:]]}),
        made({"Unit": [2, 1, "", "Hi."]}),
        made(b'{"tuple":[' * 200_000 + b"1" + b"]}" * 200_000),
        made(b"1" * 100_000),
        made(b"\xff"),
        (1 << 62).to_bytes(8, "little") + b"1",
        made(b" " * (plain.MOST_JSON + 1) + b"1"),
    ],
)
def test_answer_of_a_child_that_obeys_nobody_is_refused(answer):
    """As is its memory of an attacker's: no class of ours is changed, and the process that asked goes on."""
    with pytest.raises((ValueError, TypeError, RecursionError)):
        plain.unpacked(answer)


@pytest.mark.parametrize(
    "told", [None, "words", {"MediaInfo": []}, {"tuple": [9, 9, {"bytes": 3}]}, {"list": [1]}]
)
def test_answer_to_another_question_is_refused(told, monkeypatch):
    answer = made({"tuple": [True, told]}, b"abc")
    monkeypatch.setattr(calls, "_asked", lambda *_: (answer, 0, False))
    for ask in (
        lambda: confined.probe(CLIP), lambda: confined.still(CLIP, 0), lambda: confined.transcript(b"a", "a.txt"),
        lambda: confined.coding(b"a", values.Options()), lambda: confined.picture(b"a", 9),
    ):  # fmt: skip
        with pytest.raises(AnalysisError, match="made the reader stop"):
            ask()
