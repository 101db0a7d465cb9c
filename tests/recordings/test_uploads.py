"""What uploads become: recordings, refusals, leftovers; and what happens when something dies."""

from __future__ import annotations

import errno
import io
import os
import random
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.utils import timezone

from facsweb.audit.models import Entry
from facsweb.processes.duties import duties
from facsweb.recordings import acceptance, files, services, uploads
from facsweb.recordings.models import Recording, Upload, next_expiry
from facsweb.studies.models import Participant
from facsweb.studies.services import ConsentMissing
from facsweb.studies.withdrawing import withdraw
from tests.at_once import at_once
from tests.conftest import MEDIA
from tests.recordings import clips
from tests.recordings.test_tus import upload_at


@pytest.fixture
def upload(participant, consent, people, clip) -> Upload:
    """A complete upload that is not finished yet."""
    upload = services.begin_upload(people["analyst"], participant, filename="a.mp4", length=len(clip))
    services.receive(upload, 0, io.BytesIO(clip))
    return upload


# --- acceptance --------------------------------------------------------------------------------------------


def test_finishing_twice_makes_one_recording(upload):
    first, second = services.finish_upload(upload), services.finish_upload(upload)
    assert first == second
    assert Recording.objects.count() == 1
    assert [entry.action for entry in Entry.objects.order_by("number")] == ["upload.begin", "recording.create"]


@pytest.mark.django_db(transaction=True)
def test_finishing_in_four_threads_makes_one_recording(upload):
    def finish() -> object:
        try:
            return services.finish_upload(Upload.objects.get(pk=upload.pk)).pk
        except uploads.Locked as error:
            return error

    results = at_once(finish)
    assert {result for result in results if not isinstance(result, uploads.Locked)} == {upload.pk}
    assert Recording.objects.count() == 1
    assert Entry.objects.filter(action="recording.create").count() == 1


def test_a_crash_between_move_and_commit_is_survived(upload, monkeypatch, clip):
    monkeypatch.setattr(acceptance, "_store", lambda *args: (_ for _ in ()).throw(SystemExit))
    with pytest.raises(SystemExit):
        services.finish_upload(upload)
    assert files.recording_original(upload.id).read_bytes() == clip
    assert not Recording.objects.exists()
    monkeypatch.undo()
    recording = services.finish_upload(upload)
    assert services.original_path(recording).read_bytes() == clip
    assert not files.upload_folder(upload.id).exists()


def test_asking_for_the_state_finishes_what_a_crash_left(tus, upload):
    state = tus.state(f"/uploads/{upload.pk}/")
    assert state["state"] == "finished"
    recording = state["recording"]
    assert (recording["width"], recording["height"], recording["has_audio"]) == (640, 480, False)
    assert recording["frame_rate"] == pytest.approx(25)
    assert recording["url"] == f"/recordings/{upload.pk}/"


def test_the_cleaning_command_finishes_what_a_crash_left(upload, capsys):
    call_command("uploads", "clean")
    assert "1 complete uploads finished" in capsys.readouterr().out
    assert Recording.objects.count() == 1


@pytest.mark.parametrize("moved", [timedelta(minutes=-2), timedelta(hours=3)], ids=["quiet", "clock set back"])
def test_recovery_finishes_what_nobody_came_back_for(upload, moved):
    assert acceptance.recover in duties
    assert acceptance.recover() == 0, "whoever sent the last piece is being answered"
    Upload.objects.filter(pk=upload.pk).update(expires_at=next_expiry() + moved)
    assert acceptance.recover() == 1
    assert Recording.objects.get().pk == upload.pk
    assert acceptance.recover() == 0


def test_bytes_beyond_the_acknowledged_offset_are_cut_off(tus, clip):
    address = tus.begin(len(clip))
    tus.patch(address, 0, clip[:1000])
    with files.upload_data(upload_at(address).id).open("ab") as file:
        file.write(b"written, synced, but never acknowledged" * 100)
    assert tus.head(address)["Upload-Offset"] == "1000"
    assert tus.patch(address, 1000, clip[1000:]).status_code == 204
    assert Path(Recording.objects.get().original.path).read_bytes() == clip


def test_the_same_bytes_again_are_pointed_out(tus, people):
    path = MEDIA / "d1_smile_6_12_then_12.mp4"
    first = tus.state(tus.send(path))
    assert first["duplicates"] == []
    tus.participant = Participant.objects.create(
        study=tus.participant.study, code="P-002", created_by=people["analyst"]
    )
    assert tus.create(10).status_code == 403  # nobody asked P-002 yet
    tus.participant = Participant.objects.get(code="P-001")
    second = tus.state(tus.send(path))
    assert second["duplicates"] == [{"title": path.stem, "participant": "P-001", "url": first["recording"]["url"]}]
    page = tus.client.get(f"/uploads/{second['recording']['id']}/", headers={"Accept": "text/html"})
    assert "The same file is in this study already" in page.content.decode()


