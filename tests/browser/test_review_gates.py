"""The review page says why a curve has a hole: hatching behind the curve, the tip, and text at the playhead."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.conf import settings

from facsweb.coding import services
from tests.browser.test_review import at, choose, eventually, review, row_y
from tests.factories import make_finished_run, make_recording

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def gated_run(participant, consent, people):
    """Between 7 and 9 s the mouth is covered; 12 has a hole there and 1 has none."""
    run = make_finished_run(make_recording(participant, people["analyst"]), people["analyst"])
    path = Path(settings.MEDIA_ROOT) / run.folder / "signals.parquet"
    table = pq.read_table(path)
    covered = (table["time_us"].to_numpy() >= 7_000_000) & (table["time_us"].to_numpy() < 9_000_000)
    for name in ("AU12", "AU12_L", "AU12_R"):
        values = np.where(covered, np.nan, table[name].to_numpy()).astype(np.float32)
        table = table.set_column(table.column_names.index(name), name, pa.array(values))
    texts = pa.array(np.where(covered, "occluded:mouth", "").tolist()).dictionary_encode()
    pq.write_table(table.append_column("gate", texts), path)
    run.files["signals.parquet"] = hashlib.sha256(path.read_bytes()).hexdigest()
    run.save()
    return run


def inked(page, us: int) -> bool:
    """Whether the hatching behind the curve covers a time of the recording (10 s)."""
    return page.evaluate(
        """share => {
          const canvas = document.querySelector("#curve-holes");
          const pen = canvas.getContext("2d");
          const part = pen.getImageData(Math.round(share * canvas.width) - 4, 10, 8, 40).data;
          return part.some((value, place) => place % 4 === 3 && value > 0);
        }""",
        us / 10_000_000,
    )


def test_a_hole_says_why_to_eyes_pointer_and_screen_reader(open_page, gated_run, people):
    services.open_layer(people["coder"], gated_run)
    page = review(open_page, gated_run)
    choose(page, "12")
    why = page.locator("#curve-why")
    ruler = page.locator("#ruler").bounding_box()
    page.mouse.click(at(page, 8_000_000), ruler["y"] + 12)
    eventually(lambda: why.inner_text() == "Not scored: the mouth is covered")
    assert why.get_attribute("role") == "status"
    eventually(lambda: inked(page, 8_000_000))
    assert not inked(page, 5_000_000)

    page.mouse.move(at(page, 8_000_000), row_y(page, "12", 6))
    eventually(lambda: "Not scored: the mouth is covered" in page.locator("#tip").inner_text())
    page.mouse.move(at(page, 5_000_000), row_y(page, "12", 6))
    eventually(lambda: "of 5" in page.locator("#tip").inner_text())

    page.mouse.click(at(page, 5_000_000), ruler["y"] + 12)
    eventually(lambda: why.inner_text() == "")
    page.mouse.click(at(page, 8_000_000), ruler["y"] + 12)
    eventually(lambda: why.inner_text() != "")
    page.locator("#row-labels [data-code='12']").focus()
    while page.locator("#row-labels [aria-selected='true']").get_attribute("data-code") != "1":
        page.keyboard.press("ArrowUp")  # the brows need no mouth
    eventually(lambda: why.inner_text() == "")
    eventually(lambda: not inked(page, 8_000_000))
