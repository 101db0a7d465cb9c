"""The catalogue of FACS codes."""

from __future__ import annotations

from analysis.facs.codes import ACTION_UNITS, CATALOGUE, EXCLUSIONS, EYE_CODES, HEAD_CODES, VISIBILITY_CODES


def test_the_44_action_units_are_there_in_numeric_order() -> None:
    assert len(ACTION_UNITS) == 44
    assert [int(code) for code in ACTION_UNITS] == sorted(int(code) for code in ACTION_UNITS)
    assert "3" not in ACTION_UNITS
    assert "40" not in ACTION_UNITS
    groups = {CATALOGUE[code].group for code in ACTION_UNITS}
    assert groups == {"upper_face", "lower_face", "miscellaneous"}


def test_30_units_have_a_defined_muscular_basis_as_the_literature_counts() -> None:
    # Cohn-Kanade paper: 30 with an anatomical basis, 14 without: {8, 19, 21, 29-39}. The catalogue names
    # muscles for some of the 14 too, where one is commonly given, so only the 30 are required here.
    without = {"8", "19", "21", *(str(n) for n in range(29, 40))}
    assert all(CATALOGUE[code].muscles for code in ACTION_UNITS if code not in without)


def test_every_group_that_coders_use_is_covered() -> None:
    for code in (
        *HEAD_CODES,
        *EYE_CODES,
        "M55",
        "M60",
        "M83",
        "68",
        "69",
        "70",
        "74",
        "40",
        "50",
        "80",
        "85",
        "91",
        "92",
    ):
        assert code in CATALOGUE


def test_exclusion_is_symmetric_and_each_pair_has_a_reason_and_a_source() -> None:
    pairs = {frozenset((a, b)) for a, entry in CATALOGUE.items() for b in entry.exclusive_with}
    assert all(a in CATALOGUE[b].exclusive_with for a, entry in CATALOGUE.items() for b in entry.exclusive_with)
    assert [frozenset(pair[:2]) for pair in EXCLUSIONS] == list({frozenset(pair[:2]): None for pair in EXCLUSIONS})
    assert pairs == {frozenset(pair[:2]) for pair in EXCLUSIONS}
    assert all(int(pair.a) < int(pair.b) and pair.why.endswith(".") for pair in EXCLUSIONS)
    assert all("FACS 2002" in pair.source or pair.source == "follows from 24/25" for pair in EXCLUSIONS)
    named = "24/25 26/27 38/39 43/45 51/52 53/54 55/56 57/58 61/62 63/64 65/66"  # listed in FACS
    derived = "24/27 41/42 41/43 42/43 43/46 45/46"  # follow from what FACS says
    assert {f"{pair.a}/{pair.b}" for pair in EXCLUSIONS} == {*named.split(), *derived.split()}


def test_entries_are_complete_and_orders_are_unique() -> None:
    assert [entry.order for entry in CATALOGUE.values()] == list(range(len(CATALOGUE)))
    for key, entry in CATALOGUE.items():
        assert entry.code == key
        assert entry.name
        assert entry.description.endswith(".")
        assert len(entry.description) > 15


def test_only_graded_codes_have_a_machine_tier() -> None:
    machine = {entry.code for entry in CATALOGUE.values() if entry.tier != "human-coded only"}
    assert {"1", "2", "4", "5", "6", "7", "9", "10", "12", "14", "15", "16", "17", "18", "20"} <= machine
    assert {"22", "23", "24", "25", "26", "27", "28", "43", "45", "46", *HEAD_CODES, *EYE_CODES} <= machine
    assert machine <= {*ACTION_UNITS, *HEAD_CODES, *EYE_CODES, *VISIBILITY_CODES}
    assert set(VISIBILITY_CODES) <= machine  # proposed without an intensity
    assert all(CATALOGUE[code].has_intensity for code in machine - set(VISIBILITY_CODES))
