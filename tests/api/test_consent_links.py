"""Links for participants, made by a program."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from facsweb.api.models import KeyedRequest
from facsweb.audit.models import Entry
from facsweb.studies import links
from facsweb.studies.models import ConsentLink, Membership
from facsweb.studies.services import create_participant


@pytest.fixture
def program(caller, consent, participant):
    made = caller("analyst")
    made.path = f"/participants/{participant.pk}/consent-links"
    return made


def test_the_address_opens_the_questions_and_is_told_this_once(program, client):
    answer = program.post(program.path, json={"days": 3})
    assert answer.status_code == 201
    told = answer.json()
    assert told["state"] == "open"
    page = client.get("/" + told["address"].split("/", 3)[3])
    assert page.status_code == 200
    link = ConsentLink.objects.get()
    assert link.expires_at - link.created_at < timedelta(days=3, seconds=5)
    again = program.get(f"/consent-links/{told['id']}").json()
    assert "address" not in again
    assert again == {name: value for name, value in told.items() if name != "address"}
    secret = told["address"].rstrip("/").rsplit("/", 1)[1]
    assert secret not in str(list(ConsentLink.objects.values()))


def test_the_same_request_twice_makes_one_link(program):
    first, second = (program.post(program.path, headers={"Idempotency-Key": "l-1"}) for _ in range(2))
    assert first.json() == second.json()
    assert second["Idempotency-Replayed"] == "true"
    assert ConsentLink.objects.count() == 1
    kept = bytes(KeyedRequest.objects.get().body)
    assert first.json()["address"].encode() not in kept  # sealed


def test_a_kept_answer_is_not_told_to_who_may_no_longer_ask(program, people, participant):
    assert program.post(program.path, headers={"Idempotency-Key": "l-1"}).status_code == 201
    mine = Membership.objects.filter(user=people["analyst"], study=participant.study)
    mine.update(role="coder")
    assert program.post(program.path, headers={"Idempotency-Key": "l-1"}).status_code == 403
    mine.delete()
    assert program.post(program.path, headers={"Idempotency-Key": "l-1"}).status_code == 404


def test_states(program, people, participant):
    link, _ = links.make(people["analyst"], participant)

    def state() -> str:
        return str(program.get(f"/consent-links/{link.pk}").json()["state"])

    ConsentLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert state() == "expired"
    ConsentLink.objects.update(answered_at=timezone.now())
    assert state() == "answered"
    links.revoke(people["analyst"], link)
    assert state() == "revoked"


@pytest.mark.parametrize("days", [0, 91, "3", None, 1.5])
def test_days_out_of_range(program, days):
    assert program.post(program.path, json={"days": days}).status_code == 422
    assert not ConsentLink.objects.exists()


def test_a_study_without_a_form_says_so(caller, participant):
    answer = caller("analyst").post(f"/participants/{participant.pk}/consent-links")
    assert answer.status_code == 422
    assert "no consent form" in answer.json()["detail"]


def test_links_are_listed_page_by_page_without_their_addresses(program, people, participant):
    made = [program.post(program.path).json() for _ in range(2)]
    device = links.make(people["analyst"], participant, kind="device")[0]
    first = program.get(f"{program.path}?limit=2").json()
    second = program.get(first["next"]).json()
    told = first["items"] + second["items"]
    assert [(one["id"], one["kind"]) for one in told] == [
        *((one["id"], "own") for one in made),
        (str(device.pk), "device"),
    ]
    assert second["next"] is None
    assert not any("address" in one for one in told)
    assert Entry.objects.filter(action="participant.read", object_id=str(participant.pk)).exists()


def test_links_of_another_participant_are_not_among_them(program, people, study):
    other = create_participant(people["analyst"], study, code="P-2")
    links.make(people["analyst"], other)
    assert program.get(program.path).json() == {"items": [], "next": None}


def test_a_revoked_link_opens_nothing(program, client, people):
    told = program.post(program.path).json()
    page = "/" + told["address"].split("/", 3)[3]
    assert client.get(page).status_code == 200
    path = f"/consent-links/{told['id']}/revoke"
    first, second = program.post(path), program.post(path)
    assert (first.status_code, first.json()["state"]) == (200, "revoked")
    assert second.json() == first.json()
    assert client.get(page).status_code == 404
    entry = Entry.objects.get(action="consent_link.revoke")
    assert entry.actor == people["analyst"]
    assert entry.via.startswith("API token Program (fsw_")


def test_revoking_needs_its_scope_and_its_role(caller, program):
    told = program.post(program.path).json()
    path = f"/consent-links/{told['id']}/revoke"
    assert caller("analyst", ["consent:read"]).post(path).status_code == 403
    assert caller("coder").post(path).status_code == 403
    assert caller("stranger").post(path).status_code == 404
    assert ConsentLink.objects.get().revoked_at is None
