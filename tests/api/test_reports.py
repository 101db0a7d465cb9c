"""Reports by a program: states with two signatures, further documents, and what had to be destroyed."""

from __future__ import annotations

import pytest

from analysis import confined
from analysis.confined.calls import Limits
from facsweb.audit.models import Entry
from facsweb.reports.models import Countersignature, Document, Report, SignOff


def test_with_one_signature_of_two_there_is_no_report_yet(seeded, caller):
    path, program = f"/reports/{seeded.report.pk}", caller("analyst")
    Report.objects.update(state="awaiting", second_needed=True)
    told = program.get(path).json()
    assert (told["state"], told["second_needed"], told["second_signer"]) == ("awaiting", True, None)
    assert program.get(f"{path}/pdf").status_code == 404
    assert not Entry.objects.filter(action="report.download").exists()
    manager = caller("manager")
    assert manager.get(path).status_code == 404
    assert manager.get("/reports").json()["items"] == []


def test_who_signed_second_and_when(seeded, caller, people):
    def decided(decision: str, state: str) -> dict:
        Report.objects.update(state=state, second_needed=True)
        Countersignature.objects.all().delete()
        Countersignature.objects.create(
            report=seeded.report, by=people["administrator"], at=seeded.report.created_at, decision=decision
        )
        return caller("analyst").get(f"/reports/{seeded.report.pk}").json()

    told = decided("signed", "ready")
    assert told["second_signer"] == str(people["administrator"])
    assert told["second_signed_at"]
    told = decided("returned", "returned")
    assert (told["state"], told["second_signer"]) == ("returned", None)


def test_further_documents_are_listed_and_downloaded(seeded, caller):
    program = caller("manager")
    (one,) = program.get(f"/reports/{seeded.report.pk}/documents").json()["items"]
    assert (one["id"], one["kind"], one["language"], one["state"]) == (
        str(seeded.document.pk),
        "participant",
        "en",
        "ready",
    )
    answer = program.get(f"/documents/{one['id']}/pdf")
    assert answer.content == b"%PDF-1.7 copy"
    assert "participant-en.pdf" in answer["Content-Disposition"]
    entry = Entry.objects.filter(action="report.download").get()
    assert entry.details == {"format": "document", "kind": "participant", "language": "en"}
    Document.objects.update(state="waiting")
    assert program.get(f"/documents/{one['id']}/pdf").status_code == 404


def test_a_revoked_report_is_for_administrators(seeded, caller):
    Report.objects.update(state="revoked")
    path = f"/documents/{seeded.document.pk}/pdf"
    assert caller("manager").get(path).status_code == 403
    assert caller("administrator").get(path).status_code == 200


@pytest.mark.parametrize("kind", ["csv", "json", "pdf"])
def test_what_had_to_be_destroyed_is_not_there(seeded, caller, kind):
    SignOff.objects.update(content={})
    program = caller("administrator")
    assert program.get(f"/reports/{seeded.report.pk}/{kind}").status_code == 404
    assert program.get(f"/documents/{seeded.document.pk}/pdf").status_code == 404
    assert program.get(f"/reports/{seeded.report.pk}").status_code == 200


def test_a_pdf_is_walked_through_by_a_child_with_limits_before_anything_here_reads_it(caller, monkeypatch):
    """As on the page: what takes too long, here any time at all, ends there and is answered."""
    none = Limits(memory=400 << 20, cpu_s=20, wall_s=0)
    monkeypatch.setattr(confined.taste_pdf, "__defaults__", (none,))
    answer = caller("manager").post("/reports/verify", data=b"%PDF-1.7", content_type="application/pdf")
    assert answer.status_code == 200
    assert (answer.json()["verdict"], answer.json()["headline"]) == ("bad", "This PDF cannot be read safely.")
    assert "longer than 0 seconds" in answer.json()["sentences"][0]
