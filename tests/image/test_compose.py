"""What compose.yaml promises: commands that exist, settings that are known, doors that are shut."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.management import get_commands, load_command_class

from facsweb import installation
from tests.conftest import REPOSITORY
from tests.image import composed

TMP = "/tmp"  # noqa: S108  (the container's)
HOST = {"FACSWEB_HOST": "faces.example.org"}
APP = ("migrate", "web", "recovery", "worker-media", "worker-cpu", "worker-gpu", "live")


@pytest.fixture(scope="module")
def whole() -> dict[str, Any]:
    return composed.read(REPOSITORY / "compose.yaml", HOST)


@pytest.fixture(scope="module")
def services(whole) -> dict[str, Any]:
    return whole["services"]


def documented() -> set[str]:
    """Names in the table of docs/deploy.md."""
    rows = re.findall(r"^\| (`.*?) \|", (REPOSITORY / "docs/deploy.md").read_text(), re.MULTILINE)
    return {name for row in rows for name in re.findall(r"`([A-Z][A-Z0-9_]+)", row)}


def test_without_a_name_of_the_site_nothing_starts():
    with pytest.raises(AssertionError, match="FACSWEB_HOST"):
        composed.read(REPOSITORY / "compose.yaml", {})


@pytest.mark.parametrize("name", APP)
def test_every_command_is_one_of_ours_and_takes_its_arguments(services, name):
    command, *arguments = services[name]["command"]
    parser = load_command_class(get_commands()[command], command).create_parser("manage.py", command)
    assert parser.parse_args(arguments)


def test_the_three_queues_are_listened_to(services):
    listened = [services[name]["command"][-1] for name in services if name.startswith("worker-")]
    assert sorted(",".join(listened).split(",")) == ["cpu", "gpu", "media"]


def test_settings_are_those_of_the_table(services):
    cuda = composed.read(REPOSITORY / "compose.cuda.yaml", HOST)["services"]["worker-gpu"]["environment"]
    given = {
        name for one in services.values() if composed.is_ours(one) for name in one["environment"]
    } | cuda.keys()
    others = {
        name for name in given if name.startswith(("PG", "NVIDIA_"))
    }  # of libpq and of the container toolkit
    assert given - others - documented() == set()
    assert {name.removesuffix("_FILE") for name in given if name.endswith("_FILE")} <= set(installation.SECRETS)


def test_secrets_are_files_and_each_service_has_its_own(whole, services):
    for name, one in services.items():
        assert set(composed.secrets_of(one).values()) <= whole["secrets"].keys()
        paths = {value for key, value in (one.get("environment") or {}).items() if key.endswith("_FILE")}
        assert {path.removeprefix("/run/secrets/") for path in paths} <= composed.secrets_of(one).keys(), name
    for name in (name for name in APP if name != "migrate"):
        assert not {"owner_database_url", "owner_password"} & set(composed.secrets_of(services[name]).values())
    text = (REPOSITORY / "compose.yaml").read_text()
    assert not re.search(r"(?i)(password|secret|key)\w*: *[\"']?(?!/run/secrets|\{file)[a-z0-9]{6,}", text)
    made = (REPOSITORY / "deploy/secrets.sh").read_text()
    assert all(f'"$folder/{name}"' in made for name in whole["secrets"])


def test_database_and_redis_can_be_reached_from_inside_alone(whole, services):
    assert whole["networks"]["inside"] == {"internal": True}
    for name in ("postgres", "redis", "protect"):
        assert services[name]["networks"] == ["inside"]
        assert "ports" not in services[name]
    published = {name: one["ports"] for name, one in services.items() if "ports" in one}
    assert published.keys() == {"web", "proxy"}
    assert all(port.startswith("127.0.0.1:") for port in published["web"])
    assert "inside" not in services["proxy"]["networks"]


def test_nothing_runs_with_rights_that_it_does_not_need(services):
    for name, one in services.items():
        assert one["cap_drop"] == ["ALL"], name
        assert one["read_only"] is True, name
        assert one["security_opt"] == ["no-new-privileges:true"], name
        assert one["restart"] in ("unless-stopped", "on-failure"), name
        if one["restart"] == "unless-stopped":
            assert {"cpus", "memory"} <= one["deploy"]["resources"]["limits"].keys(), name
    assert {name for name, one in services.items() if "cap_add" in one} == {"proxy"}


def test_migrations_come_first_and_databases_before_them(services):
    assert services["migrate"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    done = {"condition": "service_completed_successfully"}
    assert services["protect"]["depends_on"] == {"migrate": done}
    for name in APP[1:]:
        assert services[name]["depends_on"]["protect"] == done
    assert services["postgres"]["healthcheck"]["test"]
    assert services["redis"]["healthcheck"]["test"]
    assert "lock_timeout" in services["migrate"]["environment"]["PGOPTIONS"]


def test_workers_may_hold_what_a_job_may_take(services):
    from facsweb.processes import limits

    for name in (name for name in APP if name.startswith("worker-")):
        memory = services[name]["deploy"]["resources"]["limits"]["memory"]
        assert int(memory.removesuffix("g")) * 1024 > limits.MEMORY_MB, name


def test_only_data_and_tmp_are_written_to(whole, services):
    for name in APP:
        assert services[name]["volumes"] == ["data:/data"]
        assert [one.partition(":")[0] for one in services[name]["tmpfs"]] == [TMP]
    named = {one.partition(":")[0] for each in services.values() for one in each.get("volumes", [])}
    assert {name for name in named if not name.startswith("./")} == whole["volumes"].keys()
    for path in (name for name in named if name.startswith("./")):
        assert (REPOSITORY / path).is_file()


def test_the_proxy_writes_no_address_down(services):
    said = (REPOSITORY / "deploy/Caddyfile").read_text()
    assert re.search(r"^\s*log\b(?! default)", said, re.MULTILINE) is None, (
        "an access log would hold links of people"
    )
    assert "exclude http.log.error http.handlers.reverse_proxy" in said
    assert "dynamic a web 8000" in said
    assert services["web"]["command"][-1] == "8000"
