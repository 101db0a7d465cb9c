"""Every change to studies, members, participants and consents. Each one is written into the log."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from types import EllipsisType
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from facsweb.accounts.models import User
from facsweb.audit.services import changed, record
from facsweb.studies import consent_text, hooks, law
from facsweb.studies.models import Cohort, Consent, ConsentForm, Membership, Participant, Role, Scope, Study
from facsweb.studies.standing import ConsentMissing as ConsentMissing
from facsweb.studies.standing import consent_in_force as consent_in_force
from facsweb.studies.standing import current_consent, in_order, taken_back_since
from facsweb.studies.standing import missing_scopes as missing_scopes
from facsweb.studies.standing import require_consent as require_consent
from facsweb.studies.standing import require_consent_now as require_consent_now
from facsweb.studies.withdrawing import lock_work

# --- studies and members ---------------------------------------------------------------------------------


@transaction.atomic
def create_study(
    actor: User,
    *,
    name: str,
    purpose: str,
    setting: str,
    jurisdiction: str,
    retention_days: int | None = None,
    scopes: Iterable[str] | None = None,
    id: UUID | None = None,
) -> Study:
    """Create a study with its creator as administrator and version 1 of its consent form.

    Parameters
    ----------
    actor : User
        Becomes the study's administrator.
    name, purpose, setting, jurisdiction : str
        As on ``Study``; a place that is known gets its usual name.
    retention_days : int, optional
        Days that data are kept; as long as the law allows when not given.
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
        jurisdiction=law.normalised(jurisdiction),
        retention_days=retention_days,
        created_by=actor,
    )
    study.full_clean()
    _check_retention(setting, study.jurisdiction, retention_days)
    study.save(force_insert=True)
    record(
        actor,
        "study.create",
        study,
        name=study.name,
        setting=setting,
        jurisdiction=study.jurisdiction,
        retention_days=retention_days,
    )
    add_member(actor, study, actor, Role.ADMINISTRATOR)
    asked = in_order(law.scopes_allowed(setting, jurisdiction) if scopes is None else scopes)
    written = consent_text.written(purpose=study.purpose, scopes=asked)
    create_consent_form(actor, study, **written.pop("en"), translations=written, scopes=asked)
    return study


def _check_retention(setting: str, jurisdiction: str, days: int | None) -> None:
    most = law.most_days(setting, jurisdiction)
    if days == 0 or (days and most and days > most):
        longest = f" and at most {most} (the law of {jurisdiction})" if most else ""
        raise ValidationError({"retention_days": f"Choose at least 1 day{longest}."})


@transaction.atomic
def change_study(
    actor: User,
    study: Study,
    *,
    name: str,
    purpose: str,
    setting: str,
    jurisdiction: str,
    retention_days: int | EllipsisType | None = ...,
) -> Study:
    """Change a study's description; nothing is written when nothing differs.

    Consent forms keep the purpose they were written with: people agreed to those words. What was computed under
    the law of another setting or place goes, or is computed again, by ``hooks.on_law_change``. The days that data
    are kept stay as they are when they are not given; None is as long as the law allows.
    """
    study = Study.objects.select_for_update(no_key=True).get(pk=study.pk)
    days = study.retention_days if isinstance(retention_days, EllipsisType) else retention_days
    fields = {
        "name": name.strip(),
        "purpose": purpose.strip(),
        "setting": setting,
        "jurisdiction": law.normalised(jurisdiction),
        "retention_days": days,
    }
    differing = changed(study, fields)
    if not differing:
        return study
    form = current_form(study)
    for field, value in fields.items():
        setattr(study, field, value)
    moved = bool({"setting", "jurisdiction"} & differing["after"].keys())
    # Only then: an exception that was withdrawn leaves such a form behind, and the rest may still change.
    if forbidden := moved and form and set(form.scopes) - set(law.scopes_of(study)):
        raise ValidationError(
            f"The consent form asks about “{Scope(forbidden.pop()).label}”, which the law prohibits for that "
            "setting and place. Write a new version of the form without it first."
        )
    study.full_clean()
    _check_retention(setting, study.jurisdiction, days)
    if moved:
        lock_work(study.participants.order_by("pk"))
    study.save(update_fields=list(differing["after"]))
    record(actor, "study.change", study, **differing)
    if moved:
        for hook in hooks.on_law_change:
            hook(study)
    return study


