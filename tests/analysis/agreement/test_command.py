"""The command ``python -m analysis agree``, run as people run it."""

from __future__ import annotations

import csv
import json
import subprocess
import sys

import pytest

from analysis.cli import main
from analysis.facs.tables import EVENT_COLUMNS

ANNA = [
    "12,both,C,1000000,1500000,2000000,,0",
    "4,both,B,5000000,5500000,6000000,,0",
    "45,both,,7000000,7050000,7100000,,0",
]
BEN = [
    "12,left,D,1100000,1500000,2100000,,0",
    "4,both,B,5000000,5500000,6000000,,0",
    "9,both,B,8000000,8500000,9000000,,0",
]


def write(path, rows):
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join([",".join(EVENT_COLUMNS), *rows]) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def files(tmp_path):
    return write(tmp_path / "anna.csv", ANNA), write(tmp_path / "ben.csv", BEN)


def test_table_files_and_sentences(files, tmp_path):
    out = tmp_path / "made" / "out"
    done = subprocess.run(
        [sys.executable, "-m", "analysis", "agree", *map(str, files), "--seconds", "60", "--out", str(out)],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("| code | both | anna | ben | Index |")
    assert {line.count("|") for line in lines if line.startswith("|")} == {13}
    cells = {line.split(" | ")[0]: line for line in lines if line.startswith("| ")}
    assert cells["| 12"].startswith("| 12 | 1 | 0 | 0 | 1.00")
    assert cells["| all"].startswith("| all | 2 | 1 | 1 | 0.67")
    assert "6 segments of 10 s, 1000 resamples" in done.stdout
    assert {path.name for path in out.iterdir()} == {
        "agreement.csv",
        "agreement.json",
        "disagreements.csv",
        "methods.txt",
    }
    with (out / "agreement.csv").open(encoding="utf-8") as stream:
        figures = {(row["code"], row["figure"]): row for row in csv.DictReader(stream)}
    assert float(figures["all", "index"]["value"]) == pytest.approx(4 / 6, abs=1e-5)
    assert figures["45", "overlap"]["value"] == ""
    assert figures["45", "overlap"]["why"] == "no matched events"
    with (out / "disagreements.csv").open(encoding="utf-8") as stream:
        kinds = [(row["kind"], row["also"], row["code"], row["a"], row["b"]) for row in csv.DictReader(stream)]
    assert kinds == [
        ("side", "intensity", "12", "12C", "L12D"),
        ("missed", "", "45", "45", ""),
        ("extra", "", "9", "", "9B"),
    ]
    assert (out / "methods.txt").read_text(encoding="utf-8").strip() in done.stdout


def test_folders_are_compared_recording_by_recording(tmp_path, capsys):
    for coder, rows in (("anna", ANNA), ("ben", BEN)):
        for clip in ("one", "two"):
            write(tmp_path / coder / f"{clip}.csv", rows)
    write(tmp_path / "ben" / "alone.csv", BEN)
    folders = [str(tmp_path / coder) for coder in ("anna", "ben")]
    assert main(["agree", *folders, "--json", "--codes", "12,4", "--sides", "--resamples", "10"]) == 0
    found = json.loads(capsys.readouterr().out)
    (pair,) = found["pairs"]
    assert (pair["first"], pair["second"], pair["recordings"]) == ("anna", "ben", 2)
    assert [row["label"] for row in pair["rows"]] == ["L4", "R4", "L12", "R12"]
    assert (pair["rows"][3]["matched"], pair["rows"][3]["first_only"]) == (0, 2)


def test_three_coders_and_a_guessed_length(files, tmp_path, capsys):
    third = write(tmp_path / "third" / "anna.csv", ANNA)
    assert main(["agree", *map(str, files), str(third), "--resamples", "0"]) == 0
    said = capsys.readouterr().out
    assert "All 3 coders: Index" in said
    assert "from its beginning to its last event (9.00 s); --seconds says how long it is" in said


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda a, b: [a], "at least two coders"),
        (lambda a, b: [a, a], "same file is given twice"),
        (lambda a, b: [a, b.parent], "files or folders, not both"),
        (lambda a, b: [a, b.with_name("none.csv")], "cannot be read"),
        (lambda a, b: [a, b, "--codes", "99"], "There is no code '99'"),
        (lambda a, b: [a, b, "--tolerance-ms", "-1"], "cannot be negative"),
        (lambda a, b: [a, b, "--seconds", "0"], "more than 0 seconds"),
        (lambda a, b: [a, write(b, ["99,both,B,1,2,3,,0"])], ""),
        (lambda a, b: [a, b.with_name("empty.csv")], "The file is empty"),
    ],
)
def test_what_cannot_be_compared_is_told_in_a_sentence(files, change, says, capsys):
    files[1].with_name("empty.csv").write_text("", encoding="utf-8")
    code = main(["agree", *map(str, change(*files))])
    said = capsys.readouterr()
    if says:
        assert code == 1
        assert said.err.startswith("Error: ")
        assert says in said.err
    else:
        assert code == 0
        assert "ben.csv, " in said.out  # the line that was not understood is named
