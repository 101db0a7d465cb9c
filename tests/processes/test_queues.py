"""Which work goes into which queue, in which order a worker takes from them, and what starts the workers."""

from __future__ import annotations

import ast
import itertools
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.core.management.base import CommandError

from analysis import cores
from facsweb.processes import duties, queue
from facsweb.processes.fence import study_path
from facsweb.processes.management.commands.worker import names
from facsweb.processes.supervisor import Installation
from facsweb.processes.work import Work
from facsweb.processes.worker import PATIENCE, AnalysisWorker
from tests.conftest import REPOSITORY


def test_the_settings_know_every_queue():
    assert set(settings.RQ_QUEUES) == queue.NAMES


def test_what_the_table_names_is_there_and_pictures_are_for_graphics_processors():
    tasks = {
        f"facsweb.{path.parent.name}.tasks.{node.name}"
        for path in (REPOSITORY / "facsweb").glob("*/tasks.py")
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef)
    }
    assert set(queue._QUEUE_OF) | queue._FIRST <= tasks
    assert queue.queue_of("facsweb.runs.tasks.analyse") == queue.GPU
    assert queue.queue_of("facsweb.recordings.tasks.make_proxy") == queue.MEDIA
    assert queue.queue_of("facsweb.reports.tasks.render_report") == queue.CPU


def test_every_kind_of_work_knows_its_study():
    from django.apps import apps

    kinds = [model for model in apps.get_models() if issubclass(model, Work)]
    without = {model.__name__ for model in kinds if not study_path(model)}
    assert without == {"Training", "Version"}, "those are the installation's"


def test_queues_of_a_worker():
    assert names("gpu, media,gpu") == ("gpu", "media")
    for wrong in ("gpu,analysis", ""):
        with pytest.raises(CommandError, match="cpu, media, gpu"):
            names(wrong)


def worker(waiting):
    """A worker's order of taking, without a Redis: always the first of its queues in which something waits."""
    made = object.__new__(AnalysisWorker)
    made.queues = [SimpleNamespace(name=name) for name in queue.QUEUES]
    made._ordered_queues = list(made.queues)
    made._passed = dict.fromkeys(queue.QUEUES, 0)
    while any(waiting.values()):
        taken = next(one for one in made._ordered_queues if waiting[one.name])
        waiting[taken.name] -= 1
        made.reorder_queues(taken)
        yield taken.name


def test_short_work_comes_first_and_measuring_does_not_wait_for_ever():
    order = list(worker({"cpu": 100, "media": 3, "gpu": 5}))
    assert order[:4] == ["cpu"] * 4
    places = [place for place, name in enumerate(order) if name == "gpu"]
    assert places[0] <= PATIENCE + 1
    assert max(later - earlier for earlier, later in itertools.pairwise(places)) <= PATIENCE + 2
    assert list(worker({"cpu": 0, "media": 0, "gpu": 3})) == ["gpu"] * 3
    assert next(worker({"cpu": 1, "media": 0, "gpu": 50})) == "cpu"


def test_a_report_that_comes_while_much_is_measured_is_next():
    waiting = {"cpu": 0, "media": 0, "gpu": 50}
    order = worker(waiting)
    for _ in range(20):
        assert next(order) == "gpu"
    waiting["cpu"] = 1
    assert next(order) == "cpu"


def test_a_look_that_takes_long_rests(monkeypatch):
    pace = duties.Paced()
    with pace.look():
        pass
    assert pace.due(), "it took no time"
    monkeypatch.setattr(duties, "SLOW_S", -1.0)
    monkeypatch.setattr(duties, "REST", 1e12)
    with pace.look():
        pass
    assert not pace.due()


def test_serve_composes_its_workers():
    short = (["worker", "--queues", "cpu,media"], None)
    first, second = cores.shares(2)
    made = Installation(port=0, workers=2, short=1)
    assert made._workers() == [(["worker"], first), (["worker"], second), short]
    made = Installation(port=0, workers=2, short=1, all_cores=True)
    assert made._workers() == [(["worker"], None), (["worker"], None), short]
    assert Installation(port=0)._workers() == [(["worker"], None)], "one alone has all cores"
