"""Arousal tone: directions, abstention, what its interval covers, and that its formula has sources."""

import re
import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from analysis import voice
from analysis.facs.combinations import CHECKS
from analysis.training.voice_coverage import coverage
from analysis.voice import features
from analysis.voice.arousal import Formula, arousal, formula
from analysis.voice.frames import Frames
from analysis.voice.pitch import HOP_US


def frames(seconds: float, *, seed: int = 0, **late: float) -> Frames:
    """Steady speech whose last third is changed: pitch in semitones, level and slope in dB, range as a factor."""
    rng = np.random.default_rng(seed)
    n = int(seconds * 1e6 / HOP_US)
    last = np.arange(n) >= n * 2 // 3
    spread = np.where(last, late.get("range", 1.0), 1.0)
    semitones = spread * rng.normal(0, 1.5, n) + last * late.get("pitch", 0.0)
    none = np.full(n, np.nan, np.float32)
    level = (-25 + rng.normal(0, 2, n) + last * late.get("level", 0.0)).astype(np.float32)
    return Frames(
        seconds=seconds,
        pitch_hz=(150 * 2 ** (semitones / 12)).astype(np.float32),
        confidence=np.ones(n, np.float32),
        level_db=level,
        channel_db=level[:, None],
        hnr_db=none,
        jitter=none,
        shimmer=none,
        slope_db_oct=(-10 + rng.normal(0, 1, n) + last * late.get("slope", 0.0)).astype(np.float32),
        speech=np.ones(n // 2, np.float32),
    )


def toned(sound: Frames, rate: float = 4.0, late_rate: float | None = None):
    n = len(sound)
    first = np.arange(0, n * 2 // 3, round(1e6 / HOP_US / rate))
    last = np.arange(n * 2 // 3, n, round(1e6 / HOP_US / (late_rate or rate)))
    windows = features.cut(sound, np.ones(n, np.bool_), np.concatenate([first, last]))
    found = features.measures(sound, windows, [])
    own = features.baseline(found, windows, sound.seconds)
    return windows, *arousal(sound, windows, found, own)


@pytest.mark.parametrize(
    "late", [{"pitch": 3.0}, {"level": 6.0}, {"slope": 3.0}, {"range": 4.0}, {"late_rate": 7.0}], ids=str
)
def test_every_cue_raises_it_and_its_opposite_lowers_it(late):
    def change(late):
        other = {"late_rate": late.get("late_rate")}
        windows, value, low, high = toned(
            frames(45, **{k: v for k, v in late.items() if k != "late_rate"}), **other
        )
        assert ((low <= value) & (value <= high))[np.isfinite(value)].all()
        assert ((low >= 0) & (high <= 1))[np.isfinite(value)].all()
        return np.nanmean(value[windows.start_us > 31e6]) - np.nanmean(value[windows.start_us < 27e6])

    assert change(late) > 0.03
    inverse = {"late_rate": 2.5} if "late_rate" in late else {k: -v for k, v in late.items()}
    if "range" in late:
        inverse = {"range": 0.05}
    assert change(inverse) < -0.02


def test_the_usual_tone_is_a_half_and_the_interval_is_no_point():
    _, value, low, high = toned(frames(45))
    assert np.nanmean(value) == pytest.approx(0.5, abs=0.02)
    assert np.nanmin(high - low) > 0.02


def test_it_abstains():
    short = frames(18)
    _, value, low, high = toned(short)
    assert np.isnan([value, low, high]).all()  # no baseline
    sound = frames(40)
    n = len(sound)
    spoken = np.ones(n, np.bool_)
    spoken[n // 2 : n // 2 + 200] = np.arange(200) % 100 < 40  # 0.64 s of 1.6
    windows = features.cut(sound, spoken, np.arange(0, n, 15))
    found = features.measures(sound, windows, [])
    own = features.baseline(found, windows, 35.0)
    value = arousal(sound, windows, found, own)[0]
    few = windows.speech_s < 1
    assert few.any()
    assert np.isnan(value[few]).all()
    assert np.isfinite(value[~few]).all()
    whisper = replace(sound, pitch_hz=np.full(n, np.nan, np.float32))
    found = features.measures(whisper, windows, [])
    own = features.baseline(found, windows, 35.0)
    assert np.isnan(arousal(whisper, windows, found, own)[0]).all()
    assert np.isnan(found["pitch_hz"]).all()
    assert np.isnan(features.relative(found, own)["pitch_semitones"]).all()


def test_the_same_seed_gives_the_same_interval():
    sound = frames(30)
    assert np.array_equal(toned(sound)[2], toned(sound)[2], equal_nan=True)


def test_nominal_coverage():
    share, width = coverage(seconds=100, runs=5)
    assert 0.85 <= share <= 0.95
    assert width < 0.2


def test_the_formula_has_sources_and_no_valence():
    rule = formula()
    assert sum(cue.weight for cue in rule.cues) == pytest.approx(1)
    assert all(cue.sources for cue in rule.cues)
    assert {one for cue in rule.cues for one in cue.sources} == set(rule.sources)
    assert not any("valence" in cue.name for cue in rule.cues)
    told = tomllib.loads(Path(voice.__file__).with_name("arousal.toml").read_text(encoding="utf-8"))
    kinds = "|".join(CHECKS)
    assert all(re.fullmatch(rf"\d{{4}}-\d\d-\d\d: ({kinds})(; .+)?", one["checked"]) for one in told["source"])
    with pytest.raises(ValueError, match="not listed"):
        Formula(rule.version, rule.needs, rule.clip, rule.cues, {})
    with pytest.raises(ValueError, match="no source"):
        replace(rule.cues[0], sources=())
    with pytest.raises(ValueError, match="among the cues"):
        replace(rule, needs=frozenset({"x"}))
