"""Words that may have to be erased do not go into the log, because nothing can be taken out of it."""

from __future__ import annotations

import hashlib
import hmac

from django.conf import settings


def mark(words: str) -> str:
    """What stands in the log for words that somebody typed about a person, such as a title or a file's name.

    Equal words have equal marks, so the log still shows that a title changed and when it was changed back. The key
    is the installation's, so nobody finds the words by trying.

    Parameters
    ----------
    words : str

    Returns
    -------
    str
        ``mark:`` and 16 hexadecimal digits (HMAC-SHA-256); empty for no words.
    """
    if not words:
        return ""
    key = hashlib.sha256(b"audit mark " + settings.SECRET_KEY.encode()).digest()
    return f"mark:{hmac.new(key, words.encode(), hashlib.sha256).hexdigest()[:16]}"
