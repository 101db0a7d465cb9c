"""Many reports in one file, and the study bundle: complete, only what is signed and agreed to, once."""

import csv
import hashlib
import io
import json
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone

from facsweb.audit.models import Entry
from facsweb.reports import packages, packing, services, tasks
from facsweb.reports.models import Package
from facsweb.reports.verification import verify_pdf
from facsweb.studies.withdrawing import withdraw
from tests.conftest import PASSWORD

#: A worker's heartbeat is a connection of its own, which must see what the test wrote.
pytestmark = pytest.mark.django_db(transaction=True)
WANTED = ["full-en", "summary-en", "participant-de"]


def packed(people, study, kind="reports", wanted=WANTED):
    package = packages.start(people["analyst"], study, kind, [], wanted)
    tasks.pack(str(package.pk), package.attempt)
    package.refresh_from_db()
    return package


def opened(package):
    body = (Path(settings.MEDIA_ROOT) / package.file).read_bytes()
    assert hashlib.sha256(body).hexdigest() == package.sha256
    return zipfile.ZipFile(io.BytesIO(body))


def test_a_batch_has_every_document_and_its_checksums(report, people, study, redis):
    package = packed(people, study)
    assert package.state == "succeeded", package.error + package.error_detail
    assert (package.done, package.total, package.summary["reports"]) == (1, 1, 1)
    archive = opened(package)
    names = archive.namelist()
    assert len([name for name in names if name.endswith(".pdf")]) == 3
    for name in names:
        if name.endswith(".pdf"):
            assert verify_pdf(archive.read(name)).verdict == "good", name
    lines = dict(reversed(line.split("  ")) for line in archive.read("SHA256SUMS").decode().splitlines())
    assert lines.keys() == set(names) - {"SHA256SUMS"}
    assert all(hashlib.sha256(archive.read(name)).hexdigest() == digest for name, digest in lines.items())


def test_the_bundle_finds_its_way(report, people, study, redis):
    package = packed(people, study, "bundle", [])
    assert package.state == "succeeded", package.error + package.error_detail
    archive = opened(package)
    names = archive.namelist()
    assert {"README", "dataset_description.json", "participants.tsv", "participants.json", "manifest.json"} <= set(
        names
    )
    assert json.loads(archive.read("dataset_description.json"))["Name"] == study.name
    people_rows = list(csv.DictReader(io.StringIO(archive.read("participants.tsv").decode()), delimiter="\t"))
    assert people_rows == [{"participant_id": "sub-P001", "code": "P-001", "signed_codings": "1"}]
    (events,) = [name for name in names if name.endswith("_events.tsv")]
    assert events.startswith("sub-P001/ses-01/sub-P001_ses-01_task-interview1_desc-")
    rows = list(csv.DictReader(io.StringIO(archive.read(events).decode()), delimiter="\t"))
    assert len(rows) == report.sign_off.content["counts"]["signed"]
    sidecar = json.loads(archive.read(events.replace(".tsv", ".json")))
    assert set(rows[0]) <= set(sidecar)
    for ending in (
        "_coding.csv",
        "_coding.json",
        "_coding.eaf",
        "_coding.parquet",
        "_signals.parquet",
        "_report.pdf",
    ):
        assert any(name.endswith(ending) for name in names), ending
    (frozen,) = [name for name in names if name.endswith("_coding.json")]
    assert hashlib.sha256(archive.read(frozen)).hexdigest() == report.sign_off.content_sha256
    manifest = json.loads(archive.read("manifest.json"))
    assert manifest["reports"] == 1
    assert all(len(archive.read(one["path"])) == one["size"] for one in manifest["files"])


def test_what_was_revoked_since_is_left_out(report, people, study, redis):
    package = packages.start(people["analyst"], study, "bundle", [], [])
    services.revoke(people["administrator"], report, "Wrong participant")
    tasks.pack(str(package.pk), 1)
    package.refresh_from_db()
    assert package.state == "failed"
    assert "No report was left to pack" in package.error
    assert not list(packages.folder(package).iterdir())  # nothing half-made stays


def test_nothing_signed_is_nothing_packed(sign_off, people, study, redis):
    with pytest.raises(packages.Refused, match="no signed report"):
        packages.start(people["analyst"], study, "bundle", [], [])


def test_no_document_chosen_is_nothing_packed(report, people, study, redis):
    with pytest.raises(packages.Refused, match="at least one document"):
        packages.start(people["analyst"], study, "reports", [], ["nonsense"])


def test_a_double_click_packs_once(report, people, study, redis):
    first = packages.start(people["analyst"], study, "reports", [], WANTED)
    assert packages.start(people["analyst"], study, "reports", [], WANTED) == first
    assert Entry.objects.filter(action="package.start").count() == 1


def test_a_withdrawal_destroys_what_was_packed(report, people, study, consent, redis):
    package = packed(people, study)
    path = Path(settings.MEDIA_ROOT) / package.file
    assert path.exists()
    withdraw(people["analyst"], consent, reason="not stated")
    package.refresh_from_db()
    assert (package.state, package.file, path.exists()) == ("failed", "", False)
    assert "withdrew consent" in package.error


