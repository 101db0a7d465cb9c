"""The demonstration study: one login per role and a second coder, one participant who consented.

Passwords are random, made once per installation and kept in a private file, so that a second start can print
them again.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction

from facsweb import installation
from facsweb.accounts.models import User
from facsweb.accounts.services import create_user, generate_password
from facsweb.studies import services as studies
from facsweb.studies.models import Consent, Participant, Role, Scope, Study

STUDY_NAME = "Demonstration: a smile that reaches the eyes"
PARTICIPANT_CODE = "P-001"
PEOPLE = {
    Role.ADMINISTRATOR: ("admin@demo.example", "Ada Administrator"),
    Role.ANALYST: ("analyst@demo.example", "Ana Lyst"),
    Role.CODER: ("coder@demo.example", "Cora Coder"),
    Role.MANAGER: ("manager@demo.example", "Max Manager"),
}
#: Two people have to code the same before one can say how far they agree.
SECOND_CODER = ("coder2@demo.example", "Cosmo Coder")
ACCOUNTS = (*((role, *person) for role, person in PEOPLE.items()), (Role.CODER, *SECOND_CODER))


@dataclass(frozen=True)
class Login:
    """One account of the demonstration."""

    role: str
    email: str
    password: str


@dataclass(frozen=True)
class Demonstration:
    """What was seeded."""

    logins: tuple[Login, ...]
    study_id: str
    participant_id: str

    def login(self, role: Role) -> Login:
        """The role's login; of the two coders the first."""
        return next(login for login in self.logins if login.role == role)


def _file() -> Path:
    return Path(settings.DATA_DIR) / "demonstration.json"


def seed() -> Demonstration:
    """Return this installation's demonstration, made on first use."""
    known = None
    try:
        stored = json.loads(_file().read_text())
        known = Demonstration(
            tuple(Login(**login) for login in stored["logins"]), stored["study_id"], stored["participant_id"]
        )
        there = {email for _, email, _ in ACCOUNTS} <= {login.email for login in known.logins}
        if there and Participant.objects.filter(pk=known.participant_id, study=known.study_id).exists():
            return known
    except (FileNotFoundError, ValueError, KeyError, TypeError, ValidationError):
        pass  # first start, or the file was damaged: passwords are set anew below
    with transaction.atomic():
        made = _make({login.email: login.password for login in known.logins} if known else {})
    _keep(made)
    return made


def _make(known: dict[str, str]) -> Demonstration:
    """Make what is missing; a password that is `known` stays."""
    users, logins = {}, []
    for role, email, name in ACCOUNTS:
        password = known.get(email) or generate_password()
        user = User.objects.filter(email=email).first()
        if user is None:
            user = create_user(
                None, email=email, name=name, password=password, is_staff=role == Role.ADMINISTRATOR
            )
        else:
            user.set_password(password)
            user.save(update_fields=["password"])
        users[email] = user
        logins.append(Login(str(role), email, password))
    administrator, analyst = users[PEOPLE[Role.ADMINISTRATOR][0]], users[PEOPLE[Role.ANALYST][0]]
    study = Study.objects.filter(name=STUDY_NAME, created_by=administrator).first() or studies.create_study(
        administrator,
        name=STUDY_NAME,
        purpose="To show how facial movements are coded, on a rendered performer who is nobody's likeness.",
        setting="research",
        jurisdiction="Germany",
    )
    for role, email, _ in ACCOUNTS:
        studies.add_member(administrator, study, users[email], role)
    participant = performer(analyst, study, PARTICIPANT_CODE)
    return Demonstration(tuple(logins), str(study.pk), str(participant.pk))


def performer(analyst: User, study: Study, code: str) -> Participant:
    """A participant by this code who agreed to everything, made where there is none."""
    found = Participant.objects.filter(study=study, code=code).first()
    if found is None:
        found = studies.create_participant(analyst, study, code=code)
        studies.record_consent(
            analyst,
            found,
            studies.current_form(study),
            scopes=list(Scope),
            method=Consent.Method.ON_SCREEN,
            signature="Rendered performer",
        )
    return found


def _keep(made: Demonstration) -> None:
    draft = _file().with_suffix(f".{os.getpid()}")
    installation.write_private(draft, json.dumps(asdict(made), indent=1).encode())
    draft.replace(_file())
