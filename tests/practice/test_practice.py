"""Gold-standard segments: made from signed codings, practised blind, checked once, shown over time."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from facsweb.accounts.models import User
from facsweb.audit.models import Entry
from facsweb.coding import services as coding
from facsweb.coding import sight
from facsweb.coding.models import Layer
from facsweb.practice import comparison, reliability, services
from facsweb.practice.models import Attempt, Segment
from facsweb.studies.models import Membership
from tests.factories import make_finished_run, make_recording

pytestmark = pytest.mark.django_db


@pytest.fixture
def standard(participant, consent, people):
    """A signed coding: the machine's events as they are."""
    run = make_finished_run(make_recording(participant, people["analyst"]), people["analyst"])
    layer = coding.open_layer(people["coder"], run)
    Layer.objects.filter(pk=layer.pk).update(state="signed")
    layer.refresh_from_db()
    return layer


@pytest.fixture
def trainee(study):
    user = User.objects.create_user("trainee@example.org", "Trainee Person", "correct horse battery")
    Membership.objects.create(study=study, user=user, role="coder")
    return user


@pytest.fixture
def segment(standard, people):
    return services.add_segment(people["analyst"], standard, name="Smile", from_us=0, to_us=5_200_000)


def write(user, attempt, **changes):
    content = {
        **{"code": "12", "side": "both", "intensity": "D", "onset_us": 1_000_000, "apex_us": 1_500_000},
        "offset_us": 4_800_000,
        **changes,
    }
    return coding.create_event(user, attempt.layer, content)


def test_only_signed_codings_within_what_was_coded_are_standards(standard, people, layer_open):
    for layer, says, start, end, codes in (
        (layer_open, "signed", 0, 2_000_000, ()),
        (standard, "second", 0, 500_000, ()),
        (standard, "outside", 9_000_000, 11_000_000, ()),
        (standard, "not a FACS code", 0, 2_000_000, ("99",)),
    ):
        with pytest.raises(services.Refused, match=says):
            services.add_segment(people["analyst"], layer, name="x", from_us=start, to_us=end, codes=codes)
    assert not Segment.objects.exists()


@pytest.fixture
def layer_open(standard, people):
    return coding.open_layer(people["analyst"], standard.run)


def test_a_try_is_blind_told_event_by_event_and_checked_once(segment, trainee, standard):
    attempt = services.start(trainee, segment)
    assert services.start(trainee, segment) == attempt  # a double click
    assert sight.readable_layers(trainee, standard.run) == [attempt.layer]
    gold = next(event for event in coding.current_events(standard) if event.code == "12")
    exact = {name: getattr(gold, name) for name in ("onset_us", "apex_us", "offset_us", "intensity", "side")}
    same = write(trainee, attempt, **exact)
    weaker = write(trainee, attempt, code="6", intensity="A")
    wrong = write(trainee, attempt, code="17", side="")
    said = comparison.verdicts(attempt)
    assert said[str(same.event_id)].kind == "same"
    assert said[str(weaker.event_id)].kind == "intensity"
    assert str(said[str(weaker.event_id)].gold).startswith("6")
    assert said[str(wrong.event_id)].kind in ("extra", "code")

    checked = services.check(trainee, attempt)
    first = checked.checked_at
    assert services.check(trainee, Attempt.objects.get(pk=attempt.pk)).checked_at == first
    assert Entry.objects.filter(action="practice.check").count() == 1
    overall = checked.result["overall"]
    assert (overall["matched"], overall["second_only"]) == (2, 1)
    expected = 2 * 2 / (checked.result["standard"] + checked.result["coded"])
    assert checked.index == pytest.approx(expected)
    with pytest.raises(coding.Closed):
        write(trainee, attempt)
    assert len(sight.readable_layers(trainee, standard.run)) >= 2  # the check ends the blindness
    [point] = reliability.points(trainee, segment.study)
    assert (point.index, point.what) == (checked.index, "practice")
    with pytest.raises(services.Refused):
        services.give_up(trainee, checked)


def test_who_made_the_standard_or_codes_the_recording_cannot_practise_on_it(segment, people, trainee, standard):
    with pytest.raises(services.Refused, match="your own"):
        services.start(people["coder"], segment)
    own = coding.open_layer(trainee, standard.run)
    with pytest.raises(services.Refused, match="coding this recording"):
        services.start(trainee, segment)
    own.delete()
    attempt = services.start(trainee, segment)
    with pytest.raises(PermissionDenied):
        services.give_up(people["coder"], attempt)
    services.give_up(trainee, attempt)
    assert not Layer.objects.filter(kind="practice").exists()
    services.retire_segment(people["analyst"], segment)
    segment.refresh_from_db()
    with pytest.raises(services.Refused, match="retired"):
        services.start(trainee, segment)


def test_the_pages(segment, people, trainee, client_as, client, standard):
    attempt = services.start(trainee, segment)
    write(trainee, attempt)
    client.force_login(trainee)
    overview = reverse("practice:list", args=[segment.study.pk])
    assert "Go on" in client.get(overview).content.decode()
    page = reverse("practice:attempt", args=[attempt.pk])
    assert "Check it now" in client.get(page).content.decode()
    review = client.get(reverse("coding:review", args=[standard.run_id]) + f"?layer={attempt.layer_id}")
    assert review.context["data"]["urls"]["practiceFeedback"] == reverse("practice:feedback", args=[attempt.pk])
    assert client.get(review.context["data"]["urls"]["practiceFeedback"]).json()["open"] is True
    assert client.post(reverse("practice:check", args=[attempt.pk])).url == page
    assert "Where it differs" in client.get(page).content.decode()
    assert ".70" in client.get(overview).content.decode()
    assert client_as("coder").get(page).status_code == 403  # another coder's try
    assert client_as("analyst").get(page).status_code == 200

    new = reverse("practice:create", args=[segment.study.pk])
    said = {"layer": str(standard.pk), "name": "Blink", "begin": "0:05", "end": "0:07,5", "codes": "45 + 12"}
    assert client_as("analyst").post(new, said).url == overview
    made = Segment.objects.get(name="Blink")
    assert (made.from_us, made.to_us, made.codes) == (5_000_000, 7_500_000, ["45", "12"])
    assert "Write a time" in client_as("analyst").post(new, {**said, "begin": "soon"}).content.decode()


def test_who_was_given_the_recording_to_code_blind_after_the_try_began_is_told_nothing(
    segment, trainee, standard, client
):
    attempt = services.start(trainee, segment)
    write(trainee, attempt)
    client.force_login(trainee)
    feedback = reverse("practice:feedback", args=[attempt.pk])
    assert client.get(feedback).status_code == 200
    given = Layer.objects.create(run=standard.run, owner=trainee, kind="coder", mode="blind", state="assigned")
    for name in ("attempt", "feedback"):
        assert client.get(reverse(f"practice:{name}", args=[attempt.pk])).status_code == 403
    assert client.post(reverse("practice:check", args=[attempt.pk])).status_code == 403
    attempt.refresh_from_db()
    assert attempt.checked_at is None
    Layer.objects.filter(pk=given.pk).update(state="settled")
    assert client.get(feedback).status_code == 200


def test_a_coding_in_adjudication_can_come_back_and_forbids_practice(segment, trainee, standard):
    Layer.objects.create(run=standard.run, owner=trainee, kind="coder", mode="blind", state="adjudication")
    with pytest.raises(services.Refused, match="coding this recording"):
        services.start(trainee, segment)
