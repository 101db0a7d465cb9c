"""A recorded exception to a prohibition: who says so, when, on which ground and why; and taking it back."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from facsweb.accounts.models import User
from facsweb.audit.services import record
from facsweb.studies import hooks, law
from facsweb.studies.models import Justification, Study

#: A reason shorter than this explains nothing (characters; a choice of ours).
LEAST: int = 40


@transaction.atomic
def justify(actor: User, study: Study, *, ground: str, reason: str) -> Justification:
    """Record that the prohibition does not apply to a study.

    Raises
    ------
    ValidationError
        Nothing is prohibited, the rule knows no such exception, one stands already, or the reason says nothing.
    """
    study = Study.objects.select_for_update(no_key=True).get(pk=study.pk)
    rule = law.prohibition(study.setting, study.jurisdiction)
    if rule is None:
        raise ValidationError("Nothing is prohibited for this study, so it needs no exception.")
    if ground not in rule.exceptions:
        raise ValidationError(f"The rule ({rule.short}) has no such exception.")
    if law.justification(study) is not None:
        raise ValidationError("An exception is recorded already. Withdraw it before you record another.")
    if len(reason.strip()) < LEAST:
        raise ValidationError(
            f"Say in at least {LEAST} characters who is protected from what, and why this needs the estimation."
        )
    # One of another rule, from before the study changed, or with a ground that no longer counts, stands no more.
    made = Justification(
        study=study,
        rule=rule.id,
        ground=ground,
        reason=reason.strip(),
        made_at=timezone.now(),
        made_by=actor,
    )
    made.clean_fields(exclude=["withdrawn_at", "withdrawn_by", "withdrawal_reason"])
    made.save(force_insert=True)
    record(
        actor, "justification.record", made, rule=rule.id, article=rule.short, ground=ground, reason=made.reason
    )
    for hook in hooks.on_law_change:
        hook(study)
    return made


@transaction.atomic
def take_back(actor: User, made: Justification, *, reason: str) -> bool:
    """Withdraw an exception; what rested on it goes. False where it was withdrawn already."""
    if not reason.strip():
        raise ValidationError("Say why the exception is withdrawn.")
    study = Study.objects.select_for_update(no_key=True).get(pk=made.study_id)
    changed = Justification.objects.filter(pk=made.pk, withdrawn_at=None).update(
        withdrawn_at=timezone.now(), withdrawn_by=actor, withdrawal_reason=reason.strip()
    )
    if not changed:
        return False
    record(actor, "justification.withdraw", made, rule=made.rule, ground=made.ground, reason=reason.strip())
    for hook in hooks.on_law_change:
        hook(study)
    return True
