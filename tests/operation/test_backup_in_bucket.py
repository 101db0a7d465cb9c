"""A backup of an installation whose files lie in a bucket, restored into another bucket."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("facsweb.storage.bucket")

from facsweb.operation.backup import files, making, manifest, restoring
from facsweb.storage import bucket as its_bucket
from tests.storage.conftest import Host, bucket, hosts, running_store, store  # noqa: F401  (fixtures)

HELD = {"recordings/1/original": b"a video", "runs/2/1/events.csv": b"code\n"}


def test_files_come_from_the_bucket_and_go_into_another(hosts, store, tmp_path):  # noqa: F811
    """The host that makes the backup has none of them, and has none afterwards."""
    first, second = hosts
    for name, content in HELD.items():
        first.kept(name, content)
    with second.here():
        made = making.make(tmp_path / "copies")
        assert (made.files, made.copied, made.missing) == (2, 12, [])
        assert not list(files.below(second.folder / "media")), "this host's disk is not filled"
        assert making.make(tmp_path / "copies").copied == 0, "what did not change is shared"
        generation = manifest.chosen(tmp_path / "copies")
        assert list(manifest.faults(generation, manifest.read(generation))) == []
        kept = list(manifest.files(generation))
        assert {one.name for one in kept} == {f"media/{name}" for name in HELD}
    store.client().create_bucket(Bucket="another")
    with Host("third", tmp_path / "third", "another", store).here():
        assert list(files.names("media", Path("unused"))) == []
        for one in kept:
            restoring._put(generation, one)
        assert {one.name: one.sha256 for one in kept} == {
            name: its_bucket.head(name).sha256 for name in its_bucket.listed("media/")
        }
