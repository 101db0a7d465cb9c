"""How often a token may ask. Counted in the cache, in windows of a minute."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.core.cache import cache

from facsweb.api.models import Token
from facsweb.api.problems import Problem

WINDOW_S: Final = 60


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of a token's minute."""

    most: int
    left: int
    seconds: int

    def headers(self) -> dict[str, str]:
        """``RateLimit`` and ``RateLimit-Policy`` (IETF draft "RateLimit header fields for HTTP")."""
        return {
            "RateLimit-Policy": f'"token";q={self.most};w={WINDOW_S}',
            "RateLimit": f'"token";r={self.left};t={self.seconds}',
        }


def count(token: Token) -> Allowance:
    """Count a request of a token.

    Raises
    ------
    Problem
        429, with ``Retry-After``: the minute is used up.
    """
    now = time.time()
    window = int(now // WINDOW_S)
    seconds = max(1, WINDOW_S - int(now % WINDOW_S))
    key = f"api:{token.pk}:{window}"
    cache.add(key, 0, timeout=2 * WINDOW_S)
    try:
        used = cache.incr(key)
    except ValueError:  # thrown out of the cache between the two lines
        used = 1
    allowance = Allowance(settings.API_REQUESTS_A_MINUTE, max(0, settings.API_REQUESTS_A_MINUTE - used), seconds)
    if used > allowance.most:
        raise Problem(
            429,
            f"A token may ask {allowance.most} times a minute. Wait {seconds} s, then go on.",
            headers={"Retry-After": str(seconds), **allowance.headers()},
        )
    return allowance
