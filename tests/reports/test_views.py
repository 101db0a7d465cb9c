"""Every page of reports, for every role."""

import csv
import hashlib
import io
import re
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from facsweb.audit.models import Entry
from facsweb.reports import services
from facsweb.reports.models import Report, SignOff
from facsweb.studies.models import Membership, Role, Study
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db
ROLES = [str(role) for role in Role]
DOWNLOADS = ["reports:pdf", "reports:csv", "reports:json"]


def address(page, obj):
    return reverse(page, args=[obj.pk])


def signing(layer, **changed):
    return {"revision": layer.revision, "confirmed": "on", "password": PASSWORD} | changed


# --- access ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", ["reports:detail", "reports:state", *DOWNLOADS])
def test_members_of_every_role_open_finished_reports_and_strangers_learn_nothing(page, report, client_as):
    for role in ROLES:
        assert client_as(role).get(address(page, report)).status_code == 200, role
    for role in ("stranger", "staff"):
        assert client_as(role).get(address(page, report)).status_code == 404
    assert Client().get(address(page, report)).status_code == 302


@pytest.mark.parametrize("page", ["reports:detail", "reports:state", "reports:csv", "reports:json"])
def test_managers_are_not_told_about_unfinished_reports(page, sign_off, client_as):
    assert client_as("manager").get(address(page, sign_off.report)).status_code == 404
    assert client_as("analyst").get(address(page, sign_off.report)).status_code == 200


def test_managers_never_see_review_pages(report, client_as):
    layer = report.sign_off.layer
    assert client_as("manager").get(address("coding:review", layer.run)).status_code == 403
    assert reverse("coding:review", args=[layer.run_id]) not in (
        client_as("manager").get(address("reports:detail", report)).content.decode()
    )


def test_only_the_layers_coder_opens_the_signing_page(layer, people, client_as, study):
    page = address("reports:sign", layer)
    assert client_as("coder").get(page).status_code == 200
    for role in ("administrator", "analyst", "manager"):
        assert client_as(role).get(page).status_code == 403
    assert client_as("stranger").get(page).status_code == 404
    Membership.objects.create(study=study, user=people["stranger"], role="coder")
    assert client_as("stranger").get(page).status_code == 403  # a coder, but of another layer


@pytest.mark.parametrize(
    ("page", "allowed"), [("reports:revoke", {"administrator"}), ("reports:retry", {"administrator", "coder"})]
)
def test_acts_on_reports_by_role(page, allowed, report, client_as):
    for role in set(ROLES) - allowed:
        assert client_as(role).post(address(page, report), {"reason": "x"}).status_code == 403, role
    assert client_as("stranger").post(address(page, report), {"reason": "x"}).status_code == 404
    assert client_as("administrator").get(address(page, report)).status_code == 405
    for role in allowed:
        assert client_as(role).post(address(page, report), {"reason": "x"}).status_code == 302


# --- signing ---------------------------------------------------------------------------------------------


def test_the_signing_page_says_what_is_signed(layer, client_as):
    text = client_as("coder").get(address("reports:sign", layer)).content.decode()
    assert "3 proposals of the machine were not reviewed." in text
    assert services.STATEMENT in text
    assert (
        text.count("They are not diagnoses and cannot detect lies.") == 2
    )  # beside the figures, and below the page


def test_every_field_of_a_signature_has_its_own_label(layer, client_as):
    text = client_as("coder").get(address("reports:sign", layer)).content.decode()
    labels = dict(re.findall(r'<label for="(\w+)">([^<]+)</label>', text))
    assert labels == {"id_confirmed": "I confirm this statement", "id_password": "Your password, again"}


