"""The page, and the same as files."""

from __future__ import annotations

import json
from html.parser import HTMLParser

import pytest
from django.urls import reverse

from facsweb.about import export
from facsweb.about.values import Column, Link, Table, listed, size, words
from facsweb.reports.content import DISCLAIMER
from facsweb.studies.models import Setting

pytestmark = pytest.mark.django_db
PAGE = reverse("about:record")


def text_of(answer):
    return " ".join(answer.content.decode().split())


def test_five_questions_with_an_answer_each(client_as, told):
    text = text_of(client_as("manager").get(PAGE))
    for key in ("training", "calibration", "accuracy", "meaning", "audit"):
        assert f'id="{key}"' in text
    assert text.count('class="answer__short"') == 5
    assert DISCLAIMER in text
    assert ">None<" not in text


def test_everybody_finds_it_at_the_foot_of_a_page(client_as):
    assert f'href="{PAGE}"' in client_as("stranger").get(reverse("home")).content.decode()
    assert f'href="{PAGE}"' in client_as("manager").get(reverse("model_cards")).content.decode()


def test_files_say_the_same_as_the_page(layer, client_as, told):
    client = client_as("coder")
    said = json.loads(client.get(reverse("about:json")).content)
    text = client.get(reverse("about:markdown")).content.decode()
    page = text_of(client.get(PAGE))
    assert said["schema"] == export.SCHEMA
    for key, answer in said["answers"].items():
        assert answer["answer"] == told(key).short
        assert export._inline(answer["answer"]) in text
        assert {table.key for table in told(key).tables} == answer["records"].keys()
    assert "measured on 1 of your own signed codings" in page
    rendered = said["answers"]["accuracy"]["records"]["rendered"]["rows"]
    assert len(rendered) == 44
    assert {setting.label for setting in Setting} <= {
        name for row in said["law"]["rows"] for name in row["settings"].split(", ")
    }
    assert "attachment" in client.get(reverse("about:json")).headers["Content-Disposition"]


def test_strangers_learn_totals_and_no_names(layer, study, client_as):
    pages = [PAGE, reverse("about:json"), reverse("about:markdown")]
    names = (study.name, "P-001", "coder@example.org", "Coder Person", str(layer.pk), str(study.pk))
    for address in pages:
        text = client_as("stranger").get(address).content.decode()
        assert [name for name in names if name in text] == []
    mine = client_as("administrator").get(PAGE).content.decode()
    assert reverse("audit:log", args=[study.pk]) in mine
    assert reverse("audit:log", args=[study.pk]) not in client_as("coder").get(PAGE).content.decode()
    # files are handed on: not even a member's names a study
    assert study.name not in client_as("administrator").get(reverse("about:markdown")).content.decode()


def test_the_method_is_shown_when_it_is_there(client_as, settings, tmp_path):
    settings.BASE_DIR = tmp_path
    address = reverse("about:method")
    assert "not part of this copy" in text_of(client_as("stranger").get(address))
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "method.md").write_text("# How it works\n\n<script>x</script>\n\nStep **one**.\n")
    text = text_of(client_as("stranger").get(address))
    assert "<h1" in text
    assert "How it works" in text
    assert "Step <strong>one</strong>" in text
    assert "<script>x" not in text


def test_the_page_asks_few_questions_of_the_database(layer, client_as, django_assert_max_num_queries):
    client = client_as("coder")
    client.get(PAGE)
    with django_assert_max_num_queries(40):
        client.get(PAGE)


def test_cells_are_escaped_and_absent_is_a_dash(rf):
    from facsweb.about.templatetags.about_rows import about_rows

    table = Table(
        "t",
        "T",
        (Column("a", "A"), Column("n", "N", "figure"), Column("h", "H", "share"), Column("c", "C", "unit")),
        (
            {"a": Link("<b>", "/x?a=1&b=2"), "n": -0.5, "h": None, "c": "12", "region": "lower_face"},
            {"a": "", "n": 0},
        ),
    )
    html = about_rows(table)
    assert "&lt;b&gt;" in html
    assert "−0.50" in html
    assert 'data-region="lower_face">12' in html
    assert html.count("–") == 4
    assert "0.00" in html
    depth = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attrs: depth.append(tag)  # type: ignore[method-assign]
    parser.handle_endtag = lambda tag: depth.remove(tag)  # type: ignore[method-assign]
    parser.feed(html)
    assert depth == []


def test_markdown_cells_hold_whatever_an_operator_typed():
    assert export._inline("a|b *c* `d` [e](f)\n<g>") == "a\\|b \\*c\\* \\`d\\` \\[e](f) \\<g>"


@pytest.mark.parametrize(
    ("value", "kind", "said"),
    [
        (None, "count", "–"),
        (0, "count", "0"),
        (1234, "count", "1,234"),
        (-0.124, "figure", "−0.12"),
        (0.914, "share", "91 %"),
        (0.0, "change", "+0.00"),
        (885_098, "bytes", "885.1 kB"),
    ],
)
def test_values_in_words(value, kind, said):
    assert words(value, kind) == said


def test_lists_and_sizes():
    assert (listed([]), listed(["a"]), listed(["a", "b", "c"])) == ("", "a", "a, b and c")
    assert (size(12), size(3_000_000_000)) == ("12 B", "3.0 GB")
