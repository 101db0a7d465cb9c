"""What the review page draws and plays: curves, speed, a cursor at every frame; half an hour of it."""

from __future__ import annotations

import hashlib
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.conf import settings

from analysis.facs.codes import CATALOGUE
from facsweb.coding import services, signals
from facsweb.recordings.models import Recording
from tests.browser.test_review import choose, complete, eventually, painted, review
from tests.factories import make_finished_run, make_recording

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.django_db(transaction=True)]
FRAMES, FRAME_US = 54_000, 33_333

#: Notes, for every frame that comes on screen, its time and where the page has put its cursor at the next paint.
WATCH = """() => {
  const video = document.querySelector("#video");
  window.seen = [];
  const presented = (_, { mediaTime }) => {
    const cursor = document.querySelector("#cursor");
    requestAnimationFrame(() => window.seen.push([mediaTime, cursor.getBoundingClientRect().x]));
    video.requestVideoFrameCallback(presented);
  };
  video.requestVideoFrameCallback(presented);
}"""


@pytest.fixture
def run(participant, consent, people):
    return make_finished_run(make_recording(participant, people["analyst"]), people["analyst"])


@pytest.fixture
def long_run(run):
    """A finished run of half an hour: 54,000 frames of every column that a signals file can have."""
    folder = Path(settings.MEDIA_ROOT) / run.folder
    random = np.random.default_rng(1)
    columns = {"time_us": np.arange(FRAMES) * FRAME_US, "face": np.zeros(FRAMES, np.int16)}
    for code in signals.ROWS:
        values = np.clip(random.normal(0, 2, FRAMES // 90).repeat(90), 0, 5).astype(np.float32)
        columns |= {f"AU{code}{side}": values for side in (("", "_L", "_R") if CATALOGUE[code].sided else ("",))}
    pq.write_table(pa.table(columns), folder / "signals.parquet")
    run.files["signals.parquet"] = hashlib.sha256((folder / "signals.parquet").read_bytes()).hexdigest()
    run.summary["video"] |= {"frames": FRAMES, "duration_us": FRAMES * FRAME_US, "frame_rate": 30.0}
    run.save()
    Recording.objects.filter(pk=run.recording_id).update(duration_us=FRAMES * FRAME_US)
    return run


#: Colours of the rows' canvas in one column, from the top of a row to its foot.
COLUMN = """([share, top, height]) => {
  const canvas = document.querySelector("#bars");
  const ratio = canvas.height / canvas.clientHeight;
  const x = Math.round(share * canvas.width);
  const [from, rows] = [Math.round(top * ratio), Math.round(height * ratio)];
  const part = canvas.getContext("2d").getImageData(x, from, 1, rows).data;
  return Array.from({ length: part.length / 4 }, (_, y) => [...part.slice(y * 4, y * 4 + 4)].join());
}"""


def column(page, code, share):
    """The pixels of a row at a share of the width."""
    label = page.locator(f"#row-labels [data-code='{code}']")
    label.scroll_into_view_if_needed()
    painted(page)
    box, scroll = label.bounding_box(), page.locator("#rows-scroll").bounding_box()
    return page.evaluate(COLUMN, [share, box["y"] - scroll["y"], box["height"]])


def test_the_machines_curve_behind_the_bars_and_the_curves_of_one_with_its_sides(open_page, run, people):
    services.open_layer(people["coder"], run)
    page = review(open_page, run)
    # At 2.5 s AU 12 is at its height, at 9.8 s at rest: the row is filled to its top there and empty here.
    eventually(lambda: len(set(column(page, "12", 0.25)[3:14])) > 1)
    assert len(set(column(page, "12", 0.98)[3:14])) == 1
    assert page.locator("#row-labels [data-code='12']").get_by_text("Lip corner puller").count() == 1
    choose(page, "12")
    eventually(lambda: page.locator("#curve .curve-line").count() == 3)
    eventually(lambda: page.locator("#curve-label .curve-key").all_inner_texts() == ["Both", "Left", "Right"])
    # An intensity of 5.15 is at the upper edge, 112 pixels over the foot.
    curves = page.evaluate(
        "[...document.querySelectorAll('#curve .curve-line')].map(one => 5.15 * (1 - one.getBBox().y / 112))"
    )
    assert curves == pytest.approx([max(curves)] * 3, abs=0.3)
    assert max(curves) > 3


def test_the_cursor_is_where_every_frame_is_that_comes_on_screen(open_page, run, people):
    services.open_layer(people["coder"], run)
    page = review(open_page, run)
    page.locator("summary[aria-label='Speed and places']").click()
    page.locator("#speed").select_option("0.5")
    page.keyboard.press("Escape")
    page.locator("summary[aria-label='Speed and places']").blur()
    assert page.evaluate("document.querySelector('#video').playbackRate") == 0.5
    page.evaluate(f"({WATCH})()")
    page.keyboard.press("Space")
    # a busy machine shows fewer frames of the same second
    eventually(lambda: page.evaluate("new Set(window.seen.map(([at]) => at)).size") > 20)
    page.keyboard.press("Space")
    box = page.locator("#rows-plot").bounding_box()
    seen = [(at, x) for at, x in page.evaluate("window.seen") if at > 0.1]
    assert len(seen) > 10
    frame = box["width"] * 0.04 / 10
    late = [(at, x) for at, x in seen if abs(x - (box["x"] + box["width"] * at / 10)) > frame + 1.5]
    assert len(late) <= len(seen) / 10, late  # a frame may come between the two looks


def test_half_an_hour_is_asked_for_in_windows_and_stays_smooth(open_page, long_run, people):
    services.open_layer(people["coder"], long_run)
    asked: list[tuple[int, int]] = []
    page = open_page("coder", f"/runs/{long_run.pk}/")
    page.on(
        "response",
        lambda r: (
            asked.append((int(parse_qs(urlsplit(r.url).query)["width"][0]), r.status))
            if "/signals" in r.url
            else None
        ),
    )
    page.goto(f"/runs/{long_run.pk}/review/")
    page.wait_for_selector("html[data-review=ready]")
    page.locator("#zoom-all").click()
    complete(page)
    painted(page)
    page.evaluate("""() => {
      window.frames_drawn = 0;
      const look = () => { window.frames_drawn += 1; requestAnimationFrame(look); };
      requestAnimationFrame(look);
    }""")
    session = page.context.new_cdp_session(page)
    session.send("Performance.setTimeDomain", {"timeDomain": "threadTicks"})
    session.send("Performance.enable")

    def used_ms():
        """Processor time of the page's main thread: what else the machine does is not in it."""
        metrics = session.send("Performance.getMetrics")["metrics"]
        return next(one["value"] for one in metrics if one["name"] == "ThreadTime") * 1000

    began = used_ms()
    box = page.locator("#rows-plot").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 6)
    page.keyboard.down("Control")
    for _ in range(30):
        page.mouse.wheel(0, -60)
        page.wait_for_timeout(16)
    for _ in range(30):
        page.mouse.wheel(0, 60)
        page.wait_for_timeout(16)
    page.keyboard.up("Control")
    own = (used_ms() - began) / page.evaluate("window.frames_drawn")
    print(f"{own:.1f} ms of processor time a frame")  # with -s
    assert {status for _, status in asked} == {200}
    assert all(width <= 2400 for width, _ in asked)  # never a column a frame
    points = page.locator("#curve .curve-line").first.get_attribute("d").count("V")
    assert 0 < points <= 4800
    assert own < 16, f"{own:.1f} ms of processor time a frame: the screen shows one every 17 ms"
