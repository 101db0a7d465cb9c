"""``python -m analysis.training`` as a whole, on a few small pictures.

Needs torch, moderngl with an OpenGL, and the sources of the rigs in the folder that FACSWEB_WORLD_SOURCES names;
takes about two minutes of a processor.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from analysis.facs.codes import ACTION_UNITS
from analysis.scoring import package
from analysis.training.__main__ import Size, _shard
from analysis.training.world.rigs import RIGS, held_out

REPOSITORY = Path(__file__).parents[3]
SOURCES = os.environ.get("FACSWEB_WORLD_SOURCES")
SMALL = ("--identities", "8", "--pictures", "6", "--held", "3", "--held-pictures", "5", "--side", "224")


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "analysis.training", *map(str, arguments)]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)


def test_a_shard_of_another_size_is_another_file(tmp_path: Path) -> None:
    small, large = Size(identities=8, pictures=6), Size(identities=9, pictures=6)
    assert _shard(tmp_path, "train", "mh", small)[0] == _shard(tmp_path, "train", "mh", large)[0]
    assert _shard(tmp_path, "train", "mh", small)[1] != _shard(tmp_path, "train", "mh", large)[1]
    assert _shard(tmp_path, "held", "mh", small)[1] == _shard(tmp_path, "held", "mh", large)[1]


def test_a_range_of_held_out_identities_has_no_other_among_them() -> None:
    """The command renders from the first to the last."""
    for rig in RIGS:
        seeds = held_out(rig)
        assert seeds == list(range(seeds[0], seeds[-1] + 1))


def test_a_step_that_fails_says_why_and_ends_the_command(tmp_path: Path) -> None:
    found = run(tmp_path / "nothing", tmp_path / "work", "--version", "0.0.1", *SMALL)
    assert found.returncode != 0
    assert "Traceback" not in found.stderr
    assert "makehuman" in found.stderr.lower()


def test_from_the_sources_to_a_scorer_and_its_card(tmp_path: Path, models: None) -> None:
    if not SOURCES:
        pytest.skip("FACSWEB_WORLD_SOURCES names no folder of sources")
    pytest.importorskip("torch", reason="torch is only where scorers are trained")
    render = pytest.importorskip("analysis.training.world.render", reason="moderngl is not installed")
    try:
        render.context()
    except Exception as error:  # moderngl raises bare Exception
        pytest.skip(f"no OpenGL here: {error}")

    made = run(SOURCES, tmp_path, "--version", "0.0.1", "--passes", "1", "--threads", "2", *SMALL)
    assert made.returncode == 0, made.stderr
    found = package.load(tmp_path / "package")
    assert (found.id, found.version) == ("au-nets", "0.0.1")
    figures = found.about["figures"]
    assert (figures["training_identities"], figures["held_out_identities"]) == (14, 6)  # 1003 of each calibrates
    assert set(figures) >= {"coverage_by_score", "coverage_by_yaw", "coverage_by_quality", "by_cohort", "by_yaw"}
    for code in ACTION_UNITS:
        about = found.about["codes"][code]
        assert len(about["interval"]) == 5
        assert about["tier"] in {"measured", "experimental", "human-coded only"}
    assert set(json.loads((tmp_path / "cross.json").read_text())) == {"mh → ict", "ict → mh"}
    card = (tmp_path / "au-nets.md").read_text(encoding="utf-8")
    assert card.startswith("# Model card: au-nets 0.0.1\n")
    assert all(f"| {code} | " in card for code in ACTION_UNITS)
