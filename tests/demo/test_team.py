"""The second demonstration study: what it shows, that it says who wrote it, and that it is made once."""

from __future__ import annotations

import pytest
from django.urls import reverse

from facsweb.agreement.models import Adjudication, Step
from facsweb.audit.models import Entry
from facsweb.coding.models import Layer, Revision
from facsweb.demo import seed as seeding
from facsweb.demo import team
from facsweb.practice.models import Attempt
from facsweb.studies.models import Participant, Role
from tests.factories import make_finished_run, make_recording

pytestmark = pytest.mark.django_db


@pytest.fixture
def made(settings, tmp_path):
    settings.DATA_DIR = settings.MEDIA_ROOT = tmp_path
    demonstration = seeding.seed()
    participant = Participant.objects.get(pk=demonstration.participant_id)
    analyst = participant.study.created_by
    make_finished_run(make_recording(participant, analyst), analyst)
    study = team.seed_team(demonstration)
    assert study is not None
    return demonstration, study


def test_the_study_holds_a_doubled_coding_an_open_adjudication_and_a_checked_try(made, client):
    demonstration, study = made
    layers = Layer.objects.filter(run__recording__participant__study=study)
    assert list(layers.filter(kind="coder").order_by("created_at").values_list("state", "mode")) == [
        ("signed", "blind"),
        ("adjudication", "blind"),
        ("adjudication", "blind"),
    ]
    adjudication = Adjudication.objects.get()
    kinds = set(Step.objects.filter(adjudication=adjudication).values_list("kind", flat=True))
    assert Step.AGREED in kinds
    assert len(kinds) > 3  # several sorts of disagreement to look at
    attempt = Attempt.objects.get()
    assert 0.5 < attempt.index < 1
    written = Revision.objects.filter(event__layer__in=layers.exclude(kind__in=("machine", "adjudicated")))
    assert set(written.values_list("note", flat=True)) == {team.NOTE}
    assert Entry.objects.filter(action="demonstration.copy").count() == 1
    login = demonstration.login(Role.ADMINISTRATOR)
    assert client.login(email=login.email, password=login.password)
    for name, pk in (
        ("agreement:study", study.pk),
        ("agreement:adjudication", adjudication.pk),
        ("practice:list", study.pk),
        ("assignments:list", study.pk),
        ("studies:detail", study.pk),
    ):
        assert client.get(reverse(name, args=[pk])).status_code == 200, name


def test_it_is_made_once_and_only_from_a_finished_analysis(made):
    demonstration, _ = made
    assert team.seed_team(demonstration) is None
    assert Layer.objects.filter(kind="adjudicated").count() == 1


def test_without_an_analysis_there_is_nothing_to_show(settings, tmp_path):
    settings.DATA_DIR = settings.MEDIA_ROOT = tmp_path
    assert team.seed_team(seeding.seed()) is None


def test_an_installation_from_before_keeps_its_passwords_and_gets_the_second_coder(settings, tmp_path, client):
    settings.DATA_DIR = tmp_path
    whole = seeding.seed()
    older = seeding.Demonstration(
        tuple(login for login in whole.logins if login.email != seeding.SECOND_CODER[0]),
        whole.study_id,
        whole.participant_id,
    )
    seeding._keep(older)
    renewed = seeding.seed()
    assert renewed.logins[: len(older.logins)] == older.logins
    for login in renewed.logins:
        assert client.login(email=login.email, password=login.password), login.email
