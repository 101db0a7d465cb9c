"""The process that looks at the pictures of live sessions: newest picture first, sessions in turn.

It holds the engine of every session that was given to it (`belt.ASSIGN`) in memory. One thread listens and keeps
of each session the newest picture only; the other one works. Next is, of those that have a picture, the session
whose last turn is longest ago. (Not the one whose picture waits for longest: cameras keep their beat, so a picture
that always comes just before another's would go first every time.) The nets run in one thread; start as many of
these as there are processor cores to spare (``manage.py serve --live N``).
"""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import socket
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from facsweb.live import belt
from facsweb.live.belt import Picture
from facsweb.processes import beats
from facsweb.processes.told import Told

if TYPE_CHECKING:
    from analysis.live.decoder import Decoder
    from analysis.live.engine import Engine

logger = logging.getLogger(__name__)
_BEAT_EVERY_S: Final = 0.5
#: A loop that did not come round for so long does not beat any more. Loading the nets takes a few seconds.
_STUCK_S: Final = 30.0
_RETRY_S: Final = 1.0
#: A picture that waited for so long for its turn is passed over: what is said late is said of another face.
OLD_S: Final = 0.1
_LET_GO_EVERY_S: Final = 1.0


@dataclass
class _Held:
    """One session as this worker holds it."""

    engine: Engine
    decoder: Decoder
    told_neutral: Any = None
    seen_at: float = field(default_factory=time.monotonic)


@dataclass
class _Mail:
    """What came of one session and was not looked at yet."""

    commands: list[dict[str, Any]] = field(default_factory=list)
    picture: Picture | None = None
    came_at: float = 0.0


