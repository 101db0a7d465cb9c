"""Sessions compared: groups above the least n, two sessions of one participant, and refusals in a sentence."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.conf import settings

from analysis.indicators.compare import LEAST
from facsweb.coding.models import Layer
from facsweb.meaning import comparing, inputs
from facsweb.meaning.models import Reading
from facsweb.runs.models import AnalysisRun
from facsweb.studies.models import Consent, Participant, Scope
from tests.factories import make_recording

pytestmark = pytest.mark.django_db
WINDOWS = 30


def files(folder, joy, engagement, share):
    """What a reading leaves, as small as it can be."""
    folder.mkdir(parents=True)
    session = {"joy": {"value": joy}, "fear": {"value": None}}
    (folder / "states.json").write_text(json.dumps({"faces": [{"face": 0, "session": session}]}))
    (folder / "summary.json").write_text(json.dumps({"faces": [{"face": 0, "aus": {"12": {"share": share}}}]}))
    indicators = [{"id": "trust_score", "value": None}]
    (folder / "indicators.json").write_text(json.dumps({"faces": [{"face": 0, "indicators": indicators}]}))
    at = np.arange(WINDOWS, dtype=np.int64) * 1_000_000
    common = {"face": np.zeros(WINDOWS, np.int16), "start_us": at, "end_us": at + 2_000_000}

    def write(name, middle, **more):
        ends = {key: np.full(WINDOWS, middle + off) for key, off in (("value", 0), ("low", -0.1), ("high", 0.1))}
        pq.write_table(pa.table(common | ends | more), folder / name)

    write("states.parquet", joy, state=["joy"] * WINDOWS)
    write("engagement.parquet", engagement)


@pytest.fixture
def filled(participant, consent, people):
    """Twice as many sessions as a comparison needs, one of each participant: "Film", then "Talk" with more joy."""
    rng = np.random.default_rng(1)
    for number in range(2 * LEAST):
        other = Participant.objects.create(
            study=participant.study, code=f"Q-{number}", created_by=people["analyst"]
        )
        kept = {field.name: getattr(consent, field.name) for field in Consent._meta.fields if field.name != "id"}
        Consent.objects.create(**{**kept, "participant": other})
        talk = number >= LEAST
        add(other, people, "Talk" if talk else "Film", joy=0.2 + 0.3 * talk + 0.02 * rng.standard_normal())
    return participant.study


def add(participant, people, title, joy):
    recording = make_recording(participant, people["analyst"])
    type(recording).objects.filter(pk=recording.pk).update(title=title)
    run = AnalysisRun.objects.create(recording=recording, created_by=people["analyst"], state="succeeded")
    folder = f"readings/{run.pk}/1"
    summary = {"faces": [{"face": 0}], "versions": {"states": "1"}}
    used = {"scopes": [str(scope) for scope in inputs.INDICATORS]}
    Reading.objects.create(run=run, state="succeeded", folder=folder, summary=summary, inputs=used)
    files(Path(settings.MEDIA_ROOT) / folder, joy, 50.0, joy / 2)
    return run


def url(study, *, what=("states",), a="Film", b="Talk", **more):
    parts = [("what", one) for one in what] + [("a_title", a), ("b_title", b), *more.items()]
    return f"/studies/{study.pk}/compare/?" + "&".join(f"{key}={value}" for key, value in parts)


def test_groups_have_effect_sizes_intervals_corrected_tests_and_n(filled, client_as):
    answer = client_as("coder").get(url(filled, what=("states", "aus", "engagement")))
    rows = {row["name"]: row for row in answer.context["result"]["rows"]}
    joy = rows["state:joy"]
    assert (joy["n_first"], joy["n_second"]) == (LEAST, LEAST)
    value, low, high = joy["g"]
    assert low < value < high < 0, "less joy in the first group"
    assert joy["p"] <= joy["p_bh"] <= joy["p_holm"] < 0.01
    assert rows["engagement"]["why"] == "Everybody in both groups has the same value."
    assert set(rows) == {"state:joy", "au_share:12", "engagement"}
    page = answer.content.decode()
    assert f"{LEAST} participants" in page
    assert "compare-data" in page
    assert [one["label"] for one in answer.context["plot"]] == ["AU 12, share of the time", "joy"]


def test_the_download_has_every_figure_and_no_formula(filled, client_as):
    answer = client_as("coder").get(url(filled, csv="1", a_name="%3DSUM(A1)"))
    assert answer["Content-Type"].startswith("text/csv")
    (row,) = csv.DictReader(io.StringIO(answer.content.decode()))
    assert row["value"] == "state:joy"
    assert row["first"] == "'=SUM(A1)"
    assert float(row["g_low"]) < float(row["g"]) < float(row["g_high"])


def test_below_the_least_n_there_is_a_sentence_and_no_figure(filled, client_as):
    Participant.objects.filter(code="Q-0").first().recordings.all().delete()
    answer = client_as("coder").get(url(filled))
    assert answer.context["result"] is None
    assert (
        f"{LEAST - 1} and {LEAST} participants, and each group needs at least {LEAST}" in answer.content.decode()
    )
    assert "compare-data" not in answer.content.decode()


def test_two_sessions_of_one_participant(filled, participant, client_as, people):
    first, second = (add(participant, people, title, joy) for title, joy in (("Before", 0.2), ("After", 0.6)))
    assert client_as("coder").get(url(filled, a="", b="")).context["problem"] == "Choose sessions for both groups."
    base = f"/studies/{filled.pk}/compare/?what=states&what=aus&what=indicators&what=engagement"
    answer = client_as("coder").get(f"{base}&a={first.pk}&b={second.pk}")
    rows = {row["name"]: row for row in answer.context["result"]["rows"]}
    assert answer.context["result"]["kind"] == "sessions"
    assert set(rows) == {"state:joy", "engagement"}, "indicators never for one participant"
    assert rows["state:joy"]["difference"] == pytest.approx(0.4, abs=0.01)
    other = AnalysisRun.objects.filter(recording__participant__code="Q-1").get()
    refused = client_as("coder").get(f"{base}&a={first.pk}&b={other.pk}")
    assert "1 and 1 participants" in refused.content.decode(), "two people are never compared"
    twice = client_as("coder").get(f"{base}&a={first.pk}&b={first.pk}")
    assert "in both groups" in twice.content.decode()


def test_who_did_not_agree_or_is_coded_blind_is_not_there(filled, client_as, people):
    def codes():
        items = client_as("coder").get(f"/studies/{filled.pk}/compare/").context["items"]
        return {one.participant.code for one in items}

    assert {"Q-0", "Q-1", "Q-2"} <= codes()
    Consent.objects.filter(participant__code="Q-1").update(scopes=[str(Scope.VIDEO)])
    run = AnalysisRun.objects.get(recording__participant__code="Q-2")
    Layer.objects.create(run=run, kind="coder", owner=people["coder"], mode="blind", state="open")
    page = client_as("coder").get(f"/studies/{filled.pk}/compare/")
    assert not {"Q-1", "Q-2"} & {one.participant.code for one in page.context["items"]}
    assert list(page.context["left_out"].values()) == [1], "the blind one is not even counted"


def test_what_makes_no_sense_is_told(filled, client_as, monkeypatch):
    def told(address):
        return client_as("coder").get(address).context["problem"]

    assert "what is to be compared" in told(url(filled, what=()))
    assert "both groups" in told(url(filled, b="nothing is called this"))
    assert "in both groups" in told(url(filled, b="Film"))
    monkeypatch.setattr(comparing, "MOST", 3)
    assert re.search("At most 3 sessions.* these are 16", told(url(filled)))
    assert told(f"/studies/{filled.pk}/compare/?a=x&b=y&what=states") == "Choose sessions for both groups."


def formula(title, weight):
    """Have every reading of these sessions hold an indicator that was computed with this weight."""
    for number, reading in enumerate(Reading.objects.filter(run__recording__title=title)):
        row = {"id": "nod_rate", "weight": weight, "direction": "raises", "anchors": [0, 6]}
        about = {"version": "1.0", "author": "facsweb", "date": "2026-11-21", "inputs": [row]}
        one = {"id": "trust_score", "value": 40.0 + number, **about}
        path = Path(settings.MEDIA_ROOT) / reading.folder / "indicators.json"
        path.write_text(json.dumps({"faces": [{"face": 0, "indicators": [one]}]}))


def test_sessions_read_by_different_versions_or_formulas_are_pointed_out(filled, client_as):
    assert not client_as("coder").get(url(filled)).context["result"]["mixed"]
    formula("Film", 0.2)
    formula("Talk", 0.2)
    page = client_as("coder").get(url(filled, what=("states", "indicators")))
    assert "Trust score, exploratory: shipped formula 1.0, facsweb" in page.content.decode()
    assert {row["name"]: row["p"] is None for row in page.context["result"]["rows"]} == {
        "indicator:trust_score": False,
        "state:joy": False,
    }
    formula("Talk", 0.4)
    used = Reading.objects.filter(run__recording__title="Talk").first().inputs
    Reading.objects.filter(run__recording__title="Talk").update(inputs=used | {"indicators": {"trust_score": 2}})
    page = client_as("coder").get(url(filled, what=("states", "indicators")))
    joy, trust = page.context["result"]["rows"]
    assert joy["p_holm"] == joy["p"], "what is left out does not make the correction stricter"
    assert (trust["n_first"], trust["n_second"], trust["p"], trust["mean_first"]) == (LEAST, LEAST, None, None)
    assert "read with different formulas" in trust["why"]
    assert f"{LEAST} with this study’s own formula, version 2" in page.content.decode()
    told = client_as("coder").get(url(filled, what=("states", "indicators"), csv="1")).content.decode()
    assert "Read them again first." in told
    reading = Reading.objects.filter(run__recording__title="Film").first()
    Reading.objects.filter(pk=reading.pk).update(summary={**reading.summary, "versions": {"states": "2"}})
    assert client_as("coder").get(url(filled)).context["result"]["mixed"]


def test_the_page_asks_as_much_for_many_sessions_as_for_one(filled, people, django_assert_max_num_queries):
    with django_assert_max_num_queries(8):
        assert len(comparing.sessions(people["manager"], filled).items) == 2 * LEAST
