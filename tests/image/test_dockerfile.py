"""What the Dockerfile, its locks and .dockerignore say, looked at without building."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.image import dockerfile
from tests.image.building import locked

TEXT = (REPOSITORY / "Dockerfile").read_text()


@pytest.fixture(scope="module")
def stages() -> list[dockerfile.Stage]:
    return dockerfile.read(TEXT)


def words(stage: dockerfile.Stage, word: str) -> list[dockerfile.Instruction]:
    return [one for one in stage.instructions if one.word == word]


def test_what_runs_is_the_last_stage_and_is_nobody_special(stages):
    last = stages[-1]
    (user,) = words(last, "USER")
    assert re.fullmatch(r"[1-9]\d{4}:[1-9]\d{4}", user.rest), "a number, so that platforms can see it is not root"
    (health,), (entry,), (command,) = (words(last, word) for word in ("HEALTHCHECK", "ENTRYPOINT", "CMD"))
    assert entry.words() == ["python", "manage.py"], "as a list: signals reach it, not a shell"
    assert command.words()[0] == "web"
    assert words(last, "EXPOSE")[0].rest == command.words()[-1] == health.rest.split('"')[-2] == "8000"
    # The last stage fetches nothing and holds no file of the context: all comes from stages before it.
    assert all(one.flag("from") for one in words(last, "COPY"))
    assert not any("pip" in one.rest for one in words(last, "RUN"))


def test_packages_come_from_locks_and_before_the_program(stages):
    for stage in stages:
        for one in words(stage, "RUN"):
            if " install " in one.rest and "pip" in one.rest:
                assert "--require-hashes" in one.rest
                assert "--no-deps" in one.rest
    first = stages[0].instructions
    copied = [one.rest for one in first if one.word == "COPY"]
    assert copied == ["requirements.image.lock /"], "a changed program fetches no package again"


def test_a_graphics_processor_is_one_argument_away(stages):
    assert "packages-cuda" not in {stage.name for stage in dockerfile.needed(stages)}
    accelerated = dockerfile.needed(dockerfile.read(TEXT, {"ACCELERATOR": "cuda"}))
    assert "packages-cuda" in {stage.name for stage in accelerated}
    site, cuda = (locked((REPOSITORY / f"requirements.{name}.lock").read_text()) for name in ("image", "cuda"))
    assert cuda["onnxruntime-gpu"] == site["onnxruntime"], "the same program, so that both give the same"
    shared = cuda.keys() & site.keys()
    assert {name: cuda[name] for name in shared} == {name: site[name] for name in shared}


def test_the_lock_of_the_image_is_a_part_of_the_lock(stages):
    everything, site = (
        (REPOSITORY / name).read_text() for name in ("requirements.lock", "requirements.image.lock")
    )
    of_all, of_site = locked(everything), locked(site)
    assert {name: of_all.get(name) for name in of_site} == of_site
    assert not of_site.keys() & {"pytest", "moto", "flask", "playwright", "mypy", "ruff", "bandit", "scikit-image"}
    assert {"django", "onnxruntime", "psycopg", "psycopg-binary"} <= of_site.keys()
    hashes = {name: re.findall(r"sha256:\w+", text) for name, text in (("all", everything), ("site", site))}
    assert set(hashes["site"]) <= set(hashes["all"]), "make lock writes both; they are of one moment"
    assert "://" not in site + (REPOSITORY / "requirements.cuda.lock").read_text(), "no index is named"


def test_no_secret_can_be_in_a_layer(stages):
    given = [one for stage in stages for one in stage.instructions if one.word in ("ENV", "ARG")]
    assert not [one.rest for one in given if re.search(r"KEY|PASSWORD|SECRET|TOKEN|URL", one.rest)]


def test_the_context_holds_what_runs_and_nothing_else(tmp_path):
    (tmp_path / ".dockerignore").write_text((REPOSITORY / ".dockerignore").read_text())
    inside = ["manage.py", "facsweb/settings.py", "analysis/types.py", "static/js/a.js", "docs/model_cards/x.md"]
    outside = [
        *("var/secret_key", "secrets/database_url", ".env", ".git/config", "facsweb.env", "secret.pem", "x.mp4"),
        *("tests/media/d1.mp4", "analysis/training/run.py", "facsweb/__pycache__/a.pyc", "facsweb/db.sqlite3"),
        *(".venv/bin/python", "static/.DS_Store", "docs/images/review.png", "facsweb/runs/__pycache__/b.pyc"),
    ]
    for name in (*inside, *outside):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert sorted(path.as_posix() for path in dockerfile.context(tmp_path)) == sorted(inside)


def test_whatever_the_program_imports_is_in_the_context():
    """Who imports what .dockerignore leaves out would find out in the image."""
    sent = dockerfile.context(REPOSITORY)
    left_out = re.compile(r"^\s*(?:from|import) (?:tests|analysis\.training)\b", re.MULTILINE)
    ours = [path for path in sent if path.suffix == ".py"]
    assert len(ours) > 300
    assert [str(path) for path in ours if left_out.search((REPOSITORY / path).read_text())] == []


def test_reading_a_dockerfile():
    text = "ARG A=x\nFROM base:${A} AS one\n# said\nRUN --mount=type=cache,target=/c a \\\n  # m\n  && b\nFROM one"
    one, two = dockerfile.read(text, {"A": "y"})
    assert (one.name, one.base, two.base) == ("one", "base:y", "one")
    (run,) = one.instructions
    assert (run.flag("mount"), run.rest) == ("type=cache,target=/c", "a && b")


@pytest.mark.parametrize(("name", "sent"), [("a/b.py", True), ("a/.x", False), ("c", False), ("a/t/b.py", False)])
def test_reading_dockerignore(tmp_path: Path, name: str, sent: bool):
    (tmp_path / ".dockerignore").write_text("# all\n*\n!a\n**/.*\na/t\n")
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).touch()
    assert (Path(name) in dockerfile.context(tmp_path)) is sent
