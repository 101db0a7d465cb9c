"""A withdrawal revokes at once whatever was made of a report, and every sealed copy of it says so ever after."""

from __future__ import annotations

import pytest
from django.db import transaction
from django.utils import timezone

from facsweb.reports import resting, second, services, tasks
from facsweb.reports.models import Document, Package, Report
from facsweb.reports.verification import by_code, verify_pdf
from facsweb.studies.models import Scope
from facsweb.studies.withdrawing import withdraw
from tests.conftest import PASSWORD
from tests.factories import make_finished_run, make_recording
from tests.privacy import made

pytestmark = pytest.mark.django_db
REVOKED = "This report was revoked."


@pytest.fixture
def sealed(participant, consent, people, study):
    """Every sealed file of one report with two signatures, by what it is."""
    from facsweb.coding.services import open_layer

    layer = open_layer(
        people["coder"], make_finished_run(make_recording(participant, people["analyst"]), people["analyst"])
    )
    services.set_four_eyes(people["administrator"], study, True)
    report = services.sign(people["coder"], layer, password=PASSWORD, statement=services.STATEMENT).report
    tasks.render_report(str(report.pk))
    report.refresh_from_db()
    found = {"one signature": report.pdf.read()}
    second.countersign(people["administrator"], report, password=PASSWORD)
    tasks.render_report(str(report.pk))
    report.refresh_from_db()
    found["two signatures"] = report.pdf.read()
    for kind in Document.Kind.values:
        document = Document.objects.create(report=report, kind=kind)
        tasks.render_document(str(document.pk))
        document.refresh_from_db()
        found[kind] = document.pdf.read()
    return report, found


def headlines(found):
    return {name: verify_pdf(data).headline for name, data in found.items()}


def test_every_sealed_copy_says_revoked(sealed, consent, client, erase):
    report, found = sealed
    good = headlines(found)
    assert good.pop("one signature") == "Genuine, but signed by one of two people."
    assert set(good.values()) == {"Genuine and unchanged."}
    code = report.sign_off.content_sha256[:32]
    withdraw(None, consent, scopes=[Scope.EMOTION])
    assert set(headlines(found).values()) == {REVOKED}
    erase()
    assert not Report.objects.exists()
    assert not Document.objects.exists()
    assert set(headlines(found).values()) == {REVOKED}
    # The code on paper, of which the file is gone.
    assert by_code(str(report.pk), code).object_id == str(report.pk)
    assert by_code(str(report.pk), "0" * 32) is None
    page = client.get("/verify/", {"report": str(report.pk), "code": code}).content.decode()
    assert "This report was revoked, and what it said was destroyed." in page
    assert "No report here has this code." not in page
    # Nobody is told that a changed copy is the genuine one.
    assert (
        verify_pdf(found["summary"] + b"more").headline
        == "Something was added to this document after it was signed."
    )


def test_it_happens_with_the_withdrawal_or_not_at_all(world, consent):
    """Before any worker came to it; and where the withdrawal is not written, nothing of it is."""
    with transaction.atomic():
        withdraw(None, consent, scopes=[Scope.EMOTION])
        assert Report.objects.get().state == "revoked"
        transaction.set_rollback(True)
    assert Report.objects.get().state == "ready"
    assert set(Package.objects.values_list("state", flat=True)) == {"succeeded"}
    consent.refresh_from_db()
    Document.objects.create(report=world["report"], kind="participant")
    withdraw(None, consent, scopes=[Scope.EMOTION])
    assert Report.objects.get().state == "revoked"
    assert set(Package.objects.values_list("state", "file")) == {("failed", "")}
    assert Document.objects.get(kind="participant").state == "failed"


def test_the_files_of_packages_go_with_a_death_in_between(world, consent, erase):
    """The file is removed after the commit; whoever dies before that leaves it, and it is found."""
    withdraw(None, consent, scopes=[Scope.EMOTION])  # the test's transaction does not commit, so the file is there
    assert [name for name in made.left(made.EMOTION) if "/packages/" in name]
    erase()
    assert made.left(made.EMOTION) == []


def test_a_scope_that_a_report_does_not_rest_on_leaves_it_alone(world, consent):
    withdraw(None, consent, scopes=[Scope.INDICATORS, Scope.RETENTION])
    assert Report.objects.get().state == "ready"
    assert set(Package.objects.values_list("state", flat=True)) == {"succeeded"}


def test_a_report_signed_under_a_later_consent_stays(world, participant, consent):
    """Somebody narrows, agrees anew, and a coder signs before a worker came to the erasure."""
    before = timezone.now()
    assert [one.pk for one in resting.reports(participant, [Scope.EMOTION], before)] == [world["report"].pk]
    sign_off = world["sign_off"]
    type(sign_off).objects.filter(pk=sign_off.pk).update(signed_at=timezone.now())
    assert list(resting.reports(participant, [Scope.EMOTION], before)) == []


@pytest.mark.parametrize(
    ("said", "scopes"),
    [
        ({}, {Scope.VIDEO}),
        ({"meaning": None, "quotations": []}, {Scope.VIDEO}),
        ({"meaning": {"states": []}}, {Scope.VIDEO, Scope.EMOTION}),
        ({"meaning": {"indicators": {"faces": []}}}, {Scope.VIDEO, Scope.EMOTION, Scope.INDICATORS}),
        (
            {"meaning": {"states": []}, "consent": {"scopes": [Scope.AUDIO.label]}},
            {Scope.VIDEO, Scope.EMOTION, Scope.AUDIO},
        ),
        ({"quotations": [{"text": "Well"}]}, {Scope.VIDEO, Scope.TEXT, Scope.QUOTATION}),
    ],
)
def test_what_a_report_rests_on(said, scopes):
    assert set(resting.scopes_used(said)) == scopes
