"""Studies, who works on them, who takes part, and what each participant agreed to."""

import uuid

from django.conf import settings
from django.db import models


class Role(models.TextChoices):
    ADMINISTRATOR = "administrator", "Administrator"
    ANALYST = "analyst", "Analyst"
    CODER = "coder", "FACS coder"
    MANAGER = "manager", "Manager"


class Setting(models.TextChoices):
    RESEARCH = "research", "Research"
    CLINICAL = "clinical", "Clinical"
    USABILITY = "usability", "Usability"
    MARKETING = "marketing", "Marketing"
    MEDIA = "media", "Media"
    SAFETY = "safety", "Safety"
    WORKPLACE = "workplace", "Workplace"
    EDUCATION = "education", "Education"
    RECRUITMENT = "recruitment", "Recruitment"


class Scope(models.TextChoices):
    """What a participant can agree to, one by one."""

    VIDEO = "video", "Recording my face on video and coding facial movements"
    AUDIO = "audio", "Recording and analysing my voice"
    TEXT = "text", "Transcribing and analysing what I say"
    EMOTION = "emotion", "Estimating emotional states from facial movements"
    INDICATORS = "indicators", "Computing exploratory indicators, such as engagement and trust"
    CALIBRATION = "calibration", "Using my data to calibrate and train the method"
    QUOTATION = "quotation", "Quoting my words in reports"
    RETENTION = "retention", "Keeping my data beyond the study’s usual time"

    @property
    def phrase(self) -> str:
        """The label as it reads inside a sentence: only its first letter is small, and “I” stays “I”."""
        return self.label[:1].lower() + self.label[1:]


class Study(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=120)
    purpose = models.TextField(
        help_text="In one or two plain sentences; participants read it on the consent form."
    )
    setting = models.CharField(max_length=20, choices=Setting.choices)
    jurisdiction = models.CharField(max_length=60, help_text="Country or state whose law applies.")
    retention_days = models.PositiveIntegerField(
        "Days kept",
        null=True,
        blank=True,
        help_text="Days after which a recording and all that came from it go; empty: as long as the law allows.",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    members = models.ManyToManyField(settings.AUTH_USER_MODEL, through="Membership", related_name="studies")

    class Meta:
        ordering = ["name"]
        verbose_name_plural = "studies"

    def __str__(self) -> str:
        return self.name

    @property
    def study(self) -> "Study":
        """Itself, so that access control can ask any object for its study."""
        return self


class Justification(models.Model):
    """Why a prohibition does not apply to a study: an exception that the law names, with the reason for it."""

    class Ground(models.TextChoices):
        MEDICAL = "medical", "Medical reasons"
        SAFETY = "safety", "Safety reasons"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="justifications")
    rule = models.CharField(max_length=60, help_text="Id of the rule in law.toml that it is an exception to.")
    ground = models.CharField(max_length=20, choices=Ground.choices)
    reason = models.TextField(help_text="Who is protected from what, and why this needs estimating emotions.")
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    withdrawal_reason = models.TextField(blank=True)

    class Meta:
        ordering = ["-made_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["study", "rule"],
                condition=models.Q(withdrawn_at=None),
                name="one_standing_justification",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_ground_display()} in {self.study}"


class Membership(models.Model):
    """One role of one person in one study; a person may hold several."""

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role.choices)
    added_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["study", "user", "role"], name="one_membership_per_role")]

    def __str__(self) -> str:
        return f"{self.user} as {self.role} in {self.study}"


class ConsentForm(models.Model):
    """One version of the words a participant agrees to. Never edited: a change is a new version."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="consent_forms")
    version = models.PositiveIntegerField()
    title = models.CharField(max_length=160)
    body = models.TextField(help_text="Plain words, as the participant reads them.")
    translations = models.JSONField(
        default=dict, blank=True, help_text="Title and body in further languages, by their code."
    )
    scopes = models.JSONField(default=list, help_text="The scopes this version asks about.")
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-version"]
        constraints = [models.UniqueConstraint(fields=["study", "version"], name="one_form_per_version")]

    def __str__(self) -> str:
        return f"{self.title} (version {self.version})"

    def words(self, language: str) -> dict[str, str] | None:
        """Title and body in a language; None where nobody wrote them in it."""
        if language == "en":
            return {"title": self.title, "body": self.body}
        return self.translations.get(language)

    @property
    def languages(self) -> list[str]:
        """Codes of the languages that this version is written in."""
        return ["en", *sorted(self.translations)]


class Cohort(models.Model):
    """People who grew up in one country and language, as they say it themselves; of the whole installation.

    Never deleted, because participants and calibrations name it: it is deactivated, and then nobody new states it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    key = models.CharField(max_length=40, unique=True, help_text="What calibrations call it; never changed.")
    country = models.CharField(max_length=2, blank=True, help_text="ISO 3166-1, such as DE.")
    country_name = models.CharField("Country", max_length=60, blank=True)
    language = models.CharField(max_length=60, blank=True)
    name = models.CharField(max_length=80, unique=True)
    description = models.TextField(help_text="Whom it is for, as participants read it: “Grew up mostly in …”.")
    starter = models.BooleanField(default=False, help_text="Came with the product.")
    active = models.BooleanField(default=True, help_text="Participants may state it.")
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["country_name", "name"]

    def __str__(self) -> str:
        return self.name


