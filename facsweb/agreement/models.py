"""Comparisons that were computed, and adjudications: two codings settled to one, decision by decision."""

import uuid

from django.conf import settings
from django.db import models

from facsweb.coding.models import Event, Layer
from facsweb.studies.models import Study


class Comparison(models.Model):
    """The figures of one choice of codings at exactly these revisions. Computed once, never changed."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        READY = "ready", "Ready"
        FAILED = "failed", "Failed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="comparisons")
    key = models.CharField(max_length=64, unique=True, help_text="SHA-256 over codings, revisions and options.")
    asked = models.JSONField(help_text="Pairs of coders with their layers by run, and the options.")
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    result = models.JSONField(null=True)
    error = models.TextField(blank=True, help_text="A sentence for a person.")
    created_at = models.DateTimeField(auto_now_add=True)
    computed_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"Comparison {self.key[:8]} in {self.study}"


class Adjudication(models.Model):
    """Somebody settles two codings of a run to a third layer."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    layer = models.OneToOneField(Layer, on_delete=models.CASCADE, related_name="adjudication")
    first = models.ForeignKey(Layer, on_delete=models.CASCADE, related_name="adjudications_as_a")
    second = models.ForeignKey(Layer, on_delete=models.CASCADE, related_name="adjudications_as_b")
    first_revision = models.PositiveBigIntegerField(help_text="The first coding's revision that is settled.")
    second_revision = models.PositiveBigIntegerField()
    tolerance_us = models.PositiveIntegerField()
    before = models.JSONField(help_text="Agreement of the two codings before adjudication.")
    names_shown = models.BooleanField(default=False, help_text="Whether the adjudicator sees who coded.")
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    started_at = models.DateTimeField(auto_now_add=True)
    given_up_at = models.DateTimeField(null=True)
    given_up_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    given_up_reason = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["-started_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["first", "second"],
                condition=models.Q(given_up_at__isnull=True),
                name="one_adjudication_per_pair_of_codings",
            ),
        ]

    def __str__(self) -> str:
        return f"Adjudication of {self.layer.run}"

    @property
    def study(self) -> Study:
        return self.layer.study


class Step(models.Model):
    """One place: where the two codings differ, or (kind ``agreed``) an event that both have."""

    AGREED = "agreed"

    adjudication = models.ForeignKey(Adjudication, on_delete=models.CASCADE, related_name="steps")
    number = models.PositiveIntegerField(null=True, help_text="1, 2, 3 … in time; null for what is agreed.")
    kind = models.CharField(max_length=12, help_text="Of ``analysis.agreement.KINDS``, or agreed.")
    also = models.JSONField(default=list)
    code = models.CharField(max_length=8)
    a = models.ForeignKey(Event, null=True, on_delete=models.CASCADE, related_name="+")
    b = models.ForeignKey(Event, null=True, on_delete=models.CASCADE, related_name="+")
    from_us = models.PositiveBigIntegerField()
    to_us = models.PositiveBigIntegerField()
    face = models.PositiveIntegerField(default=0)
    decided = models.PositiveIntegerField(default=0, help_text="How many decisions there are; a change names it.")

    class Meta:
        ordering = ["number", "from_us", "id"]
        constraints = [
            models.UniqueConstraint(fields=["adjudication", "number"], name="steps_have_one_number"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.code} at {self.from_us} µs"


class Decision(models.Model):
    """What was decided about a step. Never changed, never deleted; the last one counts."""

    class Taken(models.TextChoices):
        A = "a", "A’s"
        B = "b", "B’s"
        BOTH = "both", "Both"
        NONE = "none", "Neither"
        THIRD = "third", "A third"
        OPEN = "open", "Taken back"

    step = models.ForeignKey(Step, on_delete=models.CASCADE, related_name="decisions")
    number = models.PositiveIntegerField(help_text="1, 2, 3 … within the step.")
    taken = models.CharField(max_length=5, choices=Taken.choices)
    results = models.ManyToManyField(Event, related_name="decisions", help_text="Events that it wrote.")
    note = models.CharField(max_length=500, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["step", "number"], name="decisions_have_one_number"),
        ]

    def __str__(self) -> str:
        return f"{self.get_taken_display()} of {self.step}"
