"""Recordings as they come: turned, uneven, slow, fast, small, large, nobody in them, two people, a hand, glasses.

Every clip is made here from a demonstration clip and compared with the same cut unchanged: events of the units
that it shows start at the same time, and intensities stay near. ``pytest -rP tests/analysis/test_conditions.py``
prints the figures.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from analysis import pipeline
from analysis.facs.regions import NEEDS
from analysis.validation.events import (
    Agreement,
    Span,
    match,
    proposed_spans,
    read_labels,
    read_spans,
    table,
    together,
)
from tests.analysed import demonstration
from tests.analysis import clips, conditions
from tests.analysis.conditions import Analysed, Difference, Pictures, difference
from tests.analysis.hand import with_hand

pytestmark = pytest.mark.usefixtures("models")

#: Cuts of seconds of d1 … d3 with their onset, and the units that they show.
CUTS = {"d1": (0.0, 2.4), "d3": (0.0, 2.4)}
SHOWN = {"d1": ("6", "12", "45"), "d3": ("1", "2", "5", "26", "45")}
ONSET_US = 200_000
NEAR = 0.75

Analyse = Callable[..., Analysed]


@pytest.fixture(scope="module")
def analyse(tmp_path_factory: pytest.TempPathFactory, models: None) -> Analyse:
    folder = tmp_path_factory.mktemp("conditions")

    def run(pictures: Pictures, name: str, *, display: tuple[int, int, int, int] | None = None, **how) -> Analysed:
        path = pictures.write(folder / f"{name}.mp4")
        if display is not None:
            clips.set_display_matrix(path, display)
        return conditions.analysed(path, **how)

    return run


@pytest.fixture(scope="module")
def cut() -> Callable[[str], Pictures]:
    return cache(lambda name: conditions.cut(name, *CUTS[name]))


@pytest.fixture(scope="module")
def points(cut, models: None) -> Callable[[str], np.ndarray]:
    return cache(lambda name: conditions.landmarks(cut(name)))


@pytest.fixture(scope="module")
def clean(analyse: Analyse, cut) -> Callable[[str], Analysed]:
    """The cuts as they are."""
    return cache(lambda name: analyse(cut(name), name))


def same(found: Difference, near: float = NEAR) -> None:
    """The same events within a fifth of a second, nearly the same intensities, nothing left unscored."""
    print(found)
    assert found.events.pairs, str(found)
    assert found.events.missed == found.events.extra == (), str(found)
    assert found.onset_us <= ONSET_US, str(found)
    assert max(found.curves.values()) <= near, str(found)
    assert found.measured >= 0.95, str(found)


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_turned_phone_video(analyse: Analyse, cut, clean, degrees: int) -> None:
    turned = analyse(
        conditions.turned(cut("d1"), degrees), f"turned{degrees}", display=conditions.DISPLAY[degrees]
    )
    same(difference(clean("d1"), turned, SHOWN["d1"]))


@pytest.mark.parametrize("name", ["d1", "d3"])
def test_variable_frame_rate(analyse: Analyse, cut, clean, name: str) -> None:
    uneven = conditions.irregular(cut(name))
    gaps = np.diff(uneven.times_us)
    assert len(set(gaps.tolist())) >= 3
    found = analyse(uneven, f"uneven-{name}")
    assert found.times().tolist() == uneven.times_us
    same(difference(clean(name), found, SHOWN[name]))


@pytest.mark.parametrize(("name", "rate"), [("d1", 15), ("d3", 15), ("d1", 60)])
def test_frame_rates(analyse: Analyse, cut, clean, name: str, rate: int) -> None:
    found = analyse(conditions.at_rate(cut(name), rate), f"rate{rate}-{name}")
    assert np.diff(found.times()) == pytest.approx(1e6 / rate, abs=20)
    same(difference(clean(name), found, SHOWN[name]))


@pytest.mark.parametrize("name", ["d1", "d3"])
def test_240_lines(analyse: Analyse, cut, clean, name: str) -> None:
    same(difference(clean(name), analyse(conditions.resized(cut(name), 240), f"small-{name}"), SHOWN[name]))


def test_2160_lines(analyse: Analyse) -> None:
    """4K (2880 × 2160, what a 4:3 picture has of it): 1.1 s around the onset of the smile, every other picture."""
    smile = conditions.thinned(conditions.cut("d1", 0.9, 2.0))
    large = conditions.resized(smile, 2160)
    assert large.rgb[0].shape[:2] == (2160, 2880)
    first, second = (analyse(one, name, neutral_us=0) for one, name in ((smile, "short"), (large, "large")))
    same(difference(first, second, ("6", "12")))


def test_no_face(analyse: Analyse, cut) -> None:
    """Skin, hair and cloth without a face: no face, no curve, no event, and a sentence that says so."""
    found = analyse(conditions.nobody(cut("d1")), "nobody")
    assert (found.signals, found.events) == ({}, {})
    assert any("No face" in warning for warning in found.warnings)


def test_two_faces(analyse: Analyse, cut, clean) -> None:
    """Two people at once are measured as each alone; neither gets the other's events."""
    found = analyse(conditions.side_by_side(cut("d1"), cut("d3")), "two")
    assert len(found.signals) == 2
    left, right = sorted(found.signals, key=lambda face: found.boxes[face])
    assert found.boxes[left] < 640 < found.boxes[right]
    same(difference(clean("d1"), found, SHOWN["d1"], faces=(None, left)))
    same(difference(clean("d3"), found, SHOWN["d3"], faces=(None, right)))
    assert {event.code for event in found.events[left]}.isdisjoint({"1", "2", "26"})
    assert {event.code for event in found.events[right]}.isdisjoint({"6", "12"})


