"""The classifier of sentences: its row and its figures come from the package and the card."""

from __future__ import annotations

import json

import pytest

from analysis.text import classifier
from facsweb.about import text_model

pytestmark = pytest.mark.django_db
ABOUT = {"id": "text-emotion", "version": "2.0.0", "labels": ["joy", "anger"], "languages": ["en"]}
CARD = """# Model card: words (`text-emotion` 2.0.0)

## What it was made from

* **Data.** Comments of a corpus.
* **Who labelled.** 82 raters.

## Licence

Apache-2.0
"""


@pytest.fixture
def folder(tmp_path, settings, monkeypatch):
    folder = tmp_path / "models" / "2.0.0"
    folder.mkdir(parents=True)
    monkeypatch.setattr(classifier, "SHIPPED", folder.parent)
    settings.BASE_DIR = tmp_path
    return folder


def test_without_a_model_nothing_is_said(folder, told):
    assert text_model.rows() == []
    assert text_model.tables() == []


def test_the_row_is_read_from_package_and_card(folder, tmp_path, rows):
    (folder / classifier.ABOUT).write_text(json.dumps(ABOUT))
    found = text_model.rows()[0]
    assert (str(found["name"]), found["labels"]) == ("text-emotion", None)
    cards = tmp_path / "docs" / "model_cards"
    cards.mkdir(parents=True)
    (cards / "text.md").write_text(CARD)
    listed = [row for row in rows("training", "models") if "text-emotion" in str(row["name"])]
    assert len(listed) == 1
    assert (listed[0]["data"], listed[0]["labels"]) == ("Comments of a corpus.", "82 raters.")
    assert (listed[0]["licence"], listed[0]["version"]) == ("Apache-2.0", "2.0.0")
    assert "2 labels; languages: en" in listed[0]["kind"]


def test_figures_are_those_of_the_test_split_or_missing(folder):
    (folder / classifier.ABOUT).write_text(json.dumps(ABOUT))
    assert "not measured" in text_model.tables()[0].empty
    label = {"label": "joy", "precision": 0.5, "recall": 0.6, "f1": 0.55, "support": 161, "error": 0.01}
    test = {"labels": [label], "macro": 0.512, "micro": 0.6, "error": 0.0021}
    (folder / text_model.FIGURES).write_text(json.dumps({"texts": 5427, "test": test}))
    table = text_model.tables()[0]
    assert table.rows[0]["f1"] == 0.55
    assert "5,427 English comments" in table.note
    assert "macro-F1 0.51" in table.note
