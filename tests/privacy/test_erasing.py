"""Erasing on request, being killed in the middle, trying again, holds, and what verification says afterwards."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader

from facsweb.audit.checking import faults
from facsweb.privacy import certificates, closure, destroying, job, recovery, services
from facsweb.privacy.models import Erasure, Hold, Tombstone
from facsweb.reports.verification import verify_pdf
from facsweb.studies.models import Consent, Scope
from facsweb.studies.withdrawing import withdraw
from tests.privacy import made
from tests.read_aloud import check_read_aloud

pytestmark = pytest.mark.django_db


def test_an_erasure_on_request_leaves_a_code_and_hashes(world, participant, consent, people, client_as, erase):
    bytes_before = made.hashes_of_files()
    type(participant).objects.filter(pk=participant.pk).update(cohort=None)
    page = f"/participants/{participant.pk}/privacy/erase/"
    client = client_as("administrator")
    form = {"id": "6f0c6d3e-8f0a-4a54-9a5e-3f1f0a7f0009", "reason": "By letter of 3 May", "code": participant.code}
    assert client.get(page).status_code == 200
    assert client.post(page, form | {"code": "P-002"}).status_code == 422
    assert not Erasure.objects.exists()
    for _ in range(2):  # a double click
        assert client.post(page, form).status_code == 302
    requested = Erasure.objects.get(why="request")
    assert (requested.reason, requested.created_by) == ("By letter of 3 May", people["administrator"])
    erase()
    assert made.left(*made.WORDS) == []
    assert made.hashes_of_files() & bytes_before == set()
    kept = Consent.objects.get()
    assert (kept.signature, kept.withdrawal_reason) == ("", "")
    assert kept.scopes == consent.scopes, "that it was given stays"
    assert kept.withdrawn_at is not None
    assert list(faults()) == [], "the log is whole"


def test_without_a_reason_nothing_is_erased(world, participant, people, consent):
    with pytest.raises(services.Refused):
        services.erase_everything(people["administrator"], participant, reason="  ")
    assert not Erasure.objects.exists()


# --- being killed ----------------------------------------------------------------------------------------------


class Killed(BaseException):
    """What a worker's death looks like from within: nothing after it is done."""


@pytest.mark.parametrize("after", [1, 2])
def test_an_erasure_killed_in_its_middle_goes_on(after, world, consent, erase, monkeypatch):
    withdraw(None, consent)
    count, real = 0, destroying.one

    def dying(erasure, root):
        nonlocal count
        count += 1
        if count > after:
            raise Killed
        return real(erasure, root)

    monkeypatch.setattr(destroying, "one", dying)
    with pytest.raises(Killed):
        erase()
    noted = set(Tombstone.objects.values_list("kind", "object_id", "sha256"))
    assert noted
    monkeypatch.undo()
    Erasure.objects.update(state="queued")
    (erasure,) = erase()
    rows = [name for name in made.left(*made.WORDS) if not name.startswith("studies.")]
    assert rows == []
    after_all = set(erasure.tombstones.values_list("kind", "object_id", "sha256"))
    assert noted <= after_all
    assert {kind for kind, *_ in after_all} > {"recordings.recording", "reports.report", "coding.layer"}


def test_killed_between_the_rows_and_their_files(world, consent, erase, monkeypatch):
    recording = Path(world["recording"].original.path)
    withdraw(None, consent)

    def dying(paths):
        raise Killed

    monkeypatch.setattr(destroying, "_remove", dying)
    with pytest.raises(Killed):
        erase()
    assert recording.exists()
    monkeypatch.undo()
    Erasure.objects.update(state="queued")
    erase()
    assert not recording.exists()
    assert {path.split("/")[-2] for path in made.files()} == {"certificates"}


def test_what_cannot_be_removed_is_no_success(world, consent, erase, monkeypatch):
    withdraw(None, consent)
    monkeypatch.setattr(destroying.shelf, "remove", lambda path, **how: None)
    with pytest.raises(destroying.Remains, match="media/recordings"):
        erase()
    assert not Erasure.objects.exclude(certificate="").exists()


def test_what_was_written_afterwards_is_removed(world, consent, erase):
    folder = Path(world["recording"].original.path).parent
    withdraw(None, consent)
    erase()
    folder.mkdir(parents=True)
    (folder / "late").write_bytes(b"a worker that was still at it")
    assert destroying.look_again() == 1
    assert not folder.exists()


