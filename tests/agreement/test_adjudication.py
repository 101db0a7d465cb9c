"""Two codings are settled: what both have is taken over, the rest is decided, and everything is on record."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse

from facsweb.agreement import trace
from facsweb.agreement.adjudication import Stale, decide, give_up, show_names
from facsweb.agreement.beginning import Refused, adjudicators, start
from facsweb.agreement.models import Adjudication, Decision, Step
from facsweb.agreement.pairs import couples_to_settle
from facsweb.audit.models import Entry
from facsweb.coding import comments, services, workflow
from facsweb.coding.models import Layer, Revision
from facsweb.reports import document
from facsweb.reports import services as reports
from tests.conftest import PASSWORD
from tests.reports.test_document_text import squeezed, text_of

pytestmark = pytest.mark.django_db
SMILE = {"code": "12", "side": "both", "intensity": "C", "onset_us": 1_000_000, "apex_us": 1_400_000}
SMILE |= {"offset_us": 4_800_000, "face": 0}


def step(adjudication, kind):
    return adjudication.steps.get(kind=kind)


def of(adjudication, owner, kind="missed"):
    """The step and the letter of the coder who has the event."""
    letter = "a" if adjudication.first.owner_id == owner.pk else "b"
    return step(adjudication, "missed" if letter == "a" else "extra"), letter


def test_what_both_have_is_taken_over_at_once(adjudication, codings, people):
    layer = adjudication.layer
    assert (layer.kind, layer.state, layer.owner) == ("adjudicated", "open", people["judge"])
    assert set(layer.sources.all()) == set(codings)
    assert {Layer.objects.get(pk=one.pk).state for one in codings} == {"adjudication"}
    assert sorted(adjudication.steps.exclude(kind="agreed").values_list("kind", flat=True)) == [
        *("extra", "intensity", "missed")
    ]
    agreed = adjudication.steps.filter(kind=Step.AGREED)
    assert agreed.count() == 5
    for event in layer.events.all():
        assert event.source.layer == adjudication.first
        (revision,) = event.revisions.all()
        assert (revision.author, revision.action, revision.confidence) == (people["judge"], "create", None)
        assert revision.layer_revision == 1
    layer.refresh_from_db()
    assert layer.revision == 1
    assert adjudication.before["figures"]["index"]["value"] == pytest.approx(2 * 6 / 14)
    assert adjudication.before["kinds"] == {"extra": 1, "intensity": 1, "missed": 1}


def test_beginning_twice_is_once_and_somebody_else_is_refused(adjudication, codings, people):
    again = start(people["judge"], *reversed(codings), adjudicator=people["judge"])
    assert again == adjudication
    assert Layer.objects.filter(kind="adjudicated").count() == 1
    Layer.objects.filter(pk=codings[0].pk).update(owner=people["administrator"])
    with pytest.raises(Refused, match="Judge Person adjudicates"):
        start(people["coder"], *codings, adjudicator=people["coder"])


def test_who_may_settle(codings, people, run, study):
    assert adjudicators(study, *codings) == [people["judge"]]
    for name in ("coder", "second"):
        with pytest.raises(Refused, match="made one of the two"):
            start(people[name], *codings, adjudicator=people[name])
    with pytest.raises(Refused, match="Only FACS coders"):
        start(people["analyst"], *codings, adjudicator=people["analyst"])
    with pytest.raises(PermissionDenied):
        start(people["coder"], *codings, adjudicator=people["judge"])
    Layer.objects.create(run=run, owner=people["judge"], kind="coder", mode="blind", state="assigned")
    with pytest.raises(Refused, match="codes this recording blind"):
        start(people["analyst"], *codings, adjudicator=people["judge"])
    Layer.objects.filter(owner=people["judge"]).delete()
    assert start(people["analyst"], *codings, adjudicator=people["judge"]).started_by == people["analyst"]


def test_a_coding_that_changed_meanwhile_is_refused(codings, people):
    first = codings[0]
    seen = {layer.pk: Layer.objects.get(pk=layer.pk).revision for layer in codings}
    workflow.take_back(people["coder"], first)
    with pytest.raises(Refused, match="must be submitted"):
        start(people["judge"], Layer.objects.get(pk=first.pk), codings[1], adjudicator=people["judge"])
    services.create_event(people["coder"], first, SMILE)
    workflow.submit(people["coder"], first)
    fresh = [Layer.objects.get(pk=layer.pk) for layer in codings]
    with pytest.raises(Refused, match="changed since"):
        start(people["judge"], *fresh, adjudicator=people["judge"], seen=seen)
    assert not Adjudication.objects.exists()


def test_take_a_take_b_both_neither_and_back(adjudication, people):
    judge, layer = people["judge"], adjudication.layer
    here = step(adjudication, "intensity")
    taken = []
    for number, choice in enumerate(("a", "b", "none", "both")):
        decide(judge, adjudication, here.number, choice, expected=number, note=f"because {choice}")
        standing = [one for one in services.current_events(layer) if one.source in (here.a_id, here.b_id)]
        taken.append([(one.intensity, one.source == here.a_id) for one in standing])
    letters = {event.pk: event.revisions.last().intensity for event in (here.a, here.b)}
    a, b = (letters[here.a_id], True), (letters[here.b_id], False)
    assert taken[:3] == [[a], [b], []]
    assert sorted(taken[3]) == sorted([a, b])
    decide(judge, adjudication, here.number, "open", expected=4)
    assert trace.undecided(adjudication) == 3
    assert [one.taken for one in here.decisions.all()] == ["a", "b", "none", "both", "open"]
    assert Entry.objects.filter(action="adjudication.decide").count() == 5
    assert not Revision.objects.filter(event__layer=layer, note__contains="a note").exists()


def test_a_third(adjudication, people):
    judge, here = people["judge"], step(adjudication, "intensity")
    with pytest.raises(ValidationError):
        decide(judge, adjudication, here.number, "third", expected=0, content={**SMILE, "side": ""})
    with pytest.raises(Refused, match="Write what"):
        decide(judge, adjudication, here.number, "third", expected=0)
    assert not Decision.objects.filter(step=here).exists()
    decide(judge, adjudication, here.number, "third", expected=0, content=SMILE)
    decide(judge, adjudication, here.number, "third", expected=0, content=SMILE)  # the answer was lost
    (decision,) = here.decisions.all()
    (event,) = decision.results.all()
    assert event.source is None
    assert event.revisions.get().intensity == "C"


def test_a_double_click_is_one_decision_and_another_window_is_told(adjudication, people):
    judge, here = people["judge"], step(adjudication, "missed")
    for _ in range(2):
        decide(judge, adjudication, here.number, "a", expected=0)
    assert here.decisions.count() == 1
    with pytest.raises(Stale):
        decide(judge, adjudication, here.number, "b", expected=0)
    with pytest.raises(PermissionDenied):
        decide(people["coder"], adjudication, here.number, "b", expected=1)
    with pytest.raises(Refused, match="no such"):
        decide(judge, adjudication, 99, "b", expected=0)


def test_giving_up_frees_the_codings_and_keeps_the_record(adjudication, codings, people):
    judge = people["judge"]
    decide(judge, adjudication, 1, "a", expected=0)
    with pytest.raises(Refused, match="Say why"):
        give_up(judge, adjudication, "  ")
    with pytest.raises(PermissionDenied):
        give_up(people["coder"], adjudication, "mine")
    give_up(judge, adjudication, "I know the participant")
    give_up(judge, adjudication, "again")
    assert adjudication.given_up_reason == "I know the participant"
    assert {Layer.objects.get(pk=one.pk).state for one in codings} == {"submitted"}
    with pytest.raises(Refused, match="given up"):
        decide(judge, adjudication, 1, "b", expected=1)
    adjudication.layer.refresh_from_db()
    with pytest.raises(reports.Refused):
        reports.check_ready(judge, adjudication.layer)
    assert len(couples_to_settle(adjudication.study)) == 1
    fresh = start(judge, *[Layer.objects.get(pk=one.pk) for one in codings], adjudicator=judge)
    assert fresh != adjudication
    give_up(judge, fresh, "once more")
    assert {Layer.objects.get(pk=one.pk).state for one in codings} == {"submitted"}


def test_signing_waits_for_every_decision_and_settles_the_codings(adjudication, codings, people):
    judge, layer = people["judge"], adjudication.layer

    def sign():
        layer.refresh_from_db()
        return reports.sign(judge, layer, password=PASSWORD, statement=reports.statement_for(layer))

    with pytest.raises(reports.Refused, match="3 disagreements are not decided"):
        sign()
    for one in adjudication.steps.exclude(kind="agreed"):
        decide(judge, adjudication, one.number, "a", expected=0)
    said = sign().content
    assert {Layer.objects.get(pk=one.pk).state for one in codings} == {"settled"}
    with pytest.raises(services.Signed):
        decide(judge, adjudication, 1, "b", expected=1)
    with pytest.raises(Refused, match="signed"):
        give_up(judge, adjudication, "too late")
    settled = said["adjudication"]
    assert [row["name"] for row in settled["sources"]] == ["Coder A", "Coder B"]
    assert settled["counts"] | {"agreed": 5} == settled["counts"]
    assert settled["counts"]["a"] == 3
    assert settled["before"]["figures"]["index"]["value"] == pytest.approx(2 * 6 / 14)
    assert len(settled["steps"]) == 8
    assert all(row["decisions"][-1]["by"] == "Judge Person" for row in settled["steps"])
    assert "Coder Person" not in str(settled)
    # What goes back to the machine is compared with it, through the coder's copy.
    counts = said["counts"]
    assert counts["machine"] == 7
    assert counts["signed"] == len(services.current_events(layer))
    assert counts["unreviewed"] == 0


def test_names_stay_hidden_until_a_lead_shows_them(adjudication, people):
    assert not adjudication.names_shown
    show_names(people["analyst"], adjudication, True)
    show_names(people["analyst"], adjudication, True)
    assert Entry.objects.filter(action="adjudication.names").count() == 1


def test_the_report_prints_where_its_coding_comes_from(adjudication, people):
    judge, layer = people["judge"], adjudication.layer
    for one in adjudication.steps.exclude(kind="agreed"):
        decide(judge, adjudication, one.number, "b", expected=0, note="the lids say so")
    layer.refresh_from_db()
    done = reports.sign(judge, layer, password=PASSWORD, statement=reports.statement_for(layer))
    printed = squeezed(text_of(document.typeset(done.content, done.content_sha256)))
    for words in ("Wexler index 0.86", "3 as B coded", "the lids say so", str(adjudication.first.pk), "Coder A"):
        assert squeezed(words) in printed, words
    assert squeezed("Coder Person") not in printed


def test_no_page_of_the_workbench_names_whose_codings_are_settled(adjudication, people, client_as):
    run, second = adjudication.layer.run, adjudication.second
    event = services.current_events(second)[0]
    comments.add(second.owner, run, "A word on it.", layer=second)
    addresses = [
        f"{reverse('coding:review', args=[run.pk])}?layer={second.pk}",
        reverse("coding:events", args=[second.pk]),
        reverse("coding:layer_history", args=[second.pk]),
        reverse("coding:layer_moment", args=[second.pk]) + "?revision=0",
        reverse("coding:event_history", args=[event.id]),
        f"{reverse('coding:comments', args=[run.pk])}?layer={second.pk}",
    ]
    judge, name = client_as("judge"), second.owner.get_full_name()
    for address in addresses:
        text = judge.get(address).content.decode().split('"people"')[0]
        assert name not in text, address
    assert "Coder B" in judge.get(addresses[0]).content.decode()
    assert judge.get(reverse("exchange:export", args=[second.pk])).status_code == 403
    assert name in client_as("analyst").get(addresses[1]).content.decode()
    show_names(people["analyst"], adjudication, shown=True)
    assert name in judge.get(addresses[0]).content.decode()
    assert judge.get(reverse("exchange:export", args=[second.pk])).status_code == 200


def test_codings_of_different_stretches_are_not_adjudicated(codings, people, study):
    Layer.objects.filter(pk=codings[0].pk).update(spans=[[0, 2_000_000]])
    Layer.objects.filter(pk=codings[1].pk).update(spans=[[2_000_000, 4_000_000], [6_000_000, 7_000_000]])
    for layer in codings:
        layer.refresh_from_db()
    assert couples_to_settle(study) == []
    with pytest.raises(Refused, match="different stretches"):
        start(people["judge"], *codings, adjudicator=people["judge"])
    assert not Layer.objects.filter(kind="adjudicated").exists()
    assert {Layer.objects.get(pk=one.pk).state for one in codings} == {"submitted"}


def test_of_stretches_in_part_the_common_ones_are_adjudicated(codings, people, study):
    """One person coded all samples, the other a share of them: the result is the share."""
    Layer.objects.filter(pk=codings[0].pk).update(spans=[[0, 3_000_000], [4_000_000, 5_000_000]])
    Layer.objects.filter(pk=codings[1].pk).update(spans=[[0, 3_000_000]])
    for layer in codings:
        layer.refresh_from_db()
    assert len(couples_to_settle(study)) == 1
    begun = start(people["judge"], *codings, adjudicator=people["judge"])
    assert begun.layer.spans == [[0, 3_000_000]]
    assert all(state.offset_us <= 3_000_000 for state in services.current_events(begun.layer))
    assert begun.steps.filter(from_us__gte=3_000_000, number__isnull=False).count() == 0
