"""Pages of studies, members and participants (who may open them: tests/test_access_matrix.py)."""

import re

from django.urls import reverse

from facsweb.studies import services
from facsweb.studies.models import Membership, Participant, Role, Study

FIELDS = {"name": "Gaze", "purpose": "To see.", "setting": "research", "jurisdiction": "Germany"}


def hidden_id(response):
    return str(response.context["form"]["id"].value())


def test_the_list_shows_only_own_studies(client_as, study, people):
    services.create_study(people["staff"], **FIELDS)
    text = client_as("coder").get(reverse("studies:list")).content.decode()
    assert "Checkout usability" in text
    assert "Gaze" not in text
    assert "FACS coder" in text


def test_without_a_study_the_first_step_is_a_button_for_staff(client_as, db):
    create = reverse("studies:create")
    assert create in client_as("staff").get(reverse("studies:list")).content.decode()
    stranger = client_as("stranger").get(reverse("studies:list")).content.decode()
    assert create not in stranger
    assert "by your email address" in stranger


def test_a_double_click_creates_one_study(client_as, people):
    client = client_as("staff")
    data = FIELDS | {"id": hidden_id(client.get(reverse("studies:create")))}
    answers = [client.post(reverse("studies:create"), data) for _ in range(2)]
    study = Study.objects.get()
    assert {answer["Location"] for answer in answers} == {reverse("studies:detail", args=[study.pk])}
    assert client.get(answers[0]["Location"]).status_code == 200


def test_two_blank_forms_make_two_ids(client_as, db):
    client = client_as("staff")
    assert len({hidden_id(client.get(reverse("studies:create"))) for _ in range(2)}) == 2


def test_missing_fields_are_named_and_nothing_is_made(client_as, db):
    client = client_as("staff")
    form = client.get(reverse("studies:create"))
    response = client.post(reverse("studies:create"), FIELDS | {"id": hidden_id(form), "purpose": ""})
    assert response.context["form"].errors.keys() == {"purpose"}
    assert not Study.objects.exists()


def test_changing_a_study(client_as, study):
    url = reverse("studies:change", args=[study.pk])
    assert "Checkout usability" in client_as("administrator").get(url).content.decode()
    page = client_as("administrator").get(f"/studies/{study.pk}/").content.decode()
    assert re.findall(r'<a href="([^"]+)"', page).count(f"/studies/{study.pk}/reports/") == 1
    client_as("administrator").post(url, FIELDS)
    study.refresh_from_db()
    assert study.name == "Gaze"


def test_a_refused_change_leaves_the_study_and_says_why(client_as, study, consent):
    url = reverse("studies:change", args=[study.pk])
    response = client_as("administrator").post(url, FIELDS | {"setting": "workplace"})
    assert response.status_code == 422
    assert "Write a new version of the form" in response.content.decode()
    study.refresh_from_db()
    assert study.setting == "usability"


def test_adding_a_member_by_email(client_as, study, people):
    client = client_as("administrator")
    add = reverse("studies:member_add", args=[study.pk])
    for _ in range(2):
        response = client.post(add, {"email": "Stranger@example.org", "role": "coder"}, follow=True)
    assert "Stranger Person is now FACS coder" in response.content.decode()
    assert Membership.objects.filter(study=study, user=people["stranger"]).count() == 1


def test_an_unknown_email_says_what_to_do(client_as, study):
    add = reverse("studies:member_add", args=[study.pk])
    response = client_as("administrator").post(add, {"email": "who@example.org", "role": "coder"})
    assert response.status_code == 422
    assert "no active account for who@example.org" in response.content.decode()


def test_the_last_administrator_cannot_be_removed(client_as, study, people):
    remove = reverse("studies:member_remove", args=[study.pk])
    data = {"user": people["administrator"].pk, "role": "administrator"}
    response = client_as("administrator").post(remove, data, follow=True)
    assert "last administrator" in response.content.decode()
    assert Membership.objects.filter(study=study, role=Role.ADMINISTRATOR).exists()


def test_whoever_removes_themselves_lands_on_their_studies(client_as, study, people):
    services.add_member(people["administrator"], study, people["coder"], Role.ADMINISTRATOR)
    remove = reverse("studies:member_remove", args=[study.pk])
    data = {"user": people["administrator"].pk, "role": "administrator"}
    response = client_as("administrator").post(remove, data)
    assert response["Location"] == reverse("studies:list")


def test_a_double_click_adds_one_participant(client_as, study):
    client = client_as("analyst")
    url = reverse("studies:participant_create", args=[study.pk])
    data = {"id": hidden_id(client.get(url)), "code": "P-9", "cohort": ""}
    answers = [client.post(url, data)["Location"] for _ in range(2)]
    participant = Participant.objects.get(code="P-9")
    assert set(answers) == {reverse("studies:participant", args=[participant.pk])}


def test_a_taken_code_is_said_at_the_field(client_as, study, participant):
    client = client_as("analyst")
    url = reverse("studies:participant_create", args=[study.pk])
    data = {"id": hidden_id(client.get(url)), "code": "P-001", "cohort": ""}
    response = client.post(url, data)
    assert response.status_code == 422
    assert "P-001 already" in str(response.context["form"].errors["code"])
