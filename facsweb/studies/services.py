"""Every change to studies, members, participants and consents. Each one is written into the log."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from facsweb.accounts.models import User
from facsweb.audit.services import record
from facsweb.studies import consent_text, hooks, law
from facsweb.studies.models import Cohort, Consent, ConsentForm, Membership, Participant, Role, Scope, Study


class ConsentMissing(Exception):  # noqa: N818 (a state that people are told about)
    """No current consent covers what somebody is about to do; its text is a sentence for a person."""


# --- studies and members ---------------------------------------------------------------------------------


@transaction.atomic
def create_study(
    actor: User,
    *,
    name: str,
    purpose: str,
    setting: str,
    jurisdiction: str,
    scopes: Iterable[str] | None = None,
    id: UUID | None = None,
) -> Study:
    """Create a study with its creator as administrator and version 1 of its consent form.

    Parameters
    ----------
    actor : User
        Becomes the study's administrator.
    name, purpose, setting, jurisdiction : str
        As on ``Study``.
    scopes : iterable of str, optional
        What the consent form asks; everything that the law of the place allows when not given.
    id : UUID, optional
        Chosen by the caller, so that a form sent twice makes one study.
    """
    if id is not None and (existing := Study.objects.filter(pk=id, created_by=actor).first()):
        return existing
    study = Study(
        **({"id": id} if id else {}),
        name=name.strip(),
        purpose=purpose.strip(),
        setting=setting,
        jurisdiction=jurisdiction.strip(),
        created_by=actor,
    )
    study.full_clean()
    study.save(force_insert=True)
    record(actor, "study.create", study, name=study.name, setting=setting, jurisdiction=study.jurisdiction)
    add_member(actor, study, actor, Role.ADMINISTRATOR)
    asked = _scopes(law.scopes_allowed(setting, jurisdiction) if scopes is None else scopes)
    body = consent_text.default_body(purpose=study.purpose, scopes=asked)
    create_consent_form(actor, study, title=consent_text.TITLE, body=body, scopes=asked)
    return study


@transaction.atomic
def change_study(actor: User, study: Study, *, name: str, purpose: str, setting: str, jurisdiction: str) -> Study:
    """Change a study's description; nothing is written when nothing differs.

    Consent forms keep the purpose they were written with: people agreed to those words.
    """
    fields = {
        "name": name.strip(),
        "purpose": purpose.strip(),
        "setting": setting,
        "jurisdiction": jurisdiction.strip(),
    }
    study = Study.objects.select_for_update().get(pk=study.pk)
    changes = {
        field: [getattr(study, field), value] for field, value in fields.items() if getattr(study, field) != value
    }
    form = current_form(study)
    if forbidden := form and set(form.scopes) - set(law.scopes_allowed(setting, fields["jurisdiction"])):
        raise ValidationError(
            f"The consent form asks about “{Scope(forbidden.pop()).label}”, which the law prohibits for that "
            "setting and place. Write a new version of the form without it first."
        )
    if changes:
        for field, value in fields.items():
            setattr(study, field, value)
        study.full_clean()
        study.save(update_fields=list(changes))
        record(actor, "study.change", study, changes=changes)
    return study


@transaction.atomic
def add_member(actor: User, study: Study, user: User, role: str) -> Membership:
    """Give a person a role in a study; asking twice changes nothing."""
    membership, created = Membership.objects.get_or_create(study=study, user=user, role=Role(role))
    if created:
        record(actor, "member.add", study, user=user.email, role=str(membership.role))
    return membership


@transaction.atomic
def remove_member(actor: User, study: Study, user: User, role: str) -> None:
    """Take a role in a study from a person; taking what is gone changes nothing.

    Raises
    ------
    ValidationError
        It would leave the study without an administrator who can sign in.
    """
    # The study's row is the lock: two administrators cannot remove each other at the same moment.
    Study.objects.select_for_update().get(pk=study.pk)
    if role == Role.ADMINISTRATOR:
        others = Membership.objects.filter(study=study, role=role, user__is_active=True).exclude(user=user)
        if not others.exists():
            raise ValidationError(
                f"{user} is the last administrator of this study. Add another administrator first."
            )
    if Membership.objects.filter(study=study, user=user, role=role).delete()[0]:
        record(actor, "member.remove", study, user=user.email, role=str(role))


@transaction.atomic
def create_participant(
    actor: User, study: Study, *, code: str, cohort: Cohort | None = None, id: UUID | None = None
) -> Participant:
    """Add a participant under a code, with the cohort they stated, if they did.

    Raises
    ------
    ValidationError
        The study has a participant with this code already, or the code is empty.
    """
    code = code.strip()
    if id is not None and (existing := Participant.objects.filter(pk=id, study=study, code=code).first()):
        return existing
    participant = Participant(
        **({"id": id} if id else {}), study=study, code=code, cohort=cohort, created_by=actor
    )
    participant.clean_fields()
    try:
        with transaction.atomic():
            participant.save(force_insert=True)
    except IntegrityError as error:
        raise ValidationError(f"This study has a participant {code} already. Choose another code.") from error
    # Not which: what a participant takes back must not stay in a log that nobody can change.
    record(actor, "participant.create", participant, code=code, cohort_stated=cohort is not None)
    return participant


# --- consent forms ---------------------------------------------------------------------------------------


def _scopes(values: Iterable[str]) -> list[Scope]:
    """The scopes among ``values``, once each, in their usual order."""
    chosen = {Scope(value) for value in values}
    return [scope for scope in Scope if scope in chosen]


def current_form(study: Study) -> ConsentForm | None:
    """The newest version of the study's consent form, which new consents are given to."""
    return ConsentForm.objects.filter(study=study).order_by("-version").first()


