"""Which entries of the log are events that other systems are told of, with ids alone.

The log is where everything that happens is written down inside its own transaction (`audit.hooks.on_entry`), so an
event is told if and only if what it speaks of happened.
"""

from __future__ import annotations

from typing import Any, Final

from django.db.models import Model

from facsweb.audit.models import Entry

PING: Final = "ping"
#: Entry → event.
EVENTS: Final = {
    "participant.create": "participant.created",
    "consent.give": "consent.given",
    "consent.narrow": "consent.narrowed",
    "consent.withdraw": "consent.withdrawn",
    "recording.create": "recording.created",
    "recording.delete": "recording.deleted",
    "run.start": "run.started",
    "run.succeed": "run.finished",
    "run.fail": "run.failed",
    "reading.succeed": "reading.finished",
    "layer.submit": "layer.submitted",
    "layer.sign": "layer.signed",
    "report.finish": "report.ready",
    "report.fail": "report.failed",
    "report.revoke": "report.revoked",
    "report.first_signature": "report.awaiting_second_signature",
    "report.send_back": "report.returned",
    "report.document_finish": "document.ready",
    "report.document_fail": "document.failed",
    "erasure.succeed": "erasure.finished",
}
NAMES: Final = tuple(EVENTS.values())
#: Event → what happened, for people who choose.
WORDS: Final = {
    "participant.created": "A participant was created",
    "consent.given": "A participant agreed",
    "consent.narrowed": "A participant withdrew part of their consent",
    "consent.withdrawn": "A participant withdrew their consent",
    "recording.created": "A recording was uploaded",
    "recording.deleted": "A recording was deleted",
    "run.started": "An analysis was started",
    "run.finished": "An analysis has finished",
    "run.failed": "An analysis failed",
    "reading.finished": "Combinations and states were read",
    "layer.submitted": "A coding was submitted",
    "layer.signed": "A coding was signed",
    "report.ready": "A report is ready",
    "report.failed": "A report could not be made",
    "report.revoked": "A report was revoked",
    "report.awaiting_second_signature": "A report waits for the second signature",
    "report.returned": "The second person sent a report back",
    "document.ready": "A further document of a report is ready",
    "document.failed": "A further document of a report could not be made",
    "erasure.finished": "Data of a participant were destroyed",
}
#: What leads from an object to what it belongs to; ids of these go with an event.
_WAYS: Final = ("participant", "recording", "run", "layer", "sign_off")
_KINDS: Final = {"analysisrun": "run"}


def on_entry(entry: Entry, obj: Model) -> None:
    """Tell the webhooks of a study what was just written into the log (`audit.hooks.on_entry`)."""
    from facsweb.api import webhooks  # which itself writes into the log

    event = EVENTS.get(entry.action) or _given_up(entry, obj)
    if event and entry.study_id is not None:
        webhooks.tell(entry.study_id, event, obj)


def _given_up(entry: Entry, obj: Model) -> str:
    """A run that crashed its worker too often fails while it is recovered."""
    if entry.action != "run.recover":
        return ""
    state = type(obj)._default_manager.filter(pk=obj.pk).values_list("state", flat=True).first()
    return "run.failed" if state == "failed" else ""


def ids_of(obj: Model) -> dict[str, Any]:
    """Ids of an object and of what it belongs to, by kind: never a name, a code or a value."""
    kind = str(obj._meta.model_name)
    found = {_KINDS.get(kind, kind): str(obj.pk)}
    for field in obj._meta.concrete_fields:
        other = getattr(obj, field.name) if field.is_relation and field.name in _WAYS else None
        if isinstance(other, Model):
            found |= {kind: pk for kind, pk in ids_of(other).items() if kind not in found}
    found.pop("signoff", None)
    return found
