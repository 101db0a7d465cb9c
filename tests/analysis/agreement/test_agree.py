"""The one call: figures of codings that were made so that every figure can be worked out by hand."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from analysis.agreement import CERTIFIED, GROUP_METRICS, METRIC, METRICS, Figure, Options, agree, methods
from analysis.agreement.coefficients import cohen_kappa, krippendorff_alpha_of
from analysis.agreement.icc import icc
from tests.analysis.agreement.made import drawn, event, layer, moments

NO_DRAWS = Options(resamples=0)


def pair_of(a, b, options=NO_DRAWS, **more):
    return agree([(a, b)], options, **more).pairs[0]


def test_figures_worked_out_by_hand():
    # 100 s, 2500 frames. 12: two events each, the first the same, of the second the last half; 45: a alone.
    a = layer("a", event("12", 10, 19.96, "B"), event("12", 30, 39.96, "D"), event("45", 50, 50.2), seconds=100)
    b = layer("b", event("12", 10, 19.96, "B"), event("12", 35, 39.96, "C"), seconds=100)
    pair = pair_of(a, b)
    row = pair.row("12")
    assert (pair.frames, pair.seconds, pair.recordings) == (2500, 100, 1)
    assert (row.matched, row.first_only, row.second_only) == (2, 0, 0)
    assert (row.seconds_first, row.seconds_second, row.seconds_both) == pytest.approx((20, 15, 15))
    assert row["index"].value == 1
    assert row["index_frames"].value == pytest.approx(2 * 375 / (500 + 375))
    table = [[2000, 0], [125, 375]]
    assert row["kappa"].value == pytest.approx(float(cohen_kappa(table)))
    assert row["prevalence"].value == pytest.approx((500 + 375) / 5000)
    assert row["observed"].value == pytest.approx(0.95)
    assert row["overlap"].value == pytest.approx((1 + 4.960001 / 9.960001) / 2)
    assert (row["onset_us"].value, row["onset_abs_us"].value) == (2_500_000, 2_500_000)
    assert row["offset_us"].value == 0
    blinks = pair.row("45")
    assert (blinks["index"].value, blinks["kappa"].value) == (0, 0)  # only one coder: no better than chance
    assert blinks["overlap"].why == "no matched events"
    assert pair.overall["index"].value == pytest.approx(4 / 5)
    assert pair.overall["kappa"].value == pytest.approx(float(cohen_kappa(table)) / 2)
    assert pair.overall["kappa"].n == 2
    scores = np.zeros((2500, 2))
    scores[:250], scores[250:375, 0], scores[375:500] = 2, 4, (4, 3)
    assert row["icc2"].value == pytest.approx(icc(scores).icc2)
    assert row["icc3"].value == pytest.approx(icc(scores).icc3)
    assert row["alpha_intensity"].value == pytest.approx(krippendorff_alpha_of(scores, "ordinal"))
    assert row["icc2_events"].value == pytest.approx(icc([[2, 2], [4, 3]]).icc2)


def test_kappa_of_events_counts_the_occasions_on_which_neither_coded():
    # Events of 2 s in 100 s: two matched, one of each alone. Free are 100 − 8 s of union, room for 46 events.
    a = layer("a", event("1", 10, 12), event("1", 20, 22), event("1", 30, 32), seconds=100)
    b = layer("b", event("1", 10, 12), event("1", 20, 22), event("1", 40, 42), seconds=100)
    row = pair_of(a, b).row("1")
    assert row["index"].value == pytest.approx(4 / 6)
    assert row["kappa_events"].value == pytest.approx(float(cohen_kappa([[45.9, 1], [1, 2]])), abs=2e-3)
    longer = pair_of(*(layer(x.coder, *x.events, seconds=100_000) for x in (a, b))).row("1")
    assert longer["kappa_events"].value == pytest.approx(4 / 6, abs=1e-4)  # Hripcsak & Rothschild 2005


def test_the_tolerance_counts():
    a, b = layer("a", event("1", 10, 11)), layer("b", event("1", 11.3, 12))
    assert pair_of(a, b).row("1")["index"].value == 1
    assert pair_of(a, b, Options(resamples=0, tolerance_us=200_000)).row("1")["index"].value == 0
    assert pair_of(a, b, Options(resamples=0, match_by="onset")).row("1")["index"].value == 0


@pytest.fixture(scope="module")
def coded():
    random = np.random.default_rng(3)
    out = []
    for number in range(4):
        true = moments(random, 60, 0.15)
        names = {"participant": f"p{number}", "recording": f"r{number}"}
        out.append([drawn(random, coder, true, **names) for coder in "abc"])
    return out


def test_a_coder_agrees_with_a_copy_perfectly(coded):
    pair = agree([(one, replace(one, coder="copy")) for one, _, _ in coded], Options(resamples=50)).pairs[0]
    for row in (pair.overall, *pair.rows):
        for key, figure in row.figures.items():
            if METRIC[key].unit == "us":
                assert (figure.value, figure.low, figure.high) == (0, 0, 0)
            elif key != "prevalence":
                assert figure.value == pytest.approx(1, abs=1e-9), key
                assert figure.low == pytest.approx(1, abs=1e-9)
    assert pair.confused == ()


def test_who_is_first_does_not_matter(coded):
    there, back = (agree([group[:2][::way] for group in coded], Options(resamples=40)).pairs[0] for way in (1, -1))
    assert (there.first, back.first) == ("a", "b")
    for row, mirrored in zip(there.rows, back.rows, strict=True):
        assert (row.first_only, row.second_only) == (mirrored.second_only, mirrored.first_only)
        for key, figure in row.figures.items():
            other = mirrored[key].value
            signed = METRIC[key].unit == "us" and "abs" not in key
            assert figure.value == pytest.approx(-other if signed else other, abs=1e-9), key


def test_the_order_of_recordings_and_events_does_not_matter(coded):
    shuffled = [[replace(one, events=one.events[::-1]) for one in group] for group in coded[::-1]]
    turned = agree(shuffled, NO_DRAWS).as_dict()
    plain = agree(coded, NO_DRAWS).as_dict()
    for one, two in zip(turned["pairs"], plain["pairs"], strict=True):
        for row, other in zip(one["rows"], two["rows"], strict=True):
            for key, figure in row["figures"].items():
                assert figure["value"] == pytest.approx(other["figures"][key]["value"], abs=1e-9)


def test_only_time_that_both_coded_counts():
    a = layer("a", event("12", 5, 8), event("12", 30, 33), spans=[(0, 40)])
    b = layer("b", event("12", 5, 8), spans=[(0, 20)])
    pair = pair_of(a, b)
    assert (pair.seconds, pair.row("12")["index"].value, pair.row("12").first_only) == (20, 1, 0)
    apart = agree([(a, layer("c", spans=[(50, 60)]))])
    assert apart.pairs == ()
    assert apart.notes == ("a and c coded no time of r1 both.",)
    assert methods(apart) == "No time was coded by two coders."


def test_where_events_of_a_code_overlap_the_letter_counts():
    a = layer("a", event("12", 2, 2.96, "C"), event("12", 1, 5))
    scores = np.zeros((1500, 2))
    scores[50:75] = 3
    row = pair_of(a, layer("b", event("12", 2, 2.96, "C"))).row("12")
    assert row["icc2"].why == "intensities are missing"  # 76 of the 101 frames with the code
    a = layer("a", event("12", 2, 2.96, "C"), event("12", 1.8, 3))
    row = pair_of(a, layer("b", event("12", 2, 2.96, "C"))).row("12")
    assert (row["icc2"].value, row["icc2"].n) == (1, 1500 - 6)


def test_ends_that_were_cut_are_no_deviations():
    a, b = layer("a", event("12", 2, 20)), layer("b", event("12", 12, 21), spans=[(10, 25)])
    row = pair_of(a, b).row("12")
    assert row["onset_us"].why == "no matched events with an onset in the time that both coded"
    assert (row["offset_us"].value, row["offset_us"].n) == (1_000_000, 1)
    assert row["overlap"].value == pytest.approx(8 / 11, abs=1e-6)


def test_faces_are_counted_apart():
    a = layer("a", event("12", 1, 5, face=0), event("12", 1, 5, face=1))
    b = layer("b", event("12", 1, 5, face=1))
    pair = pair_of(a, b)
    assert (pair.row("12").matched, pair.row("12").first_only, pair.seconds) == (1, 1, 120)
    one = pair_of(a, b, Options(resamples=0, faces=(1,)))
    assert (one.row("12")["kappa"].value, one.seconds) == (1, 60)


def test_sides_do_not_matter_unless_they_are_asked_for():
    a = layer("a", event("12", 1, 5, "B", "left"), event("12", 10, 12, "B", "both"), event("26", 20, 22))
    b = layer("b", event("12", 1, 5, "B", "right"), event("12", 10, 12, "B", "both"), event("26", 20, 22))
    assert pair_of(a, b).row("12")["index"].value == 1
    apart = pair_of(a, b, Options(resamples=0, sides_apart=True))
    assert [row.label for row in apart.rows] == ["L12", "R12", "26"]
    left = apart.row("12", "left")
    assert (left.matched, left.first_only, left.second_only) == (1, 1, 0)
    assert apart.row("12", "right")["index"].value == pytest.approx(2 / 3)
    assert apart.confused == ()  # the other side is not another code


def test_a_side_that_is_not_said_is_unknown_where_sides_are_apart():
    a = layer("a", event("12", 1, 5, "B", "unilateral"), event("12", 10, 12, "B", "left"))
    b = layer("b", event("12", 1, 5, "B", "left"), event("12", 10, 12, "B", "left"))
    left = pair_of(a, b, Options(resamples=0, sides_apart=True)).row("12", "left")
    assert (left.matched, left.first_only, left.second_only) == (1, 0, 0)
    assert (left["kappa"].value, left["kappa"].n) == (1, 1500 - 101)


def test_codes_that_were_asked_for_and_not_used_say_so():
    a, b = layer("a", event("12", 1, 5, "B")), layer("b", event("12", 1, 5, "B"))
    pair = pair_of(a, b, Options(resamples=0, codes=("4", "12")))
    unused = pair.row("4")
    for key in ("index", "kappa", "alpha", "ac1", "icc2", "kappa_events"):
        assert math.isnan(unused[key].value)
        assert unused[key].why == "nobody coded it"
    assert unused["prevalence"].value == 0
    assert pair.overall["kappa"].n == 1
    assert pair_of(a, layer("b"), Options(resamples=0, codes=("4",))).overall["index"].why


def test_intensities_that_are_missing_are_not_guessed():
    a = layer("a", event("12", 1, 5, "B"), event("45", 10, 11))
    b = layer("b", event("12", 1, 5), event("45", 10, 11))
    pair = pair_of(a, b)
    assert pair.row("12")["icc2"].why == "intensities are missing"
    assert pair.row("12")["kappa"].value == 1
    more = layer("a", event("12", 1, 5, "B"), event("12", 10, 12, "C"))
    assert pair_of(more, b).row("12")["icc2"].why == "intensities are missing"  # not taken from 10–12 s alone
    assert pair.row("12")["icc3_events"].why == "fewer than two matched events with both intensities"
    head = pair_of(layer("a", event("51", 1, 5)), layer("b", event("51", 1, 5))).row("51")
    assert head["icc2"].defined or head["icc2"].why


def test_visibility_codes_are_not_part_of_all():
    a = layer("a", event("12", 1, 5), event("70", 10, 20))
    pair = pair_of(a, layer("b", event("12", 1, 5)))
    assert pair.row("70")["index"].value == 0
    assert pair.overall["index"].value == 1


def test_a_clock_of_the_recording_is_used():
    a, b = layer("a", event("12", 1, 2), seconds=10), layer("b", event("12", 1, 2), seconds=10)
    pair = pair_of(a, b, clocks={"r1": np.arange(0, 10_000_000, 100_000)})
    assert (pair.frames, pair.row("12").seconds_both) == (100, pytest.approx(1.1))
    with pytest.raises(ValueError, match="have to increase"):
        pair_of(a, b, clocks={"r1": [0, 0, 1]})


def test_a_blink_between_two_frames_is_not_lost():
    a, b = layer("a", event("45", 1.01, 1.02)), layer("b", event("45", 1.01, 1.02))
    assert pair_of(a, b).row("45")["kappa"].value == 1


def test_intervals_are_over_participants_or_segments(coded):
    by_person = agree(coded, Options(resamples=60)).pairs[0]
    assert (by_person.basis.over, by_person.basis.clusters) == ("participants", 4)
    assert "rough: only 4 participants" in str(by_person.basis)
    one = agree(coded[:1], Options(resamples=60)).pairs[0]
    assert (one.basis.over, one.basis.clusters) == ("segments", 6)
    assert one.overall["index"].low <= one.overall["index"].value <= one.overall["index"].high
    assert agree(coded, Options(resamples=60, over="segments")).pairs[0].basis.clusters == 24
    short = agree([(layer("a", event("12", 1, 2), seconds=5), layer("b", event("12", 1, 2), seconds=5))]).pairs[0]
    assert math.isnan(short.overall["index"].low)
    assert str(short.basis) == "no intervals: there is only one segment to draw from"


def test_the_same_seed_gives_the_same_intervals(coded):
    once, again, other = (agree(coded[:1], Options(seed=seed)).as_dict() for seed in (1, 1, 2))
    assert once == again
    assert once != other


def test_more_than_two_coders(coded):
    found = agree(coded, NO_DRAWS)
    assert [(pair.first, pair.second) for pair in found.pairs] == [("a", "b"), ("a", "c"), ("b", "c")]
    row = next(row for row in found.group.rows if row.code == "12")
    assert set(row.figures) == set(GROUP_METRICS)
    pooled = [pair.row("12") for pair in found.pairs]
    assert row.matched == sum(one.matched for one in pooled)
    assert row["index"].value == pytest.approx(
        2 * row.matched / sum(2 * one.matched + one.first_only + one.second_only for one in pooled)
    )
    ratings = np.concatenate([np.stack([levels(one, "12") for one in group], 1) for group in coded])
    assert row["alpha"].value == pytest.approx(krippendorff_alpha_of(ratings > 0), abs=1e-9)
    assert row["alpha_intensity"].value == pytest.approx(krippendorff_alpha_of(ratings, "ordinal"), abs=1e-9)
    assert row["icc2"].value == pytest.approx(icc(ratings).icc2, abs=1e-9)
    assert row["icc3"].value == pytest.approx(icc(ratings).icc3, abs=1e-9)


def levels(one, code):
    """The same frames by another way: frame by frame, event by event."""
    times = np.arange(0, 60_000_000, 40_000)
    events = [e for e in one.events if e.code == code]
    return [
        max((1 + "ABCDE".index(e.intensity) for e in events if e.onset_us <= t <= e.offset_us), default=0)
        for t in times.tolist()
    ]


def test_a_recording_that_one_coder_lacks(coded):
    found = agree([*coded[1:], coded[0][:2]], NO_DRAWS)
    assert found.pair("a", "b").recordings == 4
    assert found.pair("a", "c").recordings == 3
    assert found.group.recordings == 4
    assert found.group.overall["icc2"].defined
    assert (
        agree([coded[0][:2], coded[1][1:]], NO_DRAWS).group.rows[0]["icc2"].why == "no recording was coded by all"
    )


def test_machine_and_person_take_other_codes(coded):
    pair = agree([group[:2] for group in coded], Options(resamples=0, codes=("12",))).pairs[0]
    assert [row.code for row in pair.rows] == ["12"]
    assert pair.confused == ()


def test_confusion_is_counted():
    a = layer("a", event("6", 1, 3), event("6", 10, 12), event("12", 1, 3))
    b = layer("b", event("7", 1, 3), event("7", 10, 12), event("12", 1, 3))
    (one,) = pair_of(a, b).confused
    assert (one.first, one.second, one.count) == ("6", "7", 2)


def test_wrong_input_is_told():
    one = layer("a", event("12", 1, 2))
    with pytest.raises(ValueError, match="two layers of one coder"):
        agree([(one, one)])
    with pytest.raises(ValueError, match="different recordings"):
        agree([(one, layer("b", recording="other"))])
    with pytest.raises(ValueError, match="between 0 and 1"):
        Options(level=95)
    with pytest.raises(ValueError, match="cannot be negative"):
        Options(tolerance_us=-1)
    assert agree([]).pairs == ()
    assert agree([(one,)]).pairs == ()


def test_figures_say_where_they_stand():
    assert CERTIFIED == 0.70
    low = Figure(0.6, 0.5, 0.69)
    assert (low.standing, low.certain) == ("below", True)
    assert (Figure(0.72, 0.65, 0.8).standing, Figure(0.72, 0.65, 0.8).certain) == ("certified", False)
    assert (Figure(0.9, 0.8, 0.95).standing, Figure(0.9, 0.8, 0.95).certain) == ("reliable", True)
    assert Figure(math.nan, why="nobody coded it").standing == ""
    with pytest.raises(ValueError, match="says why"):
        Figure(math.nan)


def test_it_goes_into_json_and_into_words(coded):
    found = agree(coded, Options(resamples=20, codes=("1", "12", "25")))
    plain = json.loads(json.dumps(found.as_dict(), allow_nan=False))
    assert plain["thresholds"] == {"certified": 0.7, "reliable": 0.8}
    assert [m["key"] for m in plain["metrics"]] == [m.key for m in METRICS]
    row = plain["pairs"][0]["rows"][-1]
    assert (row["label"], row["figures"]["kappa"]["value"]) == ("25", None)
    assert set(plain["pairs"][0]["overall"]["figures"]) == {m.key for m in METRICS}
    text = methods(found, Options(codes=("1", "12", "25"), resamples=20))
    for part in ("3 coders (a, b, c)", "4.0 min of 4 recordings", "500 ms", "0.70", "20 resamples", "AC1"):
        assert part in text
