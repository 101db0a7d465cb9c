"""What every page is asked with when tests walk them all."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.conftest import PASSWORD


@dataclass(frozen=True)
class Example:
    """What a page needs beside its object: more of the address, what is asked for, and what is posted."""

    kwargs: dict[str, str] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    json: dict[str, Any] | None = None
    query: str = ""


EVENT = {"code": "14", "side": "left", "intensity": "B", "onset_us": 0, "apex_us": 500_000, "offset_us": 900_000}
EXAMPLES = {
    "accounts:join": Example(kwargs={"token": "x" * 43}),
    "accounts:invite": Example(data={"email": "nia@example.org"}),
    "accounts:invitation": Example(data={"act": "revoke"}),
    "studies:member_add": Example(data={"email": "coder@example.org", "role": "manager"}),
    "studies:member_remove": Example(data={"role": "manager"}),
    "studies:consent_links": Example(data={"days": "14", "id": "6f0c6d3e-8f0a-4a54-9a5e-3f1f0a7f0003"}),
    "studies:justify": Example(
        data={"ground": "safety", "reason": "Drivers fall asleep; the safety officer agreed."}
    ),
    "studies:justification_withdraw": Example(data={"reason": "No longer needed"}),
    "quotas:change": Example(data={"queued": "5", "weight": "1"}),
    "recordings:tus_create": Example(data={}),
    "live:begin": Example(json={"sound": False, "kind": "video/webm"}),
    "live:markers": Example(json={"marks": []}),
    "live:end": Example(json={"marks": []}),
    "transcripts:revision": Example(kwargs={"number": "1"}),
    "transcripts:download": Example(kwargs={"kind": "txt"}),
    "transcripts:save": Example(json={"expected": 2, "units": [[None, None, "", "A word."]]}),
    "runs:interpret": Example(data={"neutral_us": "0"}),
    "runs:rescore": Example(data={"scorer": "au-rules/1.0.0"}),
    "runs:neutral_picture": Example(kwargs={"face": "0"}),
    "runs:people_change": Example(data={"action": "assign", "expected": "0", "number": "1", "who": "left-out"}),
    "runs:people_picture": Example(kwargs={"number": "0"}),
    "runs:download": Example(kwargs={"name": "events.csv"}),
    "coding:reason": Example(query="?code=12&side=both&onset=1000000&apex=2000000&offset=3000000"),
    "coding:layer_moment": Example(query="?revision=0"),
    "coding:comment_change": Example(json={"action": "resolve"}),
    "coding:changes": Example(
        json={
            "request_id": "6f0c6d3e-8f0a-4a54-9a5e-3f1f0a7f0001",
            "changes": [
                {"action": "create", "event_id": "6f0c6d3e-8f0a-4a54-9a5e-3f1f0a7f0002", "content": EVENT}
            ],
        }
    ),
    "assignments:detail": Example(data={"action": "due", "due": ""}),
    "exchange:download": Example(kwargs={"key": "eaf"}),
    "agreement:start": Example(data={}),
    "agreement:decide": Example(json={"step": 1, "taken": "a", "expected": 0}),
    "agreement:give_up": Example(data={"reason": "I know the participant"}),
    "agreement:names": Example(data={"shown": "1"}),
    "reports:sign": Example(data={"password": PASSWORD}),
    "reports:revoke": Example(data={"reason": "Wrong recording"}),
    "reports:file": Example(kwargs={"kind": "elan"}),
    "reports:document": Example(kwargs={"kind": "summary", "language": "en"}),
    "reports:document_make": Example(data={"document": "summary-en"}),
    "reports:countersign": Example(data={"password": PASSWORD}),
    "reports:send_back": Example(data={"reason": "Look at 00:03 again"}),
    "reports:package_start": Example(data={"kind": "bundle"}),
    "verify_file": Example(kwargs={"name": "root.cer"}),
    "webhooks:list": Example(data={"url": "ftp://a.example", "events": "run.finished"}),
    "webhooks:detail": Example(data={"act": "pause"}),
    "meaning:markers": Example(json={"expected": 0, "marks": []}),
    "meaning:speakers": Example(json={"expected": 0, "marks": []}),
    "meaning:combination_change": Example(kwargs={"key": "own-x"}),
    "meaning:combination_remove": Example(kwargs={"key": "own-x"}, data={"expected": "1"}),
    "meaning:indicator_change": Example(kwargs={"key": "trust_score"}),
    "meaning:indicator_back": Example(kwargs={"key": "trust_score"}, data={"number": "1", "expected": "0"}),
    "privacy:erase": Example(data={"code": "P-001", "reason": "By letter"}),
    "privacy:hold": Example(data={"reason": "A claim"}),
    "privacy:lift": Example(data={"reason": "The claim is settled"}),
    "privacy:retention": Example(data={"days": "90"}),
    "learning:default": Example(data={"scorer": "au-nets/1.0.0"}),
    "learning:scorer": Example(kwargs={"kind": "au-nets", "version": "1.0.0"}),
    "learning:card": Example(kwargs={"kind": "au-nets", "version": "1.0.0"}),
}
