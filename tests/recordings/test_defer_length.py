"""Uploads that say at their end how long they are (tus: creation-defer-length)."""

from __future__ import annotations

import io

import pytest

from facsweb.recordings import acceptance, uploads
from facsweb.recordings.models import Recording, Upload

pytestmark = pytest.mark.django_db


def deferred(tus, **headers):
    base = {"Tus-Resumable": "1.0.0", "Upload-Defer-Length": "1"} | headers
    return tus.client.post(f"/participants/{tus.participant.pk}/upload/tus/", headers=base)


def test_the_length_is_told_with_the_last_piece(tus, clip, clip_sha256):
    answer = deferred(tus)
    assert answer.status_code == 201
    address, half = answer["Location"], len(clip) // 2
    assert tus.patch(address, 0, clip[:half]).status_code == 204
    head = tus.head(address)
    assert (head["Upload-Offset"], head["Upload-Defer-Length"]) == (str(half), "1")
    assert "Upload-Length" not in head
    assert not Recording.objects.exists()
    last = tus.patch(address, half, clip[half:], **{"Upload-Length": str(len(clip))})
    assert last.status_code == 204
    assert Recording.objects.get().sha256 == clip_sha256


def test_an_empty_one_is_never_taken_for_complete(tus):
    deferred(tus)
    assert uploads.receive(Upload.objects.get(), 0, io.BytesIO()) == 0
    assert acceptance.finish_complete() == 0
    with pytest.raises(uploads.Incomplete, match="The end is still missing"):
        acceptance.finish_upload(Upload.objects.get())


@pytest.mark.parametrize("headers", [{"Upload-Defer-Length": "2"}, {"Upload-Length": "9"}])
def test_either_a_length_or_a_promise(tus, headers):
    assert deferred(tus, **headers).status_code == 400


def test_a_length_is_said_once_and_not_below_what_arrived(tus, clip):
    address = deferred(tus)["Location"]
    tus.patch(address, 0, clip[:1000])
    upload = Upload.objects.get()
    with pytest.raises(uploads.UploadError, match="1000 bytes already"):
        uploads.announce(upload, 999)
    with pytest.raises(uploads.TooLarge):
        uploads.announce(upload, 1 << 60)
    uploads.announce(upload, 2000)
    uploads.announce(upload, 2000)
    with pytest.raises(uploads.UploadError):
        uploads.announce(upload, 3000)
    assert tus.patch(address, 1000, clip[1000:2001]).status_code == 413
