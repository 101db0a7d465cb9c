"""Objects of the webhook pages for tests that walk every page."""

from __future__ import annotations

from typing import Any


class ApiObjects:
    """Made when a page asks for them, by the word before ``<uuid:pk>`` in its address."""

    people: dict[str, Any]
    participant: Any

    def webhooks(self) -> Any:
        from facsweb.api.models import Webhook

        study, author = self.participant.study, self.people["administrator"]
        return Webhook.objects.create(study=study, url="https://a.example/hook", steward=author)

    def deliveries(self) -> Any:
        from facsweb.api.delivering import add

        return add(self.webhooks(), "run.finished", {})
