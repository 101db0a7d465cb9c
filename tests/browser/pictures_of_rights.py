"""Pictures of what lawyers, reviewers and participants open: consent, accounts, log, signatures, the API."""

from __future__ import annotations

from typing import Any

from tests.browser.pictures import Act, Picture, click, pause


def file(path: str) -> Act:
    """Choose a file, which a page that takes files by itself sends at once."""
    return lambda page: page.locator("input[type=file]").set_input_files(path)


def to_the_top(page: Any) -> None:
    page.evaluate("scrollTo(0, 0)")


def rights(demonstration: Any, link: str) -> list[tuple[Any, list[Picture]]]:
    """Who looks at which pictures; None is a participant, who has no login.

    Parameters
    ----------
    demonstration : facsweb.demo.seed.Demonstration
    link : str
        A participant's link that waits for answers.
    """
    from facsweb.demo.rights import BY_LINK, NARROWED, STUDY_NAME
    from facsweb.privacy.models import Erasure
    from facsweb.reports.models import Report
    from facsweb.studies import links
    from facsweb.studies.models import Participant, Role, Study

    study = Study.objects.get(name=STUDY_NAME)
    agreed, narrowed = (Participant.objects.get(study=study, code=code) for code in (BY_LINK, NARROWED))
    report = Report.objects.get(sign_off__layer__run__recording__participant=agreed)
    _, secret = links.make(study.created_by, agreed, language="de")
    whole, onward = click("input[name=what][value=whole]"), click("main button[type=submit]")
    participants = [
        Picture("own-language", link),
        Picture("own-questions-en", link, (click("button[value=en]"), pause(400))),
        Picture("own-questions-de", link, (click("button[value=de]"), pause(400))),
        Picture("own-keeping", "keeping/"),
        Picture("own-consent", f"c/{secret}/"),
        Picture("own-withdrawal", f"c/{secret}/withdraw/"),
        Picture("own-withdrawal-confirm", f"c/{secret}/withdraw/", (whole, onward, pause(400))),
        Picture("verify-code", f"verify/?report={report.pk}&code={report.sign_off.content_sha256[:32]}"),
        Picture("verify-file", "verify/", (file(report.pdf.path), pause(4000), to_the_top)),
    ]
    administrators = [
        Picture("law-study", f"studies/{study.pk}/"),
        Picture("law", f"studies/{study.pk}/law/"),
        Picture("study-change", f"studies/{study.pk}/change/"),
        Picture("consent-links", f"participants/{agreed.pk}/links/"),
        Picture("consent-by-link", f"consents/{agreed.consents.get().pk}/"),
        Picture("participant-narrowed", f"participants/{narrowed.pk}/"),
        Picture("privacy", f"participants/{narrowed.pk}/privacy/"),
        Picture("erase", f"participants/{agreed.pk}/privacy/erase/"),
        Picture("erasure", f"erasures/{Erasure.objects.get(participant=narrowed).pk}/"),
        Picture("retention", f"studies/{study.pk}/retention/"),
        Picture("report-signed-twice", f"reports/{report.pk}/"),
        Picture("study-reports", f"studies/{study.pk}/reports/"),
        Picture("webhooks", f"studies/{study.pk}/webhooks/"),
        Picture("log-installation", "log/", (pause(1000),)),
        Picture("invite", "people/invite/"),
        Picture("account", "people/me/"),
        Picture("sessions", "people/me/sessions/"),
        Picture("second-factor", "account/2fa/"),
        Picture("tokens", "account/tokens/"),
        Picture("token-new", "account/tokens/new/"),
        Picture("api", "account/api/"),
        Picture("about", "about/"),
    ]
    return [(None, participants), (demonstration.login(Role.ADMINISTRATOR), administrators)]
