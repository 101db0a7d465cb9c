"""Export and import as a person does them, in a real Chromium."""

from __future__ import annotations

import pytest

from facsweb.coding.models import Layer
from facsweb.coding.services import current_events, open_layer
from tests.browser.accessibility import grave
from tests.factories import make_finished_run, make_recording

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
TABLE = "code;onset;offset;intensity\n12;1,0;2,0;C\nwave;0,5;1,0;\n4;3,0;3,5;B\n"


@pytest.fixture
def run(participant, consent, people):
    return make_finished_run(make_recording(participant, people["analyst"]), people["analyst"])


def test_a_layer_goes_out_and_a_table_comes_in_and_goes_again(open_page, run, people, tmp_path):
    layer = open_layer(people["coder"], run)
    page = open_page("coder", f"/layers/{layer.pk}/export/")
    assert grave(page) == []
    with page.expect_download() as started:
        page.get_by_role("button", name="Download ELAN").click()
    assert started.value.suggested_filename.endswith(".eaf")
    page.get_by_role("form", name="CSV, one row for each frame").get_by_label("Rows").select_option("100")
    with page.expect_download() as started:
        page.get_by_role("button", name="Download CSV, one row for each frame").click()
    started.value.save_as(tmp_path / "frames.csv")
    assert len((tmp_path / "frames.csv").read_text().splitlines()) == 102

    table = tmp_path / "from a lab.csv"
    table.write_text(TABLE)
    page.goto(f"/runs/{run.pk}/import/")
    page.get_by_label("File", exact=True).set_input_files(table)
    page.get_by_role("button", name="Look at the file").click()
    page.get_by_role("button", name="Import as a layer").wait_for()
    assert grave(page) == []
    page.get_by_label("wave").select_option(label="50 Speech")
    page.get_by_label("Shift in milliseconds").fill("-500")
    page.get_by_role("button", name="Look again").click()
    page.get_by_text("00:00:00.500").first.wait_for()
    page.get_by_role("button", name="Import as a layer").click()
    page.get_by_role("link", name="from a lab", exact=True).wait_for()
    assert grave(page) == []
    imported = Layer.objects.get(kind="imported")
    assert [(e.code, e.onset_us) for e in current_events(imported)] == [
        ("50", 0),
        ("12", 500_000),
        ("4", 2_500_000),
    ]

    page.get_by_role("button", name="Remove from a lab").click()
    page.get_by_role("button", name="Remove the layer").click()
    page.get_by_text("Nothing was imported yet").wait_for()
    assert not Layer.objects.filter(kind="imported").exists()
