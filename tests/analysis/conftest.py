"""The face models, installed once into the usual cache folder."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="session")
def models() -> None:
    from analysis import models
    from analysis.types import ModelError

    try:
        models.install()
    except ModelError as error:
        pytest.skip(f"The face models cannot be obtained here: {error}")
