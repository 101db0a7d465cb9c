"""Confirming right before an act: which means count, what a failure costs, and signing without a password."""

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from django.urls import reverse

from facsweb.accounts import reauthentication
from facsweb.accounts.reauthentication import Confirmation, NotConfirmed
from facsweb.audit.models import Entry
from facsweb.reports import services as reports
from facsweb.reports.models import SignOff
from tests.accounts.conftest import code_now, enrol
from tests.conftest import PASSWORD


@pytest.fixture
def page(layer) -> str:
    return reverse("reports:sign", args=[layer.pk])


def sign(client: Client, page: str, layer, **proof: str):
    return client.post(page, {"revision": layer.revision, "confirmed": "on", **proof})


def test_signing_with_the_password(page, layer, client_as):
    assert "/reports/" in sign(client_as("coder"), page, layer, password=PASSWORD).url
    assert SignOff.objects.count() == 1


def test_signing_with_a_code_of_the_app_works_without_any_password(page, layer, client_as, people):
    enrol(people["coder"])
    people["coder"].set_unusable_password()
    people["coder"].save()
    client = client_as("coder")
    shown = client.get(page).content.decode()
    assert 'name="code"' in shown
    assert 'name="password"' not in shown
    assert "/reports/" in sign(client, page, layer, code=code_now()).url
    assert Authenticator.objects.get(user=people["coder"], type="totp").last_used_at


@pytest.mark.parametrize(
    ("proof", "words"),
    [
        ({"password": "wrong"}, "The password is wrong. Nothing was signed."),
        ({"code": "000000"}, "The code is wrong"),
    ],
)
def test_a_wrong_proof_signs_nothing_and_is_logged(page, layer, client_as, people, proof, words):
    enrol(people["coder"])
    response = sign(client_as("coder"), page, layer, **proof)
    assert words in response.content.decode()
    assert not SignOff.objects.exists()
    assert Entry.objects.get(action="account.confirmation_failed").details["about"] == f"layer {layer.pk}"


def test_no_proof_at_all_costs_no_try(page, layer, client_as, people):
    enrol(people["coder"])
    assert "Write your password or a code" in sign(client_as("coder"), page, layer).content.decode()
    assert not SignOff.objects.exists()
    assert not Entry.objects.filter(action__startswith="account.").exists()


@pytest.mark.parametrize("answer", ['{"id": "made up"}', "nonsense", "[]", '{"id": "eA", "rawId": "eA"}'])
def test_an_answer_that_no_passkey_gave_confirms_nothing(rf, layer, people, signed_in, answer):
    from allauth.core import context

    request = rf.post("/x/", {"credential": answer})
    request.user, request.session = people["coder"], signed_in("coder").session
    with context.request_context(request), pytest.raises(NotConfirmed, match="passkey was not accepted"):
        reauthentication.confirm(request, layer)
    assert Entry.objects.get(action="account.confirmation_failed").details["method"] == "passkey"


def test_a_recovery_code_signs_nothing(page, layer, client_as, people):
    enrol(people["coder"])
    code = Authenticator.objects.get(user=people["coder"], type="recovery_codes").wrap().get_unused_codes()[0]
    sign(client_as("coder"), page, layer, code=code)
    assert not SignOff.objects.exists()


def test_ways_of_confirming_share_their_tries(page, layer, client_as, people):
    enrol(people["coder"])
    client = client_as("coder")
    for number in range(5):
        sign(client, page, layer, **({"password": "wrong"} if number % 2 else {"code": "000000"}))
    assert "closed for you" in sign(client, page, layer, password=PASSWORD).content.decode()
    assert not SignOff.objects.exists()


def test_whoever_has_nothing_to_confirm_with_is_told_where_to_get_it(page, layer, client_as, people):
    people["coder"].set_unusable_password()
    people["coder"].save()
    shown = client_as("coder").get(page).content.decode()
    assert "nothing to sign with" in shown
    assert reverse("accounts:me") in shown


def test_somebody_elses_confirmation_signs_nothing(layer, people):
    other = Confirmation(people["analyst"].pk, "password")
    with pytest.raises(reports.Refused, match="Somebody else confirmed"):
        reports.sign(people["coder"], layer, confirmation=other, statement=reports.STATEMENT)


def test_means(people):
    assert reauthentication.means_of(people["coder"]) == reauthentication.Means(True, False, False)
    people["coder"].set_unusable_password()
    assert not reauthentication.means_of(people["coder"])
    with pytest.raises(NotConfirmed, match="your account has none"):
        reauthentication.check_password(people["coder"], "", about=people["coder"])


def test_the_decorator(rf, people, signed_in):
    from django.http import HttpResponse

    view = reauthentication.recently_confirmed(lambda request: HttpResponse("done"))
    from allauth.core.exceptions import ReauthenticationRequired

    request = rf.get("/x/")
    request.user, request.session = people["coder"], {}
    with pytest.raises(ReauthenticationRequired):
        view(request)
    script = rf.get("/api/v1/tokens")
    script.user, script.session = people["coder"], {}
    assert view(script).status_code == 403
    lately = rf.get("/x/")
    lately.user, lately.session = people["coder"], signed_in("coder").session
    assert view(lately).content == b"done"
