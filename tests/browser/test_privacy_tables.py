"""What goes when, and the hashes of what went, on a phone: a card each, nothing hides beyond the edge."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from facsweb.privacy.models import Erasure, Tombstone
from facsweb.studies.models import Study
from tests.factories import make_recording

pytestmark = [
    pytest.mark.browser,
    pytest.mark.once,
    pytest.mark.django_db(transaction=True),
]
PHONE = {"viewport": {"width": 390, "height": 844}, "reduced_motion": "reduce"}
BEYOND = """table => [...table.querySelectorAll("th, td")]
    .filter(cell => cell.offsetParent && cell.getBoundingClientRect().right > innerWidth)
    .map(cell => cell.textContent.trim())"""


@pytest.fixture
def tables(participant, consent, people):
    """A study with two recordings and a period, and a finished erasure with long names and many hashes."""
    Study.objects.filter(pk=participant.study_id).update(retention_days=400)
    for title in ("Interview 1", "A_very_long_title_without_a_single_space_in_it_as_cameras_write_them_0001"):
        one = make_recording(participant, people["analyst"])
        type(one).objects.filter(pk=one.pk).update(title=title)
    type(consent).objects.filter(pk=consent.pk).update(scopes=["video", "text"])
    known = {"study": participant.study, "why": "withdrawal", "state": "succeeded", "scopes": ["video"]}
    made = Erasure.objects.create(participant=participant, checked_at=timezone.now(), **known)
    at = timezone.now() - timedelta(minutes=1)
    for number, kind in enumerate(("recordings.recording", "runs.analysisrun", "meaning.reading")):
        hashes = {"signals.parquet": "a" * 64, "original": "b" * 64}
        about = {"object_id": f"{number}0c6d3e-8f0a-4a54-9a5e-3f1f0a7f0009", "sha256": "c" * 64, "hashes": hashes}
        Tombstone.objects.create(erasure=made, kind=kind, destroyed_at=at, **about)
    return {
        "retention": (f"/studies/{participant.study_id}/retention/", ".privacy-retention", "Since"),
        "erasure": (f"/erasures/{made.pk}/", ".privacy-hashes", "Destroyed"),
    }


@pytest.mark.parametrize("name", ["retention", "erasure"])
def test_nothing_of_the_table_lies_beyond_the_edge_of_a_phone(name, open_page, tables):
    address, chosen, label = tables[name]
    page = open_page("administrator", address, **PHONE)
    table = page.locator(chosen)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert table.evaluate(BEYOND) == []
        scrolled = table.evaluate("table => table.parentElement.scrollWidth - table.parentElement.clientWidth")
        assert scrolled <= 0
        said = table.locator(f'[data-label="{label}"]').first
        assert said.evaluate("cell => getComputedStyle(cell, '::before').content") == f'"{label}"'
    page.set_viewport_size({"width": 1440, "height": 900})
    assert table.locator("thead").is_visible()
