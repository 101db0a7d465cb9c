"""Which way imports may point, and how long a module may be."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
LONGEST = 399

GROUND = {"accounts", "audit", "studies"}
#: Floors from the ground up; a room may use its own floor and every floor below.
FLOORS = [
    GROUND,
    *({"recordings"}, {"transcripts"}, {"runs"}, {"quotas"}, {"coding"}, {"assignments"}, {"exchange"}),
    *({"agreement"}, {"practice"}, {"meaning"}, {"live"}),
    *({"reports"}, {"learning"}, {"calibration"}, {"privacy"}, {"home", "demo", "about", "api", "operation"}),
]
FLOOR = {room: number for number, floor in enumerate(FLOORS) for room in floor}
#: Not rooms: the frame of the house, which knows every room, and what starts and supervises its processes.
FRAME = {
    "logs",
    "settings",
    "urls",
    "asgi",
    "static_files",
    "headers",
    "unavailable",
    "checks",
    "installation",
    "processes",
    "storage",
}
#: What every room may use of the frame: plain helpers that import no room.
HELPERS = {"installation", "headers", "unavailable", "processes", "storage", "logs"}


def modules(folder: str) -> list[Path]:
    return sorted(path for path in (REPOSITORY / folder).rglob("*.py") if "migrations" not in path.parts)


def imported(path: Path) -> Iterator[tuple[int, str]]:
    """Line and full name of everything a module imports, also inside functions."""
    package = list(path.relative_to(REPOSITORY).with_suffix("").parts)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: -node.level]) if node.level else ""
            start = ".".join(part for part in (base, node.module or "") if part)
            for alias in node.names:
                yield node.lineno, f"{start}.{alias.name}"


def arrows(folder: str) -> Iterator[tuple[str, str, str]]:
    """Place (file:line), importing module and imported name."""
    for path in modules(folder):
        here = path.relative_to(REPOSITORY)
        for line, name in imported(path):
            yield f"{here}:{line}", ".".join(here.with_suffix("").parts), name


def room(name: str) -> str:
    """The part of facsweb that a module belongs to; empty for what is not facsweb's."""
    parts = name.split(".")
    return parts[1] if parts[0] == "facsweb" and len(parts) > 1 else ""


def test_the_walk_sees_imports_inside_functions_and_relative_ones(tmp_path, monkeypatch):
    monkeypatch.setattr(f"{__name__}.REPOSITORY", tmp_path)
    (tmp_path / "facsweb" / "studies").mkdir(parents=True)
    source = "import a.b\nfrom ..runs import models\ndef f():\n    from facsweb.coding.models import Layer\n"
    (tmp_path / "facsweb" / "studies" / "x.py").write_text(source)
    assert [name for *_, name in arrows("facsweb")] == [
        "a.b",
        "facsweb.runs.models",
        "facsweb.coding.models.Layer",
    ]


def test_analysis_knows_neither_django_nor_the_web():
    web = {"django", "facsweb", "channels", "rq", "django_rq", "redis", "allauth"}
    assert [(place, name) for place, _, name in arrows("analysis") if name.split(".")[0] in web] == []


def test_only_the_command_line_of_analysis_prints():
    printing = [
        f"{path.relative_to(REPOSITORY)}:{node.lineno}"
        for path in modules("analysis")
        if path.name != "cli.py" and "training" not in path.parts
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert printing == []


def test_every_room_has_a_floor():
    rooms = {path.name for path in (REPOSITORY / "facsweb").iterdir() if (path / "__init__.py").is_file()}
    assert rooms - set(FLOOR) - FRAME == set()


def test_no_arrow_points_up():
    wrong = []
    for place, module, name in arrows("facsweb"):
        source, target = room(module), room(name)
        if source in FRAME or not target or target == source:
            continue
        if target in FRAME:
            if target not in HELPERS:
                wrong.append((place, name))
        elif FLOOR[source] < FLOOR[target]:
            wrong.append((place, name))
    assert wrong == []


def test_the_application_never_trains_models():
    assert [(place, name) for place, _, name in arrows("facsweb") if name.startswith("analysis.training")] == []


def test_helpers_of_the_frame_import_no_room_when_rooms_import_them():
    """A room may use ``facsweb.processes``; then that module must not know a room above the one that uses it."""
    known = {
        ".".join(path.relative_to(REPOSITORY).with_suffix("").parts): {room(name) for _, name in imported(path)}
        for path in modules("facsweb/processes")
    }
    wrong = []
    for place, module, name in arrows("facsweb"):
        source = room(module)
        if source not in FLOOR or room(name) != "processes":
            continue
        helper = next((part for part in (name, name.rpartition(".")[0]) if part in known), "")
        above = {other for other in known.get(helper, set()) if FLOOR.get(other, -1) > FLOOR[source]}
        if above:
            wrong.append((place, helper, above))
    assert wrong == []


@pytest.mark.parametrize("folder", ["analysis", "facsweb", "static", "tests"])
def test_modules_can_be_seen_whole(folder):
    paths = [p for end in ("py", "js", "mjs") for p in (REPOSITORY / folder).rglob(f"*.{end}")]
    lengths = {str(p.relative_to(REPOSITORY)): len(p.read_text(encoding="utf-8").splitlines()) for p in paths}
    assert {name: length for name, length in lengths.items() if length > LONGEST} == {}


def test_the_web_server_starts_without_scipy(tmp_path):
    """It takes nearly as long to load as everything else together; only calculations pay for it."""
    program = "import sys, facsweb.asgi, facsweb.urls; print(sorted({n.split('.')[0] for n in sys.modules}))"
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "facsweb.settings", "FACSWEB_DATA": str(tmp_path)}
    run = subprocess.run(
        [sys.executable, "-c", program],
        cwd=REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "'numpy'" in run.stdout
    assert "'scipy'" not in run.stdout


def test_no_process_waits_at_its_start_for_what_few_of_them_need():
    """Sealing and the API's pages bring pyHanko and ninja along, two thirds of a second of the processor."""
    program = "import sys, django; django.setup(); print(*{name.partition('.')[0] for name in sys.modules})"
    known = {**os.environ, "DJANGO_SETTINGS_MODULE": "facsweb.settings"}
    command = [sys.executable, "-c", program]
    said = subprocess.run(command, cwd=REPOSITORY, env=known, capture_output=True, text=True, check=True).stdout
    assert "django" in said.split()
    assert {"pyhanko", "aiohttp", "ninja", "pydantic"} & set(said.split()) == set()
