"""Home answers "what next?" by role; the models page says what is known and what is not."""

import pytest
from django.urls import reverse

from analysis.facs.codes import ACTION_UNITS
from facsweb.runs.models import AnalysisRun
from facsweb.studies.models import Membership, Participant
from facsweb.studies.withdrawing import withdraw
from tests.conftest import PASSWORD
from tests.factories import make_finished_run, make_recording

HTMX = {"HX-Request": "true"}


@pytest.fixture
def home(client_as):
    return lambda role: client_as(role).get(reverse("home"))


@pytest.fixture
def recording(participant, consent, people):
    return make_recording(participant, people["analyst"])


def test_health_and_favicon_are_for_everybody(client, db):
    assert client.get(reverse("health")).json() == {"status": "ok"}
    assert client.get(reverse("favicon"))["Location"].endswith("favicon.svg")


def test_a_person_without_a_study_is_told_how_they_get_into_one(home, people):
    assert "You are in no study yet" in home("stranger").content.decode()
    assert reverse("studies:create") in home("staff").content.decode()


def test_the_analyst_sees_what_can_be_analysed_and_who_has_not_consented(home, recording, people, study):
    other = Participant.objects.create(study=study, code="P-777", created_by=people["analyst"])
    response = home("analyst")
    assert response.context["analyst"].ready == [recording]
    assert reverse("recordings:detail", args=[recording.pk]) in response.content.decode()
    assert reverse("studies:consent_create", args=[other.pk]) in response.content.decode()


def test_a_recording_without_consent_is_not_offered_for_analysis(home, recording, people, consent):
    withdraw(people["analyst"], consent, reason="Not stated")
    assert home("analyst").context["analyst"].ready == []


def test_a_failed_analysis_is_said_with_its_reason(home, recording, people):
    AnalysisRun.objects.create(
        recording=recording, created_by=people["analyst"], state="failed", error="Disk full."
    )
    assert "Disk full." in home("analyst").content.decode()


def test_runs_in_progress_ask_again_by_themselves_and_stop_when_done(client_as, home, recording, people):
    run = AnalysisRun.objects.create(
        recording=recording, created_by=people["analyst"], state="running", stage="measure", done=30, total=120
    )
    text = home("coder").content.decode()
    assert "25 %" in text
    assert 'hx-trigger="every 3s"' in text
    client, url = client_as("coder"), reverse("home") + "?part=runs"
    part = client.get(url, headers=HTMX)
    assert part.status_code == 200
    assert "<html" not in part.content.decode()
    AnalysisRun.objects.filter(pk=run.pk).update(state="cancelled")
    ended = client.get(url, headers=HTMX)
    assert ended.status_code == 286
    assert "hx-trigger" not in ended.content.decode()


def test_runs_of_other_studies_are_not_told(client_as, recording, people):
    AnalysisRun.objects.create(recording=recording, created_by=people["analyst"], state="running")
    assert client_as("stranger").get(reverse("home")).context["active"] == []
    assert client_as("manager").get(reverse("home")).context["active"] == []


def test_the_coder_continues_where_they_were_and_signed_work_leaves_the_queue(
    home, participant, recording, people
):
    from facsweb.coding.services import open_layer

    first = make_finished_run(recording, people["analyst"])
    second = make_finished_run(make_recording(participant, people["analyst"]), people["analyst"])
    queue = home("coder").context["coder"]
    assert (queue.next_run, queue.total) == (first, 2)
    layer = open_layer(people["coder"], second)
    response = home("coder")
    assert response.context["coder"].next_run == second
    assert "Continue" in response.content.decode()
    type(layer).objects.filter(pk=layer.pk).update(state="signed")
    assert home("coder").context["coder"].untouched == [first]


def test_only_the_newest_run_of_a_recording_waits(home, recording, people):
    make_finished_run(recording, people["analyst"])
    newest = make_finished_run(recording, people["analyst"])
    assert home("coder").context["coder"].untouched == [newest]


