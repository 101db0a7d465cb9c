"""The file of codings: written and read back, and what is impossible in it is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from analysis.learning import CodedEvent, Coding, read_codings, write_codings
from analysis.types import AnalysisError


def test_written_and_read_back(tmp_path: Path) -> None:
    events = (
        CodedEvent("12", "left", "C", 1_000_000, 1_400_000, 2_000_000),
        CodedEvent("17", "", "B", 0, 0, 40_000, rejected=True),
    )
    codings = [
        Coding(tmp_path / "run", 1, "41", "7", "a1", events),
        Coding(tmp_path / "b", 0, "42", "7", "a2", ()),
    ]
    write_codings(codings, tmp_path / "codings.json")
    assert read_codings(tmp_path / "codings.json") == codings
    assert codings[0].codes == {"12", "17"}


@pytest.mark.parametrize(
    "change",
    [{"code": "99x"}, {"side": "up"}, {"intensity": "F"}, {"onset_us": 3_000_000}, {"onset_us": -1}, {"more": 1}],
)
def test_impossible_events_are_refused(tmp_path: Path, change: dict) -> None:
    path = tmp_path / "codings.json"
    write_codings([Coding(tmp_path, 0, "1", "1", "r", (CodedEvent("12", "both", "C", 1, 2, 3),))], path)
    content = json.loads(path.read_text())
    content["codings"][0]["events"][0] |= change
    path.write_text(json.dumps(content))
    with pytest.raises(AnalysisError, match=r"codings\.json holds no readable codings"):
        read_codings(path)


def test_other_version_and_missing_file_are_told(tmp_path: Path) -> None:
    path = tmp_path / "codings.json"
    path.write_text('{"schema": 2, "codings": []}')
    with pytest.raises(AnalysisError, match="another version"):
        read_codings(path)
    with pytest.raises(AnalysisError, match="no readable codings"):
        read_codings(tmp_path / "none.json")
