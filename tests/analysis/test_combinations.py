"""Finding combinations: stretches, sides, timing, what is listed, confidence, presence, files, the command."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from analysis import cli
from analysis.coded import CodedEvent
from analysis.facs import combination_run
from analysis.facs.combination_presence import Presence
from analysis.facs.combinations import (
    Combination,
    Found,
    catalogue,
    find,
    membership,
    parse,
    read_combinations,
    write_combinations,
)
from analysis.facs.evidence import evidence_of_layer
from analysis.types import AnalysisError
from tests.analysis.combination_evidence import evidence, held, labelled

REPOSITORY = Path(__file__).resolve().parents[2]


def own(formula: str, **fields: object) -> Combination:
    return parse({"id": "own-one", "name": "Own", "citation": "our own choice", "formula": formula, **fields})


def entry(name: str) -> Combination:
    return next(one for one in catalogue() if one.id == name)


def spans(found: list[Found]) -> list[tuple[int, int]]:
    return [(one.onset_us, one.offset_us) for one in found]


# Labelled clips


@pytest.mark.parametrize(
    ("clip", "expected"),
    [
        (
            "d1",
            [
                ("happiness", "6D+12D", 1.0, 4.8),
                ("duchenne-smile", "6D+12D", 1.0, 4.8),
                ("happiness", "12C", 6.0, 8.2),
                ("social-smile", "12C", 6.0, 8.2),
            ],
        ),
        ("d2", [("anger", "4D+7C+23C", 1.3, 4.2), ("sadness", "1D+4B+15D+17C", 5.6, 8.9)]),
        ("d3", [("surprise", "1E+2E+5D+26D", 1.2, 3.5), ("contempt-dimpler", "L14D", 7.2, 9.2)]),
    ],
)
def test_exact_labels_of_the_clips_give_what_was_rendered_and_nothing_else(clip, expected):
    found = [one for one in find(labelled(clip), catalogue()) if one.combination != "blink"]
    assert [(one.combination, one.codes) for one in found] == [(name, codes) for name, codes, *_ in expected]
    for one, (*_, first, last) in zip(found, expected, strict=True):
        assert first * 1e6 <= one.onset_us < one.apex_us <= one.offset_us <= last * 1e6


def test_blinks_of_the_clips_are_found_as_such():
    found = [one for one in find(labelled("d3"), catalogue()) if one.combination == "blink"]
    assert len(found) == 4
    assert {one.group for one in found} == {"confounder"}


# Stretches


def test_a_stretch_holds_while_all_stand_with_hysteresis():
    first = held(50, 3.0, 5, 30)
    first[30:35] = 0.7  # above what ends it
    found = find(evidence({"4": first, "7": held(50, 2.0, 10, 45)}), [own("4+7")])
    assert spans(found) == [(400_000, 34 * 40_000)]
    assert (found[0].strength, found[0].codes, found[0].variant) == (2.0, "4C+7B", "4+7")
    assert find(evidence({"4": held(50, 0.9), "7": held(50, 2.0)}), [own("4+7")]) == []
    assert find(evidence({"4": held(50, 1.9), "7": held(50, 2.0)}), [own("4C+7")]) == []


def test_short_gaps_are_joined_long_ones_and_unknown_frames_are_not():
    for gap, rest, count in ((4, 0.0, 1), (10, 0.0, 2), (2, np.nan, 2)):
        values = held(60, 3.0, 5, 50)
        values[25 : 25 + gap] = rest
        assert len(find(evidence({"4": values}), [own("4")])) == count, (gap, rest)
    times = [*range(0, 1_000_000, 40_000), *range(5_000_000, 6_000_000, 40_000)]
    assert spans(find(evidence({"4": held(50, 3.0)}, time_us=times), [own("4")])) == [
        (0, 960_000),
        (5_000_000, 5_960_000),
    ]
    assert find(evidence({"4": held(60, 3.0, 5, 8)}), [own("4")]) == []  # 80 ms


def test_what_has_to_be_absent_ends_it_and_what_nobody_scored_is_said():
    values = {"12": held(60, 3.0, 5, 50), "6": held(60, 2.0, 30, 50)}
    alone = own("12", without="6")
    assert spans(find(evidence(values), [alone])) == [(200_000, 29 * 40_000)]
    sure = find(evidence(values | {"6": held(60, 0.0)}), [alone])[0]
    unsure = find(evidence({"12": values["12"]}), [alone])[0]
    assert (sure.unscored, unsure.unscored) == ((), ("6",))
    assert unsure.confidence == pytest.approx(0.8 * sure.confidence)
    unseen = find(evidence(values | {"6": np.full(60, np.nan)}), [alone])[0]
    assert unseen.unscored == ("6",)


def test_a_unit_that_nobody_scored_is_never_there():
    assert find(evidence({"4": held(40, 3.0)}), [own("4+7"), entry("speech"), entry("pain")]) == []
    nothing = evidence({"4": np.full(40, np.nan), "7": np.full(40, np.nan)})
    assert find(nothing, catalogue()) == []
    assert find(evidence({"4": np.zeros(0)}), catalogue()) == []


def test_sides():
    contempt = entry("contempt")
    left = {"12": held(40, 3.0), "12_R": held(40, 0.2), "14": held(40, 2.0), "14_R": held(40, 0.0)}
    found = find(evidence(left), [contempt])
    assert [(one.side, one.codes) for one in found] == [("left", "L12C+L14B")]
    crossed = left | {"14": held(40, 2.0), "14_R": held(40, 2.0), "14_L": held(40, 0.0)}
    assert find(evidence(crossed), [contempt]) == []
    assert find(evidence({"12": held(40, 3.0), "14": held(40, 2.0)}), [contempt]) == []
    assert find(evidence(left), [own("LR12")]) == []
    assert find(evidence(left), [own("R12")]) == []
    assert find(evidence(left), [own("L12")])[0].side == "left"
    assert membership(evidence(left).values, contempt)[0] == 1.0
    assert membership(evidence(crossed).values, contempt)[0] == 0.0


def test_timing():
    late = evidence({"1": held(100, 3.0, 10, 60), "2": held(100, 3.0, 40, 90)})  # 1.2 s later
    assert len(find(late, [own("1+2", onsets_within_ms=1300)])) == 1
    assert find(late, [own("1+2", onsets_within_ms=1100)]) == []
    assert len(find(late, [own("1+2", order=["1", "2"])])) == 1
    assert find(late, [own("1+2", order=["2", "1"])]) == []
    assert find(late, [own("1+2", least_ms=800)]) == []
    assert find(late, [own("1+2", longest_ms=700)]) == []
    assert len(find(late, [own("1+2", least_ms=700, longest_ms=800)])) == 1
    peaked = {code: held(100, 2.0, 10, 60) for code in "12"}
    peaked["1"][15], peaked["2"][50] = 4.0, 4.0
    assert len(find(evidence(peaked), [own("1+2", apexes_within_ms=1500)])) == 1
    assert find(evidence(peaked), [own("1+2", apexes_within_ms=1000)]) == []
    apart = evidence({"12": held(200, 3.0, 10, 60), "24": held(200, 3.0, 80, 120), "64": held(200, 3.0, 90, 150)})
    found = find(apart, [entry("embarrassment")])
    assert [(one.combination, one.codes) for one in found] == [("embarrassment", "12C+24C+64C")]
    assert found[0].strength == 3.0
    assert find(apart, [own("12+24+64")]) == []


def test_the_fuller_variant_stands_for_lesser_ones_and_duchenne_for_the_smile_around_it():
    values = {code: held(100, 3.0, 20, 60) for code in ("1", "2", "5", "26")}
    values["5"] = held(100, 2.2, 25, 55)
    found = find(evidence(values), catalogue())
    assert [one.variant for one in found] == ["1+2+5B+26"]
    assert "surprise 1+2+26" in found[0].also
    assert not any(one.startswith("fear") for one in found[0].also)  # 5 is at C
    strong = find(evidence(values | {"5": held(100, 4.0, 25, 55)}), catalogue())
    assert [one.variant for one in strong] == ["1+2+5B+26"]
    assert {"surprise 1+2+26", "fear 1+2+5D[+25/26/27]"} <= set(strong[0].also)
    smile = {"12": held(200, 3.0, 10, 110), "6": held(200, 3.0, 20, 80)}
    kinds = [one.combination for one in find(evidence(smile), catalogue()) if one.kind == "smile"]
    assert kinds == ["duchenne-smile"]
    longer = smile | {"6": held(200, 3.0, 20, 40)}
    kinds = [one.combination for one in find(evidence(longer), catalogue()) if one.kind == "smile"]
    assert kinds == ["duchenne-smile", "social-smile"]


def test_a_strong_smile_lifts_the_cheeks_for_the_machine_but_not_for_a_person():
    values = {"12": held(60, 4.0, 5, 50), "6": held(60, 1.7, 5, 50)}
    smiles = [entry("duchenne-smile"), entry("social-smile")]
    assert [one.combination for one in find(evidence(values), smiles)] == ["social-smile"]
    assert [one.combination for one in find(evidence(values, origin="coder"), smiles)] == ["duchenne-smile"]


def test_micro_expressions_are_found_and_marked():
    values = {code: held(60, 3.0, 20, 30) for code in ("4", "7", "23")}
    assert [(one.kind, one.micro) for one in find(evidence(values), [entry("anger")])] == [
        ("microexpression", True)
    ]
    longer = values | {"4": held(60, 3.0, 5, 55)}  # a brow that stays is no short movement
    assert [one.kind for one in find(evidence(longer), [entry("anger")])] == ["expression"]
    slow = evidence(values, step_us=50_000)
    assert [one.kind for one in find(slow, [entry("anger")])] == ["expression"]
    cut = {code: array[20:] for code, array in values.items()}  # nobody saw it begin
    assert [one.kind for one in find(evidence(cut), [entry("anger")])] == ["expression"]


def test_a_coders_layer_counts_traces_and_codes_that_only_people_see():
    events = [
        CodedEvent("4", "both", "A", 1_000_000, 1_500_000, 2_000_000),
        CodedEvent("7", "both", "B", 1_000_000, 1_500_000, 2_000_000),
        CodedEvent("50", "", "", 3_000_000, 3_000_000, 4_000_000),
        CodedEvent("12", "unilateral", "B", 5_000_000, 5_100_000, 5_400_000),
        CodedEvent("14", "unilateral", "C", 5_000_000, 5_100_000, 5_400_000),
        CodedEvent("4", "both", "C", 6_000_000, 6_000_000, 6_200_000, rejected=True),
    ]
    found = find(evidence_of_layer(events, [(0, 8_000_000)]), catalogue())
    assert [(one.combination, one.codes, one.side) for one in found] == [
        ("confusion", "4A+7B", "both"),
        ("speech", "50", ""),
        ("contempt", "U12B+U14C", "unilateral"),
    ]
    assert found[0].confidence == 1.0
    assert found[0].onset_us == 1_000_000
    assert membership(
        {"4": np.array([0.0, 0.5]), "7": np.array([2.0, 2.0])}, own("4+7"), origin="coder"
    ).tolist() == [0, 1]


# Sums and shares


def test_pain_is_the_sum_of_prkachin_and_solomon():
    values = {"4": 2.0, "6": 0.0, "7": 3.0, "9": 0.0, "10": 2.0, "43": 5.0}
    rows = {code: held(60, value, 10, 40) for code, value in values.items()}
    found = find(evidence(rows), [entry("pain")])
    assert spans(found) == [(400_000, 39 * 40_000)]
    assert found[0].strength == pytest.approx(5 * (2 + 3 + 2 + 1) / 16)
    assert found[0].codes == "4B+7C+10B+43E"
    angry = rows | {"10": held(60, 0.0), "43": held(60, 0.0), "4": held(60, 5.0)}
    assert find(evidence(angry), [entry("pain")]) == []  # two parts are not enough, however strong
    there = membership(evidence(rows).values, entry("pain"))
    assert (there[0], there[20]) == (0.0, 1.0)
    unknown = {**rows, "9": np.full(60, np.nan), "10": np.full(60, np.nan)}
    assert np.isnan(membership(unknown, entry("pain"))).all()


def test_perclos_counts_long_closures_and_no_blinks():
    count, step = 1000, 200_000  # 200 s
    closed = held(count, 0.0)
    closed[400:450] = 5.0  # 10 s of the minute
    found = find(evidence({"43": closed}, step_us=step), [entry("perclos")])
    assert len(found) == 1
    # 9 s of 60 s are .15; the stretch is widened to three quarters of that, 6.75 s
    assert found[0].onset_us == pytest.approx(86_750_000, abs=step)
    assert found[0].strength == pytest.approx(5 * 10 / 60, abs=0.02)
    assert found[0].codes == "43E"
    blinks = held(count, 0.0)
    blinks[::4] = 5.0  # a quarter of the time, 200 ms each
    assert find(evidence({"43": blinks}, step_us=step), [entry("perclos")]) == []
    seconds = np.full(count, step / 1e6)
    draws = np.stack([closed, blinks])
    share = membership({"43": draws}, entry("perclos"), seconds=seconds)
    assert share.shape == (2, count)
    assert (share[0, 460], share[1, 460]) == (pytest.approx(min(1, 10 / 9 - 0.5)), 0.0)
    assert np.isnan(share[:, :200]).all()  # less than a minute is known
    assert np.isnan(membership({"43": draws}, entry("perclos"))).all()


# How sure, how much


def test_the_worked_example_of_the_page():
    count = 30
    made = evidence({"6": held(count, 2.2, 0, 20), "12": held(count, 3.4, 0, 20)})
    seen = np.arange(count) < 20
    made = replace(
        made,
        low={"6": np.where(seen, 1.2, 0.0), "12": np.where(seen, 2.4, 0.0)},
        high={"6": np.where(seen, 3.2, 0.0), "12": np.where(seen, 4.2, 0.0)},
    )
    found = {one.combination: one for one in find(made, catalogue(), speech=[(400_000, 800_000)])}
    assert set(found) == {"happiness", "duchenne-smile"}
    smile = found["duchenne-smile"]
    told = {
        "codes": smile.codes,
        "strength": f"{smile.strength:.1f}",
        "speech": f"{smile.speech:.3f}",
        "confidence of the Duchenne smile": f"{smile.confidence:.3f}",
        "confidence of happiness": f"{found['happiness'].confidence:.3f}",
        "membership of the Duchenne smile": f"{membership(made.values, entry('duchenne-smile'))[0]:.1f}",
        "membership of the smile without 6": f"{membership(made.values, entry('social-smile'))[0]:.1f}",
    }
    page = (REPOSITORY / "docs" / "combinations.md").read_text(encoding="utf-8")
    for name, value in told.items():
        assert f"| {name} | {value} |" in page, (name, value)


def test_speech_weighs_mouth_units_less_and_leaves_others_alone():
    values = {"1": held(60, 3.0, 5, 50), "2": held(60, 3.0, 5, 50), "26": held(60, 3.0, 5, 50)}
    quiet = find(evidence(values), [own("1+2+26")])[0]
    spoken = find(evidence(values), [own("1+2+26")], speech=[(0, 10_000_000), (500_000, 600_000)])[0]
    assert (quiet.speech, spoken.speech) == (0.0, 1.0)
    assert spoken.confidence == pytest.approx(quiet.confidence / 2)
    assert find(evidence(values), [own("1+2")], speech=[(0, 10_000_000)])[0].speech == 0.0


def test_presence_is_the_weakest_link_over_any_number_of_draws():
    values = {
        "4": np.array([[0.5, 1.0, 1.5], [3.0, 3.0, np.nan]]),
        "7": np.array([3.0, 3.0, 3.0]),
        "23": np.array([0.0, 0.0, 1.0]),
    }
    assert membership(values, own("4+7")).tolist()[0] == [0.0, 0.5, 1.0]
    found = membership(values, own("4+7", without="23"))
    assert found.shape == (2, 3)
    assert found[0].tolist() == [0.0, 0.5, 0.5]
    assert found[1, :2].tolist() == [1.0, 1.0]
    assert np.isnan(found[1, 2])
    assert membership(values, own("4/9+7"))[0].tolist() == [0.0, 0.5, 1.0]  # 9 was not scored
    assert np.isnan(membership(values, own("9+7"))).all()
    together = Presence(values)
    for one in catalogue():
        np.testing.assert_array_equal(together.of(one), membership(values, one))


# Files and the command


@pytest.fixture
def folder(tmp_path):
    """A result folder with one smile, written the way an interpretation writes it."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    count = 100
    table = {"time_us": np.arange(count) * 40_000, "face": np.zeros(count, np.int16), "quality": np.ones(count)}
    for code in ("6", "12"):
        for key in (code, f"{code}_L", f"{code}_R"):
            table[f"AU{key}"] = held(count, 3.0, 20, 70)
        table[f"AU{code}_low"], table[f"AU{code}_high"] = held(count, 2.5, 20, 70), held(count, 3.5, 20, 70)
    pq.write_table(pa.table(table), tmp_path / "signals.parquet")
    (tmp_path / "events.csv").write_text("code,side,intensity,onset_us,apex_us,offset_us,confidence,face\n")
    (tmp_path / "summary.json").write_text(
        json.dumps({"faces": [{"face": 0}], "tiers": {"6": "experimental", "12": "measured"}})
    )
    return tmp_path


