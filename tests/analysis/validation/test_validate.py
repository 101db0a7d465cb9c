"""The engine over small corpora of every layout, and what is printed and written about it."""

from __future__ import annotations

import csv
import json
import math
import shutil

import numpy as np
import pytest

from analysis import cli
from analysis.types import Cancelled
from analysis.validation import published, report, scoring
from analysis.validation.corpus import CorpusError
from analysis.validation.metrics import Agreement
from analysis.validation.scoring import Validation
from tests.analysis import clips
from tests.analysis.validation import corpora

needs_models = pytest.mark.usefixtures("models")


def rows_by_code(found: Validation) -> dict[str, Agreement]:
    return {row.code: row for row in found.rows}


@pytest.fixture(scope="module")
def on_disfa(models, tmp_path_factory) -> Validation:
    root = corpora.disfa(tmp_path_factory.mktemp("disfa"), ("SN001", "SN002", "SN003"))
    (root / "Videos_LeftCamera" / "LeftVideoSN002_comp.avi").write_bytes(b"RIFF, but nothing behind it")
    for path in (root / "ActionUnit_Labels" / "SN003").iterdir():
        path.write_text(path.read_text() + f"{corpora.LENGTH + 1},0\n")
    return scoring.validate("disfa", root)


def test_disfa_smile_is_found_frame_by_frame(on_disfa):
    row = rows_by_code(on_disfa)["12"]
    assert (row.frames, row.unmeasured) == (corpora.LENGTH, 0)
    assert row.base_rate == pytest.approx((corpora.truth()["12"] > 1).mean())
    assert row.f1 > 0.9
    assert row.icc > 0.9
    assert row.pcc > 0.9
    assert row.mae < 0.5
    assert on_disfa.recordings == 1
    assert set(rows_by_code(on_disfa)) == {"1", "2", "4", "5", "6", "9", "12", "15", "17", "20", "25", "26"}


def test_disfa_recordings_that_cannot_be_scored_are_named(on_disfa):
    unreadable, unequal = on_disfa.left_out
    assert unreadable.startswith("SN002: The file cannot be read as video")
    assert unequal == "SN003: the recording has 60 frames, but there are 61 rows of labels"


@needs_models
def test_bp4d_scores_occurrence_and_intensity_of_the_coded_part(tmp_path):
    found = scoring.validate("bp4d", corpora.bp4d(tmp_path))
    rows = rows_by_code(found)
    assert set(rows) == {"1", "6", "12"}
    assert rows["12"].frames == 36
    assert rows["12"].base_rate == pytest.approx((corpora.truth()["12"][19:55] > 0).mean())
    assert rows["12"].f1 > 0.85
    assert rows["12"].pcc > 0.9
    assert math.isnan(rows["6"].pcc)  # present or not is all that was coded
    assert rows["6"].f1 > 0.5


@needs_models
def test_ckplus_scores_the_peaks(tmp_path):
    found = scoring.validate("ckplus", corpora.ckplus(tmp_path))
    smile = rows_by_code(found)["12"]
    assert (found.recordings, smile.frames, smile.base_rate, smile.f1) == (2, 2, 0.5, 1.0)
    assert smile.mae < 0.7
    cheeks = rows_by_code(found)["6"]
    assert (cheeks.frames, cheeks.f1) == (2, 1.0)
    assert math.isnan(cheeks.icc)  # one of the two was not graded


@needs_models
def test_folder_scores_videos_by_time_and_folders_of_pictures(tmp_path):
    rows = [["time_us", "AU12"], ["0", "0"], [str(40_000 * (corpora.PEAK - 1)), "4"]]
    corpora.folder(tmp_path, rows)
    corpora.write_pictures(tmp_path / "two", "{:03d}.jpg")
    shutil.copy(tmp_path / "one.csv", tmp_path / "two.csv")
    found = scoring.validate("folder", tmp_path)
    (row,) = found.rows
    assert (found.recordings, row.frames, row.f1) == (2, 4, 1.0)
    assert row.mae < 0.7


