"""The result of `make load`: one dictionary, and the same as Markdown."""

from __future__ import annotations

import argparse
import os
import statistics
from collections import Counter
from pathlib import Path
from typing import Any

from tests.load.figures import KINDS, Figures, markdown, percentile
from tests.load.own import Taken


def busy_s() -> float:
    """Seconds of processor that all cores of the machine were busy since it started."""
    fields = [int(field) for field in Path("/proc/stat").read_text().splitlines()[0].split()[1:]]
    return (sum(fields[:8]) - fields[3] - fields[4]) / os.sysconf("SC_CLK_TCK")


def sizes(folder: Path) -> dict[str, int]:
    """Bytes below the data folder by what they are."""
    found: Counter[str] = Counter()
    for path in folder.rglob("*"):
        if path.is_file():
            parts = path.relative_to(folder).parts
            name = "/".join(("media", parts[1], path.name)) if parts[0] == "media" and len(parts) > 2 else parts[0]
            found[name] += path.stat().st_size
    return dict(found)


def of(
    options: argparse.Namespace,
    figures: Figures,
    taken: Taken,
    lived: dict[str, Any],
    used: dict[str, float],
    outcome: dict[str, Any],
    bytes_on_disk: dict[str, int],
    said: list[str],
) -> dict[str, Any]:
    """Everything that was measured, as plain JSON."""
    for delay in socket_delays(lived["heard"], outcome["runs"]):
        figures.add("socket", delay)
    ended = [run for run in outcome["runs"] if run["state"] == "succeeded"]
    waits: dict[str, list[float]] = {}
    for run in outcome["runs"]:
        waits.setdefault(run["study"], []).append(run["started"] - run["queued"])
    asked = sum(len(values) for kind, values in figures.seconds.items() if kind != "socket")
    return {
        "options": {name: str(value) for name, value in vars(options).items() if name != "out"},
        "cores": os.cpu_count(),
        "durable": outcome["durable"],
        "lasted_s": lived["lasted_s"],
        "uploaded_s": lived["uploaded_s"],
        "requests": asked,
        "requests_a_second": asked / lived["lasted_s"],
        "kinds": figures.table(),
        "pages": figures.pages(),
        "errors": figures.errors,
        "failed": [run for run in outcome["runs"] if run["state"] == "failed"],
        "uploads": outcome["uploads"],
        "analysed": len(ended),
        "recorded_s": outcome["recorded_s"],
        "waiting": outcome["waiting"],
        "queue_wait_s": {
            study: {"n": len(values), "median": statistics.median(values), "longest": max(values)}
            for study, values in sorted(waits.items())
        },
        "processor_s": {**{part: round(value, 2) for part, value in taken.processor.items()}, **used},
        "clients_share": used["clients_s"] / max(0.01, used["machine_s"]),
        "memory_mb": taken.spans(),
        "rows": outcome["rows"],
        "bytes": bytes_on_disk,
        "said": [line for line in said if "stopped" in line or "ERROR" in line or "WARNING" in line][:50],
    }


def socket_delays(heard: list[tuple[str, str, float]], runs: list[dict[str, Any]]) -> list[float]:
    """From the moment that stands in the database to the watcher, commit included, seconds."""
    moments = {(run["run"], "running"): run["started"] for run in runs}
    moments |= {(run["run"], run["state"]): run["finished"] for run in runs if run["finished"]}
    return [at - moments[run, state] for run, state, at in heard if (run, state) in moments]


def as_markdown(found: dict[str, Any]) -> str:
    """The result for a person."""
    options = found["options"]
    kinds = [
        [KINDS[kind], f"{row['n']:,}", *(f"{row[name]:,.0f}" for name in ("p50", "p95", "p99", "longest"))]
        for kind, row in found["kinds"].items()
    ]
    pages = [[page, f"{n:,}", f"{p50:,.0f}", f"{p95:,.0f}"] for page, n, p50, p95 in found["pages"]]
    memory = [
        [part, *(f"{row[name]:,.0f}" for name in ("first", "highest", "last"))]
        for part, row in found["memory_mb"].items()
    ]
    waits = [
        [study, str(row["n"]), f"{row['median']:.1f}", f"{row['longest']:.1f}"]
        for study, row in found["queue_wait_s"].items()
    ]
    processor = [[part, f"{seconds:,.1f}"] for part, seconds in found["processor_s"].items()]
    counted = Counter(found["errors"]).most_common(20)
    lines = [
        f"# Load: {options['people']} people, {options['recordings']} recordings, {options['database']}, "
        f"{options['workers']} worker(s), {found['cores']} cores",
        "",
        f"{found['lasted_s']:.0f} s; uploads took {found['uploaded_s']:.0f} s ({found['uploads']}); "
        f"{found['analysed']} analysed ({found['recorded_s']:.0f} s of recordings of {options['clip']} s each), "
        f"{found['waiting']} still waiting, {len(found['failed'])} failed. {found['requests']:,} requests, "
        f"{found['requests_a_second']:.1f} a second. The clients took {100 * found['clients_share']:.0f} % of the "
        "processor time of the machine.",
        "",
        markdown(["Milliseconds", "n", "p50", "p95", "p99", "longest"], kinds),
        "",
        f"Errors: {len(found['errors'])}.",
        *(f"* {count} × {what}" for what, count in counted),
        *(f"* run {run['run']} failed: {run['error']}" for run in found["failed"][:10]),
        "",
        markdown(["Page, milliseconds", "n", "median", "p95"], pages),
        "",
        markdown(["Memory, MB", "first", "highest", "last"], memory),
        "",
        markdown(["Waiting for a worker, seconds", "runs", "median", "longest"], waits),
        "",
        markdown(["Processor, seconds", ""], processor),
        "",
        *(f"    {line}" for line in found["said"]),
    ]
    return "\n".join(lines)


__all__ = ["as_markdown", "busy_s", "of", "percentile", "sizes", "socket_delays"]
