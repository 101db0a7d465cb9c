"""Coefficients against worked examples that were published, against other packages, and by their properties."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from analysis.agreement.coefficients import (
    cohen_kappa,
    dice,
    gwet_ac1,
    gwet_ac1_of,
    krippendorff_alpha,
    krippendorff_alpha_of,
    observed,
    wexler,
)
from analysis.agreement.icc import icc, icc_from_sums

REFERENCE = json.loads(Path(__file__).with_name("reference.json").read_text(encoding="utf-8"))
NONE = math.nan

#: Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability", section C: four observers, twelve units.
KRIPPENDORFF = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, NONE, NONE, NONE],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NONE, 3],
        [NONE, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NONE],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NONE],
    ]
).T
#: Shrout & Fleiss 1979, table 2: six targets, four judges.
SHROUT_FLEISS = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
#: Cohen 1960, table 1 (200 patients, two judges, three diagnoses).
COHEN = [[88, 10, 2], [14, 40, 6], [18, 10, 12]]


# Published


def test_wexlers_index_of_the_facs_example():
    # Printed as the manual's formula with 1+2+5+6+12 against 5+6+12 in the FaceReader validation paper: 3·2/8.
    assert wexler({"1", "2", "5", "6", "12"}, {"5", "6", "12"}) == pytest.approx(0.75)


def test_kappa_of_cohen_1960():
    assert cohen_kappa(COHEN) == pytest.approx(0.492, abs=5e-4)
    assert observed(COHEN) == pytest.approx(0.70)


def test_kappa_of_fleiss_levin_and_paik():
    # "Statistical Methods for Rates and Proportions", 3rd edition, table 18.1: κ = .676.
    assert cohen_kappa([[75, 1, 4], [5, 4, 1], [0, 0, 10]]) == pytest.approx(0.676, abs=5e-4)


@pytest.mark.parametrize(("level", "alpha"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)])
def test_alpha_of_krippendorff_2011_with_missing_values(level, alpha):
    assert krippendorff_alpha_of(KRIPPENDORFF, level) == pytest.approx(alpha, abs=5e-4)


def test_alpha_of_krippendorff_2011_of_two_observers():
    meg, owen = [0, 1, 0, 0, 0, 0, 0, 0, 1, 0], [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]
    assert krippendorff_alpha_of(np.array([meg, owen]).T) == pytest.approx(0.095, abs=5e-4)
    ben, gerry = ([ord(letter) for letter in text] for text in ("aabbdcccedda", "babbbccceddd"))
    assert krippendorff_alpha_of(np.array([ben, gerry]).T) == pytest.approx(0.692, abs=5e-4)


def test_ac1_of_gwets_own_package():
    # irrCAC's overview: cont3x3abstractors, and cac.raw4raters, which are Krippendorff's data above.
    abstractors = [[13, 0, 0], [0, 20, 7], [0, 4, 56]]
    assert gwet_ac1(abstractors) == pytest.approx(0.8493305, abs=5e-8)
    assert cohen_kappa(abstractors) == pytest.approx(0.7964094, abs=5e-8)
    assert gwet_ac1_of(KRIPPENDORFF) == pytest.approx(0.77544, abs=5e-6)


def test_kappas_paradox():
    # Two raters who agree on 118 of 125: κ is below zero, AC1 .94 (Gwet 2002, "Kappa is not satisfactory for
    # assessing the extent of agreement between raters").
    table = [[118, 5], [2, 0]]
    assert observed(table) == pytest.approx(0.944)
    assert cohen_kappa(table) == pytest.approx(-0.0234, abs=5e-5)
    assert gwet_ac1(table) == pytest.approx(0.9408, abs=5e-5)


def test_icc_of_shrout_and_fleiss():
    found = icc(SHROUT_FLEISS)
    assert found.icc2 == pytest.approx(0.29, abs=5e-3)
    assert found.icc3 == pytest.approx(0.71, abs=5e-3)
    # The intervals that R's psych::ICC prints for these data: 0.019–0.76 and 0.34–0.95.
    assert (found.icc2_low, found.icc2_high) == pytest.approx((0.019, 0.76), abs=5e-3)
    assert (found.icc3_low, found.icc3_high) == pytest.approx((0.34, 0.95), abs=5e-3)
    assert (found.units, found.coders) == (6, 4)


# Other packages (make_reference.py)


def test_several_coders_like_krippendorff_and_irrcac():
    case = REFERENCE["several"]
    ratings = np.array(case["ratings"], np.float64)
    for level, alpha in case["alpha"].items():
        assert krippendorff_alpha_of(ratings, level) == pytest.approx(alpha, abs=1e-12)
    assert gwet_ac1_of(ratings) == pytest.approx(case["ac1"], abs=1e-5)  # irrCAC rounds


def test_two_coders_like_statsmodels_and_scikit_learn():
    case = REFERENCE["two"]
    for weights in ("none", "linear", "squared"):
        assert cohen_kappa(case["table"], weights) == pytest.approx(case[weights], abs=1e-12)
    table = np.array(case["table"])
    assert krippendorff_alpha(table + table.T, "ordinal") == pytest.approx(case["alpha_ordinal"], abs=1e-12)


def test_a_rare_code_like_scikit_learn_krippendorff_and_irrcac():
    case = REFERENCE["rare"]
    (neither, second), (first, both) = case["table"]
    table = np.array(case["table"])
    assert cohen_kappa(table) == pytest.approx(case["kappa"], abs=1e-12)
    assert gwet_ac1(table) == pytest.approx(case["ac1"], abs=1e-5)
    assert krippendorff_alpha(table + table.T) == pytest.approx(case["alpha"], abs=1e-12)
    assert dice(both, first, second) == pytest.approx(case["f1"], abs=1e-12)
    assert neither > 2900


def test_icc_like_pingouin():
    case = REFERENCE["scores"]
    found = icc(case["scores"])
    assert found.icc2 == pytest.approx(case["icc2"]["value"], abs=1e-12)
    assert found.icc3 == pytest.approx(case["icc3"]["value"], abs=1e-12)
    # pingouin rounds intervals to two places.
    assert (found.icc2_low, found.icc2_high) == pytest.approx(case["icc2"]["interval"], abs=5.1e-3)
    assert (found.icc3_low, found.icc3_high) == pytest.approx(case["icc3"]["interval"], abs=5.1e-3)


# Properties


@pytest.fixture
def tables():
    return np.random.default_rng(4).integers(0, 30, (50, 6, 6))


@pytest.mark.parametrize(
    "figure",
    [
        cohen_kappa,
        lambda t: cohen_kappa(t, "linear"),
        lambda t: cohen_kappa(t, "squared"),
        gwet_ac1,
        observed,
        lambda t: krippendorff_alpha(t + np.swapaxes(t, -1, -2)),
        lambda t: krippendorff_alpha(t + np.swapaxes(t, -1, -2), "ordinal"),
    ],
)
def test_stacks_symmetry_and_perfect_agreement(figure, tables):
    whole = figure(tables)
    assert whole == pytest.approx([float(figure(one)) for one in tables], abs=1e-12)  # a stack is its tables
    assert figure(np.swapaxes(tables, -1, -2)) == pytest.approx(whole, abs=1e-12)  # who is first does not matter
    assert figure(tables * 7) == pytest.approx(whole, abs=2e-2)  # α alone knows small samples
    same = np.einsum("ij,nj->nij", np.eye(6), np.maximum(tables[:, 0], 1))
    assert figure(same) == pytest.approx(np.ones(50), abs=1e-12)


@pytest.mark.parametrize("figure", [cohen_kappa, gwet_ac1, lambda t: krippendorff_alpha(t + t.T)])
def test_names_of_categories_do_not_matter(figure, tables):
    order = np.array([3, 1, 5, 0, 2, 4])
    assert figure(tables[0][np.ix_(order, order)]) == pytest.approx(figure(tables[0]), abs=1e-12)


def test_chance_gives_zero():
    independent = np.outer([900, 100], [800, 200])
    assert cohen_kappa(independent) == pytest.approx(0, abs=1e-12)
    table = np.outer([900, 100], [900, 100])
    assert krippendorff_alpha(table + table.T) == pytest.approx(0, abs=1e-5)


def test_what_is_undefined_is_nan():
    nothing, one_value = np.zeros((2, 2)), np.array([[9, 0], [0, 0]])
    for table in (nothing, one_value):
        assert np.isnan(cohen_kappa(table))
        assert np.isnan(krippendorff_alpha(table + table.T))
    assert np.isnan(observed(nothing))
    assert np.isnan(gwet_ac1(nothing))
    assert gwet_ac1(one_value) == 1  # defined: AC1 expects no chance agreement there
    assert np.isnan(gwet_ac1_of([[1, 1], [1, 1]]))  # one category is no choice
    assert gwet_ac1_of([[1, 1], [1, 1]], categories=2) == 1
    assert math.isnan(wexler((), ()))
    assert math.isnan(krippendorff_alpha_of([[1, NONE], [NONE, 2]]))


def test_only_one_coder_using_a_code_is_no_better_than_chance():
    table = [[90, 0], [10, 0]]
    assert cohen_kappa(table) == pytest.approx(0)
    assert dice(0, 10, 0) == 0


def test_icc_knows_offsets():
    scores = np.array([[1.0, 2, 3, 5, 4], [2.0, 3, 4, 6, 5]]).T
    found = icc(scores)
    assert found.icc3 == pytest.approx(1)
    assert found.icc2 < 0.9
    assert math.isnan(icc([[1.0, 2.0]]).icc2)
    assert math.isnan(icc([[3.0, 3.0], [3.0, 3.0]]).icc3)
    with pytest.raises(ValueError, match="at least two coders"):
        icc([1.0, 2.0])


def test_icc_from_sums_is_the_icc():
    scores = np.random.default_rng(1).integers(0, 6, (7, 200, 3)).astype(float)
    found = icc_from_sums(np.full(7, 200), scores.sum(1), (scores**2).sum((1, 2)), (scores.sum(2) ** 2).sum(1))
    for number, one in enumerate(scores):
        assert found[0][number] == pytest.approx(icc(one).icc2, abs=1e-10)
        assert found[1][number] == pytest.approx(icc(one).icc3, abs=1e-10)
    constant = icc_from_sums(5, [15, 15], 90, 180)
    assert np.isnan(constant[1])
