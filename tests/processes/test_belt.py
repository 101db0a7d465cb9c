"""The belt: what is put on it and when, whatever dies, however much waits."""

from __future__ import annotations

import uuid
from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from redis import ConnectionError as Gone

from facsweb.processes import belt, queue
from facsweb.processes.models import NOBODY, Lane, Ticket
from tests.at_once import at_once

pytestmark = pytest.mark.django_db(transaction=True)
TASK = "facsweb.runs.tasks.analyse"
A, B, C = (uuid.UUID(int=number) for number in (10, 11, 12))
WORKER = "a worker"


@pytest.fixture(autouse=True)
def known_belt(redis, monkeypatch):
    """An empty Redis, in which the workers are registered whom a test names."""
    monkeypatch.setattr(belt, "_listeners", {})
    monkeypatch.setattr(belt, "_away_until", 0.0)
    monkeypatch.setattr(belt, "AWAY_S", 1e6)  # however slow the test is
    redis.sadd("rq:workers", f"rq:worker:{WORKER}")
    redis.hset(f"rq:worker:{WORKER}", "state", "busy")
    return redis


def ask(study, count, **about):
    """Have so many jobs of a study done; their ids."""
    already = Ticket.objects.count()
    ids = [f"job-{study.int}-{already + number}" for number in range(count)]
    for number, job in enumerate(ids):
        queue.enqueue_on_commit(TASK, str(uuid.UUID(int=number)), 1, job_id=job, study=study, **about)
    return ids


def on_belt(name="gpu"):
    return queue.get_queue(name).job_ids


def work(name="gpu", worker=WORKER):
    """What a worker does to the belt with one job; the job's id, or None."""
    popped = queue.connection().lpop(queue.get_queue(name).key)
    if popped is None:
        return None
    job = popped.decode()
    belt.take(job, worker)
    belt.ended(job, worker)
    return job


def test_two_hundred_of_one_study_do_not_make_another_wait(one_moment):
    mine = ask(A, 200)
    first = [work() for _ in range(3)]
    assert first == mine[:3], "oldest first within a study"
    ask(B, 3)
    ask(C, 1)
    done = [work().split("-")[1] for _ in range(12)]
    assert done.index(str(C.int)) < 6
    assert [place for place, study in enumerate(done) if study == str(B.int)][-1] < 10
    while work():
        pass
    assert not Ticket.objects.exists(), "nobody is left behind"


def test_a_lone_job_lies_on_the_belt_as_soon_as_it_is_committed():
    with transaction.atomic():
        (job,) = ask(A, 1)
        assert on_belt() == []
    assert on_belt() == [job]
    with transaction.atomic():
        ask(B, 1)
        transaction.set_rollback(True)
    assert (on_belt(), Ticket.objects.count()) == ([job], 1), "what was rolled back never happens"


def test_the_belt_is_short_and_longer_with_more_workers(redis):
    ask(A, 20)
    assert len(on_belt()) == belt.LEAST
    for number in range(5):
        redis.sadd("rq:workers:gpu", f"rq:worker:{number}")
    belt._listeners.clear()
    belt.fill("gpu")
    assert len(on_belt()) == 6


def test_weights_and_limits_of_a_study(one_moment):
    queue.set_share(A, weight=3, most=None)
    ask(A, 60)
    ask(B, 60)
    done = Counter(work().split("-")[1] for _ in range(40))
    assert done[str(A.int)] == pytest.approx(30, abs=2)
    queue.set_share(A, weight=3, most=1)
    taken = []
    for _ in range(6):  # six that run at the same time
        taken.append(queue.connection().lpop(queue.get_queue("gpu").key).decode())
        belt.take(taken[-1], WORKER)
        belt.fill("gpu")
    late = [job for job in taken[2:] if job.split("-")[1] == str(A.int)]  # two lay on the belt before the limit
    assert len(late) <= 1


def test_what_somebody_waits_for_comes_before_the_rest_of_its_study():
    for number in range(4):
        queue.enqueue("facsweb.meaning.tasks.read", number, job_id=f"reading-{number}", study=A)
    queue.enqueue("facsweb.reports.tasks.render_report", "x", job_id="report", study=A)
    assert [work("cpu") for _ in range(5)].index("report") == belt.LEAST, "behind what lay on the belt already"


def test_asked_twice_is_once_and_asked_while_it_runs_is_once_more():
    for _ in range(3):
        queue.enqueue(TASK, "1", 1, job_id="one", study=A)
    assert (on_belt(), Ticket.objects.count()) == (["one"], 1)
    queue.connection().lpop(queue.get_queue("gpu").key)
    belt.take("one", WORKER)
    assert queue.is_carried("one")
    assert not queue.is_waiting("one")
    queue.enqueue(TASK, "1", 1, job_id="one", study=A)
    belt.ended("one", WORKER)
    assert queue.is_waiting("one")
    assert work() == "one"
    assert work() is None


