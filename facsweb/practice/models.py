"""Gold-standard segments that coders train on, and each try at one."""

import uuid

from django.conf import settings
from django.db import models

from facsweb.coding.models import Layer
from facsweb.studies.models import Study


class Segment(models.Model):
    """A stretch of a recording whose signed coding is the standard. Never edited: a change is another segment."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    layer = models.ForeignKey(Layer, on_delete=models.CASCADE, related_name="gold_segments")
    name = models.CharField(max_length=80)
    from_us = models.PositiveBigIntegerField()
    to_us = models.PositiveBigIntegerField()
    codes = models.JSONField(default=list, blank=True, help_text="Codes that count; empty: every code.")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    retired_at = models.DateTimeField(null=True, help_text="Since then nobody begins it any more.")

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(condition=models.Q(from_us__lt=models.F("to_us")), name="segment_has_a_length")
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def study(self) -> Study:
        return self.layer.study

    @property
    def length_s(self) -> float:
        return (self.to_us - self.from_us) / 1e6


class Attempt(models.Model):
    """One coder's try: a practice layer, and how it compared when it was checked."""

    layer = models.OneToOneField(Layer, on_delete=models.CASCADE, primary_key=True, related_name="attempt")
    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, related_name="attempts")
    checked_at = models.DateTimeField(null=True)
    index = models.FloatField(null=True, help_text="Wexler/Ekman, 0–1; null where neither coded anything.")
    result = models.JSONField(default=dict, help_text="What was found at the check; never computed again.")

    class Meta:
        ordering = ["-layer__created_at"]

    def __str__(self) -> str:
        return f"{self.layer.owner} at {self.segment}"

    @property
    def study(self) -> Study:
        return self.layer.study
