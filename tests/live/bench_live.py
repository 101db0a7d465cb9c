"""``make bench-live``: how soon a live worker answers, and how many pictures, for 1, 2 and 4 sessions at once.

Starts an installation of its own (Redis, web server, recovery, as many live workers as ``--live`` says), opens
real WebSockets on loopback and sends 640×480 JPEGs of the labelled clips at 15 a second, as our page does. The
time runs from when a picture is handed to the socket until its answer is there.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from tests.live import page

REPOSITORY = Path(__file__).resolve().parents[2]
CLIPS = sorted((REPOSITORY / "tests" / "media").glob("d*.mp4"))
WARM_S = 12.0


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.live.bench_live", description=__doc__)
    parser.add_argument("--live", type=int, default=1, help="live workers (default: 1)")
    parser.add_argument("--sessions", type=int, nargs="*", default=[1, 2, 4])
    parser.add_argument("--seconds", type=float, default=30.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="facsweb-live-") as folder:
        os.environ |= {"FACSWEB_DATA": folder, "DJANGO_SETTINGS_MODULE": "facsweb.settings"}
        os.environ |= {"FACSWEB_REQUIRE_MFA": "0"}
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", interactive=False, verbosity=0)
        from facsweb.processes.supervisor import Installation

        content = [page.pictures(clip) for clip in CLIPS]
        size = np.mean([len(one) for one in content[0]]) / 1000
        say(f"{len(CLIPS)} clips, 640×480, 15 pictures/s, {size:.0f} kB each; {options.live} live worker(s)")
        say(
            "sessions |  p50 |  p95 |  p99 ms | in worker p50 | answered/s a session, least of most "
            "| sent, held back | processor"
        )
        with Installation(port=0, live=options.live, workers=0, say=say) as running:
            for number in options.sessions:
                say(row(running, number, content, options.seconds))


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def row(running: Any, number: int, content: list[list[bytes]], seconds: float) -> str:
    """One line of the table."""
    sessions = [begun(index) for index in range(number)]
    before, at = processor(running), time.monotonic()
    found = asyncio.run(drive_all(running.url, sessions, content, seconds))
    used = (processor(running) - before) / (time.monotonic() - at)
    latencies = np.concatenate([one.latencies_ms for one in found])
    p50, p95, p99 = np.percentile(latencies, [50, 95, 99])
    took = np.median(np.concatenate([one.took_ms for one in found]))
    counts = [len(one.latencies_ms) for one in found]
    rates = " ".join(f"{count / seconds:.1f}" for count in counts) + f", {min(counts) / max(max(counts), 1):.2f}"
    sent, held = sum(one.sent for one in found), sum(one.held_back for one in found)
    times = f"{number:8} | {p50:4.0f} | {p95:4.0f} | {p99:7.0f} | {took:13.1f}"
    return f"{times} | {rates} | {sent}, {held} | {used:.2f} cores"


async def drive_all(url: str, sessions: list[tuple[str, str]], content: list[list[bytes]], seconds: float) -> Any:
    import websockets

    async def one(index: int, session: str, cookie: str) -> page.Measured:
        address = f"{url.replace('http', 'ws', 1)}ws/live/{session}/"
        headers = {"Cookie": f"sessionid={cookie}", "Origin": url.rstrip("/")}
        async with websockets.connect(address, additional_headers=headers) as socket:
            await socket.send('{"do": "begin"}')
            clip = content[index % len(content)]
            await page.drive(socket, clip, WARM_S)  # nets loaded, neutral found
            return await page.drive(socket, clip, seconds, begun_us=round(1e6 * WARM_S) + 1_000_000)

    return await asyncio.gather(*(one(index, *session) for index, session in enumerate(sessions)))


def begun(index: int) -> tuple[str, str]:
    """A session of somebody of its own, and the cookie of who is signed in."""
    from django.utils.crypto import get_random_string

    from facsweb.accounts.models import User
    from facsweb.live.services import begin
    from facsweb.studies.models import Membership, Participant, Role, Study
    from tests.factories import make_consent, session_of

    name = get_random_string(8)
    person = User.objects.create_user(f"{name}@example.org", "Person", "correct horse battery staple")
    study = Study.objects.create(
        name=name, purpose="To see.", setting="usability", jurisdiction="Germany", created_by=person
    )
    Membership.objects.create(study=study, user=person, role=Role.ANALYST)
    participant = Participant.objects.create(study=study, code="P-001", created_by=person)
    make_consent(participant, person)
    return str(begin(person, participant, sound=False, kind="video/webm").pk), session_of(person)


def processor(running: Any) -> float:
    """Seconds of processor that the installation took, but for Redis."""
    from tests.programs import children, processor_s

    pids = [service.process.pid for service in running.services if service.process is not None]
    return sum(processor_s(pid) + sum(processor_s(child) for child in children(pid)) for pid in pids)


if __name__ == "__main__":
    main()
