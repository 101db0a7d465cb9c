"""Made runs of cohorts whose machine is told apart: files as an interpretation writes them, and signed codings."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from analysis.calibration.material import Session
from analysis.coded import CodedEvent
from analysis.facs.notation import LETTERS
from analysis.learning import Coding

STEP_US = 100_000
SECONDS = 60
SCORER = "au-nets/9.9.9"
#: Cohort → participants, the machine's rest and gain of 12.
COHORTS = {"de-de": (10, 0.2, 1.0), "jp-ja-40-on": (10, 0.9, 0.6), "ng-yo": (3, 0.2, 1.0), "": (2, 0.2, 1.0)}


def sessions(folder: Path, seed: int = 0) -> list[Session]:
    """One signed coding a participant: 12 as its cohort shows it, 4 agreed with, and left open by one."""
    rng = np.random.default_rng(seed)
    made = []
    for cohort, (people, rest, gain) in COHORTS.items():
        for number in range(people):
            name = f"{cohort or 'none'}-{number}"
            coding = _coded(folder / name, name, rest + 0.1 * rng.normal(), gain + 0.05 * rng.normal(), rng)
            undecided = frozenset({"4"} if number == 0 else ())
            made.append(Session(coding, cohort, undecided))
    return made


def _coded(folder: Path, participant: str, rest: float, gain: float, rng: np.random.Generator) -> Coding:
    times = np.arange(0, SECONDS * 1_000_000, STEP_US)
    true = {code: np.zeros(len(times)) for code in ("4", "12")}
    events = []
    for code, starts in (("12", range(3, 57, 9)), ("4", range(6, 57, 18))):
        for start in starts:
            level = int(rng.integers(1, 4))
            onset = start * 1_000_000
            rows = (times >= onset) & (times <= onset + 2_000_000)
            true[code][rows] = level + 0.5
            side = "both"
            events.append(CodedEvent(code, side, LETTERS[level], onset, onset + 1_000_000, onset + 2_000_000))
    events.append(CodedEvent("17", "", "B", 1_000_000, 1_500_000, 2_000_000, rejected=True))
    noise = rng.normal(size=(3, len(times))) * 0.1
    columns = {
        "AU12": np.clip(rest + gain * true["12"] + noise[0], 0, 5),
        "AU4": np.clip(true["4"] + np.where(true["4"] > 0, noise[1], 0), 0, 5),
        "AU17": np.clip(0.3 + noise[2], 0, 5),
    }
    columns["AU12_low"] = np.clip(columns["AU12"] - 0.5, 0, 5)
    columns["AU12_high"] = np.clip(columns["AU12"] + 0.5, 0, 5)
    columns["AU12"][:5] = np.nan
    write_run(folder, times, columns)
    return Coding(folder, 0, participant, "coder-1", f"run-{participant}", tuple(events))


def write_run(folder: Path, times: np.ndarray, columns: dict[str, np.ndarray]) -> None:
    """The three public files of one face."""
    folder.mkdir(parents=True)
    table = {"time_us": times, "face": np.zeros(len(times), np.int16), "quality": np.ones(len(times)), **columns}
    pq.write_table(pa.table(table), folder / "signals.parquet")
    (folder / "events.csv").write_text("code,side,intensity,onset_us,apex_us,offset_us,confidence,face\n")
    scorer = dict(zip(("id", "version"), SCORER.split("/"), strict=True))
    tiers = dict.fromkeys(("4", "12", "17"), "measured")
    (folder / "summary.json").write_text(json.dumps({"scorer": scorer, "tiers": tiers, "faces": [{"face": 0}]}))
