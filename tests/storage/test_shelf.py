"""Files that two hosts share through a bucket: kept on one, used on the other, gone from both."""

from __future__ import annotations

import hashlib
import os
import threading
import time

import pytest

from facsweb.storage import backend, cache, shelf
from facsweb.storage import bucket as objects
from facsweb.storage.models import Host as HostRow

NAME = "recordings/1/original"


# --- without a bucket ------------------------------------------------------------------------------------


def test_without_a_bucket_files_are_what_lies_in_the_folder(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    (tmp_path / "a").write_bytes(b"1")
    assert shelf.fetch("a") == shelf.bring("a") == shelf.stream("a") == tmp_path / "a"
    shelf.keep("a")
    assert shelf.hashes("a") == {"a": hashlib.sha256(b"1").hexdigest()}
    shelf.remove("a")
    with pytest.raises(FileNotFoundError):
        shelf.fetch("a")


def test_without_a_bucket_nothing_of_boto_is_loaded():
    import subprocess
    import sys

    program = (
        "import sys, django; django.setup(); from facsweb.storage import shelf, keeper; keeper.start(); "
        "shelf.bring('a'); shelf.remove('a'); print('boto3' in sys.modules)"
    )
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "facsweb.settings"}
    run = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "False"


# --- in and out ------------------------------------------------------------------------------------------


def test_what_one_host_kept_the_other_has_with_the_same_time(hosts, keys):
    first, second = hosts
    first.kept(NAME, b"a face" * 1000)
    assert keys() == [f"media/{NAME}"]
    with second.here():
        assert shelf.fetch(NAME).read_bytes() == b"a face" * 1000
    here, there = first.media(NAME).stat(), second.media(NAME).stat()
    assert (here.st_size, here.st_mtime_ns) == (there.st_size, there.st_mtime_ns)


def test_a_large_file_travels_in_parts(hosts, store, bucket, monkeypatch):
    first, second = hosts
    content = os.urandom(11 * 1024**2)
    monkeypatch.setattr(backend, "PARTS_FROM", 6 * 1024**2)
    monkeypatch.setattr(backend, "PART", 5 * 1024**2)
    first.kept(NAME, content)
    etag = store.client().head_object(Bucket=bucket, Key=f"facs/media/{NAME}")["ETag"]
    assert etag.strip('"').endswith("-3")
    with second.here():
        assert shelf.fetch(NAME).read_bytes() == content


def test_a_folder_is_there_whole_or_not_at_all(hosts, monkeypatch):
    first, second = hosts
    for name in ("b.json", "a.parquet", "screen/face-0/heat.npy"):
        first.write(f"runs/1/1/{name}", name.encode())
    with first.here():
        shelf.keep("runs/1/1")
    real, came = objects.get, []

    def breaks(name, path):
        if came:
            raise shelf.StoreAway("the line broke")
        came.append(name)
        return real(name, path)

    with second.here():
        monkeypatch.setattr(objects, "get", breaks)
        with pytest.raises(shelf.StoreAway):
            shelf.fetch("runs/1/1")
        assert not second.media("runs/1/1").exists()
        monkeypatch.setattr(objects, "get", real)
        folder = shelf.fetch("runs/1/1")
        assert sorted(one.name for one in folder.rglob("*") if one.is_file()) == [
            "a.parquet",
            "b.json",
            "heat.npy",
        ]
        assert shelf.hashes("runs/1/1")["b.json"] == hashlib.sha256(b"b.json").hexdigest()


def test_what_arrives_damaged_is_not_used(hosts, store, bucket):
    first, second = hosts
    first.kept(NAME, b"right")
    client, key = store.client(), f"facs/media/{NAME}"
    about = client.head_object(Bucket=bucket, Key=key)["Metadata"]
    client.put_object(Bucket=bucket, Key=key, Body=b"wrong", Metadata=about)
    with second.here(), pytest.raises(shelf.StoreAway):
        shelf.fetch(NAME)
    assert not second.media(NAME).exists()
    assert list((second.folder / "media" / cache.OWN / "incoming").iterdir()) == []


