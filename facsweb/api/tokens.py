"""Tokens: made, shown once, recognised, revoked. A token never does more than its owner may at that moment."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone

from facsweb.accounts.models import User
from facsweb.api.models import Scope, Token
from facsweb.api.problems import Problem
from facsweb.audit import origin
from facsweb.audit.services import record
from facsweb.studies import access
from facsweb.studies.models import Study

START: Final = "fsw_"
RANDOM_BYTES: Final = 32
LONGEST: Final = timedelta(days=365)
SEEN_AGAIN_AFTER: Final = timedelta(minutes=1)
MOST: Final = 50  # valid tokens a person may have
WRONG: Final = (
    "Send a valid token as “Authorization: Bearer fsw_…”. It may be misspelt, expired or revoked, or its owner "
    "can no longer sign in."
)


def digest_of(secret: str) -> str:
    """What is stored of a token: SHA-256 (hex). A token is random, so a slow hash would protect nothing more."""
    return hashlib.sha256(secret.encode()).hexdigest()


@transaction.atomic
def create(
    owner: User, *, name: str, scopes: Iterable[str], lifetime: timedelta, study: Study | None = None
) -> tuple[Token, str]:
    """Make a token and return it with its secret, which cannot be shown again.

    Parameters
    ----------
    owner : User
        For whom programs act with it.
    name : str
        What it is for.
    scopes : iterable of str
        Values of `Scope`, at least one.
    lifetime : timedelta
        At most a year.
    study : Study, optional
        The only one it opens; all of the owner's when not given.

    Raises
    ------
    ValidationError
        With a sentence for a person.
    """
    chosen = [scope for scope in Scope if scope in set(scopes)]
    if not chosen:
        raise ValidationError("A token needs at least one thing that it may do.")
    if not timedelta() < lifetime <= LONGEST:
        raise ValidationError("A token lasts between a day and a year.")
    if study is not None and not access.roles_of(owner, study):
        raise ValidationError("Choose one of your studies.")
    now = timezone.now()
    if Token.objects.filter(owner=owner, revoked_at=None, expires_at__gt=now).count() >= MOST:
        raise ValidationError(f"You have {MOST} tokens. Revoke one that is no longer used first.")
    secret = START + secrets.token_urlsafe(RANDOM_BYTES)
    token = Token(
        owner=owner,
        name=name.strip(),
        study=study,
        scopes=[str(scope) for scope in chosen],
        prefix=secret[: len(START) + 6],
        digest=digest_of(secret),
        expires_at=now + lifetime,
    )
    token.clean_fields(exclude=["last_used_at", "last_used_from", "revoked_at"])
    token.save(force_insert=True)
    record(owner, "token.create", token, name=token.name, prefix=token.prefix, scopes=token.scopes,
           expires_at=token.expires_at)  # fmt: skip
    return token, secret


@transaction.atomic
def revoke(actor: User, token: Token) -> bool:
    """End a token now; returns whether it was still valid."""
    ended = Token.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now())
    if ended:
        record(actor, "token.revoke", token, name=token.name, prefix=token.prefix)
    return bool(ended)


def authenticate(request: HttpRequest) -> Token:
    """The token of a request, with its owner; a session cookie counts for nothing here.

    Raises
    ------
    Problem
        401: there is none, or it is not valid (any more).
    """
    scheme, _, secret = request.headers.get("Authorization", "").strip().partition(" ")
    if scheme.lower() != "bearer" or not secret.startswith(START):
        raise Problem(401, WRONG)
    token = Token.objects.select_related("owner", "study").filter(digest=digest_of(secret.strip())).first()
    if token is None or not token.is_valid or not token.owner.is_active:
        raise Problem(401, WRONG)
    # As the log keeps addresses: of a shortened one the network's own address.
    _note_use(token, origin.of_request(request).address.partition("/")[0] or None)
    return token


def _note_use(token: Token, address: str | None) -> None:
    """Remember when and from where a token was used last; written once a minute."""
    now = timezone.now()
    stale = Q(last_used_at=None) | Q(last_used_at__lt=now - SEEN_AGAIN_AFTER) | ~Q(last_used_from=address)
    if token.last_used_at and token.last_used_at > now - SEEN_AGAIN_AFTER and token.last_used_from == address:
        return
    Token.objects.filter(stale, pk=token.pk).update(last_used_at=now, last_used_from=address)


def acting_with(token: Token) -> AbstractContextManager[None]:
    """Whatever is logged inside is logged with the token's name."""
    return origin.through(f"API token {token.name} ({token.prefix}…)")


def ours(owner: User) -> list[Token]:
    """A person's tokens: those that work first, then the others, the newest of each first."""
    return sorted(Token.objects.filter(owner=owner).select_related("study"), key=lambda one: not one.is_valid)
