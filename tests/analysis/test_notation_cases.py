"""The cases that the server's parser and the page's (tests/js/notation.test.mjs) have to read alike."""

import json
from pathlib import Path

import pytest

from analysis.facs.codes import CATALOGUE
from analysis.facs.notation import NotationError, parse

SHARED = json.loads((Path(__file__).parents[1] / "notation_cases.json").read_text(encoding="utf-8"))


def test_the_page_is_tested_on_the_catalogue_that_there_is():
    assert SHARED["codes"] == [
        {
            "code": code.code,
            "name": code.name,
            "group": code.group,
            "sided": code.sided,
            "graded": code.has_intensity,
            "exclusiveWith": list(code.exclusive_with),
        }
        for code in CATALOGUE.values()
    ]


@pytest.mark.parametrize("case", SHARED["cases"], ids=lambda case: case["text"] or "(empty)")
def test_case(case):
    if "error" in case:
        with pytest.raises(NotationError) as caught:
            parse(case["text"])
        assert str(caught.value) == case["error"]
    else:
        assert [f"{unit.code}/{unit.prefix}/{unit.intensity}" for unit in parse(case["text"])] == case["units"]
