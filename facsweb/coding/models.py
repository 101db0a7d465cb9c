"""Layers of events on a recording: the machine's, immutable, and people's, kept as append-only revisions."""

import uuid

from django.conf import settings
from django.db import models

from facsweb.runs.models import AnalysisRun
from facsweb.studies.models import Study


class Side(models.TextChoices):
    """The subject's side; empty for codes that have none."""

    BOTH = "both", "Both sides"
    LEFT = "left", "Subject's left"
    RIGHT = "right", "Subject's right"
    UNILATERAL = "unilateral", "One side, not said which"
    NONE = "", "No sides"


class Layer(models.Model):
    """One reading of one run: the machine's, a coder's, what two codings were settled to, or a file's."""

    class Kind(models.TextChoices):
        MACHINE = "machine", "Machine"
        CODER = "coder", "Coder"
        ADJUDICATED = "adjudicated", "Adjudicated"
        IMPORTED = "imported", "Imported"
        PRACTICE = "practice", "Practice"

    class State(models.TextChoices):
        ASSIGNED = "assigned", "Assigned"
        OPEN = "open", "Being coded"
        SUBMITTED = "submitted", "Submitted"
        ADJUDICATION = "adjudication", "In adjudication"
        SETTLED = "settled", "Adjudicated"
        SIGNED = "signed", "Signed"

    class Mode(models.TextChoices):
        """What its coder sees of others while coding."""

        ASSISTED = "assisted", "With the machine’s proposals"
        BLIND = "blind", "Blind"

    class Ending(models.TextChoices):
        SIGN_OFF = "sign_off", "Its coder signs it"
        ADJUDICATION = "adjudication", "It is submitted and adjudicated"

    #: Kinds whose owner writes events in them.
    WRITTEN = (Kind.CODER, Kind.ADJUDICATED, Kind.PRACTICE)
    #: States in which nobody has finished with it.
    UNFINISHED = (State.ASSIGNED, State.OPEN)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    run = models.ForeignKey(AnalysisRun, on_delete=models.CASCADE, related_name="layers")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="layers")
    state = models.CharField(max_length=12, choices=State.choices, default=State.OPEN)
    mode = models.CharField(max_length=12, choices=Mode.choices, default=Mode.ASSISTED)
    ending = models.CharField(max_length=12, choices=Ending.choices, default=Ending.SIGN_OFF)
    spans = models.JSONField(
        default=list, blank=True, help_text="Stretches to be coded, [[from, to], …] in microseconds; empty: all."
    )
    name = models.CharField(
        max_length=120, blank=True, help_text="What people call it where its kind does not say."
    )
    source_file = models.JSONField(
        default=dict, blank=True, help_text="Name, format and SHA-256 of an imported file."
    )
    sources = models.ManyToManyField(
        "self", symmetrical=False, related_name="adjudications", help_text="The codings that were adjudicated."
    )
    revision = models.PositiveBigIntegerField(default=0, help_text="Number of the layer's latest change.")
    created_at = models.DateTimeField(auto_now_add=True)
    begun_at = models.DateTimeField(null=True, help_text="When its coder opened it first.")
    submitted_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["run"], condition=models.Q(kind="machine"), name="one_machine_layer_per_run"
            ),
            models.UniqueConstraint(
                fields=["run", "owner"], condition=models.Q(kind="coder"), name="one_coder_layer_per_person"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} layer of {self.run}"

    @property
    def study(self) -> Study:
        return self.run.recording.participant.study