def test_files_come_back_as_they_were_written(tmp_path):
    found = find(labelled("d2"), catalogue(), speech=[(0, 3_000_000)])
    write_combinations(tmp_path, found)
    assert read_combinations(tmp_path) == found
    header = (tmp_path / "combinations.csv").read_text(encoding="utf-8").splitlines()[0]
    assert header.startswith("id,name,kind,face,side,onset_us,apex_us,offset_us,strength,confidence,codes,variant")
    assert read_combinations(tmp_path / "nowhere") == []
    (tmp_path / "combinations.csv").write_text("id,name\nx,y\n")
    with pytest.raises(AnalysisError, match="interpret the recording again"):
        read_combinations(tmp_path)


def test_the_command_writes_lists_and_takes_ones_own(folder, capsys):
    mine = folder / "own.toml"
    mine.write_text('id = "grin"\nname = "My grin"\nformula = "12C"\ncitation = "our own choice"\n')
    assert cli.main(["combinations", str(folder), "--own", str(mine)]) == 0
    told = capsys.readouterr().out
    assert "Duchenne smile (6+12): 6C+12C" in told
    assert "My grin: 12C" in told
    assert {one.combination for one in read_combinations(folder)} == {"happiness", "duchenne-smile", "grin"}
    (folder / "voice.json").write_text(json.dumps({"segments": [{"start_us": 0, "end_us": 9_000_000}]}))
    assert cli.main(["combinations", str(folder), "--json"]) == 0
    assert {one["speech"] for one in json.loads(capsys.readouterr().out)} == {1.0}
    assert cli.main(["combinations", "--list"]) == 0
    assert "### References" in capsys.readouterr().out
    assert cli.main(["combinations"]) == 1
    mine.write_text('id = "happiness"\nname = "Mine"\nformula = "12C"\ncitation = "our own choice"\n')
    assert cli.main(["combinations", str(folder), "--own", str(mine)]) == 1
    assert "is taken" in capsys.readouterr().err
    with pytest.raises(AnalysisError, match="cannot be read"):
        combination_run.read_own(folder / "none.toml")
