"""The page about a session: units that act together, and the voice and words of the face's own person."""

from __future__ import annotations

import json

import numpy as np
import pytest

from analysis.facs.evidence import Evidence
from analysis.facs.together import together
from facsweb.meaning import heat, session
from facsweb.meaning.session import Files


def told(**values):
    times = np.arange(100) * 40_000
    evidence = Evidence(
        0, times, 40_000.0, {code[1:]: one for code, one in values.items()}, {}, {}, (), np.ones(100)
    )
    return {"together": json.loads(json.dumps(together(evidence).as_dict()))}


def acts(start, end):
    out = np.zeros(100)
    out[start:end] = 3
    return out


def test_the_picture_and_the_table_have_the_same_numbers():
    unknown = np.where(np.arange(100) < 50, np.nan, acts(60, 70))
    shown = heat.together(
        told(_6=acts(10, 30), _12=acts(20, 40), _1=unknown, _2=np.where(np.isnan(unknown), 0, np.nan) + acts(0, 9))
    )
    first = shown["pairs"][0]
    assert (first["a"], first["b"], first["share"], first["seconds"], first["lift"]) == (
        "6",
        "12",
        0.333,
        0.4,
        2.5,
    )
    picture = shown["heat"]
    i, j = picture["codes"].index("6"), picture["codes"].index("12")
    assert picture["values"][i][j] == picture["values"][j][i] == first["share"]
    assert picture["at"][j][i] == first["at_us"] == 20 * 40_000
    assert picture["words"][j][i] == (
        "6 cheek raiser<br>12 lip corner puller<br>both in 33 % of the time of either<br>0.4 s<br>"
        "2.5 times what chance would give"
    )
    assert picture["values"][i][i] is None
    assert picture["words"][i][i] == "6 cheek raiser: 20 % of the time"
    assert shown["never"] == 1, "1 and 2 were never scored at once"
    assert "never scored" in picture["words"][picture["codes"].index("1")][picture["codes"].index("2")]
    assert [words for _, words in shown["steps"]][:2] == ["under 5 %", "from 5 %"]


def test_one_unit_or_none_is_no_picture():
    assert heat.together(told(_12=acts(0, 20)))["units"] == ["12 lip corner puller"]
    assert heat.together(told(_12=acts(0, 20)))["heat"] is None
    assert heat.together(told(_12=np.zeros(100)))["units"] == []
    assert heat.together(None) is None, "nothing was read of this face"


def test_readings_from_before_have_the_share_alone():
    old = told(_6=acts(10, 30), _12=acts(20, 40))
    for key in ("seconds", "lift", "at_us"):
        del old["together"][key]
    shown = heat.together(old)
    assert shown["pairs"][0]["seconds"] is None
    assert shown["heat"]["words"][0][1].endswith("of the time of either")


@pytest.fixture
def files(tmp_path):
    segments = [
        {"start_us": 0, "end_us": 2_000_000, "speaker": "Anna"},
        {"start_us": 2_000_000, "end_us": 5_000_000, "speaker": "Ben"},
    ]
    (tmp_path / "voice.json").write_text(json.dumps({"segments": segments}))

    def means(units, **labels):
        return {
            "units": units,
            "scored": units,
            "labels": {name: {"mean": one, "low": None, "high": None} for name, one in labels.items()},
        }

    words = {
        "session": means(3, joy=0.4, anger=0.2),
        "speakers": {"Anna": means(1, joy=0.9), "Ben": means(2, anger=0.7)},
    }
    (tmp_path / "text.json").write_text(json.dumps({**words, "warnings": []}))
    return Files(tmp_path)


def test_a_face_has_the_words_and_the_speech_of_its_own_person(files):
    assert session._voice(files, ["Anna"])["seconds"] == 2
    (anna,) = session._words(files, ["Anna"])["people"]
    assert (anna["name"], anna["units"], [label for label, _ in anna["labels"]]) == ("Anna", 1, ["joy"])
    assert session._words(files, ["Cem"])["people"] == []


def test_where_nobody_said_who_speaks_it_is_everybodys_and_that_is_said(files):
    assert session._voice(files, []) == {"segments": 2, "seconds": 5, "warnings": (), "people": 2}
    words = session._words(files, [])
    assert (words["several"], words["people"][0]["units"]) == (True, 3)
