"""Opens a model for inference: one thread, no spinning, so that speed scales by the number of videos."""

from __future__ import annotations

from typing import Any, Final

import onnxruntime

from analysis.models import registry, store

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
    """Open a model from its bytes.

    Two threads inside one session were slower than one on these small nets, and idle spinning steals the core that
    another video could use.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(onnx_file, options, providers=["CPUExecutionProvider"])
