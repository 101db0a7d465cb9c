"""Where there is nothing yet, a page says so in words and names the first step, to those who may take it."""

from __future__ import annotations

import pytest
from django.urls import reverse

from tests.factories import make_recording


def words(response) -> str:
    return " ".join(response.content.decode().split())


@pytest.mark.parametrize(
    ("page", "who", "said", "step"),
    [
        ("home", "stranger", "You are in no study yet", None),
        ("home", "staff", "You are in no study yet", "studies:create"),
        ("studies:list", "stranger", "You are in no study yet", None),
        ("studies:list", "staff", "No studies yet", "studies:create"),
        ("reports:list", "manager", "No reports yet", None),
        ("home", "manager", "No signed reports yet", None),
        ("home", "coder", "Nothing to code", None),
    ],
)
def test_a_list_without_entries(client_as, study, page, who, said, step):
    text = words(client_as(who).get(reverse(page)))
    assert said in text
    assert step is None or f'href="{reverse(step)}"' in text


def test_a_participant_without_recordings(client_as, participant, request):
    page = reverse("studies:participant", args=[participant.pk])
    analyst, coder = client_as("analyst"), client_as("coder")
    assert "Nothing can be uploaded before a consent covers recording the face." in words(analyst.get(page))
    request.getfixturevalue("consent")
    step = f'href="{reverse("recordings:upload", args=[participant.pk])}"'
    assert "No recordings yet" in words(analyst.get(page))
    assert step in words(analyst.get(page))
    assert "An analyst of this study uploads them." in words(coder.get(page))
    assert step not in words(coder.get(page))


def test_a_recording_without_a_run_offers_the_analysis(client_as, participant, consent, people):
    recording = make_recording(participant, people["analyst"])
    assert "Start analysis" in words(client_as("analyst").get(reverse("recordings:detail", args=[recording.pk])))
