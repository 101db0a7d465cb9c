"""Tickets: the jobs that have to be done, and lanes: whose they are. Redis only carries the few that come next."""

from __future__ import annotations

import uuid
from typing import Final

from django.db import models
from django.db.models import Q
from django.utils import timezone

#: The study of work that belongs to none.
NOBODY: Final = uuid.UUID(int=0)
#: The share of a lane that has used nothing yet.
UNUSED: Final = -1e9


class Lane(models.Model):
    """What one study has to be done in one queue, and how much of the workers it has used lately (`belt`)."""

    queue = models.CharField(max_length=16)
    study = models.UUIDField(default=NOBODY)
    weight = models.FloatField(default=1.0, help_text="Twice the weight, twice the share of the workers.")
    most = models.PositiveIntegerField(null=True, help_text="Jobs at once; null: as every study.")
    share = models.FloatField(default=UNUSED, help_text="Logarithm of the seconds used lately.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["queue", "study"], name="one_lane_per_queue_and_study")]

    def __str__(self) -> str:
        return f"{self.queue} of {self.study}"


class Ticket(models.Model):
    """One job from the transaction that asks for it until a worker has done it.

    It waits (``belt_at`` is null), lies on the belt, or was taken by a worker. The job itself looks into the
    database whether there is still something to do, so a ticket that is carried twice does no harm.
    """

    job_id = models.CharField(max_length=160, unique=True)
    function = models.CharField(max_length=120)
    args = models.JSONField(default=list)
    # Found through the partial indexes below; a lane is never deleted.
    lane = models.ForeignKey(Lane, on_delete=models.CASCADE, related_name="tickets", db_index=False)
    row = models.UUIDField(null=True, help_text="The row of work that it is about.")
    attempt = models.PositiveIntegerField(default=0)
    rank = models.PositiveSmallIntegerField(default=1, help_text="0: somebody waits for it in front of a page.")
    queued_at = models.DateTimeField(default=timezone.now)
    belt_at = models.DateTimeField(null=True)
    taken_at = models.DateTimeField(null=True)
    worker = models.CharField(max_length=120, blank=True)
    request = models.CharField(max_length=128, blank=True, help_text="The request that asks for it, for the log.")

    class Meta:
        indexes = [
            models.Index(fields=["lane", "rank", "id"], condition=Q(belt_at=None), name="tickets_waiting"),
            models.Index(fields=["lane"], condition=Q(belt_at__isnull=False), name="tickets_under_way"),
            models.Index(fields=["row", "attempt"], name="tickets_by_row"),
        ]

    def __str__(self) -> str:
        return self.job_id
