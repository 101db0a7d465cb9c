"""A fresh installation's study, made in its own data folder: run as a program, prints what the test needs."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path


def main() -> None:
    """Make one coder with one open coding and a signed-in session."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "facsweb.settings")
    import django

    django.setup()
    from django.core.management import call_command
    from django.test import Client
    from django.utils import timezone

    from facsweb.accounts.models import User
    from facsweb.coding.services import open_layer
    from facsweb.studies.models import Consent, ConsentForm, Membership, Participant, Role, Scope, Study
    from tests.factories import make_finished_run, make_recording

    call_command("migrate", verbosity=0)
    coder = User.objects.create_user("coder@example.org", "Coder Person", "correct horse battery staple")
    study = Study.objects.create(
        name="Saving", purpose="To see.", setting="research", jurisdiction="Germany", created_by=coder
    )
    Membership.objects.bulk_create(Membership(study=study, user=coder, role=role) for role in Role)
    participant = Participant.objects.create(study=study, code="P-001", created_by=coder)
    scopes = [str(scope) for scope in Scope]
    form = ConsentForm.objects.create(
        study=study, version=1, title="Consent", body="We record.", scopes=scopes, created_by=coder
    )
    Consent.objects.create(
        participant=participant,
        form=form,
        scopes=scopes,
        method="on_screen",
        signature="P",
        given_at=timezone.now(),
        recorded_by=coder,
    )
    run = make_finished_run(make_recording(participant, coder), coder)
    layer = open_layer(coder, run)
    client = Client()
    client.force_login(coder, backend="allauth.account.auth_backends.AuthenticationBackend")
    session = client.cookies["sessionid"].value
    print(json.dumps({"run": str(run.pk), "layer": str(layer.pk), "session": session}))


if __name__ == "__main__":
    main()
