"""Opens a model for inference: one thread, no spinning, so that speed scales by the number of videos."""

from __future__ import annotations

import logging
from typing import Any, Final

import numpy as np
import onnxruntime

from analysis.models import providers, registry, store

AGREEMENT: Final = 1e-3
"""Largest difference between a provider's outputs and the processor's, over the larger of 1 and the output."""
_LOG: Final = logging.getLogger(__name__)
_REFUSED: Final[set[str]] = set()
"""Providers that failed or disagreed once in this process."""

_OPEN: Final[dict[str, Any]] = {}
"""Sessions of this process by the hash of their model: making one costs up to 0.3 s, and `run` is thread-safe."""


def session(model_id: str) -> Any:
    """Open an installed model; a process that asks again gets the same session.

    Raises
    ------
    ModelError
        It is not installed, or the file is not the one that was installed.
    """
    content = store.read(model_id)  # every time: a file that was damaged meanwhile must be noticed
    key = registry.spec(model_id).sha256
    if key not in _OPEN:
        _OPEN[key] = session_from(content)
    return _OPEN[key]


def session_from(onnx_file: bytes) -> Any:
    """Open a model from its bytes, where `providers` says, if that gives what the processor gives.

    Every model is compared once when it is opened; a provider that fails or differs is not asked again.
    """
    asked = [name for name in providers.wanted(onnxruntime.get_available_providers()) if name not in _REFUSED]
    for provider in asked:
        if provider == providers.CPU:
            break
        try:
            found, reference = _opened(onnx_file, provider), _opened(onnx_file, providers.CPU)
            apart = difference(found, reference)
        except Exception as error:  # what a driver raises is of any kind
            _refuse(provider, f"cannot run a model: {error}")
            continue
        if apart <= AGREEMENT:
            return found
        _refuse(provider, f"differs from the processor by {apart:.1e}")
    return _opened(onnx_file, providers.CPU)


def session_on_processor(onnx_file: bytes) -> Any:
    """Open a model for the processor alone: integer arithmetic gains nothing elsewhere and may differ there."""
    return _opened(onnx_file, providers.CPU)


def _refuse(provider: str, why: str) -> None:
    _REFUSED.add(provider)
    _LOG.warning("%s %s; the processor is used instead.", provider, why)


def difference(found: Any, reference: Any) -> float:
    """Largest difference of two sessions' outputs over the larger of 1 and the output; infinite with a NaN.

    They are given the parity picture where they take one, and even noise of 0–1 otherwise.
    """
    feeds = {entry.name: _example(entry) for entry in reference.get_inputs()}
    pairs = zip(found.run(None, feeds), reference.run(None, feeds), strict=True)
    worst = max(float((np.abs(a - b) / np.maximum(1, np.abs(b))).max()) for a, b in pairs)
    return worst if np.isfinite(worst) else float("inf")


def _example(entry: Any) -> Any:
    shape = [size if isinstance(size, int) else 1 for size in entry.shape]
    if entry.type == "tensor(uint8)":
        from analysis.models import parity

        return parity.pictures(registry.MESH)["face"][None]
    return np.random.default_rng(0).random(shape, np.float32)


def _opened(onnx_file: bytes, provider: str) -> Any:
    """Open a model with one thread on one provider.

    Two threads inside one session were slower than one on these small nets, and idle spinning steals the core that
    another video could use.
    """
    onnxruntime.disable_telemetry_events()  # nothing about recordings of people leaves this machine
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(
        onnx_file, options, providers=list(dict.fromkeys([provider, providers.CPU]))
    )
