"""Long recordings are measured in segments by all workers; whoever dies, the result is the same, once."""

from datetime import timedelta

import numpy as np
import pyarrow.parquet as pq
import pytest
from django.utils import timezone

from analysis import pipeline
from facsweb.processes import queue
from facsweb.processes.fence import Order
from facsweb.runs import attempts, job, progress, recovery, segment_attempts, segments, services, tasks
from facsweb.runs.models import AnalysisRun, Segment
from facsweb.studies.withdrawing import withdraw
from tests.analysis.clips import repeat
from tests.analysis.conditions import cut
from tests.programs import wait_until
from tests.runs.conftest import wait_for, with_file

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("models", "redis"),
    pytest.mark.timeout(900),
]
State = AnalysisRun.State
FENCE = segment_attempts.FENCE


@pytest.fixture(scope="session")
def split_clip(tmp_path_factory):
    """25 s, whose segments may be 5 s long: three of them, since each is read from 10 s before its first row."""
    folder = tmp_path_factory.mktemp("media")
    return repeat(cut("d1", 0.0, 5.0).write(folder / "part.mp4"), 5, folder / "split.mp4")


@pytest.fixture(scope="session")
def whole(split_clip, tmp_path_factory):
    """Its rows, measured in one go."""
    out = tmp_path_factory.mktemp("whole")
    pipeline.measure(split_clip, out)
    return pq.read_table(out / "measurement.parquet")


@pytest.fixture
def short_segments(settings, monkeypatch):
    for name in ("FACSWEB_SEGMENTS_OVER_S", "FACSWEB_SEGMENT_S"):
        setattr(settings, name, 5)
        monkeypatch.setenv(name, "5")  # of the workers


@pytest.fixture
def split_recording(recording, split_clip, short_segments):
    return with_file(recording, split_clip, 25_000_000)


@pytest.fixture
def split(split_recording, people):
    """A run at work whose segments were made and wait."""
    run = attempts.claim(services.start(people["analyst"], split_recording).pk, 1, "worker A")
    assert segments.is_split(run, job.original_path(run.recording))
    return run


def assert_same(run, whole):
    assert run.state == State.SUCCEEDED, run.error_detail
    found = pq.read_table(services.result_dir(run) / "measurement.parquet")
    for name in whole.column_names:
        np.testing.assert_array_equal(found[name].to_numpy(), whole[name].to_numpy(), err_msg=name)


def test_one_worker_is_killed_in_its_segment_and_another_in_the_run(split_recording, people, start_child, whole):
    """Two workers share the segments; both are killed, one after the other, and a third one ends the work."""
    start_child("recovery", "--every", "1")
    workers = {worker.process.pid: worker for worker in (start_child("worker"), start_child("worker"))}
    run = services.start(people["analyst"], split_recording)

    def at(segment_of_run: bool) -> list[int]:
        rows = Segment.objects.filter(run=run, state="running", done__gt=0)
        names = {one.worker for one in rows if (one.worker == run.worker) == segment_of_run}
        return [pid for pid in workers if any(name.endswith(f":{pid}") for name in names)]

    wait_for(run, lambda: bool(at(segment_of_run=False)), what="both are at it")
    killed = at(segment_of_run=False)[0]
    workers.pop(killed).kill_all()
    lost = Segment.objects.get(run=run, state="running", worker__endswith=f":{killed}")
    wait_for(run, lambda: Segment.objects.filter(run=run, state="succeeded").exists(), what="the other goes on")
    finished = {one.pk: one.started_at for one in Segment.objects.filter(run=run, state="succeeded")}
    for worker in workers.values():
        worker.kill_all()
    run.refresh_from_db()
    assert run.is_active, "it cannot end without the segment that was lost a moment ago"
    start_child("worker")
    seen = {}

    def over() -> bool:
        for one in Segment.objects.filter(run=run):
            seen[one.pk] = one
        return not run.is_active

    wait_for(run, over)
    assert_same(run, whole)
    assert seen[lost.pk].attempt > 1
    assert all(seen[pk].started_at == started for pk, started in finished.items()), "what is finished is kept"
    assert run.attempt == 2
    wait_until(lambda: not run.segments.exists(), what="its segments are gone")
    wait_until(lambda: not (attempts.folder(run.pk) / "segments").exists(), what="and their files")


