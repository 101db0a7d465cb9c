"""Which cores processes that work beside each other keep to."""

import os
import subprocess
import sys
import threading

import pytest

from analysis import cores

EVERY = frozenset(os.sched_getaffinity(0))


def machine(monkeypatch, siblings: dict[int, str], granted: float = float("inf")) -> None:
    """A machine with these cores, by number, and the threads of their physical core."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(siblings))
    monkeypatch.setattr(cores, "_siblings", lambda number: int(siblings[number].split(",")[0]))
    monkeypatch.setattr(cores, "quota", lambda: granted)


def test_several_processes_divide_the_cores(monkeypatch):
    machine(monkeypatch, {number: f"{number % 4},{number % 4 + 4}" for number in range(8)})
    assert cores.usable() == [0, 4, 1, 5, 2, 6, 3, 7]
    assert cores.shares(2) == [{0, 4, 1, 5}, {2, 6, 3, 7}]
    assert cores.shares(4) == [{0, 4}, {1, 5}, {2, 6}, {3, 7}], "a physical core each"
    assert cores.shares(8) == [{0}, {4}, {1}, {5}, {2}, {6}, {3}, {7}]
    three = cores.shares(3)
    assert [len(share) for share in three] == [2, 3, 3]
    assert frozenset().union(*three) == set(range(8))


def test_one_alone_too_many_and_those_under_a_quota_use_any(monkeypatch):
    machine(monkeypatch, {0: "0", 1: "1"})
    assert cores.shares(1) == [None]
    assert cores.shares(3) == [None] * 3
    machine(monkeypatch, {0: "0", 1: "1"}, granted=2.0)
    assert cores.shares(2) == [{0}, {1}]
    machine(monkeypatch, {0: "0", 1: "1"}, granted=1.5)
    assert cores.shares(2) == [None] * 2


@pytest.mark.parametrize(
    ("said", "files", "granted"),
    [
        ("0::/\n", {"cpu.max": "150000 100000\n"}, 1.5),
        ("0::/\n", {"cpu.max": "max 100000\n"}, float("inf")),
        ("0::/work/one\n", {"work/cpu.max": "200000 100000\n", "work/one/cpu.max": "max 100000\n"}, 2.0),
        ("0::/host/name\n", {"cpu.max": "100000 100000\n"}, 1.0),  # a container's own group, by the host's name
        (
            "4:memory:/a\n3:cpu,cpuacct:/a\n0::/\n",
            {"cpu,cpuacct/a/cpu.cfs_quota_us": "50000\n", "cpu,cpuacct/a/cpu.cfs_period_us": "100000\n"},
            0.5,
        ),
        (
            "1:cpu:/\n",
            {"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n", "cpu.max": "1 1\n"},
            float("inf"),
        ),
    ],
)
def test_a_quota_is_found_wherever_it_stands(tmp_path, said, files, granted):
    for name, text in files.items():
        path = tmp_path / "sys/fs/cgroup" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "cgroup").write_text(said)
    assert cores.quota(tmp_path / "sys", tmp_path) == granted
    assert cores.quota(tmp_path / "sys", tmp_path / "nowhere") == float("inf")


def test_what_is_started_inside_keeps_to_its_share_with_its_libraries():
    one = frozenset({max(EVERY)})
    program = "import cv2, os; print(sorted(os.sched_getaffinity(0)), cv2.getNumThreads())"
    with cores.starting_on(one):
        started = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert os.sched_getaffinity(0) == EVERY
    assert started.communicate()[0].split() == [f"[{max(EVERY)}]", "1"]
    with cores.starting_on(None):
        assert os.sched_getaffinity(0) == EVERY


def test_a_process_is_kept_with_the_threads_that_it_has():
    over = threading.Event()
    thread = threading.Thread(target=over.wait)
    thread.start()
    one = frozenset({min(EVERY)})
    try:
        with cores.kept_on(one):
            assert os.sched_getaffinity(0) == os.sched_getaffinity(thread.native_id) == one
        assert os.sched_getaffinity(0) == os.sched_getaffinity(thread.native_id) == EVERY
        with cores.kept_on(None):
            assert os.sched_getaffinity(0) == EVERY
    finally:
        over.set()
        thread.join()


def test_this_machine_says_its_cores():
    assert set(cores.usable()) == EVERY
    assert cores.quota() > 0
