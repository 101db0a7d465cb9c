"""Whose voice and words are a face's: what people said, what is taken for granted, and what counts for nobody."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.indicators import Allowed, derive
from analysis.indicators.session import Session, Voice
from analysis.indicators.speaking import GRANTED, SEVERAL, Said, may_speak, own
from tests.analysis.indicators import made

S = 1_000_000


def session(heard=(), written=(), method="one"):
    """Each name speaks for a second and has a window and a line, in order; None is a stretch without a speaker."""
    segments = [{"start_us": n * S, "end_us": (n + 1) * S, "speaker": one} for n, one in enumerate(heard)]
    starts = np.arange(len(heard)) * S
    windows = {"start_us": starts, "end_us": starts + S, "speaker": list(heard), "arousal": starts / S / 10}
    voice = Voice({"segments": segments, "speakers": {"method": method}}, windows) if heard else None
    units = [{"speaker": one, "text": str(n), "scores": {"joy": 0.5}} for n, one in enumerate(written)]
    return Session("made", 0, 60 * S, (), voice, {"units": units} if written else None)


def found(one, speakers=None, *, face=0, seen=1, refused=None):
    return own(one, face, Said(speakers or {}, refused or {}, seen), made.RESEARCH)


def spoken(one):
    return None if one.voice is None else [start // S for start, _ in one.voice.speech()]


def said(one):
    return None if one.text is None else [unit["text"] for unit in one.text["units"]]


def test_one_face_and_one_speaker_are_one_person_and_that_is_said():
    one = found(session(["1", "1"], ["Anna", "Anna"]))
    assert (spoken(one), said(one), one.notes) == ([0, 1], ["0", "1"], [GRANTED])
    assert found(session()).notes == ["No voice was analysed.", "There are no words."], "nothing to grant"


@pytest.mark.parametrize(
    ("heard", "written", "seen"),
    [
        (["A", "B"], [], 1),
        (["1"], ["Anna", "Ben"], 1),
        (["1"], ["Anna"], 2),
        (["1"], ["Interviewer", ""], 1),  # lines without a name beside lines with one are somebody else's
    ],
)
def test_where_there_is_a_choice_nothing_counts_until_somebody_made_it(heard, written, seen):
    one = found(session(heard, written), seen=seen)
    assert (one.voice, one.text) == (None, None)
    assert SEVERAL in one.notes
    assert GRANTED not in one.notes


def test_a_face_that_is_not_read_is_still_a_face_that_may_speak(tmp_path):
    made.folder(tmp_path, seconds=60, faces=2, AU6=made.during(60, (20, 40)), AU12=made.during(60, (20, 40)))
    made.text(tmp_path, (20, 40, {"sadness": 0.9}))
    assert derive(tmp_path, allowed=made.RESEARCH, faces=[0]).channels["stretches"] == []
    made.folder(tmp_path, seconds=60, AU6=made.during(60, (20, 40)), AU12=made.during(60, (20, 40)))
    assert derive(tmp_path, allowed=made.RESEARCH).channels["stretches"], "one face and nobody else"
    assert derive(tmp_path, allowed=made.RESEARCH, others=1).channels["stretches"] == []


def test_each_face_has_its_own_speaker_and_nobody_has_those_who_are_in_no_picture():
    both = session(["Anna", "Ben", "Cem", None], ["Anna", "Ben", "Cem", "Dora"])
    speakers = {0: "Anna", 1: ["Ben"], None: ["Cem"]}
    anna, ben, third = (found(both, speakers, face=face, seen=3) for face in (0, 1, 2))
    assert (spoken(anna), said(anna), anna.names) == ([0], ["0"], ("Anna",))
    assert (spoken(ben), said(ben)) == ([1], ["1"])
    assert ben.voice.curve("arousal").value == pytest.approx([0.1])
    assert (spoken(third), said(third)) == (None, None)
    assert third.notes == ["Nobody said which speaker is this face."]
    assert "Anna" in anna.notes[0]


def test_words_of_a_speaker_who_is_no_face_never_count():
    written = session(["Anna", "Ben"], ["Ben", "Anna", "Ben", ""])
    assert said(found(written, {0: "Anna"})) == ["1"]
    assert said(found(written, {0: "Cem"})) is None
    alone = session(["1"], ["Interviewer"])
    nobody = found(alone, {None: "Interviewer"})
    assert (spoken(nobody), said(nobody)) == (None, None)


def test_a_transcript_without_names_is_nobodys_where_several_speak():
    one = found(session(["Anna", "Ben"], ["", ""]), {0: "Anna"})
    assert (spoken(one), said(one)) == ([0], None)
    assert one.why_no["text"] == "The transcript does not say who says what."


def test_a_name_in_one_channel_alone_takes_the_only_one_of_the_other_with_it():
    one = found(session(["1"], ["Anna", "Anna"]), {0: "Anna"})
    assert (spoken(one), said(one), one.names) == ([0], ["0", "1"], ("1", "Anna"))
    assert spoken(found(session(["1", "2"], ["Anna"]), {0: "Anna"})) is None, "which of the two is not said"
    assert spoken(found(session(["Anna"], []), {0: "Ben"})) is None, "a name that is nowhere"


def test_speech_that_was_left_unmarked_is_not_the_one_marked_speakers():
    assert spoken(found(session(["Anna", None, "Anna"], method="hand"))) == [0, 2]
    assert spoken(found(session(["1", None]))) == [0, 1], "nobody marked anything"


def test_what_a_person_did_not_agree_to_is_not_used_of_them():
    both = session(["Anna", "Ben"], ["Anna", "Ben"])
    ben = found(both, {0: "Anna", 1: "Ben"}, face=1, seen=2, refused={1: ["voice"]})
    assert (spoken(ben), said(ben)) == (None, ["1"])
    assert ben.why_no["speech"] == "This person did not agree to the analysis of their voice."
    nothing = own(session(), 0, Said({}, {}, 1), Allowed(frozenset({"video"}), "research"))
    assert nothing.why_no["speech"] == "Consent does not cover the voice."


def test_a_mouth_speaks_only_while_its_person_may():
    segments = session(["Anna", "Ben", None, "Cem"]).voice.about["segments"]
    starts = [
        [start // S for start, _ in may_speak(segments, face, {0: "Anna", None: ["Cem"]})] for face in (0, 1)
    ]
    assert starts == [[0, 1, 2], [1, 2]], "Ben and whoever was not marked may be either"
    assert len(may_speak(segments, 0, {})) == 4
