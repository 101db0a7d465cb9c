"""Every address × every role, a neighbour, a stranger and nobody, with GET and POST, against the table in code.

The addresses come from the resolver, so a new page is tested without being named here, and fails until
``studies/access.py`` says who may open it.
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
from django.core.files.base import ContentFile
from django.db import transaction
from django.urls import URLPattern, URLResolver, get_resolver, resolve, reverse

from facsweb.reports import authority
from facsweb.studies import access
from facsweb.studies.models import Membership, Role, Study
from tests.access_examples import EXAMPLES, Example
from tests.accounts.world import AccountObjects
from tests.api.world import ApiObjects
from tests.conftest import PASSWORD
from tests.consent_world import OfConsent
from tests.factories import CLIP, MEDIA, make_finished_run, make_package, make_recording
from tests.people import write_measurement
from tests.privacy.world import PrivacyObjects


def addresses(resolver: Any = None, route: str = "", space: str = "") -> Iterator[tuple[str, str]]:
    """Name and route of every address but those of signing in (``tests/accounts/test_reachable.py``)."""
    for entry in (resolver or get_resolver()).url_patterns:
        here = route + str(entry.pattern)
        if isinstance(entry, URLResolver):
            namespace = f"{space}{entry.namespace}:" if entry.namespace else space
            yield from addresses(entry, here, namespace)
        elif isinstance(entry, URLPattern) and not re.match(r"(account|mfa)_", entry.name or ""):
            yield f"{space}{entry.name or ''}", here


ADDRESSES = dict(addresses())
#: The API takes tokens and no session: `tests/api/test_matrix.py` walks it.
ROUTES = {name: route for name, route in ADDRESSES.items() if not name.startswith("api:")}
EVERYBODY = [*(str(role) for role in Role), "neighbour", "stranger", "staff"]


#: Page, person and method of every request of the walk, and how often each status was answered.
ASKED: set[tuple[str, str, str]] = set()
ANSWERS: Counter[int] = Counter()

#: A page whose POST is stricter than looking at it → the page whose roles may post.
STRICTER = {"recordings:detail": "recordings:change", "privacy:retention": "privacy:erase"}


class World(OfConsent, AccountObjects, ApiObjects, PrivacyObjects):
    """Objects of one study, made when a page asks for them, by the word before ``<uuid:pk>`` in its address."""

    def __init__(self, people: dict[str, Any], participant: Any, consent: Any) -> None:
        self.people, self.participant, self.consent = people, participant, consent

    def object(self, word: str) -> Any:
        return getattr(self, word.replace("-", "_"))()

    def studies(self) -> Any:
        from facsweb.meaning.models import OwnCombination

        fields = {"id": "own-x", "name": "X", "formula": "12+24", "citation": "ours, 2026", "grade": "ours"}
        definition = {**fields, "kind": "smile", "group": "own"}
        study, author = self.participant.study, self.people["analyst"]
        known = {"definition": definition, "author": author}
        OwnCombination.objects.get_or_create(study=study, key="own-x", number=1, defaults=known)
        return study

    def participants(self) -> Any:
        return self.participant

    def consents(self) -> Any:
        return self.consent

    def consent_forms(self) -> Any:
        return self.consent.form

    def recordings(self) -> Any:
        return make_recording(self.participant, self.people["analyst"])

    def uploads(self) -> Any:
        from facsweb.recordings.uploads import begin_upload

        return begin_upload(
            self.people["analyst"], self.participant, filename="a.mp4", length=9, expected_sha256=""
        )

    def live(self) -> Any:
        from facsweb.live.services import begin
        from facsweb.recordings.uploads import receive

        session = begin(self.people["analyst"], self.participant, sound=False, kind="video/webm")
        with (MEDIA / f"{CLIP}.mp4").open("rb") as film:  # so that it can be ended
            receive(session.upload, 0, film)
        return session

    def transcripts(self) -> Any:
        from facsweb.transcripts.services import begin, save

        transcript = begin(self.people["coder"], self.participant, self.recordings(), title="Interview 1")
        rows = [[0, 1_500_000, "Anna", "Good morning."], [2_000_000, None, "Ben", "It went very well, thank you!"]]
        save(self.people["coder"], transcript, rows, expected=1)
        return transcript

    def text_uploads(self) -> Any:
        from facsweb.transcripts.services import receive

        said = b"Anna: Hello.\nBen: Hi.\n"
        return receive(self.people["coder"], self.participant, None, name="a.txt", data=said)

    def runs(self) -> Any:
        from facsweb.runs.services import result_dir, still_path

        run = make_finished_run(self.recordings(), self.people["analyst"])
        write_measurement(result_dir(run))
        type(run).objects.filter(pk=run.pk).update(stills=1)
        # A recording with sound whose outline a worker has read; without sound there is none to be asked for.
        type(run.recording).objects.filter(pk=run.recording_id).update(has_audio=True)
        (result_dir(run) / "screen").mkdir(exist_ok=True)
        np.save(result_dir(run) / "screen" / "waveform.npy", np.zeros((2, 1000), np.int8))
        still = Path(still_path(run))
        still.parent.mkdir(parents=True, exist_ok=True)
        still.write_bytes(b"\xff\xd8\xff\xd9")
        return run

    def layers(self) -> Any:
        from facsweb.coding.services import open_layer

        return open_layer(self.people["coder"], self.runs())

    def comments(self) -> Any:
        from facsweb.coding.comments import add

        return add(self.people["coder"], self.runs(), "Is this a 12 or a 13?")

    def events(self) -> Any:
        return self.layers().events.first()

    def segments(self) -> Any:
        from facsweb.coding.models import Layer
        from facsweb.practice.services import add_segment

        layer = self.layers()
        Layer.objects.filter(pk=layer.pk).update(state="signed", owner=self.people["analyst"])
        layer.refresh_from_db()
        return add_segment(self.people["analyst"], layer, name="Smile", from_us=0, to_us=5_000_000)

    def attempts(self) -> Any:
        from facsweb.practice.services import start

        return start(self.people["coder"], self.segments())

    def assignments(self) -> Any:
        from tests.factories import make_assignment

        return make_assignment(self.runs(), self.people["coder"], self.people["analyst"])

    def batches(self) -> Any:
        return self.assignments().batch

    def imports(self) -> Any:
        from facsweb.exchange.services import receive

        return receive(self.people["coder"], self.runs(), "a.csv", b"code,onset_s,offset_s\n12,1,2\nwave,1,2\n")

    def agreement(self) -> Any:
        return self.layers()

    def other(self, layer: Any) -> Any:
        """The second coding of an address that names two: the machine's."""
        return layer.run.layers.get(kind="machine")

    def adjudications(self) -> Any:
        from facsweb.agreement.beginning import start
        from tests.agreement.made import make_codings

        codings = make_codings(self.runs(), self.people["analyst"], self.people["administrator"])
        return start(self.people["coder"], *codings, adjudicator=self.people["coder"])

    def trainings(self) -> Any:
        from facsweb.learning.models import Training

        return Training.objects.create(number=1, base="au-nets/1.0.0", created_by=self.people["staff"])

    def cohorts(self) -> Any:
        from tests.calibration.conftest import starter

        return starter("de-tr")

    def calibrations(self) -> Any:
        from facsweb.calibration.models import Version
        from tests.calibration.conftest import finished

        return Version.objects.filter(number=1).first() or finished(self.people["staff"])

    def reports(self) -> Any:
        from facsweb.coding.services import accept_event
        from facsweb.reports import services

        layer = self.layers()
        for event in layer.events.all():
            accept_event(self.people["coder"], event, expected=1)
        layer.refresh_from_db()
        sign_off = services.sign(self.people["coder"], layer, password=PASSWORD, statement=services.STATEMENT)
        report = sign_off.report
        report.pdf.save("report.pdf", ContentFile(b"%PDF-1.7"), save=False)
        report.state = "ready"
        report.save()
        report.documents.create(kind="summary", language="en", state="ready", pdf=report.pdf.name)
        return report

    def packages(self) -> Any:
        return make_package(self.reports(), self.people["analyst"])


