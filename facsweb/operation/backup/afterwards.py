"""What an operator has to do after a restore, said from what the restore found."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from facsweb.operation.backup import files
from facsweb.operation.backup.restoring import Restored


def lost_entries(last_entry: int) -> tuple[str, int] | None:
    """Day of the newest anchor file that signed more of the log than was restored, and how many entries more.

    The operator lays the newer anchors (their mails, or the folder where they are kept) into the folder of the
    anchors; they are signed, and `audit verify` checks them. This only reads what they say.
    """
    newest: tuple[str, int] | None = None
    for path in sorted(Path(settings.ANCHORS_DIR).glob("????-??-??.json")):
        try:
            said = json.loads(json.loads(path.read_bytes())["statement"])
            day, entry = str(said["day"]), int(said["entry"])
        except (OSError, ValueError, KeyError, TypeError):
            continue
        if entry > last_entry:
            newest = (day, entry - last_entry)
    return newest


def todo(made: Restored) -> Iterator[str]:
    """Sentences, in the order in which things are to be done."""
    if not made.with_keys:
        yield (
            "The backup is without keys. Before anybody signs in, put the saved secret_key (or SECRET_KEY) and "
            f"keys/ in place in {settings.DATA_DIR}: without them second factors and webhooks have to be set up "
            "again, and anchors of the log count as signed by somebody else."
        )
    if made.missing:
        yield f"{len(made.missing)} files were missing already when the backup was made, {made.missing[0]} first."
    lost = lost_entries(made.last_entry)
    if lost:
        day, count = lost
        yield (
            f"The anchor of {day} shows that {count} entries followed in the log after this backup. "
            "Write it down; audit verify will say that they are missing, which is true."
        )
    yield (
        "Erasures since this backup are undone. Look into the newer destruction certificates, the withdrawal "
        "mails and the log's last export for consents that were withdrawn since, withdraw them again on the "
        "participants' pages before anybody else signs in, and let a worker destroy what they cover."
    )
    yield "Everybody has to sign in again. Now run: manage.py doctor"
    if not (Path(settings.DATA_DIR) / files.SECRET_KEY).exists() and not made.with_keys:
        yield "There is no secret_key here yet; one is made at the first start unless you put the old one there."
