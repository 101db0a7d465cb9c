"""compose.yaml as data, with its variables filled in as Docker Compose does."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

VARIABLE = re.compile(r"\$\$|\$\{(\w+)(?::([-?])([^}]*))?\}")


def filled(text: str, values: Mapping[str, str]) -> str:
    """Text with ``${NAME}``, ``${NAME:-default}`` and ``${NAME:?what is missing}`` filled in."""

    def value(found: re.Match[str]) -> str:
        if found[0] == "$$":
            return "$"
        name, kind, more = found.groups()
        if name in values:
            return values[name]
        assert kind == "-", f"{name} is not set: {more}"
        return more

    return VARIABLE.sub(value, text)


def read(path: Path, values: Mapping[str, str]) -> dict[str, Any]:
    """The whole file."""

    def deep(found: Any) -> Any:
        if isinstance(found, dict):
            return {key: deep(each) for key, each in found.items()}
        if isinstance(found, list):
            return [deep(each) for each in found]
        return filled(found, values) if isinstance(found, str) else found

    whole: dict[str, Any] = deep(yaml.safe_load(path.read_text()))
    return whole


def secrets_of(service: Mapping[str, Any]) -> dict[str, str]:
    """Name of the file below /run/secrets → name of the secret."""
    named = [one if isinstance(one, dict) else {"source": one} for one in service.get("secrets", [])]
    return {one.get("target", one["source"]): one["source"] for one in named}


def is_ours(service: Mapping[str, Any]) -> bool:
    """Whether it runs the image that the Dockerfile makes."""
    return service.get("build") is not None
