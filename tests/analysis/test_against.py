"""Another program on the same file: time and memory of its whole process tree, and what is said when it fails."""

from __future__ import annotations

import shlex
import sys

import pytest

from analysis import against
from analysis.cli import main
from analysis.types import AnalysisError
from tests.analysis import clips

# The work is done in a child of the peer: 90 MB and some processor time on the file that is named.
_PEER = """
import subprocess, sys
from pathlib import Path
assert Path(sys.argv[1]).stat().st_size > 0
child = "import time; a = bytearray(90_000_000); a[::4096] = b'x' * len(a[::4096]); s = time.process_time()\\n"
child += "while time.process_time() - s < 0.3: pass"
subprocess.run([sys.executable, "-c", child], check=True)
"""


def peer(code: str) -> str:
    return f"{shlex.quote(sys.executable)} -c {shlex.quote(code)} {{video}}"


@pytest.fixture
def video(tmp_path):
    return clips.write(tmp_path / "a clip.mp4", clips.numbered(5, 160, 120))


def test_the_whole_process_tree_counts(video, models):
    found = against.compare(video, peer(_PEER), repetitions=1)
    assert found.peer.processor_s >= 0.3
    assert found.peer.wall_s >= 0.3
    assert 90 < found.peer.peak_mb < 200
    assert found.ours.wall_s > 0
    assert found.ours.peak_mb > 50
    head, wall, processor, memory = found.table().splitlines()
    assert f"{found.peer.processor_s / found.ours.processor_s:.2f}" in processor
    assert head.split()[:3] == ["of", str(found.repetitions), "runs"]
    assert [line.split("  ")[0].rpartition(", ")[2] for line in (wall, processor, memory)] == [
        "least",
        "least",
        "most",
    ]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("no-such-program-here {video}", "no-such-program-here cannot be started"),
        (peer("import sys; sys.exit('it is broken')"), "failed with code 1: it is broken"),
        ("true", "{video}"),
        ("true '{video}", "cannot be read"),
    ],
)
def test_a_peer_that_cannot_work_is_one_sentence(video, command, said, capsys):
    with pytest.raises(AnalysisError, match=said):
        against.compare(video, command, repetitions=1)
    assert main(["bench", str(video), "--against", command]) == 1
    assert said in capsys.readouterr().err
