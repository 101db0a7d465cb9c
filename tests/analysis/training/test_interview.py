"""The demonstration's interview: the mouth follows its own sounds, expressions and blinks keep their places."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.training.interview import acting, play, voices
from analysis.training.interview.voices import Phone
from analysis.training.world.sampling import SPEECH

CODES = frozenset(str(code) for code in (1, 2, 4, 5, 6, 7, 10, 12, 15, 16, 17, 18, 20, 22, 23, 24, 25, 26, 45))


def spoken(who: str, *phones: Phone) -> voices.Spoken:
    line = play.Line(at_s=phones[0].start_s, who=who, voice="slt", text="…")
    return voices.Spoken(line, np.full(800, 0.1, np.float32), phones)


@pytest.fixture(scope="module")
def part() -> acting.Acting:
    own = spoken("Performer", Phone("aa", 5.0, 5.2), Phone("pau", 5.2, 5.6), Phone("m", 5.6, 5.8))
    other = spoken("Interviewer", Phone("iy", 9.0, 9.5))
    return acting.cast(play.read(), [own, other], "Performer", CODES)


def test_the_mouth_opens_with_its_own_sounds_alone(part):
    assert part.mouth(5.1) == pytest.approx({"26": 0.6, "25": 0.6})
    assert part.mouth(5.0)["26"] == pytest.approx(0.3)  # on its way
    assert part.mouth(5.7) == pytest.approx({"24": 0.4})
    for silent in (4.9, 5.4, 9.25):
        assert part.mouth(silent) == {}


def test_expressions_and_mouth_do_not_add_up(part):
    smile = part.activation(18.5)
    assert smile["12"] == (1.0, 1.0)
    assert all(
        0 <= value <= 1 for time in np.arange(0, 80, 0.04) for value in part.activation(time).get("45", (0,))
    )


def test_no_blink_falls_into_an_expression(part):
    blinks = [act for act in part.acts if "45" in act.activation]
    others = [act for act in part.acts if "45" not in act.activation]
    assert len(blinks) > 8
    assert not any(b.onset_s < o.offset_s and o.onset_s < b.offset_s for b in blinks for o in others)


def test_what_cannot_be_shown_is_told():
    with pytest.raises(ValueError, match="cannot show 26"):
        acting.cast(play.read(), [], "Performer", CODES - {"26"})
    with pytest.raises(ValueError, match="no mouth shape for xx"):
        acting.cast(play.read(), [spoken("Performer", Phone("xx", 1.0, 1.1))], "Performer", CODES)


def test_sounds_are_read_across_the_parts_of_a_text():
    found = voices._phones("pau:0.2 ow:0.5 pau:0.6 \nay:0.3 d:0.4 pau:0.5", 10.0)
    assert [one.name for one in found] == ["ow", "pau", "ay", "d"]
    assert [one.end_s for one in found] == pytest.approx([10.5, 10.6, 10.9, 11.0])


def test_a_line_that_runs_into_the_next_is_told():
    lines = (spoken("Performer", Phone("aa", 1.0, 1.1)), spoken("Performer", Phone("aa", 1.02, 1.1)))
    with pytest.raises(ValueError, match="lasts longer"):
        voices.mixed(lines, 3.0)
    sound = voices.mixed(lines[:1], 3.0)
    loud = np.flatnonzero(np.abs(sound) > 0.05) / voices.RATE
    assert (loud.min(), loud.max()) == pytest.approx((1.0, 1.05), abs=1e-3)


def test_mouth_shapes_are_those_that_the_scorer_was_trained_with():
    codes = {code for shape in acting._SHAPES.values() for code in shape}
    assert codes <= {code for shape in SPEECH for code in shape}
