"""``make screenshots``: walk the main job on a fresh installation and photograph every page.

Writes ``var/screenshots/<page>-<width>-<theme>.png`` and renews ``docs/images/review.png``, the README's picture.
Needs a Chromium.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
SIZES = {"wide": (1440, 900), "phone": (390, 844)}
THEMES = ("light", "dark")


def chromium() -> str | None:
    """Path of a Chromium on this machine."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def main() -> None:
    browser_path = chromium()
    if browser_path is None:
        sys.exit("No Chromium was found; install one (on Debian: apt-get install chromium).")
    target = Path(sys.argv[1] if len(sys.argv) > 1 else REPOSITORY / "var" / "screenshots")
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="facsweb-pictures-") as folder:
        os.environ["FACSWEB_DATA"] = folder
        os.environ["DJANGO_SETTINGS_MODULE"] = "facsweb.settings"
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", interactive=False, verbosity=0)
        from facsweb.demo.seed import seed
        from facsweb.demo.walk import Walk
        from facsweb.processes.supervisor import Installation

        with Installation(port=0) as running:
            demonstration = seed()
            walk = Walk(running.url, demonstration, print)
            walk.whole(Path(folder) / "demo")
            open_run = walk.analyse()  # a second one, left open, for the coder's page
            _photograph(running.url, demonstration, open_run, target, browser_path)
    print(f"Pictures are in {target}")


def _pages(study: str, participant: str, run: str) -> dict[str, list[tuple[str, str]]]:
    """Role → (name, path) of the pages to photograph."""
    from facsweb.coding.models import Layer
    from facsweb.recordings.models import Recording
    from facsweb.reports.models import Report
    from facsweb.studies.models import Consent

    recording = Recording.objects.filter(participant=participant).first()
    consent = Consent.objects.filter(participant=participant).first()
    report = Report.objects.first()
    layer = Layer.objects.filter(run=run, kind="coder").first()
    if not (recording and consent and report and layer):
        raise LookupError("the walk left something out")
    return {
        "": [("login", "account/login/"), ("verify", "verify/")],
        "administrator": [
            ("home-administrator", ""),
            ("studies", "studies/"),
            ("study", f"studies/{study}/"),
            ("members", f"studies/{study}/members/"),
            ("audit", f"studies/{study}/audit/"),
            ("people", "people/"),
            ("models", "models/"),
        ],
        "analyst": [
            ("home-analyst", ""),
            ("participant", f"participants/{participant}/"),
            ("consent-new", f"participants/{participant}/consent/"),
            ("consent", f"consents/{consent.pk}/"),
            ("upload", f"participants/{participant}/upload/"),
            ("recording", f"recordings/{recording.pk}/"),
            ("run", f"runs/{run}/"),
        ],
        "coder": [
            ("home-coder", ""),
            ("review", f"runs/{run}/review/"),
            ("sign", f"layers/{layer.pk}/sign/"),
        ],
        "manager": [("home-manager", ""), ("reports", "reports/"), ("report", f"reports/{report.pk}/")],
    }


def _photograph(url: str, demonstration, run: str, target: Path, browser_path: str) -> None:
    from playwright.sync_api import sync_playwright

    from facsweb.demo.visitor import Visitor
    from facsweb.studies.models import Role

    login = demonstration.login(Role.CODER)
    Visitor(url, login.email, login.password).post(f"runs/{run}/layers/")
    pages = _pages(demonstration.study_id, demonstration.participant_id, run)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=browser_path, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        for size, (width, height) in SIZES.items():
            for theme in THEMES:
                for role, wanted in pages.items():
                    context = browser.new_context(
                        viewport={"width": width, "height": height}, color_scheme=theme, base_url=url
                    )
                    page = context.new_page()
                    if role:
                        login = demonstration.login(Role(role))
                        page.goto("account/login/")
                        page.fill("input[name=login]", login.email)
                        page.fill("input[name=password]", login.password)
                        page.locator("input[name=password]").press("Enter")
                        page.wait_for_url(lambda address: "/account/" not in address)
                    for name, path in wanted:
                        response = page.goto(path)
                        if name == "review":
                            page.wait_for_selector("html[data-review=ready]")
                            page.locator("#event-next").click()  # an event selected, its fields shown
                        page.wait_for_timeout(800 if name == "review" else 300)
                        page.screenshot(path=target / f"{name}-{size}-{theme}.png", full_page=name != "review")
                        if response is None or response.status != 200:
                            print(f"{name}: {path} answered {response.status if response else 'nothing'}")
                        if name == "review" and size == "wide" and theme == "light":
                            picture = REPOSITORY / "docs" / "images" / "review.png"
                            picture.parent.mkdir(parents=True, exist_ok=True)
                            shutil.copyfile(target / f"{name}-{size}-{theme}.png", picture)
                    context.close()
        browser.close()


if __name__ == "__main__":
    main()
