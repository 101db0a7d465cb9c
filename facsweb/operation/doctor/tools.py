"""What the work is done with: face models, scorers, processors, the signing key."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterator
from typing import Any, Final

from django.db import DatabaseError

from analysis.models import models_dir, present
from analysis.models import providers as processors
from analysis.scoring import choice
from analysis.types import AnalysisError
from facsweb.operation.doctor import Finding, fault, ok, warning

SOON: Final = dt.timedelta(days=90)
MODELS: Final = "python -m analysis models install (--from FILE_OR_FOLDER on an offline machine)"


def models() -> Iterator[Finding]:
    """The face models, with their hashes."""
    folder, found = models_dir(), present()
    lacking = [name for name, intact in found.items() if not intact]
    if lacking:
        yield fault("models", f"Missing or damaged in {folder}: {', '.join(lacking)}.", MODELS)
    else:
        yield ok("models", f"{len(found)} in {folder}, each with its registered hash.")


def scorers() -> Iterator[Finding]:
    """The scorer that analyses use."""
    try:
        name = _default()
        package = choice.chosen(name or None)
    except AnalysisError as error:
        yield fault(
            "scorers",
            f"New analyses have no scorer: {error}",
            "Restore FACSWEB_SCORERS from a backup, or choose another default on the page Scorers.",
        )
        return
    yield ok(
        "scorers",
        f"{name or (package.name if package and hasattr(package, 'name') else 'The newest that ships')}.",
    )


def _default() -> str:
    from facsweb.learning.models import Default
    from facsweb.operation.doctor.stored import _tables

    try:
        last = Default.objects.order_by("-pk").first() if _tables() else None
    except DatabaseError:
        return ""
    return last.scorer if last else ""


def providers() -> Iterator[Finding]:
    """What the nets run on."""
    import onnxruntime

    there = onnxruntime.get_available_providers()
    try:
        wanted = processors.wanted(there)
    except AnalysisError as error:
        yield fault("processors", str(error), "FACSWEB_PROVIDERS=auto")
        return
    asked = [one.strip() for one in os.environ.get(processors.SETTING, "").lower().split(",") if one.strip()]
    absent = [one for one in asked if one in processors.KNOWN and processors.KNOWN[one] not in there]
    if absent:
        yield warning(
            "processors",
            f"FACSWEB_PROVIDERS asks for {', '.join(absent)}, for which this onnxruntime was not built.",
            "Install the onnxruntime that is built for it, or FACSWEB_PROVIDERS=auto.",
        )
    else:
        yield ok("processors", ", ".join(one.removesuffix("ExecutionProvider") for one in wanted))


def signing() -> Iterator[Finding]:
    """The key that reports are sealed with, and how long its certificate is valid."""
    from facsweb.reports import authority
    from facsweb.reports import signing as sealing

    try:
        given = sealing.operators()
        if given is not None:
            until = given.certificate["tbs_certificate"]["validity"]["not_after"].native
        else:
            found: Any = authority.newest_certificate()
            if found is None:
                yield ok("signing key", "It is made with the first report.")
                return
            until = found.not_valid_after_utc
    except (sealing.SigningError, authority.AuthorityError, OSError, ValueError) as error:
        yield fault(
            "signing key",
            f"It cannot be used: {error}",
            "Restore keys/ from where you keep them (docs/reports.md).",
        )
        return
    now = dt.datetime.now(dt.UTC)
    remedy = (
        "Put a certificate that is valid into FACSWEB_SIGNING_P12."
        if given is not None
        else "python manage.py signing_key rotate"
    )
    if until < now:
        yield fault("signing key", f"Its certificate ended on {until:%Y-%m-%d}: nothing can be sealed.", remedy)
    elif until < now + SOON:
        yield warning("signing key", f"Its certificate ends on {until:%Y-%m-%d}.", remedy)
    else:
        yield ok("signing key", f"Valid until {until:%Y-%m-%d}.")


CHECKS: Final = (models, scorers, providers, signing)
