"""A withdrawal on one host: nothing is left in the bucket, in its earlier versions, nor on the other host."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command

from facsweb.storage import bucket as objects
from facsweb.storage import cache, shelf
from facsweb.storage import hosts as telling
from facsweb.studies.models import Scope
from facsweb.studies.withdrawing import withdraw
from tests.factories import make_recording
from tests.privacy import made


def on_disk(host: Any) -> list[str]:
    """Files of a host's caches that hold something of anybody."""
    found = (path for path in host.folder.rglob("*") if path.is_file())
    return sorted(str(path.relative_to(host.folder)) for path in found if cache.OWN not in path.parts)


@pytest.fixture
def erase(monkeypatch):
    """A worker's work on every erasure that waits; returns what the certificates say."""
    from datetime import timedelta

    from facsweb.privacy import certificates, destroying, job
    from facsweb.privacy.models import Erasure

    monkeypatch.setattr(destroying, "STOPS_WITHIN", timedelta(0))

    def do() -> list[dict[str, Any]]:
        told = []
        for erasure in Erasure.objects.filter(state="queued"):
            Erasure.objects.filter(pk=erasure.pk).update(state="running", worker="here")
            erasure = Erasure.objects.select_related("participant__study", "study").get(pk=erasure.pk)
            settled = destroying.destroy(erasure)
            told.append(certificates.content(erasure, settled))
            assert job.finish(erasure, settled)
        return told

    return do


@pytest.fixture
def everything(hosts, participant, consent, people, tmp_path) -> Any:
    """Something in every table and every folder, from before there was a bucket, and known to both hosts."""
    first, second = hosts
    with first.alone():
        world = made.everything(participant, people, made.talking(tmp_path / "talking.mp4"))
        made.a_copy(participant, people["analyst"])
    with first.here():
        call_command("storage", "upload")
    first.keep_once()
    second.keep_once()
    return world


def test_a_withdrawal_on_one_host_leaves_nothing_in_the_bucket_nor_on_the_other(
    everything, hosts, consent, erase, keys, monkeypatch
):
    first, second = hosts
    before = keys()
    assert {name.split("/")[1] for name in before} >= {"recordings", "runs", "readings", "reports", "copies"}
    with second.here():
        for folder in {"/".join(name.split("/")[1:3]) for name in before if name.startswith("media/")}:
            shelf.fetch(folder)
    assert any("original" in name for name in on_disk(second))
    monkeypatch.setattr(telling, "settle", lambda *args: (second.keep_once(), telling.Settled(2, 0))[1])
    with first.here():
        withdraw(None, consent)
        said = erase()
    assert said
    assert all("working copies of 2 servers were confirmed as removed" in one["checked"] for one in said)
    kept = ("media/certificates/",)
    assert [name for name in keys() if not name.startswith(kept)] == []
    assert [name for name in on_disk(second) if not name.startswith(kept)] == []
    assert [name for name in on_disk(first) if not name.startswith(kept)] == []


def test_an_erasure_while_the_store_is_away_is_no_success(hosts, participant, people, consent, erase, store, keys):
    first, _ = hosts
    with first.here():
        recording = make_recording(participant, people["analyst"])
        shelf.keep(recording.original.name)
    with first.here():
        withdraw(None, consent)
        with store.away(), pytest.raises(shelf.StoreAway):
            erase()
    from facsweb.privacy.models import Erasure

    assert not Erasure.objects.exclude(certificate="").exists()
    Erasure.objects.update(state="queued")
    with first.here():
        said = erase()
    assert "working copies of 1 server were confirmed" in said[0]["checked"]
    assert not any(str(recording.pk) in name for name in keys())


def test_sound_that_is_not_agreed_to_is_in_no_version_and_on_no_host(
    everything, hosts, store, bucket, consent, erase, monkeypatch
):
    first, second = hosts
    recording, client = everything["recording"], store.client()
    name = f"recordings/{recording.pk}"
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    objects._versioned.cache_clear()
    with second.here():
        assert made.AUDIO.encode() in shelf.fetch(f"{name}/original").read_bytes()
        shelf.fetch(f"{name}/proxy.mp4")
    with first.here():
        withdraw(None, consent, scopes=[Scope.AUDIO])
        erase()
        objects._versioned.cache_clear()
    recording.refresh_from_db()
    kept = {}
    for one in client.list_object_versions(Bucket=bucket).get("Versions", ()):
        body = client.get_object(Bucket=bucket, Key=one["Key"], VersionId=one["VersionId"])["Body"].read()
        assert made.AUDIO.encode() not in body, one["Key"]
        kept[one["Key"]] = body
    assert len(kept[f"facs/media/{name}/original"]) == recording.size
    second.keep_once()
    assert not second.media(f"{name}/proxy.mp4").exists()
    with second.here():
        assert shelf.fetch(f"{name}/original").read_bytes() == kept[f"facs/media/{name}/original"]
    files = (path for path in second.folder.rglob("*") if path.is_file())
    assert [path for path in files if made.AUDIO.encode() in path.read_bytes()] == []
