"""The main job once through, as people do it: upload, analysis, correction, sign-off, verified PDF."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Final

from facsweb.demo.seed import Demonstration, Login
from facsweb.demo.visitor import StepFailed, Visitor
from facsweb.studies.models import Role

RECORDING = Path(__file__).parent / "demonstration.mp4"
#: Seconds that a worker may take for a step, on a slow machine that does other things too.
PATIENCE_S: Final = 300.0
Say = Callable[[str], None]


class _Fields(HTMLParser):
    """Hidden, text and textarea fields of the form that asks for a password."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[dict[str, str]] = []
        self._area = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append({})
        elif self.forms and tag == "input" and values.get("name"):
            boxes = values.get("type") in ("checkbox", "radio")
            if not boxes or "required" in values or "checked" in values:
                self.forms[-1][values["name"]] = values.get("value", "on" if boxes else "")
        elif self.forms and tag == "textarea":
            self._area = values.get("name", "")
            self.forms[-1][self._area] = ""

    def handle_data(self, data: str) -> None:
        if self._area:
            self.forms[-1][self._area] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._area = ""


def password_form(html: str) -> dict[str, str]:
    """Fields, with their values, of the page's form that has a password field."""
    parser = _Fields()
    parser.feed(html)
    for form in parser.forms:
        if "password" in form:
            return form
    raise StepFailed("The page has no form that asks for a password.")


