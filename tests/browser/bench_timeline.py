"""How fast the timeline of long recordings is: ``python -m tests.browser.bench_timeline [MINUTES …]``.

Starts an installation of its own with made-up recordings (60 and 240 minutes when none are named), drives a real
Chromium, and prints what ``docs/workbench.md`` reports. Figures, not a test: they depend on the machine and on
what else it does.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

PAN_S = 5.0
ARGUMENTS = ["--no-sandbox", "--disable-background-networking"]

#: When labels stand and a curve was painted beside them, milliseconds after the navigation began.
FIRST_VIEW = """
(() => {
  const look = () => {
    const canvas = document.querySelector("#bars");
    const label = document.querySelector("#row-labels [data-code]");
    if (canvas && label && canvas.width > 100) {
      const part = canvas.getContext("2d").getImageData(canvas.width >> 1, 0, 1, canvas.height).data;
      if (part.some((value, place) => place % 4 === 3 && value > 0)) {
        requestAnimationFrame(() => setTimeout(() => { window.firstView = performance.now(); }));
        return;
      }
    }
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
})();
"""
FRAMES = """() => {
  window.gaps = [];
  let last = performance.now();
  window.counting = true;
  const look = (now) => { window.gaps.push(now - last); last = now;
    if (window.counting) requestAnimationFrame(look); };
  requestAnimationFrame(look);
}"""
#: From the pointer's move to the end of the frame in which the cursor was placed.
SCRUBS = """() => {
  window.scrubs = [];
  const note = ({ timeStamp }) => requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => window.scrubs.push(performance.now() - timeStamp);
    channel.port2.postMessage(0);
  });
  document.querySelector("#ruler").addEventListener("pointermove", note);
}"""
#: From the key or the press to the next picture of the video on the screen.
PICTURES = """() => {
  const video = document.querySelector("#video");
  window.pictures = [];
  window.shown = 0;
  const note = ({ timeStamp }) => video.requestVideoFrameCallback(() => {
    window.pictures.push(performance.now() - timeStamp);
    window.shown += 1;
  });
  document.addEventListener("keydown", note, { capture: true });
  document.querySelector("#overview").addEventListener("pointerup", note);
  document.querySelector("#ruler").addEventListener("pointerdown", note);
}"""


def _pace() -> str:
    """How fast the machine is at this moment, to set the figures against."""
    began, total = time.perf_counter(), 0
    for number in range(10_000_000):
        total += number
    return f"ten million additions in Python took {time.perf_counter() - began:.2f} s"


def percentiles(values: list[float]) -> str:
    middle, high, worst = np.percentile(values, [50, 95, 100])
    return f"median {middle:.0f} ms, 95th percentile {high:.0f} ms, worst {worst:.0f} ms ({len(values)} times)"


def memory(pids: list[int]) -> str:
    """Resident memory of processes and their children, MiB, as text; what is only mapped files is named apart."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError):
            continue
    family = set(pids)
    while more := {pid for pid, parent in parents.items() if parent in family} - family:
        family |= more
    lines = [line.split() for pid in family for line in Path(f"/proc/{pid}/status").read_text().splitlines()]
    figure = {
        name: sum(int(line[1]) for line in lines if line and line[0] == f"{name}:") / 1024
        for name in ("RssAnon", "RssFile")
    }
    return f"{figure['RssAnon']:.0f} MiB of its own, {figure['RssFile']:.0f} MiB of mapped files"


def main() -> None:
    from tests.browser.screenshots import CHROMIUMS, chromium

    browser_path = chromium(CHROMIUMS[1:])  # with a window, as people have
    if browser_path is None:
        sys.exit("No Chromium was found; install one (on Debian: apt-get install chromium).")
    lengths = [float(text) for text in sys.argv[1:]] or [60.0, 240.0]
    with tempfile.TemporaryDirectory(prefix="facsweb-timeline-") as folder:
        os.environ["FACSWEB_DATA"] = folder
        os.environ["DJANGO_SETTINGS_MODULE"] = "facsweb.settings"
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
        import django

        django.setup()
        from django.core.management import call_command
        from playwright.sync_api import sync_playwright

        call_command("migrate", interactive=False, verbosity=0)
        coder, runs = _seed(lengths)
        from facsweb.processes.supervisor import Installation

        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=browser_path, args=ARGUMENTS)
            print(f"Chromium {browser.version}, {os.cpu_count()} cores, 1440×900, no graphics card; {_pace()}")
            for minutes, run in zip(lengths, runs, strict=True):
                with Installation(port=0, say=lambda _: None) as running:  # anew: nothing in the server's memory
                    print(
                        f"\n{minutes:g} minutes, {run.machine_events} events of the machine and as many of the coder"  # noqa: E501
                    )
                    _measure(browser, running, coder, run.pk)
            browser.close()


def _seed(lengths: list[float]) -> tuple[Any, list[Any]]:
    """A coder, and a run of each length with the coder's layer; without the timeline's bytes, as old runs."""
    import shutil

    from facsweb.coding import services
    from facsweb.runs.services import result_dir
    from tests.browser.long_recording import make_long_run
    from tests.factories import make_coder_at_work

    coder, participant = make_coder_at_work()
    runs = []
    for minutes in lengths:
        run = make_long_run(participant, coder, minutes)
        layer = services.open_layer(coder, run)
        run.machine_events = layer.events.count()
        shutil.rmtree(result_dir(run) / "screen", ignore_errors=True)
        runs.append(run)
    return coder, runs