def test_a_failed_erasure_is_tried_again(world, consent, people, client_as):
    withdraw(None, consent)
    erasure = Erasure.objects.get()
    Erasure.objects.update(state="failed", error="The disk is gone.", finished_at=erasure.created_at)
    page = client_as("administrator").get(f"/erasures/{erasure.pk}/").content.decode()
    assert "The disk is gone." in page
    assert client_as("administrator").post(f"/erasures/{erasure.pk}/retry/").status_code == 302
    erasure.refresh_from_db()
    assert (erasure.state, erasure.attempt) == ("queued", 2)
    Erasure.objects.update(state="failed", finished_at=erasure.created_at.replace(year=2020))
    assert recovery._again() == 1


# --- holds -----------------------------------------------------------------------------------------------------


def test_a_hold_keeps_everything_and_lifting_it_lets_go(world, participant, consent, people, client_as, erase):
    administrator, page = client_as("administrator"), f"/participants/{participant.pk}/privacy/"
    assert administrator.post(f"{page}hold/", {"reason": ""}).status_code == 302
    assert not Hold.objects.exists()
    for _ in range(2):
        administrator.post(f"{page}hold/", {"reason": "A claim before the court in Hamburg"})
    assert Hold.objects.count() == 1
    with pytest.raises(services.Refused, match="on hold"):
        services.erase_everything(people["administrator"], participant, reason="By letter")
    withdraw(None, consent)
    erasure = Erasure.objects.get()
    job.perform(erasure.pk, erasure.attempt, worker="here")
    erasure.refresh_from_db()
    assert erasure.state == "queued", "nothing begins while it stands"
    assert made.left(made.VIDEO)
    assert "On hold" in administrator.get(page).content.decode()
    administrator.post(f"{page}lift/", {"reason": "Settled"})
    assert Hold.objects.get().lifted_by == people["administrator"]
    erase()
    assert [name for name in made.left(made.VIDEO) if not name.startswith("studies.")] == []


# --- certificates and revoked reports --------------------------------------------------------------------------


def test_the_certificate_is_genuine_and_says_nothing_of_the_content(world, participant, consent, erase, client_as):
    withdraw(None, consent)
    (erasure,) = erase()
    assert certificates.of_participant(participant).first() == erasure
    answer = client_as("analyst").get(f"/erasures/{erasure.pk}/certificate/")
    pdf = answer.content
    assert answer.headers["Content-Type"] == "application/pdf"
    check_read_aloud(pdf)
    found = verify_pdf(pdf)
    assert (found.verdict, found.headline) == ("good", "Genuine and unchanged.")
    assert "destruction certificate" in found.sentences[0]
    assert found.report is None
    said = certificates.content(erasure)
    assert not [word for word in made.WORDS if word in str(said)]
    assert {"name": "Recording, with its files", "rows": 1} in said["counts"]
    assert len(PdfFileReader(io.BytesIO(pdf)).embedded_signatures) == 1
    changed = bytearray(pdf)
    changed[len(pdf) // 3] ^= 1
    assert verify_pdf(bytes(changed)).verdict == "bad"


def test_a_copy_of_a_destroyed_report_is_revoked(world, consent, erase, client_as):
    pdf = world["report"].pdf.read()
    assert verify_pdf(pdf).verdict == "good"
    withdraw(None, consent)
    assert verify_pdf(pdf).headline == "This report was revoked.", "at once, before a worker came to it"
    erase()
    found = verify_pdf(pdf)
    assert (found.verdict, found.headline) == ("bad", "This report was revoked.")
    assert "destroy your copy" in found.sentences[0]
    for role, code in (("manager", 410), ("coder", 410), ("stranger", 404)):
        answer = client_as(role).get(f"/reports/{world['report'].pk}/")
        assert answer.status_code == code, role
    assert "revoked and destroyed" in client_as("manager").get(f"/reports/{world['report'].pk}/").content.decode()


def test_a_report_may_be_signed_again_without_what_was_withdrawn(world, consent, erase, people):
    from facsweb.reports import services as reports
    from tests.conftest import PASSWORD

    withdraw(None, consent, scopes=[Scope.EMOTION])
    erase()
    layer = type(world["layer"]).objects.get(pk=world["layer"].pk)
    again = reports.sign(people["coder"], layer, password=PASSWORD, statement=reports.STATEMENT)
    assert again.pk != world["sign_off"].pk
    assert "meaning" not in again.content


def test_paths_never_lead_out_of_the_folders():
    for name in ("media/../x", "media/", "media/..", "media/recordings/../../x"):
        with pytest.raises(ValueError, match="no path"):
            closure.located(name)
    with pytest.raises(KeyError):
        closure.located("etc/passwd")