@transaction.atomic
def create_consent_form(actor: User, study: Study, *, title: str, body: str, scopes: Iterable[str]) -> ConsentForm:
    """Write the next version of a study's consent form; the same words as the newest version make no new one.

    Raises
    ------
    ValidationError
        It asks for nothing, or for emotions where the law prohibits estimating them.
    """
    asked = _scopes(scopes)
    if not asked:
        raise ValidationError("A consent form asks for at least one thing. Choose what this form asks about.")
    if forbidden := set(asked) - set(law.scopes_allowed(study.setting, study.jurisdiction)):
        words = "; ".join(scope.phrase for scope in forbidden)
        raise ValidationError(f"This form may not ask about {words}. {law.sentence(study)}")
    Study.objects.select_for_update().get(pk=study.pk)  # two people never write the same version number
    # Browsers send line ends as CR LF; stored words and the difference between versions should not show that.
    title, body = title.strip(), body.replace("\r\n", "\n").strip()
    last = current_form(study)
    if last and (last.title, last.body, last.scopes) == (title, body, [str(scope) for scope in asked]):
        return last
    form = ConsentForm(
        study=study,
        version=last.version + 1 if last else 1,
        title=title,
        body=body,
        scopes=[str(scope) for scope in asked],
        created_by=actor,
    )
    form.full_clean()
    form.save(force_insert=True)
    record(actor, "consent_form.create", form, version=form.version, scopes=form.scopes)
    return form


# --- consent ---------------------------------------------------------------------------------------------


def consent_in_force(consents: Iterable[Consent]) -> Consent | None:
    """The consent that counts among all of one participant's, or None.

    It is the last one given, unless a withdrawal came after it: a withdrawal ends everything agreed to before,
    also a paper form of an earlier date that is typed in later.
    """
    known = list(consents)
    last_withdrawal = max((c.withdrawn_at for c in known if c.withdrawn_at), default=None)
    standing = [
        c for c in known if c.withdrawn_at is None and (last_withdrawal is None or c.given_at > last_withdrawal)
    ]
    return max(standing, key=lambda c: (c.given_at, c.recorded_at), default=None)


def current_consent(participant: Participant) -> Consent | None:
    """The consent that is in force for a participant now, or None; uses prefetched consents when there are."""
    return consent_in_force(participant.consents.all())


