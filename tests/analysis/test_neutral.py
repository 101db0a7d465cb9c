"""Neutrals: stored, borrowed, taken from a single picture; and what that changes on the labelled clips."""

from __future__ import annotations

import csv
import json
import math
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from analysis import media, pipeline
from analysis.cli import main
from analysis.facs.baseline import FAR_FROM_REST, automatic_neutral
from analysis.facs.neutral_store import FILE, Loan, borrowed_neutral, parse_loan, read_neutral
from analysis.facs.series import FaceSeries
from analysis.interpretation import interpret
from analysis.types import AnalysisError
from tests.analysis import clips
from tests.analysis.made import series, smile, write_measurement

TIMES = np.arange(250) * 40_000
SECONDS = TIMES / 1e6


def put(folder: Path, faces: dict, times: np.ndarray = TIMES, **about: object) -> Path:
    """A measured folder with whatever ``measurement.json`` should say."""
    folder.mkdir(parents=True)
    write_measurement(folder, faces, times)
    content = json.loads((folder / "measurement.json").read_text()) | about
    (folder / "measurement.json").write_text(json.dumps(content))
    return folder


def person(net: float = 0.5, **changes: object) -> FaceSeries:
    """A made face with one more column, such as a net of tomorrow may add."""
    one = series(TIMES, **changes)
    return replace(one, columns={**one.columns, "net_future": np.full(len(one), net, np.float32)})


def signal(folder: Path, name: str) -> np.ndarray:
    return pq.read_table(folder / "signals.parquet")[name].to_numpy()


@pytest.fixture
def rested(tmp_path: Path) -> Path:
    """Somebody at rest, with a column that no rule of today knows."""
    here = put(tmp_path / "rested", {0: person(0.25, noise=0.003)})
    interpret(here)
    return here


@pytest.fixture
def smiling(tmp_path: Path) -> Path:
    """The same person, who smiles from the first frame to the last."""
    always = {name: np.full(250, values.max() or values.min()) for name, values in smile(SECONDS).items()}
    return put(tmp_path / "smiling", {0: person(0.5, noise=0.003, **always)})


def test_every_measure_of_every_face_is_stored_with_its_models(tmp_path):
    faces = {0: person(0.25), 2: person(np.nan)}
    models = [{"id": "face-mesh-attention", "version": "1", "sha256": "a"}]
    here = put(tmp_path / "x", faces, models=models)
    summary = interpret(here).summary
    stored = json.loads((here / FILE).read_text())
    assert stored["models"] == models
    assert [face["face"] for face in stored["faces"]] == [0, 2]
    assert set(stored["faces"][0]["values"]) == set(faces[0].columns)
    assert stored["faces"][0]["values"]["net_future"] == 0.25
    assert stored["faces"][1]["values"]["net_future"] is None, "absent is not 0"
    told = {key: value for key, value in stored["faces"][0].items() if key not in ("face", "values")}
    assert told == summary["faces"][0]["neutral"] == summary["neutral"]
    read, _ = read_neutral(Loan(here, 0))
    assert dict(read.values) == dict(automatic_neutral(series_of(here, 0)).values)


def series_of(folder: Path, face: int):
    from analysis.stored import StoredMeasurement

    return StoredMeasurement(folder).face(face)[1]


def test_who_smiles_throughout_is_read_against_another_recordings_rest(rested, smiling):
    interpret(smiling)
    assert signal(smiling, "AU12").max() < 0.5, "a smile that never ends is this recording's neutral"
    summary = interpret(smiling, neutrals={None: Loan(rested)}).summary
    assert signal(smiling, "AU12").min() > 4
    assert summary["neutral"]["method"] == "borrowed"
    assert summary["neutral"]["source"] == {"from": "rested", "face": 0, "method": "automatic"}
    stored, _ = read_neutral(Loan(smiling))
    assert stored.values["net_future"] == 0.25, "columns of nets to come go with it"


def test_a_borrowed_neutral_lent_on_keeps_its_origin(rested, smiling, tmp_path):
    interpret(smiling, neutrals={0: Loan(rested, label="run 7")})
    third = put(tmp_path / "third", {0: person()})
    summary = interpret(third, neutrals={0: Loan(smiling)}).summary
    assert summary["neutral"]["source"]["from"] == "run 7"


def test_camera_and_pose_are_the_recordings_own(rested, tmp_path):
    """A camera that stands 12° to the side is neither a turned head nor another face."""
    from analysis.facs.deviation import pose_leakage

    yaw = 12.0
    leak = {name: np.full(250, c[0] * yaw + c[1] * yaw) for name, c in pose_leakage().items()}
    aside = {"yaw_deg": np.full(250, yaw), "gaze_x_L": np.full(250, 0.1), "gaze_x_R": np.full(250, 0.1)}
    there = person(0.25, noise=0.003, **(leak | aside))
    folder = put(tmp_path / "aside", {0: there})
    interpret(folder, neutrals={0: Loan(rested)})
    for code in ("51", "52", "61", "62", "12", "1", "4", "25"):
        assert np.nanmax(signal(folder, f"AU{code}")) < 0.5, code