#: Units of which nothing can be seen behind a hand over the mouth.
LOWER = [code for code, regions in NEEDS.items() if "mouth" in regions]


def covered(found: Analysed, start_us: int, end_us: int) -> None:
    """While the mouth is covered no unit of it is scored or begins, and the reason is given."""
    (face,) = found.signals
    shares = found.visible[face]
    inside = (shares["time_us"] >= start_us) & (shares["time_us"] <= end_us)
    mouth = shares["visible_mouth"]
    print(f"visible_mouth {mouth[inside].max():.2f} or less behind the hand, {mouth[~inside].max():.2f} before")
    times = found.times()
    hidden = (times >= start_us) & (times <= end_us)
    assert all("occluded:mouth" in gate for gate, behind in zip(found.gates[face], hidden, strict=True) if behind)
    for code in LOWER:
        assert np.isnan(found.curve(code)[hidden]).all(), f"AU{code} is scored behind the hand"
    begun = [event.code for event in found.events[face] if start_us <= event.onset_us <= end_us]
    assert set(begun).isdisjoint(LOWER), begun
    (seen,) = [event for event in found.events[face] if event.code == "72"]
    assert seen.onset_us <= start_us
    assert seen.offset_us >= end_us


@pytest.mark.xfail(strict=True, reason="au-nets 1.0.0 misses parts of this drawn hand (mouth in view up to .72)")
def test_a_hand_over_a_smile(analyse: Analyse, clean) -> None:
    """The smile is found before the hand comes, and is not scored behind it; the eyes are scored all along."""
    start_us, end_us = 1_900_000, 2_800_000
    smile = conditions.cut("d1", 0.0, 3.2)
    found = analyse(with_hand(smile, conditions.landmarks(smile), start_us, end_us), "hand-smile")
    covered(found, start_us, end_us)
    before = difference(clean("d1"), found, ("12",))
    print(before)
    assert before.events.missed == ()
    assert before.onset_us <= ONSET_US
    # The fingertips lie on the left cheek, which is no region of its own: 6 is scored, and is 1.1 off on average.
    eyes = difference(clean("d1"), found, ("6", "45"))
    print(eyes)
    assert eyes.events.missed == eyes.events.extra == ()
    assert eyes.onset_us <= ONSET_US
    assert eyes.measured >= 0.95


