"""The figures of agreement against values worked out by hand."""

from __future__ import annotations

import math

import pytest

from analysis.validation.metrics import Agreement, base_rate, f1, icc31, mae, pearson, table

NAN = math.nan
# Pairs (1, 2), (2, 4), (3, 6), (4, 8), a rater with twice the scale:
# row means 1.5, 3, 4.5, 6 around 3.75: BMS = 2 · (5.0625 + 0.5625 + 0.5625 + 5.0625) / 3 = 7.5
# differences −1, −2, −3, −4 around −2.5: EMS = (2.25 + 0.25 + 0.25 + 2.25) / 2 / 3 = 5 / 6
# ICC(3,1) = (7.5 − 5/6) / (7.5 + 5/6) = 0.8
HALF, DOUBLE = [1, 2, 3, 4], [2, 4, 6, 8]


def test_icc_of_raters_on_different_scales():
    assert icc31(HALF, DOUBLE) == pytest.approx(0.8, abs=1e-12)


def test_icc_of_the_first_two_judges_of_shrout_and_fleiss():
    # Their table 2: judge 1 is 9 6 8 7 10 6, judge 2 is 2 1 4 1 5 2. Row means 5.5 3.5 6 4 7.5 4, mean 61/12:
    # BMS = 2 · 11.7083 / 5 = 4.68333; differences 7 5 4 6 5 4 around 31/6: EMS = 6.8333 / 2 / 5 = 0.68333
    # ICC(3,1) = (4.68333 − 0.68333) / (4.68333 + 0.68333) = 4 / 5.36667
    assert icc31([9, 6, 8, 7, 10, 6], [2, 1, 4, 1, 5, 2]) == pytest.approx(4 / 5.366666666666667, abs=1e-12)


def test_icc_ignores_an_offset_and_sees_the_opposite():
    assert icc31(HALF, [value + 3 for value in HALF]) == pytest.approx(1.0)
    assert icc31(HALF, HALF[::-1]) == pytest.approx(-1.0)


def test_pearson_by_hand():
    # deviations −1 0 1 and −4/3 5/3 −1/3: sum of products 1, squares 2 and 42/9
    assert pearson([1, 2, 3], [1, 4, 2]) == pytest.approx(1 / math.sqrt(2 * 42 / 9), abs=1e-12)
    assert pearson(HALF, DOUBLE) == pytest.approx(1.0)


def test_mae_by_hand():
    assert mae([0, 1, 5], [1, 1, 2.5]) == pytest.approx(3.5 / 3)


def test_f1_counts_from_b_on():
    # present: predicted 1.1 and 3; true 2 and 2. One hit, one false alarm, one miss: 2 / (2 + 1 + 1)
    assert f1([1.0, 1.1, 3.0, 0.9], [0, 2, 1, 2]) == pytest.approx(0.5)
    assert f1([1.0, 0.0], [2, 0]) == 0.0
    assert f1([2, 0, 2], [1, 0, 0], true_above=0.5) == pytest.approx(2 / 3)
    assert f1([2, 0, 2], [1, 0, 0], above=2.5, true_above=0.5) == 0.0


def test_base_rate_is_of_the_labels():
    assert base_rate([0, 1, 1.01, 5, NAN]) == 0.5
    assert base_rate([0, 1, 1, NAN], above=0.5) == pytest.approx(2 / 3)


@pytest.mark.parametrize("figure", [icc31, pearson, mae, f1])
def test_pairs_with_a_nan_are_left_out(figure):
    whole = figure([1, 2, 3, 4], [2, 1, 5, 4])
    assert figure([1, 9, 2, 3, NAN, 4], [2, NAN, 1, 5, 0, 4]) == pytest.approx(whole)
    assert not math.isnan(whole)


@pytest.mark.parametrize("figure", [icc31, pearson, mae, f1])
def test_nothing_to_compare_is_nan(figure):
    assert math.isnan(figure([], []))
    assert math.isnan(figure([NAN, 1], [1, NAN]))


def test_what_the_data_do_not_define_is_nan():
    assert math.isnan(icc31([1, 1, 1], [1, 1, 1]))
    assert math.isnan(icc31([1], [2]))
    assert math.isnan(pearson([0.1, 0.1, 0.1], [1, 2, 3]))
    assert math.isnan(f1([0, 1], [0, 1]))
    assert math.isnan(base_rate([NAN]))


@pytest.mark.parametrize("figure", [icc31, pearson, mae, f1])
def test_series_of_different_shape_are_refused(figure):
    with pytest.raises(ValueError, match="one length"):
        figure([1, 2], [1, 2, 3])
    with pytest.raises(ValueError, match="one dimension"):
        figure([[1, 2]], [[1, 2]])


def test_table_has_a_row_for_each_au_that_both_have():
    rows = table({"12": HALF, "4": [0, 0, NAN, 2]}, {"4": [0, 2, 2, NAN], "12": DOUBLE, "6": HALF})
    assert [row.code for row in rows] == ["4", "12"]
    assert rows[1] == Agreement("12", 4, 0, 1.0, pytest.approx(6 / 7), pytest.approx(0.8), pytest.approx(1.0), 2.5)
    four = rows[0]
    assert (four.frames, four.unmeasured, four.base_rate, four.f1, four.mae) == (2, 1, 0.5, 0.0, 1.0)
    assert math.isnan(four.pcc)


def test_table_takes_presence_from_coded_occurrence():
    # coded 1 at intensity A: present, though the intensity alone would not say so
    (row,) = table({"6": [0, 2, 2, 0]}, {"6": [0, 1, NAN, NAN]}, {"6": [0, 1, 0, NAN]})
    assert (row.frames, row.unmeasured) == (3, 0)
    assert row.base_rate == pytest.approx(1 / 3)
    assert row.f1 == pytest.approx(2 / 3)
    assert row.mae == 0.5


def test_table_refuses_series_of_different_length():
    with pytest.raises(ValueError, match="one length"):
        table({"6": [1, 2]}, {"6": [1, 2, 3]})
    with pytest.raises(ValueError, match="one length"):
        table({"6": [1, 2]}, {"6": [1, 2]}, {"6": [1]})