def test_each_face_has_its_own_neutral(rested, tmp_path):
    always = {name: np.full(250, values.max() or values.min()) for name, values in smile(SECONDS).items()}
    two = {n: person(0.5, noise=0.003, **always) for n in (0, 1)}
    folder = put(tmp_path / "two", two)
    found = interpret(folder, neutral_us=4_000_000, neutrals={1: Loan(rested)})
    assert [face["neutral"]["method"] for face in found.summary["faces"]] == ["chosen", "borrowed"]
    face, smiles = signal(folder, "face"), signal(folder, "AU12")
    assert smiles[face == 0].max() < 0.5
    assert smiles[face == 1].min() > 4
    with pytest.raises(AnalysisError, match=r"several faces \(0, 1\)"):
        interpret(folder, neutrals={None: Loan(rested)})
    with pytest.raises(AnalysisError, match=r"no face 5 in this measurement"):
        interpret(folder, neutrals={5: None})
    with pytest.raises(AnalysisError, match=r"Neutral from two: say which face \(faces there: 0, 1\)"):
        interpret(rested, neutrals={None: Loan(folder)})
    with pytest.raises(AnalysisError, match=r"there is no face 4"):
        interpret(rested, neutrals={None: Loan(folder, 4)})


def test_only_comparable_measurements_lend(rested, smiling, tmp_path):
    mesh = {"id": "face-mesh-attention", "version": "1", "sha256": "a"}
    here = put(tmp_path / "here", {0: person()}, models=[mesh])
    for number, other in enumerate(([mesh | {"version": "2"}], [mesh | {"sha256": "b"}], [])):
        lender = put(tmp_path / f"lender{number}", {0: person()}, models=other)
        interpret(lender)
        with pytest.raises(AnalysisError, match="another version of face-mesh-attention"):
            interpret(here, neutrals={0: Loan(lender)})
    older = put(tmp_path / "older", {0: series(TIMES)}, models=[mesh])
    interpret(older)
    with pytest.raises(AnalysisError, match=r"lacks 1 measure\(s\), such as net_future"):
        interpret(here, neutrals={0: Loan(older)})
    assert not (here / "summary.json").exists(), "nothing was written"
    unseen = {"yaw_deg": np.full(250, np.nan), "brow_gap": np.full(250, np.nan)}
    blind = put(tmp_path / "blind", {0: person(**unseen)}, models=[mesh])
    interpret(blind)
    with pytest.raises(AnalysisError, match="was not measured there"):
        interpret(here, neutrals={0: Loan(blind)})


@pytest.mark.parametrize("content", [None, "{", '{"schema": 1}', '{"schema": 1, "faces": [{"face": 0}]}'])
def test_a_damaged_or_missing_neutral_is_one_sentence(smiling, tmp_path, content):
    other = tmp_path / "other"
    other.mkdir()
    if content is not None:
        (other / FILE).write_text(content)
    with pytest.raises(AnalysisError, match="No readable neutral in other: analyse that recording first"):
        interpret(smiling, neutrals={0: Loan(other)})


def test_another_size_is_said(rested, tmp_path):
    small = person(noise=0.003, iris_px=np.full(250, -12.0))
    folder = put(tmp_path / "small", {0: small})
    warnings = interpret(folder, neutrals={0: Loan(rested)}).summary["warnings"]
    assert any("iris 10 against 22 pixels" in line for line in warnings)


def test_distance_tells_rest_from_a_strong_smile_and_nobody_at_rest_is_said(rested, tmp_path):
    strong = {f"corner_bend_{s}": np.full(250, 1.0) for s in "LR"} | {
        "mouth_width": np.full(250, 1.2),
        "lips_height": np.full(250, -0.8),
    }
    here = put(tmp_path / "grin", {0: person(**strong)})
    found = interpret(here).summary
    assert found["neutral"]["distance"] >= FAR_FROM_REST
    assert any("no resting face was found" in line for line in found["warnings"])
    calm = json.loads((rested / "summary.json").read_text())
    assert calm["neutral"]["distance"] < 0.3
    assert not any("resting face" in line for line in calm["warnings"])
    lost = series(TIMES, brow_gap=np.full(250, np.nan))
    assert math.isnan(automatic_neutral(lost).distance)


@pytest.mark.parametrize(
    ("text", "own", "folder", "face"),
    [("a/b", None, "a/b", None), ("a/b:3", None, "a/b", 3), ("1=a", 1, "a", None), ("0=a=b:2", 0, "a=b", 2)],
)
def test_how_a_loan_is_written(text, own, folder, face):
    assert parse_loan(text) == (own, Loan(Path(folder), face))


def test_an_empty_loan_is_refused():
    with pytest.raises(AnalysisError, match="Name the result folder"):
        parse_loan("")