@transaction.atomic
def set_days_kept(actor: User, study: Study, days: int | None) -> Study:
    """Change how many days a study keeps data, and nothing else of it; None is as long as the law allows.

    Raises
    ------
    ValidationError
        The law of the study's place does not allow it.
    """
    study = Study.objects.select_for_update(no_key=True).get(pk=study.pk)
    kept = {name: getattr(study, name) for name in ("name", "purpose", "setting", "jurisdiction")}
    return change_study(actor, study, **kept, retention_days=days)


@transaction.atomic
def add_member(actor: User, study: Study, user: User, role: str) -> Membership:
    """Give a person a role in a study; asking twice changes nothing."""
    membership, created = Membership.objects.get_or_create(study=study, user=user, role=Role(role))
    if created:
        record(actor, "member.add", study, user=user.email, after={"role": str(membership.role)})
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
    Study.objects.select_for_update(no_key=True).get(pk=study.pk)
    if role == Role.ADMINISTRATOR:
        others = Membership.objects.filter(study=study, role=role, user__is_active=True).exclude(user=user)
        if not others.exists():
            raise ValidationError(
                f"{user} is the last administrator of this study. Add another administrator first."
            )
    if Membership.objects.filter(study=study, user=user, role=role).delete()[0]:
        record(actor, "member.remove", study, user=user.email, before={"role": str(role)})


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


def current_form(study: Study) -> ConsentForm | None:
    """The newest version of the study's consent form, which new consents are given to."""
    return ConsentForm.objects.filter(study=study).order_by("-version").first()


@transaction.atomic
def create_consent_form(
    actor: User,
    study: Study,
    *,
    title: str,
    body: str,
    scopes: Iterable[str],
    translations: Mapping[str, Mapping[str, str]] | None = None,
) -> ConsentForm:
    """Write the next version of a study's consent form; the same words as the newest version make no new one.

    Parameters
    ----------
    actor : User
    study : Study
    title, body : str
        In English.
    scopes : iterable of str
        What it asks about.
    translations : mapping, optional
        ``title`` and ``body`` by the code of a further language; one without both is left out.

    Raises
    ------
    ValidationError
        It asks for nothing, or for emotions where the law prohibits estimating them; or a language has a title
        without a text, or the other way round.
    """
    asked = in_order(scopes)
    if not asked:
        raise ValidationError("A consent form asks for at least one thing. Choose what this form asks about.")
    if forbidden := set(asked) - set(law.scopes_of(study)):
        words = "; ".join(scope.phrase for scope in forbidden)
        raise ValidationError(f"This form may not ask about {words}. {law.sentence(study)}")
    Study.objects.select_for_update(no_key=True).get(pk=study.pk)  # two people never write the same version number
    # Browsers send line ends as CR LF; stored words and the difference between versions should not show that.
    title, body = title.strip(), body.replace("\r\n", "\n").strip()
    further = consent_text.checked_translations(translations or {})
    last = current_form(study)
    wanted = (title, body, further, [str(scope) for scope in asked])
    if last and (last.title, last.body, last.translations, last.scopes) == wanted:
        return last
    form = ConsentForm(
        study=study,
        version=last.version + 1 if last else 1,
        title=title,
        body=body,
        translations=further,
        scopes=[str(scope) for scope in asked],
        created_by=actor,
    )
    form.full_clean()
    form.save(force_insert=True)
    record(
        actor,
        "consent_form.create",
        form,
        version=form.version,
        scopes=form.scopes,
        languages=form.languages,
        sha256=consent_text.form_sha256(form),
    )
    return form


