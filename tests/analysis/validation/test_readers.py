"""Readers of the corpora: published layouts are understood, everything else is said in a sentence."""

from __future__ import annotations

import shutil

import cv2
import numpy as np
import pytest

from analysis import media
from analysis.validation import bp4d, ckplus, disfa, folder
from analysis.validation.corpus import CorpusError, Labels, Pictures
from analysis.validation.pictures import write_video
from tests.analysis.validation import corpora


def test_disfa_has_a_label_for_each_frame(tmp_path):
    corpus = disfa.read(corpora.disfa(tmp_path, ("SN001", "SN032")))
    assert [one.name for one in corpus.recordings] == ["SN001", "SN032"]
    labels = corpus.recordings[1].labels
    assert list(labels.intensity) == list(disfa.CODES)
    assert labels.every_frame
    np.testing.assert_array_equal(labels.intensity["12"], corpora.truth()["12"])
    assert labels.intensity["12"].max() == 4
    assert labels.frame[0] == 0


def test_disfa_leaves_a_person_without_labels_out_and_says_so(tmp_path):
    corpora.disfa(tmp_path, ("SN001", "SN002", "SN003"))
    shutil.rmtree(tmp_path / "ActionUnit_Labels" / "SN002")
    (tmp_path / "ActionUnit_Labels" / "SN003" / "SN003_au9.txt").unlink()
    corpus = disfa.read(tmp_path)
    assert [one.name for one in corpus.recordings] == ["SN001"]
    assert "SN002: there is a video, but no folder ActionUnit_Labels/SN002" in corpus.left_out
    assert any("SN003_au9.txt are missing" in one for one in corpus.left_out)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("1,0\n3,0\n", "without a gap"),
        ("0,0\n1,0\n", "without a gap"),
        ("1,6\n", "value 6, expected 0–5"),
        ("1,0,2\n", "2 columns"),
        ("1,none\n", "not numbers"),
        ("1,0\n2,0\n", "different numbers of rows"),
    ],
)
def test_disfa_refuses_broken_labels(tmp_path, text, message):
    corpora.disfa(tmp_path)
    (tmp_path / "ActionUnit_Labels" / "SN001" / "SN001_au1.txt").write_text(text)
    with pytest.raises(CorpusError, match=message):
        disfa.read(tmp_path)


def test_bp4d_knows_what_nobody_coded(tmp_path):
    (recording,) = bp4d.read(corpora.bp4d(tmp_path)).recordings
    assert recording.name == "F001_T1"
    assert isinstance(recording.source, Pictures)
    assert (len(recording.source.paths), recording.source.rate) == (corpora.LENGTH, 25)
    labels = recording.labels
    assert (labels.frame[0], len(labels)) == (19, 36)  # picture 20 is the twentieth
    assert set(labels.occurrence) == {"1", "6", "12"}  # 24 is unknown throughout, 55 is no Action Unit
    assert np.isnan(labels.intensity["6"]).all()  # not graded
    assert np.isnan(labels.intensity["12"]).tolist() == [True] * 5 + [False] * 31
    assert labels.intensity["12"].max(initial=0, where=~np.isnan(labels.intensity["12"])) == 4
    np.testing.assert_array_equal(labels.occurrence["12"], corpora.truth()["12"][19:55] > 0)


def test_bp4d_finds_pictures_by_number_not_by_the_order_of_names(tmp_path):
    corpora.bp4d(tmp_path)
    for path in (tmp_path / "2D+3D" / "F001" / "T1").iterdir():
        path.rename(path.with_name(f"{int(path.stem)}.jpg"))  # 1, 10, 11 … 2 in the order of names
    (recording,) = bp4d.read(tmp_path).recordings
    assert [path.stem for path in recording.source.paths[:3]] == ["1", "2", "3"]
    assert recording.labels.frame[0] == 19


def test_bp4d_refuses_labels_without_their_picture(tmp_path):
    corpora.bp4d(tmp_path)
    (tmp_path / "2D+3D" / "F001" / "T1" / "0030.jpg").unlink()
    with pytest.raises(CorpusError, match="frame 30 is labelled, but there is no such picture"):
        bp4d.read(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1,2,4\n20,0,0\n", "should begin with a row 0,1,2"),
        ("0,1,2\n", "followed by a row a frame"),
        ("0,1,2\n20,0,x\n", "not 3 numbers"),
        ("0,1,2\n20,0\n", "not 3 numbers"),
        ("0,1,2\n20,0,4\n", "value 4 for AU 2, expected 0, 1 or 9"),
    ],
)
def test_bp4d_refuses_broken_labels(tmp_path, text, message):
    corpora.bp4d(tmp_path)
    (tmp_path / "AUCoding" / "AU_OCC" / "F001_T1.csv").write_text(text)
    with pytest.raises(CorpusError, match=message):
        bp4d.read(tmp_path)


def test_ckplus_codes_the_peak_only(tmp_path):
    corpus = ckplus.read(corpora.ckplus(tmp_path))
    smile, rest = corpus.recordings
    assert (smile.name, smile.neutral_us, smile.labels.frame.tolist()) == ("S005_001", 0, [corpora.PEAK - 1])
    assert smile.labels.intensity["12"].tolist() == [4]
    assert np.isnan(smile.labels.intensity["6"]).all()  # there, not graded
    assert smile.labels.occurrence["6"].tolist() == [1]
    assert rest.labels.intensity["12"].tolist() == rest.labels.occurrence["6"].tolist() == [0]  # not listed
    assert set(rest.labels.intensity) == {"6", "12"}


def test_ckplus_reads_the_other_name_of_the_labels(tmp_path):
    corpora.ckplus(tmp_path)
    (tmp_path / "FACS_labels").rename(tmp_path / "FACS")
    assert len(ckplus.read(tmp_path).recordings) == 2


