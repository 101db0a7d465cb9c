"""The workbench's settings: kept by account, section by section, and checked."""

import json

import pytest
from django.core.exceptions import ValidationError

from facsweb.coding.preferences import preferences_of, save_preferences

pytestmark = pytest.mark.django_db


def test_sections_are_replaced_one_by_one(people):
    coder = people["coder"]
    assert preferences_of(coder) == {}
    save_preferences(coder, {"keys": {"play": "Shift+p", "loop": ""}, "length_ms": 500})
    save_preferences(coder, {"reaction": {"ms": 240, "spread_ms": 31, "flashes": 12, "at": "2026-11-21"}})
    save_preferences(coder, {"keys": {"play": "y"}, "live": {"mode": "tap", "codes": ["12", "L14", ""]}})
    assert preferences_of(coder) == {
        "keys": {"play": "y"},
        "length_ms": 500,
        "reaction": {"ms": 240, "spread_ms": 31, "flashes": 12, "at": "2026-11-21"},
        "live": {"mode": "tap", "codes": ["12", "L14", ""]},
    }
    save_preferences(coder, {"keys": None})
    assert "keys" not in preferences_of(coder)
    assert preferences_of(people["analyst"]) == {}


@pytest.mark.parametrize(
    ("sections", "fault"),
    [
        ({"colour": "red"}, "no such setting"),
        ({"keys": ["play"]}, "Keys are a list"),
        ({"keys": {"play": "x" * 65}}, "short name"),
        ({"keys": {"play": "y", "loop": "y"}}, "the same key"),
        ({"reaction": {"ms": 2001}}, "0 to 2000 ms"),
        ({"reaction": {"ms": True}}, "0 to 2000 ms"),
        ({"reaction": {"ms": 200, "spread_ms": "wide"}}, "whole numbers"),
        ({"length_ms": 10}, "20 ms to 60 s"),
        ({"live": {"mode": "press", "codes": []}}, "held"),
        ({"live": {"mode": "hold", "codes": ["12"] * 11}}, "at most 10"),
        ({"live": {"mode": "hold", "codes": ["3"]}}, "'3' is not a FACS code"),
        ({"live": {"mode": "hold", "codes": ["1+2"]}}, "one code"),
    ],
)
def test_what_a_setting_cannot_be_is_refused_and_nothing_is_stored(people, sections, fault):
    save_preferences(people["coder"], {"length_ms": 800})
    with pytest.raises(ValidationError, match=fault):
        save_preferences(
            people["coder"], {"length_ms": 900, **sections} if "length_ms" not in sections else sections
        )
    assert preferences_of(people["coder"]) == {"length_ms": 800}


def test_over_the_wire_and_on_the_review_page(client_as, run):
    client = client_as("coder")
    answer = client.post("/workbench/", json.dumps({"length_ms": 640}), content_type="application/json")
    assert answer.json() == {"values": {"length_ms": 640}}
    assert client.get("/workbench/").json() == {"values": {"length_ms": 640}}
    page = client.get(f"/runs/{run.pk}/review/")
    assert page.context["data"]["preferences"]["values"] == {"length_ms": 640}
    wrong = client.post("/workbench/", json.dumps({"length_ms": 1}), content_type="application/json")
    assert (wrong.status_code, wrong.json()["code"]) == (400, "invalid")
    assert client.post("/workbench/", "[]", content_type="application/json").status_code == 400
