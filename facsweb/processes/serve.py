"""``manage.py serve``: run everything until Ctrl-C. Called by `manage.py` before Django is loaded."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence

from facsweb.installation import DataFolderError, read_secret_files
from facsweb.processes.supervisor import Installation, InstallationError

HELP = "Run everything: Redis (unless REDIS_URL names one), web server, workers, recovery. Ctrl-C stops it."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What can be chosen."""
    parser.add_argument("--host", default="127.0.0.1", help="where to listen (default: this machine only)")
    parser.add_argument("--port", type=int, default=8000, help="0 takes a free one (default: 8000)")
    parser.add_argument("--workers", type=int, default=1, help="how many analyses may run at once (default: 1)")
    parser.add_argument(
        "--short",
        type=int,
        default=0,
        help="workers beside them for all but measuring and training, so that reports never wait (default: 0)",
    )
    parser.add_argument(
        "--all-cores",
        action="store_true",
        help="let each of several workers use every core, instead of its share of them",
    )
    parser.add_argument(
        "--live", type=int, default=1, help="how many processes look at live sessions; 0 for none (default: 1)"
    )


def say(line: str) -> None:
    """Print a line at once, also into a pipe."""
    print(line, flush=True)


def serve(host: str, port: int, workers: int, short: int = 0, all_cores: bool = False, live: int = 1) -> int:
    """Run until SIGINT or SIGTERM; return the exit status."""
    installation = Installation(
        host=host, port=port, workers=workers, short=short, all_cores=all_cores, live=live, say=say
    )
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: installation.stop())
    try:
        with installation as running:
            if running.answered:
                say(f"facsweb is ready at {running.url}  (Ctrl-C stops it)")
            running.wait()
    except InstallationError as error:
        print(error, file=sys.stderr, flush=True)
        return 1
    return 0


def main(arguments: Sequence[str]) -> int:
    """Parse the words after ``serve`` and run."""
    try:
        read_secret_files()
    except DataFolderError as error:
        print(error, file=sys.stderr, flush=True)
        return 1
    parser = argparse.ArgumentParser(prog="manage.py serve", description=HELP)
    add_arguments(parser)
    return serve(**vars(parser.parse_args(arguments)))
