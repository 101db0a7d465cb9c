"""Which execution provider is asked, and what happens when it fails or differs."""

from __future__ import annotations

import logging
from types import SimpleNamespace

import numpy as np
import pytest

from analysis.models import providers, runtime
from analysis.types import ModelError

CUDA, CPU = "CUDAExecutionProvider", "CPUExecutionProvider"


@pytest.mark.parametrize(
    ("setting", "present", "expected"),
    [
        ("", [CUDA, CPU], [CUDA, CPU]),
        ("auto", ["AzureExecutionProvider", CPU], [CPU]),
        ("cpu", [CUDA, CPU], [CPU]),
        ("coreml, cuda", [CUDA, "CoreMLExecutionProvider", CPU], ["CoreMLExecutionProvider", CUDA, CPU]),
        ("directml", [CPU], [CPU]),
    ],
)
def test_the_setting_and_what_is_there_decide(monkeypatch, setting, present, expected):
    monkeypatch.setenv(providers.SETTING, setting)
    assert providers.wanted(present) == expected


def test_an_unknown_name_is_told(monkeypatch):
    monkeypatch.setenv(providers.SETTING, "cdua")
    with pytest.raises(ModelError, match="'cdua'"):
        providers.wanted([CPU])


class FakeSession:
    def __init__(self, output: float) -> None:
        self.output = output

    def get_inputs(self):
        return [SimpleNamespace(name="x", shape=["N", 3], type="tensor(float)")]

    def run(self, names, feeds):
        return [feeds["x"] + np.float32(self.output)]


@pytest.mark.parametrize(
    ("shift", "used", "warning"),
    [(0.0005, CUDA, ""), (0.01, CPU, "differs"), (float("nan"), CPU, "differs"), (None, CPU, "no driver")],
)
def test_a_provider_that_differs_or_fails_is_left(monkeypatch, caplog, shift, used, warning):
    def opened(onnx_file, provider):
        if provider == CUDA and shift is None:
            raise RuntimeError("no driver")
        session = FakeSession(shift if provider == CUDA else 0.0)
        session.provider = provider
        return session

    monkeypatch.delenv(providers.SETTING, raising=False)
    monkeypatch.setattr(runtime, "_REFUSED", set())
    monkeypatch.setattr(runtime, "_opened", opened)
    monkeypatch.setattr(runtime.onnxruntime, "get_available_providers", lambda: [CUDA, CPU])
    with caplog.at_level(logging.WARNING):
        assert runtime.session_from(b"").provider == used
        assert runtime.session_from(b"").provider == used
    assert warning in caplog.text
    assert len(caplog.records) == bool(warning)  # told once, not for every model
