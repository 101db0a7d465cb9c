"""Who needs a second factor, and who has one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from allauth.mfa.models import Authenticator
from django.conf import settings

from facsweb.accounts.models import ProviderIdentity, User
from facsweb.studies.models import Membership, Role

#: Roles in any study that sign, decide over people and data, or read what was signed.
ROLES: Final = frozenset({Role.CODER, Role.MANAGER, Role.ADMINISTRATOR})
FACTORS: Final = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)

#: Names, in a session, the person whom the OpenID Connect provider asked for several factors.
VOUCHED: Final = "accounts.second_factor_at_provider"


def factors(user: User) -> int:
    """How many second factors a person has; recovery codes are none."""
    return Authenticator.objects.filter(user_id=user.pk, type__in=FACTORS).count()


def is_required(user: User) -> bool:
    """Whether a person's rights ask for a second factor on this installation."""
    if not settings.FACSWEB_REQUIRE_MFA:
        return False
    return user.is_staff or Membership.objects.filter(user=user, role__in=ROLES).exists()


def is_missing(user: User, session: Mapping[str, Any]) -> bool:
    """Whether a person has to set up a second factor before anything else."""
    if not settings.FACSWEB_REQUIRE_MFA or session.get(VOUCHED) == str(user.pk):
        return False
    return not factors(user) and is_required(user)


def is_missing_for_programs(user: User) -> bool:
    """Whether tokens of a person rest until they have set up a second factor.

    A token has no session in which a provider could have vouched, so it is enough that the person signs in there
    and the installation trusts its factors; the page that makes tokens has looked at the session.
    """
    if not settings.FACSWEB_REQUIRE_MFA or factors(user) or not is_required(user):
        return False
    return not (settings.OIDC_TRUST_MFA and ProviderIdentity.objects.filter(user_id=user.pk).exists())


def may_remove(authenticator: Authenticator) -> bool:
    """Whether a factor may go: the last one stays while the person's rights ask for one."""
    if authenticator.type not in FACTORS:
        return True
    return factors(authenticator.user) > 1 or not is_required(authenticator.user)
