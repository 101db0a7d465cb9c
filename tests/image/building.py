"""Carries out a Dockerfile without Docker: its own steps, in roots made of this machine, in a mount namespace.

``FROM python:…`` is this machine's system and this Python: their folders are laid under empty ones (overlayfs), so
that steps may write everywhere and nothing of the machine changes. Needs root on Linux. A step that installs a
lock is carried out with the packages of this environment, after looking that they are those of the lock, unless
the build is to be `real`: then it fetches a gigabyte.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass, field
from importlib.metadata import Distribution, distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from analysis.models import store
from tests.image import dockerfile
from tests.image.dockerfile import Instruction, Stage

PLAIN = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#: Of this machine's environment, what says how packages are fetched.
FETCHING = re.compile("PIP_|(http|https|no)_proxy$", re.IGNORECASE)
INSTALLS = re.compile(r"-m pip .*install .*--requirement /(\S+)")
FOLDERS = ("dev", "etc", "proc", "root", "run", "tmp", "usr", "var/tmp", "sys")


class BuildError(AssertionError):
    """A step failed; the message has what it said."""


class Namespace:
    """A mount namespace that lives as long as this object; the kernel takes its mounts away with it."""

    def __init__(self) -> None:
        hold = ["unshare", "--mount", "--propagation", "private", "sh", "-c", "echo held; exec cat"]
        self.holder = subprocess.Popen(
            hold, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        assert self.holder.stdout is not None
        self.works = self.holder.stdout.readline() == b"held\n"

    @property
    def enter(self) -> list[str]:
        return ["nsenter", f"--mount=/proc/{self.holder.pid}/ns/mnt", "--"]

    def inside(self, path: Path) -> Path:
        """A path as the namespace sees it, for this process."""
        return Path(f"/proc/{self.holder.pid}/root{path}")

    def run(self, *command: str | Path) -> None:
        said = subprocess.run([*self.enter, *map(str, command)], capture_output=True, text=True, check=False)
        if said.returncode:
            raise BuildError(f"{' '.join(map(str, command))}\n{said.stdout}{said.stderr}")

    def close(self) -> None:
        self.holder.communicate()


@dataclass
class Root:
    """A stage's file system while it is built, and what its image says of itself."""

    folder: Path
    #: Place → folders that lie there, the uppermost first (what this stage writes).
    laid: dict[str, list[str]] = field(default_factory=dict)
    #: Places that are another stage's.
    borrowed: list[str] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=lambda: {"PATH": PLAIN})
    arguments: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    said: dict[str, Instruction] = field(default_factory=dict)
    workdir: str = "/"
    user: str = "0:0"


