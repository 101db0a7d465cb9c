"""Who codes what: plans of a lead, and the codings that came from them."""

import uuid

from django.conf import settings
from django.db import models

from facsweb.coding.models import Layer
from facsweb.studies.models import Study


class Batch(models.Model):
    """One plan: how recordings were given to coders, in numbers that a methods section can cite."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="batches")
    name = models.CharField(max_length=120)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    parameters = models.JSONField(
        default=dict, help_text="What was asked for, with the seed of every random choice."
    )

    class Meta:
        ordering = ["-created_at"]
        verbose_name_plural = "batches"

    def __str__(self) -> str:
        return self.name


class Assignment(models.Model):
    """A coding that somebody was asked for. How far it is, is the layer's state."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="assignments")
    layer = models.OneToOneField(Layer, on_delete=models.CASCADE, related_name="assignment")
    assigned_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    assigned_at = models.DateTimeField(auto_now_add=True)
    due = models.DateField(null=True, blank=True)
    instructions = models.CharField(max_length=500, blank=True)
    returned_at = models.DateTimeField(null=True, help_text="When it was sent back last.")
    returned_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    returned_reason = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["assigned_at"]

    def __str__(self) -> str:
        return f"{self.layer.owner}: {self.layer.run.recording}"

    @property
    def study(self) -> Study:
        return self.batch.study