def test_signing_leads_to_the_report(layer, client_as):
    coder = client_as("coder")
    response = coder.post(address("reports:sign", layer), signing(layer))
    report = Report.objects.get()
    assert response.headers["Location"] == address("reports:detail", report)
    again = coder.post(address("reports:sign", layer), signing(layer))
    assert again.headers["Location"] == address("reports:detail", report)
    assert coder.get(address("reports:sign", layer)).headers["Location"] == address("reports:detail", report)
    page = coder.get(address("reports:detail", report)).content.decode()
    assert "The document is being made" in page
    assert "report.js" in page
    assert coder.get(address("reports:state", report)).json()["state"] == "waiting"


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"password": "guess"}, "The password is wrong. Nothing was signed."),
        ({"password": ""}, "This field is required."),
        ({"confirmed": ""}, "Confirm first."),
        ({"revision": 1}, "The coding changed since this page was opened."),
    ],
)
def test_refusals_are_said_on_the_page(layer, client_as, changed, sentence):
    response = client_as("coder").post(address("reports:sign", layer), signing(layer, **changed))
    assert response.status_code == 200
    assert sentence in response.content.decode()
    assert not SignOff.objects.exists()


def test_after_a_refusal_the_page_signs_what_it_shows(layer, client_as):
    text = client_as("coder").post(address("reports:sign", layer), signing(layer, revision=1)).content.decode()
    assert f'name="revision" value="{layer.revision}"' in text
    assert PASSWORD not in text


def test_a_page_that_cannot_be_signed_says_why_and_has_no_form(layer, client_as, consent, people):
    from facsweb.studies.withdrawing import withdraw

    withdraw(people["analyst"], consent, reason="not stated")
    text = client_as("coder").get(address("reports:sign", layer)).content.decode()
    assert "withdrew consent" in text
    assert 'name="password"' not in text


# --- list and page ---------------------------------------------------------------------------------------


def test_the_list_shows_each_person_what_they_may_see(report, client_as, people):
    for role in ROLES:
        assert "P-001" in client_as(role).get(reverse("reports:list")).content.decode()
    stranger = client_as("stranger").get(reverse("reports:list")).content.decode()
    assert "P-001" not in stranger
    assert "No reports yet" in stranger
    other = Study.objects.create(name="Other", purpose="x", setting="research", created_by=people["staff"])
    Membership.objects.create(study=other, user=people["stranger"], role="manager")
    assert "P-001" not in client_as("stranger").get(reverse("reports:list")).content.decode()


def test_managers_list_finished_reports_only(sign_off, client_as, people):
    page = reverse("reports:list")
    assert "P-001" not in client_as("manager").get(page).content.decode()
    assert "P-001" in client_as("coder").get(page).content.decode()
    services.revoke(people["administrator"], sign_off.report, "x")
    assert "Revoked" in client_as("manager").get(page).content.decode()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=p-001", True),
        ("q=interview+coder", True),
        ("q=nobody", False),
        ("study=nonsense", True),
        ("page=99", True),
    ],
)
def test_finding(report, client_as, query, found):
    text = client_as("manager").get(f"{reverse('reports:list')}?{query}").content.decode()
    assert ("P-001</a>" in text) is found


def test_finding_by_study(report, client_as, people):
    empty = Study.objects.create(name="Empty", purpose="x", setting="research", created_by=people["staff"])
    Membership.objects.create(study=empty, user=people["manager"], role="manager")
    client = client_as("manager")
    assert "P-001</a>" in client.get(reverse("reports:list"), {"study": report.study.pk}).content.decode()
    assert "No report fits" in client.get(reverse("reports:list"), {"study": empty.pk}).content.decode()


def test_the_list_needs_few_queries(report, client_as, django_assert_max_num_queries):
    client = client_as("manager")
    with django_assert_max_num_queries(8):
        client.get(reverse("reports:list"))


def test_the_page_shows_events_figures_and_hashes(report, client_as):
    text = client_as("manager").get(address("reports:detail", report)).content.decode()
    for expected in ("L14B", "Left corner only", "Not reviewed", "62.0 %", report.pdf_sha256, services.STATEMENT):
        assert expected in text
    assert "supportive indicators" in text
    assert "Revoke this report" not in text
    assert (
        "Revoke this report" in client_as("administrator").get(address("reports:detail", report)).content.decode()
    )


