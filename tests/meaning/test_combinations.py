"""A study's own combinations: tried, written, changed, removed; shown beside the shipped ones."""

from __future__ import annotations

import pytest
from django.urls import reverse

from analysis.facs.combinations import catalogue
from facsweb.audit.models import Entry
from facsweb.meaning import own
from facsweb.meaning.models import OwnCombination, Reading
from tests.factories import make_finished_run, make_recording

pytestmark = pytest.mark.django_db
FIELDS = {
    "name": "Tight smile",
    "formula": "12+24",
    "without": "6",
    "group": "own",
    "kind": "smile",
    "citation": "Our own, from pilot 2, 2026",
    "grade": "ours",
    "alternatives": "holding back a word\nthinking",
    "expected": "0",
}


def address(page, study, *more):
    return reverse(f"meaning:{page}", args=[study.pk, *more])


def test_every_shipped_combination_is_there_with_its_source(client_as, study):
    text = client_as("manager").get(address("combinations", study))
    assert text.status_code == 403
    page = client_as("coder").get(address("combinations", study)).content.decode()
    assert all(
        f"<h3>{one.name}</h3>" in page for one in catalogue() if "’" not in one.name and "&" not in one.name
    )
    assert page.count("combination__sources") == len(catalogue())
    assert page.count("Checked 2026-") == sum(len(one.citation) for one in catalogue())
    assert "1+2+5B+26" in page
    assert "Variant(" not in page
    assert "None yet." in page


def test_one_is_written_shown_changed_removed_and_brought_back(client_as, study, people):
    analyst = client_as("analyst")
    new = analyst.post(address("combination_new", study), FIELDS | {"action": "save"}, follow=True)
    assert "Tight smile is saved" in new.content.decode()
    one = OwnCombination.objects.get()
    assert (one.key, one.number, one.author) == ("own-tight-smile", 1, people["analyst"])
    assert one.definition["alternatives"] == ["holding back a word", "thinking"]
    change = address("combination_change", study, one.key)
    shown = analyst.get(change).content.decode()
    assert 'value="12+24"' in shown
    analyst.post(change, FIELDS | {"formula": "12+23", "expected": "1", "action": "save"})
    assert [row.definition["formula"] for row in own.revisions(study, one.key)] == ["12+23", "12+24"]
    analyst.post(address("combination_remove", study, one.key), {"expected": "2"})
    page = analyst.get(address("combinations", study)).content.decode()
    assert "Removed (1)" in page
    analyst.post(address("combination_remove", study, one.key), {"expected": "3"})
    assert "Removed (" not in analyst.get(address("combinations", study)).content.decode()
    assert Entry.objects.filter(action="combination.write").count() == 4


def test_two_people_do_not_overwrite_each_other(client_as, study):
    analyst = client_as("analyst")
    analyst.post(address("combination_new", study), FIELDS | {"action": "save"})
    change = address("combination_change", study, "own-tight-smile")
    analyst.post(change, FIELDS | {"formula": "12+23", "expected": "1", "action": "save"})
    late = client_as("administrator").post(
        change, FIELDS | {"formula": "12+28", "expected": "1", "action": "save"}
    )
    assert late.status_code == 422
    assert "Somebody else changed this combination" in late.content.decode()
    assert 'value="12+28"' in late.content.decode(), "what was typed is kept"
    assert OwnCombination.objects.count() == 2


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("formula", "12+99", "99"),
        ("formula", "", "required"),
        ("without", "12", "12"),
        ("citation", "", "required"),
    ],
)
def test_what_is_wrong_is_said_at_the_field(client_as, study, field, value, said):
    answer = client_as("analyst").post(
        address("combination_new", study), FIELDS | {field: value, "action": "save"}
    )
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not OwnCombination.objects.exists()


def test_saving_has_the_study_s_recordings_read_again(client_as, participant, consent, people, study, redis):
    run = make_finished_run(make_recording(participant, people["analyst"]), people["analyst"])
    client_as("analyst").post(address("combination_new", study), FIELDS | {"action": "save"})
    assert Reading.objects.get().run == run


def test_trying_finds_it_and_saves_nothing(client_as, participant, consent, people, study):
    make_finished_run(make_recording(participant, people["analyst"]), people["analyst"])
    data = FIELDS | {"formula": "12", "without": "", "action": "try"}
    page = client_as("analyst").post(address("combination_new", study), data).content.decode()
    assert "Where it would stand" in page
    assert "?at=" in page
    assert not OwnCombination.objects.exists()


def test_a_key_is_never_given_twice(study, people):
    first = own.new_key(study, "Duchenne!")
    OwnCombination.objects.create(study=study, key=first, number=1, definition={}, author=people["analyst"])
    assert own.new_key(study, "Duchenne?") == f"{first}-2"
    assert own.new_key(study, "…") == "own-combination"
