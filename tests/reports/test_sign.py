"""Who may sign what, and what happens when it goes wrong."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone

from facsweb.accounts import lockout
from facsweb.audit.models import Entry
from facsweb.coding.models import Layer
from facsweb.reports import content, services
from facsweb.reports.models import Report, SignOff
from facsweb.reports.services import STATEMENT, Refused, sign
from facsweb.studies.models import Membership
from tests.at_once import at_once
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db


def refused(match, actor, layer, **changed):
    with pytest.raises(Refused, match=match):
        sign(actor, layer, **{"password": PASSWORD, "statement": STATEMENT} | changed)
    assert not SignOff.objects.exists()
    assert Layer.objects.get(pk=layer.pk).state == "open"


def test_signing_closes_the_layer_and_starts_a_report(layer, people):
    done = sign(people["coder"], layer, password=PASSWORD, statement=STATEMENT)
    layer.refresh_from_db()
    assert layer.state == "signed"
    assert done.report.state == "waiting"
    assert str(done.report.pk) == done.content["report"]["id"]
    assert (done.signer, done.statement) == (people["coder"], STATEMENT)
    entry = Entry.objects.get(action="layer.sign")
    assert entry.details == {"report": str(done.report.pk), "content_sha256": done.content_sha256}


def test_the_hash_is_of_what_the_database_gives_back(layer, people, monkeypatch):
    """PostgreSQL keeps no negative nought, no large number as a float and no character U+0000."""
    real = content.freeze
    odd = {"a": -0.0, "b": [1e20, 0.1, 1e-9, 1.0], "c": "x\0y", "d": {"z": 1, "a": (1, 2)}}
    monkeypatch.setattr(content, "freeze", lambda *about, **more: real(*about, **more) | {"odd": odd})
    done = sign(people["coder"], layer, password=PASSWORD, statement=STATEMENT)
    done.refresh_from_db()
    assert done.content["odd"]["b"] == [1e20, 0.1, 1e-9, 1.0]
    assert content.sha256(done.content) == done.content_sha256


def test_a_signed_layer_takes_no_more_changes(sign_off, layer, people):
    from facsweb.coding.services import Signed, delete_event

    with pytest.raises(Signed):
        delete_event(people["coder"], layer.events.first(), expected=1)


def test_signing_twice_is_one_sign_off(layer, people):
    first = sign(people["coder"], layer, password=PASSWORD, statement=STATEMENT)
    assert sign(people["coder"], layer, password=PASSWORD, statement=STATEMENT) == first
    assert Report.objects.count() == 1


def test_only_the_owner_signs(layer, people):
    for role in ("administrator", "analyst", "manager", "stranger"):
        refused("Only the coder of a layer", people[role], layer)


def test_an_owner_who_is_no_coder_any_more_does_not_sign(layer, people):
    Membership.objects.filter(user=people["coder"]).delete()
    refused("Only FACS coders of this study", people["coder"], layer)


def test_the_machines_layer_is_never_signed(layer, people):
    machine = layer.run.layers.get(kind="machine")
    refused("Only the coder", people["coder"], machine)


def test_nothing_is_signed_without_a_statement(layer, people):
    refused("Confirm the statement", people["coder"], layer, statement="  ")


def test_wrong_passwords_are_counted_and_limited(layer, people):
    tries = lockout.TRIES[lockout.Kind.CONFIRM]
    for _ in range(tries):
        refused("The password is wrong", people["coder"], layer, password="guess")
    refused("closed for you for 15 minutes", people["coder"], layer)  # even with the right one
    failures = Entry.objects.filter(action="account.confirmation_failed")
    assert [entry.details["about"] for entry in failures] == [f"layer {layer.pk}"] * tries


def test_the_limit_ends(layer, people, monkeypatch):
    for _ in range(lockout.TRIES[lockout.Kind.CONFIRM]):
        refused("The password is wrong", people["coder"], layer, password="guess")
    later = timezone.now() + lockout.WINDOW + timedelta(seconds=1)
    monkeypatch.setattr(services.timezone, "now", lambda: later)
    assert sign(people["coder"], layer, password=PASSWORD, statement=STATEMENT).pk


def test_accounts_without_a_password_are_told_to_set_one(layer, people):
    people["coder"].set_unusable_password()
    people["coder"].save()
    refused("Set one under Account", people["coder"], layer)


@pytest.mark.parametrize("state", ["queued", "running", "failed", "cancelled"])
def test_only_finished_analyses_are_signed(layer, people, state):
    layer.run.state = state
    layer.run.save()
    refused("has not finished", people["coder"], layer)


def test_nothing_is_signed_after_consent_was_withdrawn(layer, people, consent):
    from facsweb.studies.withdrawing import withdraw

    withdraw(people["analyst"], consent, reason="not stated")
    refused("withdrew consent", people["coder"], layer)


def test_a_change_since_the_page_was_opened_is_noticed(layer, people):
    refused("changed since this page was opened", people["coder"], layer, revision=layer.revision - 1)


def test_altered_result_files_are_noticed(layer, people):
    path = Path(settings.MEDIA_ROOT) / layer.run.folder / "signals.parquet"
    path.write_bytes(path.read_bytes() + b"x")
    refused("not the one the analysis wrote", people["coder"], layer)
    path.unlink()
    refused("is missing", people["coder"], layer)


@pytest.mark.django_db(transaction=True)
def test_a_double_click_signs_once(layer, people, redis):
    found = at_once(lambda: sign(people["coder"], layer, password=PASSWORD, statement=STATEMENT).pk)
    assert len(found) == 4
    assert len(set(found)) == 1
    assert Report.objects.count() == 1
    assert Entry.objects.filter(action="layer.sign").count() == 1


def test_revoking_says_who_and_why_and_happens_once(report, people):
    with pytest.raises(Refused, match="Give a reason"):
        services.revoke(people["administrator"], report, " ")
    services.revoke(people["administrator"], report, "Wrong participant")
    services.revoke(people["administrator"], report, "Another reason")
    report.refresh_from_db()
    assert (report.state, report.revoked_reason) == ("revoked", "Wrong participant")
    assert report.revoked_by == people["administrator"]
    told = Entry.objects.get(action="report.revoke")
    assert (told.before, told.after) == ({"state": "ready"}, {"state": "revoked"})


def test_withdrawal_revokes_reports(report, consent, people):
    from facsweb.studies.withdrawing import withdraw

    withdraw(people["analyst"], consent, reason="not stated")
    report.refresh_from_db()
    assert report.state == "revoked"
    assert report.revoked_reason.startswith("The participant withdrew consent on 20")


def test_a_narrower_consent_revokes_what_told_of_the_rest(report, consent, participant, people):
    from facsweb.studies.services import record_consent

    assert "meaning" in report.sign_off.content
    known = {"method": "paper", "signature": ""}
    kept = [scope for scope in consent.scopes if scope not in ("quotation", "retention")]
    record_consent(people["analyst"], participant, consent.form, scopes=kept, **known)
    report.refresh_from_db()
    assert report.state == "ready", "it quotes nothing"
    record_consent(people["analyst"], participant, consent.form, scopes=["video"], **known)
    report.refresh_from_db()
    assert report.state == "revoked", "it told of combinations and states"