def test_revoking(report, client_as):
    client = client_as("administrator")
    client.post(address("reports:revoke", report), {"reason": ""})
    report.refresh_from_db()
    assert report.state == "ready"
    client.post(address("reports:revoke", report), {"reason": "Two participants were mixed up"})
    text = client_as("manager").get(address("reports:detail", report)).content.decode()
    assert "Two participants were mixed up" in text
    assert "L14B" not in text  # what it said is kept for administrators
    assert "L14B" in client.get(address("reports:detail", report)).content.decode()
    for page in DOWNLOADS:
        assert client_as("manager").get(address(page, report)).status_code == 403
        assert client.get(address(page, report)).status_code == 200


# --- downloads -------------------------------------------------------------------------------------------


def test_the_pdf_is_the_one_that_was_sealed(report, client_as):
    response = client_as("manager").get(address("reports:pdf", report))
    assert hashlib.sha256(response.content).hexdigest() == report.pdf_sha256
    assert response.headers["Content-Type"] == "application/pdf"
    day = report.sign_off.content["sign_off"]["signed_at"][:10]
    assert f'attachment; filename="checkout-usability_P-001_{day}_report.pdf"' in response["Content-Disposition"]
    assert "no-store" in response.headers["Cache-Control"]
    assert "private" in response.headers["Cache-Control"]


def test_the_json_has_the_hash_that_the_report_prints(report, client_as):
    response = client_as("manager").get(address("reports:json", report))
    assert hashlib.sha256(response.content).hexdigest() == report.sign_off.content_sha256
    assert "no-store" in response.headers["Cache-Control"]


def test_the_csv_holds_what_was_signed(report, client_as):
    response = client_as("manager").get(address("reports:csv", report))
    assert "events.csv" in response["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"))))
    assert len(rows) == 8
    assert rows[1]["onset_us"] == "1000000"
    assert (rows[1]["offset_us"], rows[1]["machine_offset_us"]) == ("5000000", "4800000")
    assert (rows[4]["code"], rows[4]["side"], rows[4]["machine_code"]) == ("14", "left", "")
    assert (rows[7]["result"], rows[7]["code"], rows[7]["machine_code"]) == ("deleted", "", "45")


def test_no_cell_is_a_formula(report, client_as):
    sign_off = report.sign_off
    for place, note in enumerate(["=1+1", "+1", "-1", "@a", "\t=1", "plain"]):
        sign_off.content["events"][place]["note"] = note
    sign_off.save()
    body = client_as("manager").get(address("reports:csv", report)).content.decode("utf-8-sig")
    notes = [row["note"] for row in csv.DictReader(io.StringIO(body, newline=""))]
    assert notes[:6] == ["'=1+1", "'+1", "'-1", "'@a", "'\t=1", "plain"]


def test_downloads_are_logged(report, client_as, people):
    for page in DOWNLOADS:
        client_as("manager").get(address(page, report))
        client_as("stranger").get(address(page, report))
    entries = Entry.objects.filter(action="report.download").order_by("number")
    assert [entry.details["format"] for entry in entries] == ["pdf", "csv", "json"]
    assert {entry.actor for entry in entries} == {people["manager"]}


def test_a_pdf_that_is_not_made_yet_is_not_there(sign_off, client_as):
    assert client_as("coder").get(address("reports:pdf", sign_off.report)).status_code == 404


# --- verification ----------------------------------------------------------------------------------------


def upload(client, body, name="report.pdf"):
    return client.post(reverse("verify"), {"file": SimpleUploadedFile(name, body)})


def test_anybody_verifies(pdf):
    page = Client().get(reverse("verify"))
    assert page.status_code == 200
    text = upload(Client(), pdf).content.decode()
    assert "Genuine and unchanged." in text
    assert "Coder Person" in text


def test_anonymous_people_learn_no_more_than_the_file_says(pdf, report, people):
    services.revoke(people["administrator"], report, "The secret reason")
    text = upload(Client(), pdf).content.decode()
    for secret in ("Checkout usability", "P-001", "The secret reason", str(report.pk)):
        assert secret not in text
    assert "This report was revoked." in text


