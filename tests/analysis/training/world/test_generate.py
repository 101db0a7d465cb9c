"""The table and a whole run; what renders needs moderngl, EGL and FACSWEB_WORLD_SOURCES."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from analysis.facs.codes import ACTION_UNITS
from analysis.training.world import table
from analysis.training.world.mesh import REGIONS


def row(identity: int, number: int) -> table.Row:
    return {**dict.fromkeys(table.COLUMNS, "0"), "identity": str(identity), "file": f"{identity}_{number}.jpg"}


def test_the_table_has_a_column_for_each_side_of_each_unit_and_each_part_of_the_face():
    assert sum(column.startswith("AU") for column in table.COLUMNS) == 2 * 44
    assert {f"visible_{region}" for region in REGIONS} <= set(table.COLUMNS)


def test_a_unit_that_the_rig_forgot_is_an_error_and_no_zero():
    labels = dict.fromkeys(ACTION_UNITS, (1.0, 2.0))
    assert table.label_cells(labels)["AU12_R"] == "2.000"

    del labels["36"]

    with pytest.raises(KeyError, match="36"):
        table.label_cells(labels)


def test_a_run_goes_on_after_its_last_whole_identity(tmp_path: Path):
    assert table.start(tmp_path, 3) == set()
    table.append(tmp_path, [row(1, n) for n in range(3)])
    table.append(tmp_path, [row(2, n) for n in range(2)])  # killed here
    with (tmp_path / table.NAME).open("a", encoding="utf-8") as file:
        file.write("2_2.jpg,2,mh")  # in the middle of a line

    assert table.start(tmp_path, 3) == {1}
    assert [one["file"] for one in table.read(tmp_path)] == ["1_0.jpg", "1_1.jpg", "1_2.jpg"]


def test_a_table_of_another_version_is_refused(tmp_path: Path):
    (tmp_path / table.NAME).write_text("file,identity\na,1\n", encoding="utf-8")

    with pytest.raises(ValueError, match="another version"):
        table.start(tmp_path, 3)


def test_a_run_gives_labelled_pictures_again_and_piecewise(world: Path, tmp_path: Path):
    from analysis.training.world.generate import Job, render

    whole, again = tmp_path / "whole", tmp_path / "again"
    assert render(Job(world, "ict", range(5, 7), 4, 1, whole, 96)) == 8
    assert render(Job(world, "ict", range(6, 7), 4, 1, again, 96)) == 4
    assert render(Job(world, "ict", range(5, 7), 4, 1, whole, 96)) == 0

    rows = table.read(whole)
    assert [one["neutral"] for one in rows] == ["1", "1", "1", "0"] * 2
    assert float(rows[0]["yaw_deg"]) == float(rows[0]["pitch_deg"]) == 0
    assert all(float(rows[0][f"AU{code}_L"]) == 0 for code in ACTION_UNITS)
    assert any(float(rows[3][f"AU{code}_L"]) > 0 or float(rows[3][f"AU{code}_R"]) > 0 for code in ACTION_UNITS)
    for one in table.read(again):
        same = [other for other in rows if other["file"] == one["file"]]
        assert same == [one]
        first, second = (cv2.imread(str(folder / one["file"])) for folder in (whole, again))
        assert first.shape == (96, 96, 3)
        assert np.array_equal(first, second)


def test_fewer_pictures_than_the_neutral_ones_are_refused(world: Path, tmp_path: Path):
    from analysis.training.world.generate import Job, render

    with pytest.raises(ValueError, match="neutral"):
        render(Job(world, "ict", range(1), 2, 1, tmp_path))


def test_a_hand_covers_the_mouth_and_bends_only_its_fingers(world: Path):
    from analysis.training.world.hands import Hand

    hand = Hand.load(world)
    assert hand is not None
    flat, fist = hand.bent(np.zeros((5, 3), np.float32)), hand.bent(np.full((5, 3), 70, np.float32))
    wrist = hand.vertices[:, 1] < 0

    assert np.allclose(flat, hand.vertices, atol=1e-4)
    assert np.abs(fist[wrist] - flat[wrist]).max() < 0.05
    tips = hand.vertices[:, 1] > hand.joints[2, 2, 1]
    assert (fist[tips, 1] < flat[tips, 1] - 3).all()
    assert fist[tips, 2].mean() > flat[tips, 2].mean()  # into the palm
