"""Saying something to the page and the worker of a session from anywhere; without Redis it is not said."""

from __future__ import annotations

import logging
from functools import cache
from uuid import UUID

import redis
from django.conf import settings

from facsweb.live import belt

logger = logging.getLogger(__name__)


@cache
def _client() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2.0, socket_connect_timeout=2.0, retry=None)


def over(session: UUID, why: str) -> None:
    """The session has ended. Who does not hear it finds out within a second, from the database."""
    try:
        client = _client()
        client.publish(belt.to_page(session), belt.words("over", why=why))
        owner = client.getdel(belt.owner_key(session))
        if owner:
            worker = owner.decode()
            client.zrem(belt.sessions_key(worker), str(session))
            client.publish(belt.to_worker(worker), belt.command_message(session, do="end"))
    except (redis.RedisError, OSError) as error:
        logger.info("The end of live session %s was not told: %s", session, error)
