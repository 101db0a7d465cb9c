"""Somebody who may be before a camera, in a migrated installation: as a program, prints what a test needs."""

from __future__ import annotations

import json
import os
import sys


def main() -> None:
    """Make one person with every role and a participant who agreed; with a word:

    ``marks`` says the recording's markers, ``withdraw`` withdraws the consent.
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "facsweb.settings")
    import django

    django.setup()
    if "marks" in sys.argv:
        from facsweb.meaning.models import Markers

        sys.stdout.write(json.dumps(Markers.objects.get().marks) + "\n")
        return
    if "withdraw" in sys.argv:
        from facsweb.studies.models import Consent
        from facsweb.studies.withdrawing import withdraw

        consent = Consent.objects.get()
        withdraw(consent.participant.created_by, consent, reason="asked")
        sys.stdout.write("true\n")
        return
    from tests.factories import make_coder_at_work, session_of

    person, participant = make_coder_at_work()
    sys.stdout.write(json.dumps({"participant": str(participant.pk), "session": session_of(person)}) + "\n")


if __name__ == "__main__":
    main()