def test_a_hand_over_a_resting_mouth_is_no_chin_raiser(analyse: Analyse) -> None:
    """Only the lids move in this face: no unit of the mouth has an event before, behind or after the hand."""
    rest = conditions.back_and_forth(conditions.cut("d2", 0.0, 1.16), 65)
    start_us, end_us = 1_000_000, 1_900_000
    found = analyse(with_hand(rest, conditions.landmarks(rest), start_us, end_us), "hand-rest")
    covered(found, start_us, end_us)
    (face,) = found.signals
    assert {event.code for event in found.events[face]}.isdisjoint(LOWER)


@pytest.mark.parametrize("name", ["d1", "d3"])
def test_glasses(analyse: Analyse, cut, clean, points, name: str) -> None:
    worn = analyse(conditions.with_glasses(cut(name), points(name)), f"glasses-{name}")
    units = [code for code in SHOWN[name] if code in {"1", "2", "12"}]
    same(difference(clean(name), worn, units), near=1.0)


CLIPS = tuple(path.stem for path in sorted(clips.MEDIA.glob("d?_*.mp4")))


@pytest.fixture(scope="module", params=CLIPS, ids=[name[:2] for name in CLIPS])
def whole(request: pytest.FixtureRequest, demonstrations) -> Analysed:
    return demonstrations(request.param)


@pytest.fixture(scope="module")
def demonstrations(tmp_path_factory: pytest.TempPathFactory, models: None) -> Callable[[str], Analysed]:
    """The demonstration clips as they ship."""
    folder = tmp_path_factory.mktemp("demonstrations")

    def run(name: str) -> Analysed:
        own = Path(shutil.copytree(demonstration(name), folder / name))
        return conditions.read(own, pipeline.interpret(own))

    return cache(run)


def test_one_face_is_followed_through_every_demonstration_clip(whole: Analysed) -> None:
    assert len(whole.times()) == 250
    assert np.isfinite(whole.curve("12")).mean() > 0.95


def labelled(source: str) -> dict[str, list[Span]]:
    """Events of the clips: ``frames`` by what shows in their frames, ``plan`` by when the movement was begun."""
    shown = {name: read_labels(clips.MEDIA / f"{name}.csv") for name in CLIPS}
    if source == "frames":
        return shown
    plan = read_spans(clips.MEDIA / "events.csv")
    # The plan has no row for the lips that part when the jaw drops.
    return {
        name: [*plan[name], *(span for span in spans if span.code not in {one.code for one in plan[name]})]
        for name, spans in shown.items()
    }


@pytest.mark.parametrize("source", ["frames", "plan"])
def test_events_of_the_demonstration_clips(demonstrations, source: str) -> None:
    """Issue: median onset error at most 80 ms, F1 at least 0.85 for events of B or more of the units they contain.

    A unit that one clip contains counts as an extra event in every other.
    """
    events = labelled(source)
    codes = {span.code for spans in events.values() for span in spans}
    found: dict[str, Agreement] = {}
    for name in CLIPS:
        one = demonstrations(name)
        found[name] = match(events[name], proposed_spans(one.events[one.face]), codes)
    whole = together(found.values())
    report = table(found)
    print(report)
    assert whole.f1 >= 0.85, report
    assert whole.onset_error_us <= 80_000, report


def test_cheeks_tell_the_two_smiles_apart(demonstrations) -> None:
    """Issue: mean AU6 below 1 on the event of 12 alone, above 2.5 on that of 6 with 12."""
    one = demonstrations(CLIPS[0])
    smiles = [span for span in read_labels(clips.MEDIA / f"{CLIPS[0]}.csv") if span.code == "12"]
    rows = [(one.times() >= span.onset_us) & (one.times() <= span.offset_us) for span in smiles]
    with_6, alone = (float(np.nanmean(one.curve("6")[row])) for row in rows)
    print(f"mean AU6 {with_6:.3f} with 12, {alone:.3f} on 12 alone")
    assert with_6 > 2.5
    assert alone < 1.0
