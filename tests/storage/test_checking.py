"""What is wrong with the storage of files, in words, with what to do about it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.core.management import CommandError, call_command
from django.test import RequestFactory, override_settings

from facsweb.storage import bucket as objects
from facsweb.storage import cache, checking, shelf
from facsweb.unavailable import Unavailable


def test_all_is_well_with_a_bucket_and_without(hosts, keys, capsys):
    first, _ = hosts
    with first.here():
        assert checking.check() == []
        call_command("storage", "check")
        assert "can be written" in capsys.readouterr().out
    assert keys() == []  # what was tried is gone


def test_a_bucket_that_is_not_there(hosts):
    first, _ = hosts
    with replace(first, bucket="facs-none").here():
        (fault,) = checking.check()
        with pytest.raises(CommandError, match="put right"):
            call_command("storage", "check")
    assert "facs-none cannot be reached" in fault.what
    assert "FACSWEB_S3_BUCKET" in fault.remedy


def test_a_store_that_is_away(hosts, store):
    first, _ = hosts
    with first.here(), store.away():
        (fault,) = checking.check()
    assert "FACSWEB_S3_ENDPOINT" in fault.remedy


def test_a_right_that_is_missing_is_named(hosts, monkeypatch):
    from botocore.exceptions import ClientError

    first, _ = hosts
    with first.here():
        denied = ClientError({"Error": {"Code": "AccessDenied"}}, "CreateMultipartUpload")
        monkeypatch.setattr(objects.client(), "create_multipart_upload", lambda **_: (_ for _ in ()).throw(denied))
        (fault,) = checking.check()
    assert "in parts" in fault.what
    assert "docs/deploy.md" in fault.remedy


def test_a_store_in_the_clear_a_folder_that_cannot_be_written_and_a_full_disk(hosts, tmp_path, monkeypatch):
    first, _ = hosts
    with first.here():
        monkeypatch.setattr(checking, "LOOPBACK", ())
        (tmp_path / "file").touch()
        monkeypatch.setattr(cache, "KEEP_FREE", 1 << 60)
        with override_settings(SCORERS_DIR=tmp_path / "file" / "scorers"):
            said = " ".join(fault.what for fault in checking.check())
    assert "in the clear" in said
    assert "scorers cannot be written" in said
    assert "MiB are free" in said


def test_files_of_before_the_bucket_are_noticed(hosts):
    first, _ = hosts
    first.media("recordings/1").mkdir(parents=True)
    with first.here():
        (fault,) = checking.check()
    assert "manage.py storage upload" in fault.remedy


@pytest.mark.parametrize(
    ("error", "status"), [(shelf.StoreAway("closed"), 503), (shelf.CacheFull(), 507), (ValueError(), None)]
)
def test_people_and_programs_are_told_and_when_to_ask_again(error, status):
    middleware = Unavailable(lambda request: None)
    page = middleware.process_exception(RequestFactory().get("/", headers={"Accept": "text/html"}), error)
    data = middleware.process_exception(RequestFactory().get("/", headers={"Accept": "application/json"}), error)
    if status is None:
        assert page is data is None
        return
    assert page.status_code == data.status_code == status
    assert page["Retry-After"] == data["Retry-After"] == "15"
    assert b"Nothing that was saved is lost" in page.content
    assert b"Nothing that was saved is lost" in data.content
