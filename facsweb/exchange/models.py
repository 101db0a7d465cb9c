"""Files that were uploaded to be imported and are being looked at; gone as soon as they are imported."""

import uuid

from django.conf import settings
from django.db import models

from facsweb.runs.models import AnalysisRun
from facsweb.studies.models import Study


class Upload(models.Model):
    """One file between its upload and its import.

    The file lies in the row, so that it goes with the recording, the person or the database that it belongs to.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    run = models.ForeignKey(AnalysisRun, on_delete=models.CASCADE, related_name="coding_uploads")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    filename = models.CharField(max_length=255)
    sha256 = models.CharField(max_length=64)
    content = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["created_at"]

    def __str__(self) -> str:
        return self.filename

    @property
    def study(self) -> Study:
        return self.run.study