def test_several_who_ask_at_once_bring_it_once(hosts, monkeypatch):
    first, second = hosts
    first.kept(NAME, b"x" * 100_000)
    second.keep_once()  # copies are trusted: whoever comes second finds it here
    real, came = objects.get, []
    monkeypatch.setattr(objects, "get", lambda name, path: (came.append(name), real(name, path))[1])
    found = []
    with second.here():
        threads = [
            threading.Thread(target=lambda: found.append(shelf.fetch(NAME).stat().st_size)) for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == [100_000] * 4
    assert came == [f"media/{NAME}"]


def test_nothing_is_sent_twice(hosts, monkeypatch):
    first, _ = hosts
    first.kept(NAME, b"same")
    monkeypatch.setattr(objects, "put", lambda *args: pytest.fail("it was there"))
    with first.here():
        shelf.keep(NAME)


# --- gone ------------------------------------------------------------------------------------------------


def test_what_was_removed_is_read_nowhere_also_where_nobody_keeps_the_cache(hosts, keys):
    first, second = hosts
    first.kept(NAME, b"a face")
    with second.here():
        shelf.fetch(NAME)
    with first.here():
        shelf.remove(NAME, for_good=True)
    assert keys() == []
    assert not first.media(NAME).exists()
    assert second.media(NAME).exists()  # its keeper does not run
    with second.here():
        with pytest.raises(FileNotFoundError):
            shelf.fetch(NAME)
        assert not shelf.bring(NAME).exists()
        with pytest.raises(FileNotFoundError):
            shelf.stream(NAME)
    second.keep_once()
    assert not second.media(NAME).exists()


def test_a_keeper_takes_away_what_was_removed_and_what_was_replaced(hosts):
    first, second = hosts
    first.kept(NAME, b"with sound")
    first.kept("runs/1/1/summary.json", b"{}")
    second.keep_once()
    with second.here():
        shelf.fetch(NAME)
        shelf.fetch("runs/1/1")
    first.kept(NAME, b"without")
    with first.here():
        shelf.remove("runs/1")
        mine = first.media(NAME)
    second.keep_once()
    first.keep_once()
    assert mine.exists()  # who replaced it has the right one
    assert not second.media("runs/1").exists()
    with second.here():
        assert cache.is_trusted()
        assert shelf.fetch(NAME).read_bytes() == b"without"
        with pytest.raises(FileNotFoundError):
            shelf.fetch("runs/1/1")


def test_trusted_copies_are_used_without_asking(hosts, store):
    first, second = hosts
    first.kept("runs/1/1/a", b"1")
    second.keep_once()
    with second.here():
        shelf.fetch("runs/1/1")
        with store.away():
            assert (shelf.fetch("runs/1/1") / "a").read_bytes() == b"1"
            cache.say_gone()
            with pytest.raises(shelf.StoreAway):
                shelf.fetch("runs/1/1")


def test_what_comes_for_good_is_looked_for_again_for_an_hour(hosts):
    first, second = hosts
    first.kept("runs/1/1/a", b"1")
    with first.here():
        shelf.remove("runs/1", for_good=True)
    second.keep_once()
    second.write("runs/1/1/late", b"of a worker that was still at it")
    second.keep_once()
    assert not second.media("runs/1").exists()


def test_a_host_that_was_away_makes_up_for_it_at_its_start(hosts):
    first, second = hosts
    first.kept(NAME, b"a face")
    second.keep_once()
    with second.here():
        shelf.fetch(NAME)
    with first.here():
        shelf.remove(NAME)
    second.keeper = None  # it starts again
    second.keep_once()
    assert not second.media(NAME).exists()


def test_a_host_that_was_forgotten_begins_with_nothing(hosts):
    first, second = hosts
    first.kept(NAME, b"a face")
    second.keep_once()
    with second.here():
        shelf.fetch(NAME)
    HostRow.objects.all().delete()
    second.keeper = None
    second.keep_once()
    assert not second.media(NAME).exists()


def test_files_of_before_the_bucket_are_left_alone_and_sent(hosts, keys):
    from django.core.management import call_command

    first, second = hosts
    first.write(NAME, b"older than the bucket")
    with first.here():
        assert not shelf.bring(NAME).exists()
        call_command("storage", "upload")
    first.keep_once()
    assert first.media(NAME).exists()
    assert keys() == [f"media/{NAME}"]
    with second.here():
        assert shelf.fetch(NAME).read_bytes() == b"older than the bucket"


def test_a_versioned_bucket_keeps_nothing_of_what_goes_for_good(hosts, store, bucket):
    first, _ = hosts
    client = store.client()
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    objects._versioned.cache_clear()
    first.kept(NAME, b"with sound")
    time.sleep(0.001)  # another time of the file
    first.write(NAME, b"without")
    with first.here():
        shelf.keep(NAME, purge=True)
        assert len(client.list_object_versions(Bucket=bucket)["Versions"]) == 1
        shelf.remove(NAME)
        assert shelf.exists(NAME)  # only hidden
        shelf.remove(NAME, for_good=True)
        assert not shelf.exists(NAME)
    said = client.list_object_versions(Bucket=bucket)
    assert not said.get("Versions")
    assert not said.get("DeleteMarkers")
    objects._versioned.cache_clear()


def test_parts_of_an_upload_that_was_cut_off_go_too(hosts, store, bucket):
    first, _ = hosts
    client = store.client()
    client.create_multipart_upload(Bucket=bucket, Key=f"facs/media/{NAME}")
    client.create_multipart_upload(Bucket=bucket, Key="facs/media/recordings/10/original")
    with first.here():
        shelf.remove("recordings/1", for_good=True)
    left = client.list_multipart_uploads(Bucket=bucket).get("Uploads", ())
    assert [one["Key"] for one in left] == ["facs/media/recordings/10/original"]


def test_names_that_begin_alike_are_not_confused(hosts, keys):
    first, _ = hosts
    first.kept("runs/1/1/a", b"1")
    first.kept("runs/10/1/a", b"1")
    with first.here():
        shelf.remove("runs/1", for_good=True)
    assert keys() == ["media/runs/10/1/a"]