@pytest.fixture
def world(people, participant, consent) -> World:
    """The study, and a neighbour: somebody with every role in another study."""
    from facsweb.accounts.models import User

    neighbour = User.objects.create_user("neighbour@example.org", "Neighbour", PASSWORD)
    people["neighbour"] = neighbour
    other = Study.objects.create(
        name="Other", purpose="Other.", setting="research", jurisdiction="Japan", created_by=neighbour
    )
    Membership.objects.bulk_create(Membership(study=other, user=neighbour, role=role) for role in Role)
    return World(people, participant, consent)


@pytest.fixture
def ask(client_as, client, world) -> Callable[..., Any]:
    """Ask for a page as somebody; whatever it changed is undone, so that the next person finds the same."""
    clients: dict[str, Any] = {who: client_as(who) for who in EVERYBODY} | {"nobody": client}

    def asked(who: str, method: str, url: str, example: Example) -> int:
        body = (
            {"content_type": "application/json", "data": example.json} if example.json else {"data": example.data}
        )
        arguments = body if method == "post" else {}
        with transaction.atomic():
            response = getattr(clients[who], method)(url, **arguments)
            if response.streaming:
                b"".join(response.streaming_content)  # the test client closes the file after the last byte
            transaction.set_rollback(True)
        ASKED.add((resolve(urlsplit(url).path).view_name, who, method))
        ANSWERS[response.status_code] += 1
        return response.status_code

    return asked


