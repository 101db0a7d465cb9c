"""A bill of materials (CycloneDX): the packages that run the site, the face models, and what we trained ourselves.

    python .ci/sbom.py [FILE]      writes to sbom.cdx.json unless a file is named

Packages are those of the environment, with their licences; each says whether it runs the site or only helps
developing it (``facsweb:scope``). Models have the SHA-256 of the file that is used.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))
OURS = "Apache-2.0"


def normal(name: str) -> str:
    """A package's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def runtime() -> set[str]:
    """Packages that the site needs, from `pyproject.toml` down through what each of them needs."""
    from packaging.requirements import Requirement

    named = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["dependencies"]
    waiting, found = [Requirement(line) for line in named], set()
    seen: set[tuple[str, str]] = set()
    while waiting:
        one = waiting.pop()
        for extra in ("", *one.extras):
            key = (normal(one.name), extra)
            if key in seen:
                continue
            seen.add(key)
            try:
                needed = [Requirement(line) for line in requires(one.name) or ()]
            except PackageNotFoundError:
                continue  # of another platform
            found.add(normal(one.name))
            waiting += [each for each in needed if each.marker is None or each.marker.evaluate({"extra": extra})]
    return found


def models() -> list[dict[str, Any]]:
    """The models that ship or are obtained, as components."""
    from analysis.models.registry import MODELS

    face = [
        _model(spec.id, spec.version, spec.sha256, spec.licence, spec.provenance, "obtained from a public wheel")
        for spec in MODELS.values()
    ]
    own = [
        _model(
            f"{what}-{path.stem}", path.parent.name, hashlib.sha256(path.read_bytes()).hexdigest(), OURS,
            "Trained by this project; see docs/model_cards and analysis/training.",
            str(path.relative_to(REPOSITORY)),
        )
        for what, folder in (("au-nets", "analysis/scoring/models"), ("text", "analysis/text/models"))
        for path in sorted((REPOSITORY / folder).rglob("*"))
        if path.suffix in (".onnx", ".npz")
    ]  # fmt: skip
    return face + own


def _model(name: str, version: str, sha256: str, licence: str, said: str, where: str) -> dict[str, Any]:
    known = {"Apache-2.0", "MIT", "BSD-3-Clause"}
    found = next((one for one in known if one.lower() in licence.lower().replace(" ", "-")), None)
    return {
        "type": "machine-learning-model",
        "bom-ref": f"model:{name}@{version}",
        "name": name,
        "version": version,
        "description": said,
        "hashes": [{"alg": "SHA-256", "content": sha256}],
        "licenses": [{"license": {"id": found} if found else {"name": licence}}],
        "properties": [{"name": "facsweb:scope", "value": "runtime"}, {"name": "facsweb:source", "value": where}],
    }


def bill() -> dict[str, Any]:
    """The whole bill as CycloneDX 1.6."""
    tool = Path(sys.executable).with_name("cyclonedx-py")
    said = subprocess.run(
        [tool, "environment", sys.executable, "--pyproject", REPOSITORY / "pyproject.toml", "--sv", "1.6",
         "--output-reproducible", "--of", "JSON", "-o", "-"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    found: dict[str, Any] = json.loads(said.stdout)
    needed = runtime()
    for component in found["components"]:
        scope = "runtime" if normal(component["name"]) in needed else "development"
        component.setdefault("properties", []).append({"name": "facsweb:scope", "value": scope})
    found["components"] += models()
    return found


if __name__ == "__main__":
    target = Path(sys.argv[1] if len(sys.argv) > 1 else "sbom.cdx.json")
    made = bill()
    target.write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
    kinds = [component["type"] for component in made["components"]]
    count = kinds.count("machine-learning-model")
    print(f"{target}: {len(kinds) - count} packages and {count} models.")
