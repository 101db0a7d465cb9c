"""Inviting people by a link that works once. Who opens it in time sets their own name and password."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from facsweb.accounts import mail
from facsweb.accounts.models import Invitation, User
from facsweb.accounts.services import create_user
from facsweb.audit.services import record
from facsweb.studies import access
from facsweb.studies import services as studies
from facsweb.studies.models import Role, Study

VALID: Final = timedelta(days=7)


class Unusable(Exception):  # noqa: N818 (a state that people are told about)
    """The link cannot be used; the text is a sentence for a person."""


def state_of(invitation: Invitation) -> tuple[str, str]:
    """Tone and words of an invitation's state."""
    if invitation.accepted_at:
        return "good", "Accepted"
    if invitation.revoked_at:
        return "neutral", "Revoked"
    if invitation.expires_at <= timezone.now():
        return "attention", "Expired"
    return "active", "Open"


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def address(invitation: Invitation, token: str) -> str:
    """The whole link."""
    return settings.SITE_URL.rstrip("/") + reverse("accounts:join", args=[invitation.pk, token])


def may_give_roles(actor: User, study: Study) -> bool:
    """Whether a person may give roles in a study: its administrators alone, also among staff."""
    return access.may(actor, "studies:member_add", study)


@transaction.atomic
def invite(
    actor: User,
    *,
    email: str,
    name: str = "",
    is_staff: bool = False,
    study: Study | None = None,
    roles: Iterable[str] = (),
) -> tuple[Invitation, str]:
    """Invite a person.

    Parameters
    ----------
    actor : User
        Who may create accounts.
    email, name : str
        The name is a proposal; the person may write it differently.
    is_staff : bool
        Whether the account may create studies and accounts.
    study, roles : Study, iterable of str, optional
        Roles that the person gets on acceptance.

    Returns
    -------
    Invitation, str
        The invitation, and the link: it is mailed where mail is configured, and can be shown once otherwise.

    Raises
    ------
    ValidationError
        There is an account or an open invitation for this address, or roles were asked for that the actor may not
        give.
    """
    email = User.objects.normalize_email(email.strip()).lower()
    if User.objects.filter(email=email).exists():
        raise ValidationError({"email": f"There is an account for {email} already."})
    now, wanted = timezone.now(), sorted({str(Role(role)) for role in roles})
    waiting = Invitation.objects.filter(email=email, accepted_at=None, revoked_at=None, expires_at__gt=now)
    if waiting.exists():
        raise ValidationError({"email": f"{email} has an open invitation. Send it again, or revoke it first."})
    if bool(study) != bool(wanted):
        raise ValidationError({"roles": "Choose a study and at least one role in it, or neither."})
    if study is not None and not may_give_roles(actor, study):
        raise ValidationError({"study": "Only administrators of a study give roles in it."})
    token = secrets.token_urlsafe(32)
    invitation = Invitation.objects.create(
        **{"email": email, "name": name.strip(), "is_staff": is_staff, "invited_by": actor, "roles": wanted},
        **{"study_id": study.pk if study else None, "token_sha256": _hash(token)},
        **{"sent_at": now, "expires_at": now + VALID},
    )
    record(actor, "invitation.create", invitation, is_staff=is_staff, study=invitation.study_id, roles=wanted)
    link = address(invitation, token)
    _mail(invitation, link)
    return invitation, link


def _mail(invitation: Invitation, link: str) -> None:
    mail.tell(
        invitation.email,
        "Your invitation to facsweb",
        f"{invitation.invited_by} invites you to facsweb, where facial movements are coded.\n\n"
        "Open this link to make your account. It works once, until "
        f"{invitation.expires_at:%d %B %Y, %H:%M} UTC:\n\n"
        f"{link}\n\nIf you did not expect this, ignore it: nothing happens.",
    )


@transaction.atomic
def send_again(actor: User, invitation: Invitation) -> str | None:
    """Make a fresh link that works for seven days; the one before no longer works. None if it was settled."""
    token, now = secrets.token_urlsafe(32), timezone.now()
    changed = Invitation.objects.filter(pk=invitation.pk, accepted_at=None, revoked_at=None).update(
        token_sha256=_hash(token), sent_at=now, expires_at=now + VALID
    )
    if not changed:
        return None
    invitation.refresh_from_db()
    record(actor, "invitation.send_again", invitation)
    link = address(invitation, token)
    _mail(invitation, link)
    return link


@transaction.atomic
def revoke(actor: User, invitation: Invitation) -> bool:
    """Make the link useless; return whether it was still of use."""
    changed = Invitation.objects.filter(pk=invitation.pk, accepted_at=None, revoked_at=None).update(
        revoked_at=timezone.now()
    )
    if changed:
        record(actor, "invitation.revoke", invitation)
    return bool(changed)


def find(pk: UUID, token: str) -> Invitation:
    """The invitation that a link belongs to.

    Raises
    ------
    Unusable
        The link is wrong, used, revoked or too old; the sentence does not tell a stranger which addresses exist.
    """
    invitation = Invitation.objects.select_related("invited_by").filter(pk=pk).first()
    if invitation is None or not hmac.compare_digest(invitation.token_sha256, _hash(token)):
        raise Unusable("This link is not one of ours, or a newer one has replaced it.")
    if invitation.accepted_at:
        raise Unusable("This link has been used. Sign in with the password that was chosen then.")
    if invitation.revoked_at or invitation.expires_at <= timezone.now():
        raise Unusable("This link no longer works. Ask whoever invited you to send another one.")
    return invitation


@transaction.atomic
def accept(pk: UUID, token: str, *, name: str, password: str) -> User:
    """Make the account that an invitation promised; a second click finds the link used.

    Raises
    ------
    Unusable
        See `find`.
    ValidationError
        The name is empty or the password too weak; the link still works.
    """
    invitation = find(pk, token)
    taken = Invitation.objects.filter(pk=pk, accepted_at=None, revoked_at=None).update(accepted_at=timezone.now())
    if taken != 1:
        raise Unusable("This link has been used. Sign in with the password that was chosen then.")
    inviter = invitation.invited_by
    user = create_user(
        inviter,
        email=invitation.email,
        name=name,
        password=password,
        # An inviter who lost the right since then has given nothing.
        is_staff=invitation.is_staff and inviter.is_staff and inviter.is_active,
    )
    Invitation.objects.filter(pk=pk).update(accepted_by=user)
    study = Study.objects.filter(pk=invitation.study_id).first() if invitation.study_id else None
    given = []
    if study is not None and inviter.is_active and may_give_roles(inviter, study):
        given = list(invitation.roles)
        for role in given:
            studies.add_member(inviter, study, user, role)
    record(user, "invitation.accept", invitation, roles_given=given)
    return user
