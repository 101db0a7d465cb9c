"""Opens a model for inference: one thread, no spinning, so that speed scales by the number of videos."""

from __future__ import annotations

from typing import Any

import onnxruntime

from analysis.models import store


def session(model_id: str) -> Any:
    """Open an installed model.

    Raises
    ------
    ModelError
        It is not installed, or the file is not the one that was installed.
    """
    return session_from(store.read(model_id))


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