class Participant(models.Model):
    """A person on a recording, known here only by a code."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="participants")
    code = models.CharField(max_length=40, help_text="A pseudonym such as P-014, never a name.")
    cohort = models.ForeignKey(
        Cohort,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="participants",
        help_text="As the participant stated it; null where they left it out.",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["code"]
        constraints = [models.UniqueConstraint(fields=["study", "code"], name="one_participant_per_code")]

    def __str__(self) -> str:
        return self.code


class Consent(models.Model):
    """What one participant agreed to, when and how. Withdrawal is recorded beside it, never instead of it."""

    class Method(models.TextChoices):
        LINK = "link", "By the participant, through their own link"
        ON_SCREEN = "on_screen", "By the participant, on a device handed over"
        PAPER = "paper", "Signed on paper"
        VERBAL = "verbal", "Spoken, in front of a witness"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    participant = models.ForeignKey(Participant, on_delete=models.CASCADE, related_name="consents")
    form = models.ForeignKey(ConsentForm, on_delete=models.PROTECT, related_name="consents")
    scopes = models.JSONField(default=list, help_text="The scopes that were granted.")
    method = models.CharField(max_length=20, choices=Method.choices)
    signature = models.CharField(
        max_length=120, blank=True, help_text="Typed by the participant; paper keeps its own."
    )
    strokes = models.JSONField(
        null=True, blank=True, help_text="A drawn signature: lists of [x, y] with x 0–1000 and y 0–400."
    )
    language = models.CharField(max_length=8, default="en", help_text="In which it was read.")
    said = models.JSONField(
        default=dict, blank=True, help_text="Every word that was read, as it was then: notices, text, questions."
    )
    notice_at = models.DateTimeField(null=True, help_text="When the notice was shown, before the answers.")
    given_at = models.DateTimeField()
    recorded_at = models.DateTimeField(auto_now_add=True)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="Null where the participant did it themselves.",
    )
    withdrawn_scopes = models.JSONField(
        default=list, blank=True, help_text="What was taken back since; see its withdrawals."
    )
    withdrawn_at = models.DateTimeField(null=True, help_text="When all of it was taken back.")
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    withdrawal_reason = models.TextField(blank=True)

    class Meta:
        ordering = ["-given_at", "-recorded_at"]

    def __str__(self) -> str:
        return f"Consent of {self.participant} to version {self.form.version}"

    @property
    def study(self) -> Study:
        return self.participant.study

    @property
    def granted(self) -> list[str]:
        """What still stands: the scopes agreed to, less those withdrawn since; none when withdrawn whole."""
        if self.withdrawn_at is not None:
            return []
        return [scope for scope in self.scopes if scope not in self.withdrawn_scopes]


class Withdrawal(models.Model):
    """What of a consent was taken back, when and by whom. The consent itself stays as it was given."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    consent = models.ForeignKey(Consent, on_delete=models.CASCADE, related_name="withdrawals")
    scopes = models.JSONField(help_text="What was taken back: everything that still stood, or some of it.")
    at = models.DateTimeField()
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="Null where the participant did it by their own link.",
    )
    reason = models.TextField(blank=True)

    class Meta:
        ordering = ["at"]

    def __str__(self) -> str:
        return f"Withdrawal of {', '.join(self.scopes)} at {self.at}"

    @property
    def labels(self) -> list[str]:
        """What was taken back, in words."""
        return [Scope(scope).label for scope in self.scopes]

    @property
    def study(self) -> Study:
        return self.consent.study


class ConsentLink(models.Model):
    """An address by which one participant, without a login, answers once, sees their copy and withdraws.

    The address holds a secret of 256 bits; only its SHA-256 is stored, so nobody reads it from here.
    """

    class Kind(models.TextChoices):
        OWN = "own", "The participant’s own"
        DEVICE = "device", "On a device handed over"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    participant = models.ForeignKey(Participant, on_delete=models.CASCADE, related_name="links")
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.OWN)
    secret_sha256 = models.CharField(max_length=64, unique=True)
    language = models.CharField(max_length=8, blank=True, help_text="As chosen on the first screen.")
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    expires_at = models.DateTimeField(help_text="Until then the questions may be answered.")
    answered_at = models.DateTimeField(null=True, help_text="When they were, with consent or without.")
    consent = models.ForeignKey(Consent, null=True, on_delete=models.SET_NULL, related_name="links")
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"Link of {self.participant}"

    @property
    def study(self) -> Study:
        return self.participant.study


class NoticeShown(models.Model):
    """The notice that has to come before capture, as one participant saw it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    participant = models.ForeignKey(Participant, on_delete=models.CASCADE, related_name="notices")
    form = models.ForeignKey(ConsentForm, on_delete=models.PROTECT, related_name="+")
    language = models.CharField(max_length=8)
    shown_at = models.DateTimeField()
    texts = models.JSONField(help_text="The words, with the id of the rule that each comes from.")

    class Meta:
        ordering = ["shown_at"]

    def __str__(self) -> str:
        return f"Notice to {self.participant} at {self.shown_at}"

    @property
    def study(self) -> Study:
        return self.participant.study
