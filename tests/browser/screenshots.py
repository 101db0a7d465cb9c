"""``make screenshots``: walk the main job on a fresh installation and photograph every page.

Writes ``var/screenshots/<page>-<width>-<theme>.png`` and renews ``docs/images/review.png``, the README's picture.
``PICTURES="review keys"`` takes these only (they are named in ``pictures.py``). Needs a Chromium.
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


#: The shell comes first: it opens a page in a third of the time, for it draws no window around it.
CHROMIUMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")


def chromium(names: tuple[str, ...] = CHROMIUMS) -> str | None:
    """Path of a Chromium on this machine, the first of `names` that there is."""
    return next(filter(None, map(shutil.which, names)), None)


def main() -> None:
    browser_path = chromium()
    if browser_path is None:
        sys.exit("No Chromium was found; install one (on Debian: apt-get install chromium).")
    target = Path(sys.argv[1] if len(sys.argv) > 1 else REPOSITORY / "var" / "screenshots")
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="facsweb-pictures-") as folder:
        os.environ["FACSWEB_DATA"] = folder
        os.environ["DJANGO_SETTINGS_MODULE"] = "facsweb.settings"
        # Nobody here has a phone that shows six digits; the pages say so, as those of the demonstration do.
        os.environ |= {"FACSWEB_REQUIRE_MFA": "0", "FACSWEB_DEMONSTRATION": "1"}
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", interactive=False, verbosity=0)
        from facsweb.demo.rights import seed_rights
        from facsweb.demo.seed import seed
        from facsweb.demo.team import seed_team
        from facsweb.demo.walk import Walk
        from facsweb.processes.supervisor import Installation

        with Installation(port=0, live=1) as running:
            demonstration = seed()
            walk = Walk(running.url, demonstration, print)
            walk.whole(Path(folder) / "demo")
            open_run = walk.analyse()  # a second one, left open, for the coder's page
            study = seed_team(demonstration)
            assert study is not None
            said: list[str] = []
            assert seed_rights(running.url, demonstration, said.append) is not None
            link = next(line for line in said if "/c/" in line).split()[-1]
            _photograph(running.url, demonstration, open_run, study, link, target, browser_path)
    print(f"Pictures are in {target}")


def _photograph(url: str, demonstration, run: str, study, link: str, target: Path, browser_path: str) -> None:
    from playwright.sync_api import sync_playwright

    from facsweb.demo.visitor import Visitor
    from facsweb.studies.models import Role
    from tests.browser.pictures import people_and_pages
    from tests.browser.pictures_of_rights import rights

    login = demonstration.login(Role.CODER)
    coder = Visitor(url, login.email, login.password)
    coder.post(f"runs/{run}/layers/")
    album = [*people_and_pages(demonstration, coder, run, study), *rights(demonstration, link)]
    only = os.environ.get("PICTURES", "").split()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=browser_path,
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-background-networking",
                *camera_of(Path(os.environ["FACSWEB_DATA"])),
            ],
        )
        for size, (width, height) in SIZES.items():
            for theme in THEMES:
                for login, pictures in album:
                    wanted = [one for one in pictures if not only or one.name in only]
                    context = browser.new_context(
                        viewport={"width": width, "height": height}, color_scheme=theme, base_url=url
                    )
                    page = context.new_page()
                    if login and wanted:
                        _sign_in(page, login)
                    for picture in wanted:
                        _take(page, picture, target / f"{picture.name}-{size}-{theme}.png")
                        if (picture.name, size, theme) == ("review", "wide", "light"):
                            _renew(target / "review-wide-light.png")
                    context.close()
        browser.close()


def camera_of(folder: Path) -> list[str]:
    """What a Chromium is told so that it has a camera, which shows a labelled clip again and again."""
    from tests.live.page import pictures

    film = folder / "camera.mjpeg"
    film.write_bytes(b"".join(pictures(REPOSITORY / "tests" / "media" / "d1_smile_6_12_then_12.mp4", 25)))
    fake = ("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream")
    return [*fake, f"--use-file-for-fake-video-capture={film}"]


def _sign_in(page, login) -> None:
    page.goto("account/login/")
    page.fill("input[name=login]", login.email)
    page.fill("input[name=password]", login.password)
    page.locator("input[name=password]").press("Enter")
    page.wait_for_url(lambda address: "/account/" not in address)


def _take(page, picture, path: Path) -> None:
    response = page.goto(picture.path)
    if response is None or response.status != 200:
        print(f"{picture.name}: {picture.path} answered {response.status if response else 'nothing'}")
    if picture.is_review:
        page.wait_for_selector("html[data-review=ready]")
    try:
        for act in picture.acts:
            act(page)
    except Exception as fault:  # the other pictures are still worth having
        print(f"{picture.name}: {str(fault).splitlines()[0]}")
    page.wait_for_timeout(800 if picture.acts or picture.is_review else 300)
    page.screenshot(path=path, full_page=not picture.is_review)
    for act in picture.after:
        act(page)


def _renew(picture: Path) -> None:
    own = REPOSITORY / "docs" / "images" / "review.png"
    own.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(picture, own)


if __name__ == "__main__":
    main()
