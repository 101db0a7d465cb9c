"""Readers of the rigs' files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from analysis.training.world.obj import read_obj, read_proxy, read_target, read_vertices

SQUARE = """# a square and a triangle
v 0 0 0
v 1 0 0
v 1 1 0
v 0 1 0
vt 0 0
vt 1 0
vt 1 1
vt 0 1
g skin
usemtl M_Face
f 1/1 2/2 3/3 4/4
g teeth
usemtl M_Teeth
f 1/1 3/3 4/4
"""


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_square_becomes_two_triangles_with_group_and_material(tmp_path: Path) -> None:
    mesh = read_obj(write(tmp_path, "a.obj", SQUARE))

    assert mesh.triangles.tolist() == [[0, 1, 2], [0, 2, 3], [0, 2, 3]]
    assert mesh.uv_triangles.tolist() == mesh.triangles.tolist()
    assert mesh.groups.tolist() == ["skin", "skin", "teeth"]
    assert mesh.materials.tolist() == ["M_Face", "M_Face", "M_Teeth"]
    assert read_vertices(tmp_path / "a.obj").tolist() == mesh.vertices.tolist()


def test_faces_without_texture_coordinates_are_read(tmp_path: Path) -> None:
    mesh = read_obj(write(tmp_path, "a.obj", "v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n"))

    assert mesh.triangles.tolist() == [[0, 1, 2]]
    assert mesh.uv.shape == (0, 2)


def test_a_file_without_a_mesh_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no mesh"):
        read_obj(write(tmp_path, "a.obj", "version https://git-lfs.github.com/spec/v1\n"))


def test_a_target_moves_only_what_it_names(tmp_path: Path) -> None:
    moved = read_target(write(tmp_path, "1.target", "# basemesh hm08\n2 0 .5 -.25\n"), 4)

    assert moved[2].tolist() == [0, 0.5, -0.25]
    assert not moved[[0, 1, 3]].any()


def test_a_target_for_another_mesh_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="vertex 9 of 4"):
        read_target(write(tmp_path, "1.target", "9 0 1 0\n"), 4)


def test_a_proxy_follows_the_base_and_scales_its_offsets_with_it(tmp_path: Path) -> None:
    text = "name hat\nx_scale 0 1 2.0\nverts 0\n2\n0 1 2 0.5 0.5 0 1 1 0\nmaterial hat.mhmat\n7\n"
    proxy = read_proxy(write(tmp_path, "hat.mhclo", text))
    base = np.array([[0, 0, 0], [1, 0, 0], [5, 5, 5]], np.float32)

    placed = proxy.fit(base)

    # the second vertex hangs between 0 and 1; x offsets are halved since 0 and 1 are 1 apart where the file has 2
    assert placed.tolist() == [[5, 5, 5], [1.0, 1.0, 0]]
    assert proxy.fit(base * 10)[1].tolist() == [10.0, 1.0, 0]
