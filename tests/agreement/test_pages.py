"""Who sees how far codings agree, and that the pages show what ``analysis.agreement`` computes."""

from __future__ import annotations

import csv
import io

import pytest
from django.http import QueryDict
from django.urls import reverse

from analysis.agreement import Options, agree
from facsweb.agreement import comparing, pairs
from facsweb.agreement.adjudication import decide
from facsweb.agreement.beginning import start
from facsweb.agreement.models import Adjudication, Comparison
from facsweb.coding import comments
from facsweb.coding.models import Event, Layer
from facsweb.coding.values import coded_layer
from facsweb.recordings.services import delete_recording
from facsweb.studies.withdrawing import withdraw

pytestmark = pytest.mark.django_db


def finish(codings):
    Layer.objects.filter(pk__in=[layer.pk for layer in codings]).update(state="signed")


def test_figures_are_those_of_the_analysis(codings, study, client_as):
    client = client_as("analyst")
    page = client.get(reverse("agreement:study", args=[study.pk]))
    first, second = codings
    clock = comparing.clock_of(first.run)
    layers = [coded_layer(layer) for layer in codings]
    (expected,) = agree([layers], Options(), clocks={layers[0].recording: clock}).pairs
    result = page.context["result"]
    found = next(pair for pair in result["pairs"] if pair["second"] != "machine")
    assert {found["first"], found["second"]} == {str(first.owner_id), str(second.owner_id)}
    assert found["rows"] == [row.as_dict() for row in expected.rows]
    assert found["overall"] == expected.overall.as_dict()
    text = page.content.decode()
    assert f"{expected.overall['index'].value:.2f}" in text
    assert page.headers["Content-Security-Policy"].count("'unsafe-inline'") == 1

    rows = list(
        csv.DictReader(
            io.StringIO(client.get(reverse("agreement:csv", args=[study.pk])).content.decode("utf-8-sig"))
        )
    )
    (index,) = [
        row for row in rows if (row["code"], row["figure"], row["second"]) == ("all", "index", "Second Person")
    ]
    assert float(index["value"]) == pytest.approx(expected.overall["index"].value)


def test_a_comparison_is_computed_once_and_again_when_a_coding_changes(codings, study, client_as):
    client, url = client_as("analyst"), reverse("agreement:study", args=[study.pk])
    client.get(url)
    before = Comparison.objects.get()
    client.get(f"{url}?figure=kappa")
    assert Comparison.objects.get().computed_at == before.computed_at
    Layer.objects.filter(pk=codings[0].pk).update(revision=99)
    client.get(url)
    assert Comparison.objects.count() == 2


def test_what_takes_long_is_left_to_the_worker(codings, study, client_as, redis, monkeypatch):
    from facsweb.agreement.tasks import compute_comparison

    monkeypatch.setattr(comparing, "AT_ONCE_MIN", 0)
    client, url = client_as("analyst"), reverse("agreement:study", args=[study.pk])
    assert "The figures are being computed" in client.get(url).content.decode()
    waiting = Comparison.objects.get()
    for _ in range(2):
        compute_comparison(str(waiting.pk))
    assert "All codes together" in client.get(url).content.decode()


def test_a_worker_does_not_compute_what_changed_meanwhile(codings, study, people):
    found = pairs.pairs_of(people["analyst"], study)
    asked = comparing._asked(found, Options(), group=False)
    late = Comparison.objects.create(study=study, key="x", asked=asked)
    Layer.objects.filter(pk=codings[0].pk).update(revision=99)
    comparing.compute(late)
    assert (late.state, late.error) == ("failed", comparing.CHANGED)


def test_coders_see_their_own_pairs_when_nothing_can_change(codings, study, people, client_as):
    def seen(name):
        return [pair.names for pair in pairs.pairs_of(people[name], study)]

    assert seen("coder") == [("Coder Person", "Machine")]
    url = reverse("agreement:pair", args=[codings[0].pk, codings[1].pk])
    assert client_as("coder").get(url).status_code == 403
    finish(codings)
    assert seen("coder") == [("Coder Person", "Second Person"), ("Coder Person", "Machine")]
    assert client_as("coder").get(url).status_code == 200
    assert seen("judge") == []
    assert client_as("judge").get(url).status_code == 403
    assert client_as("manager").get(reverse("agreement:study", args=[study.pk])).status_code == 403


