"""People who sign in. What they may do is a membership of a study (``facsweb.studies``)."""

import uuid
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models


class UserManager(BaseUserManager["User"]):
    """Creates users by email address."""

    def create_user(self, email: str, name: str = "", password: str | None = None, **fields: Any) -> "User":
        if not email:
            raise ValueError("A user needs an email address.")
        user = self.model(email=self.normalize_email(email).lower(), name=name, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, name: str = "", password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, name, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    """A person with a login. ``is_staff`` may create studies and accounts; it opens no study's content."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120)
    is_staff = models.BooleanField("may create studies and accounts", default=False)
    is_active = models.BooleanField(default=True)
    must_change_password = models.BooleanField(default=False)  # somebody else has seen the present one
    date_joined = models.DateTimeField(auto_now_add=True)

    objects = UserManager()
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name.split(" ")[0]


class SignInAttempt(models.Model):
    """One failed or running attempt to prove who somebody is; what lockout counts (``accounts.lockout``).

    ``account`` is a keyed hash of the address that was typed, so unknown and known accounts are counted alike and
    nobody's typing slips are kept. Rows go after a day.
    """

    class Kind(models.TextChoices):
        PASSWORD = "password", "password"
        CODE = "code", "code or passkey"
        CONFIRM = "confirm", "confirmation before an act"

    at = models.DateTimeField()
    kind = models.CharField(max_length=10, choices=Kind)
    account = models.CharField(max_length=64)
    address = models.GenericIPAddressField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["account", "kind", "at"], name="attempt_account"),
            models.Index(fields=["address", "at"], name="attempt_address"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} at {self.at:%Y-%m-%d %H:%M}"


class UsedCode(models.Model):
    """A half minute whose code was used; it fits longer than that, and works once (``accounts.codes``)."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    counter = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "counter"], name="one_use_of_a_code")]

    def __str__(self) -> str:
        return f"code {self.counter}"


class OpenSession(models.Model):
    """A browser that is signed in; the row goes with the session, and with it the address and the device."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="open_sessions")
    session_key = models.CharField(max_length=40, unique=True)
    started_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    address = models.GenericIPAddressField(null=True)
    device = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-last_seen_at"]

    def __str__(self) -> str:
        return f"{self.user}, last seen {self.last_seen_at:%Y-%m-%d %H:%M}"


class Invitation(models.Model):
    """A link by which one person makes their own account. Only a hash of its token is kept."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField()
    name = models.CharField(max_length=120, blank=True)
    is_staff = models.BooleanField(default=False)
    token_sha256 = models.CharField(max_length=64)
    # A plain value: accounts is below studies, and a study that is gone must not take the invitation with it.
    study_id = models.UUIDField(null=True)
    roles = models.JSONField(default=list)
    invited_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="invitations")
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    accepted_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"invitation of {self.email}"


class ProviderIdentity(models.Model):
    """Who somebody is at the OpenID Connect provider; an address can change hands there, a subject cannot."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="provider_identities")
    issuer = models.CharField(max_length=300)
    subject = models.CharField(max_length=255)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["issuer", "subject"], name="one_user_per_subject")]

    def __str__(self) -> str:
        return f"{self.user} at {self.issuer}"
