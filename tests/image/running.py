"""Runs what `building` made as `docker run --read-only --cap-drop ALL` does: namespaces, a user, no rights."""

from __future__ import annotations

import contextlib
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.image.building import Builder, Root
from tests.programs import PATIENCE_S, wait_until

TMP = "/tmp"  # noqa: S108  (the container's)
NO_RIGHTS = ("--clear-groups", "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all")


class Container:
    """One process of an image as process 1 of its own; only /data, /tmp and /run can be written to.

    Parameters
    ----------
    builder, image : Builder, Root
    command : sequence of str
        What follows the entry point.
    environment : mapping
        Beside what the image sets.
    mounts : mapping
        Place in the container → folder of this machine; places lie below /data or /run.
    """

    def __init__(
        self,
        builder: Builder,
        image: Root,
        command: Sequence[str],
        environment: Mapping[str, str],
        mounts: Mapping[str, Path],
    ) -> None:
        self.image = image
        self.environment = {**image.environment, **environment}
        call = [*image.said["ENTRYPOINT"].words(), *command]
        self.log = builder.folder / f"container-{len(list(builder.folder.glob('container-*.log')))}.log"
        root = self.log.with_suffix("")
        root.mkdir()
        script = [f"mount --rbind {image.folder / 'root'} {root}"]
        places = ["", *(place for place in image.laid if place != "/"), *image.borrowed]
        script += [f"mount -o remount,bind,ro {root}{place}" for place in places]
        script += [f"mount -t tmpfs -o mode=1777 tmpfs {root}{TMP}", f"mount -t tmpfs tmpfs {root}/run"]
        script += [f"mount -t proc proc {root}/proc"]
        for place, folder in mounts.items():
            script += [f"mkdir -p {root}{place}"] if place.startswith("/run/") else []
            script += [f"mount --bind {folder} {root}{place}"]
        script += [f'exec chroot {root} "$@"']
        own = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--propagation", "private"]
        whole = [*builder.namespace.enter, *own, "sh", "-ec", "\n".join(script), "-", *self._as_user(), *call]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(whole, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def _as_user(self) -> list[str]:
        user, _, group = self.image.user.partition(":")
        values = [f"{name}={value}" for name, value in self.environment.items()]
        start = ["setpriv", f"--reuid={user}", f"--regid={group}", *NO_RIGHTS]
        return [*start, "env", "-i", f"--chdir={self.image.workdir}", *values]

    @property
    def first(self) -> int:
        """This machine's id of the container's process 1."""
        task = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        found: list[str] = []

        def forked() -> bool:
            with contextlib.suppress(FileNotFoundError):
                found[:] = task.read_text().split()
            return bool(found) or self.process.poll() is not None

        wait_until(forked, what="the container starts")
        return int(found[0])

    def execute(self, *command: str) -> subprocess.CompletedProcess[str]:
        """What ``docker exec`` does."""
        enter = ["nsenter", f"--target={self.first}", "--mount", "--pid", "--root", "--", *self._as_user()]
        return subprocess.run([*enter, *command], capture_output=True, text=True, check=False)

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def ended(self) -> int:
        """Wait for its end; its exit status."""
        return self.process.wait(PATIENCE_S)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send the signal to process 1 alone, as Docker does; its exit status."""
        if self.process.poll() is None:
            subprocess.run(["kill", f"-{number}", str(self.first)], check=False)
        return self.ended()

    def remove(self) -> None:
        """End it whatever it does, and with process 1 all that it started."""
        if self.process.poll() is None:
            # --kill-child does not outlast the change of the user.
            subprocess.run(["kill", "-9", str(self.first)], check=False)
            self.process.wait()
