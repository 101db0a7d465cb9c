"""The learned scorer: what ships, what it answers, and what happens to measurements that it cannot read."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from analysis.facs.baseline import Neutral
from analysis.facs.codes import ACTION_UNITS, CATALOGUE
from analysis.facs.intensity import intensities
from analysis.facs.series import FaceSeries
from analysis.interpretation import interpret
from analysis.scoring import choice, package
from analysis.scoring.code import CODE_COLUMNS
from analysis.scoring.inputs import FEATURES, poses
from analysis.scoring.scorer import is_scorable, scores
from analysis.scoring.targets import FROM_LIDS, LEARNED, MIRRORED, MIRRORED_REGIONS, TARGETS, columns_of
from analysis.types import AnalysisError, ModelError
from tests.analysed import analysed, demonstration
from tests.analysis.made import series, smile, write_measurement

MEDIA = Path(__file__).parents[1] / "media"
REAL = Path(__file__).parents[3] / "shared/media/real"
TIMES = np.arange(150) * 40_000
RNG = np.random.default_rng(5)


@pytest.fixture(scope="module")
def smiling(tmp_path_factory: pytest.TempPathFactory, models: Path) -> Path:
    """Results of d1: 6 with 12, then 12 alone."""
    return Path(shutil.copytree(demonstration("d1"), tmp_path_factory.mktemp("d1") / "results"))


def signals_of(folder: Path) -> dict[str, np.ndarray]:
    table = pq.read_table(folder / "signals.parquet")
    return {name: table[name].to_numpy() for name in table.column_names if name != "gate"}


def scorable(**columns: np.ndarray) -> FaceSeries:
    """A face at rest whose code is noise."""
    made = series(TIMES, **columns)
    code = {name: RNG.normal(0, 0.01, len(TIMES)).astype(np.float32) for name in CODE_COLUMNS}
    return replace(made, columns={**made.columns, **code})


def at_rest(face: FaceSeries) -> Neutral:
    return Neutral({name: float(values[:20].mean()) for name, values in face.columns.items()}, "chosen", 0, 20)


def test_what_ships_answers_for_all_44() -> None:
    found = package.default()
    assert (found.id, found.version) == ("au-nets", package.shipped_versions()[-1])
    assert set(found.about["codes"]) == set(ACTION_UNITS)
    assert found.about["features"] == list(FEATURES)
    for code in ACTION_UNITS:
        about = found.about["codes"][code]
        assert (about["winner"] is None) == (code in FROM_LIDS)
        held = about["held_out"]
        assert held["icc"] is not None, f"AU{code} has no figure"
        assert held["identities"] >= 10


def test_tiers_follow_the_written_rule_and_the_catalogue_says_the_same() -> None:
    contradicted = json.loads(
        (Path(package.__file__).parents[1] / "training/scorer/real_clips.json").read_text(encoding="utf-8")
    )["contradicted"]
    for code, about in package.default().about["codes"].items():
        icc = about["held_out"]["icc"]
        expected = "human-coded only" if icc < 0.30 else "experimental"
        if icc >= 0.60 and code not in contradicted:
            expected = "measured"
        assert about["tier"] == expected, code
        assert CATALOGUE[code].tier == expected, code


def test_the_goal_on_faces_never_trained_on() -> None:
    """Issue: mean ICC(3,1) over 23 units at least 0.70 with a neutral and yaw within 25 degrees."""
    assert package.default().about["figures"]["mean_icc"] >= 0.70


def test_targets_and_mirrors_agree() -> None:
    assert len(TARGETS) == sum(2 if CATALOGUE[code].sided else 1 for code in LEARNED)
    for place, (code, side) in enumerate(TARGETS):
        assert TARGETS[MIRRORED[place]] == (code, {"L": "R", "R": "L", "": ""}[side])
    assert [MIRRORED_REGIONS[place] for place in MIRRORED_REGIONS] == list(range(6))
    assert len(columns_of("12")) == 2
    assert len(columns_of("17")) == 1


def test_nothing_but_noise_scores_nothing() -> None:
    face = scorable()
    found = scores(package.default(), face, at_rest(face), np.ones(len(TIMES), bool))
    assert set(found.curves) == set(LEARNED)
    for code, sides in found.curves.items():
        for curve in sides.values():
            assert np.median(curve) < 0.7, code


def test_frames_that_cannot_be_measured_are_nan() -> None:
    face = scorable()
    valid = np.ones(len(TIMES), bool)
    valid[40:60] = False
    found = scores(package.default(), face, at_rest(face), valid)
    for sides in found.curves.values():
        for curve in sides.values():
            assert np.isnan(curve[40:60]).all()
            assert np.isfinite(curve[:40]).all()


def test_a_mirrored_pose_turns_the_other_way() -> None:
    angles = poses([10.0, -10.0], [5.0, 5.0], [3.0, -3.0])
    assert np.allclose(angles[0, [0, 2]], -angles[1, [0, 2]])
    assert np.allclose(angles[0, [1, 3, 4, 5]], angles[1, [1, 3, 4, 5]])


def test_the_smile_with_6_and_the_one_without(smiling: Path) -> None:
    signals = signals_of(smiling)
    time = signals["time_us"]
    with_6, without = (time > 2_000_000) & (time < 4_000_000), (time > 6_400_000) & (time < 7_800_000)
    assert signals["AU12"][with_6].mean() > 2.5
    assert signals["AU12"][without].mean() > 2.5
    assert signals["AU6"][with_6].mean() > 2.5
    # below 1 is wanted and missed (test_conditions.py); at least the two are far apart
    assert signals["AU6"][without].mean() < signals["AU6"][with_6].mean() / 2


@pytest.mark.skipif(not REAL.is_dir(), reason="the real clips of ../shared are not here")
def test_a_real_hand_over_the_mouth_is_not_scored(models: Path) -> None:
    """From 3.2 to 5.5 s a hand is at the woman's mouth: the lower face is hidden and 17 is not scored."""
    found = analysed(REAL / "WolfgangLanger_Pexels.mp4")
    lines = [line.split(",") for line in (found / "events.csv").read_text().splitlines()[1:]]
    assert any(line[0] == "72" and int(line[3]) < 3_500_000 and int(line[5]) > 5_000_000 for line in lines)
    signals = signals_of(found)
    behind = (signals["time_us"] > 3_500_000) & (signals["time_us"] < 5_000_000)
    assert np.isnan(signals["AU17"][behind]).all()
    assert np.isfinite(signals["AU1"][behind]).all()


