"""Question 5: whether what the product says can be traced and checked, answered by checking it."""

from __future__ import annotations

import os
import platform
from collections import Counter
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives import hashes
from django.conf import settings
from django.db import connection
from django.db.models import Count, Q, Value
from django.urls import reverse
from django.utils import timezone

import facsweb
from analysis.models import registry
from facsweb.about import checks, files
from facsweb.about.values import Action, Answer, Column, Table, Tone, counted, words
from facsweb.api.models import Token, Webhook
from facsweb.audit import anchors
from facsweb.coding.models import Layer, Revision
from facsweb.learning import lapses
from facsweb.learning.models import Training
from facsweb.privacy.models import Erasure
from facsweb.reports import authority
from facsweb.reports.models import Report
from facsweb.runs.models import AnalysisRun
from facsweb.storage import shelf
from facsweb.studies import access
from facsweb.studies.models import Consent, Participant, Scope
from facsweb.studies.services import missing_scopes

QUESTION: Final = "Can it be audited?"
FACTS: Final = (Column("what", "What"), Column("found", "Found"), Column("how", "How that is known"))
#: Packages whose versions change what is measured.
LIBRARIES: Final = (
    "django",
    "numpy",
    "scipy",
    "onnxruntime",
    "av",
    "opencv-python-headless",
    "pyarrow",
    "pyhanko",
)
Row = dict[str, Any]


def answer(user: Any, *, again: bool = False) -> Answer:
    """The answer; ``again`` computes the checks anew."""
    chain, reports = checks.chain(again=again), checks.reports(again=again)
    machine, numbers = _by_whom(), _numbers()
    faults = _faults(chain.result, reports.result, machine)
    notes = tuple(f"The log: {fault}" for fault in chain.result.faults)
    tone: Tone = "bad" if faults else "good"
    checked = (_log(chain), *_anchors(), *_signed(reports), *_machine(machine), *_certificate())
    tables = (
        Table("checks", "Checked", FACTS, checked),
        Table("withdrawals", "Withdrawn consents, and what came of them", FACTS, tuple(_withdrawals(numbers))),
        Table("software", "Software and models", FACTS, tuple(_software())),
        Table("places", "Where the data are", FACTS, tuple(_places(numbers))),
    )
    return Answer("audit", QUESTION, _short(chain, reports, machine, faults), tables, notes, _links(user), tone)


def _faults(chain: checks.Chain, reports: checks.Reports, machine: Mapping[str, int]) -> list[str]:
    found = []
    if chain.count:
        found.append(f"the log was tampered with ({counted(chain.count, 'fault')})")
    if changed := reports.sign_offs - reports.whole_sign_offs:
        found.append(f"{changed} of {reports.sign_offs} signed contents differ from what was signed")
    if changed := reports.documents - reports.whole_documents:
        found.append(f"{changed} of {reports.documents} documents are gone or differ from what was issued")
    if by_people := machine["changed"]:
        found.append(f"{counted(by_people, 'event')} of machine layers carry a change by a person")
    return found


def _short(chain: checks.Checked, reports: checks.Checked, machine: Mapping[str, int], faults: list[str]) -> str:
    if faults:
        return f"Not without reservation: {'; '.join(faults)}."
    signed = reports.result
    if signed.documents:
        documents = f"{signed.whole_documents} of {signed.documents} signed reports are byte for byte as issued"
    elif signed.sign_offs:
        documents = f"{signed.whole_sign_offs} of {signed.sign_offs} signed contents are unchanged"
    else:
        documents = "no report is signed yet"
    return (
        f"Yes: the log’s {counted(chain.result.entries, 'entry', 'entries')} form an unbroken chain of hashes, "
        f"{counted(machine['layers'], 'machine layer')} stand as the machine wrote them, and {documents}."
    )


def _log(chain: checks.Checked) -> Row:
    found: checks.Chain = chain.result
    if found.count:
        said = f"Tampered with: {counted(found.count, 'fault')} among {counted(found.entries, 'entry', 'entries')}"
    else:
        said = f"Whole: {counted(found.entries, 'entry', 'entries')}"
    how = (
        f"Every entry’s hash was computed again, up to entry {found.last}, on {words(chain.at, 'moment')}. The "
        "database itself refuses to change or delete an entry."
    )
    return {"what": "Log", "found": said, "how": how}


def _anchors() -> list[Row]:
    """What the log was on each day, signed; whether they fit is looked at with the log itself."""
    newest = anchors.newest()
    if newest is None:
        return [{"what": "Daily anchors of the log", "found": None, "how": "The first is signed within a day."}]
    how = (
        "Each says, signed with this installation’s key, which hash the last entry had on a day. They lie in a "
        "folder beside the database, too, so that a log which was written again or cut off contradicts them."
    )
    found = f"{newest.number:,}; the last of {newest.day:%Y-%m-%d}, at entry {newest.entry:,}"
    return [{"what": "Daily anchors of the log", "found": found, "how": how}]