@needs_models
def test_a_picture_that_cannot_be_decoded_is_not_skipped_in_silence(tmp_path):
    corpora.folder(tmp_path)
    corpora.write_pictures(tmp_path / "two", "{:03d}.png")
    shutil.copy(tmp_path / "one.csv", tmp_path / "two.csv")
    shutil.copytree(tmp_path / "two", tmp_path / "three")
    shutil.copy(tmp_path / "one.csv", tmp_path / "three.csv")
    for name, share in (("two", 2), ("three", 1000)):  # cut off in the middle; hardly more than the header
        damaged = tmp_path / name / "030.png"
        data = damaged.read_bytes()
        damaged.write_bytes(data[: len(data) // share])
    found = scoring.validate("folder", tmp_path)
    assert found.left_out == (
        "three: the picture 030.png cannot be read",
        "two: only 59 of 60 pictures can be read",
    )
    assert found.recordings == 1


@needs_models
def test_events_are_compared_where_every_frame_is_coded(tmp_path):
    """The whole of d1, whose smile with 6 and smile alone begin and end within the clip."""
    (tmp_path / "whole.mp4").symlink_to(clips.D1.resolve())
    shutil.copy(clips.D1.with_suffix(".csv"), tmp_path / "whole.csv")
    corpora.folder(tmp_path, [["time_us", "AU12"], ["0", "0"], [str(40_000 * (corpora.PEAK - 1)), "4"]])
    found = scoring.validate("folder", tmp_path)
    assert set(found.events) == {"whole"}  # two coded frames are no stretch
    smiles, cheeks = found.events["whole"].of("12"), found.events["whole"].of("6")
    assert (len(smiles.pairs), smiles.missed, smiles.extra) == (2, (), ())
    assert len(cheeks.pairs) == 1
    assert smiles.onset_error_us <= 120_000
    assert smiles.offset_error_us <= 400_000
    text = report.markdown(found)
    assert f"| AU12 | 2 | 2 | 0 | 0 | 1.00 | {smiles.onset_error_us / 1000:.0f} |" in text
    plain = report.plain(found)["events"]["12"]
    assert (plain["labelled"], plain["found"], plain["f1"]) == (2, 2, 1.0)


@needs_models
def test_recordings_without_a_face_are_an_error_not_a_table(tmp_path):
    corpora.folder(tmp_path, [["time_us", "AU12"], ["0", "0"]])
    clips.write(tmp_path / "one.mp4", clips.numbered(30))
    with pytest.raises(CorpusError, match="No face was measured in any of the 1 recordings"):
        scoring.validate("folder", tmp_path)


@needs_models
def test_progress_ends_at_the_total_and_stopping_stops(tmp_path):
    corpora.folder(tmp_path)
    seen: list[tuple[str, int, int | None]] = []
    scoring.validate(
        "folder", tmp_path, hook=lambda stage, done, total, still=None: seen.append((stage, done, total))
    )
    assert {stage for stage, _, _ in seen} == {"validate"}
    assert seen[-1][1:] == (1000, 1000)
    with pytest.raises(Cancelled):
        scoring.validate("folder", tmp_path, should_stop=lambda: True)


def test_codes_that_a_corpus_does_not_tell_apart_count_together():
    curves = {
        code: np.array([0.0, value]) for code, value in (("26", 1), ("27", 3), ("45", 2), ("43", 4), ("46", 0))
    }
    one = scoring._Scored("x 1", curves, {}, {}, 2)
    ((together, _),) = scoring._folded([one], ["26", "45"])
    assert (together["26"][1], together["45"][1]) == (3, 4)
    ((apart, _),) = scoring._folded([one], ["26", "27", "43", "45"])
    assert (apart["26"][1], apart["45"][1]) == (1, 2)


FOUND = Validation(
    corpus="DISFA",
    presence="intensity B or more",
    scorer="au-rules 1.0.0",
    recordings=2,
    left_out=("SN009: no",),
    unmeasured=("13",),
    rows=(
        Agreement("12", 100, 3, 0.25, 0.8, 0.7, 0.75, 0.4),
        Agreement("4", 103, 0, 0.5, 0.4, 0.1, math.nan, 0.6),
        Agreement("20", 103, 0, 0.0, 0.0, 0.0, math.nan, 0.2),
    ),
)


def test_markdown_shows_the_published_figures_with_their_sources():
    text = report.markdown(FOUND)
    lines = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:1] == "|"
    ]
    by_name = {line[0]: dict(zip(lines[0], line, strict=True)) for line in lines}
    theirs = "ME-GraphAU (ResNet-50) F1 (DISFA)"
    assert by_name["12"][theirs] == "0.77"
    assert by_name["20"][theirs] == ""  # not among its AUs
    assert by_name["mean"][theirs] == "0.63"
    assert by_name["12"]["base rate"] == "25.0 %"
    assert by_name["4"]["PCC"] == "–"
    # 20 does not occur in the labels and is left out of the mean
    assert (by_name["mean"]["F1"], by_name["mean"]["PCC"]) == ("0.60", "0.75")
    for part in ("arXiv:2205.01782", "arXiv:2407.11243", "arXiv:2308.10713", "AU 13", "- SN009: no"):
        assert part in text
    assert "BP4D" not in text


