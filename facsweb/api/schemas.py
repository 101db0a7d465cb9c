"""What the API takes and gives, as the description shows it. Times of media are integer microseconds."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Generic, Literal, TypeVar
from uuid import UUID

from ninja import Schema
from pydantic import ConfigDict, Field

T = TypeVar("T")
ID = "01890a5d-ac96-774b-bcce-b302099a8057"


class Page(Schema, Generic[T]):
    items: list[T]
    next: str | None = Field(description="Address of the next page; null on the last one.")


class Strict(Schema):
    """A body: exactly what is described, nothing converted (``false`` is no number)."""

    model_config = ConfigDict(extra="forbid", strict=True)


class FieldError(Schema):
    where: str
    message: str


class ProblemOut(Schema):
    """RFC 9457."""

    type: str = Field(examples=["urn:facsweb:problem:not-found"])
    title: str
    status: int
    detail: str = Field(description="What happened, what is safe, what to do.")
    instance: str = Field(description="The path that was asked for.")
    errors: list[FieldError] | None = Field(None, description="With 422: what was wrong where.")


class StudyOut(Schema):
    id: UUID = Field(examples=[ID])
    name: str = Field(examples=["Checkout usability"])
    purpose: str
    setting: str = Field(examples=["usability"])
    jurisdiction: str = Field(examples=["Germany"])
    law: str = Field(description="What the law of the place means for the study, in a sentence.")
    roles: list[str] = Field(description="Those of the token's owner.", examples=[["analyst"]])
    created_at: datetime


class ParticipantIn(Strict):
    code: str = Field(
        min_length=1,
        max_length=40,
        pattern=r"^[^\u0000-\u001f\u007f]+$",
        description="A pseudonym, never a name; without control characters, which no list could show.",
        examples=["P-014"],
    )


class ParticipantOut(Schema):
    id: UUID = Field(examples=[ID])
    study: UUID
    code: str = Field(examples=["P-014"])
    created_at: datetime


class ConsentOut(Schema):
    participant: UUID
    state: Literal["none", "given", "narrowed", "withdrawn"]
    standing: list[str] = Field(
        description="What stands now: agreed to, not withdrawn, and not prohibited where the study is.",
        examples=[["video", "audio"]],
    )
    granted: list[str] = Field(description="What was agreed to in the last consent, before any withdrawal.")
    withdrawn: list[str]
    form_version: int | None
    newest_form_version: int | None
    given_at: datetime | None
    withdrawn_at: datetime | None


class ConsentLinkIn(Strict):
    days: int = Field(14, ge=1, le=90, description="How long the questions may be answered.")


class ConsentLinkOut(Schema):
    id: UUID = Field(examples=[ID])
    participant: UUID
    kind: Literal["own", "device"] = Field(
        description="The participant's own, or for one hour on a device that was handed over."
    )
    state: Literal["open", "answered", "expired", "revoked"] = Field(
        description="Answered with consent or without: what was agreed to is under the participant's consent."
    )
    created_at: datetime
    expires_at: datetime = Field(description="Until then the questions may be answered.")
    answered_at: datetime | None
    revoked_at: datetime | None


class NewConsentLinkOut(ConsentLinkOut):
    address: str = Field(description="For this participant alone. It is told this once.")


class RecordingOut(Schema):
    id: UUID = Field(examples=[ID])
    participant: UUID
    study: UUID
    title: str
    size: int = Field(description="Bytes.")
    sha256: str
    duration_us: int
    width: int
    height: int
    frame_rate: float | None
    has_audio: bool
    created_at: datetime


class RunIn(Strict):
    neutral_us: int | None = Field(
        None, ge=0, le=2**53, description="Moment of the neutral face, in microseconds; chosen when null."
    )
    max_faces: int = Field(4, ge=1, le=8, description="How many faces to follow.")


class StageOut(Schema):
    key: str
    name: str
    state: Literal["waiting", "active", "done", "failed"]
    value: int | None = None
    max: int | None = None
    note: str = ""


class RunOut(Schema):
    id: UUID = Field(examples=[ID])
    recording: UUID
    participant: UUID
    study: UUID
    state: Literal["queued", "running", "succeeded", "failed", "cancelled"]
    cancelling: bool
    attempt: int
    stages: list[StageOut]
    error: str = Field(description="Why it failed, a sentence for a person.")
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    files: dict[str, str] = Field(description="Public files of the result, with their SHA-256.")


class EventOut(Schema):
    id: UUID
    code: str = Field(description="FACS code.", examples=["12"])
    side: str = Field(description="The subject's: both, left, right, unilateral; empty for codes without sides.")
    intensity: str = Field(description="A–E, empty for codes without intensity.")
    onset_us: int
    apex_us: int
    offset_us: int
    face: int
    confidence: float | None = Field(description="The machine's, 0–1; null where a person wrote the event.")
    standing: str = Field(description="proposed, accepted, changed or added.")
    author: str | None = Field(description="Null for the machine.")
    note: str


class CombinationOut(Schema):
    id: str
    name: str
    group: str
    side: str
    onset_us: int
    apex_us: int
    offset_us: int
    strength: float
    confidence: float
    codes: str


class LevelOut(Schema):
    name: str
    value: float | None
    low: float | None = Field(description="Ends of the 90 % interval.")
    high: float | None


class EpisodeOut(Schema):
    start_us: int
    end_us: int
    candidates: list[LevelOut]


class FaceOut(Schema):
    face: int
    combinations: list[CombinationOut]
    session: list[LevelOut] = Field(
        description="Shares of states over the session; null where none could be told."
    )
    episodes: list[EpisodeOut]
    indicators: list[LevelOut]


class ReadingOut(Schema):
    run: UUID
    reading: UUID | None
    state: str = Field(description="Where things are, a sentence; empty where the reading is up to date.")
    statement: str = Field(description="Belongs above everything that is shown of a reading.")
    withheld: list[str] = Field(description="What may not be shown, and why.")
    faces: list[FaceOut]


class LayerOut(Schema):
    id: UUID
    run: UUID
    kind: str = Field(examples=["coder"])
    state: str = Field(examples=["signed"])
    mode: str
    owner: str | None = Field(description="Null for the machine.")
    revision: int
    created_at: datetime
    submitted_at: datetime | None


class ReportOut(Schema):
    id: UUID = Field(examples=[ID])
    study: UUID
    participant: UUID
    recording: UUID
    run: UUID
    layer: UUID
    state: Literal["waiting", "awaiting", "returned", "ready", "failed", "revoked"] = Field(
        examples=["ready"],
        description="With `awaiting` it waits for the second signature and is no report yet; with `returned` the "
        "second person sent it back to its coder.",
    )
    signer: str
    signed_at: datetime
    second_needed: bool = Field(description="Whether the study asks for two signatures.")
    second_signer: str | None
    second_signed_at: datetime | None
    content_sha256: str
    pdf_sha256: str = Field(description="Empty until the document is made.")
    finished_at: datetime | None
    revoked_at: datetime | None
    revoked_reason: str
    error: str


class DocumentIn(Strict):
    kind: Literal["summary", "participant"] = Field(description="For people who decide, or for the participant.")
    language: Literal["en", "de"] = Field(
        "en", description="Of the participant's copy; a summary there is in English alone."
    )


class DocumentOut(Schema):
    id: UUID = Field(examples=[ID])
    report: UUID
    kind: Literal["summary", "participant"] = Field(description="For people who decide, or for the participant.")
    language: str = Field(examples=["en"])
    state: Literal["waiting", "ready", "failed"]
    pdf_sha256: str = Field(description="Empty until it is made.")
    finished_at: datetime | None
    error: str = Field(description="Why it could not be made, a sentence for a person.")


class DocumentsOut(Schema):
    items: list[DocumentOut]


class VerificationOut(Schema):
    verdict: Literal["good", "attention", "bad"]
    headline: str
    sentences: list[str]
    signer: str
    signed_at: datetime | None
    certificate: str
    fingerprint: str
    content_sha256: str
    report: UUID | None = Field(description="The report of this installation that it is, where you may see it.")


class WebhookIn(Strict):
    url: str = Field(min_length=1, max_length=500, examples=["https://lab.example.org/facsweb"])
    events: list[str] = Field(min_length=1, max_length=50, examples=[["run.finished", "report.ready"]])


class WebhookOut(Schema):
    id: UUID
    study: UUID
    url: str
    events: list[str]
    state: Literal["active", "paused", "disabled"]
    notice: str
    created_at: datetime


class NewWebhookOut(WebhookOut):
    secret: str = Field(description="Signs every delivery. It is shown this once.")


class DeliveryOut(Schema):
    id: UUID
    webhook: UUID
    event: str
    state: Literal["waiting", "delivered", "failed"]
    attempts: int
    status: int | None = Field(description="HTTP status of the last answer.")
    error: str
    created_at: datetime
    next_at: datetime | None = Field(description="When it is sent again; null when it is not.")
    payload: dict[str, Any]