def test_a_withdrawal_in_the_middle_stops_it(report, people, study, consent, redis):
    package = packages.start(people["analyst"], study, "reports", [], WANTED)
    withdraw(people["analyst"], consent, reason="not stated")
    tasks.pack(str(package.pk), 1)
    package.refresh_from_db()
    assert (package.state, package.file) == ("cancelled", "")


def test_packed_files_go_after_a_week(report, people, study, redis):
    package = packed(people, study)
    path = Path(settings.MEDIA_ROOT) / package.file
    Package.objects.update(finished_at=timezone.now() - packages.KEPT - timedelta(minutes=1))
    packages.recover()
    package.refresh_from_db()
    assert (package.state, path.exists()) == ("failed", False)


def test_a_dead_worker_is_followed_by_another(report, people, study, redis):
    package = packages.start(people["analyst"], study, "reports", [], WANTED)
    assert packages.FENCE.claim(package.pk, 1, "dead worker")
    left = packages.folder(package) / "1.zip"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half")
    Package.objects.update(heartbeat_at=timezone.now() - timedelta(minutes=1))
    assert packages.recover() == 1
    assert not left.exists()
    package.refresh_from_db()
    assert (package.state, package.attempt, package.crashes) == ("queued", 2, 1)
    tasks.pack(str(package.pk), 1)  # the dead one comes back: it may do nothing
    package.refresh_from_db()
    assert package.state == "queued"
    tasks.pack(str(package.pk), 2)
    tasks.pack(str(package.pk), 2)  # carried twice
    package.refresh_from_db()
    assert package.state == "succeeded"
    assert [path.name for path in packages.folder(package).iterdir()] == ["2.zip"]


def test_a_package_that_kills_its_workers_is_given_up(report, people, study, redis):
    package = packages.start(people["analyst"], study, "reports", [], WANTED)
    for attempt in range(1, packages.MAX_CRASHES + 1):
        assert packages.FENCE.claim(package.pk, attempt, "worker")
        Package.objects.update(heartbeat_at=timezone.now() - timedelta(minutes=1))
        packages.recover()
    package.refresh_from_db()
    assert (package.state, package.error) == ("failed", packages.GIVEN_UP)


def test_the_pages(report, people, study, redis, client_as):
    lead, here = client_as("analyst"), f"/studies/{study.pk}/reports/"
    assert "Nothing was packed yet." in lead.get(here).content.decode()
    asked = {"kind": "reports", "documents": ["full-en"], "reports": [str(report.pk)]}
    assert lead.post(f"{here}package/", asked).status_code == 302
    package = Package.objects.get()
    assert "data-package-state" in lead.get(here).content.decode()
    assert lead.get(f"/packages/{package.pk}/state/").json()["state"] == "queued"
    assert lead.get(f"/packages/{package.pk}/download/").status_code == 404
    packing.perform(package.pk, 1, "worker")
    answer = lead.get(f"/packages/{package.pk}/download/")
    assert b"".join(answer.streaming_content).startswith(b"PK")
    assert Entry.objects.filter(action="package.download").count() == 1
    for role in ("coder", "manager"):
        assert client_as(role).get(f"/packages/{package.pk}/download/").status_code == 403
        assert client_as(role).post(f"{here}package/", asked).status_code == 403
    assert client_as("coder").get(here).status_code == 200
    assert client_as("manager").get(here).status_code == 403
    assert lead.post(f"{here}package/", {"kind": "nonsense"}).status_code == 302
    assert Package.objects.count() == 1


def test_stopping_one(report, people, study, redis, client_as):
    package = packages.start(people["analyst"], study, "bundle", [], [])
    client_as("analyst").post(f"/packages/{package.pk}/cancel/")
    tasks.pack(str(package.pk), 1)
    package.refresh_from_db()
    assert package.state == "cancelled"


def test_a_consent_that_no_longer_covers_what_a_report_says_leaves_it_out(report, consent):
    from facsweb.reports.resting import scopes_used
    from facsweb.studies.models import Consent, Scope

    used = scopes_used(report.sign_off.content)
    assert {Scope.VIDEO, Scope.EMOTION} <= set(used) <= set(map(Scope, consent.scopes))
    assert packing.why_not(report) == ""
    Consent.objects.filter(pk=consent.pk).update(scopes=[str(Scope.VIDEO)])
    assert packing.why_not(report) == "consent does not cover it any more"
    assert packing.why_not(None) == "not signed any more"


def another(study, people, code="P-002"):
    """A report about another participant of the study, made like the first one."""
    from facsweb.coding.services import open_layer
    from facsweb.reports.models import Report
    from facsweb.studies.models import Consent, Participant
    from tests.factories import make_finished_run, make_recording

    person = Participant.objects.create(study=study, code=code, created_by=people["analyst"])
    given = Consent.objects.first()
    Consent.objects.create(
        participant=person,
        form=given.form,
        scopes=given.scopes,
        method="on_screen",
        signature="P. Two",
        given_at=timezone.now(),
        recorded_by=people["analyst"],
    )
    run = make_finished_run(make_recording(person, people["analyst"]), people["analyst"])
    signed = services.sign(
        people["coder"], open_layer(people["coder"], run), password=PASSWORD, statement=services.STATEMENT
    )
    tasks.render_report(str(signed.report.pk))
    return Report.objects.get(pk=signed.report.pk)


