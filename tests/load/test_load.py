"""The harness itself: what it counts, and a small load from end to end."""

from __future__ import annotations

import json

import pytest

from tests.load import __main__ as program
from tests.load.figures import Figures, percentile
from tests.load.result import socket_delays

KINDS = {"page", "window", "range", "piece", "end", "start", "sign-in"}


def test_percentiles_are_of_the_nearest_rank():
    values = [float(value) for value in range(1, 101)]
    assert [percentile(values, share) for share in (0.5, 0.95, 0.99)] == [50, 95, 99]
    assert percentile([7.0], 0.99) == 7
    figures = Figures()
    figures.add("page", 0.25, "home")
    assert figures.table()["page"] == {"n": 1, "p50": 250, "p95": 250, "p99": 250, "longest": 250}


def test_a_delay_is_from_the_moment_in_the_database_to_the_watcher():
    runs = [{"run": "a", "state": "succeeded", "started": 10.0, "finished": 20.0}]
    heard = [("a", "running", 10.5), ("a", "succeeded", 20.25), ("b", "running", 5.0)]
    assert socket_delays(heard, runs) == [0.5, 0.25]


@pytest.mark.timeout(600)
def test_a_small_load_is_answered_without_an_error(models, tmp_path):
    words = ["--people", "4", "--recordings", "1", "--minutes", "3", "--think", "0.4", "--clip", "0.5"]
    status = program.main([*words, "--out", str(tmp_path)])
    found = json.loads((tmp_path / "load.json").read_text())
    assert (found["errors"], found["failed"]) == ([], [])
    assert status == 0
    assert found["durable"] == "2", "FULL: an acknowledged commit outlives a power cut"
    assert (found["uploads"], found["analysed"], found["waiting"]) == ({"finished": 1}, 1, 0)
    assert set(found["kinds"]) >= KINDS
    assert {"web", "recovery", "redis", "worker 1"} <= set(found["memory_mb"])
    assert 0 < found["clients_share"] < 0.5, "the machine is the server's, not the clients'"
    assert "| page |" in (tmp_path / "load.md").read_text()
