"""Acts on accounts in the log of the installation, which staff reach from the page of people."""

from __future__ import annotations

from django.urls import reverse

from facsweb.accounts.models import Invitation
from tests.accounts.conftest import sign_in


def test_staff_find_acts_on_accounts_in_the_log(people, signed_in, client, study):
    staff = signed_in("staff")
    log = reverse("audit:installation")
    assert f'href="{log}"' in staff.get(reverse("accounts:list")).content.decode()
    staff.post(reverse("accounts:invite"), {"email": "nia@example.org", "name": "Nia"})
    invitation = Invitation.objects.get()
    staff.post(reverse("accounts:invitation", args=[invitation.pk]), {"act": "revoke"})
    sign_in(client, people["coder"].email, "wrong")
    url = reverse("accounts:change", args=[people["coder"].pk])
    for act in ("unlock", "end_sessions", "reset_password", "deactivate", "reactivate"):
        staff.post(url, {"act": act})

    def acts(**chosen: str) -> set[str]:
        return {entry.action for entry in staff.get(log, chosen).context["page"]}

    everything = acts()
    assert everything >= {
        *("account.sign_in", "account.login_failed", "account.reset_password", "account.deactivate"),
        *("account.activate", "invitation.create", "invitation.revoke"),
    }
    assert acts(action="invitation.create") == {"invitation.create"}
    assert acts(object=str(invitation.pk)) == {"invitation.create", "invitation.revoke"}
    assert acts(object="invitation") == {"invitation.create", "invitation.revoke"}
    assert acts(person=people["staff"].email) >= {"invitation.create", "account.deactivate"}
    assert "account.login_failed" not in acts(person=people["staff"].email)


def test_a_study_log_shows_nothing_of_accounts(people, signed_in, client, study):
    sign_in(client, people["coder"].email, "wrong")
    shown = signed_in("administrator").get(reverse("audit:log", args=[study.pk])).context["page"]
    assert not [entry for entry in shown if entry.action.startswith(("account.", "invitation."))]
