"""Objects of the privacy pages for tests that walk every page."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.files.base import ContentFile
from django.utils import timezone


class PrivacyObjects:
    """Made when a page asks for them, by the word before ``<uuid:pk>`` in its address."""

    people: dict[str, Any]
    participant: Any

    def erasures(self) -> Any:
        from facsweb.privacy.models import Erasure, Tombstone

        known = {"study": self.participant.study, "why": "request", "state": "succeeded", "scopes": ["video"]}
        made = Erasure.objects.create(participant=self.participant, **known)
        made.certificate.save("certificate.pdf", ContentFile(b"%PDF-1.7"))
        about = {"object_id": str(made.pk), "sha256": "a" * 64, "hashes": {"original": "b" * 64}}
        Tombstone.objects.create(erasure=made, kind="recordings.recording", **about)
        return made

    def certificates(self) -> Any:
        """By the participant's own link."""
        return self.erasures()

    def copies(self) -> Any:
        from facsweb.privacy.copying import NAME, folder
        from facsweb.privacy.models import Copy

        soon = timezone.now() + timedelta(days=1)
        made = Copy.objects.create(
            participant=self.participant, created_by=self.people["analyst"], state="succeeded", expires_at=soon
        )
        folder(made.pk).mkdir(parents=True)
        (folder(made.pk) / NAME).write_bytes(b"PK")
        return made
