"""The figures of ``docs/agreement.md`` that are measured: ``python -m tests.analysis.agreement.measure``.

How long a comparison takes, and how often intervals hold the truth. Takes minutes; no part of the tests.
"""

from __future__ import annotations

import sys
import time

import numpy as np

from analysis.agreement import Options, agree
from tests.analysis.agreement.made import drawn, moments

CODES = [str(n) for n in (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 18, 20, 23, 24, 25, 26, 45, 51)]


def speed() -> None:
    """60 minutes at 25 frames/s, 20 codes, about 2,000 events a layer, 1,000 resamples."""
    random = np.random.default_rng(0)
    true = moments(random, 3600, 2350 / 3600 / len(CODES), CODES)
    layers = [drawn(random, coder, true, seconds=3600) for coder in "abc"]
    events = ", ".join(str(len(layer.events)) for layer in layers)
    for group in (layers[:2], layers):
        for resamples in (0, 1000):
            start = time.perf_counter()
            agree([group], Options(resamples=resamples))
            took = time.perf_counter() - start
            say(f"{len(group)} coders ({events} events), {resamples} resamples: {took:.2f} s")


def recordings(random, number, seconds):
    """Recordings of two coders who each miss 15 % of the events."""
    for place in range(number):
        true = moments(random, seconds, 0.06, ("12",))
        names = {"seconds": seconds, "participant": f"p{place}", "recording": f"r{place}"}
        yield [drawn(random, coder, true, **names) for coder in "ab"]


def coverage(trials: int = 200) -> None:
    """How often a 95 % interval of the index holds the index of very many recordings."""
    for number, seconds, over, many in (
        (25, 40, "participants", 1500),
        (10, 40, "participants", 1500),
        (5, 40, "participants", 1500),
        (1, 1200, "segments", 60),
    ):
        whole = agree(recordings(np.random.default_rng(1), many, seconds), Options(resamples=0))
        truth = whole.pairs[0].overall["index"].value
        held = 0
        for trial in range(trials):
            drawn_ = recordings(np.random.default_rng(trial + 7000 * number), number, seconds)
            found = agree(drawn_, Options(resamples=400, seed=trial, over=over)).pairs[0].overall["index"]
            held += found.low <= truth <= found.high
        say(f"{number} × {seconds} s, {over}: {held / trials:.1%} of the intervals hold {truth:.3f}")


def say(line: str) -> None:
    """Print at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    speed()
    coverage()