class Walk:
    """Every step says what it did and how long it took; the first that fails raises StepFailed."""

    def __init__(self, url: str, demonstration: Demonstration, say: Say) -> None:
        self.url, self.demonstration, self.say = url, demonstration, say
        self.started = self.last = time.monotonic()

    def as_role(self, role: Role) -> Visitor:
        login: Login = self.demonstration.login(role)
        return Visitor(self.url, login.email, login.password)

    def done(self, text: str) -> None:
        now = time.monotonic()
        self.say(f"  {now - self.last:6.1f} s  {text}")
        self.last = now

    def analyse(self) -> str:
        """Upload the demonstration recording, have it analysed, return the run's id."""
        analyst = self.as_role(Role.ANALYST)
        self.done("the analyst signed in")
        recording = analyst.upload(self.demonstration.participant_id, RECORDING)
        seconds = recording["duration_us"] / 1e6
        self.done(f"uploaded {RECORDING.name}: {seconds:.1f} s, {recording['width']}×{recording['height']}")
        run_id = self.begin(analyst, recording["start_url"])
        self.follow(analyst, run_id)
        self.done("a worker analysed it; every step came over the WebSocket")
        return run_id

    def begin(self, analyst: Visitor, address: str) -> str:
        """Start the analysis of a recording; return the run's id."""
        page = analyst.post(address)
        found = re.search(r"/runs/([0-9a-f-]{36})/", page.url)
        if found is None:
            raise StepFailed(f"The analysis did not start; the site showed {page.url}.")
        return found[1]

    def follow(self, analyst: Visitor, run_id: str, patience_s: float = PATIENCE_S) -> None:
        """Return when a run has succeeded."""
        last: dict[str, Any] = {}
        for message in analyst.watch(run_id, patience_s=patience_s):
            last = message if message["type"] == "snapshot" else last
        if last.get("state") != "succeeded":
            raise StepFailed(f"The analysis ended as “{last.get('label')}”: {last.get('error')}")

    def correct(self, run_id: str) -> tuple[Visitor, str]:
        """Open the coder's layer, change one event; return the coder and the layer's id."""
        coder = self.as_role(Role.CODER)
        page = coder.post(f"runs/{run_id}/layers/")
        found = re.search(r"/layers/([0-9a-f-]{36})/sign/", page.text)
        if found is None:
            raise StepFailed("The review page offers no sign-off to the coder.")
        layer = found[1]
        events = coder.get(f"layers/{layer}/events/").json()["events"]
        graded = [event for event in events if event["intensity"] and not event["deleted"]]
        if not graded:
            raise StepFailed("The machine proposed no event that could be corrected.")
        event = max(graded, key=lambda one: (one["code"] == "12", one["offset_us"] - one["onset_us"]))
        letter = "B" if event["intensity"] != "B" else "C"
        names = ("code", "side", "onset_us", "apex_us", "offset_us", "face", "note")
        coder.post(
            f"layers/{layer}/changes/",
            json={
                "request_id": str(uuid.uuid4()),
                "changes": [
                    {
                        "action": "change",
                        "event_id": event["id"],
                        "expected": event["number"],
                        "content": {**{name: event[name] for name in names}, "intensity": letter},
                    }
                ],
            },
        )
        self.done(
            f"the coder corrected one of {len(events)} events: AU {event['code']}, {event['intensity']} → {letter}"
        )
        return coder, layer

    def sign(self, coder: Visitor, layer: str) -> str:
        """Sign the layer; return the report's id."""
        address = f"layers/{layer}/sign/"
        fields = password_form(coder.get(address).text)
        fields["password"] = self.demonstration.login(Role.CODER).password
        page = coder.post(address, data=fields)
        found = re.search(r"/reports/([0-9a-f-]{36})/", page.url)
        if found is None:
            raise StepFailed(f"The coding was not signed; the site showed {page.url}.")
        self.done("the coder signed off")
        return found[1]

    def download(self, coder: Visitor, report_id: str, patience_s: float = PATIENCE_S) -> bytes:
        """Wait until the report is made, then download its PDF as the manager."""
        deadline = time.monotonic() + patience_s
        state: dict[str, Any] = {}
        while state.get("state") != "ready":
            if state.get("state") == "failed" or time.monotonic() > deadline:
                raise StepFailed(f"The report was not made: {state}")
            time.sleep(0.2)
            state = coder.get(f"reports/{report_id}/state/").json()
        self.done("a worker typeset and sealed the report")
        manager = self.as_role(Role.MANAGER)
        pdf = manager.get(f"reports/{report_id}/pdf/").content
        self.done(f"the manager downloaded the PDF ({len(pdf) / 1024:.0f} KB)")
        return pdf

    def summary(self, coder: Visitor, report_id: str, patience_s: float = PATIENCE_S) -> None:
        """Have the summary made, too, and ask the verification page about it."""
        coder.post(f"reports/{report_id}/documents/", data={"document": "summary-en"})
        deadline = time.monotonic() + patience_s
        while coder.get(f"reports/{report_id}/state/").json()["documents"]:
            if time.monotonic() > deadline:
                raise StepFailed("The summary was not made.")
            time.sleep(0.2)
        pdf = coder.get(f"reports/{report_id}/documents/summary/en/").content
        self._confirmed(pdf, "summary.pdf")
        self.done(f"a worker made the summary ({len(pdf) / 1024:.0f} KB); the verification page confirms it")

    def _confirmed(self, pdf: bytes, name: str) -> None:
        stranger = Visitor.stranger(self.url)
        answer = stranger.post("verify/", files={"file": (name, pdf, "application/pdf")})
        if not re.search(r'data-tone="good" id="result"', answer.text):
            raise StepFailed(f"The verification page does not confirm {name}.")

    def verify(self, pdf: bytes, path: Path) -> None:
        """Check the signature with pyHanko itself, then ask the verification page."""
        # Here, because a start that verifies nothing need not wait a second for these.
        from pyhanko.pdf_utils.reader import PdfFileReader
        from pyhanko.sign.validation import validate_pdf_signature
        from pyhanko_certvalidator import ValidationContext

        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(pdf)
        with path.open("rb") as file:
            signatures = PdfFileReader(file).embedded_signatures
            if len(signatures) != 1:
                raise StepFailed(f"The PDF carries {len(signatures)} signatures instead of one.")
            own = ValidationContext(trust_roots=[signatures[0].signer_cert])
            status = validate_pdf_signature(signatures[0], signer_validation_context=own)
        if not (status.intact and status.valid):
            raise StepFailed(f"pyHanko does not accept the signature: {status.summary()}")
        self.done(f"pyHanko: signature {status.summary()}")
        self._confirmed(pdf, path.name)
        self.done("the verification page confirms it: unchanged, and what was signed off here")

    def whole(self, folder: Path) -> Path:
        """All steps; return where the signed PDF lies."""
        run_id = self.analyse()
        coder, layer = self.correct(run_id)
        report = self.sign(coder, layer)
        path = folder / f"report-{report[:8]}.pdf"
        self.verify(self.download(coder, report), path)
        self.summary(coder, report)
        return path
