"""How long two recordings take one worker and two: ``python -m tests.processes.bench_workers [SECONDS]``.

Starts whole installations of its own: web server, recovery, Redis, real workers. Each recording is the short clip
over and over, 60 seconds when nothing is said. Figures, not a test: run it on a machine that does nothing else.

"One worker of two" is an installation of two workers in which one at a time has something to do (the second
recording waits for the first): what a worker does that keeps to its share, one core where there are two.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ALONE, OF_TWO, TWO, ON_ALL = (
    "one worker, all cores",
    "one worker of two, its own cores",
    "two workers, their own cores",
    "two workers, all cores",
)
#: Installations; of each, its lines and whether both recordings are asked for at once.
INSTALLATIONS: list[tuple[dict[str, Any], dict[str, bool]]] = [
    ({"workers": 1}, {ALONE: True}),
    ({"workers": 2}, {OF_TWO: False, TWO: True}),
    ({"workers": 2, "all_cores": True}, {ON_ALL: True}),
]


def main() -> None:
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    with tempfile.TemporaryDirectory(prefix="facsweb-workers-") as folder:
        os.environ["FACSWEB_DATA"] = folder
        os.environ["DJANGO_SETTINGS_MODULE"] = "facsweb.settings"
        import django

        django.setup()
        from django.core.management import call_command

        from analysis import cores
        from facsweb.processes.supervisor import Installation

        call_command("migrate", interactive=False, verbosity=0)
        coder, recordings = _recordings(seconds, Path(folder))
        usable, shares = len(cores.usable()), cores.shares(2)
        each = ", ".join("any" if share is None else " ".join(map(str, sorted(share))) for share in shares)
        begins = f"{usable} cores (two workers: {each}), load {os.getloadavg()[0]:.1f}"
        print(f"{begins}; two recordings of {seconds} s", flush=True)
        took = {}
        for how, lines in INSTALLATIONS:
            with Installation(port=0, say=lambda _: None, **how) as running:
                assert running.answered
                for name, at_once in lines.items():
                    took[name] = _analyse(coder, recordings, how["workers"], at_once)
                    print(f"{name:<34}{took[name]:7.1f} s", flush=True)
    for name, basis in ((TWO, OF_TWO), (TWO, ALONE), (ON_ALL, ALONE)):
        print(f"{name} / {basis}: {took[name] / took[basis]:.2f}")


def _recordings(seconds: int, folder: Path) -> tuple[Any, list[Any]]:
    """Somebody who may analyse, and two recordings of the same film."""
    from tests.analysis.clips import repeat
    from tests.conftest import MEDIA
    from tests.factories import CLIP, make_coder_at_work, make_recording
    from tests.runs.conftest import with_file

    coder, participant = make_coder_at_work()
    long = repeat(MEDIA / f"{CLIP}.mp4", max(1, seconds // 10), folder / "long.mp4")
    made = [make_recording(participant, coder) for _ in range(2)]
    return coder, [with_file(one, long, seconds * 1_000_000) for one in made]


def _analyse(coder: Any, recordings: list[Any], workers: int, at_once: bool) -> float:
    """Seconds from asking for the analyses to the end of the last one, with so many workers that wait.

    Not at once: the second is asked for when the first has ended.
    """
    from rq import Worker

    from facsweb.processes import queue
    from facsweb.runs import services

    while Worker.count(connection=queue.connection(), queue=queue.get_queue(queue.GPU)) < workers:
        time.sleep(0.1)
    began = time.monotonic()
    for together in [recordings] if at_once else [[one] for one in recordings]:
        runs = [services.start(coder, recording) for recording in together]
        while any(run.is_active for run in runs):
            time.sleep(0.05)
            for run in runs:
                run.refresh_from_db()
        assert all(run.state == run.State.SUCCEEDED for run in runs), [run.error_detail for run in runs]
    return time.monotonic() - began


if __name__ == "__main__":
    main()
