"""Comments on recordings, layers, events and moments, and who is told of them. The log never holds their text."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from facsweb.accounts.models import User
from facsweb.audit.services import record
from facsweb.coding import sight
from facsweb.coding.content import storable
from facsweb.coding.live import tell
from facsweb.coding.models import Comment, Event, Layer, Mention
from facsweb.coding.writing import limit_us
from facsweb.runs.models import AnalysisRun
from facsweb.studies import access

ABOUT = ("run__recording__participant__study", "layer__owner", "author", "resolved_by")
SHOWN = 120  # letters of a comment in a list of mentions


@dataclass(frozen=True, slots=True)
class UnreadMention:
    """A comment that names somebody who has not read it.

    Attributes
    ----------
    id : UUID
        The comment's; `mark_read` takes it.
    author, text, where, url : str
        Who wrote, the beginning of what, on which recording, and the page that shows it.
    at : datetime
        When.
    """

    id: uuid.UUID
    author: str
    text: str
    where: str
    url: str
    at: datetime


def may_see(user: User, run: AnalysisRun, layer: Layer | None) -> bool:
    """Whether a member of the study may read comments on the layer, or on the recording where there is none."""
    if not access.may(user, "coding:comments", run):
        return False
    return sight.may_read(user, layer) if layer is not None else not sight.hides(user, run)


def visible(user: User, run: AnalysisRun, layer: Layer | None) -> list[Comment]:
    """Comments on a layer and on the recording as a whole that the user may read, the oldest first.

    Whoever codes blind sees the comments on their own layer, and of those on the recording only their own.
    """
    rows: QuerySet[Comment] = Comment.objects.filter(run=run).select_related(*ABOUT)
    about = Q(layer=None) if not sight.hides(user, run) else Q(layer=None, author=user)
    if layer is not None and sight.may_read(user, layer):
        about |= Q(layer=layer)
    return list(rows.filter(about).prefetch_related("mentions__user").order_by("created_at", "id"))


def mentionable(run: AnalysisRun, layer: Layer | None) -> list[User]:
    """People of the study who may read a comment on the layer (or on the recording), by name."""
    return [user for user in _members(run) if may_see(user, run, layer)]


def add(
    actor: User,
    run: AnalysisRun,
    text: str,
    *,
    layer: Layer | None = None,
    event: Event | None = None,
    at_us: int | None = None,
    parent: Comment | None = None,
    request_id: uuid.UUID | None = None,
) -> Comment:
    """Write a comment; everybody whose name stands in it after an ``@`` is told.

    Raises
    ------
    ValidationError
        The text is empty, too long, or names somebody who may not read it; the event or moment is not of this
        recording; a reply to a reply.
    PermissionDenied
        The actor may not read the layer.
    """
    if parent is not None:
        layer, event, at_us = parent.layer, parent.event, parent.at_us
        if parent.parent_id is not None or parent.run_id != run.pk:
            raise ValidationError("A reply belongs to a comment, not to another reply.")
        if parent.deleted_at is not None:
            raise ValidationError("This comment was deleted in the meantime. Your reply was not stored.")
    if not _may_write(actor, run, layer):
        raise PermissionDenied("You may not comment on what you may not read.")
    if (layer is not None and layer.run_id != run.pk) or (event is not None and event.layer_id != _pk(layer)):
        raise ValidationError("This is not part of the coding that you comment on.")
    if at_us is not None and not 0 <= at_us <= limit_us(run):
        raise ValidationError("The moment lies outside of the recording.")
    with transaction.atomic():
        if request_id is not None:
            # Two clicks at once write one.
            AnalysisRun.objects.select_for_update(no_key=True).only("pk").get(pk=run.pk)
            earlier = Comment.objects.filter(request_id=request_id, author=actor, run=run).first()
            if earlier is not None:
                return earlier
        named = _named(actor, run, layer, _checked(text))
        comment = Comment.objects.create(
            run=run,
            layer=layer,
            event=event,
            at_us=at_us,
            parent=parent,
            author=actor,
            text=text.strip(),
            request_id=request_id,
        )
        Mention.objects.bulk_create(Mention(comment=comment, user=user) for user in named)
        _note(actor, "comment.add", comment, mentions=[str(user.pk) for user in named])
    return comment


def edit(actor: User, comment: Comment, text: str) -> Comment:
    """Say it differently; only its author may. Raises as `add` does."""
    _own(actor, comment)
    with transaction.atomic():
        named = _named(actor, comment.run, comment.layer, _checked(text))
        _update(comment, text=text.strip(), edited_at=timezone.now())
        comment.mentions.exclude(user__in=named).delete()
        known = set(comment.mentions.values_list("user_id", flat=True))
        Mention.objects.bulk_create(Mention(comment=comment, user=user) for user in named if user.pk not in known)
        _note(actor, "comment.edit", comment)
    return comment


def delete(actor: User, comment: Comment) -> Comment:
    """Take a comment back: its text is emptied, its place stays while it has replies. Only its author may."""
    _own(actor, comment)
    with transaction.atomic():
        _update(comment, text="", deleted_at=timezone.now())
        comment.mentions.all().delete()
        _note(actor, "comment.delete", comment)
    return comment


def resolve(actor: User, comment: Comment, *, resolved: bool = True) -> Comment:
    """Mark as settled, or as open again; everybody who may read it may."""
    if comment.parent_id is not None:
        raise ValidationError("A comment is resolved as a whole, with its replies.")
    with transaction.atomic():
        _update(
            comment,
            resolved_at=timezone.now() if resolved else None,
            resolved_by=actor if resolved else None,
        )
        _note(actor, "comment.resolve" if resolved else "comment.reopen", comment)
    return comment


def mark_read(user: User, comments: Iterable[uuid.UUID] | None = None) -> int:
    """The user has read where they are mentioned: in these comments, or in all; returns how many were new."""
    unread = Mention.objects.filter(user=user, read_at=None)
    if comments is not None:
        unread = unread.filter(comment__in=list(comments))
    return unread.update(read_at=timezone.now())


def mentions_for(user: User) -> list[UnreadMention]:
    """Unread comments that mention the user and that they may still read, the newest first."""
    rows = Comment.objects.filter(mentions__user=user, mentions__read_at=None, deleted_at=None)
    found = rows.select_related(*ABOUT).order_by("-created_at")
    return [_unread(comment) for comment in found if may_see(user, comment.run, comment.layer)]


def _unread(comment: Comment) -> UnreadMention:
    recording = comment.run.recording
    layer = f"layer={comment.layer_id}&" if comment.layer_id else ""
    text = comment.text if len(comment.text) <= SHOWN else f"{comment.text[:SHOWN].rstrip()}…"
    return UnreadMention(
        id=comment.pk,
        author=comment.author.get_full_name(),
        text=text,
        where=f"{recording.title} · {recording.participant.code}",
        url=f"{reverse('coding:review', args=[comment.run_id])}?{layer}comment={comment.pk}",
        at=comment.created_at,
    )


def _members(run: AnalysisRun) -> list[User]:
    roles = access.PAGES["coding:comments"]
    held = Q(memberships__study=run.study, memberships__role__in=roles)
    return list(User.objects.filter(held, is_active=True).distinct().order_by("name"))


def _may_write(actor: User, run: AnalysisRun, layer: Layer | None) -> bool:
    # A blind coder may speak about the recording as a whole; what others say there stays hidden from them.
    return sight.may_read(actor, layer) if layer is not None else access.may(actor, "coding:comments", run)


def _named(actor: User, run: AnalysisRun, layer: Layer | None, text: str) -> Sequence[User]:
    """Members whose name stands after an ``@``; the longest name counts where one begins with another."""
    named, rest = [], text
    for user in sorted(_members(run), key=lambda one: -len(one.get_full_name())):
        sign = f"@{user.get_full_name()}"
        if sign not in rest:
            continue
        rest = rest.replace(sign, " ")
        if user.pk == actor.pk:
            continue
        if not may_see(user, run, layer):
            why = "codes this recording blind" if sight.hides(user, run) else "may not read this coding"
            raise ValidationError(
                f"{user.get_full_name()} {why} and would not see the comment. "
                "Take the mention out, or comment where they may read."
            )
        named.append(user)
    return named


def _checked(text: str) -> str:
    if not text.strip():
        raise ValidationError("Write something first.")
    if len(text.strip()) > Comment.LENGTH:
        raise ValidationError(f"A comment has at most {Comment.LENGTH} characters.")
    if not storable(text):
        raise ValidationError("The comment holds a character that cannot be stored.")
    return text


def _own(actor: User, comment: Comment) -> None:
    if comment.author_id != actor.pk:
        raise PermissionDenied("Only who wrote a comment may change it.")


def _update(comment: Comment, **values: Any) -> None:
    if Comment.objects.filter(pk=comment.pk, deleted_at=None).update(**values) != 1:
        raise ValidationError("This comment was deleted in the meantime.")
    comment.refresh_from_db()


def _note(actor: User, action: str, comment: Comment, **more: Any) -> None:
    about = {"layer": str(comment.layer_id) if comment.layer_id else "", "event": str(comment.event_id or "")}
    record(actor, action, comment, run=str(comment.run_id), **about, **more)
    layers = [comment.layer_id] if comment.layer_id else list(comment.run.layers.values_list("pk", flat=True))
    transaction.on_commit(lambda: [tell(layer, "comments") for layer in layers])


def _pk(layer: Layer | None) -> uuid.UUID | None:
    return layer.pk if layer is not None else None
