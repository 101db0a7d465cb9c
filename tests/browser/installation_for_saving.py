"""A study in the data folder of a migrated installation: run as a program, prints what the test needs."""

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
    from facsweb.coding.services import open_layer
    from tests.factories import make_coder_at_work, make_finished_run, make_recording, session_of

    coder, participant = make_coder_at_work()
    run = make_finished_run(make_recording(participant, coder), coder)
    layer = open_layer(coder, run)
    print(json.dumps({"run": str(run.pk), "layer": str(layer.pk), "session": session_of(coder)}))


if __name__ == "__main__":
    main()
