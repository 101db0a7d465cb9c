"""What processes of an installation tell each other about itself, whatever host they run on."""

from __future__ import annotations

from django.db import models
from django.utils import timezone


class Beat(models.Model):
    """A process that works without a port of its own, and when its loop last turned."""

    name = models.CharField(max_length=160, primary_key=True, help_text="Kind, host and process id.")
    kind = models.CharField(max_length=20, db_index=True, help_text="worker, recovery, live …")
    started_at = models.DateTimeField(default=timezone.now)
    at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Backup(models.Model):
    """A backup that was finished. Where it lies is the operator's matter and is not kept."""

    name = models.CharField(max_length=40, help_text="Of the generation: when it began.")
    at = models.DateTimeField(default=timezone.now, db_index=True)
    files = models.PositiveBigIntegerField()
    size = models.PositiveBigIntegerField(help_text="Bytes, those included that an older generation shares.")
    rows = models.PositiveBigIntegerField()
    missing = models.PositiveIntegerField(default=0, help_text="Files that rows name and that were not there.")

    class Meta:
        ordering = ["-at"]

    def __str__(self) -> str:
        return self.name
