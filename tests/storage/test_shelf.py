"""Files that two hosts share through a bucket: kept on one, used on the other, gone from both."""

from __future__ import annotations

import hashlib
import os
import threading
import time

import pytest
from django.test import override_settings

from facsweb.storage import backend, cache, shelf
from facsweb.storage import bucket as objects
from facsweb.storage import hosts as telling
from facsweb.storage.keeper import finish_removals
from facsweb.storage.models import Drop
from facsweb.storage.models import Host as HostRow

NAME = "recordings/1/original"


def write(host, name, content):
    path = host.media(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def kept(host, name, content):
    write(host, name, content)
    with host.here():
        shelf.keep(name)


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
    kept(first, NAME, b"a face" * 1000)
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
    kept(first, NAME, content)
    etag = store.client().head_object(Bucket=bucket, Key=f"facs/media/{NAME}")["ETag"]
    assert etag.strip('"').endswith("-3")
    with second.here():
        assert shelf.fetch(NAME).read_bytes() == content


def test_a_folder_is_there_whole_or_not_at_all(hosts, monkeypatch):
    first, second = hosts
    for name in ("b.json", "a.parquet", "screen/face-0/heat.npy"):
        write(first, f"runs/1/1/{name}", name.encode())
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
    kept(first, NAME, b"right")
    client, key = store.client(), f"facs/media/{NAME}"
    about = client.head_object(Bucket=bucket, Key=key)["Metadata"]
    client.put_object(Bucket=bucket, Key=key, Body=b"wrong", Metadata=about)
    with second.here(), pytest.raises(shelf.StoreAway):
        shelf.fetch(NAME)
    assert not second.media(NAME).exists()
    assert list((second.folder / "media" / cache.OWN / "incoming").iterdir()) == []


def test_several_who_ask_at_once_bring_it_once(hosts, monkeypatch):
    first, second = hosts
    kept(first, NAME, b"x" * 100_000)
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
    kept(first, NAME, b"same")
    monkeypatch.setattr(objects, "put", lambda *args: pytest.fail("it was there"))
    with first.here():
        shelf.keep(NAME)


# --- gone ------------------------------------------------------------------------------------------------


def test_what_was_removed_is_read_nowhere_also_where_nobody_keeps_the_cache(hosts, keys):
    first, second = hosts
    kept(first, NAME, b"a face")
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
    kept(first, NAME, b"with sound")
    kept(first, "runs/1/1/summary.json", b"{}")
    second.keep_once()
    with second.here():
        shelf.fetch(NAME)
        shelf.fetch("runs/1/1")
    kept(first, NAME, b"without")
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
    kept(first, "runs/1/1/a", b"1")
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
    kept(first, "runs/1/1/a", b"1")
    with first.here():
        shelf.remove("runs/1", for_good=True)
    second.keep_once()
    write(second, "runs/1/1/late", b"of a worker that was still at it")
    second.keep_once()
    assert not second.media("runs/1").exists()


def test_a_host_that_was_away_makes_up_for_it_at_its_start(hosts):
    first, second = hosts
    kept(first, NAME, b"a face")
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
    kept(first, NAME, b"a face")
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
    write(first, NAME, b"older than the bucket")
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
    kept(first, NAME, b"with sound")
    time.sleep(0.001)  # another time of the file
    write(first, NAME, b"without")
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
    kept(first, "runs/1/1/a", b"1")
    kept(first, "runs/10/1/a", b"1")
    with first.here():
        shelf.remove("runs/1", for_good=True)
    assert keys() == ["media/runs/10/1/a"]


# --- a store that is away --------------------------------------------------------------------------------


def test_a_removal_while_the_store_is_away_is_done_when_it_is_back(hosts, store, keys):
    first, _ = hosts
    kept(first, NAME, b"a face")
    with first.here():
        with store.away():
            shelf.remove(NAME)
            with pytest.raises(shelf.StoreAway):
                shelf.remove(NAME, for_good=True)  # whoever certifies must know
        assert keys() == [f"media/{NAME}"]
        assert finish_removals() == 1
        assert finish_removals() == 0
    assert keys() == []


@pytest.mark.django_db(transaction=True)
def test_a_job_waits_for_the_store(hosts, store, keys):
    first, _ = hosts
    write(first, NAME, b"hours of work")
    store.stop()
    back = threading.Timer(0.5, store.start)
    back.start()
    try:
        with first.here(), shelf.patient():
            shelf.keep(NAME)
    finally:
        back.join()
    assert keys() == [f"media/{NAME}"]


@pytest.mark.django_db(transaction=True)
def test_a_job_that_is_told_to_stop_waits_no_longer(hosts, store):
    first, _ = hosts
    write(first, NAME, b"hours of work")
    with store.away(), first.here(), shelf.patient(lambda: True), pytest.raises(shelf.StoreAway):
        shelf.keep(NAME)


# --- room ------------------------------------------------------------------------------------------------


def test_room_is_made_by_what_was_unused_longest_and_is_kept(hosts):
    first, _ = hosts
    kept(first, "recordings/1/original", b"1" * 1000)
    kept(first, "recordings/2/original", b"2" * 1000)
    write(first, "recordings/3/original", b"3" * 1000)  # not kept yet
    with first.here():
        assert cache.evict(least=1) == 0  # used within the hour
        second = first.media("recordings/2/original")
        os.utime(second, ns=(0, second.stat().st_mtime_ns))
        with override_settings(S3_CACHE_BYTES=2500):
            assert cache.evict() == 1000
        assert not second.exists()
        assert cache.evict(least=10_000, in_use_s=-1) == 1000
    assert first.media("recordings/3/original").exists()
    assert not first.media("recordings/1/original").exists()
    with first.here():
        assert shelf.fetch("recordings/1/original").read_bytes() == b"1" * 1000


def test_a_full_disk_is_said_so(hosts, monkeypatch):
    import errno

    first, second = hosts
    kept(first, NAME, b"a face")

    def full(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(objects, "get", full)
    with second.here(), pytest.raises(shelf.CacheFull, match="no room left"):
        shelf.fetch(NAME)


# --- hosts -----------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_whoever_destroys_waits_for_hosts_that_run_and_counts_those_that_do_not(hosts):
    first, second = hosts
    first.keep_once()
    second.keep_once()
    with first.here():
        telling.announce("media/runs/1")
        assert telling.settle(wait_s=0) == telling.Settled(1, 1)
        asked = []

        def goes_on():
            asked.append(1)
            first.keeper.round()
            if len(asked) > 1:  # the round that was under way says nothing yet
                HostRow.objects.exclude(pk=first.keeper.id).update(rounds=len(asked) + 1)

        assert telling.settle(goes_on, wait_s=60) == telling.Settled(2, 0)
    assert asked
    assert Drop.objects.count() == 1