class Event(models.Model):
    """An event's identity. What it says is its latest revision."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    layer = models.ForeignKey(Layer, on_delete=models.CASCADE, related_name="events")
    source = models.ForeignKey(
        "self",
        null=True,
        on_delete=models.RESTRICT,  # goes only together with its copies, when a whole recording is deleted
        related_name="copies",
        help_text="The event of another layer that it is a copy of.",
    )

    def __str__(self) -> str:
        return str(self.id)

    @property
    def study(self) -> Study:
        return self.layer.study


class Revision(models.Model):
    """What an event said from one moment on. Never changed, never deleted.

    Times are microseconds of media time. A revision without author was written by the machine.
    """

    class Action(models.TextChoices):
        PROPOSE = "propose", "Proposed by the machine"
        CREATE = "create", "Added"
        CHANGE = "change", "Changed"
        DELETE = "delete", "Deleted"
        RESTORE = "restore", "Restored"
        ACCEPT = "accept", "Accepted"

    class Standing(models.TextChoices):
        """What a person has decided about the event so far; restoring brings the earlier standing back."""

        PROPOSED = "proposed", "Proposed by the machine"
        ACCEPTED = "accepted", "Accepted"
        CHANGED = "changed", "Changed"
        ADDED = "added", "Added"

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="revisions")
    number = models.PositiveIntegerField(help_text="1, 2, 3 … within the event.")
    layer_revision = models.PositiveBigIntegerField(help_text="The layer's change number that wrote it.")
    action = models.CharField(max_length=12, choices=Action.choices)
    standing = models.CharField(max_length=12, choices=Standing.choices, default=Standing.PROPOSED)
    restores = models.PositiveIntegerField(null=True, help_text="The revision that RESTORE brought back.")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    code = models.CharField(max_length=8, help_text="FACS code without letters of side or intensity, such as 12.")
    side = models.CharField(max_length=10, choices=Side.choices, blank=True)
    intensity = models.CharField(max_length=1, blank=True, help_text="A–E, empty for codes without intensity.")
    onset_us = models.PositiveBigIntegerField()
    apex_us = models.PositiveBigIntegerField()
    offset_us = models.PositiveBigIntegerField()
    confidence = models.FloatField(null=True, help_text="The machine's, 0–1; null where a person wrote the event.")
    face = models.PositiveIntegerField(default=0)
    note = models.CharField(max_length=500, blank=True)
    deleted = models.BooleanField(default=False)
    group = models.UUIDField(null=True, help_text="Shared by revisions that one action of a person wrote.")
    request_id = models.UUIDField(
        null=True, unique=True, help_text="Given by the browser; a repeated request is one."
    )

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["event", "number"], name="revision_numbers_are_unique"),
            models.CheckConstraint(
                condition=models.Q(onset_us__lte=models.F("apex_us"))
                & models.Q(apex_us__lte=models.F("offset_us")),
                name="onset_apex_offset_in_order",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code}{self.intensity} {self.onset_us}–{self.offset_us} µs"


class Preferences(models.Model):
    """How one person has set up the workbench: keys, reaction time, codes for live coding. Belongs to no study."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, primary_key=True, on_delete=models.CASCADE, related_name="workbench"
    )
    values = models.JSONField(default=dict, help_text="Section → its values (``coding/preferences.py``).")
    changed_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"Workbench of {self.user}"


class Comment(models.Model):
    """What somebody says about a recording, a layer, an event or a moment. Taken back: its text is emptied."""

    LENGTH = 2000

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    run = models.ForeignKey(AnalysisRun, on_delete=models.CASCADE, related_name="comments")
    layer = models.ForeignKey(
        Layer,
        null=True,
        on_delete=models.CASCADE,
        related_name="comments",
        help_text="None: about the recording, for everybody who may see what others say about it.",
    )
    event = models.ForeignKey(Event, null=True, on_delete=models.CASCADE, related_name="comments")
    at_us = models.PositiveBigIntegerField(null=True, help_text="Media time, microseconds; None: about no moment.")
    parent = models.ForeignKey("self", null=True, on_delete=models.CASCADE, related_name="replies")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    text = models.TextField(max_length=LENGTH, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    edited_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)
    resolved_at = models.DateTimeField(null=True)
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    request_id = models.UUIDField(
        null=True, unique=True, help_text="Given by the browser; a repeated request is one."
    )

    class Meta:
        ordering = ["created_at"]

    def __str__(self) -> str:
        return f"Comment of {self.author} on {self.run}"

    @property
    def study(self) -> Study:
        return self.run.recording.participant.study


class Mention(models.Model):
    """Somebody is named in a comment, and has or has not read it."""

    comment = models.ForeignKey(Comment, on_delete=models.CASCADE, related_name="mentions")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="mentions")
    read_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["comment", "user"], name="one_mention_per_person")]

    def __str__(self) -> str:
        return f"{self.user} in {self.comment_id}"
