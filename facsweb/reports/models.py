"""Sign-offs, second signatures, the documents made from them, and what is packed from many of them."""

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone

from facsweb.coding.models import Layer
from facsweb.processes.work import Work
from facsweb.studies.models import Study


class StudyOptions(models.Model):
    """How a study signs; a study without a row signs with one signature."""

    study = models.OneToOneField(Study, on_delete=models.CASCADE, related_name="report_options")
    four_eyes = models.BooleanField(default=False, help_text="A report counts when a second person signed it too.")

    def __str__(self) -> str:
        return f"Report options of {self.study}"


class SignOff(models.Model):
    """A person put their name to exactly this content."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    layer = models.ForeignKey(
        Layer, on_delete=models.PROTECT, related_name="sign_offs", related_query_name="sign_off"
    )
    standing = models.BooleanField(default=True, help_text="False once the second signer sent it back.")
    signer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="sign_offs")
    signed_at = models.DateTimeField()
    statement = models.TextField(help_text="What the signer confirmed, word for word.")
    content = models.JSONField(
        help_text="Everything the report says, frozen at signing; {} once it had to be destroyed."
    )
    content_sha256 = models.CharField(max_length=64, help_text="Of the content's canonical JSON.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["layer"], condition=models.Q(standing=True), name="one_standing_sign_off_per_layer"
            )
        ]

    def __str__(self) -> str:
        return f"Sign-off by {self.signer} at {self.signed_at}"

    @property
    def study(self) -> Study:
        return self.layer.study


class Report(models.Model):
    """The signed document of one sign-off."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        AWAITING = "awaiting", "Waits for the second signature"
        RETURNED = "returned", "Sent back"
        READY = "ready", "Ready"
        FAILED = "failed", "Failed"
        REVOKED = "revoked", "Revoked"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    sign_off = models.OneToOneField(SignOff, on_delete=models.PROTECT, related_name="report")
    state = models.CharField(max_length=12, choices=State.choices, default=State.WAITING)
    second_needed = models.BooleanField(default=False, help_text="The study asked for two signatures.")
    pdf = models.FileField(upload_to="reports/", max_length=255, blank=True)
    pdf_sha256 = models.CharField(max_length=64, blank=True, db_index=True)
    certificate_sha256 = models.CharField(
        max_length=64, blank=True, db_index=True, help_text="Of the certificate that sealed the PDF."
    )
    error = models.TextField(blank=True, help_text="A sentence for a person.")
    attempts = models.PositiveSmallIntegerField(default=0, help_text="How often a worker began to make it.")
    queued_at = models.DateTimeField(default=timezone.now, help_text="When it began to wait for a worker.")
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


class Countersignature(models.Model):
    """What the second person decided about a sign-off: one decision a report, never changed."""

    class Decision(models.TextChoices):
        SIGNED = "signed", "Countersigned"
        RETURNED = "returned", "Sent back"

    report = models.OneToOneField(Report, on_delete=models.PROTECT, related_name="second")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="countersignatures")
    at = models.DateTimeField()
    decision = models.CharField(max_length=8, choices=Decision.choices)
    statement = models.TextField(help_text="What the person confirmed, word for word, or why it was sent back.")

    def __str__(self) -> str:
        return f"{self.get_decision_display()} by {self.by}"

    @property
    def study(self) -> Study:
        return self.report.study


class Document(models.Model):
    """Another document from the content of a signed report: for managers, or for the participant."""

    class Kind(models.TextChoices):
        SUMMARY = "summary", "Summary"
        PARTICIPANT = "participant", "Participant’s copy"

    class Language(models.TextChoices):
        ENGLISH = "en", "English"
        GERMAN = "de", "Deutsch"

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        READY = "ready", "Ready"
        FAILED = "failed", "Failed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    report = models.ForeignKey(Report, on_delete=models.PROTECT, related_name="documents")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    language = models.CharField(max_length=2, choices=Language.choices, default=Language.ENGLISH)
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    pdf = models.FileField(upload_to="reports/", max_length=255, blank=True)
    pdf_sha256 = models.CharField(max_length=64, blank=True, db_index=True)
    certificate_sha256 = models.CharField(max_length=64, blank=True, db_index=True)
    error = models.TextField(blank=True, help_text="A sentence for a person.")
    attempts = models.PositiveSmallIntegerField(default=0, help_text="How often a worker began to make it.")
    queued_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["kind", "language"]
        constraints = [
            models.UniqueConstraint(
                fields=["report", "kind", "language"], name="one_document_per_kind_and_language"
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} ({self.language}) of {self.report}"

    @property
    def study(self) -> Study:
        return self.report.study


class Package(Work):
    """Many reports in one file, or a whole study's signed data, made by a worker."""

    class Kind(models.TextChoices):
        REPORTS = "reports", "Reports"
        BUNDLE = "bundle", "Study bundle"

    class State(models.TextChoices):
        QUEUED = "queued", "Waiting"
        RUNNING = "running", "Being packed"
        SUCCEEDED = "succeeded", "Ready"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="packages")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    state = models.CharField(max_length=12, choices=State.choices, default=State.QUEUED, db_index=True)
    asked = models.JSONField(default=dict, help_text="Ids of reports, and which documents of each.")
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    file = models.CharField(max_length=255, blank=True, help_text="The zip file, relative to MEDIA_ROOT.")
    sha256 = models.CharField(max_length=64, blank=True)
    size = models.PositiveBigIntegerField(default=0)
    summary = models.JSONField(default=dict, help_text="How many are in it; what was left out, and why.")

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["study", "kind"],
                condition=models.Q(state__in=["queued", "running"]),
                name="one_active_package_per_kind",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.study} ({self.state})"
