"""Studies, members, participants and versions of consent forms."""

import uuid

import pytest
from django.core.exceptions import ValidationError

from facsweb.audit.models import Entry
from facsweb.studies import services
from facsweb.studies.models import Cohort, ConsentForm, Membership, Participant, Role, Scope, Study


def make(people, **changes):
    fields = {"name": "Gaze", "purpose": "To see.", "setting": "research", "jurisdiction": "Germany"} | changes
    return services.create_study(people["staff"], **fields)


def test_a_new_study_has_its_administrator_and_a_form(people):
    study = make(people)
    assert [(m.user, m.role) for m in study.memberships.all()] == [(people["staff"], Role.ADMINISTRATOR)]
    form = services.current_form(study)
    assert form.version == 1
    assert form.scopes == [str(scope) for scope in Scope]
    for words in (
        "To see.",
        "a video of your face",
        "not a diagnosis and not lie detection",
        "withdraw",
        "Questions",
    ):
        assert words in form.body
    assert set(Entry.objects.values_list("action", flat=True)) == {
        "study.create",
        "member.add",
        "consent_form.create",
    }


def test_the_form_does_not_ask_about_emotions_where_that_is_prohibited(people):
    study = make(people, setting="workplace")
    form = services.current_form(study)
    assert Scope.EMOTION not in form.scopes
    assert "emotional" not in form.body
    with pytest.raises(ValidationError, match=r"Article 5\(1\)\(f\)"):
        services.create_consent_form(people["staff"], study, title="T", body="B", scopes=[Scope.EMOTION])


def test_a_study_sent_twice_is_made_once(people):
    key = uuid.uuid4()
    assert make(people, id=key) == make(people, id=key)
    assert Study.objects.count() == 1


@pytest.mark.parametrize("field", ["name", "purpose", "jurisdiction"])
def test_a_study_without_a_needed_field_is_refused(people, field):
    with pytest.raises(ValidationError):
        make(people, **{field: " "})
    assert not Study.objects.exists()
    assert not Entry.objects.exists()


def test_changes_are_logged_with_before_and_after(people):
    study = make(people)
    kept = {"purpose": "To see.", "setting": "research", "jurisdiction": "Germany"}
    services.change_study(people["staff"], study, name="Gaze 2", **kept)
    services.change_study(people["staff"], study, name="Gaze 2", **kept)
    entry = Entry.objects.get(action="study.change")
    assert entry.details == {"changes": {"name": ["Gaze", "Gaze 2"]}}


def test_a_study_cannot_move_where_its_form_is_prohibited(people):
    study = make(people, jurisdiction="Japan", setting="workplace")
    arguments = {"name": "Gaze", "purpose": "To see.", "setting": "workplace", "jurisdiction": "France"}
    with pytest.raises(ValidationError, match="new version of the form"):
        services.change_study(people["staff"], study, **arguments)
    study.refresh_from_db()
    assert study.jurisdiction == "Japan"
    services.create_consent_form(people["staff"], study, title="T", body="B", scopes=[Scope.VIDEO])
    assert services.change_study(people["staff"], study, **arguments).jurisdiction == "France"


def test_members_hold_several_roles_and_adding_twice_is_once(people, study):
    for _ in range(2):
        services.add_member(people["administrator"], study, people["coder"], Role.ANALYST)
    roles = Membership.objects.filter(study=study, user=people["coder"]).values_list("role", flat=True)
    assert sorted(roles) == ["analyst", "coder"]
    assert Entry.objects.filter(action="member.add").count() == 1


def test_the_last_administrator_stays(people, study):
    administrator = people["administrator"]
    with pytest.raises(ValidationError, match="last administrator"):
        services.remove_member(administrator, study, administrator, Role.ADMINISTRATOR)
    services.add_member(administrator, study, people["coder"], Role.ADMINISTRATOR)
    services.remove_member(people["coder"], study, administrator, Role.ADMINISTRATOR)
    assert not Membership.objects.filter(study=study, user=administrator).exists()


def test_an_administrator_who_cannot_sign_in_does_not_count(people, study):
    services.add_member(people["administrator"], study, people["coder"], Role.ADMINISTRATOR)
    type(people["coder"]).objects.filter(pk=people["coder"].pk).update(is_active=False)
    with pytest.raises(ValidationError, match="last administrator"):
        services.remove_member(people["coder"], study, people["administrator"], Role.ADMINISTRATOR)


def test_participant_codes_are_unique_in_a_study(people, study):
    first = services.create_participant(
        people["analyst"], study, code=" P-014 ", cohort=Cohort.objects.get(key="de-tr")
    )
    assert (first.code, first.cohort.name) == ("P-014", "Germany, Turkish")
    with pytest.raises(ValidationError, match="P-014 already"):
        services.create_participant(people["analyst"], study, code="P-014")
    assert Participant.objects.count() == Entry.objects.filter(action="participant.create").count() == 1


def test_a_participant_sent_twice_is_made_once(people, study):
    key = uuid.uuid4()
    first = services.create_participant(people["analyst"], study, code="P-1", id=key)
    assert services.create_participant(people["analyst"], study, code="P-1", id=key) == first


def test_a_changed_form_is_a_new_version_and_the_same_words_are_not(people):
    study = make(people)
    first = services.current_form(study)
    same = services.create_consent_form(
        people["staff"],
        study,
        title=first.title,
        body=first.body.replace("\n", "\r\n"),
        translations=first.translations,
        scopes=first.scopes,
    )
    assert same == first
    second = services.create_consent_form(people["staff"], study, title="New", body="Words", scopes=["video"])
    assert second.version == 2
    assert services.current_form(study) == second
    assert ConsentForm.objects.get(pk=first.pk).title == first.title
    with pytest.raises(ValidationError, match="at least one"):
        services.create_consent_form(people["staff"], study, title="New", body="Words", scopes=[])
