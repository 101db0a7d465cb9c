"""Which of onnxruntime's execution providers run the nets: a graphics processor where there is one, and it agrees.

``FACSWEB_PROVIDERS`` is ``auto`` (default), ``cpu``, or names from `KNOWN` separated by commas, best first.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from types import MappingProxyType
from typing import Final

from analysis.types import ModelError

CPU: Final = "CPUExecutionProvider"
SETTING: Final = "FACSWEB_PROVIDERS"
KNOWN: Final = MappingProxyType(
    {
        "cuda": "CUDAExecutionProvider",
        "coreml": "CoreMLExecutionProvider",
        "directml": "DmlExecutionProvider",
        "cpu": CPU,
    }
)


def wanted(present: Sequence[str]) -> list[str]:
    """Return the providers to ask for, best first; the processor is always the last.

    Parameters
    ----------
    present : sequence of str
        What this onnxruntime was built with.

    Raises
    ------
    ModelError
        The setting holds a name that is not known.
    """
    setting = os.environ.get(SETTING, "").strip().lower() or "auto"
    names = list(KNOWN) if setting == "auto" else [name.strip() for name in setting.split(",")]
    unknown = [name for name in names if name not in KNOWN]
    if unknown:
        raise ModelError(f"{SETTING} holds {unknown[0]!r}. It takes auto, or of {', '.join(KNOWN)}.")
    found = [KNOWN[name] for name in names if KNOWN[name] in present and name != "cpu"]
    return [*found, CPU]
