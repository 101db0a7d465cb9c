"""How the log is hashed: the canonical form, the hash of what an entry says, the chain of those hashes.

``docs/audit.md`` describes both forms for somebody who checks an export without this program.
"""

from __future__ import annotations

import hashlib
import json
import math
from typing import Any, Final

from facsweb.audit.models import Entry

GENESIS: Final = "0" * 64
#: The form in which entries are written. Form 1 knew no origin and hashed everything at once.
FORMAT: Final = 2
#: From here on every float is a whole number, and PostgreSQL gives it back as an integer.
_WHOLE_FROM: Final = 1e15


def canonical(value: Any) -> bytes:
    """Canonical JSON of plain values: sorted keys, no spaces, UTF-8. Hashes are taken over these bytes."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def plain(value: Any) -> Any:
    """Values as every database gives them back, so that their hash stays true.

    PostgreSQL keeps no ``-0.0``, no ``1e20`` as a float, no NaN and no character U+0000; UTF-8 has no half
    surrogates. Keys become text; what JSON does not know becomes its text.
    """
    if isinstance(value, dict):
        return {_text(str(key)): plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(part) for part in value]
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            return str(value)
        return int(value) if abs(value) >= _WHOLE_FROM else value + 0.0
    return _text(str(value))


def _text(value: str) -> str:
    return value.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()


def content(entry: Entry) -> list[Any]:
    """Everything an entry of form 2 says, in the order in which it is hashed."""
    return [
        entry.at.isoformat(),
        str(entry.actor_id or ""),
        entry.actor_label,
        entry.action,
        str(entry.study_id or ""),
        entry.object_type,
        entry.object_id,
        entry.details,
        entry.before,
        entry.after,
        entry.address,
        entry.agent,
        entry.session,
        entry.via,
        entry.salt,
    ]


def content_hash(entry: Entry) -> str:
    """SHA-256 (hex) over what an entry says. It stands for a withheld entry without telling anything of it."""
    return hashlib.sha256(canonical(content(entry))).hexdigest()


def link(number: int, said: str, previous: str) -> str:
    """SHA-256 (hex) that chains an entry of form 2: over its number, its content's hash and the hash before it."""
    return hashlib.sha256(canonical([2, number, said, previous])).hexdigest()


def digest(entry: Entry) -> str:
    """The hash that an entry must carry; empty for a form that does not exist."""
    if entry.format == 2:
        return link(entry.number, content_hash(entry), entry.previous_hash)
    if entry.format != 1:
        return ""
    said = [
        entry.number,
        entry.at.isoformat(),
        str(entry.actor_id or ""),
        entry.actor_label,
        entry.action,
        str(entry.study_id or ""),
        entry.object_type,
        entry.object_id,
        entry.details,
        entry.previous_hash,
    ]
    return hashlib.sha256(canonical(said)).hexdigest()
