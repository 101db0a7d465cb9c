"""What ``make screenshots`` photographs: pages, and what is clicked before the picture is taken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Act = Callable[[Any], None]


@dataclass(frozen=True)
class Picture:
    """One picture: a page's address and what is done on it first."""

    name: str
    path: str
    acts: tuple[Act, ...] = ()
    #: What is done after the picture, so that the next one finds things as they were.
    after: tuple[Act, ...] = ()

    @property
    def is_review(self) -> bool:
        """Whether it is the workbench, which is ready later than its document and does not scroll."""
        return "/review/" in self.path


def press(key: str) -> Act:
    return lambda page: page.keyboard.press(key)


def click(selector: str) -> Act:
    return lambda page: page.locator(selector).first.click()


def wait(selector: str) -> Act:
    return lambda page: page.locator(selector).first.wait_for()


def pause(ms: int) -> Act:
    return lambda page: page.wait_for_timeout(ms)


def open_tab(name: str) -> Act:
    def act(page: Any) -> None:
        if page.locator("#drawer-toggle").get_attribute("aria-expanded") != "true":
            page.locator("#drawer-toggle").click()
        page.locator(f"#tab-{name}").click()

    return act


def seek(us: int) -> Act:
    return lambda page: page.evaluate("us => { document.getElementById('video').currentTime = us / 1e6; }", us)


def camera(page: Any) -> None:
    page.locator("#live-open").click()
    page.locator("#live[data-state=ready]").wait_for()


def live(page: Any) -> None:
    """Begin a session, set two markers, and wait until bars move."""
    camera(page)
    page.keyboard.press("b")
    page.locator(".live-row[data-there]").first.wait_for(timeout=120_000)
    page.keyboard.press("m")
    page.keyboard.press("2")
    page.evaluate("scrollTo(0, 0)")


def thrown_away(page: Any) -> None:
    page.locator("[data-throw]").click()
    page.locator("dialog[open] .button--danger").click()
    page.locator("#live[data-state=idle]").wait_for()


EVENT = click("#event-next")  # an event selected, its fields shown


def smile(page: Any) -> None:
    """Select the first smile, whatever comes before it."""
    for _ in range(8):
        page.locator("#event-next").click()
        if page.inner_text("#event-chip").startswith("12"):
            return


def people_and_pages(demonstration: Any, coder: Any, run: str, study: Any) -> list[tuple[Any, list[Picture]]]:
    """Who looks at which pictures; None is somebody who is not signed in.

    Parameters
    ----------
    demonstration : facsweb.demo.seed.Demonstration
    coder : facsweb.demo.visitor.Visitor
        Signed in; uploads the file whose import is looked at.
    run : str
        Id of the run with the coder's open layer.
    study : Study
        The one in which several people worked.
    """
    from facsweb.studies.models import Role

    second = next(login for login in demonstration.logins if login.email.startswith("coder2"))
    named = {str(role): demonstration.login(role) for role in Role}
    return [
        (None, [Picture("login", "account/login/"), Picture("verify", "verify/")]),
        (named["administrator"], _administrator(demonstration, study)),
        (named["analyst"], _analyst(demonstration, run, study)),
        (named["coder"], _coder(coder, run)),
        (second, _second_coder(study)),
        (named["manager"], _manager()),
    ]


def _administrator(demonstration: Any, study: Any) -> list[Picture]:
    from facsweb.agreement.models import Adjudication
    from facsweb.practice.models import Attempt

    own, adjudication, attempt = demonstration.study_id, Adjudication.objects.get(), Attempt.objects.get()
    return [
        Picture("home-administrator", ""),
        Picture("studies", "studies/"),
        Picture("study", f"studies/{own}/"),
        Picture("study-team", f"studies/{study.pk}/"),
        Picture("members", f"studies/{own}/members/"),
        Picture("audit", f"studies/{own}/audit/"),
        Picture("people", "people/"),
        Picture("quotas", "quotas/"),
        Picture("quota-change", f"quotas/studies/{own}/"),
        Picture("quota-study", f"studies/{own}/quota/"),
        Picture("models", "models/"),
        Picture("adjudication", f"adjudications/{adjudication.pk}/"),
        Picture("pair", f"agreement/{adjudication.first_id}/{adjudication.second_id}/"),
        Picture("attempt", f"attempts/{attempt.pk}/"),
    ]


