"""What staff allow one study, where that is not what every study may have."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from facsweb.studies.models import Study


class Quota(models.Model):
    """The limits of one study; null: what the installation allows every study."""

    study = models.OneToOneField(Study, on_delete=models.CASCADE, primary_key=True, related_name="quota")
    gigabytes = models.FloatField(null=True, blank=True, validators=[MinValueValidator(0.001)])
    hours = models.FloatField(null=True, blank=True, validators=[MinValueValidator(0.01)])
    queued = models.PositiveIntegerField(null=True, blank=True, validators=[MinValueValidator(1)])
    running = models.PositiveIntegerField(null=True, blank=True, validators=[MinValueValidator(1)])
    weight = models.PositiveSmallIntegerField(default=1, validators=[MinValueValidator(1), MaxValueValidator(10)])

    def __str__(self) -> str:
        return f"Quota of {self.study}"
