"""Redis as sockets of the web process ask it: they find out in seconds that it is away, and wait for nobody."""

from __future__ import annotations

import asyncio
from weakref import WeakKeyDictionary

import redis.asyncio as redis
from django.conf import settings

from facsweb.installation import redis_at_once

_CLIENTS: WeakKeyDictionary[asyncio.AbstractEventLoop, redis.Redis] = WeakKeyDictionary()


def client() -> redis.Redis:
    """This event loop's connections to Redis."""
    loop = asyncio.get_running_loop()
    if loop not in _CLIENTS:
        how = redis_at_once(settings.REDIS_URL)
        _CLIENTS[loop] = redis.Redis.from_url(how.pop("address"), **how)
    return _CLIENTS[loop]