# --- consent ---------------------------------------------------------------------------------------------


def _check_consent(consent: Consent) -> None:
    form = consent.form
    if form.study_id != consent.participant.study_id:
        raise ValidationError("This consent form belongs to another study.")
    if not consent.scopes:
        raise ValidationError("Nothing was agreed to, so there is no consent to record.")
    if extra := [scope for scope in consent.scopes if scope not in form.scopes]:
        raise ValidationError(f"Version {form.version} of the form does not ask about: {Scope(extra[0]).label}.")
    own = consent.method in (Consent.Method.ON_SCREEN, Consent.Method.LINK)
    if own and not consent.signature and not consent.strokes:
        raise ValidationError("Type the participant's name as a signature, or have them draw it.")
    if consent.given_at > timezone.now():
        raise ValidationError("The consent is dated in the future. Check the date.")


@transaction.atomic
def record_consent(
    actor: User | None,
    participant: Participant,
    form: ConsentForm,
    *,
    scopes: Iterable[str],
    method: str,
    signature: str,
    strokes: list[list[list[int]]] | None = None,
    language: str = "en",
    notice_at: datetime | None = None,
    given_at: datetime | None = None,
    id: UUID | None = None,
) -> Consent:
    """Record what a participant agreed to; it replaces the consent before it.

    Parameters
    ----------
    actor : User or None
        Who recorded it (who typed in the paper); None where the participant did it themselves.
    participant : Participant
    form : ConsentForm
        The version that was read.
    scopes : iterable of str
        What was granted; at least one, and only what this version asks.
    method : str
        A ``Consent.Method``.
    signature : str
        The name as typed by the participant. They need this or `strokes`; paper and voice keep their own proof.
    strokes : list, optional
        A drawn signature, as `signatures.checked` returned it.
    language : str
        In which it was read.
    notice_at : datetime, optional
        When the notice was shown.
    given_at : datetime, optional
        When it was given; now when not given, never in the future.
    id : UUID, optional
        Chosen by the caller, so that a form sent twice records one consent.

    Raises
    ------
    ValidationError
        One of these rules is broken; the message says which.
    """
    # The participant's row is the lock for "which consent is in force".
    participant = Participant.objects.select_for_update(no_key=True).get(pk=participant.pk)
    if id is not None and (existing := Consent.objects.filter(pk=id, participant=participant).first()):
        return existing
    former = current_consent(participant)
    consent = Consent(
        **({"id": id} if id else {}),
        participant=participant,
        form=form,
        scopes=[str(scope) for scope in in_order(scopes)],
        method=Consent.Method(method),
        signature=signature.strip(),
        strokes=strokes,
        language=language,
        said=consent_text.said(form, language),
        notice_at=notice_at,
        given_at=given_at or timezone.now(),
        recorded_by=actor,
    )
    # What was taken back after the day on the paper stays taken back, whenever somebody types it in.
    gone = taken_back_since(participant, consent.given_at)
    consent.withdrawn_scopes = [scope for scope in consent.scopes if scope in gone]
    _check_consent(consent)
    consent.clean_fields(exclude=["withdrawn_at", "withdrawn_by", "recorded_by", "notice_at"])
    consent.save(force_insert=True)
    record(
        actor,
        "consent.give",
        consent,
        participant=participant.code,
        form_version=form.version,
        form_sha256=consent_text.form_sha256(form),
        scopes=consent.scopes,
        method=str(consent.method),
        language=language,
        given_at=consent.given_at,
    )
    # Agreeing to less than before withdraws the rest, and what runs on the rest has to stop.
    if former and current_consent(participant) == consent and set(former.granted) - set(consent.granted):
        for hook in hooks.on_withdrawal:
            hook(former)
    return consent