def test_the_manager_sees_signed_reports_only(home, recording, people):
    from facsweb.coding.services import accept_event, open_layer
    from facsweb.reports import services as reports

    assert "No signed reports yet" in home("manager").content.decode()
    layer = open_layer(people["coder"], make_finished_run(recording, people["analyst"]))
    for event in layer.events.all():
        accept_event(people["coder"], event, expected=1)
    layer.refresh_from_db()
    report = reports.sign(people["coder"], layer, password=PASSWORD, statement=reports.STATEMENT).report
    assert home("manager").context["reports"] == []
    type(report).objects.filter(pk=report.pk).update(state="ready")
    response = home("manager")
    assert response.context["reports"] == [report]
    assert "signed by Coder Person" in response.content.decode()


def test_the_administrator_sees_studies_and_withdrawals(home, study, people, consent):
    withdraw(people["analyst"], consent, reason="Changed my mind")
    text = home("administrator").content.decode()
    assert reverse("studies:members", args=[study.pk]) in text
    assert "1 participant ·" in text
    assert "4 members" in text
    assert "Changed my mind" in text


def test_several_roles_see_their_sections_together(client_as, study, people):
    for role in ("analyst", "coder", "manager", "administrator"):
        Membership.objects.get_or_create(study=study, user=people["coder"], role=role)
    context = client_as("coder").get(reverse("home")).context
    assert all(context[name] is not None for name in ("analyst", "coder", "reports", "administrator"))


def test_the_models_page_names_every_model_with_what_is_known(client_as, people):
    from analysis.models.registry import MODELS

    text = client_as("stranger").get(reverse("model_cards")).content.decode()
    for spec in MODELS.values():
        assert spec.id in text
        assert spec.sha256 in text
    assert f'href="{reverse("about:record")}">What this product knows, and what it does not</a>' in text


def test_the_models_page_shows_the_figures_of_the_package(client_as, people):
    import json

    from analysis.scoring import package

    about = json.loads((package.SHIPPED / package.shipped_versions()[-1] / package.ABOUT).read_text())
    answer = client_as("stranger").get(reverse("model_cards"))
    text = answer.content.decode()
    scorer = answer.context["scorer"]
    assert f"{about['id']} {about['version']}" in text
    assert f"{about['figures']['mean_icc']:.2f}" in text
    assert [unit.code for unit in scorer.units] == list(ACTION_UNITS)
    for unit in scorer.units:
        found = about["codes"][unit.code]
        assert unit.tier == found["tier"]
        assert unit.values == [found["held_out"][name] for name in ("icc", "pcc", "mae", "f1", "base_rate")]
    assert [row.mean for row in scorer.cohorts] == [one["mean"] for one in about["figures"]["by_cohort"].values()]
    assert sum(len(codes) for _, codes in answer.context["tiers"]) == 44
    assert "held-out ICC of at least .60" in text


def test_what_was_not_measured_is_a_dash(client_as, people, monkeypatch):
    from copy import deepcopy
    from types import SimpleNamespace

    from analysis.scoring import package

    about = deepcopy(dict(package.default().about))
    names = ("icc", "pcc", "mae", "f1", "base_rate")
    about["codes"]["8"]["held_out"] |= dict.fromkeys(names) | {"identities": 0}
    about["codes"]["8"] |= {"coverage": None, "tier": "human-coded only"}
    about.pop("sight", None)
    monkeypatch.setattr(package, "default", lambda: SimpleNamespace(about=about))
    text = client_as("stranger").get(reverse("model_cards")).content.decode()
    row = text.split('<th scope="row" data-value="8">')[1].split("</tr>")[0]
    assert row.count('<td class="num">–</td>') == 6
    assert '<td class="num">0</td>' in row
    assert 'aria-labelledby="sight"' not in text


