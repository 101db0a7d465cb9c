"""What upper layers tell the log, or keep from a reader of it. They fill these in ``AppConfig.ready()``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from django.db.models import Model

from facsweb.audit.models import Entry

#: Each gives the numbers of those entries whose details are hidden from a person: somebody who codes blind must
#: not read in the log what others coded.
withheld: Final[list[Callable[[Any, Sequence[Entry]], set[int]]]] = []

#: Signs bytes with the installation's key (RSA PKCS #1 v1.5 or ECDSA, SHA-256) and gives the signature with the
#: PEM of its certificate. The last one is asked.
signer: Final[list[Callable[[bytes], tuple[bytes, str]]]] = []

#: Fingerprints (SHA-256, hex) of the certificates that this installation holds now; none makes a key.
own_certificates: Final[list[Callable[[], set[str]]]] = []

#: Called inside the transaction that appends an entry, with the entry and what it is about: what a hook writes to
#: the database happens together with the act or not at all.
on_entry: Final[list[Callable[[Entry, Model], None]]] = []
