"""How sure a figure is: a band around the curve, the reading at the playhead, and short events."""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.conf import settings

from facsweb.coding import services
from tests.browser.test_review import at, choose, eventually, review
from tests.factories import make_finished_run, make_recording

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def sure_run(participant, consent, people):
    """12 has an interval but from 7 to 9 s, where it has no figure; 1 has none; a short 14 at 8 s."""
    run = make_finished_run(make_recording(participant, people["analyst"]), people["analyst"])
    folder = Path(settings.MEDIA_ROOT) / run.folder
    table = pq.read_table(folder / "signals.parquet")
    times = table["time_us"].to_numpy()
    values = np.where((times >= 7_000_000) & (times < 9_000_000), np.nan, 2.1).astype(np.float32)
    table = table.set_column(table.column_names.index("AU12"), "AU12", pa.array(values))
    for name, shift in (("AU12_low", -0.7), ("AU12_high", 0.8)):
        table = table.append_column(name, pa.array((values + shift).astype(np.float32)))
    pq.write_table(table, folder / "signals.parquet")
    with (folder / "events.csv").open("a", newline="") as file:
        csv.writer(file).writerow(["14", "left", "B", 8_000_000, 8_120_000, 8_240_000, 0.5, 0])
    run.files = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}
    run.summary["faces"][0]["micro"] = {"possible": True, "why": "", "events": []}
    run.summary["scorer"] = {"id": "au-nets", "version": "1.0.0"}
    run.save()
    return run


def band(page) -> float:
    """Width of the band around the curve, pixels of the plot; 0 without one."""
    return page.evaluate(
        """() => [...document.querySelectorAll("#curve .curve-band")]
                   .reduce((most, path) => Math.max(most, path.getBBox().width), 0)"""
    )


def test_a_band_around_the_curve_and_the_reading_at_the_playhead(open_page, sure_run, people):
    services.open_layer(people["coder"], sure_run)
    page = review(open_page, sure_run)
    reading = page.locator(".curve-reading")
    ruler = page.locator("#ruler").bounding_box()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        choose(page, "12")
        page.mouse.click(at(page, 3_000_000), ruler["y"] + 12)
        eventually(lambda: reading.inner_text() == "2.1 (1.4–2.9)")
        eventually(lambda: band(page) > 0)
        assert page.locator(".curve-key[data-side=band]").is_visible()
        page.mouse.click(at(page, 8_000_000), ruler["y"] + 12)
        eventually(lambda: reading.inner_text() == "–")
        page.locator("#row-labels [data-code='6']").click()
        eventually(lambda: band(page) == 0)
        page.mouse.click(at(page, 3_000_000), ruler["y"] + 12)
        assert "(" not in eventually(lambda: (said := reading.inner_text())[:1].isdigit() and said)


def test_in_a_window_too_wide_for_every_frame_the_reading_comes_when_the_playhead_rests(
    open_page, sure_run, people
):
    folder = Path(settings.MEDIA_ROOT) / sure_run.folder
    table = pq.read_table(folder / "signals.parquet")
    times = np.arange(len(table) * 60, dtype=np.int64) * 666  # 1,500 frames/s: more than there are pixels
    long = pa.concat_tables([table] * 60).set_column(0, "time_us", pa.array(times))
    pq.write_table(long, folder / "signals.parquet")
    services.open_layer(people["coder"], sure_run)
    page = review(open_page, sure_run)
    choose(page, "12")
    page.mouse.click(at(page, 4_000_000), page.locator("#ruler").bounding_box()["y"] + 12)
    value = "2.1 (1.4–2.9)"
    eventually(lambda: page.locator(".curve-reading").inner_text() in {value, "–"})
    answer = page.request.get(
        f"/runs/{sure_run.pk}/signals?face=0&from=4000000&to=4000001&width=1000&codes=12&heat=0"
    )
    expected = answer.json()["curves"]["12"]
    assert expected["exact"]
    if expected["both"][0] is not None:
        eventually(lambda: page.locator(".curve-reading").inner_text() == value)


def test_a_short_event_has_a_badge_and_a_caution(open_page, sure_run, people):
    services.open_layer(people["coder"], sure_run)
    page = review(open_page, sure_run)
    page.keyboard.press("t")
    badges = page.locator("#events-body .micro")
    eventually(lambda: badges.count() == 1)
    row = page.locator("#events-body tr", has=page.locator(".micro"))
    assert row.locator(".au").inner_text() == "14"
    assert "noise and speech" in badges.get_attribute("title")
    row.click()
    eventually(lambda: page.locator("#event-micro").is_visible())
    assert "noise and speech" in page.locator("#event-micro").inner_text()
    page.locator("#events-body tr", has=page.locator(".au:text-is('12')")).first.click()
    eventually(lambda: page.locator("#event-micro").is_hidden())
