"""A third demonstration study, for whoever asks about the law: consent by link, withdrawal, two signatures.

Nobody agreed to anything and nobody signed: a program wrote all of it. Study, signatures and reasons say so.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from django.db import transaction

from facsweb.accounts.models import User
from facsweb.demo.interview import TRANSCRIPT
from facsweb.demo.seed import Demonstration
from facsweb.demo.team import NOTE, TRUE, coded, copied
from facsweb.demo.visitor import StepFailed
from facsweb.demo.walk import Say
from facsweb.reports import documents, second
from facsweb.reports import services as reports
from facsweb.reports.models import Document, Report
from facsweb.runs.models import AnalysisRun
from facsweb.studies import links, withdrawing
from facsweb.studies import services as studies
from facsweb.studies.models import Consent, Participant, Role, Scope, Study
from facsweb.transcripts import services as transcripts

STUDY_NAME: Final = "Demonstration: consent, withdrawal, two signatures"
BY_LINK, NARROWED, ASKED = "L-001", "L-002", "L-003"
SIGNATURE: Final = "Written by a program"
RETENTION_DAYS: Final = 365
#: A busy machine may typeset slowly; nobody waits for it.
_PATIENCE_S: Final = 300.0
State = Report.State


def seed_rights(
    url: str,
    demonstration: Demonstration,
    say: Say,
    patience_s: float = _PATIENCE_S,
    wait: Callable[[float], None] = time.sleep,
) -> Study | None:
    """Make the study once, and finish what a stop interrupted.

    Parameters
    ----------
    url : str
        Of the running installation, for the link that still waits for answers.
    demonstration : Demonstration
    say : callable
    patience_s : float
        How long to wait for a worker, each of the two times.
    wait : callable, optional
        Waits for so many seconds between two looks.

    Returns
    -------
    Study or None
        None where it is complete already, or where nothing is analysed that it could copy.

    Raises
    ------
    StepFailed
        No worker made the report; the next start goes on from there.
    """
    lead = User.objects.get(email=demonstration.login(Role.ADMINISTRATOR).email)
    study = Study.objects.filter(name=STUDY_NAME, created_by=lead).first()
    if study is None:
        source = AnalysisRun.objects.filter(
            recording__participant=demonstration.participant_id, state=AnalysisRun.State.SUCCEEDED
        ).first()
        if source is None:
            return None
        with transaction.atomic():
            study, secret = _make(demonstration, lead, source)
        say("A third study shows consent, withdrawal and two signatures; a program wrote them.")
        say(f"A participant's link that waits for answers: {url}c/{secret}/")
    elif not _unfinished(study):
        return None
    _second_signature(demonstration, study, patience_s, wait)
    return study


def _make(demonstration: Demonstration, lead: User, source: AnalysisRun) -> tuple[Study, str]:
    roles = (Role.ANALYST, Role.CODER, Role.MANAGER)
    analyst, coder, manager = (User.objects.get(email=demonstration.login(role).email) for role in roles)
    study = studies.create_study(
        lead,
        name=STUDY_NAME,
        purpose="To show what a lawyer looks for: consent, withdrawal, destruction, retention, two signatures. A "
        "program gave these answers for a rendered performer; no person agreed, withdrew or signed.",
        setting="research",
        jurisdiction="Germany",
        retention_days=RETENTION_DAYS,
    )
    members = ((analyst, Role.ANALYST), (coder, Role.CODER), (lead, Role.CODER), (manager, Role.MANAGER))
    for user, role in members:
        studies.add_member(lead, study, user, role)
    reports.set_four_eyes(lead, study, True)
    _sign(demonstration, lead, copied(analyst, _by_link(analyst, study), source, title="Agreed by link"))
    _narrow(analyst, study, source)
    asked = studies.create_participant(analyst, study, code=ASKED)
    return study, links.make(analyst, asked)[1]


def _by_link(analyst: User, study: Study) -> Participant:
    """Somebody who read the notice in German and agreed to everything, through their own link."""
    participant = studies.create_participant(analyst, study, code=BY_LINK)
    link, _ = links.make(analyst, participant, language="de")
    form = studies.current_form(study)
    assert form is not None
    links.show_notice(link, form, "de")
    links.answer(link, form, language="de", scopes=list(form.scopes), signature=SIGNATURE, strokes=None)
    return participant


def _sign(demonstration: Demonstration, lead: User, run: AnalysisRun) -> None:
    layer = coded(run.created_by, run, "Demonstration: signed twice (written by a program)", {lead: TRUE})[0]
    reports.sign(
        lead,
        layer,
        password=demonstration.login(Role.ADMINISTRATOR).password,
        statement=f"{NOTE} {reports.statement_for(layer)}",
    )


def _narrow(analyst: User, study: Study, source: AnalysisRun) -> None:
    """Somebody who took back what they had agreed to about their words: the transcript goes, the picture stays."""
    participant = studies.create_participant(analyst, study, code=NARROWED)
    form = studies.current_form(study)
    consent = studies.record_consent(
        analyst,
        participant,
        form,
        scopes=[scope for scope in Scope if scope != Scope.RETENTION],  # so that its recording has a day to go
        method=Consent.Method.ON_SCREEN,
        signature=SIGNATURE,
    )
    copied(analyst, participant, source, title="Words withdrawn")
    upload = transcripts.receive(analyst, participant, None, name=TRANSCRIPT.name, data=TRANSCRIPT.read_bytes())
    transcripts.take(analyst, upload, title="What was said (invented words)", language="en")
    withdrawing.withdraw(None, consent, scopes=[Scope.TEXT])


# --- the second signature, for which a worker has to make the document first ----------------------------------


def _report(study: Study) -> Report | None:
    own = {"sign_off__layer__run__recording__participant__study": study}
    return Report.objects.filter(**own, state__in=(State.WAITING, State.AWAITING, State.READY)).first()


def _unfinished(study: Study) -> bool:
    report = _report(study)  # a visitor may have revoked it
    return report is not None and report.documents.count() < 2


def _second_signature(
    demonstration: Demonstration, study: Study, patience_s: float, wait: Callable[[float], None]
) -> None:
    """Have the coder sign too, and the two further documents made."""
    coder = User.objects.get(email=demonstration.login(Role.CODER).email)
    report = _made(study, patience_s, wait)
    if report.state == State.AWAITING:
        second.countersign(coder, report, password=demonstration.login(Role.CODER).password)
        report = _made(study, patience_s, wait)
    documents.ask(coder, report, Document.Kind.SUMMARY, Document.Language.ENGLISH)
    documents.ask(coder, report, Document.Kind.PARTICIPANT, Document.Language.GERMAN)


def _made(study: Study, patience_s: float, wait: Callable[[float], None]) -> Report:
    """The report, once no worker has to do anything for it."""
    deadline = time.monotonic() + patience_s
    while (report := _report(study)) is None or report.state == State.WAITING:
        if report is None or time.monotonic() > deadline:
            raise StepFailed("No worker made the report of the study about consent.")
        wait(0.2)
    return report