@pytest.fixture(scope="module", autouse=True)
def figures() -> Iterator[None]:
    """What was asked and answered, for ``docs/security.md``; ``-s`` shows it."""
    yield
    print(
        f"\n{len({page for page, _, _ in ASKED})} addresses, {len(ASKED)} of address × person × method;", end=" "
    )
    print(f"answers: {dict(sorted(ANSWERS.items()))}")


def word_of(page: str) -> str:
    """What the page is about, by the word in its address; empty where it has no object."""
    found = re.search(r"([\w-]+)/<uuid:pk>", ROUTES[page])
    return found[1] if found else ""


def url_of(page: str, world: World) -> tuple[str, Example]:
    example = EXAMPLES.get(page, Example())
    kwargs: dict[str, Any] = dict(example.kwargs)
    if word := word_of(page):
        found = world.object("people_account" if word == "people" else word)
        kwargs["pk"] = found.pk
        if "<uuid:other>" in ROUTES[page]:
            kwargs["other"] = world.other(found).pk
    if "<slug:secret>" in ROUTES[page]:
        kwargs["secret"] = world.secret()
    if page == "verify_file":  # there is a root to be downloaded once something was signed
        authority.root()
    if page == "studies:member_remove":
        example = Example(data={**example.data, "user": str(world.people["manager"].pk)})
    return reverse(page, kwargs=kwargs) + example.query, example


def is_turned_to_login(status: int) -> bool:
    return status in (302, 401, 403)


def test_every_address_is_in_the_table_and_every_entry_has_an_address():
    assert all(not name.endswith(":") and name for name in ROUTES), "an address without a name"
    listed = [access.PUBLIC, access.BY_LINK, access.SIGNED_IN, access.STAFF, frozenset(access.PAGES)]
    table = frozenset.union(*listed)
    assert sum(map(len, listed)) == len(table), "a page stands in two lists"
    assert set(ROUTES) - table == set(), "addresses that studies/access.py does not name"
    assert table - set(ROUTES) == set(), "pages that studies/access.py names and that have no address"
    assert set(EXAMPLES) <= set(ROUTES)
    assert set(ADDRESSES) - set(ROUTES) == set(access.API) | access.API_PUBLIC
    assert set(access.API.values()) <= table, "an operation of the API that goes by a page that is not there"


def test_every_page_of_a_study_reaches_its_object_through_one_key():
    for page in access.PAGES:
        assert "<uuid:pk>" in ROUTES[page], f"{page} has no object to check"