class Worker:
    """Works until `stop`; one for each process.

    Parameters
    ----------
    url : str
        Of the Redis.
    """

    def __init__(self, url: str) -> None:
        self.name = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"
        # What cannot be said at once is old: the page asks with its next picture.
        how: dict[str, Any] = {"socket_connect_timeout": 5.0, "retry": Retry(NoBackoff(), 1)}
        self._redis = redis.Redis.from_url(url, socket_timeout=5.0, **how)
        self._listening = redis.Redis.from_url(url, health_check_interval=5, **how)
        self._over = Told()
        self._news = threading.Condition()
        self._mail: dict[UUID, _Mail] = {}
        self._held: dict[UUID, _Held] = {}
        #: Number of each session's last turn.
        self._turns: dict[UUID, int] = {}
        self._turn_number = 0
        self._came_round = self._let_go_at = time.monotonic()
        self._subscribed = False

    def stop(self) -> None:
        """Ask it to end; safe in a signal handler."""
        self._over.set()

    def run(self) -> None:
        """Listen, beat and work; returns after `stop`."""
        threads = [threading.Thread(target=part, daemon=True) for part in (self._listen, self._beat)]
        for thread in threads:
            thread.start()
        try:
            while not self._over.is_set():
                self._came_round = time.monotonic()
                self._turn()
                self._let_go()
        finally:
            self._leave()

    # --- other threads ----------------------------------------------------------------------------------------

    def _listen(self) -> None:
        while not self._over.is_set():
            try:
                with self._listening.pubsub(ignore_subscribe_messages=True) as line:
                    line.subscribe(belt.to_worker(self.name))
                    self._subscribed = True
                    while not self._over.is_set():
                        message = line.get_message(timeout=0.5)
                        if message is not None:
                            self._take(message["data"])
            except (redis.RedisError, OSError) as error:
                self._subscribed = False
                logger.warning("Redis cannot be reached: %s", error)
                self._over.wait(_RETRY_S)

    def _take(self, message: bytes) -> None:
        try:
            session, content = belt.read_message(message)
        except Exception:  # nothing of ours
            logger.warning("A message to the live worker cannot be read.")
            return
        with self._news:
            mail = self._mail.setdefault(session, _Mail())
            if isinstance(content, Picture):
                mail.picture, mail.came_at = content, time.monotonic()  # an older one is of no use any more
            else:
                mail.commands.append(content)
                if content.get("do") == "end":
                    mail.picture = None  # of a session that is over, or went to another worker
            self._news.notify()

    def _beat(self) -> None:
        while not self._over.wait(_BEAT_EVERY_S):
            if not self._subscribed or time.monotonic() - self._came_round > _STUCK_S:
                continue
            beats.touch("live")  # and tells no database, for which this thread must not wait
            with contextlib.suppress(redis.RedisError, OSError):
                line = self._redis.pipeline(transaction=False)
                line.set(belt.beat_key(self.name), 1, px=belt.BEAT_LASTS_MS)
                line.sadd(belt.WORKERS, self.name)
                line.execute()

    # --- the work ---------------------------------------------------------------------------------------------

    def _turn(self) -> None:
        """Look at what came of one session, of those whose turn it is longest not to have been."""
        with self._news:
            if not self._mail:
                self._news.wait(0.5)
            if not self._mail:
                return
            session = min(self._mail, key=lambda one: self._turns.get(one, 0))
            mail = self._mail.pop(session)
        if mail.picture is not None and time.monotonic() - mail.came_at > OLD_S:
            self._pass_over(session, mail.picture)  # and it keeps its place: what the page sends instead is next
            mail.picture = None
        else:
            self._turn_number += 1
            self._turns[session] = self._turn_number
        try:
            self._work(session, mail)
        except Exception as error:  # one session's trouble must not end the others
            logger.exception("A picture of live session %s could not be looked at.", session)
            self._drop(session)
            self._tell(session, belt.words("trouble", why=_sentence(error)))

    def _work(self, session: UUID, mail: _Mail) -> None:
        for command in mail.commands:
            self._obey(session, command)
        if mail.picture is None:
            return
        held = self._held.get(session) or self._begin(session, None)
        held.seen_at = time.monotonic()
        if not held.decoder.alive:
            self._held[session] = held = _Held(held.engine, _new_decoder(), held.told_neutral)
        if not held.decoder.ready():
            self._pass_over(session, mail.picture)  # its child still starts
            return
        answer = self._answer(held, mail.picture, mail.came_at)
        if answer is not None:
            self._tell(session, belt.ANSWER + answer)
        else:
            self._pass_over(session, mail.picture)
        self._tell_neutral(session, held)

    def _answer(self, held: _Held, picture: Picture, came_at: float) -> bytes | None:
        from analysis.live.decoder import BadPicture
        from facsweb.live.answers import packed

        try:
            rgb = held.decoder(picture.content)
        except BadPicture as error:
            logger.info("A picture was not taken: %s", error)
            return None
        seen = held.engine.see(rgb, picture.time_us)
        height, width = rgb.shape[:2]
        return packed(picture.number, seen, (width, height), 1000 * (time.monotonic() - came_at))

    def _obey(self, session: UUID, command: dict[str, Any]) -> None:
        wish = command.get("do")
        if wish == "end":
            self._drop(session)
            return
        held = self._held.get(session)
        if held is None:
            held = self._begin(session, command.get("neutral"))
        if wish == "neutral" and held.engine.take_neutral() is None:
            self._tell(session, belt.words("no_neutral"))
        elif wish == "relearn":
            held.engine.forget_neutral()
            held.told_neutral = None

    def _begin(self, session: UUID, stored: Any) -> _Held:
        from analysis.live.engine import Engine
        from analysis.live.settling import from_plain

        neutral = None
        if stored is not None:
            with contextlib.suppress(ValueError):  # of another version of the product: it is looked for anew
                neutral = from_plain(stored)
        held = self._held[session] = _Held(Engine(neutral=neutral), _new_decoder(), neutral)
        return held

    def _tell_neutral(self, session: UUID, held: _Held) -> None:
        """Hand a newly found neutral to the page, which brings it along should this worker be gone."""
        from analysis.live.settling import as_plain

        if held.engine.neutral is not None and held.engine.neutral is not held.told_neutral:
            held.told_neutral = held.engine.neutral
            self._tell(session, belt.words("neutral", neutral=as_plain(held.engine.neutral)))

    def _pass_over(self, session: UUID, picture: Picture) -> None:
        """Say that a picture gets no answer, so that the page need not wait before it sends another one."""
        self._tell(session, belt.words("passed", number=picture.number))

    def _tell(self, session: UUID, message: bytes) -> None:
        try:
            self._redis.publish(belt.to_page(session), message)
        except (redis.RedisError, OSError) as error:
            logger.warning("Redis cannot be reached: %s", error)

    def _let_go(self) -> None:
        """Give up sessions that nobody sends pictures of."""
        now = time.monotonic()
        if now - self._let_go_at < _LET_GO_EVERY_S:
            return
        self._let_go_at = now
        self._turns = {key: turn for key, turn in self._turns.items() if key in self._held}
        for session in [key for key, held in self._held.items() if now - held.seen_at > belt.IDLE_S]:
            self._drop(session)

    def _drop(self, session: UUID) -> None:
        held = self._held.pop(session, None)
        if held is not None:
            held.decoder.close()

    def _leave(self) -> None:
        """Let others take over at once."""
        with contextlib.suppress(redis.RedisError, OSError):
            self._redis.delete(belt.beat_key(self.name))
            self._redis.srem(belt.WORKERS, self.name)
        for session in list(self._held):
            self._drop(session)


def _new_decoder() -> Decoder:
    from analysis.live.decoder import Decoder

    return Decoder()


def _sentence(error: Exception) -> str:
    from analysis.types import AnalysisError

    if isinstance(error, AnalysisError):
        return str(error)
    return "The server could not look at a picture. It goes on with the next one."
