"""What the scorer must reach on labelled clips with the real models, and sanity on real people."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from analysis.emotion import states
from analysis.emotion.figures import SHOWN
from analysis.face.geometry import GEOMETRY_COLUMNS, geometry
from analysis.face.texture import TEXTURE_COLUMNS, SkinTexture
from analysis.face.tracker import Tracker
from analysis.facs import combinations
from analysis.facs.baseline import automatic_neutral
from analysis.facs.events import Event, events
from analysis.facs.intensity import intensities
from analysis.facs.series import FaceSeries
from analysis.media import frames
from analysis.scoring.choice import chosen
from analysis.stored import StoredMeasurement
from analysis.training.evaluate_synthetic import (
    Onset,
    Scored,
    event_agreement,
    false_seconds,
    head_table,
    onsets,
    score,
)
from analysis.training.labelled import Labelled, clips
from analysis.validation import events as matching
from tests.analysed import analysed
from tests.analysis.combination_evidence import scored as scored_evidence

REPOSITORY = Path(__file__).resolve().parents[2]
MEDIA = REPOSITORY / "tests" / "media"
REAL = REPOSITORY.parent / "shared" / "media" / "real"

#: States that the clips show, and when, from the first onset to the last offset (tests/media/events.csv), seconds.
_RENDERED = {
    "d1": [("joy", 1.0, 4.8), ("joy", 6.0, 8.2)],
    "d2": [("anger", 1.2, 4.4), ("sadness", 5.5, 9.0)],
    "d3": [("surprise", 1.2, 3.6)],
}

pytestmark = pytest.mark.usefixtures("models")


@pytest.fixture(scope="module")
def labelled(models: None) -> list[Labelled]:
    return list(clips(MEDIA))


@pytest.fixture(scope="module", params=["au-rules/1.0.0", None], ids=["rules", "shipped"])
def scored(labelled: list[Labelled], request: pytest.FixtureRequest) -> list[Scored]:
    """The same for the rules and for the scorer that is used when nobody asks for another."""
    return [score(one, chosen(request.param)) for one in labelled]


@pytest.fixture(scope="module")
def matched(scored: list[Scored]) -> list[Onset]:
    return onsets(MEDIA, scored)


def test_labelled_events_are_found_within_a_fifth_of_a_second(matched: list[Onset]) -> None:
    required = [onset for onset in matched if onset.code in {"1", "2", "12", "26", "45"} and onset.peak > 2]
    assert len(required) == 15
    late = [onset for onset in required if onset.error_s is None or abs(onset.error_s) > 0.2]
    assert late == []


def test_events_of_b_or_more_are_matched_with_the_labels_by_frame(scored: list[Scored]) -> None:
    """The goal (F1 ≥ .85, 80 ms) is held in test_conditions.py; here that the report counts the same events."""
    found = event_agreement(MEDIA, scored)
    whole = matching.together(found.values())
    assert sorted(found) == sorted(one.name.removesuffix(".mp4") for one in scored)
    assert len(whole.pairs) + len(whole.missed) == 26
    assert whole.f1 >= 0.70  # the rules reach .70, the nets .98
    assert whole.onset_error_us <= 120_000
    assert whole.offset_error_us <= 300_000


def test_no_unit_that_is_never_shown_stays_above_b(scored: list[Scored]) -> None:
    wrong = {
        (one.name, code): false_seconds(one, code)
        for one in scored
        for code in one.label
        if false_seconds(one, code) > 2.0
    }
    assert wrong == {}


def test_the_course_over_time_follows_the_labels(scored: list[Scored]) -> None:
    for code, least in {"1": 0.9, "2": 0.8, "12": 0.95, "25": 0.85, "45": 0.85, "26": 0.75}.items():
        label = np.concatenate([one.label[code] for one in scored])
        machine = np.concatenate([one.machine[code] for one in scored])
        assert np.corrcoef(label, machine)[0, 1] >= least, code


def test_the_dimple_on_the_subjects_left_is_left(scored: list[Scored]) -> None:
    third = next(one for one in scored if one.name.startswith("d3"))
    found = [event for event in third.events if event.code == "14" and 7e6 < event.apex_us < 9.3e6]
    assert [event.side for event in found] == ["left"]


def test_head_turns_have_the_labelled_direction(labelled: list[Labelled], scored: list[Scored]) -> None:
    third = next(one for one in labelled if one.name.startswith("d3"))
    yaw = third.series()["yaw_deg"]
    assert np.corrcoef(yaw, third.label("yaw"))[0, 1] > 0.97
    turns = [
        e.code for e in next(one for one in scored if one.name.startswith("d3")).events if e.code in {"51", "52"}
    ]
    assert turns == ["51", "52"]  # +18 degrees, then −18
    assert "| clips | roll |" in head_table([("clips", labelled)])


def test_combinations_of_the_clips_are_those_that_were_rendered(labelled: list[Labelled]) -> None:
    """By the shipped scorer; docs/combinations.md says what it sees besides, and what fails."""
    found = {}
    for one in labelled:
        series = one.series()
        neutral = automatic_neutral(series)
        assert neutral is not None
        made = scored_evidence(series, intensities(series, neutral, chosen(None)))
        finds = [find for find in combinations.find(made, combinations.catalogue()) if find.combination != "blink"]
        found[one.name[:2]] = [(find.combination, find.onset_us / 1e6, find.offset_us / 1e6) for find in finds]
    for clip, expected in {
        "d1": [("happiness", 1, 4.8), ("duchenne-smile", 1, 4.8), ("social-smile", 6, 8.2), ("happiness", 6, 8.2)],
        "d2": [("anger", 1.2, 4.4), ("sadness", 5.6, 8.9)],
        "d3": [("surprise", 1.2, 3.5), ("contempt-dimpler", 7.2, 9.2)],
    }.items():
        # In the order of their beginnings; two of the same face may begin with the same frame or one apart.
        assert sorted(name for name, *_ in found[clip]) == sorted(name for name, *_ in expected), clip
        for name, first, last in expected:
            spans = [(onset, offset) for other, onset, offset in found[clip] if other == name]
            assert any(first <= onset < offset <= last for onset, offset in spans), (clip, name)


def test_states_of_the_clips_are_those_that_were_rendered(labelled: list[Labelled]) -> None:
    """By the shipped scorer: the first candidate of every episode, and nothing where the face rests."""
    for one in labelled:
        series = one.series()
        neutral = automatic_neutral(series)
        assert neutral is not None
        found = states(scored_evidence(series, intensities(series, neutral, chosen(None))))
        wanted = _RENDERED[one.name[:2]]
        assert [episode.candidates[0].state for episode in found.episodes] == [state for state, *_ in wanted]
        for episode, (_, first, last) in zip(found.episodes, wanted, strict=True):
            assert first <= episode.start_us / 1e6 < episode.end_us / 1e6 <= last
        events = [*wanted, *([("contempt", 7.2, 9.3)] if one.name.startswith("d3") else [])]
        for row, (start, end) in enumerate(zip(found.start_us / 1e6, found.end_us / 1e6, strict=True)):
            if all(end <= first or start >= last for _, first, last in events):
                assert all(not found.windows[state].value[row] > 0.05 for state in SHOWN), (one.name, start)


def people(path: Path) -> list[tuple[FaceSeries, list[Event]]]:
    """Faces seen for a second or more, with their events."""
    tracker, texture = Tracker(4), SkinTexture()
    rows: dict[int, list[tuple[int, int, np.ndarray, np.ndarray, float]]] = {}
    size = (0, 0)
    for frame in frames(path):
        size = (frame.rgb.shape[1], frame.rgb.shape[0])
        for face in tracker.update(frame.rgb, frame.time_us):
            skin = texture(frame.rgb, face.landmarks)
            rows.setdefault(face.track, []).append(
                (frame.index, frame.time_us, face.landmarks, skin, face.presence)
            )
    out = []
    for found in rows.values():
        index, time_us, landmarks, skin, presence = (np.array(column) for column in zip(*found, strict=True))
        low, high = landmarks[:, :468, :2].min(1), landmarks[:, :468, :2].max(1)
        columns = dict(zip(GEOMETRY_COLUMNS, geometry(landmarks, *size).T, strict=True))
        columns |= dict(zip(TEXTURE_COLUMNS, skin.T, strict=True)) | {"presence": presence.astype(np.float32)}
        columns |= {
            "box_x": low[:, 0],
            "box_y": low[:, 1],
            "box_w": (high - low)[:, 0],
            "box_h": (high - low)[:, 1],
        }
        series = FaceSeries(index, time_us, columns)
        if len(series) * series.interval_us >= 1e6:
            out.append((series, events(series, intensities(series, automatic_neutral(series)))))
    return out


@pytest.mark.skipif(not REAL.is_dir(), reason="the real clips of ../shared are not here")
def test_a_real_smile_is_found() -> None:
    stored = StoredMeasurement(analysed(REAL / "WolfgangLanger_Pexels.mp4"))
    (number,) = stored.faces
    _, series = stored.face(number)
    found = events(series, intensities(series, automatic_neutral(series)))
    smiles = [event for event in found if event.code == "12" and event.intensity in "CDE"]
    assert any(event.onset_us < 16.5e6 and event.offset_us > 19e6 for event in smiles)
    assert any(event.code == "45" and 15.8e6 < event.apex_us < 16.4e6 for event in found)


@pytest.mark.skipif(not REAL.is_dir(), reason="the real clips of ../shared are not here")
def test_a_cartoon_has_no_lasting_face() -> None:
    ((series, found),) = people(REAL / "face_noface.mov")
    assert series.time_us[-1] < 2.5e6
    assert any(event.code == "12" for event in found)
