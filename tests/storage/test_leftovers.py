"""What a worker wrote and died over before a row named it goes after days; living work is never touched."""

from __future__ import annotations

import os
import time
from contextlib import nullcontext

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from facsweb.privacy import recovery as privacy
from facsweb.privacy.models import Erasure
from facsweb.reports import leftovers as reports
from facsweb.reports.models import Document, Report
from facsweb.storage import leftovers, shelf
from tests.api.conftest import make_report
from tests.factories import make_finished_run, make_recording

pytestmark = pytest.mark.django_db


def written(name: str, age_s: float) -> str:
    """A file that a worker wrote so long ago."""
    target = shelf.path(default_storage.generate_filename(name))
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(b"%PDF-1.7")
    os.utime(target, (time.time() - age_s,) * 2)
    shelf.keep(target)
    return name


@pytest.fixture(params=["disk", "bucket"])
def place(request, settings, tmp_path):
    if request.param == "disk":
        settings.MEDIA_ROOT = tmp_path / "media"
        return nullcontext()
    return request.getfixturevalue("hosts")[0].here()


def test_a_report_whose_worker_died_leaves_no_file(place, participant, consent, people, monkeypatch):
    from facsweb.coding.workflow import open_layer

    days = 86_400.0
    run = make_finished_run(make_recording(participant, people["analyst"]), people["analyst"])
    report = make_report(open_layer(people["coder"], run), people["coder"])
    with place:
        own = written(f"reports/{report.pk}.pdf", 9 * days)
        Report.objects.filter(pk=report.pk).update(pdf=own)
        kept = written("reports/document.pdf", 9 * days)
        Document.objects.create(report=report, kind="summary", pdf=kept)
        certificate = written("certificates/kept.pdf", 9 * days)
        Erasure.objects.create(study=participant.study, why="request", certificate=certificate, state="succeeded")
        lost = [written(f"reports/{report.pk}_x7.pdf", 3 * days), written("certificates/lost.pdf", 3 * days)]
        young = written(f"reports/{report.pk}_y8.pdf", 3600)
        monkeypatch.setattr(leftovers, "_looked", {})
        monkeypatch.setattr(privacy, "_slow_at", 0.0)
        reports.recover()
        privacy.recover()
        assert not any(shelf.exists(name) for name in lost)
        assert all(shelf.exists(name) for name in (own, kept, certificate, young))

        again = written(lost[0], 3 * days)
        reports.recover()
        assert shelf.exists(again), "looked for once an hour"


def test_a_file_is_its_rows_as_soon_as_it_is_old(tmp_path, settings):
    """A worker that is stopped between the two for less than `OLD` finds its file there."""
    settings.MEDIA_ROOT = tmp_path
    name = default_storage.save("reports/a.pdf", ContentFile(b"%PDF-1.7"))
    assert leftovers.sweep("reports", [(Report, "pdf"), (Document, "pdf")]) == 0
    os.utime(shelf.path(name), (time.time() - leftovers.OLD.total_seconds() - 5,) * 2)
    assert leftovers.sweep("reports", [(Report, "pdf"), (Document, "pdf")]) == 1
    assert shelf.written_at(name) is None
