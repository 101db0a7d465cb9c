"""The form of webhooks: names of events are long words in a narrow column."""

from __future__ import annotations

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.django_db(transaction=True)]

#: What a label writes, and what reaches over the column in which it stands, CSS pixels.
OVER = """
() => [...document.querySelectorAll('.field__choices label')].map(label => {
  const text = document.createRange();
  text.selectNodeContents(label);
  const over = text.getBoundingClientRect().right - label.closest('fieldset').getBoundingClientRect().right;
  return [label.innerText.trim(), over];
})
"""


@pytest.mark.parametrize("width", [1440, 390])
def test_no_label_reaches_over_its_column(open_page, people, study, width):
    page = open_page("administrator", f"/studies/{study.pk}/webhooks/", viewport={"width": width, "height": 900})
    told = page.evaluate(OVER)
    assert any("report.awaiting_second_signature" in label for label, _ in told)
    assert [(label, over) for label, over in told if over > 0.5] == []
