"""The pages about scorers: what they show, to whom, and what their buttons do."""

from __future__ import annotations

import pytest
from django.urls import reverse

from analysis.scoring.choice import RULES
from facsweb.learning import services
from facsweb.learning.models import Default, Training
from facsweb.studies.models import Membership, Scope
from facsweb.studies.services import record_consent

pytestmark = pytest.mark.django_db
State = Training.State
LIST = reverse("learning:list")


def text_of(answer):
    return " ".join(answer.content.decode().split())


def test_before_anything_is_signed_the_page_says_what_comes_first(client_as):
    text = text_of(client_as("staff").get(LIST))
    assert "No coding is signed yet" in text
    assert services.newest_shipped() in text
    assert RULES in text
    assert "Train a scorer" not in text


@pytest.mark.parametrize("role", ["administrator", "analyst", "coder", "manager", "stranger"])
def test_only_administrators_of_the_installation_come_in(role, client_as):
    client = client_as(role)
    assert client.get(LIST).status_code == 403
    assert client.post(reverse("learning:start")).status_code == 403
    assert LIST not in client.get(reverse("home")).content.decode()
    assert not Training.objects.exists()


def test_administrators_find_it_in_the_navigation(client_as):
    assert f'href="{LIST}"' in client_as("staff").get(reverse("home")).content.decode()


def test_one_participant_is_said_not_to_be_enough(layer, client_as):
    text = text_of(client_as("staff").get(LIST))
    assert "3 participants are needed, so that the figures can be computed on people left out; there is 1." in text
    assert "Train a scorer" not in text


def test_studies_that_the_reader_is_not_in_are_counted_and_not_named(layer, study, people, client_as):
    text = text_of(client_as("staff").get(LIST))
    assert "Studies that you are not in" in text
    assert study.name not in text
    Membership.objects.create(study=study, user=people["staff"], role="analyst")
    text = text_of(client_as("staff").get(LIST))
    assert study.name in text
    assert "Studies that you are not in" not in text


def test_what_is_left_out_is_counted_with_its_reason(layer, consent, people, client_as):
    record_consent(
        people["analyst"],
        consent.participant,
        consent.form,
        scopes=[Scope.VIDEO],
        method="on_screen",
        signature="P. One",
    )
    text = text_of(client_as("staff").get(LIST))
    assert "the consent does not cover using the data to calibrate the method" in text
    assert "Ask for a consent that covers it." in text


def test_three_participants_can_be_learned_from_and_a_double_click_is_one_training(three, client_as):
    client = client_as("staff")
    assert "Train a scorer" in text_of(client.get(LIST))
    first, second = (client.post(reverse("learning:start")) for _ in range(2))
    training = Training.objects.get()
    assert first.url == second.url == reverse("learning:training", args=[training.pk])
    text = text_of(client.get(LIST))
    assert "It starts when a worker is free" in text
    assert "Train a scorer" not in text


def test_a_page_that_is_out_of_date_starts_nothing_and_says_why(client_as):
    answer = client_as("staff").post(reverse("learning:start"), follow=True)
    assert "no signed coding to learn from yet" in text_of(answer)


def test_the_page_of_a_training_moves_and_ends(people, client_as):
    training = Training.objects.create(
        number=4,
        base="au-nets/1.0.0",
        state=State.RUNNING,
        stage="read",
        done=2,
        total=5,
        created_by=people["staff"],
    )
    client, page = client_as("staff"), reverse("learning:training", args=[training.pk])
    part = client.get(page, headers={"HX-Request": "true"})
    assert "2 of 5" in text_of(part)
    assert "<html" not in part.content.decode()
    assert client.post(reverse("learning:cancel", args=[training.pk])).url == page
    assert "Stopping" in text_of(client.get(page))
    Training.objects.update(state=State.FAILED, error="The disk is full.")
    assert client.get(page, headers={"HX-Request": "true"}).headers["HX-Refresh"] == "true"
    assert "The disk is full." in text_of(client.get(page))
    assert "The disk is full." in text_of(client.get(LIST))


def test_a_shipped_scorer_shows_its_card_and_hands_it_out(client_as):
    name, version = services.newest_shipped().split("/")
    client = client_as("staff")
    text = text_of(client.get(reverse("learning:scorer", args=[name, version])))
    assert "Default" in text
    assert "Identities" in text or "identities" in text
    card = client.get(reverse("learning:card", args=[name, version]))
    assert card.headers["Content-Disposition"] == f'attachment; filename="{name}-{version}-{name}.md"'
    assert card.content.startswith(b"# ")


@pytest.mark.parametrize("name", ["au-own/9", "au-nets/0.0.0", "other/1"])
def test_a_scorer_that_is_not_there_is_not_found(name, client_as):
    client = client_as("staff")
    assert client.get(reverse("learning:scorer", args=name.split("/"))).status_code == 404
    assert client.get(reverse("learning:card", args=name.split("/"))).status_code == 404


def test_a_default_that_cannot_be_is_refused_with_a_sentence(client_as):
    answer = client_as("staff").post(reverse("learning:default"), {"scorer": "au-own/9"}, follow=True)
    assert "There is no such scorer in this installation." in text_of(answer)
    assert not Default.objects.exists()
