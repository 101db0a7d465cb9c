"""Measures of a face: what must not matter, and whose left is left."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.face.geometry import GEOMETRY_COLUMNS, geometry
from analysis.face.reference import reference
from tests.analysis.made import HEIGHT, WIDTH, face, turn

SIZE_COLUMNS = {"yaw_deg", "pitch_deg", "roll_deg", "distance_cm", "px_per_cm", "iris_px"}


def measure(*faces: np.ndarray, width: int = WIDTH, height: int = HEIGHT) -> dict[str, np.ndarray]:
    return dict(zip(GEOMETRY_COLUMNS, geometry(np.stack(faces), width, height).T, strict=True))


def test_distance_and_place_in_the_picture_do_not_change_the_face() -> None:
    near, far, aside = face(distance_cm=50), face(distance_cm=100), face(at_cm=(6, -4))
    found = measure(near, far, aside)
    for name in set(GEOMETRY_COLUMNS) - SIZE_COLUMNS:
        # perspective, not scale, is what remains: 3 mm at the outline, and an oblique view of a face at the side
        assert abs(found[name][0] - found[name][1]) < 0.35, name
        assert abs(found[name][0] - found[name][2]) < 0.60, name
    assert found["px_per_cm"][0] == pytest.approx(2 * found["px_per_cm"][1], rel=0.05)
    assert found["distance_cm"] == pytest.approx([50, 100, 60], rel=0.03)


def test_similarity_of_the_picture_changes_nothing_but_size() -> None:
    one = face()
    moved = one * 1.7 + np.array([31, -12, 0], np.float32)
    found = measure(one, moved)
    for name in set(GEOMETRY_COLUMNS) - SIZE_COLUMNS:
        assert found[name][0] == pytest.approx(found[name][1], abs=2e-4), name


def test_turning_the_picture_plane_changes_only_roll() -> None:
    angle = np.radians(20)
    one = face()
    spin = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]], np.float32)
    spun = one.copy()
    spun[:, :2] = (one[:, :2] - [WIDTH / 2, HEIGHT / 2]) @ spin.T + [WIDTH / 2, HEIGHT / 2]
    found = measure(one, spun.astype(np.float32))
    for name in set(GEOMETRY_COLUMNS) - SIZE_COLUMNS:
        assert found[name][0] == pytest.approx(found[name][1], abs=1e-3), name
    # clockwise in the picture is towards the subject's own left
    assert found["roll_deg"][1] - found["roll_deg"][0] == pytest.approx(20, abs=0.1)


@pytest.mark.parametrize(
    ("yaw", "pitch", "roll"), [(25, 0, 0), (-25, 0, 0), (0, 15, 0), (0, -15, 0), (10, 5, -12)]
)
def test_head_angles_have_the_documented_signs_and_size(yaw: float, pitch: float, roll: float) -> None:
    found = measure(face(rotation=turn(yaw, pitch, roll)))
    assert found["yaw_deg"][0] == pytest.approx(yaw, abs=1.0)
    assert found["pitch_deg"][0] == pytest.approx(pitch, abs=1.5)
    assert found["roll_deg"][0] == pytest.approx(roll, abs=1.5)


def test_a_mirrored_face_swaps_left_and_right() -> None:
    rng = np.random.default_rng(3)
    points = reference().xyz + 0.1 * rng.standard_normal((478, 3))
    flipped = points[reference().mirror] * [-1, 1, 1]
    found = measure(face(points), face(flipped))
    for name in GEOMETRY_COLUMNS:
        if name.startswith("gaze_x"):
            twin, sign = name[:-1] + {"L": "R", "R": "L"}[name[-1]], -1
        elif name.endswith(("_L", "_R")):
            twin, sign = name[:-1] + {"L": "R", "R": "L"}[name[-1]], 1
        else:
            twin, sign = name, -1 if name in {"jaw_x", "mouth_x", "yaw_deg", "roll_deg"} else 1
        assert found[name][0] == pytest.approx(sign * found[twin][1], abs=0.02), name


def test_the_side_at_the_images_right_is_the_subjects_left() -> None:
    points = reference().xyz.copy()
    at_image_right = max((61, 291), key=lambda i: face()[i, 0])
    points[at_image_right, 1] += 0.5
    rest, raised = measure(face()), measure(face(points))
    assert raised["corner_y_L"][0] - rest["corner_y_L"][0] == pytest.approx(0.5, abs=0.02)
    assert raised["corner_y_R"][0] - rest["corner_y_R"][0] == pytest.approx(0.0, abs=0.02)


def test_gaze_to_the_subjects_left_is_positive_for_both_eyes() -> None:
    points = reference().xyz.copy()
    points[468:, 0] += 0.3
    rest, looking = measure(face()), measure(face(points))
    assert looking["gaze_x_L"][0] - rest["gaze_x_L"][0] > 0.05
    assert looking["gaze_x_R"][0] - rest["gaze_x_R"][0] > 0.05


def test_a_batch_gives_what_single_faces_give_and_a_bad_face_is_nan() -> None:
    faces = [face(rotation=turn(yaw)) for yaw in (0, 10, 20)]
    broken = face()
    broken[5] = np.nan
    together = geometry(np.stack([*faces, broken]), WIDTH, HEIGHT)
    for row, one in zip(together, faces, strict=False):
        np.testing.assert_allclose(row, geometry(one[None], WIDTH, HEIGHT)[0], rtol=1e-4, atol=1e-4)
    assert np.isnan(together[3]).all()
    assert np.isfinite(together[:3]).all()
    assert geometry(np.zeros((0, 478, 3), np.float32), WIDTH, HEIGHT).shape == (0, len(GEOMETRY_COLUMNS))


def test_wrong_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="478"):
        geometry(np.zeros((1, 468, 3), np.float32), WIDTH, HEIGHT)


def test_the_reference_face_is_symmetric_and_of_human_size() -> None:
    ref = reference()
    np.testing.assert_allclose(ref.xyz, ref.xyz[ref.mirror] * [-1, 1, 1], atol=1e-5)
    assert 11 < np.ptp(ref.xyz[:, 0]) < 16
    assert ref.mirror[33] == 263
    assert ref.mirror[61] == 291
    assert ref.mirror[468] == 473
