"""Sessions whose page did not come back: what arrived of their film becomes a recording, and nothing is lost."""

from __future__ import annotations

import contextlib
import logging
from datetime import timedelta
from typing import Final

from django.utils import timezone

from facsweb.live import services
from facsweb.live.models import Session
from facsweb.recordings import uploads
from facsweb.recordings.models import PARTIAL_UPLOADS_LAST, Upload

logger = logging.getLogger(__name__)
#: So long a page may be away, or its film stand still, before its session is taken to be over.
LOST: Final = timedelta(hours=1)


def recover() -> int:
    """End sessions that were left, and make recordings of what arrived; returns how many."""
    limit = timezone.now() - LOST
    # Of an upload that is gone without a recording nothing stays, nor what was said about it.
    Session.objects.exclude(ended_at=None).exclude(markers=[]).filter(upload=None).update(markers=[])
    done = 0
    for session in Session.objects.filter(ended_at=None, last_seen_at__lt=limit).select_related("upload"):
        upload = session.upload
        if upload is not None and upload.expires_at - PARTIAL_UPLOADS_LAST > limit:
            continue  # its film still arrives: only its socket is away
        done += _ended(session, upload)
    return done


def _ended(session: Session, upload: Upload | None) -> int:
    receiving = upload is not None and upload.state == Upload.State.RECEIVING
    if upload is not None and receiving and upload.offset == 0:
        with contextlib.suppress(uploads.UploadError):
            uploads.discard(None, upload)
    elif upload is not None:
        try:
            services.end(session.created_by, session, received=upload.offset)
        except (services.Refused, uploads.UploadError) as error:
            logger.info("Live session %s ends without a recording: %s", session.pk, error)
    return services.close(None, [session], Session.Ended.LOST) or 1
