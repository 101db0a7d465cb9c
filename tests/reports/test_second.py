"""Four eyes: who may sign as second, what the file then carries, sending back, and the life that is told."""

import io
import subprocess

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from facsweb.audit.models import Entry
from facsweb.coding.models import Layer
from facsweb.reports import life, second, services, signing
from facsweb.reports.models import Countersignature, Report, SignOff
from facsweb.reports.services import Refused
from facsweb.reports.tasks import render_report
from facsweb.reports.verification import verify_pdf
from tests.at_once import at_once
from tests.conftest import PASSWORD
from tests.read_aloud import check_read_aloud

pytestmark = pytest.mark.django_db


@pytest.fixture
def half(layer, people, study):
    """A report with one of two signatures, as the worker leaves it."""
    services.set_four_eyes(people["administrator"], study, True)
    sign_off = services.sign(people["coder"], layer, password=PASSWORD, statement=services.STATEMENT)
    render_report(str(sign_off.report.pk))
    return Report.objects.get(pk=sign_off.report.pk)


@pytest.fixture
def whole(half, people):
    second.countersign(people["administrator"], half, password=PASSWORD)
    render_report(str(half.pk))
    report = Report.objects.get(pk=half.pk)
    assert report.state == "ready", report.error
    return report


def test_one_signature_does_not_count(half, client_as):
    assert half.state == "awaiting"
    data = half.pdf.read()
    found = verify_pdf(data)
    assert (found.verdict, found.headline) == ("attention", "Genuine, but signed by one of two people.")
    assert client_as("coder").get(f"/reports/{half.pk}/pdf/").status_code == 404
    assert client_as("manager").get(f"/reports/{half.pk}/").status_code == 404
    assert life.state_of(half) == life.CODED


def test_the_second_signature_is_added_behind_the_first(half, whole, tmp_path):
    before, after = half.pdf_sha256, whole.pdf.read()
    check_read_aloud(after)
    reader = PdfFileReader(io.BytesIO(after))
    first, later = reader.embedded_regular_signatures
    assert (first.field_name, later.field_name) == (signing.FIELD_NAME, signing.SECOND_FIELD)
    root = signing.own().roots
    for one in (first, later):
        status = validate_pdf_signature(one, ValidationContext(trust_roots=list(root), allow_fetching=False))
        assert status.bottom_line, status.pretty_print_details()
    end = int(first.byte_range[2] + first.byte_range[3])
    import hashlib

    assert hashlib.sha256(after[:end]).hexdigest() == before  # the first file, untouched, is the beginning
    found = verify_pdf(after)
    assert (found.verdict, found.signer) == ("good", "Coder Person and Administrator Person")
    assert [one.bottom_line for one in found.signatures] == [True, True]
    assert "only signatures were added" in found.signatures[0].changes
    assert found.signatures[1].coverage == "the whole file"
    assert verify_pdf(after[:end]).verdict == "attention"  # the first version does not count