def test_csv_has_exact_figures_and_empty_cells(tmp_path):
    _, path = report.write(FOUND, tmp_path / "made")
    with path.open(encoding="utf-8", newline="") as lines:
        rows = {row["au"]: row for row in csv.DictReader(lines)}
    assert [rows["4"][name] for name in report.COLUMNS] == ["4", "103", "0", "0.5", "0.4", "0.1", "", "0.6"]
    assert rows["12"]["OpenFace 2.2 PCC (DISFA)"] == ""
    assert rows["mean"]["LibreFace PCC (DISFA)"] == "0.63"
    assert rows["mean"]["f1"] == "0.6"


def test_every_published_figure_is_a_fraction_with_a_source():
    found = published.figures()
    assert {one.system.split()[0] for one in found} >= {
        "OpenFace",
        "LibreFace",
        "py-feat",
        "ME-GraphAU",
        "FMAE-IAT",
    }
    for one in found:
        assert "arXiv:" in one.source or "doi:" in one.source or "Hugging Face" in one.source
        assert all(0 <= value <= 1 for value in one.per_au.values())
        if one.mean is not None and one.per_au:
            assert sum(one.per_au.values()) / len(one.per_au) == pytest.approx(one.mean, abs=0.001)
    assert published.beside("folder") == ()
    with pytest.raises(ValueError, match="no source"):
        published.Published("x", "DISFA", "F1", "")
    with pytest.raises(ValueError, match="unknown metric"):
        published.Published("x", "DISFA", "accuracy", "doi:1")


@needs_models
def test_command_prints_and_writes(tmp_path, capsys):
    corpora.folder(tmp_path / "in")
    assert cli.main(["validate", "--dataset", "folder", str(tmp_path / "in"), "--out", str(tmp_path / "out")]) == 0
    printed = capsys.readouterr()
    assert "# Agreement on folder" in printed.out
    assert "## Events" in printed.out
    assert "Comparing with the labels" in printed.err
    assert (tmp_path / "out" / "agreement.md").read_text(encoding="utf-8") in printed.out
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["agreement.csv", "agreement.md"]
    assert cli.main(["validate", "--dataset", "folder", str(tmp_path / "in"), "--json"]) == 0
    content = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    by_code = {row["code"]: row for row in content["rows"]}
    assert by_code["12"]["frames"] == corpora.LENGTH
    assert by_code["26"]["base_rate"] == 0
    assert by_code["26"]["pcc"] is None


def test_command_says_what_is_wrong(tmp_path, capsys):
    assert cli.main(["validate", "--dataset", "disfa", str(tmp_path)]) == 1
    assert "Expected: DISFA with Videos_LeftCamera" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        cli.main(["validate", "--dataset", "other", str(tmp_path)])
    offered = capsys.readouterr().err
    assert all(name in offered for name in scoring.READERS)


def test_results_that_cannot_be_written_are_a_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(Exception, match="The results cannot be written"):
        report.write(FOUND, tmp_path / "file")
