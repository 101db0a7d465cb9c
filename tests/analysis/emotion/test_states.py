"""States of made faces: what is said, what is not, and why."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest

from analysis.coded import CodedEvent
from analysis.emotion import read_states, states, write
from analysis.emotion.figures import ALL, SHARES, SHOWN, Candidate, Episode, Level, Windows
from analysis.facs.codes import ACTION_UNITS
from analysis.facs.evidence import Evidence, evidence_of_layer
from analysis.types import AnalysisError
from tests.analysis.combination_evidence import evidence, held

SECOND = 25


def _face(seconds=12, width=0.2, **codes) -> Evidence:
    """Everything at rest but the codes given as (value, from second, to second), known to within ``width``."""
    count = seconds * SECOND
    values = {code: np.zeros(count) for code in (*ACTION_UNITS, "54", "55", "56", "64")}
    for name, (value, start, stop) in codes.items():
        values[name.removeprefix("au")] = held(count, value, start * SECOND, stop * SECOND)
    made = evidence(values, width=0.1)
    shown = [name.removeprefix("au") for name in codes]
    low = {**made.low, **{code: np.maximum(values[code] - width, 0) for code in shown}}
    high = {**made.high, **{code: np.minimum(values[code] + width, 5) for code in shown}}
    return replace(made, low=low, high=high)


@pytest.fixture(scope="module")
def smiling():
    """6+12 from the fourth to the eighth second."""
    return states(_face(au6=(3.5, 4, 8), au12=(3.5, 4, 8)))


def test_a_neutral_face_has_no_state():
    found = states(_face())
    assert found.episodes == ()
    for name in SHOWN:
        assert not found.windows[name].abstained.any() or name == "fatigue"
        assert np.nanmax(found.windows[name].high) < 0.02
    assert found.windows["neutral"].low.min() > 0.95
    assert found.session["neutral"].value == pytest.approx(1, abs=0.01)


def test_the_episode_opens_to_its_frames_and_codes(smiling):
    (episode,) = smiling.episodes
    first = episode.candidates[0]
    assert (first.state, first.codes) == ("joy", ("6", "12"))
    assert {"happiness", "duchenne-smile"} <= set(first.combinations)
    assert first.low > 0.6
    assert episode.start_us == pytest.approx(4e6, abs=3e5)
    assert episode.end_us == pytest.approx(8e6, abs=3e5)
    assert episode.start_us < episode.apex_us < episode.end_us


def test_windows_are_means_over_their_time(smiling):
    joy = smiling.windows["joy"]
    inside = dict(zip((smiling.start_us // 1_000_000).tolist(), joy.value.tolist(), strict=True))
    assert inside[5] == pytest.approx(1, abs=0.05)
    assert inside[3] == pytest.approx(inside[5] / 2, abs=0.05)
    assert inside[0] == 0
    assert (smiling.end_us - smiling.start_us == 2_000_000).all()
    assert smiling.session["joy"].value == pytest.approx(4 / 12, abs=0.02)


def test_shares_of_a_window_make_a_whole(smiling):
    total = sum(smiling.windows[name].value for name in SHARES if name != "fatigue")
    assert total == pytest.approx(np.ones(len(total)), abs=1e-5)


def test_the_same_seed_gives_the_same_figures():
    one = _face(seconds=4, width=1.5, au6=(2, 1, 3), au12=(2, 1, 3))
    first, again, other = states(one, seed=1), states(one, seed=1), states(one, seed=2)
    assert (first.windows["joy"].low == again.windows["joy"].low).all()
    assert (first.windows["joy"].low != other.windows["joy"].low).any()


def test_wider_scores_make_wider_states():
    widths = []
    for width in (0.2, 1.0, 2.0):
        found = states(_face(seconds=4, width=width, au1=(2.5, 0, 4), au4=(2.5, 0, 4), au15=(2.5, 0, 4)))
        level = found.session["sadness"]
        widths.append(level.high - level.low)
    assert widths == sorted(widths)
    assert widths[-1] > widths[0] + 0.2


def test_what_is_not_scored_is_told_and_never_taken_for_zero():
    """The mouth is hidden all the time but for two seconds: joy cannot be seen, surprise only in part."""
    one = _face(au1=(3, 4, 8), au2=(3, 4, 8), au5=(3, 4, 8))
    mouth = {str(code) for code in range(10, 29)} | {"8", "9"}
    hidden = {
        key: np.where(np.arange(len(one)) < 10 * SECOND, np.nan, array) if key.split("_")[0] in mouth else array
        for key, array in one.values.items()
    }
    ends = {name: {key: np.where(np.isnan(hidden[key]), np.nan, array) for key, array in side.items()}
            for name, side in (("low", one.low), ("high", one.high))}  # fmt: skip
    found = states(replace(one, values=hidden, low=ends["low"], high=ends["high"]))
    joy = found.windows["joy"]
    assert joy.abstained[:8].all()
    assert all("too little of what joy rests on was scored" in why for why in joy.why[:8])
    assert np.isnan(joy.value[:8]).all()
    assert joy.value[-1] == 0
    seen, whole = found.windows["surprise"], states(one).windows["surprise"]
    given = ~seen.abstained[5:7]
    assert (seen.evidence[5:7] < whole.evidence[5:7]).all()
    assert ((seen.high - seen.low)[5:7][given] > (whole.high - whole.low)[5:7][given]).all()


def test_a_face_that_was_seen_for_less_than_half_a_window_has_no_values():
    one = _face()
    gone = np.arange(len(one)) >= 6 * SECOND
    values = {key: np.where(gone, np.nan, array) for key, array in one.values.items()}
    nothing: dict = {}
    found = states(replace(one, values=values, low=nothing, high=nothing, quality=np.where(gone, np.nan, 1.0)))
    neutral = found.windows["neutral"]
    late = found.start_us >= 6_000_000
    assert late.any()
    assert neutral.abstained[late].all()
    assert all("of this window was measured" in why for why in np.array(neutral.why)[late])
    assert found.measured_s == pytest.approx(6, abs=0.1)
    assert found.session["neutral"].evidence == pytest.approx(0.5, abs=0.02)


def test_poor_pictures_are_thin_evidence():
    one = _face()
    found = states(replace(one, quality=np.full(len(one), 0.4)))
    assert all(found.windows[name].abstained.all() for name in ("joy", "anger", "neutral"))
    assert found.session["joy"].value is None


def test_a_movement_that_may_be_none_is_no_state():
    found = states(_face(width=3.0, au9=(1.2, 4, 8)))
    disgust = found.windows["disgust"]
    assert disgust.abstained[4:7].all()
    assert all("told" in why or "wide" in why for why in disgust.why[4:7])
    assert found.episodes == ()


def test_speech_makes_a_smile_count_less_and_the_brow_as_before():
    one = _face(au12=(4, 0, 12))
    silent, speaking = states(one), states(one, speech=[(0, 12_000_000)])
    assert speaking.session["joy"].value < silent.session["joy"].value - 0.2
    assert speaking.session["joy"].evidence < silent.session["joy"].evidence
    brow = _face(au4=(4, 0, 12), au7=(4, 0, 12))
    values = [states(brow, speech=spans).session["confusion"].value for spans in ([], [(0, 12_000_000)])]
    assert values[0] == pytest.approx(values[1], abs=0.01)


def test_priors_shift_a_state_and_their_error_widens_it():
    one = _face(seconds=6, au4=(3, 0, 6), au7=(3, 0, 6))
    plain = states(one).session["confusion"]
    sure = states(one, priors={"confusion": (-1.0, 0.0)}).session["confusion"]
    unsure = states(one, priors={"confusion": (-1.0, 0.8)}).session["confusion"]
    odds = plain.value / (1 - plain.value) * np.exp(-1)
    assert sure.value == pytest.approx(odds / (1 + odds), abs=0.02)
    assert unsure.high - unsure.low > sure.high - sure.low + 0.1
    with pytest.raises(ValueError, match="priors"):
        states(one, priors={"bliss": (1.0, 0.1)})


def test_short_recordings_say_nothing_beyond_themselves(smiling):
    joy = smiling.session["joy"]
    assert joy.value is not None
    assert joy.expected_low is None
    assert "too short" in joy.why_expected
    longer = states(_face(seconds=40, au6=(3.5, 4, 8), au12=(3.5, 4, 8))).session
    assert longer["joy"].expected_low < longer["joy"].low
    assert longer["joy"].expected_high > longer["joy"].high
    assert longer["anger"].expected_high == pytest.approx(
        2.3 * 1.5 / 40, abs=0.025
    )  # never seen is not never there


def test_lids_have_to_be_closed_long_enough():
    """A blink is no fatigue; one that lasts is, and as long as a nap it is no long blink any more."""

    def blinking(frames):
        one = _face(seconds=8, width=0.1)
        lids = held(len(one), 4.5, 100, 100 + frames)
        low, high = np.maximum(lids - 0.1, 0), np.minimum(lids + 0.1, 5)
        return states(
            replace(
                one,
                values={**one.values, "45": lids},
                low={**one.low, "45": low},
                high={**one.high, "45": high},
            )
        ).session["fatigue"]

    assert blinking(5).high == 0
    assert blinking(14).value > 0.02
    assert blinking(50).high == 0


def test_what_lasts_does_not_average_out():
    """A frown of which one is not sure stays as uncertain with time; an exact one never is uncertain."""
    parts = [
        states(_face(seconds=seconds, width=width, au4=(2.0, 0, seconds), au7=(2.0, 0, seconds)))
        for seconds, width in ((15, 1.0), (90, 1.0), (15, 0.0))
    ]
    short, long, exact = (found.session["confusion"] for found in parts)
    assert long.high - long.low > 0.75 * (short.high - short.low)
    assert exact.high - exact.low < 0.01


def test_a_session_of_which_much_was_hidden_is_less_certain():
    one = _face(seconds=40, au6=(3.5, 4, 8), au12=(3.5, 4, 8))
    gone = (np.arange(len(one)) // SECOND) % 10 >= 7
    hidden = {
        name: {
            key: np.where(gone, np.nan, array) if key.split("_")[0] in {"12", "13", "14"} else array
            for key, array in getattr(one, name).items()
        }
        for name in ("values", "low", "high")
    }
    whole, part = states(one).session["joy"], states(replace(one, **hidden)).session["joy"]
    assert part.evidence < whole.evidence
    assert part.high - part.low > 2 * (whole.high - whole.low)
    assert part.low <= whole.value <= part.high


def test_what_a_coder_coded_gives_states_too():
    events = [
        CodedEvent(code, "both", letter, 2_000_000, 3_000_000, 5_000_000)
        for code, letter in (("6", "C"), ("12", "D"))
    ]
    found = states(evidence_of_layer(events, [(0, 8_000_000)]))
    assert found.origin == "coder"
    assert [one.candidates[0].state for one in found.episodes] == ["joy"]
    assert found.windows["neutral"].value[6] == 1


def test_other_windows_and_windows_that_do_not_divide():
    one = _face(seconds=6, au6=(3, 2, 4), au12=(3, 2, 4))
    found = states(one, window_us=1_000_000, step_us=500_000)
    assert np.diff(found.start_us).tolist() == [500_000] * (len(found.start_us) - 1)
    assert found.windows["joy"].value.max() == pytest.approx(1, abs=0.05)
    with pytest.raises(ValueError, match="whole number of steps"):
        states(one, window_us=1_500_000, step_us=1_000_000)


def test_nothing_to_compute_from_is_said():
    empty = Evidence(0, np.zeros(0, np.int64), 40_000.0, {}, {}, {}, (), np.zeros(0))
    with pytest.raises(AnalysisError, match="no frames"):
        states(empty)
    blind = _face(seconds=3)
    blind = replace(blind, values={}, low={}, high={}, quality=np.full(len(blind), np.nan))
    found = states(blind)
    assert all(level.value is None and level.why for level in found.session.values())
    assert found.episodes == ()


def test_a_recording_as_short_as_a_window_has_one_and_a_shorter_one_is_thin():
    found = states(_face(seconds=2))
    assert len(found.start_us) == 1
    assert found.windows["neutral"].value[0] == pytest.approx(1)
    found = states(_face(seconds=1))
    assert len(found.start_us) == 1
    assert found.windows["neutral"].abstained.all()


def test_files_hold_what_was_computed(smiling, tmp_path):
    write(tmp_path, [smiling])
    (back,) = read_states(tmp_path)
    assert back.episodes[0].candidates[0].combinations == smiling.episodes[0].candidates[0].combinations
    for name in ALL:
        assert back.windows[name].why == smiling.windows[name].why
        assert back.windows[name].value == pytest.approx(smiling.windows[name].value, abs=1e-6, nan_ok=True)
    table = pq.read_table(tmp_path / "states.parquet").to_pydict()
    assert list(table) == [
        "face", "start_us", "end_us", "state", "value", "low", "high", "evidence", "abstained", "why",
    ]  # fmt: skip
    assert len(table["state"]) == len(smiling.start_us) * len(ALL)
    told = json.loads((tmp_path / "states.json").read_text(encoding="utf-8"))
    assert "not the probability that the person feels it" in told["faces"][0]["about"]["estimand"]
    assert "No value is a probability" in told["leaves_out"]
    assert told["faces"][0]["episodes"][0]["candidates"][0]["codes"] == ["6", "12"]


def test_files_that_are_not_there_or_damaged_are_named(tmp_path):
    with pytest.raises(AnalysisError, match="holds no states"):
        read_states(tmp_path)
    (tmp_path / "states.parquet").write_text("x")
    (tmp_path / "states.json").write_text("{}")
    with pytest.raises(AnalysisError, match="compute them again"):
        read_states(tmp_path)
    with pytest.raises(AnalysisError, match="cannot be written"):
        write(tmp_path / "nowhere", [])


def test_what_does_not_fit_together_is_refused():
    one = np.array([0.5])
    with pytest.raises(ValueError, match="outside of its interval"):
        Windows(one, one + 0.1, one + 0.2, one, ("",))
    with pytest.raises(ValueError, match="no reason"):
        Windows(one, one, one, one, ("why",))
    with pytest.raises(ValueError, match="in order"):
        Candidate("joy", 0.2, 0.3, 0.4, (), ())
    with pytest.raises(ValueError, match="no state"):
        Candidate("bliss", 0.2, 0.1, 0.4, (), ())
    with pytest.raises(ValueError, match="not in order"):
        Episode(5, 4, 9, (Candidate("joy", 0.2, 0.1, 0.4, (), ()),))
    with pytest.raises(ValueError, match="reason"):
        Level(None, None, None, None, None, 1.0)
