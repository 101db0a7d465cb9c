"""A coder's layer with every kind of correction, and the report signed from it."""

from __future__ import annotations

import pytest

from tests.conftest import PASSWORD
from tests.factories import make_finished_run, make_recording


@pytest.fixture
def run(participant, consent, people):
    return make_finished_run(make_recording(participant, people["analyst"]), people["analyst"])


@pytest.fixture
def plain_layer(run, people):
    """A coder's layer as it was opened: the machine's seven events, nothing reviewed."""
    from facsweb.coding.services import open_layer

    return open_layer(people["coder"], run)


@pytest.fixture
def layer(plain_layer, people):
    """Two accepted, one changed, one deleted, one added; three left as they were."""
    from facsweb.coding.services import accept_event, change_event, create_event, current_events, delete_event

    coder = people["coder"]
    found = {(event.code, event.onset_us): event for event in current_events(plain_layer)}

    def event(code, onset_us):
        return plain_layer.events.get(pk=found[code, onset_us].id)

    accept_event(coder, event("45", 500_000), expected=1)
    accept_event(coder, event("6", 1_100_000), expected=1)
    change_event(coder, event("12", 1_000_000), {"intensity": "C", "offset_us": 5_000_000}, expected=1)
    delete_event(coder, event("45", 8_800_000), expected=1)
    added = {"code": "14", "side": "left", "intensity": "B", "onset_us": 2_000_000, "apex_us": 2_500_000}
    create_event(coder, plain_layer, {**added, "offset_us": 3_000_000, "note": "Left corner only"})
    plain_layer.refresh_from_db()
    return plain_layer


@pytest.fixture
def sign_off(layer, people):
    from facsweb.reports import services

    return services.sign(people["coder"], layer, password=PASSWORD, statement=services.STATEMENT)


@pytest.fixture
def report(sign_off):
    """A finished report: the worker's function was run."""
    from facsweb.reports.tasks import render_report

    render_report(str(sign_off.report.pk))
    sign_off.report.refresh_from_db()
    assert sign_off.report.state == "ready", sign_off.report.error
    return sign_off.report


@pytest.fixture
def pdf(report):
    return report.pdf.read()


def made(report, people, kind, language="en"):
    from facsweb.reports import documents
    from facsweb.reports.tasks import render_document

    wanted = documents.ask(people["coder"], report, kind, language)
    render_document(str(wanted.pk))
    wanted.refresh_from_db()
    assert wanted.state == "ready", wanted.error
    return wanted


@pytest.fixture
def all_of_them(report, people):
    """Name → bytes of every document of a report."""
    from facsweb.reports import documents

    found = {f"{kind}-{language}": made(report, people, kind, language) for kind, language in documents.OFFERED}
    return {"full-en": report.pdf.read()} | {key: one.pdf.read() for key, one in found.items()}


#: What `files` keeps for whoever asks next.
_FILES: dict[str, bytes] = {}


@pytest.fixture
def files(request) -> dict[str, bytes]:
    """As `all_of_them`, for tests that look at the files alone: the first makes them, and its report is gone."""
    if not _FILES:
        _FILES.update(request.getfixturevalue("all_of_them"))
    return dict(_FILES)
