"""States of the labelled clips from their exact labels; test_acceptance.py has those from the scorer's scores."""

from __future__ import annotations

import pytest

from analysis.emotion import states
from analysis.emotion.figures import SHOWN
from tests.analysis.combination_evidence import labelled

#: Clip, states in time, and where their labelled events begin and end (tests/media/events.csv), seconds.
CLIPS = {
    "d1": [("joy", 1.0, 4.8), ("joy", 6.0, 8.2)],
    "d2": [("anger", 1.2, 4.4), ("sadness", 5.5, 9.0)],
    "d3": [("surprise", 1.2, 3.6)],
}


@pytest.fixture(scope="module", params=sorted(CLIPS))
def clip(request):
    return request.param, states(labelled(request.param))


def test_each_event_has_its_state_as_first_candidate(clip):
    name, found = clip
    led = [(one.candidates[0].state, one.start_us / 1e6, one.end_us / 1e6) for one in found.episodes]
    wanted = CLIPS[name]
    led = [one for one in led if one[0] != "contempt"]  # d3 ends with a dimple on one side
    assert [state for state, *_ in led] == [state for state, *_ in wanted]
    for (_, start, end), (_, first, last) in zip(led, wanted, strict=True):
        assert first - 0.1 <= start < end <= last + 0.1


def test_neutral_stretches_have_no_state(clip):
    name, found = clip
    events = [*CLIPS[name], *([("contempt", 7.2, 9.3)] if name == "d3" else [])]
    for row, (start, end) in enumerate(zip(found.start_us / 1e6, found.end_us / 1e6, strict=True)):
        if all(end <= first or start >= last for _, first, last in events):
            assert found.windows["neutral"].value[row] > 0.97
            assert all(not found.windows[state].value[row] > 0.02 for state in SHOWN)


def test_the_two_smiles_of_d1_are_told_apart_by_their_combinations():
    first, second = states(labelled("d1")).episodes
    assert "duchenne-smile" in first.candidates[0].combinations
    assert "social-smile" in second.candidates[0].combinations
    assert "duchenne-smile" not in second.candidates[0].combinations
    assert (first.candidates[0].codes, second.candidates[0].codes) == (("6", "12"), ("12",))
