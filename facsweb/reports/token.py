"""A signing key on a PKCS#11 token (a smart card or a hardware security module); needs ``python-pkcs11``."""

from __future__ import annotations

import atexit
from collections.abc import Mapping
from functools import lru_cache

from pyhanko.sign.signers import Signer

from facsweb.reports.signing import SigningError


def signer(environ: Mapping[str, str], pin: str) -> Signer:
    """Return the token's key as a signer.

    Parameters
    ----------
    environ : mapping
        ``FACSWEB_PKCS11_MODULE`` (the vendor's library), ``FACSWEB_PKCS11_TOKEN`` (label of the token) and
        ``FACSWEB_PKCS11_LABEL`` (of key and certificate on it).
    pin : str
        The user's PIN; empty where the token asks by itself.

    Raises
    ------
    SigningError
        No such library, token or key, or the PIN is wrong.
    """
    wanted = [environ.get(f"FACSWEB_PKCS11_{name}", "") for name in ("MODULE", "TOKEN", "LABEL")]
    if not all(wanted):
        raise SigningError("A PKCS#11 token needs FACSWEB_PKCS11_MODULE, FACSWEB_PKCS11_TOKEN and _LABEL.")
    return _opened(*wanted, pin)


@lru_cache(maxsize=2)  # a session with the token is kept: opening one asks for the PIN
def _opened(module: str, token: str, label: str, pin: str) -> Signer:
    try:
        import pkcs11  # noqa: F401  (pyHanko imports it only where it is used)
        from pyhanko.sign.pkcs11 import PKCS11Signer, TokenCriteria, open_pkcs11_session
    except ImportError as error:
        raise SigningError("A PKCS#11 token needs the package python-pkcs11.") from error
    try:
        criteria = TokenCriteria(label=token)
        session = open_pkcs11_session(module, token_criteria=criteria, user_pin=pin or None)
        found = PKCS11Signer(session, cert_label=label, key_label=label)
        _ = found.signing_cert  # says at once when there is none
    except Exception as error:  # drivers raise what they like
        raise SigningError(
            f"The token “{token}” cannot be used: {type(error).__name__} {error}".strip()
        ) from error
    atexit.register(session.close)
    return found