def test_who_codes_blind_sees_nothing_of_the_recording(codings, run, study, people, client_as):
    finish(codings)
    Layer.objects.create(run=run, owner=people["analyst"], kind="coder", mode="blind", state="open")
    assert pairs.pairs_of(people["analyst"], study) == []
    url = reverse("agreement:pair", args=[codings[0].pk, codings[1].pk])
    assert client_as("analyst").get(url).status_code == 403


def test_nothing_to_compare_says_what_to_do(study, client_as):
    text = client_as("analyst").get(reverse("agreement:study", args=[study.pk])).content.decode()
    assert "No recording has two codings yet" in text
    assert "Assign double coding" in text
    text = (
        client_as("coder").get(f"{reverse('agreement:study', args=[study.pk])}?tolerance_ms=-1").content.decode()
    )
    assert "greater than or equal to 0" in text


def test_a_coder_begins_and_a_lead_appoints(codings, study, people, client_as):
    url = reverse("agreement:start", args=[codings[0].pk, codings[1].pk])
    seen = {f"seen_{layer.pk}": Layer.objects.get(pk=layer.pk).revision for layer in codings}
    judge = client_as("judge")
    page = judge.get(reverse("agreement:study", args=[study.pk])).content.decode()
    assert "Two submitted codings" in page
    assert "Second Person" not in page.split("Adjudication</h2>")[1]
    stale = {**seen, f"seen_{codings[0].pk}": 99, "adjudicator": people["judge"].pk}
    assert "changed since this page was opened" in judge.post(url, stale, follow=True).content.decode()
    assert client_as("coder").post(url, {**seen, "adjudicator": people["judge"].pk}).status_code == 403
    assert "Choose who" in judge.post(url, {**seen, "adjudicator": "nonsense"}, follow=True).content.decode()
    judge.post(url, {**seen, "adjudicator": people["judge"].pk})
    begun = Adjudication.objects.get()
    page = judge.get(reverse("agreement:adjudication", args=[begun.pk])).content.decode()
    assert "Coder Person" not in page
    assert "Second Person" not in page
    client_as("analyst").post(reverse("agreement:names", args=[begun.pk]), {"shown": "1"})
    assert "Second Person" in judge.get(reverse("agreement:adjudication", args=[begun.pk])).content.decode()
    assert client_as("coder").get(reverse("agreement:adjudication", args=[begun.pk])).status_code == 403


def import_file(run, user, name, body=b"code,side,intensity,onset_s,offset_s\n12,both,B,1,2\n"):
    from analysis.exchange.values import Options as Reading
    from facsweb.exchange import services as exchange

    upload = exchange.receive(user, run, f"{name}.csv", body)
    return exchange.confirm(user, upload, Reading(), name)


def adjudicated(run, user, codings):
    """A signed adjudication of the two codings that holds what the first of them said."""
    layer = Layer.objects.create(run=run, kind="adjudicated", state="signed", owner=user)
    layer.sources.set(codings)
    return layer


def test_imported_and_adjudicated_codings_are_compared_by_name_and_by_choice(
    codings, run, study, people, client_as
):
    brought = import_file(run, people["analyst"], "Elan coder")
    adjudicated(run, people["judge"], codings)
    client, url = client_as("analyst"), reverse("agreement:study", args=[study.pk])
    result = client.get(url).context["result"]
    names = {frozenset(pair["names"]) for pair in result["pairs"]}
    mine = people["coder"].get_full_name()
    assert frozenset(("Elan coder (imported)", mine)) in names
    assert frozenset(("Adjudicated", mine)) in names
    assert frozenset(("Elan coder (imported)", "Adjudicated")) in names
    assert frozenset(("Elan coder (imported)", "Machine")) in names
    assert "the adjudicated coding" in result["methods"]
    assert "(imported)" in result["methods"]
    # all coders together: what two settled is not a coder more
    assert set(result["group"].get("coders", [])) <= {
        *(str(layer.owner_id) for layer in codings),
        pairs.key_of(brought),
    }

    def names_for(query):
        found = client.get(f"{url}?{query}").context["result"]
        return {name for pair in found["pairs"] for name in pair["names"]}

    assert names_for("kinds=imported") == {"Elan coder (imported)", "Machine"}
    assert names_for("kinds=adjudicated&kinds=imported&against=people") == {"Adjudicated", "Elan coder (imported)"}
    assert "Elan coder (imported)" not in names_for("kinds=coder&kinds=adjudicated")
    page = client.get(reverse("agreement:pair", args=[brought.pk, codings[0].pk])).content.decode()
    assert "Elan coder (imported)" in page


