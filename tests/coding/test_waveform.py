"""The voice lane: made by a worker once, hidden without consent, honest when there is nothing."""

from __future__ import annotations

import base64

import av
import numpy as np
import pytest

from facsweb.coding import tasks, waveform
from facsweb.processes import queue
from facsweb.runs.services import result_dir
from facsweb.studies.models import Consent, Scope

pytestmark = pytest.mark.django_db
RATE = 16_000


def with_sound(run, seconds=4):
    """Silence for two seconds, then a tone."""
    path = run.recording.original.path
    with av.open(path, "w", format="mp4") as out:
        video, audio = out.add_stream("libx264", rate=25), out.add_stream("aac", rate=RATE, layout="mono")
        video.width, video.height, video.pix_fmt = 64, 64, "yuv420p"
        for number in range(25 * seconds):
            frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), number % 255, np.uint8), "rgb24")
            out.mux(video.encode(frame))
        at = np.arange(RATE * seconds) / RATE
        wave = np.where(at < 2, 0, 0.5 * np.sin(2 * np.pi * 220 * at)).astype(np.float32)
        for start in range(0, len(wave), 1024):
            piece = wave[start : start + 1024]
            sound = av.AudioFrame.from_ndarray(piece[None], format="fltp", layout="mono")
            sound.sample_rate, sound.pts = RATE, start
            out.mux(audio.encode(sound))
        out.mux(video.encode())
        out.mux(audio.encode())
    run.recording.has_audio = True
    run.recording.save(update_fields=["has_audio"])
    waveform._outline.cache_clear()
    return run


def address(run, query="?from=0&to=4000000&width=40"):
    return f"/runs/{run.pk}/waveform{query}"


def test_the_first_to_look_asks_for_it_and_then_it_is_there(client_as, run, monkeypatch):
    with_sound(run)
    asked = []
    monkeypatch.setattr(queue, "is_carried", lambda job_id: job_id in asked)
    monkeypatch.setattr(queue, "enqueue", lambda function, *args, job_id, **about: not asked.append(job_id))
    client = client_as("coder")
    for _ in range(2):
        answer = client.get(address(run))
        assert (answer.status_code, answer.json()) == (202, {"words": waveform.MAKING, "coming": True})
    assert len(asked) == 1  # not once more while it waits
    tasks.make_waveform(str(run.pk))
    tasks.make_waveform(str(run.pk))  # may run twice
    low, high = np.frombuffer(base64.b64decode(client.get(address(run)).json()["peaks"]), np.int8).reshape(2, 40)
    assert np.abs([low[:18], high[:18]]).max() <= 1  # silence
    assert (high[22:38] == pytest.approx(64, abs=6)) & (
        low[22:38] == pytest.approx(-64, abs=6)
    )  # half of the range


def test_without_consent_for_the_voice_it_is_hidden(client_as, run, consent):
    with_sound(run)
    Consent.objects.filter(pk=consent.pk).update(scopes=[str(Scope.VIDEO)])
    answer = client_as("coder").get(address(run))
    assert (answer.status_code, answer.json()["error"]) == (409, "hidden: no consent for voice")
    tasks.make_waveform(str(run.pk))
    assert not (result_dir(run) / "screen" / "waveform.npy").exists()  # nor is it read
    page = client_as("coder").get(f"/runs/{run.pk}/review/").content.decode()
    assert "hidden: no consent for voice" in page
    assert f"/runs/{run.pk}/waveform" not in page


def test_a_recording_without_sound_has_no_lane(client_as, run):
    assert client_as("coder").get(address(run)).status_code == 409
    assert 'id="voice"' not in client_as("coder").get(f"/runs/{run.pk}/review/").content.decode()


def test_sound_that_cannot_be_read_says_so(client_as, run):
    run.recording.has_audio = True  # the file holds none
    run.recording.save(update_fields=["has_audio"])
    tasks.make_waveform(str(run.pk))
    answer = client_as("coder").get(address(run))
    assert answer.status_code == 202
    assert answer.json() == {
        "words": "The sound cannot be drawn. There is no sound in this file.",
        "coming": False,
    }


@pytest.mark.parametrize("query", ["?from=5&to=5", "?width=0", "?from=x", "?width=99999"])
def test_nonsense_is_refused(client_as, run, query):
    assert client_as("coder").get(address(with_sound(run), query)).status_code == 400