def test_ckplus_refuses_labels_of_another_picture(tmp_path):
    corpora.ckplus(tmp_path)
    (tmp_path / "cohn-kanade-images" / "S005" / "001" / f"S005_001_{corpora.PEAK:08d}.png").unlink()
    shutil.rmtree(tmp_path / "FACS_labels" / "S010")
    corpus_error = "is not about the last picture, S005_001_00000049.png"
    with pytest.raises(CorpusError, match=corpus_error):
        ckplus.read(tmp_path)


def test_folder_takes_frames_or_times(tmp_path):
    (one,) = folder.read(corpora.folder(tmp_path)).recordings
    assert set(one.labels.intensity) == {"12", "26"}
    assert one.labels.every_frame
    rows = [["time_us", "AU012", "AU06"], ["0", "", "0"], ["2000000", "3.5", ""]]
    (one,) = folder.read(corpora.folder(tmp_path, rows)).recordings
    assert one.labels.time_us.tolist() == [0, 2_000_000]
    assert one.labels.intensity["12"][1] == 3.5
    assert np.isnan(one.labels.intensity["12"][0])
    assert np.isnan(one.labels.intensity["6"][1])


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([["second", "AU12"], ["0", "1"]], "needs a column frame or time_us"),
        ([["frame", "12"], ["0", "1"]], "columns like AU12"),
        ([["frame", "AU12"]], "and rows"),
        ([["frame", "AU12"], ["1", "1"]], "not 0, 1, 2"),
        ([["frame", "AU12"], ["0", "7"]], "value 7, expected 0–5"),
        ([["frame", "AU12"], ["0", "D"]], "row 1 of one.csv has 'D' as AU12"),
        ([["frame", "AU99"], ["0", "1"]], "AU99, which is no Action Unit"),
        ([["time_us", "AU12"], ["0.5", "1"]], "whole numbers"),
    ],
)
def test_folder_refuses_broken_labels(tmp_path, rows, message):
    with pytest.raises(CorpusError, match=message):
        folder.read(corpora.folder(tmp_path, rows))


def test_folder_says_when_labels_are_missing(tmp_path):
    (corpora.folder(tmp_path) / "one.csv").rename(tmp_path / "two.csv")
    with pytest.raises(CorpusError, match=r"one: the labels one\.csv are missing"):
        folder.read(tmp_path)


@pytest.mark.parametrize(
    ("read", "expected"),
    [
        (disfa.read, "Videos_LeftCamera/LeftVideoSN001_comp.avi"),
        (bp4d.read, "AUCoding/AU_OCC/F001_T1.csv"),
        (ckplus.read, "cohn-kanade-images/S005/001"),
        (folder.read, "NAME.mp4 beside NAME.csv"),
    ],
)
def test_the_wrong_folder_is_told_what_was_expected(tmp_path, read, expected):
    (tmp_path / "holiday").mkdir()
    with pytest.raises(CorpusError, match="Expected: .*" + expected.replace(".", r"\.")):
        read(tmp_path)
    with pytest.raises(CorpusError, match="is not a folder"):
        read(tmp_path / "absent")


def test_labels_must_fit_the_frames():
    times = np.arange(10) * 40_000
    whole = Labels({"12": np.zeros(9)}, frame=np.arange(9), every_frame=True)
    with pytest.raises(CorpusError, match="has 10 frames, but there are 9 rows of labels"):
        whole.places(times)
    with pytest.raises(CorpusError, match="frame 10 is labelled, but the recording has 10 frames"):
        Labels({"12": np.zeros(1)}, frame=np.array([10])).places(times)
    timed = Labels({"12": np.zeros(4)}, time_us=np.array([0, 55_000, 65_000, 379_000]))
    assert timed.places(times).tolist() == [0, 1, 2, 9]
    with pytest.raises(CorpusError, match="near the labelled time 381000"):
        Labels({"12": np.zeros(1)}, time_us=np.array([381_000])).places(times)
    single = Labels({"12": np.zeros(1)}, time_us=np.array([0]))
    assert single.places(np.array([0])).tolist() == [0]


@pytest.mark.parametrize(("name", "grey"), [("{:04d}.png", False), ("{:04d}.png", True), ("{:04d}.jpg", False)])
def test_pictures_become_frames_without_a_change(tmp_path, name, grey):
    corpora.write_pictures(tmp_path / "in", name, count=4, grey=grey)
    paths = tuple(sorted((tmp_path / "in").iterdir()))
    write_video(Pictures(paths, 30), tmp_path / "out.mov")
    found = list(media.frames(tmp_path / "out.mov"))
    assert [frame.time_us for frame in found] == [0, 33_333, 66_667, 100_000]
    for frame, path in zip(found, paths, strict=True):
        direct = cv2.imread(str(path))[..., ::-1].astype(int)
        away = np.abs(frame.rgb.astype(int) - direct)
        # JPEG's colours are subsampled, and two decoders fill them in differently; PNG leaves no choice
        assert away.max() == 0 if path.suffix == ".png" else away.mean() < 1


def test_pictures_must_be_alike(tmp_path):
    corpora.write_pictures(tmp_path / "in", "{:04d}.png", count=2)
    small = tmp_path / "in" / "0003.png"
    cv2.imwrite(str(small), np.zeros((48, 64, 3), np.uint8))
    paths = tuple(sorted((tmp_path / "in").iterdir()))
    with pytest.raises(CorpusError, match=r"0003\.png is of another kind or size"):
        write_video(Pictures(paths, 25), tmp_path / "out.mov")
    small.write_bytes(b"not a picture")
    with pytest.raises(CorpusError, match=r"0003\.png cannot be read"):
        write_video(Pictures(paths, 25), tmp_path / "out.mov")