def test_of_two_files_under_one_name_the_later_one_counts(codings, run, study, people):
    import_file(run, people["analyst"], "Elan coder")
    later = import_file(run, people["coder"], " elan CODER", b"code,onset_s,offset_s\n4,1,2\n")
    found = pairs.pairs_of(people["analyst"], study, pairs.Chosen(kinds=frozenset({"imported"})))
    assert [[layer.pk for layer, _ in pair.layers] for pair in found] == [[later.pk]]


def test_codings_of_one_cohort_are_those_of_participants_who_stated_it(codings, run, study, people, participant):
    from facsweb.agreement.forms import ChoiceForm
    from facsweb.studies.cohorts import state_cohort
    from tests.calibration.conftest import starter

    finish(codings)
    turkish, german = starter("de-tr"), starter("de-de")
    state_cohort(people["analyst"], participant, turkish)
    everybody = pairs.pairs_of(people["analyst"], study, pairs.Chosen())
    own = pairs.pairs_of(people["analyst"], study, pairs.Chosen(cohort=turkish.key))
    assert everybody
    assert [pair.layers for pair in own] == [pair.layers for pair in everybody]
    assert pairs.pairs_of(people["analyst"], study, pairs.Chosen(cohort=german.key)) == []
    offered = ChoiceForm(QueryDict(), study).fields["cohort"].choices
    assert offered == [("", "All"), ("de-tr", "Germany, Turkish")]


def test_a_file_of_ones_own_opens_no_colleagues_coding(codings, run, people):
    finish(codings)
    own, other = codings
    brought = import_file(run, people["coder"], "My own")
    theirs = import_file(run, people["second"], "Not mine")
    machine = run.layers.get(kind="machine")
    coder = people["coder"]
    assert pairs.may_compare(coder, own, brought)
    assert pairs.may_compare(coder, brought, machine)
    assert not pairs.may_compare(coder, brought, other)
    assert not pairs.may_compare(coder, own, theirs)
    assert not pairs.may_compare(coder, theirs, machine)


def test_practice_and_what_was_given_up_are_compared_with_nothing(codings, run, people, client_as):
    finish(codings)
    own = codings[0]
    given_up = Layer.objects.create(run=run, kind="adjudicated", state="settled", owner=people["judge"])
    practice = Layer.objects.create(run=run, kind="practice", state="submitted", owner=people["second"])
    for layer in (given_up, practice):
        for name in ("coder", "analyst"):
            assert not pairs.may_compare(people[name], own, layer), (layer.kind, name)
            url = reverse("agreement:pair", args=[own.pk, layer.pk])
            assert client_as(name).get(url).status_code == 403


def test_figures_go_with_the_consent(codings, study, people, consent, client_as):
    url = reverse("agreement:study", args=[study.pk])
    client_as("analyst").get(url)
    assert Comparison.objects.count() == 1
    withdraw(people["analyst"], consent, reason="not stated")
    assert not Comparison.objects.exists()
    assert pairs.pairs_of(people["analyst"], study) == []
    assert client_as("analyst").get(url).status_code == 200
    assert not pairs.may_compare(people["analyst"], *codings)
    assert not Comparison.objects.exists()


def test_a_recording_goes_with_adjudication_comments_and_figures(codings, run, study, people, client_as):
    begun = start(people["judge"], *codings, adjudicator=people["judge"])
    decide(people["judge"], begun, 1, "a", expected=0)
    comments.add(people["judge"], run, "Why?", layer=begun.layer)
    import_file(run, people["analyst"], "Elan coder")
    client_as("analyst").get(reverse("agreement:study", args=[study.pk]))
    assert Comparison.objects.exists()
    delete_recording(people["administrator"], run.recording)
    for model in (Comparison, Adjudication, Layer, Event):
        assert not model.objects.exists(), model
