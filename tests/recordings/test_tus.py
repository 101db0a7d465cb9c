"""The tus 1.0.0 protocol as clients see it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from django.test import Client, override_settings

from facsweb.recordings import files
from facsweb.recordings.models import Recording, Upload
from tests.recordings.conftest import PIECE, Tus, b64


def upload_at(address: str) -> Upload:
    return Upload.objects.get(pk=address.strip("/").split("/")[-1])


def bytes_of(upload: Upload) -> bytes:
    return files.upload_data(upload.id).read_bytes()


def test_options_tell_what_the_server_can(tus):
    for address in (f"/participants/{tus.participant.pk}/upload/tus/", tus.begin(10)):
        response = tus.client.options(address)
        assert response.status_code == 204
        assert response["Tus-Version"] == "1.0.0"
        assert set(response["Tus-Extension"].split(",")) >= {"creation", "checksum", "termination", "expiration"}
        assert response["Tus-Max-Size"] == str(4 * 1024**3)
        assert "sha1" in response["Tus-Checksum-Algorithm"]


def test_a_file_in_three_pieces_becomes_a_recording(tus, clip, clip_sha256):
    address, third = tus.begin(len(clip)), len(clip) // 3
    for start in (0, third):
        response = tus.patch(address, start, clip[start : start + third])
        assert (response.status_code, response["Upload-Offset"]) == (204, str(start + third))
    head = tus.head(address)
    assert head.status_code == 200
    assert head["Upload-Offset"] == str(2 * third)
    assert head["Upload-Length"] == str(len(clip))
    assert head["Cache-Control"] == "no-store"
    assert "GMT" in head["Upload-Expires"]
    assert tus.patch(address, 2 * third, clip[2 * third :]).status_code == 204
    recording = Recording.objects.get()
    assert recording.sha256 == clip_sha256
    assert Path(recording.original.path).read_bytes() == clip
    assert (recording.title, recording.filename) == ("Interview 1", "Interview 1.mp4")
    assert (recording.width, recording.height, recording.has_audio) == (640, 480, False)
    assert abs(recording.duration_us - 10_000_000) < 100_000
    assert not files.upload_folder(upload_at(address).id).exists()


def test_creation_with_upload(tus, clip, clip_sha256):
    response = tus.client.post(
        f"/participants/{tus.participant.pk}/upload/tus/",
        clip,
        content_type=PIECE,
        headers={"Tus-Resumable": "1.0.0", "Upload-Length": str(len(clip))},
    )
    assert (response.status_code, response["Upload-Offset"]) == (201, str(len(clip)))
    assert Recording.objects.get().sha256 == clip_sha256


@pytest.mark.parametrize(
    ("length", "status"),
    [("99999999999999999999999", 413), (4 * 1024**3 + 1, 413), (0, 400), ("-1", 400), ("ten", 400), ("", 400)],
)
def test_lengths_that_are_refused(tus, length, status):
    response = tus.create(length)
    assert response.status_code == status
    assert response.content.endswith(b".")  # a sentence
    assert not Upload.objects.exists()


def test_missing_version_is_412_and_names_the_version(tus):
    address = tus.begin(10)
    response = tus.client.head(address)
    assert (response.status_code, response["Tus-Version"]) == (412, "1.0.0")
    assert tus.client.post(f"/participants/{tus.participant.pk}/upload/tus/").status_code == 412


def test_wrong_offset_is_409_and_changes_nothing(tus):
    address = tus.begin(10)
    assert tus.patch(address, 0, b"01234").status_code == 204
    for offset in (0, 4, 6, 10):
        assert tus.patch(address, offset, b"xxx").status_code == 409
    assert tus.head(address)["Upload-Offset"] == "5"
    assert bytes_of(upload_at(address)) == b"01234"


@pytest.mark.parametrize("offset", ["", "-1", "x", "1.5"])
def test_offset_that_is_no_number_is_400(tus, offset):
    assert tus.patch(tus.begin(10), offset, b"x").status_code == 400


def test_wrong_content_type_is_415(tus):
    assert tus.patch(tus.begin(10), 0, b"x", content_type="application/octet-stream").status_code == 415


def test_more_bytes_than_announced_is_413_and_nothing_stays(tus):
    address = tus.begin(10)
    assert tus.patch(address, 0, b"0123456789A").status_code == 413
    assert tus.head(address)["Upload-Offset"] == "0"
    assert bytes_of(upload_at(address)) == b""


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_checksums_of_pieces(tus, algorithm):
    address = tus.begin(10)
    right = f"{algorithm} {b64(hashlib.new(algorithm, b'01234').digest())}"
    assert tus.patch(address, 0, b"0123X", **{"Upload-Checksum": right}).status_code == 460
    assert tus.head(address)["Upload-Offset"] == "0"
    assert bytes_of(upload_at(address)) == b""
    assert tus.patch(address, 0, b"01234", **{"Upload-Checksum": right}).status_code == 204


@pytest.mark.parametrize("header", ["md5 AAAA", "sha1 AAAA", "sha1 !", "sha1", ""])
def test_checksums_that_make_no_sense_are_400(tus, header):
    assert tus.patch(tus.begin(10), 0, b"01234", **{"Upload-Checksum": header}).status_code == 400


@pytest.mark.parametrize(
    "meta", ["sha256 !!!", "sha256 " + b64("abc"), "name " + b64(b"\xff\xfe"), "x " + "A" * 5000]
)
def test_metadata_that_make_no_sense_are_refused(tus, meta):
    assert tus.create(10, meta=meta).status_code in (400, 413)


def test_file_names_lose_folders_and_control_characters(tus):
    upload = upload_at(tus.begin(10, "C:\\films\\..\\a\x00b\n.mp4"))
    assert upload.filename == "ab.mp4"
    assert upload_at(tus.begin(10, "../../")).filename == ".."  # a name, never a path: files lie under ids
    assert upload_at(tus.begin(10, "")).filename == "video"


def test_termination(tus):
    address = tus.begin(10)
    tus.patch(address, 0, b"01234")
    folder = files.upload_folder(upload_at(address).id)
    assert folder.exists()
    assert tus.delete(address).status_code == 204
    assert not folder.exists()
    assert tus.head(address).status_code == 404
    assert tus.delete(address).status_code == 404


def test_a_finished_upload_cannot_be_terminated(tus, clip):
    address = tus.begin(len(clip))
    tus.patch(address, 0, clip)
    assert tus.delete(address).status_code == 410
    assert Path(Recording.objects.get().original.path).exists()
    assert tus.head(address)["Upload-Offset"] == str(len(clip))


def test_method_override(tus):
    address = tus.begin(10)
    response = tus.client.post(
        address,
        b"01234",
        content_type=PIECE,
        headers={"Tus-Resumable": "1.0.0", "Upload-Offset": "0", "X-HTTP-Method-Override": "PATCH"},
    )
    assert (response.status_code, response["Upload-Offset"]) == (204, "5")


def test_other_methods_are_405(tus):
    address = tus.begin(10)
    assert tus.client.put(address, b"").status_code == 405
    assert tus.client.get(f"/participants/{tus.participant.pk}/upload/tus/").status_code == 405


def test_a_busy_upload_is_423(tus):
    address = tus.begin(10)
    with files.locked(files.upload_folder(upload_at(address).id)):
        response = tus.patch(address, 0, b"01234")
        assert (response.status_code, response["Retry-After"]) == (423, "2")
        assert tus.delete(address).status_code == 423
    assert tus.patch(address, 0, b"01234").status_code == 204


def test_csrf_is_required(people, participant, consent):
    client = Client(enforce_csrf_checks=True)
    client.force_login(people["analyst"], backend="allauth.account.auth_backends.AuthenticationBackend")
    assert Tus(client, participant).create(10).status_code == 403
    token = client.get(f"/participants/{participant.pk}/upload/").cookies["csrftoken"].value
    assert Tus(client, participant).create(10, **{"X-CSRFToken": token}).status_code == 201


@pytest.mark.parametrize(
    ("role", "status"),
    [
        ("administrator", 201),
        ("analyst", 201),
        ("coder", 403),
        ("manager", 403),
        ("stranger", 404),
        ("staff", 404),
    ],
)
def test_who_may_begin(client_as, participant, consent, role, status):
    assert Tus(client_as(role), participant).create(10).status_code == status


def test_only_the_creator_continues(tus, client_as):
    address = tus.begin(10)
    for role, status in (("administrator", 403), ("coder", 403), ("manager", 403), ("stranger", 404)):
        other = Tus(client_as(role), tus.participant)
        assert other.patch(address, 0, b"x").status_code == status, role
        assert other.delete(address).status_code == status, role
        assert other.head(address).status_code == status, role
    assert Client().head(address).status_code == 302
    assert upload_at(address).offset == 0


def test_a_person_who_left_the_study_cannot_continue(tus, study, people):
    address = tus.begin(10)
    study.memberships.filter(user=people["analyst"]).delete()
    assert tus.patch(address, 0, b"x").status_code == 404


@override_settings(MAX_UPLOAD_BYTES=9)
def test_the_limit_is_the_setting(tus):
    assert tus.create(10).status_code == 413
    assert tus.create(9).status_code == 201


def test_a_disk_without_room_is_said_at_the_start(tus, monkeypatch):
    monkeypatch.setattr(files, "free_bytes", lambda folder: 1000)
    response = tus.create(10)
    assert response.status_code == 507
    assert b"room" in response.content
