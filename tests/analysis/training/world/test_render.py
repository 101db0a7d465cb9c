"""The renderer on a plane of a face, with props before it; needs moderngl and EGL."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.training.world.camera import Camera, Light, head_rotation
from analysis.training.world.geometry import vertex_normals
from analysis.training.world.mesh import REGIONS, split
from analysis.training.world.shot import Look, Prop, Shot
from analysis.training.world.solids import ball, box, disc, lathe, tube
from analysis.training.world.types import Float32
from tests.analysis.training.world import plane

AHEAD = Camera((0.0, 0.0, 90.0), (0.0, 0.0, 0.0), 14.0)


def colour(value: float) -> Float32:
    return np.full(3, value, np.float32)


LAMP = Light(
    np.array([0.0, 0.9, 0.5], np.float32),
    colour(0.7),
    np.array([0.0, 0.0, 1.0], np.float32),
    colour(0.1),
    colour(0.2),
    colour(0.1),
)


def sheet(x: float, y: float, half: float, opacity: float = 1.0) -> Prop:
    """A square before the face."""
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * half + (x, y)
    vertices = np.concatenate([corners, np.full((4, 1), 14.0)], axis=1).astype(np.float32)
    triangles = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
    return Prop(vertices, triangles, np.full((4, 3), 0.5, np.float32), opacity=opacity)


@pytest.mark.parametrize(
    "solid",
    [
        ball(2.0),
        box(1, 2, 3),
        lathe([(0.01, -1), (1, -1), (1, 1), (0.01, 1)]),
        tube(np.array([[0, 0, z] for z in range(5)]), 0.5),
    ],
)
def test_solids_are_where_they_should_be(solid):
    normals = vertex_normals(solid.vertices, solid.triangles)
    out = solid.vertices - solid.vertices.mean(axis=0)

    assert solid.triangles.max() == len(solid.vertices) - 1
    assert np.abs((normals * out).sum(axis=1)).mean() > 0.3
    assert len(disc(solid.vertices[:4]).triangles) == 4


def test_every_part_of_the_face_is_found():
    mesh = split(plane.surface())

    assert set(mesh.static[:, 6].astype(int)) == set(range(len(REGIONS) + 1))


@pytest.fixture(scope="module")
def renderer():
    render = pytest.importorskip("analysis.training.world.render", reason="moderngl is not installed")
    try:
        render.context()
    except Exception as error:  # moderngl raises bare Exception
        pytest.skip(f"no OpenGL here: {error}")
    made = render.Renderer(plane.surface(), 128)
    with pytest.raises(ValueError, match="dress"):
        made.draw(Shot(plane.surface().rest, head_rotation(0, 0, 0), AHEAD, LAMP))
    grey = np.full((32, 32, 4), 128, np.uint8)
    made.dress(Look(grey, grey, (0.1, 0.3, 0.6), (0.0, 0.0, 0.0)))
    return made


def shot(**more: object) -> Shot:
    return Shot(plane.surface().rest, head_rotation(0, 0, 0), AHEAD, LAMP, **more)  # type: ignore[arg-type]


def test_the_face_is_drawn_over_nothing(renderer):
    picture = renderer.draw(shot())

    assert picture.shape == (128, 128, 4)
    assert picture[64, 64, 3] == 255
    assert picture[2, 2, 3] == 0


def test_a_fold_darkens_the_side_that_looks_away_from_the_lamp(renderer):
    y = np.linspace(plane.HALF, -plane.HALF, 384)[:, None]
    groove = np.broadcast_to(-0.15 * np.exp(-(((y - 1.5) / 0.4) ** 2)), (384, 384)).astype(np.float32)

    smooth, folded = (renderer.draw(shot(wrinkles=w))[..., :3].astype(int).mean(axis=2) for w in (None, groove))
    change = (folded - smooth)[:, 64]

    assert change[48:60].min() < -8
    assert np.abs(change[90:110]).max() <= 1


def test_visible_shares_tell_what_a_thing_covers(renderer):
    assert renderer.visible(shot()) == dict.fromkeys(REGIONS, 1.0)
    before_mouth = renderer.visible(shot(props=(sheet(0, -3.2, 2.8),)))
    before_eye = renderer.visible(shot(props=(sheet(3.0, 3.2, 1.8),)))

    assert before_mouth["mouth"] < 0.05
    assert before_mouth["eye_L"] == before_mouth["brows"] == 1
    assert before_eye["eye_L"] < 0.05
    assert before_eye["eye_R"] == 1


def test_glass_lets_the_face_through(renderer):
    bare, clear, dark = (
        renderer.draw(shot(props=props))[40, 84, :3].astype(int)
        for props in ((), (sheet(3.0, 3.2, 1.8, 0.1),), (sheet(3.0, 3.2, 1.8, 0.9),))
    )

    assert np.abs(clear - bare).max() < np.abs(dark - bare).max()
    assert renderer.visible(shot(props=(sheet(3.0, 3.2, 1.8, 0.3),)))["eye_L"] == 1


def test_a_thing_throws_its_shadow(renderer):
    lit = renderer.draw(shot())[..., :3].astype(int).mean(axis=2)
    shaded = renderer.draw(shot(props=(sheet(0.0, 6.0, 1.5),)))[..., :3].astype(int).mean(axis=2)

    assert (lit - shaded)[64:80, 50:78].max() > 15  # under the square, which the lamp above stands behind
