"""What `make load` and `make chaos` do inside of their installation: a program that prints JSON.

python -m tests.load.inside seed STUDIES PEOPLE PARTICIPANTS FINISHED
python -m tests.load.inside outcome
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

PASSWORD = "correct horse battery staple"


def seed(studies: int, people: int, participants: int, finished: int) -> dict[str, Any]:
    """Studies with people who hold every role, participants who agreed to all, and finished runs to look at."""
    from django.contrib.auth.hashers import make_password

    from facsweb.accounts.models import User
    from facsweb.coding.services import open_layer
    from facsweb.studies.models import Membership, Participant, Role, Study
    from tests.factories import make_consent, make_finished_run, make_recording, session_of

    hashed = make_password(PASSWORD)  # once: its price is measured where people sign in
    users = [
        User.objects.create(email=f"person{number}@load.example", name=f"Person {number}", password=hashed)
        for number in range(people)
    ]
    made = []
    for number in range(studies):
        study = Study.objects.create(
            name=f"Study {number}",
            purpose="To see how much this bears.",
            setting="usability",
            jurisdiction="Germany",
            created_by=users[0],
        )
        own = [user for place, user in enumerate(users) if place % studies == number] or users[:1]
        Membership.objects.bulk_create(
            Membership(study=study, user=user, role=role) for user in own for role in Role
        )
        codes, runs = [], []
        for place in range(participants):
            participant = Participant.objects.create(study=study, code=f"P-{place:03}", created_by=own[0])
            if place == 0:
                form = make_consent(participant, own[0]).form
            else:
                _consent(participant, form, own[0])
            codes.append(str(participant.pk))
        first = Participant.objects.get(pk=codes[0])
        for _ in range(finished):
            runs.append(_run(first, own, make_recording, make_finished_run, open_layer))
        made.append(
            {"study": str(study.pk), "participants": codes, "people": [u.email for u in own], "runs": runs}
        )
    return {"studies": made, "sessions": {user.email: session_of(user) for user in users}}


def _consent(participant: Any, form: Any, user: Any) -> None:
    from django.utils import timezone

    from facsweb.studies.models import Consent

    Consent.objects.create(
        participant=participant,
        form=form,
        scopes=form.scopes,
        method="on_screen",
        signature="P.",
        given_at=timezone.now(),
        recorded_by=user,
    )


def _run(
    first: Any, own: list[Any], make_recording: Any, make_finished_run: Any, open_layer: Any
) -> dict[str, Any]:
    recording = make_recording(first, own[0])
    run = make_finished_run(recording, own[0])
    layers = {user.email: str(open_layer(user, run).pk) for user in own[:3]}
    return {"run": str(run.pk), "recording": str(recording.pk), "layers": layers}


def outcome() -> dict[str, Any]:
    """What became of the uploads: runs with their moments, seconds since 1970, and how many rows there are."""
    from django.apps import apps
    from django.db import connection
    from django.db.models import Count

    from facsweb.recordings.models import Recording, Upload
    from facsweb.runs.models import AnalysisRun

    made = AnalysisRun.objects.filter(started_at__isnull=False, attempt__gte=1, recording__upload__isnull=False)
    runs = [
        {
            "run": str(run.pk),
            "study": run.study.name,
            "state": run.state,
            "error": run.error,
            "queued": run.queued_at.timestamp(),
            "started": run.started_at.timestamp(),
            "finished": run.finished_at.timestamp() if run.finished_at else None,
        }
        for run in made.select_related("recording__participant__study")
    ]
    rows = {
        model._meta.label: model.objects.count() for model in apps.get_models() if "facsweb" in model.__module__
    }
    states = Upload.objects.values_list("state").annotate(n=Count("pk")).order_by("state")
    waiting = AnalysisRun.objects.filter(state="queued").count()
    recorded = sum(Recording.objects.filter(upload__isnull=False).values_list("duration_us", flat=True)) / 1e6
    with connection.cursor() as cursor:
        cursor.execute("SHOW synchronous_commit" if connection.vendor == "postgresql" else "PRAGMA synchronous")
        durable = str(cursor.fetchone()[0])
    return {
        "durable": durable,
        "runs": runs,
        "rows": rows,
        "uploads": dict(states),
        "waiting": waiting,
        "recorded_s": recorded,
    }


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "facsweb.settings")
    import django

    django.setup()
    command, *words = sys.argv[1:]
    answer = {"seed": seed, "outcome": outcome}[command](*(int(word) for word in words))
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
