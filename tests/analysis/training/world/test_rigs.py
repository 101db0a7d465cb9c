"""The rigs; the tests that pose them need the sources: FACSWEB_WORLD_SOURCES names their folder."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from analysis.facs.codes import ACTION_UNITS
from analysis.training.world import cohorts, rigs, sources, targets
from analysis.training.world.geometry import split, vertex_normals
from analysis.training.world.ict_build import tongue_mesh
from analysis.training.world.types import Activation, Float32, Material, Rig, RigName

SOURCES = os.environ.get("FACSWEB_WORLD_SOURCES")
needs_sources = pytest.mark.skipif(not SOURCES, reason="FACSWEB_WORLD_SOURCES names no folder of sources")


def both(amount: float, *codes: str) -> Activation:
    return dict.fromkeys(codes, (amount, amount))


def test_60_identities_of_each_rig_are_held_out_for_good() -> None:
    for rig in rigs.RIGS:
        assert rigs.held_out(rig) == list(range(9000, 9060))
        assert rigs.is_held_out(rig, 9031)
        assert not rigs.is_held_out(rig, 31)


def test_missing_sources_are_named_with_where_they_come_from(tmp_path: Path) -> None:
    with pytest.raises(
        sources.MissingSourcesError, match=r"3dobjs/base\.obj .*makehumancommunity/makehuman at a8bc2d5"
    ):
        sources.require(tmp_path, "mh")
    assert all("ICT-FaceKit" in line for line in sources.missing(tmp_path, "ict"))


def test_loading_what_was_not_prepared_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="prepare"):
        rigs.load(tmp_path, "mh")


def test_any_run_of_seeds_is_balanced_over_cohort_and_sex() -> None:
    people = [cohorts.person(np.random.default_rng(seed), seed) for seed in range(200, 280)]

    assert {p.cohort for p in people} == set(cohorts.MAKEHUMAN)
    for cohort in cohorts.MAKEHUMAN:
        sexes = [p.sex for p in people if p.cohort == cohort]
        assert sexes.count("male") == sexes.count("female") == 10
    assert all(sum(p.mixture.values()) == pytest.approx(1) for p in people)
    ages = [p.age for p in people]
    assert min(ages) < 0.1
    assert max(ages) > 0.6


def test_unknown_cohorts_are_refused() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="no cohort"):
        cohorts.person(rng, 0, "martian")
    with pytest.raises(ValueError, match="no skin tone"):
        cohorts.ict_appearance(rng, 0, "VII")


def test_a_shape_cut_in_two_sums_to_the_whole() -> None:
    rest = np.array([[-3, 0, 0], [0, 0, 0], [3, 0, 0]], np.float32)
    moved = np.ones((3, 3), np.float32)
    left, right = split(moved, rest)

    assert np.allclose(left + right, moved)
    assert left[:, 0].tolist() == [0, 0.5, 1]


def test_the_tongue_is_closed_towards_its_tip_and_faces_outward() -> None:
    vertices, triangles, along = tongue_mesh()
    centre = vertices.mean(axis=0)
    normals = vertex_normals(vertices, triangles)
    middle = (along > 0.3) & (along < 0.7)

    assert np.isfinite(vertices).all()
    assert ((vertices - centre) * normals)[middle][:, :2].sum(axis=1).min() > 0
    assert np.ptp(vertices[along == 1][:, 0]) < 0.01


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    rigs.prepare(Path(str(SOURCES)), folder)
    return folder


@pytest.fixture(scope="session", params=rigs.RIGS)
def rig(request: pytest.FixtureRequest, world: Path) -> Rig:
    name: RigName = request.param
    return rigs.load(world, name)


def moved(rig: Rig, activation: Activation, seed: int = 4) -> Float32:
    face = rig.identity(seed)
    return face.vertices(activation) - face.vertices({})


@needs_sources
def test_the_mesh_is_whole(rig: Rig) -> None:
    surface = rig.surface
    assert surface.triangles.max() < len(surface.rest)
    assert surface.uv_triangles.max() < len(surface.uv)
    assert len(surface.material) == len(surface.triangles) == len(surface.uv_triangles)
    assert {Material.FACE, Material.HEAD, Material.TONGUE, Material.TEETH, Material.SCLERA} <= set(
        surface.material
    )
    face = surface.uv[surface.uv_triangles[surface.material == Material.FACE]]
    assert face.min() >= 0
    assert face.max() <= 1


@needs_sources
def test_landmarks_lie_where_their_names_say(rig: Rig) -> None:
    at = rig.surface.point
    for left in ("brow_L", "eye_L", "mouth_L", "wing_L", "cheek_L", "nostril_L", "jaw_angle_L"):
        other = at(left.replace("_L", "_R"))
        assert at(left)[0] > 0.3
        assert np.allclose(at(left) * [-1, 1, 1], other, atol=0.35)
    heights = [at(name)[1] for name in ("brow_L", "eye_L", "nose_tip", "subnasale", "lip_top", "chin")]
    assert heights == sorted(heights, reverse=True)
    assert at("nose_tip")[2] == max(at(name)[2] for name in rig.surface.landmarks)
    assert abs(at("eye_L")[1] - 3.5) < 0.6
    assert 0.05 < rig.surface.lips.mean() * len(rig.surface.lips) / 1000 < 5


@needs_sources
@pytest.mark.parametrize("code", ACTION_UNITS)
def test_every_action_unit_is_visible_on_the_surface(rig: Rig, code: str) -> None:
    asked = both(1.0, code) if code != "8" else both(1.0, "8", "26")
    base = {} if code != "8" else both(1.0, "26")
    face = rig.identity(4)
    change = np.linalg.norm(face.vertices(asked) - face.vertices(base), axis=1)
    seen = np.unique(rig.surface.triangles[rig.surface.material != Material.OTHER])

    assert code in rig.codes
    assert change[seen].max() > 0.15
    assert change[seen].max() < 7


@needs_sources
@pytest.mark.parametrize(
    "code", ["1", "2", "4", "6", "9", "12", "13", "14", "15", "31", "34", "35", "36", "38", "46"]
)
def test_left_is_the_subject_s_left(rig: Rig, code: str) -> None:
    change = np.linalg.norm(moved(rig, {code: (1.0, 0.0)}), axis=1)
    x = rig.surface.rest[:, 0]

    assert change[x > 1.0].sum() > 20 * change[x < -1.0].sum()


@needs_sources
def test_lips_part_with_the_jaw_and_meet_again_with_8(rig: Rig) -> None:
    face = rig.identity(4)

    def gap(activation: Activation) -> float:
        return face.lip_gap_cm(face.vertices(activation))

    assert gap({}) == 0
    assert gap(both(0.8, "26")) > 0.8
    assert gap(both(0.8, "26") | both(1.0, "8")) < 0.25
    assert gap(both(1.0, "27")) > gap(both(1.0, "26"))
    assert gap(both(1.0, "12")) < 0.2
    assert gap({"30": (1.0, 0.0)}) < 0.25


@needs_sources
def test_the_tongue_comes_out_and_stays_in_without_19(rig: Rig) -> None:
    surface = rig.surface
    # the tip is the foremost of the tongue's vertices that 19 moves furthest
    change = moved(rig, both(1.0, "19"))
    tongue = np.unique(surface.triangles[surface.material == Material.TONGUE])
    tip = tongue[np.linalg.norm(change[tongue], axis=1).argmax()]
    lip = surface.landmarks["lip_bottom"][0]
    face = rig.identity(4)

    assert face.vertices({})[tip, 2] < face.vertices({})[lip, 2]
    assert face.vertices(both(1.0, "19"))[tip, 2] > face.vertices(both(1.0, "19"))[lip, 2]


@needs_sources
def test_identities_differ_and_come_again_from_their_seed(rig: Rig) -> None:
    first, again, other = (rig.identity(seed) for seed in (5, 5, 6))

    assert np.array_equal(first.vertices({}), again.vertices({}))
    assert first.appearance == again.appearance
    assert np.abs(first.vertices({}) - other.vertices({})).max() > 0.2


@needs_sources
def test_labels_hold_all_44_and_the_measured_gap(rig: Rig) -> None:
    face = rig.identity(7)
    asked = both(0.6, "26", "1")
    posed = face.vertices(asked)
    found = face.labels(asked, posed)

    assert set(found) == set(ACTION_UNITS)
    assert found["26"] == pytest.approx((3.0, 3.0))
    assert found["25"][0] == pytest.approx(5 * min(1.0, face.lip_gap_cm(posed) / 1.2))


@needs_sources
def test_our_own_shapes_are_smooth(rig: Rig) -> None:
    """No edge of the skin becomes more than four times as long, or the texture would tear."""
    surface = rig.surface
    skin = surface.triangles[surface.material == Material.FACE]
    edges = np.vstack([skin[:, [0, 1]], skin[:, [1, 2]], skin[:, [2, 0]]])
    neutral = rig.identity(4).vertices({})
    length = np.linalg.norm(neutral[edges[:, 0]] - neutral[edges[:, 1]], axis=1)
    ours = ("8", "21", "36") if rig.name == "mh" else ("8", "21", "36", "11", "13", "23", "31", "35", "38", "39")
    for code in ours:
        posed = rig.identity(4).vertices(both(1.0, code))
        now = np.linalg.norm(posed[edges[:, 0]] - posed[edges[:, 1]], axis=1)
        assert (now / np.maximum(length, 0.05)).max() < 4, code


def test_every_own_target_is_listed_once() -> None:
    assert not set(targets.COMMON) & set(targets.ICT_ONLY)
    assert {"own_8", "own_21", "own_27", "own_36_L", "own_37_R"} <= set(targets.COMMON)