def _signed(reports: checks.Checked) -> list[Row]:
    found: checks.Reports = reports.result
    when = words(reports.at, "moment")
    waiting = f"; {found.waiting} not made yet" if found.waiting else ""
    revoked = f"; {found.revoked} revoked" if found.revoked else ""
    return [
        {
            "what": "Signed contents",
            "found": f"{found.whole_sign_offs} of {found.sign_offs} unchanged",
            "how": f"The SHA-256 of each frozen content was compared with the one that was signed, on {when}.",
        },
        {
            "what": "Signed reports (PDF)",
            "found": f"{found.whole_documents} of {found.documents} unchanged{revoked}{waiting}",
            "how": f"The SHA-256 of each file was compared with the one noted when it was sealed, on {when}. "
            "Anybody can check a file under Verify, and without this installation with its root certificate.",
        },
    ]


def _by_whom() -> dict[str, int]:
    """Machine layers, revisions by people, and events in machine layers that a person changed."""
    machines = Q(event__layer__kind=Layer.Kind.MACHINE)
    counts = Revision.objects.filter(author__isnull=False).aggregate(
        people=Count("pk"), changed=Count("event", distinct=True, filter=machines)
    )
    return {**counts, "layers": Layer.objects.filter(kind=Layer.Kind.MACHINE).count()}


def _machine(machine: Mapping[str, int]) -> list[Row]:
    runs = AnalysisRun.objects.filter(state=AnalysisRun.State.SUCCEEDED).count()
    return [
        {
            "what": "Machine layers",
            "found": f"{machine['layers']:,}; events in them changed by a person: {machine['changed']:,}",
            "how": "Corrections are revisions in a person’s own layer; counted now.",
        },
        {
            "what": "Revisions by people",
            "found": f"{machine['people']:,}",
            "how": "Each keeps its author, its time and what stood there before; none is deleted.",
        },
        {
            "what": "Finished analyses",
            "found": f"{runs:,}",
            "how": "Each names its scorer, its models with version and hash, and every result file’s SHA-256.",
        },
    ]


def _certificate() -> list[Row]:
    """The certificate that seals reports. Read from its file: no key is made or opened for this page."""
    how = (
        "RFC 3161 time stamps are on." if os.environ.get("FACSWEB_TSA_URL") else "No time-stamping service is set."
    )
    if os.environ.get("FACSWEB_SIGNING_P12"):
        used = Report.objects.exclude(certificate_sha256="").order_by("-finished_at")
        last = used.values_list("certificate_sha256", flat=True).first()
        found = f"The operator’s own; last sealed with {last}" if last else "The operator’s own; not used yet"
        return [{"what": "Signing certificate", "found": found, "how": how}]
    certificate = authority.newest_certificate()
    if certificate is None:
        return [
            {"what": "Signing certificate", "found": None, "how": "It is made when the first report is sealed."}
        ]
    until = words(certificate.not_valid_after_utc, "day")
    return [
        {
            "what": "Signing certificate",
            "found": certificate.fingerprint(hashes.SHA256()).hex(),
            "how": f"SHA-256 of this installation’s own certificate, valid until {until}. {how}",
        }
    ]


def _withdrawals(numbers: Counter[str]) -> list[Row]:
    taken_back = Q(withdrawn_at__isnull=False) | Q(withdrawals__isnull=False)
    people = Consent.objects.filter(taken_back).values("participant")
    destroyed = {state: numbers[state] for state in Erasure.State.values}
    withdrawn = list(
        Participant.objects.filter(pk__in=people).select_related("study").prefetch_related("consents")
    )
    gone = {one.pk for one in withdrawn if missing_scopes(one, [Scope.VIDEO])}
    running = AnalysisRun.objects.filter(
        state__in=AnalysisRun.ACTIVE, recording__participant__in=gone, cancel_requested_at=None
    ).count()
    lapsed = checks.of_consents("lapsed scorers", _lapsed_scorers)
    return [
        {
            "what": "Participants who withdrew",
            "found": f"{len(withdrawn):,}",
            "how": f"Whole or in part. Of them {len(gone):,} agree to no recording of their face now; their "
            "recordings are neither analysed nor compared nor learned from any more.",
        },
        {
            "what": "Analyses of theirs still running",
            "found": f"{running:,}",
            "how": "A withdrawal stops them within seconds; counted now.",
        },
        {
            "what": "Destructions",
            "found": f"{destroyed[Erasure.State.SUCCEEDED]:,} of {sum(destroyed.values()):,} done and checked",
            "how": "After withdrawals, on request and when a study’s time is over. Each keeps the hashes of what "
            "went, and a certificate.",
        },
        {
            "what": "Scorers that had learned from them",
            "found": f"{len(lapsed):,}",
            "how": "They are marked, and cannot be the default."
            if lapsed
            else "A withdrawal marks them, and takes them out of use as the default.",
        },
    ]


def _lapsed_scorers() -> list[str]:
    trainings = Training.objects.filter(state=Training.State.SUCCEEDED)
    return [one.scorer for one in trainings if lapses.of_training(one)]


@cache
def _version(name: str) -> str:
    """Of an installed package; it cannot change while the program runs."""
    return version(name)


