"""Somebody who may be before a camera, in a migrated installation: as a program, prints what a test needs."""

from __future__ import annotations

import json
import os
import sys


def main() -> None:
    """Make one person with every role and a participant who agreed; with ``marks`` say the recording's markers."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "facsweb.settings")
    import django

    django.setup()
    if "marks" in sys.argv:
        from facsweb.meaning.models import Markers

        sys.stdout.write(json.dumps(Markers.objects.get().marks) + "\n")
        return
    from tests.factories import make_coder_at_work, session_of

    person, participant = make_coder_at_work()
    sys.stdout.write(json.dumps({"participant": str(participant.pk), "session": session_of(person)}) + "\n")


if __name__ == "__main__":
    main()
