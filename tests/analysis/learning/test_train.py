"""Training with the real engine: measured clips and a coder's events in, a package that can be used out."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from analysis import pipeline
from analysis.facs.codes import CATALOGUE
from analysis.facs.notation import letter
from analysis.learning import CodedEvent, Coding, train, write_codings
from analysis.scoring import choice, package
from analysis.types import AnalysisError, Cancelled
from tests.analysed import demonstration

MEDIA = Path(__file__).parents[2] / "media"
REPOSITORY = MEDIA.parents[1]

pytestmark = pytest.mark.usefixtures("models")


def coded(clip: str) -> tuple[CodedEvent, ...]:
    """The clip's own events, as a coder would write them."""
    with (MEDIA / "events.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["clip"] == clip]
    found = []
    for row in rows:
        onset, apex, held, offset = (
            round(float(row[name]) * 1e6)
            for name in ("onset_start_s", "apex_start_s", "apex_end_s", "offset_end_s")
        )
        side = row["side"] if row["au"] not in {"17", "23", "24", "25", "26"} else ""
        intensity = letter(float(row["peak_intensity"]))
        found.append(CodedEvent(row["au"], side, intensity, onset, (apex + held) // 2, offset))
    return tuple(found)


@pytest.fixture(scope="module")
def codings(models: None, tmp_path_factory: pytest.TempPathFactory) -> list[Coding]:
    """The three clips, analysed and coded, each a participant of its own."""
    out = []
    for number, clip in enumerate(sorted(MEDIA.glob("d?_*.mp4"))):
        folder = Path(shutil.copytree(demonstration(clip.stem), tmp_path_factory.mktemp("run") / "results"))
        out.append(Coding(folder, 0, f"p{number}", "c1", f"run{number}", coded(clip.stem)))
    assert all(coding.events for coding in out)
    return out


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FACSWEB_SCORERS", str(tmp_path / "scorers"))
    return tmp_path / "scorers"


def column(folder: Path, name: str) -> np.ndarray:
    return pq.read_table(folder / "signals.parquet")[name].to_numpy()


def copied(coding: Coding, folder: Path, participant: str) -> Coding:
    shutil.copytree(coding.folder, folder)
    return replace(coding, folder=folder, participant=participant)


def test_few_events_leave_the_base_as_it_is_and_the_figures_say_so(codings: list[Coding], own: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    found = train(codings, own, version="1", hook=lambda *told, still=None: seen.append(told))
    learned = found.about["learned"]
    assert (learned["participants"], learned["recordings"], learned["coders"]) == (3, 3, 1)
    assert learned["base"] == f"au-nets/{package.default().version}"
    assert set(learned["codes"]) >= {"1", "4", "12", "15", "17"}
    assert not any(one["used"] for one in learned["codes"].values())
    assert learned["codes"]["12"]["before"]["icc"] > 0.9
    assert learned["codes"]["12"]["after"]["icc"] is None
    assert {stage for stage, _, _ in seen} == {"read", "fit"}
    assert "au-own/1" in choice.available()
    own_package, base = choice.chosen("au-own/1"), package.default()
    assert own_package is not None
    assert own_package.tiers == base.tiers
    assert own_package.encoder_sha256 == base.encoder_sha256
    before = column(codings[0].folder, "AU12")
    again = pipeline.interpret(codings[0].folder, scorer="au-own/1")
    assert again.summary["scorer"] == {"id": "au-own", "version": "1"}
    np.testing.assert_array_equal(column(codings[0].folder, "AU12"), before)
    text = (found.folder / "card.md").read_text()
    assert "3 participants, 3 recordings" in text
    assert f"| 12 | {CATALOGUE['12'].name} | 1 | 2 |" in text


def test_a_coder_who_reads_weaker_is_followed(codings: list[Coding], own: Path, tmp_path: Path) -> None:
    """Four participants who look the same, coded at half the strength: figures too good, but the way is real."""
    weaker = {"A": "A", "B": "A", "C": "B", "D": "B", "E": "C"}
    source = codings[1]
    moments = range(-2, 3)
    events = tuple(  # of the brows and of what they are told apart from: fitting every unit would take long
        replace(event, intensity=weaker[event.intensity], apex_us=event.apex_us + shift * 170_000)
        for event in source.events
        if event.code in {"4", "7"}
        for shift in moments
        if event.onset_us <= event.apex_us + shift * 170_000 <= event.offset_us
    )
    same = [replace(copied(source, tmp_path / f"run{n}", f"p{n}"), events=events) for n in range(4)]
    found = train(same, own, version="7")
    used = {code: one for code, one in found.about["learned"]["codes"].items() if one["used"]}
    assert "4" in used
    assert used["4"]["after"]["icc"] > used["4"]["before"]["icc"]
    assert found.about["codes"]["4"]["tier"] == "experimental"  # four participants cannot make it measured
    pipeline.interpret(same[0].folder, scorer="au-own/7")
    strong = column(source.folder, "AU4") > 3
    ratio = column(same[0].folder, "AU4")[strong].mean() / column(source.folder, "AU4")[strong].mean()
    assert 0.3 < ratio < 0.7
    low, value, high = (column(same[0].folder, name)[strong] for name in ("AU4_low", "AU4", "AU4_high"))
    assert ((low <= value) & (value <= high)).all()


def test_too_few_participants_and_other_encoders_are_told(
    codings: list[Coding], own: Path, tmp_path: Path
) -> None:
    with pytest.raises(AnalysisError, match=r"2 participant\(s\) can be learned from"):
        train(codings[:2], own, version="1")
    other = copied(codings[0], tmp_path / "other", "p9")
    about = json.loads((other.folder / "measurement.json").read_text())
    (other.folder / "measurement.json").write_text(json.dumps(about | {"encoder": "0" * 64}))
    gone = replace(codings[1], folder=tmp_path / "gone", run="gone")
    with pytest.raises(AnalysisError, match=r"another scorer.*No readable measurement"):
        train([other, gone], own, version="1")
    with pytest.raises(AnalysisError, match="rules cannot be refitted"):
        train(codings, own, version="1", base=choice.RULES)
    assert not own.exists()


def test_versions_are_never_replaced_and_nothing_half_made_stays(codings: list[Coding], own: Path) -> None:
    with pytest.raises(Cancelled):
        train(codings, own, version="1", should_stop=lambda: True)
    assert not own.exists()
    (own / "1").mkdir(parents=True)
    with pytest.raises(AnalysisError, match="never replaced"):
        train(codings, own, version="1")
    train(codings, own, version="2")
    assert sorted(path.name for path in own.iterdir()) == ["1", "2"]


def test_the_command_line(codings: list[Coding], tmp_path: Path) -> None:
    write_codings(codings, tmp_path / "codings.json")

    def command(*more: str) -> subprocess.CompletedProcess[str]:
        arguments = ["train", str(tmp_path / "codings.json"), "--out", str(tmp_path / "scorers"), *more]
        return subprocess.run(
            [sys.executable, "-m", "analysis", *arguments],
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            check=False,
        )

    done = command()
    assert done.returncode == 0, done.stderr
    assert "au-own/1" in done.stdout
    assert (tmp_path / "scorers" / "1" / "card.md").is_file()
    told = command("--json")
    assert json.loads(told.stdout)["version"] == "2"
    wrong = command("--base", "au-nets/0.0.1")
    assert wrong.returncode == 1
    assert "There is no scorer 'au-nets/0.0.1'" in wrong.stderr
