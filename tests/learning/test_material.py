"""Which signed codings may be learned from: consent, decisions, faces, files."""

from __future__ import annotations

import pytest
from django.utils import timezone

from facsweb.learning import material
from facsweb.learning.services import newest_shipped
from facsweb.reports import services as reports
from facsweb.runs.models import PeopleRevision
from facsweb.runs.services import result_dir
from facsweb.studies.models import Consent, Scope
from facsweb.studies.services import record_consent
from facsweb.studies.withdrawing import withdraw
from tests.learning.conftest import coded, measured_run, signed

pytestmark = pytest.mark.django_db


def candidates(**options):
    return material.candidates(newest_shipped(), **options)


def reasons(**options):
    return [one.why_not for one in candidates(**options)]


def test_nothing_signed_is_nothing_to_learn_from(participant, consent, people):
    coded(measured_run(participant, people["analyst"]), people["coder"])
    assert candidates() == []


def test_a_signed_coding_becomes_what_the_engine_reads(layer, participant, people):
    (one,) = candidates(thorough=True)
    assert (one.why_not, one.participant, one.face) == ("", participant, 0)
    (coding,) = material.codings([one])
    assert coding.folder == result_dir(layer.run)
    assert (coding.participant, coding.coder, coding.run) == (
        str(participant.pk),
        str(people["coder"].pk),
        str(layer.run_id),
    )
    there = [event for event in coding.events if not event.rejected]
    assert sorted((event.code, event.intensity) for event in there) == [("12", "C")] * 2 + [("6", "B")] * 2
    assert {event.side for event in there} == {"both"}
    proposals = layer.events.filter(source__isnull=False).count()
    assert proposals > 0
    assert len(coding.events) == 4 + proposals, "what the coder deleted counts as not there"


def test_without_consent_to_calibrate_nothing_is_learned(layer, consent):
    Consent.objects.filter(pk=consent.pk).update(scopes=[str(Scope.VIDEO)])
    assert reasons() == ["consent"]


def test_withdrawn_consent_takes_the_coding_out_and_a_new_one_does_not_bring_it_back(layer, consent, people):
    withdraw(people["analyst"], consent, reason="not stated")
    assert reasons() == ["withdrawn"]
    record_consent(
        people["analyst"],
        consent.participant,
        consent.form,
        scopes=consent.scopes,
        method="on_screen",
        signature="P. One",
        given_at=timezone.now(),
    )
    assert reasons() == ["withdrawn"]


def test_a_revoked_report_takes_the_coding_out(layer, people):
    reports.revoke(people["administrator"], layer.sign_offs.get().report, "Wrong recording")
    assert reasons() == ["revoked"]


def test_a_code_with_undecided_proposals_counts_as_not_coded(participant, consent, people):
    run = measured_run(participant, people["analyst"])
    proposed = sorted({event["code"] for event in _proposals(run)})
    assert proposed, "the machine proposes something here"
    code = proposed[0]
    layer = coded(run, people["coder"], undecided=(code,))
    signed(layer, people["coder"])
    (one,) = candidates()
    assert one.why_not == ""
    assert code not in one.codes
    (coding,) = material.codings([one])
    assert code not in {event.code for event in coding.events}


def test_a_coding_without_any_decision_is_left_out(participant, consent, people):
    from facsweb.coding.services import open_layer

    layer = open_layer(people["coder"], measured_run(participant, people["analyst"]))
    signed(layer, people["coder"])
    assert reasons() == ["undecided"]


def test_of_two_analyses_by_the_same_coder_the_later_counts(layer, people):
    from tests.factories import make_finished_run

    again = make_finished_run(layer.run.recording, people["analyst"])
    signed(coded(again, people["coder"]), people["coder"])
    assert reasons()[0] == "superseded"


def test_several_faces_need_somebody_who_says_who_is_who(layer, participant):
    run = layer.run
    run.summary["faces"].append({**run.summary["faces"][0], "face": 1})
    run.save()
    assert reasons() == ["unclear"]
    people = [
        {"pieces": [{"track": 1, "start_us": 0, "end_us": None}], "left_out": False, "participant": ""},
        {
            "pieces": [{"track": 0, "start_us": 0, "end_us": None}],
            "left_out": False,
            "participant": str(participant.pk),
        },
    ]
    PeopleRevision.objects.create(run=run, number=1, action="assign", words="Said who it is.", people=people)
    run.parameters["people"] = 1
    run.save()
    (one,) = candidates()
    assert (one.participant, one.face) == (participant, 1)
    assert one.why_not == "undecided", "all events of this coding are of the other face"


def test_a_measurement_that_is_gone_altered_or_of_another_encoder(layer):
    folder = result_dir(layer.run)
    about = folder / "measurement.json"
    kept = about.read_text()
    about.write_text(kept.replace("encoder", "was_encoder"))
    assert reasons() == ["encoder"]
    about.write_text(kept + " ")
    assert reasons() == [""]
    assert reasons(thorough=True) == ["files"]
    (folder / "measurement.parquet").unlink()
    assert reasons() == ["files"]


def _proposals(run):
    from facsweb.coding.machine import make_machine_layer
    from facsweb.coding.services import current_events

    return [{"code": event.code} for event in current_events(make_machine_layer(run))]


def test_what_a_coder_settled_between_others_does_not_supersede_their_own_coding(layer, people):
    from facsweb.coding.models import Layer

    settled = Layer.objects.create(run=layer.run, kind="adjudicated", owner=people["coder"])
    signed(settled, people["coder"])
    assert reasons() == ["", "undecided"]
