"""What a Dockerfile says, as data: stages, instructions, what an image starts; what .dockerignore leaves out."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Instruction:
    """One instruction: word, flags (``--from=…``) and the rest of its line, variables not yet filled in."""

    word: str
    flags: tuple[tuple[str, str], ...]
    rest: str

    def flag(self, name: str) -> str:
        """The first value of a flag; empty where it does not stand."""
        return next((value for key, value in self.flags if key == name), "")

    def words(self) -> list[str]:
        """The rest as words: a JSON list, or divided as a shell does."""
        return list(json.loads(self.rest)) if self.rest.startswith("[") else shlex.split(self.rest)


@dataclass
class Stage:
    """One ``FROM`` and what follows it."""

    name: str
    base: str
    instructions: list[Instruction] = field(default_factory=list)


def lines(text: str) -> Iterator[str]:
    """Instructions, each on one line; comments are left out, between continued lines too."""
    begun = ""
    for line in text.splitlines():
        if line.lstrip().startswith("#") or (not begun and not line.strip()):
            continue
        begun += line.rstrip().removesuffix("\\").strip() + " " if line.rstrip().endswith("\\") else line.strip()
        if not line.rstrip().endswith("\\"):
            yield begun
            begun = ""


def filled(text: str, values: Mapping[str, str]) -> str:
    """Text with ``$NAME`` and ``${NAME}`` filled in; a name that nobody gave is empty."""
    return re.sub(r"\$(?:\{(\w+)\}|(\w+))", lambda found: values.get(found[1] or found[2], ""), text)


def read(text: str, arguments: Mapping[str, str] | None = None) -> list[Stage]:
    """All stages; `arguments` are those of ``--build-arg``, which fill the ``ARG`` before the first stage too."""
    values, stages = dict(arguments or {}), list[Stage]()
    for line in lines(text):
        word, _, rest = line.partition(" ")
        flags = []
        while found := re.match(r"--([a-z-]+)=(\S+)\s+", rest):
            flags.append((found[1], found[2]))
            rest = rest[found.end() :]
        if word == "ARG" and not stages:
            name, _, default = rest.partition("=")
            values.setdefault(name, default)
        elif word == "FROM":
            base, _, name = filled(rest, values).partition(" AS ")
            stages.append(Stage(name.strip() or str(len(stages)), base.strip()))
        else:
            stages[-1].instructions.append(Instruction(word, tuple(flags), rest.strip()))
    return stages


def needed(stages: list[Stage]) -> list[Stage]:
    """The stages that the last one rests on, in their order, and itself."""
    named, wanted = {stage.name: stage for stage in stages}, {stages[-1].name}
    for stage in reversed(stages):
        if stage.name in wanted:
            copied = {one.flag("from") for one in stage.instructions if one.word == "COPY"}
            wanted |= {name for name in (stage.base, *copied) if name in named}
    return [stage for stage in stages if stage.name in wanted]


def _pattern(line: str) -> re.Pattern[str]:
    """A line of .dockerignore as an expression; what it names covers all below it."""
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", line.strip("/"))
    said = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(said.get(part, re.escape(part)) for part in parts) + "(?:/.*)?")


def context(folder: Path) -> list[Path]:
    """Files that Docker would be sent of a folder, relative to it: what .dockerignore does not leave out."""
    rules = []
    for line in (folder / ".dockerignore").read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            rules.append((not line.startswith("!"), _pattern(line.strip().removeprefix("!"))))

    def left_out(name: str) -> bool:
        return next((out for out, pattern in reversed(rules) if pattern.fullmatch(name)), False)

    # Folders that no rule takes back in need not be looked at; the first names are enough to know.
    tops = [path for path in sorted(folder.iterdir()) if not left_out(path.name)]
    found = [each for top in tops for each in ([top] if top.is_file() else sorted(top.rglob("*")))]
    names = [path.relative_to(folder) for path in found if path.is_file()]
    return [name for name in names if not left_out(name.as_posix())]
