"""Camera, light, background and the camera's faults."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.training.world import scene
from analysis.training.world.camera import head_rotation, look_at, perspective


def test_the_signs_of_the_head_s_angles_are_those_of_the_clips():
    forward, up = np.array([0, 0, 1, 0.0]), np.array([0, 1, 0, 0.0])

    assert (head_rotation(20, 0, 0) @ forward)[0] > 0.3  # nose to image right
    assert (head_rotation(0, 15, 0) @ forward)[1] > 0.2  # chin up
    assert (head_rotation(0, 0, 10) @ up)[0] > 0.1  # crown to the subject's left, which is image right
    assert np.allclose(head_rotation(10, -5, 3)[:3, :3] @ head_rotation(10, -5, 3)[:3, :3].T, np.eye(3), atol=1e-6)


def test_a_camera_puts_its_target_into_the_middle_and_the_left_of_the_subject_to_the_right():
    view = perspective(20) @ look_at((3, 1, 70), (1, -2, 0))

    middle, left = (view @ np.array([*p, 1.0]) for p in ((1, -2, 0), (2, -2, 0)))

    assert middle[:2] / middle[3] == pytest.approx((0, 0), abs=1e-5)
    assert left[0] / left[3] > 0


@pytest.mark.parametrize("seed", range(5))
def test_a_drawn_camera_holds_the_face(seed):
    rng, middle = np.random.default_rng(seed), np.array([0.0, -0.5, 9.0], np.float32)
    camera = scene.draw_camera(rng, middle, 13.0)
    view = perspective(camera.field_of_view) @ look_at(camera.position, camera.target)
    top, bottom = (view @ np.array([0.0, -0.5 + y, 9.0, 1.0]) for y in (6.5, -6.5))
    height = (top[1] / top[3] - bottom[1] / bottom[3]) / 2

    assert 0.43 < height < 0.67
    assert max(abs(top[1] / top[3]), abs(bottom[1] / bottom[3])) < 1


def test_poses_stay_in_their_range_and_neutral_ones_look_ahead():
    rng = np.random.default_rng(0)
    any_pose, calm = ([scene.draw_pose(rng, neutral) for _ in range(400)] for neutral in (False, True))

    assert max(abs(p.yaw) for p in any_pose) <= scene.MAX_YAW
    assert max(abs(p.yaw) for p in any_pose) > 0.8 * scene.MAX_YAW
    assert max(abs(p.pitch) for p in any_pose) <= scene.MAX_PITCH
    assert max(abs(p.roll) for p in any_pose) <= scene.MAX_ROLL
    assert max(abs(p.yaw) for p in calm) <= 12


def test_lamps_shine_and_backgrounds_are_pictures():
    for seed in range(20):
        rng = np.random.default_rng(seed)
        light, wall = scene.draw_light(rng), scene.draw_background(rng, 48)
        assert light.key_colour.min() > 0.2
        assert light.key_direction[2] > 0  # from before the face
        assert wall.shape == (48, 48, 3)
        assert wall.min() >= 0
        assert wall.max() <= 255


def test_developing_lays_the_figure_over_the_background_in_opencv_s_order():
    drawn = np.zeros((64, 64, 4), np.uint8)
    drawn[:, 32:] = (200, 100, 50, 255)
    perfect = scene.Faults(0, (0, 0), 0, 1, 1, 95)

    picture = scene.develop(np.random.default_rng(0), drawn, np.full((32, 32, 3), 10, np.float32), perfect)

    assert picture.shape == (32, 32, 3)
    assert picture[16, 4].tolist() == [10, 10, 10]
    assert picture[16, 28].tolist() == [50, 100, 200]


@pytest.mark.parametrize(
    "faults",
    [
        scene.Faults(1.0, (0, 0), 0, 1, 1, 90),
        scene.Faults(0, (6.0, 0), 0, 1, 1, 90),
        scene.Faults(0, (0, 0), 0, 1, 0.4, 90),
    ],
)
def test_blur_motion_and_low_resolution_soften_an_edge(faults):
    drawn = np.zeros((128, 128, 4), np.uint8)
    drawn[:, 64:] = 255

    picture = scene.develop(np.random.default_rng(0), drawn, np.zeros((128, 128, 3), np.float32), faults)
    row = picture[64, :, 0].astype(int)

    assert np.diff(row).max() < 200
    assert row[40] == 0
    assert row[90] > 250
