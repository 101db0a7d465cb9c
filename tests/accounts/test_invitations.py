"""Inviting somebody, from the form to the account, and every way it must not work."""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from facsweb.accounts import invitations
from facsweb.accounts.models import Invitation, User
from facsweb.audit.models import Entry
from facsweb.studies.models import Membership
from tests.accounts.conftest import links, sent_mail
from tests.at_once import at_once

GOOD = {"name": "Nia New", "password": "seven lamps in orbit", "again": "seven lamps in orbit"}


@pytest.fixture
def link(people):
    """Path of an open invitation."""
    return links(invitations.invite(people["staff"], email="nia@example.org", name="Nia")[1])[0]


def test_the_whole_way_by_mail(people, signed_in, client, django_capture_on_commit_callbacks):
    staff = signed_in("staff")
    with django_capture_on_commit_callbacks(execute=True):
        page = staff.post(reverse("accounts:invite"), {"email": "NIA@example.org", "name": "Nia"})
    assert page["Cache-Control"].count("no-store") == 1
    (letter,) = sent_mail()
    path = links(letter.body)[0]
    assert path not in page.content.decode()  # the mail carries it, and nobody else sees it
    assert "nia@example.org" in staff.get(reverse("accounts:list")).content.decode()
    assert "Nia" in client.get(path).content.decode()
    assert client.post(path, GOOD).url == "/"
    person = get_user(client)
    assert (person.email, person.name, person.is_staff) == ("nia@example.org", "Nia New", False)
    assert person.check_password(GOOD["password"])
    acts = list(Entry.objects.order_by("number").values_list("action", flat=True))
    assert acts == [
        "account.sign_in",
        "invitation.create",
        "account.create",
        "invitation.accept",
        "account.sign_in",
    ]


def test_without_mail_the_link_is_shown_once(people, signed_in, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    staff = signed_in("staff")
    page = staff.post(reverse("accounts:invite"), {"email": "nia@example.org"}).content.decode()
    path = links(page)[0]
    token = path.strip("/").split("/")[-1]
    assert Client().get(path).status_code == 200
    assert token not in staff.get(reverse("accounts:list")).content.decode()
    assert token not in str(Invitation.objects.values())  # only its hash is kept


def test_an_invited_coder_enrols_before_anything_else(required, people, study, client):
    _, whole = invitations.invite(people["administrator"], email="nia@example.org", study=study, roles=["coder"])
    path = links(whole)[0]
    assert client.post(path, GOOD, follow=True).redirect_chain[-1][0] == reverse("mfa_index")
    assert list(Membership.objects.filter(user__email="nia@example.org").values_list("role", flat=True)) == [
        "coder"
    ]
    # The password was typed a moment ago, so enrolment does not ask for it again.
    assert client.get(reverse("mfa_activate_totp")).status_code == 200


def test_only_administrators_of_a_study_give_roles_in_it(people, study):
    with pytest.raises(ValidationError, match="Only administrators"):
        invitations.invite(people["staff"], email="nia@example.org", study=study, roles=["coder"])


def test_an_inviter_who_lost_the_right_since_then_has_given_nothing(people, study, client):
    _, whole = invitations.invite(
        people["administrator"], email="nia@example.org", is_staff=True, study=study, roles=["coder"]
    )
    Membership.objects.filter(user=people["administrator"]).delete()
    client.post(links(whole)[0], GOOD)
    person = User.objects.get(email="nia@example.org")
    assert not person.memberships.exists()
    assert not person.is_staff  # the administrator was no staff either
    assert Entry.objects.get(action="invitation.accept").details == {"roles_given": []}


def test_the_link_works_once(link, client):
    client.post(link, GOOD)
    again = Client()
    assert "has been used" in again.get(link).content.decode()
    assert "has been used" in again.post(link, GOOD | {"name": "Somebody"}).content.decode()
    assert User.objects.filter(email="nia@example.org").count() == 1


def test_it_expires(link, client):
    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert "no longer works" in client.post(link, GOOD).content.decode()
    assert not User.objects.filter(email="nia@example.org").exists()


def test_a_guessed_token_opens_nothing_and_tells_nothing(link, client):
    wrong = link[:-4] + "AAA/"
    page = client.post(wrong, GOOD).content.decode()
    assert "not one of ours" in page
    assert "nia@example.org" not in page
    assert not User.objects.filter(email="nia@example.org").exists()


def test_a_fresh_link_is_shown_to_who_confirmed_lately(link, client_as, client):
    url = reverse("accounts:invitation", args=[Invitation.objects.get().pk])
    response = client_as("staff").post(url, {"act": "send_again"})
    assert "reauthenticate" in response.url
    assert "Welcome" in client.get(link).content.decode()  # and the one before still works


def test_revoking_and_sending_again(link, people, signed_in, client, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    staff, url = signed_in("staff"), reverse("accounts:invitation", args=[Invitation.objects.get().pk])
    fresh = links(staff.post(url, {"act": "send_again"}).content.decode())[0]
    assert "not one of ours" in client.get(link).content.decode()
    assert "Welcome" in client.get(fresh).content.decode()
    assert "no longer works" in staff.post(url, {"act": "revoke"}, follow=True).content.decode()
    assert "no longer works" in client.post(fresh, GOOD).content.decode()
    assert "Nothing was sent" in staff.post(url, {"act": "send_again"}, follow=True).content.decode()
    assert "of no use" in staff.post(url, {"act": "revoke"}, follow=True).content.decode()


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"password": "short", "again": "short"}, "password"),
        ({"password": "password1234", "again": "password1234"}, "password"),
        ({"password": "nia@example.org", "again": "nia@example.org"}, "password"),
        ({"again": "another one entirely"}, "again"),
        ({"name": " "}, "name"),
    ],
)
def test_weak_passwords_and_slips_are_said_and_the_link_still_works(link, client, changed, field):
    response = client.post(link, GOOD | changed)
    assert response.status_code == 422
    assert response.context["form"].errors[field]
    assert client.post(link, GOOD).status_code == 302


@pytest.mark.parametrize("email", ["Coder@example.org", "nia@example.org", "nonsense"])
def test_who_has_an_account_or_an_invitation_is_not_invited_again(link, signed_in, email):
    response = signed_in("staff").post(reverse("accounts:invite"), {"email": email})
    assert response.status_code == 422
    assert response.context["form"].errors
    assert Invitation.objects.count() == 1


def test_inviting_needs_a_fresh_proof_and_goes_on_by_itself(people, client_as):
    staff = client_as("staff")  # signed in, but not lately
    asked = staff.post(reverse("accounts:invite"), {"email": "nia@example.org"})
    assert asked.url.startswith(reverse("account_reauthenticate"))
    assert not Invitation.objects.exists()
    page = staff.post(asked.url, {"password": "correct horse battery staple", "next": reverse("accounts:invite")})
    assert "is invited" in page.content.decode()
    assert Invitation.objects.count() == 1


def test_somebody_who_is_signed_in_is_asked_to_leave_first(link, client_as):
    assert "signed in already" in client_as("coder").post(link, GOOD).content.decode()
    assert not User.objects.filter(email="nia@example.org").exists()


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_make_one_account(people):
    _, whole = invitations.invite(people["staff"], email="nia@example.org")
    *_, pk, token = links(whole)[0].strip("/").split("/")

    def click() -> str:
        try:
            return invitations.accept(pk, token, name="Nia", password=GOOD["password"]).email
        except (invitations.Unusable, ValidationError) as reason:
            return type(reason).__name__

    said = at_once(click)
    assert said.count("nia@example.org") == 1
    assert User.objects.filter(email="nia@example.org").count() == 1
