"""What hosts that share a bucket tell each other. None of these rows holds anything of a person but ids."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone


class Host(models.Model):
    """One host's cache of the bucket: the folder, not the machine."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=120)
    seen_at = models.DateTimeField(default=timezone.now)
    rounds = models.PositiveBigIntegerField(default=0, help_text="How often it went through what was dropped.")

    def __str__(self) -> str:
        return self.name


class Drop(models.Model):
    """Something was removed from the bucket or replaced in it: no host may go on with its copy."""

    name = models.CharField(max_length=400, help_text="File or folder, such as media/recordings/….")
    at = models.DateTimeField(default=timezone.now, db_index=True)
    by = models.UUIDField(null=True, help_text="The host whose copy is the right one.")
    for_good = models.BooleanField(default=False, help_text="Nothing of that name ever comes back.")
    undone = models.BooleanField(
        default=False, db_index=True, help_text="The bucket was away: it is still to be removed there."
    )

    def __str__(self) -> str:
        return self.name


class Piece(models.Model):
    """One acknowledged piece of something that arrives in pieces, as an object of its own."""

    owner = models.UUIDField(help_text="What it is a piece of.")
    offset = models.PositiveBigIntegerField()
    length = models.PositiveBigIntegerField()
    name = models.CharField(max_length=400)

    class Meta:
        ordering = ["offset"]
        constraints = [models.UniqueConstraint(fields=["owner", "offset"], name="one_piece_at_each_offset")]

    def __str__(self) -> str:
        return self.name


class Claim(models.Model):
    """Who is at work on something that one host at a time should do. It saves work; it decides nothing."""

    name = models.CharField(max_length=200, primary_key=True)
    holder = models.UUIDField()
    until = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
