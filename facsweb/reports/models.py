"""Sign-offs and the documents made from them."""

import uuid

from django.conf import settings
from django.db import models

from facsweb.coding.models import Layer
from facsweb.studies.models import Study


class SignOff(models.Model):
    """A person put their name to exactly this content."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    layer = models.OneToOneField(Layer, on_delete=models.PROTECT, related_name="sign_off")
    signer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="sign_offs")
    signed_at = models.DateTimeField()
    statement = models.TextField(help_text="What the signer confirmed, word for word.")
    content = models.JSONField(help_text="Everything the report says, frozen at signing.")
    content_sha256 = models.CharField(max_length=64, help_text="Of the content's canonical JSON.")

    def __str__(self) -> str:
        return f"Sign-off by {self.signer} at {self.signed_at}"

    @property
    def study(self) -> Study:
        return self.layer.study


class Report(models.Model):
    """The signed document of one sign-off."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        READY = "ready", "Ready"
        FAILED = "failed", "Failed"
        REVOKED = "revoked", "Revoked"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    sign_off = models.OneToOneField(SignOff, on_delete=models.PROTECT, related_name="report")
    state = models.CharField(max_length=12, choices=State.choices, default=State.WAITING)
    pdf = models.FileField(upload_to="reports/", max_length=255, blank=True)
    pdf_sha256 = models.CharField(max_length=64, blank=True, db_index=True)
    certificate_sha256 = models.CharField(
        max_length=64, blank=True, db_index=True, help_text="Of the certificate that sealed the PDF."
    )
    error = models.TextField(blank=True, help_text="A sentence for a person.")
    attempts = models.PositiveSmallIntegerField(default=0, help_text="How often a worker began to make it.")
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    revoked_reason = models.TextField(blank=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"Report {self.id}"

    @property
    def study(self) -> Study:
        return self.sign_off.layer.study
