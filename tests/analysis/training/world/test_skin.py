"""Painted skin."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.training.world import skin
from analysis.training.world.types import Float32
from tests.analysis.training.world import plane


@pytest.fixture(scope="module")
def canvas() -> skin.Canvas:
    return plane.canvas()


def at(canvas: skin.Canvas, picture: np.ndarray, x: float, y: float) -> Float32:
    """Mean colour of the half centimetre around a point of the face, sRGB 0–255."""
    near = np.hypot(canvas.face[..., 0] - x, canvas.face[..., 1] - y) < 0.5
    return picture[near][:, :3].mean(axis=0)


def paint(canvas: skin.Canvas, **look: object) -> np.ndarray:
    return skin.paint(np.random.default_rng(5), canvas, plane.appearance(**look)).skin  # type: ignore[arg-type]


@pytest.mark.parametrize("sigma", [1.2, 8.0, 60.0])
def test_noise_has_unit_variance_at_any_grain(sigma):
    field = skin.noise(np.random.default_rng(0), 256, sigma)

    assert field.shape == (256, 256)
    assert field.std() == pytest.approx(1.0, abs=1e-4)


def test_texels_outside_the_islands_take_the_nearest_inside():
    atlas = np.zeros((4, 4, 4), np.float32)
    atlas[0, 0] = (1, 2, 3, 1)

    filled = skin.fill_outside(atlas)

    assert (filled[..., :3] == (1, 2, 3)).all()
    assert filled[..., 3].sum() == 1


def test_tones_grow_darker_and_the_palette_is_whole(canvas):
    cheeks = [at(canvas, paint(canvas, tone=tone), 4.8, 0.0).mean() for tone in skin.TONES]

    assert list(skin.TONES) == ["I", "II", "III", "IV", "V", "VI"]
    assert cheeks == sorted(cheeks, reverse=True)


def test_lips_are_redder_brows_and_scalp_are_hair(canvas):
    face = paint(canvas)
    cheek, lip, brow, scalp = (
        at(canvas, face, *p) for p in ((4.8, 0.0), (0.0, -3.8), (3.4, 6.2), (0.0, 12.0 - 3.2))
    )

    assert lip[0] / lip[1] > cheek[0] / cheek[1]
    assert brow.mean() < 0.75 * cheek.mean()
    assert (
        skin.hairline(canvas.surface, np.array([0.0, 11.5, 9.0]))
        > 0
        > skin.hairline(canvas.surface, np.array([0.0, 7, 10]))
    )
    assert scalp.mean() > brow.mean()  # below the hairline: bare forehead


def test_a_beard_darkens_chin_and_lip_but_not_the_cheekbone(canvas):
    bare, bearded = paint(canvas), paint(canvas, beard=0.5)

    assert at(canvas, bearded, 0.0, -6.0).mean() < 0.9 * at(canvas, bare, 0.0, -6.0).mean()
    assert at(canvas, bearded, 4.8, 1.5) == pytest.approx(at(canvas, bare, 4.8, 1.5), rel=0.06)


def test_the_same_seed_paints_the_same_face(canvas):
    assert np.array_equal(paint(canvas), paint(canvas))