def is_right(who: str, status: int, allowed: set[str], members: set[str]) -> bool:
    if who in allowed:
        # 4xx: what was sent is not enough. But never "you may not" and never "there is no such thing".
        return status < 500 and status not in (401, 403, 404)
    return status == 405 or status == (403 if who in members else 404)


@pytest.mark.parametrize("word", sorted({word_of(page) for page in access.PAGES}))
def test_pages_of_a_study(word, world, ask, monkeypatch):
    """All pages about one object, which is made once: whatever a request changes is taken back."""
    monkeypatch.setattr(world, "object", functools.cache(world.object))
    faults = []
    for page in sorted(page for page in access.PAGES if word_of(page) == word):
        faults += [f"{page}: {fault}" for fault in faults_of(page, world, ask)]
    assert faults == []


def faults_of(page: str, world: World, ask: Callable[..., int]) -> Iterator[str]:
    """What one page answers otherwise than the table says."""
    url, example = url_of(page, world)
    members = {str(role) for role in Role}
    answered = []
    for method in ("get", "post"):
        table = STRICTER.get(page, page) if method == "post" else page
        allowed = {str(role) for role in access.PAGES[table]}
        answers = {who: ask(who, method, url, example) for who in EVERYBODY}
        if wrong := {who: code for who, code in answers.items() if not is_right(who, code, allowed, members)}:
            yield f"{method} {wrong}"
        if not is_turned_to_login(ask("nobody", method, url, example)):
            yield f"{method} opened to nobody"
        if any(answers[who] != 405 for who in allowed):
            answered.append((method, [answers[who] for who in allowed]))
    if not answered:
        yield "answers neither GET nor POST"
    # The first method works for everybody who may use it; an upload needs more headers (tests/recordings).
    elif page != "recordings:tus_create" and any(status >= 400 for status in answered[0][1]):
        yield f"does not work: {answered}"
    for method in ("head", "put", "patch", "delete", "options"):
        if (status := ask("neighbour", method, url, example)) not in (404, 405):
            yield f"{method} {status} for a neighbour"


@contextmanager
def asked_for(page: str, world: World) -> Iterator[tuple[str, Example]]:
    """Address and example of a page, with objects that are made for it and taken back after it."""
    with transaction.atomic():
        yield url_of(page, world)
        transaction.set_rollback(True)


def test_pages_for_everybody_who_is_signed_in(world, ask):
    for page in sorted(access.SIGNED_IN):
        with asked_for(page, world) as (url, example):
            answers = {who: ask(who, "get", url, example) for who in EVERYBODY}
            assert answers == dict.fromkeys(EVERYBODY, 200), page
            assert is_turned_to_login(ask("nobody", "get", url, example)), page


def test_pages_for_staff(world, ask):
    for page in sorted(access.STAFF):
        with asked_for(page, world) as (url, example):
            at_all = {}
            for method in ("get", "post"):
                answers = {who: ask(who, method, url, example) for who in EVERYBODY}
                staff = at_all[method] = answers.pop("staff")
                assert staff < 500, page
                assert staff not in (401, 403, 404), page
                assert set(answers.values()) <= ({403} if staff != 405 else {403, 405}), (page, answers)
                assert is_turned_to_login(ask("nobody", method, url, example)) or staff == 405, page
            # What only changes something answers no GET, and turns to a page afterwards.
            assert at_all["get"] == 200 or at_all == {"get": 405, "post": 302}, (page, at_all)


def test_public_pages(world, ask):
    for page in sorted(access.PUBLIC):
        # Without a configured OpenID Connect provider there is none to go to.
        expected = {404} if page.startswith("accounts:provider") else {200, 301}
        # Whether everything is there that it needs is not the matter here; figures are for whoever has the token.
        expected = {"ready": {200, 503}, "metrics": {404}}.get(page, expected)
        with asked_for(page, world) as (url, example):
            for who in ("nobody", *EVERYBODY):
                assert ask(who, "get", url, example) in expected, (page, who)
