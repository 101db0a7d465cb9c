"""A store that is away, a disk that is full, and how hosts wait for each other."""

from __future__ import annotations

import os
import threading
from datetime import timedelta

import pytest
from django.test import override_settings
from django.utils import timezone

from facsweb.storage import bucket as objects
from facsweb.storage import cache, claims, keeper, removals, shelf
from facsweb.storage import hosts as telling
from facsweb.storage.models import Claim, Drop
from facsweb.storage.models import Host as HostRow

NAME = "recordings/1/original"


# --- a store that is away --------------------------------------------------------------------------------


def test_a_removal_while_the_store_is_away_is_done_when_it_is_back(hosts, store, keys):
    first, _ = hosts
    first.kept(NAME, b"a face")
    with first.here():
        with store.away():
            shelf.remove(NAME)
            with pytest.raises(shelf.StoreAway):
                shelf.remove(NAME, for_good=True)  # whoever certifies must know
        assert keys() == [f"media/{NAME}"]
        assert removals.finish() == 0  # whoever removes it may still be at it
        assert removals.finish(timedelta(0)) == 2
        assert removals.finish(timedelta(0)) == 0
    assert keys() == []


@pytest.mark.parametrize("name", [NAME, "recordings/1"])
def test_a_removal_that_is_late_does_not_take_what_is_new(hosts, store, keys, name):
    first, second = hosts
    first.kept(NAME, b"before")
    with first.here(), store.away():
        shelf.remove(name)
    second.kept(NAME, b"after")
    with first.here():
        assert removals.finish(timedelta(0)) == 0
        assert shelf.fetch(NAME).read_bytes() == b"after"


def test_a_process_that_dies_over_a_removal_is_made_good(hosts, monkeypatch, keys):
    first, second = hosts
    first.kept(NAME, b"a face")
    second.keep_once()
    with second.here():
        shelf.fetch(NAME)
    with monkeypatch.context() as patch, first.here():
        patch.setattr(objects, "remove", lambda *args, **how: (_ for _ in ()).throw(SystemExit))
        with pytest.raises(SystemExit):
            shelf.remove(NAME)
    second.keep_once()
    with second.here():
        assert not second.media(NAME).exists()
        assert removals.finish(timedelta(0)) == 1
    assert keys() == []


def test_what_a_dead_process_was_receiving_goes_and_what_grows_stays(hosts):
    first, _ = hosts
    folder = first.media(f"{cache.OWN}/incoming")
    (folder / "dead").mkdir(parents=True)
    (folder / "dead" / "half").write_bytes(b"a fa")
    (folder / "alive").write_bytes(b"a fac")
    for path in (folder / "dead" / "half", folder / "dead"):
        os.utime(path, (0, 0))
    with first.here():
        keeper.house()
    assert [path.name for path in folder.iterdir()] == ["alive"]


def test_who_is_at_work_is_known_to_others_until_they_die(db):
    with claims.claimed("a"):
        assert claims.is_claimed("a")
        with pytest.raises(claims.Busy), claims.claimed("a"):
            pass
        Claim.objects.update(until=timezone.now() - timedelta(seconds=1))
        assert not claims.is_claimed("a")
        with claims.claimed("a"):
            assert claims.is_claimed("a")
    assert not Claim.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_job_waits_for_the_store(hosts, store, keys):
    first, _ = hosts
    first.write(NAME, b"hours of work")
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
    first.write(NAME, b"hours of work")
    with store.away(), first.here(), shelf.patient(lambda: True), pytest.raises(shelf.StoreAway):
        shelf.keep(NAME)


# --- room ------------------------------------------------------------------------------------------------


def test_room_is_made_by_what_was_unused_longest_and_is_kept(hosts):
    first, _ = hosts
    first.kept("recordings/1/original", b"1" * 1000)
    first.kept("recordings/2/original", b"2" * 1000)
    first.write("recordings/3/original", b"3" * 1000)  # not kept yet
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
    first.kept(NAME, b"a face")

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
