"""Two hundred damaged and hostile videos on the real way in, with a real worker for what is accepted."""

from __future__ import annotations

import io
import time
from collections import Counter
from pathlib import Path

import pytest
from django.conf import settings

from facsweb.processes import belt
from facsweb.recordings import files, services
from facsweb.recordings.models import Recording, Upload
from facsweb.recordings.uploads import Rejected
from tests.programs import wait_until
from tests.runs.conftest import start_child, worker
from tests.security.helpers import scratch_left
from tests.security.mutations import CHANGES, CONTAINERS, EACH, mutated

__all__ = ["start_child", "worker"]  # fixtures
LONGEST_S = 30
Proxy = Recording.ProxyState


@pytest.mark.once  # of files read in confined processes; what the database keeps of an upload, others ask on both
@pytest.mark.django_db(transaction=True)
@pytest.mark.timeout(600)
def test_two_hundred_mutated_videos(participant, consent, people, worker, tmp_path, capsys):
    analyst, slowest, ends = people["analyst"], 0.0, Counter()
    uploads_before = set(Path(settings.UPLOAD_DIR).glob("*"))  # of tests before this one
    left_before = set(scratch_left())
    began = time.monotonic()
    for name, content in mutated(tmp_path):
        upload = services.begin_upload(analyst, participant, filename=name, length=len(content))
        services.receive(upload, 0, io.BytesIO(content))
        start = time.monotonic()
        try:
            recording = services.finish_upload(upload)
        except Rejected as refusal:
            upload.refresh_from_db()
            assert upload.state == Upload.State.REJECTED, name
            sentence = str(refusal)
            assert len(sentence) > 20, name
            assert sentence[0].isupper(), name
            assert sentence.endswith((".", ").")), name
            assert "Traceback" not in sentence, name
            assert "/" not in sentence, name
            limit = "stopped" in sentence or "stop at once" in sentence
            ends["stopped by a limit" if limit else "refused"] += 1
            assert not files.upload_folder(upload.id).exists(), name
            assert not files.recording_folder(upload.id).exists(), name
        else:
            ends["accepted"] += 1
            services.poster(recording)  # a picture or none; never an error
        slowest = max(slowest, time.monotonic() - start)
    uploaded_s = time.monotonic() - began
    assert sum(ends.values()) == len(CONTAINERS) * len(CHANGES) * EACH == 200
    assert slowest < LONGEST_S
    assert ends["refused"] > 40
    assert ends["accepted"] > 40

    # What was accepted and no browser plays is copied by the worker, which outlives all of it.
    waiting = Recording.objects.filter(proxy_state__in=[Proxy.WAITING, Proxy.MAKING])
    copied = Recording.objects.exclude(proxy_state=Proxy.NOT_NEEDED).count()
    wait_until(lambda: not waiting.exists(), what="every copy is made or given up")
    states = Counter(Recording.objects.values_list("proxy_state", flat=True))
    for recording in Recording.objects.filter(proxy_state=Proxy.FAILED):
        assert recording.proxy_error.endswith("."), recording.filename
    assert worker.process.poll() is None, "the worker ended"
    wait_until(lambda: not belt.waiting().exists(), what="no job is left")
    with capsys.disabled():
        print(
            f"\n200 mutated videos: {dict(ends)}; slowest {slowest:.1f} s, all {uploaded_s:.0f} s; "
            f"copies for browsers: {copied} asked for, {states[Proxy.READY]} made, {states[Proxy.FAILED]} failed"
        )

    # Nothing lies about: no partial upload, no draft, no folder without its recording.
    uploads = Path(settings.UPLOAD_DIR)
    assert set(uploads.iterdir()) <= uploads_before
    kept = {str(pk) for pk in Recording.objects.values_list("pk", flat=True)}
    recordings = Path(settings.MEDIA_ROOT) / "recordings"
    strange = [
        path
        for pk in kept
        for path in (recordings / pk).iterdir()
        if path.name not in ("original", "proxy.mp4", "poster.jpg")
    ]
    assert strange == []
    wait_until(lambda: set(scratch_left()) <= left_before, what="the helpers of the worker's children tidy up")
