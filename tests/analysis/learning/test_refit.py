"""The refit on made examples: it finds what coders do otherwise, on participants left out, and invents nothing."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import onnxruntime
import pytest

from analysis.learning import graph
from analysis.learning.examples import Examples
from analysis.learning.refit import _PENALTIES, LEAST_EVENTS, Correction, _Problem, refit
from analysis.scoring import package
from analysis.scoring.targets import LEARNED, TARGETS, columns_of

INPUTS = 40
LINE = {"gain": 1.2, "offset": -0.1, "interval": [1.5, 1.8, 0.6, 1.2, 1.3], "rest_noise": 0.3}
BASE = SimpleNamespace(
    about={"codes": dict.fromkeys(LEARNED, LINE)}, winner=lambda code: "picture", heads={"picture": None}
)


def made(participants: int = 8, windows: int = 60, seed: int = 1) -> Examples:
    """What a base says at random of 17 (no sides), and labels that are exactly that after calibration."""
    rng = np.random.default_rng(seed)
    n = participants * windows
    inputs = rng.normal(size=(n, INPUTS)).astype(np.float32)
    said = np.full((n, 2 * len(TARGETS)), 0.5, np.float32)
    (place,) = columns_of("17")
    said[:, place] = np.where(rng.random(n) < 0.4, rng.uniform(1, 4, n), 0.1)
    labels = np.full((n, len(TARGETS)), np.nan, np.float32)
    labels[:, place] = np.clip(said[:, place] * LINE["gain"] + LINE["offset"], 0, 5)
    labels[said[:, place] < 0.5, place] = 0
    who = np.repeat([f"p{i}" for i in range(participants)], windows)
    return Examples({"picture": inputs}, {"picture": said}, labels, who, np.zeros(n, np.float32))


def test_a_base_that_agrees_is_left_alone() -> None:
    found = refit(made(), BASE)
    assert set(found) == {"17"}
    assert not found["17"].used
    assert found["17"].before.icc > 0.98
    assert "did not agree better" in found["17"].why
    assert not found["17"].corrections


def test_coders_who_see_it_half_as_strong_are_followed() -> None:
    examples = made()
    (place,) = columns_of("17")
    examples.labels[:, place] *= 0.5
    one = refit(examples, BASE)["17"]
    assert one.used
    assert one.before.icc < 0.85
    assert one.after.icc > 0.97
    assert one.corrections[place].gain == pytest.approx(0.5, abs=0.05)
    assert one.participants == 8


def test_what_only_the_inputs_show_is_learned_and_what_nothing_shows_is_not() -> None:
    examples = made(windows=200)
    (place,) = columns_of("17")
    hidden = np.clip(2 * examples.inputs["picture"][:, 3], 0, 5)
    examples.labels[:, place] = hidden
    examples.said["picture"][:, place] = 0.2
    learned = refit(examples, BASE)["17"]
    assert learned.used
    assert learned.after.icc > 0.6
    assert (
        learned.corrections[place].weights[3] > 5 * np.abs(np.delete(learned.corrections[place].weights, 3)).max()
    )
    examples.labels[:, place] = np.random.default_rng(5).permutation(hidden)
    assert not refit(examples, BASE)["17"].used


def test_few_windows_are_fitted_as_many_are() -> None:
    """The same windows, once each and eight times with an eighth of the weight: another way, the same fit."""
    rng = np.random.default_rng(3)
    base, x, weight = rng.uniform(0, 4, 20), rng.normal(size=(20, INPUTS)), rng.uniform(0.1, 1, 20)
    windows = (base, x, 0.5 * base + x[:, 0], weight, np.arange(20) % 4)
    few = _Problem(*windows)
    many = [np.repeat(values, 8, axis=0) for values in windows]
    many[3] /= 8
    for one, other in zip(
        few.solve([0, 1, 3], _PENALTIES), _Problem(*many).solve([0, 1, 3], _PENALTIES), strict=True
    ):
        np.testing.assert_allclose(one, other, atol=1e-12)
    assert few.solve([0, 1, 3], [30.0])[0][2] > 0.1, "what the first input shows is learned"


def test_figures_are_of_participants_left_out() -> None:
    """Everybody has a mark of their own that gives the label away: on the unseen it is worth nothing."""
    examples = made(participants=6)
    (place,) = columns_of("17")
    rng = np.random.default_rng(2)
    inputs = np.zeros_like(examples.inputs["picture"])
    labels = np.zeros(len(examples), np.float32)
    for number, who in enumerate(np.unique(examples.participant)):
        rows = examples.participant == who
        marks = rng.choice([0.0, 4.0], rows.sum())
        inputs[rows, number] = marks
        labels[rows] = marks if number % 2 else 4 - marks
    examples.said["picture"][:, place] = 1.0 + rng.normal(0, 0.1, len(examples))
    examples.labels[:, place] = labels
    told = Examples({"picture": inputs}, examples.said, examples.labels, examples.participant, examples.yaw)
    one = refit(told, BASE)["17"]
    assert not one.used
    assert one.after.icc < 0.3


def test_too_few_are_not_refitted_and_said() -> None:
    one = refit(made(participants=2), BASE)["17"]
    assert (one.used, one.participants) == (False, 2)
    assert "Too few" in one.why
    few = made(participants=5, windows=60)
    (place,) = columns_of("17")
    there = np.flatnonzero(few.labels[:, place] > 0)
    few.labels[there[LEAST_EVENTS - 1 :], place] = np.nan
    assert not refit(few, BASE)["17"].used


def test_the_side_on_which_nothing_was_seen_counts() -> None:
    examples = made()
    left, right = columns_of("12")
    (place,) = columns_of("17")
    examples.labels[:, left] = examples.labels[:, place]
    examples.labels[:, right] = 0
    examples.said["picture"][:, left] = examples.said["picture"][:, right] = examples.said["picture"][:, place]
    one = refit(examples, BASE)["12"]
    assert one.events == refit(examples, BASE)["17"].events
    assert one.before.icc > 0.98  # the larger side is right


def test_the_corrected_head_says_what_the_correction_says() -> None:
    base = package.default()
    head = (base.folder / "picture.onnx").read_bytes()
    before = base.heads["picture"]
    size = before.get_inputs()[0].shape[1]
    rng = np.random.default_rng(3)
    weights = rng.normal(0, 0.05, size)
    changed = graph.corrected(head, {7: Correction(0.5, 0.25, weights)}, {7: (1.4, -0.3)})
    again = graph.corrected(changed, {9: Correction(2.0, 0.0, np.zeros(size))}, {9: (1.0, 0.0)})
    given = {"difference": rng.normal(0, 1, (5, size)).astype(np.float32)}
    (was,) = before.run(None, given)
    (now,) = onnxruntime.InferenceSession(changed).run(None, given)
    (twice,) = onnxruntime.InferenceSession(again).run(None, given)
    expected = was.copy()
    expected[:, 7] = 0.5 * (1.4 * was[:, 7] - 0.3) + given["difference"] @ weights + 0.25
    expected[:, len(TARGETS) + 7] = 1.4 * was[:, len(TARGETS) + 7]
    np.testing.assert_allclose(now, expected, atol=2e-5)
    expected[:, 9] *= 2
    np.testing.assert_allclose(twice, expected, atol=4e-5)