def test_members_get_a_link_to_the_report(pdf, report, client_as):
    link = address("reports:detail", report)
    assert link in upload(client_as("manager"), pdf).content.decode()
    assert link not in upload(client_as("stranger"), pdf).content.decode()


def test_a_changed_file_is_said_to_be_changed(pdf):
    text = upload(Client(), pdf[:3000] + b"!" + pdf[3001:]).content.decode()
    assert "changed after it was signed" in text
    assert 'data-tone="bad"' in text
    assert "what it covers was changed" in text
    assert "nothing was changed" not in text


def test_no_file_and_too_large_a_file(settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = None
    assert Client().post(reverse("verify")).status_code == 400
    response = Client().post(
        reverse("verify"), b"x", content_type="multipart/form-data; boundary=b", CONTENT_LENGTH=str(60 << 20)
    )
    assert response.status_code == 413
    assert "too large" in response.content.decode()


def test_too_many_files_a_minute(monkeypatch):
    from django.core.cache import cache

    from facsweb.reports import views

    cache.clear()
    monkeypatch.setattr(views, "CHECKS_A_MINUTE", 2)
    statuses = [upload(Client(), b"x").status_code for _ in range(3)]
    cache.clear()
    assert statuses == [200, 200, 429]


def test_verifying_stores_nothing(pdf, settings):
    def files():
        return {
            path for path in Path(settings.DATA_DIR).rglob("*") if path.is_file() and "sqlite" not in path.name
        }

    before = files()
    upload(Client(), pdf)
    assert files() == before


def test_too_many_codes_a_minute_are_not_told_as_unknown_ones(report, monkeypatch):
    from django.core.cache import cache

    from facsweb.reports import views

    cache.clear()
    monkeypatch.setattr(views, "CHECKS_A_MINUTE", 1)
    asked = {"report": str(report.pk), "code": report.sign_off.content_sha256[:32]}
    answers = [Client().get(reverse("verify"), asked) for _ in range(2)]
    cache.clear()
    assert [one.status_code for one in answers] == [200, 429]
    assert "This report stands." in answers[0].content.decode()
    told = answers[1].content.decode()
    assert "No report here has this code" not in told
    assert "Wait a minute" in told


def test_the_list_tells_nothing_of_what_a_revoked_report_said(report, client_as, people):
    services.revoke(people["administrator"], report, "Two participants were mixed up")
    count = f'<td class="num">{report.sign_off.content["counts"]["signed"]}</td>'
    assert count in client_as("administrator").get(reverse("reports:list")).content.decode()
    assert count not in client_as("manager").get(reverse("reports:list")).content.decode()


def test_one_side_that_nobody_named_is_written_as_in_facs():
    from facsweb.reports import presentation

    said = {"code": "14", "side": "unilateral", "intensity": "B"}
    assert presentation.notation(said) == "U14B"


def impatient(monkeypatch):
    """The child that looks at a PDF first gets no time at all."""
    from functools import partial

    from analysis import confined
    from analysis.confined.jail import Limits

    none = Limits(memory=400 << 20, cpu_s=20, wall_s=0)
    monkeypatch.setattr(confined, "taste_pdf", partial(confined.taste_pdf, limits=none))


def test_a_pdf_that_takes_too_much_is_refused_before_it_is_read_here(pdf, monkeypatch):
    impatient(monkeypatch)
    answer = upload(Client(), pdf)
    assert (answer.status_code, "cannot be read safely" in answer.content.decode()) == (422, True)


def test_the_list_of_codings_says_when_it_is_not_all(layer, client_as, people, monkeypatch):
    from facsweb.coding.models import Layer
    from facsweb.reports import views

    Layer.objects.create(run=layer.run, kind="coder", owner=people["administrator"])
    monkeypatch.setattr(views, "PAGE_SIZE", 1)
    assert "the newest 1 of 2" in client_as("administrator").get("/reports/?state=draft").content.decode()