# --- refusals ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        b"not a video at all" * 1000,
        random.Random(1).randbytes(200_000),  # the same noise every time: chance could make a film of it
        b"\x00" * 5000,
        b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n",
        b"ffconcat version 1.0\nfile /etc/hostname\n",
        b"\xff\xd8\xff\xe0\x00\x10JFIF" + b"\x00" * 500,
    ],
    ids=["text", "noise", "zeros", "playlist", "concat", "broken picture"],
)
def test_what_is_no_video_is_refused_with_a_sentence(tus, content):
    address = tus.begin(len(content), "film.mp4")
    response = tus.patch(address, 0, content)
    assert response.status_code == 422
    sentence = response.content.decode()
    assert sentence.rstrip().endswith(".")
    assert str(files.upload_folder(upload_at(address).id)) not in sentence
    upload = upload_at(address)
    assert (upload.state, upload.error) == ("rejected", sentence)
    assert not files.upload_folder(upload.id).exists()
    assert not files.recording_folder(upload.id).exists()
    assert tus.head(address).status_code == 410
    assert tus.state(address)["error"] == sentence
    assert Entry.objects.filter(action="upload.reject").count() == 1


def test_half_a_video_is_refused(tus, clip):
    half = clip[: len(clip) // 2]
    address = tus.begin(len(half))
    assert tus.patch(address, 0, half).status_code == 422


def test_sound_alone_is_refused(tus, tmp_path):
    import wave

    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(b"\x00\x10" * 8000)
    address = tus.send(tmp_path / "a.wav")
    assert upload_at(address).state == "rejected"


def test_sound_without_consent_is_refused_and_deleted(tus, only_video, tmp_path):
    address = tus.send(clips.write(tmp_path / "talk.mp4", sound=True))
    upload = upload_at(address)
    assert upload.state == "rejected"
    assert "has sound" in upload.error
    assert "copy without sound" in upload.error
    assert not files.upload_folder(upload.id).exists()
    assert not files.recording_folder(upload.id).exists()
    assert tus.state(tus.send(clips.write(tmp_path / "mute.mp4")))["state"] == "finished"


def test_sound_with_consent_is_kept(tus, tmp_path):
    state = tus.state(tus.send(clips.write(tmp_path / "talk.mp4", sound=True)))
    assert state["recording"]["has_audio"] is True


def test_another_checksum_than_announced_is_refused(tus, clip, clip_sha256):
    from tests.recordings.conftest import b64

    address = tus.begin(len(clip), meta=f"sha256 {b64('0' * 64)}")
    assert tus.patch(address, 0, clip).status_code == 422
    assert "checksum" in upload_at(address).error
    address = tus.begin(len(clip), meta=f"sha256 {b64(clip_sha256.upper())}")
    assert tus.patch(address, 0, clip).status_code == 204


def test_no_upload_without_consent(client_as, participant):
    from tests.recordings.conftest import Tus

    response = Tus(client_as("analyst"), participant).create(10)
    assert response.status_code == 403
    assert "has not given consent yet" in response.content.decode()


def test_withdrawal_ends_a_partial_upload_and_deletes_its_bytes(
    tus, consent, people, clip, django_capture_on_commit_callbacks
):
    address = tus.begin(len(clip))
    tus.patch(address, 0, clip[:1000])
    folder = files.upload_folder(upload_at(address).id)
    with django_capture_on_commit_callbacks(execute=True):
        withdraw(people["analyst"], consent, reason="not stated")
    assert not folder.exists()
    assert tus.patch(address, 1000, clip[1000:]).status_code == 410
    assert "withdrew consent" in tus.state(address)["error"]
    assert not Recording.objects.exists()


def test_consent_is_checked_again_at_every_piece_and_at_the_end(tus, upload, consent, clip):
    address = tus.begin(len(clip))
    tus.patch(address, 0, clip[:1000])
    # As if the withdrawal's own clean-up had not run.
    type(consent).objects.filter(pk=consent.pk).update(withdrawn_at=timezone.now())
    assert tus.patch(address, 1000, clip[1000:]).status_code == 422
    assert upload_at(address).state == "rejected"
    with pytest.raises(uploads.Rejected, match="withdrew consent"):
        services.finish_upload(upload)
    assert not Recording.objects.exists()
    assert not files.recording_folder(upload.id).exists()


def test_consent_withdrawn_while_the_file_is_read(upload, consent, monkeypatch):
    examine = acceptance._examine

    def slow(*args):
        result = examine(*args)
        type(consent).objects.filter(pk=consent.pk).update(withdrawn_at=timezone.now())
        return result

    monkeypatch.setattr(acceptance, "_examine", slow)
    with pytest.raises(uploads.Rejected):
        services.finish_upload(upload)
    assert not files.recording_folder(upload.id).exists()
    assert not Recording.objects.exists()


def test_begin_upload_needs_consent(participant, people):
    with pytest.raises(ConsentMissing):
        services.begin_upload(people["analyst"], participant, filename="a.mp4", length=10)


# --- the machine fails --------------------------------------------------------------------------------------


def test_a_full_disk_loses_nothing_that_was_acknowledged(tus, clip, monkeypatch):
    address = tus.begin(len(clip))
    tus.patch(address, 0, clip[:1000])
    fsync = os.fsync

    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    response = tus.patch(address, 1000, clip[1000:])
    assert response.status_code == 507
    assert "What has arrived is safe" in response.content.decode()
    monkeypatch.setattr(os, "fsync", fsync)
    assert tus.head(address)["Upload-Offset"] == "1000"
    assert files.upload_data(upload_at(address).id).stat().st_size == 1000
    assert tus.patch(address, 1000, clip[1000:]).status_code == 204
    assert Path(Recording.objects.get().original.path).read_bytes() == clip


def test_the_disk_of_another_file_system_is_no_problem(upload, clip, monkeypatch):
    replace = Path.replace

    def other_device(self, target):
        if self.name == "data":
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", other_device)
    recording = services.finish_upload(upload)
    assert services.original_path(recording).read_bytes() == clip
    assert sorted(path.name for path in files.recording_folder(recording.pk).iterdir()) == ["original"]


def test_a_lost_folder_is_said(tus, clip):
    address = tus.begin(len(clip))
    files.remove(files.upload_folder(upload_at(address).id))
    response = tus.patch(address, 0, clip)
    assert response.status_code == 410
    assert "Upload the file again" in response.content.decode()


def test_two_pieces_at_once_are_serialised(tus, clip):
    """The second writer is told to wait, and the file holds what the first one wrote."""
    address = tus.begin(len(clip))
    upload = upload_at(address)
    seen = []

    class Slow(io.BytesIO):
        def read(self, size: int = -1) -> bytes:
            if not seen:
                seen.append(tus.patch(address, 0, b"y" * 10).status_code)
            return super().read(size)

    assert services.receive(upload, 0, Slow(clip[:500])) == 500
    assert seen == [423]
    assert files.upload_data(upload.id).read_bytes() == clip[:500]


# --- cleaning -----------------------------------------------------------------------------------------------


def test_clean_removes_expired_uploads_and_stray_folders_only(tus, clip, settings, tmp_path):
    settings.UPLOAD_DIR = tmp_path
    young, old = (upload_at(tus.begin(len(clip))) for _ in range(2))
    Upload.objects.filter(pk=old.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    stray = files.upload_folder(young.id).with_name("00000000-0000-4000-8000-000000000000")
    notes = stray.with_name("notes")
    stray.mkdir()
    notes.mkdir(exist_ok=True)
    assert uploads.clean() == (1, 1)
    assert not Upload.objects.filter(pk=old.pk).exists()
    assert files.upload_folder(young.id).exists()
    assert not files.upload_folder(old.id).exists()
    assert not stray.exists()
    assert notes.exists()
    notes.rmdir()
    assert uploads.clean() == (0, 0)


def test_clean_goes_on_when_one_ended_in_the_same_moment(tus, people, monkeypatch):
    old = [upload_at(tus.begin(10)) for _ in range(2)]
    Upload.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    discard = uploads.discard

    def ended_meanwhile(actor, upload):
        if upload == old[0]:
            discard(people["analyst"], upload)
        discard(actor, upload)

    monkeypatch.setattr(uploads, "discard", ended_meanwhile)
    assert uploads.clean()[0] == 1
    assert not Upload.objects.exists()


def test_every_piece_moves_the_expiry(tus):
    address = tus.begin(10)
    soon = timezone.now() + timedelta(minutes=1)
    Upload.objects.filter(pk=upload_at(address).pk).update(expires_at=soon)
    tus.patch(address, 0, b"x")
    assert upload_at(address).expires_at > timezone.now() + timedelta(days=6)


def test_the_log_tells_the_story(tus):
    tus.send(MEDIA / "d1_smile_6_12_then_12.mp4")
    entry = Entry.objects.get(action="recording.create")
    assert entry.study_id == tus.participant.study_id
    assert set(entry.details) == {"participant", "filename", "size", "sha256"}
