"""Tokens that programs act with, answers kept for repeated requests, and webhooks with what they delivered."""

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone

from facsweb.studies.models import Study


class Scope(models.TextChoices):
    """What a token may be used for. Its owner's roles still decide in which study."""

    STUDIES_READ = "studies:read", "Read which studies there are and what they are for"
    PARTICIPANTS_READ = "participants:read", "Read the codes of participants"
    PARTICIPANTS_WRITE = "participants:write", "Create participants"
    CONSENT_READ = "consent:read", "Read what participants agreed to"
    CONSENT_WRITE = "consent:write", "Make and revoke links by which participants answer for themselves"
    RECORDINGS_READ = "recordings:read", "Read what is known of recordings"
    RECORDINGS_WRITE = "recordings:write", "Upload recordings"
    RUNS_READ = "runs:read", "Read how far analyses are"
    RUNS_WRITE = "runs:write", "Start and cancel analyses"
    RESULTS_READ = "results:read", "Read events, signals, combinations and states"
    CODINGS_READ = "codings:read", "Read the codings of people"
    REPORTS_READ = "reports:read", "Read, download and verify reports"
    REPORTS_WRITE = "reports:write", "Have further documents of reports made"
    WEBHOOKS_WRITE = "webhooks:write", "Set up webhooks and read their deliveries"


class Token(models.Model):
    """What a program shows to act for its owner. Only its hash is kept."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=80, help_text="What it is for; the log names it.")
    study = models.ForeignKey(
        Study,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="+",
        help_text="Null: all of its owner's.",
    )
    scopes = models.JSONField(default=list)
    prefix = models.CharField(max_length=16, help_text="Its first characters, to tell it from others.")
    digest = models.CharField(max_length=64, unique=True, help_text="SHA-256 (hex) of the whole token.")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, help_text="To the minute.")
    last_used_from = models.CharField(
        max_length=50, blank=True, help_text="As the log keeps addresses: whole, as a network, or not at all."
    )
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_valid(self) -> bool:
        return self.revoked_at is None and self.expires_at > timezone.now()


class KeyedRequest(models.Model):
    """A request with an ``Idempotency-Key``, and what was answered: the same again gets the same answer."""

    token = models.ForeignKey(Token, on_delete=models.CASCADE, related_name="keyed_requests")
    key = models.CharField(max_length=200)
    fingerprint = models.CharField(max_length=64, help_text="SHA-256 (hex) of method, address and body.")
    started_at = models.DateTimeField(default=timezone.now)
    status = models.PositiveSmallIntegerField(null=True, help_text="Null while it is being answered.")
    headers = models.JSONField(default=dict)
    body = models.BinaryField(default=bytes, help_text="Encrypted.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["token", "key"], name="one_request_per_key")]

    def __str__(self) -> str:
        return self.key


class Webhook(models.Model):
    """An address of another system that is told what happens in a study."""

    class State(models.TextChoices):
        ACTIVE = "active", "Active"
        PAUSED = "paused", "Paused"
        DISABLED = "disabled", "Disabled"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="webhooks")
    url = models.URLField("address", max_length=500)
    events = models.JSONField(default=list, help_text="Which events it is told of.")
    sealed_secret = models.TextField(help_text="The signing secret, encrypted with a key made from SECRET_KEY.")
    state = models.CharField(max_length=12, choices=State.choices, default=State.ACTIVE)
    failures = models.PositiveIntegerField(default=0, help_text="Attempts that failed since one last worked.")
    notice = models.TextField(blank=True, help_text="Why it was disabled or paused, a sentence for a person.")
    created_at = models.DateTimeField(auto_now_add=True)
    steward = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="Who answers for it: whoever set it up, or resumed it last.",
    )

    class Meta:
        ordering = ["created_at"]

    def __str__(self) -> str:
        return self.url


class Delivery(models.Model):
    """One event on its way to one webhook. ``attempts`` is a fence: a worker writes for the attempt it took."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        DELIVERED = "delivered", "Delivered"
        FAILED = "failed", "Given up"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="deliveries")
    event = models.CharField(max_length=40)
    payload = models.JSONField(help_text="What is sent: ids, no personal data.")
    state = models.CharField(max_length=12, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveIntegerField(default=0)
    tries_left = models.PositiveSmallIntegerField(default=8)
    next_at = models.DateTimeField(default=timezone.now, help_text="When it is sent (again).")
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)
    status = models.PositiveSmallIntegerField(null=True, help_text="HTTP status of the last answer.")
    duration_ms = models.PositiveIntegerField(null=True)
    error = models.TextField(blank=True, help_text="Why the last attempt failed, a sentence for a person.")

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["state", "next_at"], name="due_deliveries")]
        verbose_name_plural = "deliveries"

    def __str__(self) -> str:
        return f"{self.event} to {self.webhook}"

    @property
    def study(self) -> Study:
        return self.webhook.study
