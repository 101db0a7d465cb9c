"""Gallery pages: the strongest frames of every unit, cut from the video."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from analysis import gallery, people
from analysis.face.geometry import GEOMETRY_COLUMNS
from analysis.facs.series import FaceSeries
from analysis.interpretation import interpret
from analysis.people import Person, Piece
from analysis.types import AnalysisError
from tests.analysis import clips
from tests.analysis.made import closed, series, smile, write_measurement

TIMES = np.arange(150) * 40_000
SECONDS = TIMES / 1e6
LEFT, RIGHT = (30, 200, 30), (200, 30, 30)


def placed(x: float, **changes: np.ndarray) -> FaceSeries:
    one = series(TIMES, noise=0.003, **changes)
    columns = {**one.columns, "box_x": np.full(150, x, np.float32), "box_w": np.full(150, 100, np.float32)}
    columns |= {"box_y": np.full(150, 70, np.float32), "box_h": np.full(150, 100, np.float32)}
    assert set(GEOMETRY_COLUMNS) <= set(columns)
    return FaceSeries(one.frame, one.time_us, columns)


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Green on the picture's left, red on its right."""
    picture = np.zeros((240, 480, 3), np.uint8)
    picture[:, :240], picture[:, 240:] = LEFT, RIGHT
    return clips.write(tmp_path_factory.mktemp("gallery") / "video.mp4", [picture] * 150)


@pytest.fixture(scope="module")
def interpreted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    results = tmp_path_factory.mktemp("interpreted")
    faces = {0: placed(60, **smile(SECONDS)), 1: placed(320, **closed(SECONDS, 4.0, 0.08))}
    write_measurement(results, faces, TIMES)
    interpret(results)
    return results


@pytest.fixture
def folder(interpreted: Path, tmp_path: Path) -> Path:
    """Two people: face 0, at the left, smiles at 1 s; face 1, at the right, blinks at 4 s."""
    return Path(shutil.copytree(interpreted, tmp_path / "results"))


def shown(out: Path, code: str) -> list[np.ndarray]:
    """Mean colours (RGB) of a unit's pictures in the page."""
    page = (out / "index.html").read_text(encoding="utf-8")
    names = re.findall(rf'src="(au{code}_[^"]+)"', page)
    return [cv2.imread(str(out / name)).reshape(-1, 3).mean(0)[::-1] for name in names]


def test_every_unit_has_its_strongest_frames_of_the_face_that_showed_it(video, folder, tmp_path):
    out = tmp_path / "gallery"
    count = gallery.write(video, folder, out)
    assert count == len(list(out.glob("*.jpg")))
    for code, colour in (("12", LEFT), ("45", RIGHT)):
        pictures = shown(out, code)
        assert pictures, code
        assert np.abs(pictures[0] - colour).max() < 25, code
    chosen = [pick for pick in gallery.picks(folder, 6) if pick.code == "12"]
    assert all(1.0 < pick.time_us / 1e6 < 3.2 for pick in chosen)
    assert [pick.intensity for pick in chosen] == sorted((pick.intensity for pick in chosen), reverse=True)
    apart = np.diff(sorted(pick.time_us for pick in chosen))
    assert (apart >= 500_000).all()


def test_people_by_hand_are_the_ones_whose_pictures_are_shown(video, folder, tmp_path):
    """Somebody said that the two are in the other order."""
    people.write(folder, [Person((Piece(1),)), Person((Piece(0),))])
    interpret(folder)
    out = tmp_path / "gallery"
    gallery.write(video, folder, out)
    assert np.abs(shown(out, "12")[0] - LEFT).max() < 25
    assert np.abs(shown(out, "45")[0] - RIGHT).max() < 25


@pytest.mark.parametrize("content", [None, b"junk", b""])
def test_results_that_cannot_be_read_are_a_sentence(video, folder, tmp_path, content):
    path = folder / "signals.parquet"
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(AnalysisError, match="No readable results in results"):
        gallery.write(video, folder, tmp_path / "gallery")


def test_a_gallery_that_cannot_be_written_is_a_sentence(video, folder, tmp_path):
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(AnalysisError, match="The gallery cannot be written to"):
        gallery.write(video, folder, tmp_path / "taken")
