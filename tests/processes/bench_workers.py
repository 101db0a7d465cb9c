"""How long two recordings take one worker and two: ``python -m tests.processes.bench_workers [SECONDS]``.

Starts a whole installation of its own for every line: web server, recovery, Redis, real workers. Each recording is
the short clip over and over, 60 seconds when nothing is said. Figures, not a test: run it on a machine that does
nothing else.
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

LINES = {
    "one worker, all cores": {"workers": 1},
    "two workers, all cores": {"workers": 2},
    "one worker, on one core": {"workers": 1, "one_core": True},
    "two workers, one core each": {"workers": 2, "one_core": True},
}


def main() -> None:
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    with tempfile.TemporaryDirectory(prefix="facsweb-workers-") as folder:
        os.environ["FACSWEB_DATA"] = folder
        os.environ["DJANGO_SETTINGS_MODULE"] = "facsweb.settings"
        import django

        django.setup()
        from django.core.management import call_command

        from facsweb.processes.supervisor import Installation

        call_command("migrate", interactive=False, verbosity=0)
        coder, recordings = _recordings(seconds, Path(folder))
        print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; two recordings of {seconds} s", flush=True)
        took = {}
        for name, how in LINES.items():
            before = _processor_s()
            with Installation(port=0, say=lambda _: None, **how) as running:
                took[name] = _analyse(coder, recordings, how["workers"])
                assert running.answered
            used = _processor_s() - before
            print(f"{name:<28}{took[name]:7.1f} s, {used:6.1f} s of processor with start and end", flush=True)
    for name, basis in (
        ("two workers, all cores", "one worker, all cores"),
        ("two workers, one core each", "one worker, on one core"),
        ("two workers, one core each", "one worker, all cores"),
    ):
        print(f"{name} / {basis}: {took[name] / took[basis]:.2f}")


def _processor_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


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


def _analyse(coder: Any, recordings: list[Any], workers: int) -> float:
    """Seconds from asking for both analyses to the end of the later one, with so many workers that wait."""
    from rq import Worker

    from facsweb.processes import queue
    from facsweb.runs import services

    while Worker.count(connection=queue.connection(), queue=queue.get_queue(queue.GPU)) < workers:
        time.sleep(0.1)
    began = time.monotonic()
    runs = [services.start(coder, recording) for recording in recordings]
    while any(run.is_active for run in runs):
        time.sleep(0.05)
        for run in runs:
            run.refresh_from_db()
    assert all(run.state == run.State.SUCCEEDED for run in runs), [run.error_detail for run in runs]
    return time.monotonic() - began


if __name__ == "__main__":
    main()