def _analyst(demonstration: Any, run: str, study: Any) -> list[Picture]:
    from facsweb.assignments.models import Assignment
    from facsweb.recordings.models import Recording
    from facsweb.studies.models import Consent

    participant = demonstration.participant_id
    recording = Recording.objects.filter(participant=participant).first()
    consent = Consent.objects.filter(participant=participant).first()
    assignment = Assignment.objects.filter(layer__ending="adjudication").first()
    if not (recording and consent and assignment):
        raise LookupError("the walk left something out")
    standard = study.batches.get(name__contains="standard").assignments.get().layer_id
    return [
        Picture("home-analyst", ""),
        Picture("participant", f"participants/{participant}/"),
        Picture("consent-new", f"participants/{participant}/consent/"),
        Picture("consent", f"consents/{consent.pk}/"),
        Picture("upload", f"participants/{participant}/upload/"),
        Picture("live", f"participants/{participant}/live/"),
        Picture("live-on", f"participants/{participant}/live/", (live,), (thrown_away,)),
        Picture("recording", f"recordings/{recording.pk}/"),
        Picture("run", f"runs/{run}/"),
        Picture("neutral", f"runs/{run}/neutral"),
        Picture("assignments", f"studies/{study.pk}/assignments/"),
        Picture("assignments-new", f"studies/{demonstration.study_id}/assignments/new/"),
        Picture("assignments-batch", f"batches/{assignment.batch_id}/"),
        Picture("assignment", f"assignments/{assignment.pk}/"),
        Picture("agreement", f"studies/{study.pk}/agreement/", (pause(1500),)),
        Picture("practice-lead", f"studies/{study.pk}/practice/"),
        Picture("segment-new", f"studies/{study.pk}/practice/new/?layer={standard}"),
    ]


def _coder(coder: Any, run: str) -> list[Picture]:
    from facsweb.coding.models import Layer

    layer = Layer.objects.get(run=run, kind="coder", owner__email="coder@demo.example")
    review = f"runs/{run}/review/"
    return [
        Picture("home-coder", ""),
        Picture("review", review, (smile, seek(2_500_000))),
        Picture("review-menu", review, (EVENT, click("summary[aria-label^='More about']"))),
        *(
            Picture(f"review-{tab}", review, (EVENT, open_tab(tab)))
            for tab in ("card", "reason", "comments", "history")
        ),
        Picture("review-keys", review, (click("#keys-open"),)),
        Picture("review-live", review, (EVENT, click("#live-open"))),
        Picture("review-mesh", review, (seek(2_500_000), click("#mesh"), click("#compare"), pause(4000))),
        Picture("review-table", review, (EVENT, press("t"))),
        Picture("export", f"layers/{layer.pk}/export/"),
        Picture("import", f"runs/{run}/import/"),
        Picture("import-preview", _uploaded(coder, run, layer)),
        Picture("sign", f"layers/{layer.pk}/sign/"),
    ]


def _uploaded(coder: Any, run: str, layer: Any) -> str:
    """Address of the preview of the coder's own coding, written for ELAN and read back."""
    text = coder.get(f"layers/{layer.pk}/export/eaf/").content
    return coder.post(f"runs/{run}/import/", files={"file": ("coding.eaf", text)}).url


def _second_coder(study: Any) -> list[Picture]:
    from facsweb.coding.models import Layer

    blind = Layer.objects.get(
        run__recording__participant__study=study, kind="coder", owner__email__startswith="coder2"
    )
    return [
        Picture("home-coder-blind", ""),
        Picture("review-blind", f"runs/{blind.run_id}/review/?layer={blind.pk}", (EVENT,)),
        Picture("practice", f"studies/{study.pk}/practice/"),
    ]


def _manager() -> list[Picture]:
    from facsweb.reports.models import Report

    report = (
        Report.objects.order_by("-created_at")
        .filter(sign_off__layer__run__recording__participant__code="P-001")
        .first()
    )
    if report is None:
        raise LookupError("the walk signed nothing")
    return [
        Picture("home-manager", ""),
        Picture("reports", "reports/"),
        Picture("report", f"reports/{report.pk}/"),
    ]
