"""The report's section on the method says whose rest the intensities were measured against."""

from __future__ import annotations

import pytest

from facsweb.reports import content, document
from tests.reports.test_document_text import squeezed, text_of

pytestmark = pytest.mark.django_db
ONE = {"frames": 25, "distance": 0.66, "by": "Ann Analyst", "at": "2026-11-21T10:02:03+00:00", "recording": ""}


def test_every_way_to_a_neutral_is_printed(sign_off):
    said = sign_off.content
    said["run"]["neutrals"] = [
        {**ONE, "face": 0, "method": "borrowed", "time_us": 3_480_000, "recording": "Baseline"},
        {**ONE, "face": 1, "method": "chosen", "time_us": 9_760_000},
        {**ONE, "face": 2, "method": "automatic", "time_us": 0, "by": "", "at": "", "distance": None},
        {**ONE, "face": 3, "method": "borrowed", "time_us": 0},
    ]
    said["run"]["parameters"] = {"max_faces": 4, "neutrals": {"0": {"method": "borrowed"}}}
    text = text_of(document.typeset(said, content.sha256(said)))
    for words in (
        "face 1: taken from the recording “Baseline” of the participant, at 00:00:03.480, 25 frames, "
        "0.66 spreads from a usual resting face; chosen by Ann Analyst, 21 November 2026, 10:02:03 UTC",
        "face 2: the frame at 00:00:09.760, 25 frames",
        "face 3: found automatically, 25 frames",
        "face 4: taken from another recording of the participant, at",
    ):
        assert squeezed(words) in text, words
    assert "max_faces4" in text
    assert "neutrals" not in text