def _software() -> list[Row]:
    lock = Path(settings.BASE_DIR) / "requirements.lock"
    used: Counter[str] = Counter()
    for said in AnalysisRun.objects.filter(state=AnalysisRun.State.SUCCEEDED).values_list(
        "summary__scorer", flat=True
    ):
        used[f"{said.get('id')} {said.get('version')}" if isinstance(said, dict) else "not named"] += 1
    rows: list[Row] = [
        {"what": "facsweb", "found": facsweb.__version__, "how": f"Python {platform.python_version()}."},
        {
            "what": "Lock of all packages",
            "found": files.sha256(lock) or None,
            "how": "SHA-256 of requirements.lock, which names every package with version and hash.",
        },
        {
            "what": "Face models",
            "found": f"{len(registry.MODELS)}, from {registry.WHEEL_REQUIREMENT}",
            "how": f"Taken from one wheel by its hash, {registry.WHEEL_SHA256}.",
        },
        {
            "what": "Libraries that measure",
            "found": ", ".join(f"{name} {_version(name)}" for name in LIBRARIES),
            "how": "As installed.",
        },
    ]
    if used:
        said = "; ".join(f"{name}: {number:,}" for name, number in used.most_common())
        rows.append({"what": "Scorers of finished analyses", "found": said, "how": "Counted in their summaries."})
    return rows


BUCKET: Final = "a bucket of the operator’s object storage, with working copies on the servers"


def _places(numbers: Counter[str]) -> list[Row]:
    base = Path(settings.DATA_DIR)

    def below(path: Any) -> str:
        place = Path(path)
        inside = place == base or base in place.parents
        if not inside:
            return "a folder that the operator chose"
        return "the data folder" if place == base else f"{place.relative_to(base)}/ in the data folder"

    name = settings.DATABASES["default"]["NAME"]
    here = below(Path(str(name)).parent) if connection.vendor == "sqlite" else "on the operator’s database server"
    return [
        {"what": "Database", "found": f"{connection.display_name}, {here}", "how": "Everything but files."},
        {
            "what": "Recordings, results, reports",
            "found": BUCKET if shelf.is_shared() else below(settings.MEDIA_ROOT),
            "how": "Never mapped to an address: every file leaves through a page that checks who asks.",
        },
        {"what": "Unfinished uploads", "found": below(settings.UPLOAD_DIR), "how": "Until they are whole."},
        {"what": "Signing key", "found": below(settings.KEYS_DIR), "how": "Readable by the server alone."},
        {"what": "Scorers learned here", "found": below(settings.SCORERS_DIR), "how": "Never sent anywhere."},
        {
            "what": "What leaves the installation",
            "found": "; ".join(_leaves(numbers["webhook"])) or "nothing",
            "how": "Pages load nothing from elsewhere, and no recording or figure is sent by itself; read from "
            f"the settings and the database on {words(timezone.now(), 'day')}.",
        },
        {
            "what": "Programs with a token",
            "found": counted(numbers["token"], "token") if numbers["token"] else "none",
            "how": "Each acts for its owner, for chosen purposes and days; what it reads and does stands in the "
            "log under both names.",
        },
        {
            "what": "What can be taken along",
            "found": "the log; signed reports; a study’s bundle; a copy of everything about a participant",
            "how": "As files with checksums, by whoever may open them; each taking stands in the log.",
        },
    ]


def _leaves(webhooks: int) -> list[str]:
    """What the settings let out of the installation."""
    found = []
    if os.environ.get("FACSWEB_TSA_URL"):
        found.append("the hash of a report, to the time-stamping service")
    if settings.EMAIL_BACKEND.endswith((".smtp.EmailBackend", ".filebased.EmailBackend")):
        found.append("mail about accounts and about data that go soon, to people with an account")
        if settings.ANCHOR_MAIL:
            found.append("each day’s anchor of the log, to addresses that the operator chose")
    if settings.OIDC_ISSUER:
        found.append("signing in, to the identity provider")
    if webhooks:
        found.append(f"ids of what happened, to {counted(webhooks, 'webhook')}")
    return found


def _numbers() -> Counter[str]:
    """Active webhooks, tokens that work, and destructions by state, counted in one query."""
    tokens = Token.objects.filter(revoked_at=None, expires_at__gt=timezone.now()).order_by()
    webhooks = Webhook.objects.filter(state=Webhook.State.ACTIVE).order_by()
    rows = Erasure.objects.order_by().values_list("state")
    others = (tokens.values_list(Value("token")), webhooks.values_list(Value("webhook")))
    return Counter(kind for (kind,) in rows.union(*others, all=True))


def _links(user: Any) -> tuple[Action, ...]:
    """The logs that the reader may open: those of the studies that they run."""
    logs = [Action(f"Log of {study}", reverse("audit:log", args=[study.pk])) for study in _run_by(user)]
    return (Action("Verify a report", reverse("verify")), *logs)


def _run_by(user: Any) -> Any:
    return access.studies(user, "audit:log").order_by("name")
