"""Skin and mouth measures from pixels."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from analysis.face.reference import reference
from analysis.face.texture import TEXTURE_COLUMNS, SkinTexture
from tests.analysis.made import HEIGHT, WIDTH, face

MEASURE = SkinTexture()


def measure(rgb: np.ndarray, landmarks: np.ndarray) -> dict[str, float]:
    return dict(zip(TEXTURE_COLUMNS, MEASURE(rgb, landmarks), strict=True))


def skin(level: int = 150) -> np.ndarray:
    rng = np.random.default_rng(1)
    picture = np.full((HEIGHT, WIDTH, 3), (level + 30, level, level - 20), np.float32)
    noise = cv2.GaussianBlur(rng.standard_normal((HEIGHT, WIDTH)).astype(np.float32), (0, 0), 2) * 12
    return np.clip(picture + noise[..., None], 0, 255).astype(np.uint8)


def upright_lines(picture: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    out = picture.copy()
    x, y = landmarks[9, :2]
    for offset in (-8, 0, 8):
        cv2.line(out, (int(x + offset), int(y - 16)), (int(x + offset), int(y + 16)), (90, 60, 50), 2)
    return out


def test_upright_creases_between_the_brows_raise_the_glabella_only() -> None:
    landmarks = face(distance_cm=40)
    plain, creased = skin(), upright_lines(skin(), landmarks)
    before, after = measure(plain, landmarks), measure(creased, landmarks)
    assert after["skin_glabella"] > 3 * before["skin_glabella"]
    for name in ("skin_chin", "skin_nasolabial_L", "skin_crow_R", "skin_dimple_L"):
        assert after[name] == pytest.approx(before[name], rel=1e-4)


def test_energy_does_not_follow_brightness() -> None:
    landmarks = face(distance_cm=40)
    picture = upright_lines(skin(), landmarks)
    dark = (picture * 0.6).astype(np.uint8)
    bright, dim = measure(picture, landmarks), measure(dark, landmarks)
    assert dim["skin_glabella"] == pytest.approx(bright["skin_glabella"], rel=0.1)
    assert dim["brightness"] == pytest.approx(0.6 * bright["brightness"], rel=0.02)


def test_sides_are_the_subjects() -> None:
    landmarks = face(distance_cm=40)
    picture = skin()
    left = landmarks[[reference().mirror[i] for i in (203, 206, 216)], :2].mean(0)
    assert left[0] > WIDTH / 2  # the subject's left is at the image's right
    cv2.circle(picture, (int(left[0]), int(left[1])), 5, (60, 40, 30), 2)
    before, after = measure(skin(), landmarks), measure(picture, landmarks)
    assert after["skin_nasolabial_L"] > 1.5 * before["skin_nasolabial_L"]
    assert after["skin_nasolabial_R"] == pytest.approx(before["skin_nasolabial_R"], rel=1e-4)


def test_an_open_mouth_shows_teeth_or_dark() -> None:
    points = reference().xyz.copy()
    lower = [14, 87, 178, 88, 95, 317, 402, 318, 324]
    points[lower, 1] -= 1.5
    landmarks = face(points, distance_cm=40)
    inner = landmarks[
        [78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 415, 310, 311, 312, 13, 82, 81, 80, 191], :2
    ]
    shapes = {}
    for name, colour in (("teeth", (235, 230, 220)), ("mouth_dark", (25, 10, 10))):
        picture = skin()
        cv2.fillPoly(picture, [np.round(inner).astype(np.int32)], colour)
        shapes[name] = measure(picture, landmarks)
    assert shapes["teeth"]["teeth"] > 0.9
    assert shapes["teeth"]["mouth_dark"] < 0.1
    assert shapes["mouth_dark"]["mouth_dark"] > 0.9
    assert shapes["teeth"]["mouth_area"] > 1.0
    shut = measure(skin(), face(distance_cm=40))
    assert shut["teeth"] == 0


def test_sharpness_falls_with_blur_and_not_with_contrast() -> None:
    landmarks = face(distance_cm=40)
    rng = np.random.default_rng(2)
    detail = rng.integers(60, 200, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    sharp = measure(detail, landmarks)["sharpness"]
    blurred = measure(cv2.GaussianBlur(detail, (0, 0), 2), landmarks)["sharpness"]
    flat = measure((detail // 2 + 60).astype(np.uint8), landmarks)["sharpness"]
    assert blurred < 0.6 * sharp
    assert flat == pytest.approx(sharp, rel=0.1)


def test_the_size_of_the_picture_hardly_matters() -> None:
    landmarks = face(distance_cm=40)
    picture = upright_lines(cv2.GaussianBlur(skin(), (0, 0), 1.5), landmarks)
    large = cv2.resize(picture, None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC)
    scaled = ((landmarks + 0.5) * 4 - 0.5).astype(np.float32)
    small, big = measure(picture, landmarks), measure(large, scaled)
    assert big["skin_glabella"] == pytest.approx(small["skin_glabella"], rel=0.25)
    assert big["mouth_area"] == pytest.approx(small["mouth_area"], rel=0.05, abs=0.01)


def test_a_face_outside_the_picture_is_nan_and_one_at_the_edge_is_measured() -> None:
    outside = face() + np.array([2000, 0, 0], np.float32)
    assert np.isnan(MEASURE(skin(), outside)).all()
    assert np.isfinite(MEASURE(skin(), face() + np.array([-260, 0, 0], np.float32))).all()
    with pytest.raises(ValueError, match="478"):
        MEASURE(skin(), np.zeros((468, 3), np.float32))
