"""What upper layers want to know about. They fill these lists in ``AppConfig.ready()``; nobody imports upward."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from facsweb.recordings.models import Recording
from facsweb.studies.models import Participant

#: Called inside the transaction that begins an upload of so many bytes; each may raise an ``UploadError`` that
#: says why there is to be none.
before_upload: Final[list[Callable[[Participant, int], None]]] = []

#: Called inside the transaction that deletes a recording, before its rows go. Returns files and folders that
#: belong to the recording; they are removed once the transaction is committed.
on_deletion: Final[list[Callable[[Recording], Iterable[Path]]]] = []
