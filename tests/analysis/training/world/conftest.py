"""A prepared rig, where its sources and a renderer are."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SOURCES = os.environ.get("FACSWEB_WORLD_SOURCES")


@pytest.fixture(scope="package")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ICT rig built from the sources, and the hand, where they are."""
    if not SOURCES:
        pytest.skip("FACSWEB_WORLD_SOURCES names no folder of sources")
    render = pytest.importorskip("analysis.training.world.render", reason="moderngl is not installed")
    try:
        render.context()
    except Exception as error:  # moderngl raises bare Exception
        pytest.skip(f"no OpenGL here: {error}")
    from analysis.training.world import hands, rigs

    folder = tmp_path_factory.mktemp("world")
    rigs.prepare(Path(SOURCES), folder, "ict")
    hands.build(Path(SOURCES), folder)
    return folder
