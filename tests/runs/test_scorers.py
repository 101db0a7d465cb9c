"""Which scorer reads a run: named, kept when the neutral changes, chosen again by those who may."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest
from django.urls import reverse

from analysis.interpretation import interpret
from analysis.scoring import package
from analysis.scoring.choice import RULES
from analysis.scoring.code import CODE_COLUMNS
from facsweb.audit.models import Entry
from facsweb.runs import job, neutrals, scorers, services
from facsweb.runs.models import AnalysisRun
from tests.analysis.made import series, smile
from tests.runs.test_neutrals import TIMES, analysed, work

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("models_present", "redis")]
State = AnalysisRun.State
NEWEST = f"au-nets/{package.shipped_versions()[-1]}"


@pytest.fixture
def old(recording, people):
    """A run of before there were learned scorers: its measurement has no code."""
    return analysed(recording, people["analyst"])


@pytest.fixture
def run(recording, people):
    """A run whose measurement the newest scorer can read, and has read."""
    made = series(TIMES, noise=0.003, **smile(TIMES / 1e6))
    codes = np.random.default_rng(5).normal(0, 0.05, (len(CODE_COLUMNS), 250)).astype(np.float32)
    face = replace(made, columns={**made.columns, **dict(zip(CODE_COLUMNS, codes, strict=True))})
    found = analysed(recording, people["analyst"], {0: face})
    folder = services.result_dir(found)
    about = json.loads((folder / "measurement.json").read_text())
    about["encoder"] = package.default().encoder_sha256
    (folder / "measurement.json").write_text(json.dumps(about))
    found.summary = dict(interpret(folder).summary)
    found.files = job.hashes(folder)
    found.save()
    return found


def intervals(run) -> np.ndarray:
    return pq.read_table(services.result_dir(run) / "signals.parquet")["AU12_low"].to_numpy()


def test_a_run_is_read_again_by_the_rules_and_back(run, people):
    analyst = people["analyst"]
    assert scorers.of_run(run) == NEWEST
    assert np.isfinite(intervals(run)).any()
    ruled = work(scorers.choose(analyst, run, RULES))
    assert ruled.state == State.SUCCEEDED, ruled.error_detail
    assert scorers.of_run(ruled) == RULES == "{id}/{version}".format(**ruled.summary["scorer"])
    assert np.isnan(intervals(ruled)).all()
    assert ruled.summary["tiers"] != run.summary["tiers"]
    again = work(scorers.choose(analyst, ruled, NEWEST))
    assert again.summary["scorer"] == run.summary["scorer"]
    assert np.array_equal(intervals(again), intervals(run), equal_nan=True)
    entry = Entry.objects.filter(action="run.scorer").order_by("pk").first()
    assert (entry.before["run"], entry.after["scorer"]) == (str(run.pk), RULES)
    run.refresh_from_db()
    assert scorers.of_run(run) == NEWEST, "the run before stays as it was"


def test_another_neutral_keeps_the_scorer_and_another_scorer_the_neutral(run, people, monkeypatch):
    analyst = people["analyst"]
    chosen = work(neutrals.choose(analyst, run, face=0, time_us=2_000_000))
    assert chosen.parameters["scorer"] == NEWEST, "a version that comes later must not slip in"
    ruled = work(scorers.choose(analyst, chosen, RULES))
    (one,) = neutrals.of_run(ruled)
    assert (one.method, one.by) == ("chosen", "Analyst Person")
    assert work(neutrals.choose(analyst, ruled, face=0)).parameters["scorer"] == RULES


def test_undoing_a_neutral_looks_past_readings_by_another_scorer(run, people):
    analyst = people["analyst"]
    assert neutrals.before_of(work(scorers.choose(analyst, run, RULES))) is None
    chosen = work(neutrals.choose(analyst, run, face=0, time_us=2_000_000))
    ruled = work(scorers.choose(analyst, chosen, RULES))
    assert neutrals.before_of(ruled).pk == run.pk
    back = work(neutrals.undo(analyst, ruled))
    assert [one.method for one in neutrals.of_run(back)] == ["automatic"]
    assert scorers.of_run(back) == RULES


def test_what_cannot_read_the_measurement_is_said_and_refused(old, people):
    found = {one.name: one for one in scorers.options(old)}
    assert found[RULES].in_use
    assert found[NEWEST].why_not == "needs a new analysis of the recording"
    with pytest.raises(services.RunRefused, match="cannot read this run: needs a new analysis"):
        scorers.choose(people["analyst"], old, NEWEST)
    with pytest.raises(services.RunRefused, match="no such scorer"):
        scorers.choose(people["analyst"], old, "au-nets/99.0.0")
    assert AnalysisRun.objects.count() == 1
    assert "scorer" not in work(neutrals.choose(people["analyst"], old, face=0)).parameters


def test_a_double_click_makes_one_run_and_a_busy_recording_says_so(run, people):
    first = scorers.choose(people["analyst"], run, RULES)
    assert scorers.choose(people["analyst"], run, RULES) == first
    work(first)
    services.reinterpret(people["analyst"], first, None)
    with pytest.raises(services.RunRefused, match="under way"):
        scorers.choose(people["analyst"], run, RULES)


def test_under_a_signature_it_stays(run, people):
    from facsweb.coding.models import Layer
    from facsweb.coding.services import open_layer

    layer = open_layer(people["coder"], run)
    Layer.objects.filter(pk=layer.pk).update(state=Layer.State.SIGNED)
    with pytest.raises(services.RunRefused, match="scorer"):
        scorers.choose(people["analyst"], run, RULES)


def test_the_page_names_it_and_offers_it_to_those_who_may(run, client_as):
    page = reverse("runs:detail", args=[run.pk])
    text = client_as("analyst").get(page).content.decode()
    assert f'Read by <span class="mono strong">{NEWEST}</span>' in text
    assert f'<option value="{RULES}">' in text
    assert f'<option value="{NEWEST}" disabled>' in text
    seen = client_as("coder").get(page).content.decode()
    assert NEWEST in seen
    assert 'name="scorer"' not in seen
    answer = client_as("analyst").post(reverse("runs:rescore", args=[run.pk]), {"scorer": RULES})
    again = AnalysisRun.objects.get(parameters__scorer=RULES)
    assert answer.url == reverse("runs:detail", args=[again.pk])
    refused = client_as("analyst").post(
        reverse("runs:rescore", args=[run.pk]), {"scorer": "au-nets/99.0.0"}, follow=True
    )
    assert "no such scorer" in refused.content.decode()
