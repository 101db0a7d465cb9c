"""What the documents say of tests and settings is so: they are read here and held against the code."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from facsweb import installation
from tests.conftest import REPOSITORY

#: A file, a folder or a function of the tests, as documents name it.
NAMED = re.compile(r"(?<![\w/])(tests/[\w/]+\.py(?:::\w+)?|tests/[\w/]+(?![\w/.*{<…]))")
BARE = re.compile(r"(?<![\w/])test_\w+\.py")
DOCUMENTS = ["SECURITY.md", *sorted(f"docs/{path.name}" for path in (REPOSITORY / "docs").glob("*.md"))]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_test_that_a_document_names_is_there(document):
    text = (REPOSITORY / document).read_text()
    for name in NAMED.findall(text):
        path, _, function = name.partition("::")
        found = REPOSITORY / path
        assert found.exists(), name
        if function:
            assert re.search(rf"^(async )?def {function}\(", found.read_text(), re.MULTILINE), name


@pytest.mark.parametrize("document", ["SECURITY.md", "docs/security.md"])
def test_every_claim_about_security_names_its_tests_whole_and_has_its_figures(document):
    text = (REPOSITORY / document).read_text()
    assert BARE.findall(text) == [], "a test without its folder"
    assert "to be filled" not in text.lower()
    for row in re.findall(r"^\| \*\*.*\|$", text, re.MULTILINE):
        assert NAMED.search(row), f"a row of the threat model without a test: {row[:60]}"


# --- the table of the environment ----------------------------------------------------------------------------

#: Read by the code, and nothing that an operator sets: what the demonstration and tests tell their processes,
#: Django's own, where an operating system keeps caches, and a limit that child processes are given.
OURS = {
    *("FACSWEB_DEMONSTRATION", "FACSWEB_TEST_DATA", "DJANGO_SETTINGS_MODULE", "XDG_CACHE_HOME", "LOCALAPPDATA"),
    "OMP_THREAD_LIMIT",
}
#: Documented as examples or read by libraries.
OTHERS = {"EMAIL_BACKEND"}
READ = re.compile(
    r"environ(?:\.get|\.setdefault|\.pop)?[\[(]f?[\"']([A-Z][A-Z0-9_]+)[\"']"
    r"|(?:is_on|_secret|_certificates)\((?:environ, )?[\"']([A-Z][A-Z0-9_]+)[\"']"
    r"|^SETTING: Final = \"([A-Z][A-Z0-9_]+)\"",
    re.MULTILINE,
)


def read_by_the_code() -> set[str]:
    found: set[str] = set(installation.SECRETS)
    for folder in ("facsweb", "analysis"):
        for path in (REPOSITORY / folder).rglob("*.py"):
            found |= {name for names in READ.findall(path.read_text()) for name in names if name}
    # ``facsweb/reports/token.py`` puts these names together.
    return (found | {f"FACSWEB_PKCS11_{name}" for name in ("MODULE", "TOKEN", "LABEL")}) - OURS


def told_by_the_document() -> list[str]:
    text = (REPOSITORY / "docs/deploy.md").read_text()
    table = text.split("## Environment")[1].split("\n## ")[0]
    first = [row.split("|")[1] for row in table.splitlines() if row.startswith("| `")]
    return re.findall(r"`([A-Z][A-Z0-9_]+)(?:=\w+)?`", " ".join(first))


def test_the_table_of_the_environment_is_what_the_code_reads():
    told = told_by_the_document()
    assert [name for name, times in Counter(told).items() if times > 1] == [], "told twice"
    files = {f"{name}_FILE" for name in installation.SECRETS}
    assert files <= set(told), "secrets whose file is not told"
    assert set(told) - files - OTHERS == read_by_the_code() - OTHERS
