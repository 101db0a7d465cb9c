"""The pictures that measure the gates' limits are changed as the table says."""

from __future__ import annotations

import numpy as np

from analysis.face.texture import TEXTURE_COLUMNS
from analysis.facs.quality import measurable
from analysis.training.labelled import Labelled
from analysis.training.measure_gates import _Ungated, changes
from tests.analysis.made import face


def picture() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (120, 160, 3), np.uint8)


def test_changes_are_what_their_amounts_say() -> None:
    rgb = picture()
    made = changes()
    assert made["size"]["× 0.5"](rgb).shape == (60, 80, 3)
    for name in ("focus", "smear"):
        detail = [
            float(np.abs(np.diff(change(rgb).astype(float), axis=1)).mean()) for change in made[name].values()
        ]
        assert detail == sorted(detail, reverse=True), f"{name} grows with its amount"
    smeared = made["smear"]["15 px"](rgb).astype(float)
    assert np.abs(np.diff(smeared, axis=0)).mean() > 3 * np.abs(np.diff(smeared, axis=1)).mean()  # sideways only


def test_a_tiny_blurred_face_is_scored_all_the_same() -> None:
    n = 10
    landmarks = np.stack([face(distance_cm=1500.0)] * n)
    parts = {
        "name": "far",
        "size": (640, 480),
        "landmarks": landmarks,
        "texture": np.zeros((n, len(TEXTURE_COLUMNS)), np.float32),
        "presence": np.ones(n, np.float32),
        "frame": np.arange(n),
        "time_us": np.arange(n) * 40_000,
        "labels": [],
    }
    assert not measurable(Labelled(**parts).series()).any()
    assert measurable(_Ungated(**parts).series()).all()