def test_what_was_given_up_leaves_its_place_to_the_next():
    first, second, third = ask(A, 3)
    queue.remove(first)
    assert on_belt() == [second, third]
    belt.take(second, WORKER)
    queue.remove(second)
    assert queue.is_carried(second), "what a worker has ends by itself"


# --- what dies ---------------------------------------------------------------------------------------------------


def test_an_emptied_redis_is_filled_again_once(redis):
    first, second, third = ask(A, 3)
    redis.flushall()
    assert queue.tend() == [first, second]
    assert queue.tend() == []
    assert [work(), work(), work()] == [first, second, third]


def test_death_between_database_and_redis(monkeypatch):
    """The ticket says that it lies on the belt, and nothing does."""

    def dies(self, *args, **kwargs):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("rq.queue.Queue.enqueue_call", dies)
        job = f"job-{A.int}-0"
        with pytest.raises(KeyboardInterrupt):
            queue.enqueue(TASK, "1", 1, job_id=job, study=A)
    Ticket.objects.update(belt_at=timezone.now())  # as if even the tidying had not been reached
    assert on_belt() == []
    assert queue.tend() == [job]
    assert work() == job


def test_death_between_redis_and_taking_and_after_it(one_moment, redis):
    (job,) = ask(A, 1)
    redis.lpop(queue.get_queue("gpu").key)
    queue.get_queue("gpu").fetch_job(job).set_status("started")
    assert queue.tend() == [], "a worker is about to take it"
    Ticket.objects.update(belt_at=timezone.now() - 2 * belt.TAKEN)
    assert queue.tend() == [job]
    redis.lpop(queue.get_queue("gpu").key)
    belt.take(job, "another worker")  # which is registered nowhere
    assert queue.tend() == []
    Ticket.objects.update(taken_at=timezone.now() - 2 * belt.TAKEN)
    queue.tend()
    assert not queue.is_carried(job), "its room finds the row and asks for it once more"


def test_tickets_of_living_workers_stay():
    (job,) = ask(A, 1)
    belt.take(job, WORKER)
    Ticket.objects.update(taken_at=timezone.now() - timedelta(hours=3))
    queue.tend()
    assert queue.is_carried(job)


def test_a_redis_that_is_gone_fails_nobody(redis_server):
    redis_server.process.kill()
    redis_server.process.wait()
    first, second, third = ask(A, 3)
    assert belt.redis_is_away()
    assert queue.tend() == []
    assert all(map(queue.is_waiting, (first, second, third)))
    redis_server.start()
    assert queue.tend() == [first, second]
    assert not belt.redis_is_away()


def test_a_belt_that_cannot_be_reached_in_its_middle(monkeypatch):
    def gone(self, *args, **kwargs):
        raise Gone("gone")

    with monkeypatch.context() as patch:
        patch.setattr("rq.queue.Queue.enqueue_call", gone)
        (job,) = ask(A, 1)
        assert not Ticket.objects.exclude(belt_at=None).exists()
    assert queue.tend() == [job]


def test_several_dispatchers_at_once_put_every_ticket_there_once(monkeypatch):
    monkeypatch.setattr(belt, "_places", lambda name: 50)
    monkeypatch.setattr(belt, "_away_until", 1e12)  # none comes onto the belt while they are asked for
    for study in (A, B, C):
        ask(study, 10)
    belt._away_until = 0.0
    at_once(lambda: queue.tend(["gpu"]), 6)
    assert sorted(on_belt()) == sorted(Ticket.objects.values_list("job_id", flat=True))
    assert len(on_belt()) == 30


# --- what it costs -----------------------------------------------------------------------------------------------


def backlog(count):
    lanes = [Lane.objects.get_or_create(queue="gpu", study=study)[0] for study in (A, B, C, NOBODY)]
    Ticket.objects.bulk_create(
        [Ticket(job_id=f"waits-{n}", function=TASK, lane=lanes[n % len(lanes)]) for n in range(count)],
        batch_size=2000,
    )


@pytest.mark.parametrize("count", [20, 4000])
def test_the_cost_does_not_grow_with_the_backlog(count):
    backlog(count)
    with CaptureQueriesContext(
        connection,
    ) as said:
        belt.fill("gpu")
    assert len(said) <= 16
    with CaptureQueriesContext(connection) as said:
        ask(A, 1)  # the belt is full
        queue.tend(["gpu"])
    assert len(said) <= 16


def test_the_queries_of_filling_use_the_indexes():
    backlog(400)
    if connection.vendor == "postgresql":  # of so few rows it would read all
        connection.cursor().execute("SET enable_seqscan = off")
    for rows in (belt.next_lanes("gpu"), belt.oldest(Lane.objects.first())):
        plan = rows[:1].explain()
        assert "tickets_waiting" in plan, plan
    assert "tickets_under_way" in belt.next_lanes("gpu").explain()