def test_what_intervals_hold_is_told_where_it_was_measured(client_as, people, monkeypatch):
    from copy import deepcopy
    from types import SimpleNamespace

    from analysis.scoring import package

    about = deepcopy(dict(package.default().about))
    keys = ("coverage_by_score", "coverage_by_yaw", "coverage_by_quality")
    for key in keys:
        about["figures"].pop(key, None)
    monkeypatch.setattr(package, "default", lambda: SimpleNamespace(about=about))
    page = client_as("stranger").get(reverse("model_cards")).content.decode()
    assert "What the 90 % intervals hold" not in page
    one = {"coverage": 0.917, "width": 0.52, "n": 439}
    about["figures"]["coverage_by_score"] = {".5–1": one}
    about["figures"]["coverage_by_yaw"] = {
        "25–36": one | {"shown_coverage": None, "shown_width": 3.71, "shown_n": 1395}
    }
    page = client_as("stranger").get(reverse("model_cards")).content.decode()
    assert "What the 90 % intervals hold" in page
    by_yaw = page.split(">25–36</th>")[1].split("</tr>")[0]
    assert by_yaw.count('<td class="num">0.92</td>') == 1
    assert '<td class="num">–</td><td class="num">3.71</td><td class="num">1,395</td>' in by_yaw
    assert page.split(">.5–1</th>")[1].split("</tr>")[0].count('<td class="num">–</td>') == 3


def test_the_models_page_without_a_readable_package_says_so(client_as, people, monkeypatch):
    from analysis.scoring import package
    from analysis.types import ModelError

    def broken():
        raise ModelError("damaged")

    monkeypatch.setattr(package, "default", broken)
    answer = client_as("stranger").get(reverse("model_cards"))
    assert "The learned scorer cannot be read" in answer.content.decode()
    assert sum(len(codes) for _, codes in answer.context["tiers"]) == 44


def test_model_cards_are_rendered_without_their_html(tmp_path, settings, client_as, people):
    folder = tmp_path / "docs" / "model_cards"
    folder.mkdir(parents=True)
    table = "| AU | ICC |\n|---|---|\n| 12 | 0.91 |\n\n"
    text = f"# Scorer\n\n## Figures\n\n{table}<script>x</script>\n\n[a](javascript:x)\n"
    (folder / "scorer.md").write_text(text)
    settings.BASE_DIR = tmp_path
    page = client_as("stranger").get(reverse("model_cards")).content.decode()
    assert "<h2>Scorer</h2>" in page
    assert "<h3>Figures</h3>" in page
    assert "<td>0.91</td>" in page
    assert "<script>x" not in page
    assert 'href="javascript' not in page


def test_a_card_s_columns_of_numbers_have_a_class_and_no_style():
    from facsweb.learning.cards import render

    html = render("x", "# X\n\n| a | n |\n|---|---:|\n| b | 1 |\n").html
    assert "style" not in html
    assert '<td class="num">1</td>' in html


@pytest.fixture
def half_signed(recording, people, study):
    """A report that the coder signed, in a study that asks for two signatures; its document was made."""
    from facsweb.coding.services import open_layer
    from facsweb.reports import services as reports
    from facsweb.reports.models import Report

    run = make_finished_run(recording, people["analyst"])
    reports.set_four_eyes(people["administrator"], study, True)
    layer = open_layer(people["coder"], run)
    sign_off = reports.sign(people["coder"], layer, password=PASSWORD, statement=reports.STATEMENT)
    Report.objects.filter(sign_off=sign_off).update(state=Report.State.AWAITING)
    return sign_off.report


def test_who_can_give_the_second_signature_is_told_and_who_gave_the_first_is_not(half_signed, home):
    address = reverse("reports:countersign", args=[half_signed.pk])
    assert home("administrator").context["second"] == [half_signed]
    assert address in home("administrator").content.decode()
    for role in ("coder", "analyst", "manager", "stranger"):
        assert home(role).context["second"] == [], role
        assert address not in home(role).content.decode()