def test_what_was_left_out_does_not_close_the_package(report, people, study, redis, client_as):
    other = another(study, people)
    package = packages.start(people["analyst"], study, "bundle", [], [])
    services.revoke(people["administrator"], other, "Wrong participant")
    tasks.pack(str(package.pk), 1)
    package.refresh_from_db()
    assert (package.state, len(package.summary["left_out"])) == ("succeeded", 1)
    answer = client_as("analyst").get(f"/packages/{package.pk}/download/")
    assert answer.status_code == 200
    assert b"".join(answer.streaming_content).startswith(b"PK")


def test_a_revoked_report_takes_its_packages_with_it(report, people, study, redis):
    package = packed(people, study)
    path = Path(settings.MEDIA_ROOT) / package.file
    services.revoke(people["administrator"], report, "Wrong participant")
    package.refresh_from_db()
    assert (package.state, package.file, path.exists()) == ("failed", "", False)
    assert package.error == packages.REVOKED
    assert Entry.objects.get(action="package.destroy").details["why"] == packages.REVOKED


def test_retention_takes_packages_with_it_and_blames_no_participant(report, people, study, consent, redis):
    from facsweb.privacy import retention
    from facsweb.studies.models import Consent

    package = packed(people, study)
    path = Path(settings.MEDIA_ROOT) / package.file
    # The participant did not agree to longer keeping.
    Consent.objects.filter(pk=consent.pk).update(scopes=[one for one in consent.scopes if one != "retention"])
    study.retention_days = 1
    study.save(update_fields=["retention_days"])
    for days in (30, 40):
        retention.run(timezone.now() + timedelta(days=days))
    report.refresh_from_db()
    assert (report.state, report.revoked_reason) == ("revoked", retention.OVER)
    package.refresh_from_db()
    assert (package.state, path.exists()) == ("failed", False)
    assert "withdrew" not in package.error


def test_a_law_that_forbids_it_is_not_told_as_a_withdrawal(report, people, study, participant, redis):
    from facsweb.reports import resting
    from facsweb.studies.models import Scope

    package = packed(people, study)
    law = "The law of the study’s place does not allow it."
    resting.end(None, participant, [Scope.EMOTION], reason=law)
    package.refresh_from_db()
    assert (package.state, package.error) == ("failed", f"{law} {packages.AGAIN}")


def test_a_package_at_work_stops_with_the_reason_when_a_report_in_it_is_revoked(report, people, study, redis):
    package = packages.start(people["analyst"], study, "bundle", [], [])
    assert packages.FENCE.claim(package.pk, 1, "worker")
    services.revoke(people["administrator"], report, "Wrong participant")
    package.refresh_from_db()
    assert package.cancel_requested_at is not None
    assert packages.FENCE.confirm_cancel(package.pk, 1)
    package.refresh_from_db()
    assert (package.state, package.error) == ("cancelled", packages.REVOKED)


def test_a_package_that_ended_in_between_is_destroyed_all_the_same(report, people, study, redis):
    """Whoever withdraws read the row while it was at work; meanwhile its worker published the file."""
    package = packages.start(people["analyst"], study, "bundle", [], [])
    assert packages.FENCE.claim(package.pk, 1, "worker")
    stale = Package.objects.get(pk=package.pk)
    path = packages.folder(package) / "1.zip"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"PK")
    stored = str(path.relative_to(settings.MEDIA_ROOT))
    assert packages.FENCE.finish(stale, {"file": stored, "sha256": "0" * 64, "size": 2})
    packages.withdraw(stale)
    package.refresh_from_db()
    assert (package.state, package.file, path.exists()) == ("failed", "", False)


def test_a_report_whose_file_is_gone_is_left_out_and_the_others_are_packed(report, people, study, redis):
    other = another(study, people)
    Path(other.pdf.path).unlink()
    for kind in ("reports", "bundle"):
        package = packed(people, study, kind, ["full-en"])
        assert package.state == "succeeded", package.error
        assert [out["report"] for out in package.summary["left_out"]] == [str(other.pk)]
        assert not [name for name in opened(package).namelist() if str(other.pk)[:8] in name]


def test_names_in_a_bundle_fit_every_system(report, people, study, redis):
    """p-001 is somebody else than P-001 also where case does not count; titles are cut; no cell is a formula."""
    recording = report.sign_off.layer.run.recording
    type(recording).objects.filter(pk=recording.pk).update(title="long " * 32)
    another(study, people, code="p-001")
    another(study, people, code="=1+1")
    package = packed(people, study, "bundle", [])
    assert package.state == "succeeded", package.error + package.error_detail
    archive = opened(package)
    subjects = {name.split("/")[0] for name in archive.namelist() if name.startswith("sub-")}
    assert len({one.casefold() for one in subjects}) == 3
    assert max(len(name) for name in archive.namelist()) < 160
    assert "\t'=1+1\t" in archive.read("participants.tsv").decode()
