"""Every template obeys the Content-Security-Policy and names only icons, includes and static files that exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
ICONS = set(re.findall(r'<symbol id="([^"]+)"', (ROOT / "static" / "img" / "icons.svg").read_text()))
COMMENT = re.compile(r"{% comment %}.*?{% endcomment %}|{#.*?#}", re.DOTALL)

each_template = pytest.mark.parametrize(
    "path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "templates"))
)


def source(path: Path) -> str:
    return COMMENT.sub("", path.read_text())


@each_template
def test_nothing_inline(path):
    text = source(path)
    assert not re.search(r"\sstyle\s*=", text), "a style attribute: the policy refuses it"
    assert not re.search(r"<style\b", text), "a style element: the policy refuses it"
    markup = re.sub(r"{%.*?%}", "", text)  # a tag may name a variable `one=`
    assert not re.search(r"\s(on[a-z]+|hx-on[:\w-]*)\s*=", markup), "an event handler: the policy refuses it"
    assert "javascript:" not in text
    for tag in re.findall(r"<script\b[^>]*>", text):
        assert "src=" in tag or 'type="application/json"' in tag, f"an inline script: {tag}"


@each_template
def test_icons_exist(path):
    named = re.findall(r'components/icon\.html" with name="([^"]+)"', source(path))
    named += re.findall(r'components/icon\.html" with name=\w+\|default:"([^"]+)"', source(path))
    named += re.findall(r'components/empty\.html" with icon="([^"]+)"', source(path))
    named += re.findall(r'action_icon="([^"]+)"', source(path))
    assert set(named) <= ICONS


@each_template
def test_includes_and_static_files_exist(path):
    for name in re.findall(r'{% include "([^"]+)"', source(path)):
        if name.startswith("components/"):
            assert (ROOT / "templates" / name).is_file(), name
    for name in re.findall(r"{% static ['\"]((?:css|js|img)/[^'\"]+)['\"]", source(path)):
        assert (ROOT / "static" / name).is_file(), name


@pytest.mark.parametrize("path", sorted((ROOT / "templates" / "components").glob("*.html")), ids=lambda p: p.stem)
def test_every_include_says_how_it_is_used(path):
    assert path.read_text().startswith("{% comment %}")