def test_qpdf_finds_no_fault_in_both_signed_files(half, whole, tmp_path):
    import shutil

    if shutil.which("qpdf") is None:
        pytest.skip("qpdf is not installed")
    path = tmp_path / "report.pdf"
    path.write_bytes(whole.pdf.read())
    done = subprocess.run(["qpdf", "--check", str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("who", "sentence"),
    [
        ("coder", "another person's"),
        ("analyst", "Only a coder or an administrator"),
        ("manager", "Only a coder or an administrator"),
        ("stranger", "Only a coder or an administrator"),
    ],
)
def test_who_may_not(half, people, who, sentence):
    with pytest.raises(Refused, match=sentence):
        second.countersign(people[who], half, password=PASSWORD)
    with pytest.raises(Refused, match=sentence):
        second.send_back(people[who], half, "No")
    assert not Countersignature.objects.exists()


def test_a_wrong_password_signs_nothing(half, people):
    with pytest.raises(Refused, match="password is wrong"):
        second.countersign(people["administrator"], half, password="guess")
    half.refresh_from_db()
    assert half.state == "awaiting"


def test_after_a_withdrawal_nobody_countersigns(half, people, consent):
    from facsweb.studies.withdrawing import withdraw

    withdraw(people["analyst"], consent, reason="not stated")
    with pytest.raises(Refused, match="does not wait"):
        second.countersign(people["administrator"], half, password=PASSWORD)


def test_a_second_click_later_is_the_first_decision(whole, people):
    again = second.countersign(people["administrator"], whole, password=PASSWORD)
    assert again == Countersignature.objects.get()
    whole.refresh_from_db()
    assert whole.state == "ready"


def test_the_form_takes_a_code_and_no_password(half, people, client_as):
    from tests.accounts.conftest import code_now, enrol

    administrator, page = people["administrator"], f"/reports/{half.pk}/countersign/"
    enrol(administrator)
    administrator.set_unusable_password()
    administrator.save()
    client = client_as("administrator")
    shown = client.get(page).content.decode()
    assert 'name="code"' in shown
    assert 'name="password"' not in shown
    assert "Write your password or a code" in client.post(page, {"confirmed": "on"}).content.decode()
    assert "The code is wrong" in client.post(page, {"confirmed": "on", "code": "000000"}).content.decode()
    assert not Countersignature.objects.exists()
    sent = {"confirmed": "on", "code": code_now()}
    assert client.post(page, sent).url == f"/reports/{half.pk}/"
    # A code fits once; the second half of a double click is led to what the first half did.
    assert client.post(page, sent).url == f"/reports/{half.pk}/"
    assert Countersignature.objects.count() == 1


def test_the_form_offers_a_passkey(half, people, client_as, monkeypatch):
    from facsweb.accounts import reauthentication

    means = reauthentication.Means(password=False, code=False, passkey=True)
    monkeypatch.setattr(reauthentication, "means_of", lambda user: means)
    page = client_as("administrator").get(f"/reports/{half.pk}/countersign/").content.decode()
    assert 'data-passkey="get"' in page
    assert 'name="credential"' in page
    assert 'name="password"' not in page


def test_somebody_elses_confirmation_countersigns_nothing(half, people):
    from facsweb.accounts.reauthentication import Confirmation

    with pytest.raises(Refused, match="Somebody else"):
        second.countersign(people["administrator"], half, confirmation=Confirmation(people["coder"].pk, "code"))


def test_what_next_asks_who_may_and_tells_the_coder_when_it_comes_back(half, people, study, client_as):
    link = f'href="/reports/{half.pk}/countersign/"'
    assert link in client_as("administrator").get("/").content.decode()
    for role in ("coder", "analyst", "manager"):
        assert link not in client_as(role).get("/").content.decode(), role
    # The pages of the study and of the recording lead there, too.
    assert (
        f'href="/studies/{study.pk}/reports/"' in client_as("coder").get(f"/studies/{study.pk}/").content.decode()
    )
    recording = half.sign_off.layer.run.recording
    assert "First signature" in client_as("coder").get(f"/recordings/{recording.pk}/").content.decode()
    second.send_back(people["administrator"], half, "Look at 0:03 again")
    page = client_as("coder").get("/").content.decode()
    assert "Look at 0:03 again" in page
    assert "Administrator Person" in page
    assert link not in client_as("administrator").get("/").content.decode()
    told = Entry.objects.get(action="report.send_back")
    assert "0:03" not in str(told.details), "words about a coding may be about a person"


@pytest.mark.django_db(transaction=True)
def test_a_double_click_countersigns_once(half, people, redis):
    found = at_once(lambda: second.countersign(people["administrator"], half, password=PASSWORD).pk)
    assert len(set(found)) == 1
    assert Entry.objects.filter(action="report.countersign").count() == 1


def test_the_second_worker_of_two_adds_nothing(whole):
    before = whole.pdf_sha256
    Report.objects.filter(pk=whole.pk).update(state="waiting")
    stale = Report.objects.get(pk=whole.pk)
    Report.objects.filter(pk=whole.pk).update(state="ready")
    render_report(str(stale.pk))
    whole.refresh_from_db()
    assert whole.pdf_sha256 == before


def test_a_first_file_that_was_altered_is_never_countersigned(half, people):
    from pathlib import Path

    path = Path(half.pdf.path)
    path.write_bytes(path.read_bytes()[:-1] + b"\r")
    second.countersign(people["administrator"], half, password=PASSWORD)
    render_report(str(half.pk))
    half.refresh_from_db()
    assert half.state == "failed"


def test_sending_back_opens_the_coding_and_tells_why(half, people, layer, client_as):
    with pytest.raises(Refused, match="Give a reason"):
        second.send_back(people["administrator"], half, " ")
    second.send_back(people["administrator"], half, "Look at 00:03 again")
    second.send_back(people["administrator"], half, "Look at 00:03 again")  # a double click
    half.refresh_from_db()
    layer.refresh_from_db()
    assert (half.state, layer.state) == ("returned", "open")
    assert Entry.objects.filter(action="report.send_back").count() == 1
    page = client_as("coder").get(f"/layers/{layer.pk}/sign/").content.decode()
    assert "Look at 00:03 again" in page
    assert "Sent back by Administrator Person" in client_as("coder").get(f"/reports/{half.pk}/").content.decode()
    found = verify_pdf(half.pdf.read())
    assert (found.verdict, found.headline) == ("bad", "This report was never issued.")
    with pytest.raises(Refused, match="does not wait"):
        second.countersign(people["administrator"], half, password=PASSWORD)


def test_signed_again_after_it_was_sent_back(half, people, layer):
    second.send_back(people["administrator"], half, "Look again")
    layer.refresh_from_db()
    again = services.sign(people["coder"], layer, password=PASSWORD, statement=services.STATEMENT)
    assert SignOff.objects.filter(layer=layer).count() == 2
    assert SignOff.objects.get(layer=layer, standing=True) == again
    told = [(step.state, step.what) for step in life.of_report(again.report)]
    assert told[0] == (life.DRAFT, "Begun")
    assert [what for _, what in told[1:]] == ["First signature", "Sent back", "First signature"]


def test_the_life_of_a_report(whole, people):
    services.revoke(people["administrator"], whole, "Wrong participant")
    whole.refresh_from_db()
    steps = life.of_report(whole)
    assert [step.what for step in steps] == ["Begun", "First signature", "Second signature", "Revoked"]
    assert [step.state for step in steps] == [life.DRAFT, life.CODED, life.SIGNED, life.REVOKED]
    assert steps[-1].reason == "Wrong participant"
    assert life.state_of(whole) == life.REVOKED


def test_the_pages(half, client_as, people):
    page = client_as("administrator").get(f"/reports/{half.pk}/countersign/").content.decode()
    assert second.STATEMENT in page
    told = client_as("coder").get(f"/reports/{half.pk}/countersign/").content.decode()
    assert "You signed this coding first" in told
    assert "Countersign the report" not in told
    administrator = client_as("administrator")
    refused = administrator.post(f"/reports/{half.pk}/countersign/", {"confirmed": "on", "password": "guess"})
    assert "The password is wrong" in refused.content.decode()
    assert administrator.post(f"/reports/{half.pk}/send-back/", {"reason": ""}).status_code == 302
    half.refresh_from_db()
    assert half.state == "awaiting"
    done = administrator.post(f"/reports/{half.pk}/countersign/", {"confirmed": "on", "password": PASSWORD})
    assert done.headers["Location"] == f"/reports/{half.pk}/"
    half.refresh_from_db()
    assert half.state == "waiting"


def test_the_option_is_the_studys_and_logged(study, people, client_as, layer):
    page = f"/studies/{study.pk}/reports/four-eyes/"
    assert client_as("analyst").post(page, {"four_eyes": "on"}).status_code == 403
    for _ in range(2):
        client_as("administrator").post(page, {"four_eyes": "on"})
    assert services.four_eyes(study)
    told = Entry.objects.get(action="study.report_options")
    assert (told.before, told.after) == ({"four_eyes": False}, {"four_eyes": True})
    assert "asks for two signatures" in client_as("coder").get(f"/layers/{layer.pk}/sign/").content.decode()
    client_as("administrator").post(page, {})
    assert not services.four_eyes(study)


def test_the_list_by_state(half, client_as, layer):
    coder = client_as("coder")
    assert "P-001" in coder.get("/reports/?state=coded").content.decode()
    assert "No report fits" in coder.get("/reports/?state=revoked").content.decode()
    Layer.objects.filter(pk=layer.pk).update(state="open")
    assert "Not signed yet" in coder.get("/reports/?state=draft").content.decode()
    assert "Not signed yet" not in client_as("manager").get("/reports/?state=draft").content.decode()


def _given_out(report, client):
    names = ("csv", "json", "files/elan", "files/events", "files/signals")
    return {name: client.get(f"/reports/{report.pk}/{name}/").status_code for name in names}


def test_with_one_signature_nothing_of_it_is_given_out(half, people, client_as):
    coder = client_as("coder")
    assert set(_given_out(half, coder).values()) == {404}
    page = coder.get(f"/reports/{half.pk}/").content.decode()
    assert f"/reports/{half.pk}/csv/" not in page
    assert f"/reports/{half.pk}/pdf/" not in page
    second.send_back(people["administrator"], half, "Look again")
    assert set(_given_out(half, coder).values()) == {404}, "what was sent back was never issued"


def test_with_two_signatures_everything_is_given_out(whole, client_as):
    assert set(_given_out(whole, client_as("analyst")).values()) == {200}


def test_what_was_sent_back_cannot_be_revoked_and_the_page_says_so(half, people, client_as):
    second.send_back(people["administrator"], half, "Look again")
    answer = client_as("administrator").post(f"/reports/{half.pk}/revoke/", {"reason": "Wrong"}, follow=True)
    assert "Nothing was revoked" in answer.content.decode()
    assert not Entry.objects.filter(action="report.revoke").exists()
