"""Every change to accounts. Each one is written into the log."""

from __future__ import annotations

import secrets

from allauth.account.models import EmailAddress
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

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
    # The administrator vouches for the address. An unverified one could not turn on two-factor authentication.
    EmailAddress.objects.create(user=user, email=email, primary=True, verified=True)
    record(actor, "account.create", user, email=email, is_staff=is_staff)
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
    changed = User.objects.filter(pk=user.pk, is_active=not active).update(is_active=active)
    if changed:
        action = "account.activate" if active else "account.deactivate"
        record(actor, action, user, email=user.email, before={"active": not active}, after={"active": active})
    user.is_active = active
    return bool(changed)


@transaction.atomic
def reset_password(actor: User, user: User) -> str:
    """Give a person a new random password, which ends their open sessions, and return it to be shown once."""
    password = generate_password()
    user.set_password(password)
    user.save(update_fields=["password"])
    record(actor, "account.reset_password", user, email=user.email)
    return password
