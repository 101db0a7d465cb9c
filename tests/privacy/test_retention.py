"""How long data are kept: what is announced, what goes, what stays longer; a dry run says what a run does."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.core import mail
from django.core.management import call_command
from django.utils import timezone

from facsweb.audit.models import Entry
from facsweb.privacy import certificates, retention, services
from facsweb.privacy.models import Erasure, Notice, RetentionDay
from facsweb.recordings.models import Recording
from facsweb.studies import consent_text, law
from facsweb.studies import services as studies
from facsweb.studies.models import Consent, Scope
from tests.factories import make_recording
from tests.privacy import made

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def midnight(moment):
    """When the day of a moment begins."""
    return timezone.localtime(moment).replace(hour=0, minute=0, second=0, microsecond=0)


@pytest.fixture
def start(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    return timezone.now()


@pytest.fixture
def recording(participant, consent, people, start):
    """Uploaded at the start, in a study that keeps data for thirty days; no consent to longer keeping."""
    Consent.objects.filter(pk=consent.pk).update(scopes=[str(Scope.VIDEO), str(Scope.TEXT)])
    type(participant.study).objects.filter(pk=participant.study_id).update(retention_days=30)
    found = make_recording(participant, people["analyst"])
    Recording.objects.filter(pk=found.pk).update(created_at=start)
    return found


def test_it_is_announced_twice_and_then_goes(recording, start, erase, people):
    study = recording.study
    sent = []
    for day in range(32):
        retention.run(start + day * DAY)
        sent += [(day, one.to, one.body) for one in mail.outbox]
        mail.outbox.clear()
    assert [day for day, *_ in sent] == [16, 27], "14 and 3 days before, once each"
    assert sent[0][1] == [people["administrator"].email]
    assert "P-001: 1" in sent[0][2]
    assert f"/studies/{study.pk}/retention/" in sent[0][2]
    erasure = Erasure.objects.get()
    assert (erasure.why, erasure.only) == ("retention", [str(recording.pk)])
    erase()
    assert not Recording.objects.exists()
    erasure.refresh_from_db()
    assert erasure.certificate
    assert list(retention.items(study)) == []


def test_a_run_twice_a_day_is_once(recording, start):
    for day in (16, 27, 30):
        for _ in range(3):
            retention.run(start + day * DAY)
    assert Notice.objects.count() == 2
    assert Erasure.objects.count() == 1
    assert len(mail.outbox) == 2


def test_the_dry_run_changes_nothing_and_says_what_a_run_does(recording, start, monkeypatch):
    retention.run(start + 20 * DAY)
    before = (list(Notice.objects.values()), Entry.objects.count(), RetentionDay.objects.count())
    out = StringIO()
    monkeypatch.setattr(timezone, "now", lambda: start + 31 * DAY)
    call_command("retention", "--dry-run", stdout=out)
    assert f"{recording.pk}  goes now" in out.getvalue()
    assert "1 would go now. Nothing was changed." in out.getvalue()
    assert before == (list(Notice.objects.values()), Entry.objects.count(), RetentionDay.objects.count())
    assert not Erasure.objects.exists()
    real = StringIO()
    call_command("retention", stdout=real)
    assert f"{recording.pk}  goes now" in real.getvalue()
    assert Erasure.objects.get().only == [str(recording.pk)]


def test_nothing_goes_unannounced(recording, start):
    """The machine was off for two months, or somebody set a short period yesterday."""
    late = start + 60 * DAY
    retention.run(late)
    assert not Erasure.objects.exists()
    assert Notice.objects.get().days == 3
    retention.run(late + 2 * DAY)
    assert not Erasure.objects.exists()
    retention.run(late + 3 * DAY)
    assert Erasure.objects.get().only == [str(recording.pk)]


def test_longer_keeping_and_its_withdrawal(recording, participant, consent, start, people):
    from facsweb.studies.withdrawing import withdraw

    Consent.objects.filter(pk=consent.pk).update(scopes=[str(Scope.VIDEO), str(Scope.RETENTION)])
    (item,) = retention.items(participant.study, start + 100 * DAY)
    assert (item.due, item.why) == (None, retention.LONGER)
    retention.run(start + 100 * DAY)
    assert not Notice.objects.exists()
    consent.refresh_from_db()
    withdraw(None, consent, scopes=[Scope.RETENTION])
    retention.run(start + 101 * DAY)
    assert Notice.objects.get().days == 3
    retention.run(start + 104 * DAY)
    assert Erasure.objects.filter(why="retention").count() == 1


def test_a_longer_period_takes_the_announcement_back(recording, start, people):
    retention.run(start + 20 * DAY)
    assert Notice.objects.count() == 1
    study = type(recording.study).objects.get(pk=recording.study.pk)
    for _ in range(2):
        studies.set_days_kept(people["administrator"], study, 365)
    (entry,) = Entry.objects.filter(action="study.change")
    assert (entry.before, entry.after) == ({"retention_days": 30}, {"retention_days": 365})
    retention.run(start + 40 * DAY)
    assert not Notice.objects.exists()
    assert not Erasure.objects.exists()


def test_a_hold_keeps_what_is_due(recording, participant, start, people):
    retention.run(start + 28 * DAY)
    services.hold(people["administrator"], participant, reason="A claim")
    retention.run(start + 40 * DAY)
    assert not Erasure.objects.exists()
    services.lift(people["administrator"], participant, reason="Settled")
    retention.run(start + 41 * DAY)
    assert not Erasure.objects.exists(), "announced again first"
    retention.run(start + 44 * DAY)
    assert Erasure.objects.count() == 1


def test_a_mail_that_cannot_be_sent_is_sent_the_next_day(recording, start, settings):
    settings.EMAIL_BACKEND = "tests.privacy.mail_that_fails.EmailBackend"
    retention.run(start + 20 * DAY)
    assert Notice.objects.get().mailed_at is None
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    retention.run(start + 21 * DAY)
    assert len(mail.outbox) == 1


def test_signed_reports_go_with_their_recording(world, consent, participant, start, erase):
    type(participant.study).objects.filter(pk=participant.study_id).update(retention_days=1)
    Consent.objects.filter(pk=consent.pk).update(scopes=[str(s) for s in Scope if s != Scope.RETENTION])
    retention.run(start + 2 * DAY)
    retention.run(start + 5 * DAY)
    world["report"].refresh_from_db()
    assert (world["report"].state, world["report"].revoked_reason) == ("revoked", retention.OVER)
    erase()
    left = made.left(made.VIDEO)
    # Uploads that were never finished, and live sessions of theirs, have a rule of their own (a week); the scorer
    # was learned with consent.
    kinds = {name.split(" ")[0] for name in left if not name.startswith("/")}
    assert kinds <= {"recordings.Upload", "live.Session", "learning.Training", "calibration.Version"}
    assert [name for name in left if "/media_root/" in name] == []


def test_the_page_says_when_and_why(one_moment, recording, client_as, participant):
    page = f"/studies/{participant.study_id}/retention/"
    text = client_as("analyst").get(page).content.decode()
    assert "The study keeps data for 30 days." in text
    assert "In 30 days" in text
    assert client_as("analyst").post(page, {"days": "90"}).status_code == 403
    assert client_as("administrator").post(page, {"days": "0"}).status_code == 422
    assert client_as("administrator").post(page, {"days": "90"}).status_code == 302
    assert "In 90 days" in client_as("analyst").get(page).content.decode()


# --- the law's limit ---------------------------------------------------------------------------------------------


@pytest.fixture
def illinois(recording, participant):
    """The study is in Illinois, whose law lets data be kept for three years at most, and names no days."""
    type(participant.study).objects.filter(pk=participant.study_id).update(
        jurisdiction="Illinois", retention_days=None
    )
    participant.study.refresh_from_db()
    return participant.study


def test_in_illinois_data_go_after_three_years_though_nobody_set_a_period(illinois, recording, start, erase):
    (item,) = retention.items(illinois, start)
    assert item.due == midnight(start + 1095 * DAY)
    assert "1,095 days, which is the longest that the law of Illinois allows" in item.why
    for day in (1081, 1092, 1094):
        retention.run(start + day * DAY)
    assert not Erasure.objects.exists()
    retention.run(start + 1095 * DAY)
    (erasure,) = erase()
    assert not Recording.objects.exists()
    assert certificates.content(erasure)["rule"] == "1095 days"


def test_a_wish_for_longer_keeping_does_not_go_before_the_law(illinois, participant, consent, start):
    Consent.objects.filter(pk=consent.pk).update(scopes=[str(Scope.VIDEO), str(Scope.RETENTION)])
    type(illinois).objects.filter(pk=illinois.pk).update(retention_days=30)
    illinois.refresh_from_db()
    (item,) = retention.items(illinois, start)
    assert item.due == midnight(start + 1095 * DAY)
    assert "agreed to longer keeping, but the law of Illinois" in item.why
    type(illinois).objects.filter(pk=illinois.pk).update(jurisdiction="Germany")
    illinois.refresh_from_db()
    assert [one.due for one in retention.items(illinois, start)] == [None]


def test_more_days_than_the_law_allows_are_refused_wherever_they_are_set(illinois, client_as):
    administrator, page = client_as("administrator"), f"/studies/{illinois.pk}/retention/"
    refused = administrator.post(page, {"days": "1096"})
    assert refused.status_code == 422
    assert "at most 1095 (the law of Illinois)" in refused.content.decode()
    illinois.refresh_from_db()
    assert illinois.retention_days is None
    assert administrator.post(page, {"days": "1095"}).status_code == 302
    illinois.refresh_from_db()
    assert law.days_kept(illinois) == 1095


@pytest.mark.parametrize("language", ["en", "de"])
def test_notice_schedule_and_pages_say_the_same_number(illinois, consent, client_as, client, language):
    assert "1095" in consent_text.keeping(consent.form, language)
    assert "1095" in client.get(f"/keeping/?language={language}").content.decode()
    assert "1,095 days" in client_as("analyst").get(f"/studies/{illinois.pk}/retention/").content.decode()
    assert "1,095 days" in client_as("analyst").get(f"/studies/{illinois.pk}/law/").content.decode()


def test_days_can_be_set_though_an_exception_was_withdrawn(people, study, consent):
    """The form still asks what the law prohibits since; that is no reason to keep data for longer."""
    type(study).objects.filter(pk=study.pk).update(setting="workplace")
    studies.set_days_kept(people["administrator"], study, 10)
    study.refresh_from_db()
    assert (study.retention_days, study.setting) == (10, "workplace")


# --- what a day's work is ----------------------------------------------------------------------------------------


def test_packages_with_its_reports_go_with_a_recording(world, consent, participant, start, erase):
    type(participant.study).objects.filter(pk=participant.study_id).update(retention_days=1)
    Consent.objects.filter(pk=consent.pk).update(scopes=[str(s) for s in Scope if s != Scope.RETENTION])
    retention.run(start + 2 * DAY)
    retention.run(start + 5 * DAY)
    for kind in ("reports", "bundle"):
        world[kind].refresh_from_db()
        assert (world[kind].state, world[kind].error) == ("failed", retention.PACKED)
    (erasure,) = erase()
    assert erasure.tombstones.filter(kind="reports.package").count() == 2
    assert not [name for name in made.files() if "/packages/" in name]


def test_it_goes_on_the_day_that_is_named_and_not_at_the_hour_of_its_upload(illinois, recording, start):
    """The day's work is done when the day begins: 1,095 days and some hours would be more than the law allows."""
    evening = midnight(start) + timedelta(hours=21)
    Recording.objects.filter(pk=recording.pk).update(created_at=evening)
    for day in (1081, 1092, 1094):
        retention.run(midnight(start) + day * DAY + timedelta(minutes=1))
    assert not Erasure.objects.exists()
    retention.run(midnight(start) + 1095 * DAY + timedelta(minutes=1))
    assert Erasure.objects.get().only == [str(recording.pk)]


def test_a_study_that_fails_does_not_keep_the_data_of_the_others(recording, start, monkeypatch, people):
    other = type(recording.study).objects.create(
        name="AAA", purpose="Other.", setting="research", jurisdiction="Japan", created_by=people["administrator"]
    )
    retention.run(start + 27 * DAY)
    real = retention.items

    def failing(study, now=None):
        if study.pk == other.pk:
            raise RuntimeError("a row that nobody can read")
        return real(study, now)

    monkeypatch.setattr(retention, "items", failing)
    monkeypatch.setattr(timezone, "now", lambda: start + 31 * DAY)
    assert not retention.daily()
    assert Erasure.objects.get().only == [str(recording.pk)]
    assert not retention.daily(), "the day is not done"
    assert Erasure.objects.count() == 1
    monkeypatch.setattr(retention, "items", real)
    assert retention.daily()
