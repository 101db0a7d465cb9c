"""The measures against sounds whose truth is known, within the tolerances of docs/voice.md."""

import numpy as np
import pytest

from analysis.training import voice_table as table
from analysis.training.voice_signals import harmonics, speech, voice, with_noise
from analysis.voice import activity
from analysis.voice.periods import REACH, harmonicity, perturbation
from analysis.voice.pitch import guarded
from analysis.voice.spectrum import LEVEL_WINDOW, levels, tilts

VOWELS = "aou"


@pytest.mark.parametrize("pitch_hz", [70.0, 100.0, 180.0, 300.0, 500.0])
def test_pitch_of_steady_tones(pitch_hz):
    assert table.pitch_error(pitch_hz) < 0.001


@pytest.mark.parametrize("ends", [(90, 180), (200, 120)])
def test_pitch_follows_glides(ends):
    assert table.glide_error(*ends) < 0.002


@pytest.mark.parametrize("slope", [-3.0, -6.0, -12.0])
@pytest.mark.parametrize("pitch_hz", [85.0, 220.0])
def test_slope(pitch_hz, slope):
    assert abs(table.slope_error(pitch_hz, slope)) < 0.1


@pytest.mark.parametrize("hnr_db", [0.0, 10.0, 20.0])
@pytest.mark.parametrize("pitch_hz", [80.0, 200.0])
def test_hnr_up_to_20_db(pitch_hz, hnr_db):
    assert abs(table.hnr_error(pitch_hz, hnr_db)) < 0.6


def test_hnr_ends_at_40_db():
    sound = harmonics(150.0, 1.0)
    found, _ = harmonicity(table.around(sound, 2 * REACH, 30), np.full(30, 150.0))
    assert found.max() <= 40.0
    assert found.min() > 30.0


@pytest.mark.parametrize("pitch_hz", [80.0, 120.0, 200.0])
@pytest.mark.parametrize("jitter", [0.005, 0.01, 0.02])
def test_jitter_that_was_put_in(pitch_hz, jitter):
    every = np.array([table.perturbations(pitch_hz, jitter, 0.0, vowel=vowel) for vowel in VOWELS])
    assert every[:, 1].mean() == pytest.approx(every[:, 0].mean(), rel=0.2)
    assert every[:, 1] == pytest.approx(every[:, 0], rel=0.4)  # a single vowel


@pytest.mark.parametrize("pitch_hz", [80.0, 120.0, 200.0])
def test_shimmer_that_was_put_in(pitch_hz):
    every = np.array([table.perturbations(pitch_hz, 0.0, 0.05, vowel=vowel) for vowel in VOWELS])
    assert every[:, 3].mean() == pytest.approx(every[:, 2].mean(), rel=0.35)
    assert every[:, 1].mean() < 0.0015  # and no jitter is made of it


@pytest.mark.parametrize("pitch_hz", [80.0, 200.0])
def test_a_regular_voice_has_next_to_none_even_in_some_noise(pitch_hz):
    _, jitter, _, shimmer = table.perturbations(pitch_hz, 0.0, 0.0, hnr_db=30.0)
    assert jitter < 0.001
    assert shimmer < 0.006


def test_no_jitter_of_high_voices_and_of_noise():
    high = voice(350.0, 1.0, jitter=0.01).sound
    assert np.isnan(perturbation(table.around(high, 2 * REACH, 30), np.full(30, 350.0))[0]).all()
    noise = with_noise(np.zeros(16_000, np.float32) + 1e-3, -60.0)
    assert np.isnan(perturbation(table.around(noise, 2 * REACH, 30), np.full(30, 150.0))[0]).mean() > 0.9


def test_slope_needs_five_harmonics():
    sound = harmonics(590.0, 1.0)
    assert np.isfinite(tilts(table.around(sound, 1024, 5), np.full(5, 590.0))).all()
    assert np.isnan(tilts(table.around(sound, 1024, 5), np.full(5, 790.0))).all()
    assert len(tilts(np.zeros((0, 1024), np.float32), np.zeros(0))) == 0


@pytest.mark.parametrize(("frequency", "weight"), [(1000, 0.0), (100, -19.1), (200, -10.9), (4000, 1.0)])
def test_level_is_a_weighted(frequency, weight):
    """IEC 61672-1, table 3."""
    t = np.arange(4 * LEVEL_WINDOW) / 16_000
    sound = np.sin(2 * np.pi * frequency * t).astype(np.float32)
    pieces = np.stack([sound[at : at + LEVEL_WINDOW] for at in range(0, 1024, 64)])
    assert levels(pieces).mean() == pytest.approx(-3.01 + weight, abs=0.4)
    assert levels(np.zeros((1, LEVEL_WINDOW), np.float32))[0] == -100


def test_octave_jumps_are_dropped_and_glides_kept():
    contour = np.geomspace(100, 200, 60).astype(np.float32)
    contour[30] *= 2
    contour[40] /= 2
    contour[50:53] = np.nan
    out = guarded(contour)
    assert np.flatnonzero(np.isnan(out)).tolist() == [30, 40, 50, 51, 52]
    assert np.array_equal(out[:30], contour[:30])
    assert len(guarded(np.zeros(0, np.float32))) == 0


# Speech


def test_what_nobody_said_is_not_speech():
    sounds = table.no_speech(2.5)
    assert len(sounds) == 10
    shares = {name: table.speech_share(sound) for name, sound in sounds.items()}
    assert {name: share for name, share in shares.items() if share >= 0.05} == {}


def test_quiet_and_noisy_speech_is_heard():
    made = speech(6, seed=1)
    usual = table.speech_share(made.sound)
    assert usual > 0.6
    assert table.speech_share(made.sound * 0.01) == pytest.approx(usual, abs=0.1)
    assert table.speech_share(with_noise(made.sound, 10.0)) == pytest.approx(usual, abs=0.15)


@pytest.mark.parametrize("pause_s", [0.3, 1.0])
def test_pauses(pause_s):
    found, true = table.pauses_found(pause_s, 9.0)
    errors = np.array(table.pause_errors(found, true))
    assert np.isfinite(errors).all()
    assert len(found) == len(true)
    assert np.abs(errors).max() < 0.1


@pytest.mark.parametrize("rate", [3.0, 6.0])
def test_rate(rate):
    found, true = table.nuclei_found(rate, 8.0)
    assert found == pytest.approx(true, rel=0.05)


def test_short_speech_and_short_silence():
    likely = np.zeros(100)
    likely[10:14] = 0.9  # 128 ms
    likely[30:40] = likely[43:50] = 0.9  # 96 ms between
    likely[60:80] = 0.4  # over the lower mark, never over the upper
    likely[90:] = 0.9
    assert activity.speech(likely, 3_000_000) == [(960_000, 1_600_000)]
    assert activity.speech(likely, 3_200_000)[-1] == (2_880_000, 3_200_000)
    likely[50:60] = 0.4  # …where speech holds on to it
    assert activity.speech(likely, 3_000_000) == [(960_000, 2_560_000)]


def test_pauses_are_one_speakers_and_neither_short_nor_long():
    spans = [(0, 1, "A"), (300_001, 400_000, "A"), (600_000, 700_000, "A"), (4_000_000, 4_500_000, "A")]
    spans += [(5_000_000, 6_000_000, "B"), (6_400_000, 7_000_000, None), (7_400_000, 8_000_000, None)]
    assert activity.pauses(spans) == [(1, 300_001, "A")]
