"""What travels between web servers and live workers through Redis, and who works on which session.

Pictures are only published, never stored: Redis writes what is stored to its disk. A worker is listed as long as
it beats; a session goes to the one with the fewest sessions, and to another one when that falls silent.
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

#: Says which worker has a session, and gives it one where it has none that beats; empty where no worker beats.
#: KEYS: the session's owner, the list of workers. ARGV: prefix of a worker's beat, how long an owner is kept (ms).
ASSIGN: Final = """
local owner = redis.call('GET', KEYS[1])
if not owner or redis.call('EXISTS', ARGV[1] .. owner) == 0 then
  owner = nil
  local least
  for _, name in ipairs(redis.call('SMEMBERS', KEYS[2])) do
    local load = tonumber(redis.call('GET', ARGV[1] .. name))
    if not load then
      redis.call('SREM', KEYS[2], name)
    elseif not least or load < least then
      owner, least = name, load
    end
  end
  if not owner then return '' end
  redis.call('INCR', ARGV[1] .. owner)
end
redis.call('SET', KEYS[1], owner, 'PX', ARGV[2])
return owner
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


def assign_arguments(session: UUID) -> tuple[int, str, str, str, int]:
    """What `ASSIGN` is called with, behind the script itself."""
    return 2, owner_key(session), WORKERS, beat_key(""), _OWNER_LASTS_MS


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