class Builder:
    """Builds the last stage of a Dockerfile, and what it rests on, below `folder`."""

    def __init__(self, context: Path, folder: Path, *, real: bool = False) -> None:
        self.context, self.folder, self.real = context, folder, real
        self.files = dockerfile.context(context)
        self.namespace = Namespace()
        self.built: dict[str, Root] = {}

    def build(self) -> Root:
        """Carry out every step that the last stage needs; its root."""
        stages = dockerfile.needed(dockerfile.read((self.context / "Dockerfile").read_text()))
        for stage in stages:
            alias = self.built.get(stage.base) if not stage.instructions else None
            self.built[stage.name] = alias or self._stage(stage)
        return self.built[stages[-1].name]

    def close(self) -> None:
        self.namespace.close()

    # --- roots --------------------------------------------------------------------------------------------------

    def _stage(self, stage: Stage) -> Root:
        root = Root(self.folder / stage.name)
        parent = self.built.get(stage.base)
        laid = parent.laid if parent else self._base()
        for place, below in laid.items():
            self._lay(root, place, below)
        self.namespace.run("mount", "-t", "proc", "proc", root.folder / "root/proc")
        self.namespace.run("mount", "--rbind", "/dev", root.folder / "root/dev")
        if parent:
            root.environment, root.workdir, root.user = {**parent.environment}, parent.workdir, parent.user
        if sys.base_prefix != "/usr":  # where its own libraries are looked for
            self.namespace.run("mount", "--bind", sys.base_prefix, root.folder / f"root{sys.base_prefix}")
        for instruction in stage.instructions:
            self._step(root, instruction)
        return root

    def _base(self) -> dict[str, list[str]]:
        """What lies where in ``python:…``: this machine's system, and this Python in /usr/local."""
        system = self.folder / "system"
        python = [] if sys.base_prefix == "/usr" else [sys.base_prefix]
        if not system.exists():
            for name in (*FOLDERS, sys.base_prefix.strip("/")):
                (system / name).mkdir(parents=True, exist_ok=True)
            (system / "tmp").chmod(0o1777)
            for name in ("bin", "sbin", "lib", "lib64"):
                if Path("/", name).exists():
                    (system / name).symlink_to(f"usr/{name}")
        return {"/": [str(system)], "/usr": ["/usr"], "/usr/local": [*python, "/usr/local"], "/etc": ["/etc"]}

    def _lay(self, root: Root, place: str, below: list[str], hidden: set[str] = frozenset()) -> None:
        """Lay a folder that can be written to over others; names in `hidden` are not seen any more."""
        name = place.strip("/").replace("/", "-") or "all"
        upper, work = root.folder / f"{name}-written", root.folder / f"{name}-work"
        for folder in (upper, work, root.folder / "root"):
            folder.mkdir(parents=True, exist_ok=True)
        for each in hidden:
            os.mknod(upper / each, 0o600 | 0o020000, os.makedev(0, 0))  # overlayfs' word for what was removed
        # volatile: nothing of it has to be on a disk when it is taken away
        options = f"lowerdir={':'.join(below)},upperdir={upper},workdir={work},volatile"
        at = root.folder / f"root{place.rstrip('/')}"
        self.namespace.run("mount", "-t", "overlay", "overlay", "-o", options, at)
        root.laid[place] = [str(upper), *below]

    def _shell(self, root: Root, command: str, **more: str) -> str:
        values = {"HOME": "/root", **root.environment, **root.arguments, **more}
        call = [*self.namespace.enter, "chroot", str(root.folder / "root"), "env", "-i", f"--chdir={root.workdir}"]
        call += [*(f"{name}={value}" for name, value in values.items()), "/bin/sh", "-c", command]
        ended = subprocess.run(call, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if ended.returncode:
            raise BuildError(f"RUN {command}\nended with {ended.returncode}: {ended.stdout}")
        return ended.stdout

    # --- steps --------------------------------------------------------------------------------------------------

    def _step(self, root: Root, one: Instruction) -> None:
        known = {**root.arguments, **root.environment}
        if one.word == "RUN":
            self._run(root, one.rest)
        elif one.word == "COPY":
            self._copy(root, one)
        elif one.word == "ARG":
            name, _, default = one.rest.partition("=")
            root.arguments[name] = default
        elif one.word in ("ENV", "LABEL"):
            kept = root.environment if one.word == "ENV" else root.labels
            for pair in one.words():
                name, _, value = pair.partition("=")
                kept[name] = dockerfile.filled(value, known)
        elif one.word == "WORKDIR":
            root.workdir = one.rest
            self._inside(root, one.rest).mkdir(parents=True, exist_ok=True)
        elif one.word == "USER":
            root.user = one.rest
        elif one.word in ("CMD", "ENTRYPOINT", "EXPOSE", "HEALTHCHECK", "VOLUME", "STOPSIGNAL"):
            root.said[one.word] = one
        else:
            raise BuildError(f"tests/image does not know {one.word}.")

    def _run(self, root: Root, command: str) -> None:
        found = None if self.real else INSTALLS.search(command)
        if found:
            self._packages_of_here(root, found[1])
            return
        if "analysis.models import install" in command and not self.real:
            # What the step finds there and looks at is not fetched again.
            shutil.copytree(store.models_dir(), self._inside(root, "/models"))
        passed = {name: value for name, value in os.environ.items() if self.real and FETCHING.match(name)}
        self._shell(root, command, **passed)

    def _inside(self, root: Root, path: str) -> Path:
        return self.namespace.inside(root.folder / "root" / path.lstrip("/"))

    def _copy(self, root: Root, one: Instruction) -> None:
        *sources, target = one.words()
        if other := one.flag("from"):
            (source,) = sources
            assert source == target, "tests/image lays a whole folder of another stage at its own place"
            self._inside(root, target).mkdir(parents=True)
            borrowed = self.built[other].folder / f"root{source}"
            self.namespace.run("mount", "--rbind", borrowed, root.folder / f"root{target}")
            root.borrowed.append(target)
            return
        at = target if target.startswith("/") else f"{root.workdir}/{target}"
        for source in sources:
            chosen = [name for name in self.files if source == "." or name.is_relative_to(source)]
            if not chosen:
                raise BuildError(f"COPY {source}: .dockerignore leaves it out, or it is not there.")
            for name in chosen:
                single = (self.context / source).is_file()
                rest = name.name if single else name.relative_to(source).as_posix()
                into = self._inside(root, f"{at}/{rest}")
                into.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(self.context / name, into)

    def _packages_of_here(self, root: Root, lock: str) -> None:
        """Lay this environment's packages into the image's: those of the lock, which have to be the same."""
        wanted = locked((self.context / lock).read_text())
        here = {canonicalize_name(one.metadata["Name"]): one for one in distributions()}
        differ = {name: here[name].version if name in here else None for name in wanted}
        differ = {name: found for name, found in differ.items() if found != wanted[name]}
        if differ:
            raise BuildError(f"This environment does not have what {lock} has: {differ}")
        kept = {top for name in wanted for top in tops(here[name])}
        hidden = {top for name, one in here.items() if name not in wanted for top in tops(one)} - kept
        place = self._shell(root, "/venv/bin/python -c \"import sysconfig; print(sysconfig.get_path('purelib'))\"")
        self._lay(root, place.strip(), [sysconfig.get_path("purelib")], hidden)
        # What our own programs compiled here is its owner's alone (manage.py); pip's is everybody's.
        self._shell(root, f"find {place.strip()} ! -perm -o=r ! -type l -exec chmod go+rX {{}} +")


def locked(text: str) -> dict[str, str]:
    """Package → version of a lock, as far as it is for this machine."""
    found = [Requirement(line.rstrip(" \\")) for line in text.splitlines() if line[:1].isalnum()]
    chosen = [one for one in found if one.marker is None or one.marker.evaluate()]
    return {canonicalize_name(one.name): str(one.specifier).removeprefix("==") for one in chosen}


def tops(package: Distribution) -> set[str]:
    """Names in site-packages that a package brought."""
    first = {Path(str(file)).parts[0] for file in package.files or ()}
    there = Path(sysconfig.get_path("purelib"))
    with contextlib.suppress(KeyError):
        first -= {"..", "__pycache__"}
    return {name for name in first if (there / name).exists()}
