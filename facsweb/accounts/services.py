"""Every change to accounts. Each one is written into the log."""

from __future__ import annotations

import secrets

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from facsweb.accounts import second_factor, sessions
from facsweb.accounts.mail import tell
from facsweb.accounts.models import User
from facsweb.audit.services import record

# No letters or digits that are mistaken for one another: the password is read aloud and typed once.
ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"


def generate_password() -> str:
    """A random password of about 99 bits, in five groups that can be read aloud."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(4)) for _ in range(5))


@transaction.atomic
def create_user(actor: User | None, *, email: str, name: str, password: str, is_staff: bool = False) -> User:
    """Create an account that can sign in with email and password.

    Parameters
    ----------
    actor : User or None
        Who created it; None for the installation itself.
    email, name, password : str
    is_staff : bool
        Whether the person may create studies and accounts.

    Raises
    ------
    ValidationError
        The email is taken or malformed, the name is empty, or the password is too weak.
    """
    email = User.objects.normalize_email(email.strip()).lower()
    if User.objects.filter(email=email).exists():
        raise ValidationError({"email": f"There is an account for {email} already."})
    user = User(email=email, name=name.strip(), is_staff=is_staff)
    validate_password(password, user)
    user.set_password(password)
    user.full_clean()
    user.save(force_insert=True)
    # The administrator vouches for the address. An unverified one could not add a second factor.
    EmailAddress.objects.create(user=user, email=email, primary=True, verified=True)
    record(actor, "account.create", user, email=email, is_staff=is_staff)
    return user


@transaction.atomic
def create_from_provider(*, email: str, name: str) -> User:
    """Create an account for somebody whom the OpenID Connect provider vouches for, without password and rights."""
    user = User.objects.create_user(email, name)
    EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=True)
    record(None, "account.create", user, email=user.email, is_staff=False, by="provider")
    return user


@transaction.atomic
def set_active(actor: User, user: User, *, active: bool) -> bool:
    """Let a person sign in, or no longer; every open session of theirs ends with the next request.

    Returns whether anything changed.

    Raises
    ------
    ValidationError
        People cannot shut themselves out.
    """
    if user == actor and not active:
        raise ValidationError("You cannot deactivate your own account. Ask another administrator to do it.")
    # Both rows in one order: of two who shut each other out at the same moment, the second finds the door closed.
    both = User.objects.select_for_update(no_key=True).filter(pk__in=[actor.pk, user.pk]).order_by("pk")
    if not {one.pk: one.is_active for one in both}.get(actor.pk):
        raise ValidationError("Your own account was deactivated in the meantime. Nothing was changed.")
    changed = User.objects.filter(pk=user.pk, is_active=not active).update(is_active=active)
    if changed:
        action = "account.activate" if active else "account.deactivate"
        if not active:
            sessions.lock(user)
        record(actor, action, user, email=user.email, before={"active": not active}, after={"active": active})
        if not active:
            sessions.end(actor, user)  # they would be open again with the account
    user.is_active = active
    return bool(changed)


@transaction.atomic
def change_name(user: User, name: str) -> bool:
    """Change one's own name; return whether it differs."""
    before = user.name
    changed = User.objects.filter(pk=user.pk).exclude(name=name).update(name=name)
    if changed:
        record(user, "account.rename", user)
    user.name = name or before
    return bool(changed)


@transaction.atomic
def reset_password(actor: User, user: User) -> str:
    """Give a person a random password, shown once; open sessions end, and they choose another at sign-in."""
    password = generate_password()
    user.set_password(password)
    user.must_change_password = True
    user.save(update_fields=["password", "must_change_password"])
    sessions.end(actor, user)
    record(actor, "account.reset_password", user, email=user.email)
    return password


@transaction.atomic
def password_chosen(user: User, *, keep: str | None) -> None:
    """A person chose their own password: every session but one ends, and they are not asked again."""
    User.objects.filter(pk=user.pk).update(must_change_password=False)
    user.must_change_password = False
    sessions.lock(user)
    record(user, "account.change_password", user)
    sessions.end(user, user, but=keep)


@transaction.atomic
def factor_added(user: User, authenticator: Authenticator, *, keep: str | None) -> None:
    """Note a second factor; with the first one, sessions that were opened without it end."""
    sessions.lock(user)
    record(user, "second_factor.add", user, kind=str(authenticator.type))
    if authenticator.type in second_factor.FACTORS and second_factor.factors(user) == 1:
        sessions.end(user, user, but=keep)


@transaction.atomic
def reset_second_factor(actor: User, user: User) -> int:
    """Remove every second factor and recovery code of a person who lost them, and end their sessions.

    They sign in with the password and are led to enrolment. Returns how many factors were removed.
    """
    removed = second_factor.factors(user)
    gone, _ = Authenticator.objects.filter(user_id=user.pk).delete()
    if not gone:
        return 0
    sessions.end(actor, user)
    record(actor, "second_factor.reset", user, removed=removed)
    tell(
        user.email,
        "Your second factor was removed",
        f"{actor} removed the second factor of your account because it was said to be lost. Sign in with your "
        "password and set up another one. If you did not ask for this, tell the people who run this installation "
        "at once.",
    )
    return removed
