"""Uploads as large as they may be, and originals that nothing touches."""

from __future__ import annotations

import os
from pathlib import Path

from facsweb.recordings import files, services, tasks
from facsweb.recordings.models import Recording, Upload
from tests.recordings import clips
from tests.recordings.test_tus import upload_at

GB = 1024**3


def test_the_last_bytes_of_four_gigabytes_arrive_where_they_belong(tus, monkeypatch):
    """The file has holes, so it takes no room; offsets beyond 2³¹ are what is tested."""
    monkeypatch.setattr(files, "free_bytes", lambda folder: 8 * GB)
    address, sent = tus.begin(4 * GB), 4 * GB - 1024
    data = files.upload_data(upload_at(address).id)
    os.truncate(data, sent)
    Upload.objects.filter(pk=upload_at(address).pk).update(offset=sent)
    head = tus.head(address)
    assert (head["Upload-Offset"], head["Upload-Length"]) == (str(sent), str(4 * GB))
    assert tus.patch(address, sent, b"x" * 1000)["Upload-Offset"] == str(4 * GB - 24)
    assert data.stat().st_size == 4 * GB - 24
    with data.open("rb") as file:
        file.seek(sent)
        assert file.read() == b"x" * 1000
    assert tus.patch(address, 4 * GB - 24, b"y" * 25).status_code == 413


def test_making_a_playable_copy_leaves_the_original_as_it_was(tus, tmp_path):
    sent = clips.write(tmp_path / "clip.mov", codec="mpeg4", sound=True)
    tus.send(sent)
    recording = Recording.objects.get()
    original = services.original_path(recording)
    assert original.read_bytes() == sent.read_bytes()
    changed_at = original.stat().st_mtime_ns
    tasks.make_proxy(str(recording.pk))
    recording.refresh_from_db()
    assert recording.proxy_state == Recording.ProxyState.READY
    assert Path(recording.proxy.path) != original
    assert original.read_bytes() == sent.read_bytes()
    assert original.stat().st_mtime_ns == changed_at
