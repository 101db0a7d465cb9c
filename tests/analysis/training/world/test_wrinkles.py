"""Expression lines: in the right places, on the right side, deeper with intensity."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.training.world.types import Float32
from analysis.training.world.wrinkles import LIMIT_CM, Ground, Wrinkles
from tests.analysis.training.world import plane


@pytest.fixture(scope="module")
def ground() -> Ground:
    return Ground(plane.canvas())


@pytest.fixture(scope="module")
def old(ground: Ground) -> Wrinkles:
    return Wrinkles.draw(np.random.default_rng(3), ground, 0.8)


def centre(ground: Ground, relief: Float32) -> Float32:
    """Where the relief lies, mean of |height|."""
    weight = np.abs(relief)[..., None]
    return (ground.position * weight).sum(axis=(0, 1)) / weight.sum()


@pytest.mark.parametrize(
    ("code", "low", "high"),
    [
        ("1", (0.0, 6.2), (2.6, 10.0)),  # over the inner brow
        ("2", (2.4, 5.5), (6.0, 10.0)),  # over the outer brow
        ("4", (0.2, 4.8), (2.5, 7.3)),  # between the brows
        ("6", (2.0, 0.5), (6.5, 4.5)),  # around the eye, outside of its middle
        ("9", (0.2, 0.0), (2.4, 3.8)),  # the nose's side
        ("12", (2.0, -4.5), (4.8, 0.2)),  # from the nose's wing around the mouth's corner
        ("14", (2.6, -4.2), (3.8, -2.8)),  # beside the mouth's corner
        ("15", (2.0, -5.2), (3.6, -3.6)),  # below it
        ("17", (0.0, -7.0), (1.5, -4.4)),  # the chin
        ("18", (0.4, -4.6), (2.5, -2.4)),  # around the lips
    ],
)
def test_lines_lie_where_the_muscle_folds_the_skin(ground, old, code, low, high):
    x, y, _ = centre(ground, old.fields[code, "L"])

    assert low[0] <= x <= high[0]
    assert low[1] <= y <= high[1]


@pytest.mark.parametrize("code", ["2", "6", "12", "14", "15"])
def test_one_side_leaves_the_other_smooth(ground, old, code):
    shown = np.abs(old.relief({code: (1.0, 0.0)}) - old.relief({}))
    left = ground.position[..., 0] > 0

    assert shown[left].sum() > 20 * shown[~left].sum()
    assert shown.max() > 0.005


def test_lines_deepen_with_the_pull_and_never_beyond_the_limit(old):
    depths = [float((old.relief({}) - old.relief({"4": (a, a)})).max()) for a in (0.0, 0.3, 0.6, 1.0)]
    everything = old.relief({code: (1.0, 1.0) for code, _ in old.fields})

    assert depths == sorted(depths)
    assert depths[0] == 0
    assert depths[-1] > 2 * depths[1] > 0.004
    assert np.abs(everything).max() <= LIMIT_CM


def test_age_leaves_lines_at_rest_and_youth_does_not(ground, old):
    young = Wrinkles.draw(np.random.default_rng(3), ground, 0.0)

    assert not young.relief({}).any()
    assert old.relief({}).min() < -0.005
    assert np.abs(young.fields["12", "L"]).max() < np.abs(old.fields["12", "L"]).max()


def test_faces_differ_and_a_face_stays_itself(ground, old):
    again = Wrinkles.draw(np.random.default_rng(3), ground, 0.8)
    other = Wrinkles.draw(np.random.default_rng(4), ground, 0.8)

    assert np.array_equal(old.fields["1", "L"], again.fields["1", "L"])
    assert not np.array_equal(old.fields["1", "L"], other.fields["1", "L"])


def test_codes_without_lines_and_gaze_leave_the_skin_alone(old):
    assert np.array_equal(old.relief({"45": (1.0, 1.0), "61": (1.0, 1.0)}), old.relief({}))