def test_the_command_line_borrows_without_opening_any_video(rested, smiling, capsys, monkeypatch):
    def opened(*args: object, **kwargs: object) -> None:
        raise AssertionError("a video was opened")

    monkeypatch.setattr("av.open", opened)
    assert main(["interpret", str(smiling), "--neutral-from", f"0={rested}:0", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["neutral"]["method"] == "borrowed"
    assert main(["interpret", str(smiling), "--neutral-from", str(rested / "gone")]) == 1
    assert "No readable neutral in gone" in capsys.readouterr().err


# With the real models, on the labelled clips.


@dataclass(frozen=True)
class Cut:
    """A labelled clip cut apart: a stretch in which nobody rests, a later rest, and one picture of that rest."""

    start_us: int
    moving: Path
    rest: Path
    picture: Path
    labels: list[dict[str, str]]
    codes: tuple[str, ...]

    def error(self) -> float:
        """Mean absolute error of the shown units, in units of intensity."""
        times = signal(self.moving, "time_us") + self.start_us
        row = np.searchsorted([round(float(one["time_s"]) * 1e6) for one in self.labels], times)
        shown = [np.array([float(self.labels[i][f"AU{int(code):02d}"]) for i in row]) for code in self.codes]
        pairs = zip(self.codes, shown, strict=True)
        return float(np.mean([np.nanmean(np.abs(signal(self.moving, f"AU{code}") - v)) for code, v in pairs]))


CUTS = {
    "d1_smile_6_12_then_12": ((1_800_000, 3_400_000), (4_900_000, 5_900_000), ("6", "12", "25")),
    "d2_anger_4_7_23_sad_1_4_15_17": ((2_100_000, 3_300_000), (4_500_000, 5_400_000), ("4",)),
    "d3_surprise_1_2_5_26_turns_blinks": ((1_700_000, 2_600_000), (9_400_000, 9_960_000), ("1", "2", "5", "26")),
}


def cut(name: str, span: tuple[int, int], target: Path) -> Path:
    source = clips.MEDIA / f"{name}.mp4"
    return clips.write(target, [one.rgb for one in media.frames(source, start_us=span[0], end_us=span[1])])


@pytest.fixture(scope="module")
def cuts(models: None, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Cut]:
    found = {}
    for name, (moving, rest, codes) in CUTS.items():
        home = tmp_path_factory.mktemp(name)
        still = (rest[0] + 200_000, rest[0] + 239_000)
        for part, span in {"moving": moving, "rest": rest, "picture": still}.items():
            pipeline.analyze(cut(name, span, home / f"{part}.mp4"), home / part)
        labels = list(csv.DictReader((clips.MEDIA / f"{name}.csv").open()))
        found[name[:2]] = Cut(moving[0], home / "moving", home / "rest", home / "picture", labels, codes)
    return found


@pytest.mark.parametrize("name", ["d1", "d2", "d3"])
def test_a_neutral_from_another_clip_of_the_same_person(cuts, name):
    one = cuts[name]
    interpret(one.moving)
    alone = one.error()
    interpret(one.moving, neutrals={None: Loan(one.rest)})
    borrowed = one.error()
    interpret(one.moving, neutrals={None: Loan(one.picture)})
    picture = one.error()
    print(f"{name}: alone {alone:.2f}, borrowed {borrowed:.2f}, one picture {picture:.2f}")
    assert borrowed < 0.4 * alone
    assert picture < 0.4 * alone


def test_one_picture_is_a_measurement_of_one_frame(cuts):
    summary = json.loads((cuts["d1"].picture / "summary.json").read_text())
    assert summary["video"]["frames"] == 1
    assert summary["neutral"]["frames"] == 1
    assert summary["neutral"]["distance"] < FAR_FROM_REST
    assert len(signal(cuts["d1"].picture, "AU12")) == 1


def test_moving_the_neutral_to_another_pose_and_back_changes_nothing(rested):
    same = series_of(rested, 0)
    found = borrowed_neutral(Loan(rested), same, {"models": []})
    lent = read_neutral(Loan(rested))[0].values
    assert found.values == pytest.approx(lent, nan_ok=True, abs=1e-9)


def coded(encoder: str | None, folder: Path) -> Path:
    """A measurement with a face's code, made by this encoder."""
    from analysis.scoring.code import CODE_COLUMNS

    one = person()
    code = {name: np.full(250, 0.1, np.float32) for name in CODE_COLUMNS}
    return put(folder, {0: replace(one, columns={**one.columns, **code})}, encoder=encoder)


def test_another_encoders_code_is_not_borrowed(tmp_path):
    """Its numbers mean something else, and every intensity would be a guess."""
    here, same, other = (coded(name[0], tmp_path / name) for name in ("a-here", "a-same", "b-other"))
    for folder in (same, other):
        interpret(folder)
    assert interpret(here, neutrals={0: Loan(same)}).summary["neutral"]["method"] == "borrowed"
    before = (here / "signals.parquet").read_bytes()
    with pytest.raises(AnalysisError, match="another scorer's encoder"):
        interpret(here, neutrals={0: Loan(other)})
    assert (here / "signals.parquet").read_bytes() == before
    stored = json.loads((same / FILE).read_text())
    del stored["encoder"]
    (same / FILE).write_text(json.dumps(stored))
    with pytest.raises(AnalysisError, match="interpret it again"):
        interpret(here, neutrals={0: Loan(same)})
