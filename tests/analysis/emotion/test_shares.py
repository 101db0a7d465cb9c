"""The published function from intensities to shares, computed by hand beside it."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest

from analysis.emotion.figures import SHARES, SHOWN
from analysis.emotion.parameters import parameters
from analysis.emotion.shares import dimensions, drawn_presences, parts_of, resting, shares
from analysis.facs.combinations import catalogue

GIVEN = parameters()


@lru_cache(maxsize=2)
def _parts(origin="machine"):
    return parts_of(catalogue(), GIVEN, origin)


def _values(**codes):
    """Intensities by key, shape (1, 1), everything else at rest; ``au4=3``."""
    keys = {code for part in _parts() for key in part.keys for code in (key,)}
    found = {key: np.zeros((1, 1), np.float32) for key in keys}
    for name, value in codes.items():
        code = name.removeprefix("au")
        for key in [code] if "_" in code else [code, f"{code}_L", f"{code}_R"]:
            found[key] = np.full((1, 1), value, np.float32)
    return found


def _shares(speech=0.0, odds=None, **codes):
    values = _values(**codes)
    present = drawn_presences(_parts(), values, "machine", {})
    found = shares(_parts(), present, resting(values, GIVEN), np.array([speech]), GIVEN, odds)
    return dict(zip(SHARES, found[:, 0, 0].tolist(), strict=True))


def test_a_face_that_does_not_move_is_neutral():
    found = _shares()
    assert found.pop("neutral") == 1
    assert set(found.values()) == {0}


@pytest.mark.parametrize(
    ("state", "codes"),
    [
        ("joy", {"au6": 3, "au12": 3}),
        ("joy", {"au12": 4}),
        ("sadness", {"au1": 3, "au4": 3, "au15": 3}),
        ("anger", {"au4": 3, "au5": 3, "au7": 3, "au23": 3}),
        ("fear", {"au1": 3, "au2": 3, "au4": 3, "au5": 3, "au25": 3, "au20": 3}),
        ("disgust", {"au9": 3, "au17": 3}),
        ("surprise", {"au1": 3, "au2": 3, "au5": 3, "au26": 3}),
        ("confusion", {"au4": 3, "au7": 3}),
        ("pain", {"au4": 4, "au6": 4, "au9": 4, "au43": 4}),
    ],
)
def test_a_prototype_is_first_of_all_its_own_state(state, codes):
    """By far, but for pain: its grade is lower than that of disgust, of which it holds 9 or 10."""
    found = _shares(**codes)
    assert max(found, key=found.get) == state
    assert found[state] > (0.4 if state == "pain" else 0.5)


def test_shares_are_shares():
    rng = np.random.default_rng(3)
    values = {key: np.abs(rng.normal(0, 2, (5, 40))).clip(0, 5).astype(np.float32) for key in _values()}
    present = drawn_presences(_parts(), values, "machine", {})
    found = shares(_parts(), present, resting(values, GIVEN), rng.uniform(0, 1, 40), GIVEN)
    assert found.min() >= 0
    assert found.sum(axis=0) == pytest.approx(np.ones((5, 40)), abs=1e-5)


def test_the_formula_by_hand():
    """4+7 alone at 3: confusion's weight is replicated .9 × variant .8 = .72, nothing else fits; none is .28."""
    found = _shares(au4=3, au7=3)
    assert found["confusion"] == pytest.approx(0.72, abs=1e-6)
    assert found["neutral"] == 0
    assert found["other"] == pytest.approx(0.28, abs=1e-6)


def test_a_part_counts_less_beside_the_whole():
    """With 5 and 23 there too the same 4+7 belongs to anger."""
    found = _shares(au4=3, au5=3, au7=3, au23=3)
    assert found["confusion"] == 0  # the catalogue excludes 23
    held = [part for part in _parts() if part.combination.id == "confusion" and part.wholes]
    assert {_parts()[whole].state for part in held for whole in part.wholes} >= {"anger", "pain"}
    surprise = [part for part in _parts() if part.variant.formula == "1+2+5B" and part.state == "surprise"]
    assert any(_parts()[whole].state == "fear" for whole in surprise[0].wholes)


def test_a_weak_movement_fits_less_than_a_strong_one():
    fits = [_shares(au6=value, au12=value)["joy"] for value in (0.4, 0.8, 1.2, 2.0)]
    assert fits[0] == 0
    assert fits == sorted(fits)
    assert fits[-1] == 1


def test_speech_takes_from_what_the_mouth_alone_says():
    silent, speaking = _shares(au12=4), _shares(au12=4, speech=1.0)
    assert speaking["joy"] == pytest.approx(silent["joy"] * GIVEN.weights.speech, abs=0.02)
    assert _shares(au4=3, au7=3, speech=1.0) == _shares(au4=3, au7=3)
    both = _shares(au6=3, au12=3, speech=1.0)["joy"]
    assert speaking["joy"] < both < _shares(au6=3, au12=3)["joy"]


def test_log_odds_move_one_state_against_all_others():
    plain = _shares(au4=3, au7=3)
    moved = _shares(au4=3, au7=3, odds={"confusion": np.full((1, 1), -1.0)})
    before = plain["confusion"] / (1 - plain["confusion"])
    assert moved["confusion"] / (1 - moved["confusion"]) == pytest.approx(before * np.exp(-1), rel=1e-4)


def test_what_was_not_scored_is_no_reason_for_neutral_and_no_zero():
    values = _values(au12=4)
    for key in ("12", "12_L", "12_R"):
        values[key] = np.full((1, 1), np.nan, np.float32)
    present = drawn_presences(_parts(), values, "machine", {})
    assert np.isfinite(present).all()
    assert resting(values, GIVEN)[0, 0] == 1  # nothing that was scored moves; the evidence says how much that was


def test_blinks_are_part_of_a_resting_face():
    values = _values(au45=5, au43=5)
    assert resting(values, GIVEN)[0, 0] == 1
    assert not [part for part in _parts() if part.combination.id in {"blink", "wink", "squint"}]


def test_every_state_has_parts_with_a_source():
    assert {part.state for part in _parts()} >= set(SHOWN)
    assert all(part.combination.citation and 0 < part.weight <= 1 for part in _parts())


def test_valence_and_arousal_by_hand():
    values = _values(au12=5)
    valence, arousal = dimensions(values, GIVEN.dimensions)
    assert (valence[0, 0], arousal[0, 0]) == (pytest.approx(1.0), pytest.approx(0.2))
    values = _values(au4=2.75, au9=0.4)  # half of the way above rest; 9 is at rest
    valence, arousal = dimensions(values, GIVEN.dimensions)
    assert (valence[0, 0], arousal[0, 0]) == (pytest.approx(-0.3), pytest.approx(0.1))
    assert dimensions(_values(), GIVEN.dimensions)[0][0, 0] == 0


def test_parameters_say_where_they_are_from(tmp_path, monkeypatch):
    from analysis.emotion import parameters as module

    text = module._FILE.read_text(encoding="utf-8")
    silent = tmp_path / "parameters.toml"
    silent.write_text(
        text.replace('source = "Found on generated', 'origin = "Found on generated'), encoding="utf-8"
    )
    monkeypatch.setattr(module, "_FILE", silent)
    parameters.cache_clear()
    with pytest.raises(ValueError, match=r"doubts.*where its numbers are from"):
        parameters()
    parameters.cache_clear()