def test_intervals_hold_the_value_and_stay_on_the_scale(smiling: Path) -> None:
    signals = signals_of(smiling)
    for code in ACTION_UNITS:
        value, low, high = (signals[f"AU{code}{end}"] for end in ("", "_low", "_high"))
        known = np.isfinite(value)
        assert known.any(), code
        assert (low[known] <= value[known] + 1e-6).all(), code
        assert (high[known] >= value[known] - 1e-6).all(), code
        assert low[known].min() >= 0
        assert high[known].max() <= 5


def test_a_run_names_its_scorer_and_the_rules_stay_selectable(smiling: Path, tmp_path: Path) -> None:
    assert json.loads((smiling / "summary.json").read_text())["scorer"]["id"] == "au-nets"
    for name in ("measurement.parquet", "measurement.json"):
        (tmp_path / name).write_bytes((smiling / name).read_bytes())
    summary = interpret(tmp_path, scorer="au-rules/1.0.0").summary
    assert summary["scorer"] == {"id": "au-rules", "version": "1.0.0"}
    assert summary["tiers"]["8"] == "human-coded only"
    assert choice.available()[0] == "au-rules/1.0.0"
    with pytest.raises(AnalysisError, match="There is no scorer"):
        interpret(tmp_path, scorer="au-nets/0.0.1")


def test_what_is_human_coded_only_is_scored_and_not_proposed(smiling: Path) -> None:
    tiers = json.loads((smiling / "summary.json").read_text())["tiers"]
    proposed = {line.split(",")[0] for line in (smiling / "events.csv").read_text().splitlines()[1:]}
    assert proposed
    assert all(tiers[code] != "human-coded only" for code in proposed)


def test_an_older_measurement_is_read_by_the_rules_and_says_so(tmp_path: Path) -> None:
    write_measurement(tmp_path, {0: series(TIMES, noise=0.003, **smile(TIMES / 1e6))}, TIMES)
    summary = interpret(tmp_path).summary
    assert summary["scorer"]["id"] == "au-rules"
    assert any("older version" in warning for warning in summary["warnings"])
    with pytest.raises(AnalysisError, match="measured for another scorer"):
        interpret(tmp_path, scorer=f"au-nets/{package.default().version}")


def test_without_a_package_or_a_code_the_rules_answer() -> None:
    face = series(TIMES, noise=0.003, **smile(TIMES / 1e6))
    assert not is_scorable(face)
    neutral = at_rest(face)
    ruled = intensities(face, neutral)
    assert np.array_equal(
        ruled.both["12"], intensities(face, neutral, package.default()).both["12"], equal_nan=True
    )
    assert "8" not in ruled.both
    assert not ruled.intervals


def test_a_damaged_package_is_refused_with_a_sentence(tmp_path: Path) -> None:
    source = package.SHIPPED / package.shipped_versions()[-1]
    for path in source.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    about = json.loads((tmp_path / package.ABOUT).read_text(encoding="utf-8"))
    about["targets"] = about["targets"][1:]
    (tmp_path / package.ABOUT).write_text(json.dumps(about), encoding="utf-8")
    with pytest.raises(ModelError, match="other Action Units"):
        package.load(tmp_path)
    (tmp_path / package.ENCODER).unlink()
    with pytest.raises(ModelError, match="cannot be read"):
        package.load(tmp_path)


@pytest.mark.parametrize("name", ["scales.npz", "encoder.onnx", "sight.onnx", "picture.onnx", "scorer.json"])
@pytest.mark.parametrize("content", [b"[]", None])
def test_any_damaged_file_of_a_package_is_told(tmp_path: Path, name: str, content: bytes | None) -> None:
    source = package.SHIPPED / package.shipped_versions()[-1]
    for path in source.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    whole = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(whole[: len(whole) // 2] if content is None else content)
    with pytest.raises(ModelError, match="cannot be read"):
        package.load(tmp_path)


def test_the_shipped_files_are_small() -> None:
    folder = package.SHIPPED / package.shipped_versions()[-1]
    assert sum(path.stat().st_size for path in folder.iterdir()) < 4_000_000