def missing_scopes(participant: Participant, needed: Iterable[str]) -> list[Scope]:
    """Those of the needed scopes that no current consent covers or the law prohibits, in their usual order."""
    consent = current_consent(participant)
    granted = set(consent.granted) if consent else set()
    granted &= set(law.scopes_allowed(participant.study.setting, participant.study.jurisdiction))
    return [scope for scope in _scopes(needed) if str(scope) not in granted]


def require_consent(participant: Participant, needed: Iterable[str]) -> None:
    """Raise ConsentMissing, with a sentence for a person, unless a current consent covers every needed scope."""
    missing = missing_scopes(participant, needed)
    if not missing:
        return
    words = "; ".join(scope.phrase for scope in missing)
    if current_consent(participant):
        raise ConsentMissing(
            f"The consent of {participant.code} does not cover: {words}. Ask for a new consent first."
        )
    if participant.consents.exists():
        raise ConsentMissing(f"{participant.code} withdrew consent, so nothing more may be recorded or analysed.")
    raise ConsentMissing(f"{participant.code} has not given consent yet. Record a consent that covers: {words}.")


def _check_consent(consent: Consent) -> None:
    form = consent.form
    if form.study_id != consent.participant.study_id:
        raise ValidationError("This consent form belongs to another study.")
    if not consent.scopes:
        raise ValidationError("Nothing was agreed to, so there is no consent to record.")
    if extra := [scope for scope in consent.scopes if scope not in form.scopes]:
        raise ValidationError(f"Version {form.version} of the form does not ask about: {Scope(extra[0]).label}.")
    if consent.method == Consent.Method.ON_SCREEN and not consent.signature:
        raise ValidationError("Type the participant's name as a signature.")
    if consent.given_at > timezone.now():
        raise ValidationError("The consent is dated in the future. Check the date.")


@transaction.atomic
def record_consent(
    actor: User,
    participant: Participant,
    form: ConsentForm,
    *,
    scopes: Iterable[str],
    method: str,
    signature: str,
    given_at: datetime | None = None,
    id: UUID | None = None,
) -> Consent:
    """Record what a participant agreed to; it replaces the consent before it.

    Parameters
    ----------
    actor : User
        Who recorded it (the person who handed over the screen, or typed in the paper).
    participant : Participant
    form : ConsentForm
        The version that was read.
    scopes : iterable of str
        What was granted; at least one, and only what this version asks.
    method : str
        A ``Consent.Method``.
    signature : str
        The name as typed by the participant. Needed on screen; paper and voice keep their own proof.
    given_at : datetime, optional
        When it was given; now when not given, never in the future.
    id : UUID, optional
        Chosen by the caller, so that a form sent twice records one consent.

    Raises
    ------
    ValidationError
        One of these rules is broken; the message says which.
    """
    if id is not None and (existing := Consent.objects.filter(pk=id, participant=participant).first()):
        return existing
    # The participant's row is the lock for "which consent is in force".
    participant = Participant.objects.select_for_update().get(pk=participant.pk)
    former = current_consent(participant)
    consent = Consent(
        **({"id": id} if id else {}),
        participant=participant,
        form=form,
        scopes=[str(scope) for scope in _scopes(scopes)],
        method=Consent.Method(method),
        signature=signature.strip(),
        given_at=given_at or timezone.now(),
        recorded_by=actor,
    )
    _check_consent(consent)
    consent.clean_fields(exclude=["withdrawn_at", "withdrawn_by", "withdrawn_scopes"])
    consent.save(force_insert=True)
    record(
        actor,
        "consent.give",
        consent,
        participant=participant.code,
        form_version=form.version,
        scopes=consent.scopes,
        method=str(consent.method),
        given_at=consent.given_at,
    )
    # Agreeing to less than before withdraws the rest, and what runs on the rest has to stop.
    if former and current_consent(participant) == consent and set(former.granted) - set(consent.scopes):
        for hook in hooks.on_withdrawal:
            hook(former)
    return consent
