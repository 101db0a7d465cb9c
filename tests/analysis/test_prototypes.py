"""The AUs of the prototypes agree with the formulas beside them and with the catalogue."""

from __future__ import annotations

import re

from analysis.facs.codes import CATALOGUE
from analysis.facs.prototypes import prototypes


def test_every_code_of_a_formula_is_listed_and_known():
    source, found = prototypes()
    assert "Investigator" in source
    assert [entry.name for entry in found] == ["happiness", "sadness", "surprise", "fear", "anger", "disgust"]
    for entry in found:
        written = {code for formula in entry.formulas for code in re.findall(r"\d+", formula)}
        assert written <= set(entry.codes), entry.name
        assert set(entry.codes) <= set(CATALOGUE), entry.name
        assert list(entry.codes) == sorted(entry.codes, key=int), entry.name


def test_figures_of_the_guide():
    codes = {entry.name: set(entry.codes) for entry in prototypes()[1]}
    assert codes["happiness"] == {"6", "12"}
    assert codes["surprise"] == {"1", "2", "5", "26", "27"}
    assert {"9", "10", "16", "17"} <= codes["disgust"]
