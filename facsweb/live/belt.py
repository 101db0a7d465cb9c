"""What travels between web servers and live workers through Redis, and who works on which session.

Pictures are only published, never stored: Redis writes what is stored to its disk. A worker is listed as long as
it beats. A session goes to the one with the fewest sessions and stays there, for what a worker knows of a face
does not travel; it goes to another one when its own falls silent, or has two more than another has.
"""

from __future__ import annotations

import json
import struct
from typing import Any, Final, NamedTuple
from uuid import UUID

PREFIX: Final = "facsweb:live"
#: Every listed worker.
WORKERS: Final = f"{PREFIX}:workers"
#: A worker that did not beat for so long is taken for dead.
BEAT_LASTS_MS: Final = 2500
#: A session that nobody sends pictures of is given up by its worker after so long.
IDLE_S: Final = 20.0
_OWNER_LASTS_MS: Final = 60_000
#: Kinds of messages to a worker.
PICTURE, COMMAND = b"P", b"C"
#: Kinds of messages from a worker: an answer to a picture, and words (JSON).
ANSWER, WORDS = b"A", b"W"
_HEAD: Final = struct.Struct("<IQ")
#: What the page puts before a picture: 1, its number, and when it was taken (microseconds of the session).
PAGE_HEAD: Final = struct.Struct("<IIQ")

#: A session counts among those of its worker for so long after it was asked for; its page asks every second.
_ASKED_LASTS_MS: Final = 5000

#: Says which worker has a session, and gives it one where it has none that beats, or where another has at least
#: two fewer. What a worker has is counted here, by who asked lately, and not by the worker: one that just loads
#: its nets would say none, and be given all.
#: KEYS: the session's owner, the list of workers. ARGV: prefix of a worker's beat, prefix of a worker's sessions,
#: the session, how long an owner is kept (ms), for how long who asked is counted (ms).
#: Returns the owner, empty where no worker beats, and who had the session before, empty where nobody else had.
ASSIGN: Final = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function others(name)
  local key = ARGV[2] .. name
  redis.call('ZREMRANGEBYSCORE', key, '-inf', now - ARGV[5])
  redis.call('ZREMRANGEBYSCORE', key, now + ARGV[5], '+inf')
  local found = redis.call('ZCARD', key)
  if redis.call('ZSCORE', key, ARGV[3]) then found = found - 1 end
  return found
end
local before = redis.call('GET', KEYS[1]) or ''
local owner, least = '', nil
for _, name in ipairs(redis.call('SMEMBERS', KEYS[2])) do
  if redis.call('EXISTS', ARGV[1] .. name) == 0 then
    redis.call('SREM', KEYS[2], name)
  else
    local load = others(name)
    if not least or load < least or (load == least and name == before) then
      owner, least = name, load
    end
  end
end
if owner == '' then return {'', ''} end
if before == owner then
  before = ''
elseif before ~= '' then
  redis.call('ZREM', ARGV[2] .. before, ARGV[3])
end
redis.call('ZADD', ARGV[2] .. owner, now, ARGV[3])
redis.call('PEXPIRE', ARGV[2] .. owner, 2 * ARGV[5])
redis.call('SET', KEYS[1], owner, 'PX', ARGV[4])
return {owner, before}
"""


class Picture(NamedTuple):
    """One picture on its way to a worker."""

    number: int
    time_us: int
    content: bytes


def owner_key(session: UUID) -> str:
    return f"{PREFIX}:owner:{session}"


def beat_key(worker: str) -> str:
    return f"{PREFIX}:beat:{worker}"


def to_worker(worker: str) -> str:
    """Channel on which a worker listens."""
    return f"{PREFIX}:to:{worker}"


def to_page(session: UUID) -> str:
    """Channel on which the web server that holds a session's socket listens."""
    return f"{PREFIX}:page:{session}"


def sessions_key(worker: str) -> str:
    return f"{PREFIX}:sessions:{worker}"


def assign_arguments(session: UUID) -> tuple[int | str, ...]:
    """What `ASSIGN` is called with, behind the script itself."""
    prefixes = (beat_key(""), sessions_key(""))
    return 2, owner_key(session), WORKERS, *prefixes, str(session), _OWNER_LASTS_MS, _ASKED_LASTS_MS


def picture_message(session: UUID, picture: Picture) -> bytes:
    return b"".join(
        (session.bytes, PICTURE, _HEAD.pack(picture.number, picture.time_us), picture.content),
    )


def command_message(session: UUID, **values: Any) -> bytes:
    return b"".join((session.bytes, COMMAND, json.dumps(values).encode()))


def read_message(message: bytes) -> tuple[UUID, Picture | dict[str, Any]]:
    """A session, and a picture or a command of it."""
    session, kind, body = UUID(bytes=message[:16]), message[16:17], message[17:]
    if kind == PICTURE:
        return session, Picture(*_HEAD.unpack_from(body), body[_HEAD.size :])
    found: dict[str, Any] = json.loads(body)
    return session, found


def words(kind: str, **values: Any) -> bytes:
    """A message to the page in words."""
    return WORDS + json.dumps({"type": kind, **values}).encode()