def test_worker_that_dies_while_joining_leaves_its_segments_to_the_next(split, whole, monkeypatch):
    real = segments.join

    class Killed(BaseException):
        pass

    def killed(*arguments, **named):
        raise Killed

    AnalysisRun.objects.filter(pk=split.pk).update(state=State.QUEUED)
    monkeypatch.setattr(segments, "join", killed)
    with pytest.raises(Killed):  # a job alone measures all of its segments
        job.perform(split.pk, 1, "worker A")
    assert set(Segment.objects.filter(run=split).values_list("state", "attempt")) == {("succeeded", 1)}
    long_ago = timezone.now() - timedelta(minutes=1)
    AnalysisRun.objects.filter(pk=split.pk).update(heartbeat_at=long_ago)
    recovery.recover()
    measured = []
    monkeypatch.setattr(segments, "join", real)
    monkeypatch.setattr(segments, "measure_part", lambda *arguments, **named: measured.append(arguments))
    job.perform(split.pk, 2, "worker B")
    split.refresh_from_db()
    assert_same(split, whole)
    assert (split.attempt, split.crashes, measured) == (2, 1, [])
    assert not Segment.objects.filter(run=split).exists()
    assert not (attempts.folder(split.pk) / "segments").exists()


def test_cancelling_reaches_every_segment_and_nothing_is_kept(
    endless_recording, short_segments, people, start_child
):
    start_child("worker")
    start_child("worker")
    run = services.start(people["analyst"], endless_recording)
    running = Segment.objects.filter(run=run, state="running", done__gt=0)
    wait_for(run, lambda: running.count() == 2, what="both are at it")
    services.cancel(people["analyst"], run)
    wait_for(run, lambda: run.state == State.CANCELLED)
    wait_until(lambda: not Segment.objects.filter(run=run).exists(), what="no segment waits or runs")
    wait_until(lambda: not attempts.folder(run.pk).exists(), what="nothing is kept")


def test_segments_are_made_and_carried_once(split):
    rows = list(split.segments.all())
    assert [row.number for row in rows] == [0, 1, 2]
    split.refresh_from_db()
    segment_attempts.make(split, {"other": 1}, [1, 2, 3, 4])
    split.refresh_from_db()
    assert split.segments.count() == len(split.plan["frames"]) == 3
    taken = segment_attempts.take(split, "worker A")
    assert (taken.number, taken.state) == (0, "running")
    assert not queue.is_waiting(FENCE.job_id(taken.pk, 1))
    assert queue.is_waiting(FENCE.job_id(rows[1].pk, 1))
    tasks.measure_segment(str(taken.pk), 1)  # the job came all the same
    taken.refresh_from_db()
    assert (taken.worker, taken.attempt, taken.folder) == ("worker A", 1, "")


def test_segment_hears_what_is_ordered_to_its_run(split, people, consent):
    first, second = segment_attempts.take(split, "worker A"), segment_attempts.take(split, "worker B")
    assert FENCE.order(first.pk, 1) is Order.GO_ON
    AnalysisRun.objects.filter(pk=split.pk).update(state=State.QUEUED)  # its worker died: the segments go on
    assert FENCE.order(first.pk, 1) is Order.GO_ON
    withdraw(people["analyst"], consent, reason="asked by mail")
    assert {FENCE.order(one.pk, 1) for one in (first, second)} <= {Order.CANCEL, Order.LOST}
    assert segment_attempts.take(split, "worker C") is None
    recovery.recover()
    assert not Segment.objects.filter(run=split).exists()


def test_segment_of_a_silent_worker_is_taken_by_the_next(split):
    taken = segment_attempts.take(split, "worker A")
    FENCE.take_back(split)
    assert FENCE.order(taken.pk, 1) is Order.GO_ON, "it beat a moment ago"
    Segment.objects.filter(pk=taken.pk).update(heartbeat_at=timezone.now() - 2 * segment_attempts.STALE)
    FENCE.take_back(split)
    assert FENCE.order(taken.pk, 1) is Order.LOST
    again = segment_attempts.take(split, "worker B")
    assert (again.pk, again.attempt, again.crashes) == (taken.pk, 2, 1)
    assert not FENCE.finish(taken, {"folder": "of the one that was thought dead"})


def test_segment_that_does_not_get_on_is_given_to_another(split, monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(segments.time, "monotonic", lambda: now[0])
    taken, seen = segment_attempts.take(split, "worker A"), segments._Seen()
    assert seen.hung([taken]) == []
    now[0] += segments.STALL_S / 2
    taken.done = 10
    assert seen.hung([taken]) == []
    now[0] += segments.STALL_S + 1
    assert seen.hung([taken]) == [taken]
    for crash in range(1, segment_attempts.MAX_CRASHES):
        segment_attempts.give_up_hung(taken)
        taken = segment_attempts.take(split, "worker B")
        assert (taken.attempt, taken.crashes) == (crash + 1, crash)
    segment_attempts.give_up_hung(taken)
    taken.refresh_from_db()
    assert (taken.state, taken.error) == ("failed", segment_attempts.GIVEN_UP)


def test_page_says_which_part_is_at_work(split):
    stages = progress.stages_of(split, stage="measure 2/3", done=300, total=1000, rate=100.0)
    assert stages[1].note == "part 2 of 3 · 300 of 1,000 frames · 100 frames/s · 7 s left"
    assert (stages[1].state, stages[1].value, stages[1].max) == ("active", 300, 1000)
