"""Programs as processes of their own which need not import Django each: forks of one process that did it once.

``python -m tests.audit.forks [MODULE…]`` imports the modules and reads lists of programs, one as JSON a line.
Those of a list run at the same time. When all of them have ended it says, as one line, the exit status, output
and errors of each. The process itself never opens a connection to the database, so that no two programs share one.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import subprocess
import sys
import tempfile
import traceback
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple, NoReturn, TextIO

#: What every program finds there.
BEGIN = """
import json, sys, threading
from django.db import DatabaseError, connection, transaction
from facsweb.accounts.models import User
from facsweb.audit import anchors, checking, forms, origin, reading, services
from facsweb.audit.models import Entry
from facsweb.studies.models import Study
"""


class Ended(NamedTuple):
    status: int
    out: str
    err: str


class Forks:
    """The process that forks; started in an environment, ended with ``close``. It has imported ``loaded``."""

    def __init__(self, environment: dict[str, str], cwd: Path, *loaded: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.audit.forks", *loaded],
            cwd=cwd,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, *programs: tuple[str, list[str]]) -> list[Ended]:
        """Run programs (their text and `sys.argv`) at the same time, and wait for all."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(programs) + "\n")
        self.process.stdin.flush()
        return [Ended(*one) for one in json.loads(self.process.stdout.readline())]

    def close(self) -> None:
        self.process.communicate(timeout=30)
        assert self.process.returncode == 0


def become(program: str, words: list[str], out: int, err: int) -> NoReturn:
    """Run the text of a program as `python -c` would, in a process that was just forked, and end that process.

    Parameters
    ----------
    program : str
        Its text.
    words : list of str
        Its `sys.argv`.
    out, err : int
        Descriptors to which goes what it says.
    """
    status = 1
    try:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(out, 1)
        os.dup2(err, 2)
        sys.argv = words
        exec(compile(program, "program", "exec"), {"__name__": "__main__"})  # noqa: S102
        status = 0
    except SystemExit as left:
        if isinstance(left.code, str):
            print(left.code, file=sys.stderr)
        else:
            status = left.code or 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _fork(program: str, words: list[str], out: TextIO, err: TextIO) -> int:
    """Process id of the fork that runs a program, as `python -c` would."""
    if not (pid := os.fork()):
        become(BEGIN + program, words, out.fileno(), err.fileno())
    return pid


def main() -> None:
    import django

    django.setup()
    exec(BEGIN, {})  # noqa: S102 (imported once, here)
    for name in sys.argv[1:]:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()  # or every fork would walk, and so copy, what all of them have
    for line in sys.stdin:
        with ExitStack() as stack:
            begun = []
            for program, words in json.loads(line):
                files = [stack.enter_context(tempfile.TemporaryFile("w+")) for _ in range(2)]
                begun.append((_fork(program, words, *files), files))
            said = []
            for pid, files in begun:
                _, status = os.waitpid(pid, 0)
                for file in files:
                    file.seek(0)
                said.append(Ended(os.waitstatus_to_exitcode(status), *(file.read() for file in files)))
            print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main()