def _open(browser: Any, url: str, coder: Any, run: Any, over_home: bool) -> tuple[Any, float, float]:
    """A page in a browser that knows nothing yet; when the first rows and when everything stood, ms."""
    from tests.factories import session_of

    context = browser.new_context(base_url=url, viewport={"width": 1440, "height": 900})
    context.add_cookies([{"name": "sessionid", "value": session_of(coder), "url": url}])
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.cpu = context.new_cdp_session(page)
    page.cpu.send("Performance.setTimeDomain", {"timeDomain": "threadTicks"})
    page.cpu.send("Performance.enable")
    if over_home:  # as everybody comes who signed in; the home page has the browser fetch the scripts ahead
        page.goto("")
        page.wait_for_load_state("networkidle")
    page.wait_for_timeout(2000)  # the new window is drawn, which takes the two cores a second of their own
    page.add_init_script(FIRST_VIEW)
    page.goto(f"runs/{run}/review/")
    _until(page, "window.firstView")
    page.first_cpu = _cpu_ms(page)
    page.wait_for_selector("html[data-review=ready]")
    return page, page.evaluate("window.firstView"), page.evaluate("performance.now()")


def _cpu_ms(page: Any) -> float:
    """Processor time that the page's main thread has used: what it takes on a machine that is idle."""
    metrics = {one["name"]: one["value"] for one in page.cpu.send("Performance.getMetrics")["metrics"]}
    return metrics["ThreadTime"] * 1000


def _until(page: Any, true: str) -> None:
    """Wait for an expression; the page's policy forbids Playwright's own way."""
    end = time.monotonic() + 60
    while not page.evaluate(true):
        if time.monotonic() > end:
            raise TimeoutError(true)
        time.sleep(0.02)


def _measure(browser: Any, running: Any, coder: Any, run: Any) -> None:
    ways = ("nothing prepared", *["by its address"] * 3, *["over the home page"] * 3)
    for number, label in enumerate(ways, 1):
        page, rows, everything = _open(browser, running.url, coder, run, label.startswith("over"))
        print(
            f"first view, {label}: rows after {rows:.0f} ms, events and all after {everything:.0f} ms; processor time of the page until the rows {page.first_cpu:.0f} ms"  # noqa: E501
        )
        if number < len(ways):
            page.context.close()
    page.reload()
    _until(page, "window.firstView")
    rows = page.evaluate("window.firstView")
    page.wait_for_selector("html[data-review=ready]")
    print(f"the same page again: rows after {rows:.0f} ms, all after {page.evaluate('performance.now()'):.0f} ms")
    page.wait_for_timeout(4000)
    box = page.locator("#rows-plot").bounding_box()
    middle = (box["x"] + box["width"] / 2, page.locator("#rows-scroll").bounding_box()["y"] + 60)
    for label, start in (("a minute", "#zoom-event"), ("a tenth", "#zoom-all")):
        if start == "#zoom-all":
            page.locator(start).click()
            page.mouse.move(*middle)
            page.keyboard.down("Control")
            page.mouse.wheel(0, -1440)
            page.keyboard.up("Control")
        page.mouse.move(*middle)
        page.wait_for_timeout(800)
        print(
            f"panning from {label}: {_frames(page, lambda turn: page.mouse.wheel(40 if turn // 60 % 2 else -40, 0))}"  # noqa: E501
        )
        page.keyboard.down("Control")
        print(
            f"zooming from {label}: {_frames(page, lambda turn: page.mouse.wheel(0, 60 if turn // 40 % 2 else -60))}"  # noqa: E501
        )
        page.keyboard.up("Control")
    _scrub(page)
    web = [service.process.pid for service in running.services if service.process and service.name == "web"]
    print(f"memory of the web server: {memory(web)}")
    page.context.close()


def _frames(page: Any, turn_wheel: Any) -> str:
    page.evaluate(FRAMES)
    end, turn, began = time.monotonic() + PAN_S, 0, _cpu_ms(page)
    while time.monotonic() < end:
        turn_wheel(turn)
        turn += 1
    page.evaluate("window.counting = false")
    gaps = np.array(page.evaluate("window.gaps")[1:])
    own = (_cpu_ms(page) - began) / len(gaps)
    late = np.mean(gaps > 25) * 100
    return f"{1000 / gaps.mean():.0f} frames/s, worst frame {gaps.max():.0f} ms, {late:.1f} % over 25 ms, {own:.1f} ms of processor time a frame ({turn} turns of the wheel)"  # noqa: E501


def _scrub(page: Any) -> None:
    page.locator("#zoom-all").click()
    page.evaluate(SCRUBS)
    ruler = page.locator("#ruler").bounding_box()
    y = ruler["y"] + ruler["height"] / 2
    page.mouse.move(ruler["x"] + 20, y)
    page.mouse.down()
    for step in range(200):
        page.mouse.move(ruler["x"] + 20 + (step * 7) % (ruler["width"] - 40), y)
    page.mouse.up()
    page.wait_for_timeout(1500)
    print(f"pointer to playhead: {percentiles(page.evaluate('window.scrubs'))}")
    page.evaluate(PICTURES)
    for what, act in (
        ("a frame on", lambda _: page.keyboard.press("ArrowRight")),
        ("a frame back", lambda _: page.keyboard.press("ArrowLeft")),
        ("elsewhere", lambda turn: page.mouse.click(ruler["x"] + 20 + (turn * 379) % (ruler["width"] - 40), y)),
    ):
        page.evaluate("() => { window.pictures = []; window.shown = 0; }")
        for turn in range(40):
            act(turn)
            _until(page, f"window.shown > {turn}")
            page.wait_for_timeout(30)
        print(f"to the picture, {what}: {percentiles(page.evaluate('window.pictures'))}")


if __name__ == "__main__":
    main()
