"""What the review page is told: the recording, the catalogue, the layers that this person may read."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.urls import NoReverseMatch, reverse

from analysis.facs.codes import CATALOGUE
from analysis.facs.micro import CAUTION, LONGEST_US, MICRO_CODES
from analysis.facs.regions import REASON_WORDS, regions_of
from analysis.facs.tiers import tier_words
from facsweb.accounts.models import User
from facsweb.coding import hooks, stage, timeline
from facsweb.coding.models import Layer
from facsweb.coding.preferences import preferences_of
from facsweb.coding.services import faces_of, limit_us
from facsweb.coding.sight import blind_layer, may_read, readable_layers
from facsweb.recordings.services import playable
from facsweb.runs.models import AnalysisRun
from facsweb.studies import access
from facsweb.studies.models import Role

__all__ = ["chosen_layer", "crumbs", "may_edit", "may_read", "name_of", "page_data", "readable_layers"]

COLUMNS: Final = 1024  # of a tile (static/js/lib/tiles.js)
TIMES: Final = [("onset", "Onset"), ("apex", "Apex"), ("offset", "Offset")]
#: Button, key and words of what the transport's menu holds.
PLAYING: Final = [
    ("slower", "[", "Slower"),
    ("faster", "]", "Faster"),
    ("to-start", "Home", "Go to the start"),
    ("to-end", "End", "Go to the end"),
    ("goto-open", "Shift+t", "Go to a time…"),
]


def chosen_layer(user: User, layers: list[Layer], wanted: str) -> Layer | None:
    """The layer asked for; otherwise one's own, otherwise the last; None where there is none to read.

    Raises
    ------
    PermissionDenied
        The layer asked for is not among those that the user may read.
    """
    if wanted:
        found = next((layer for layer in layers if str(layer.pk) == wanted), None)
        if found is None:
            raise PermissionDenied
        return found
    own = (layer for layer in layers if layer.owner_id == user.pk and layer.kind == Layer.Kind.CODER)
    return next(own, layers[-1] if layers else None)


def name_of(layer: Layer, user: User) -> str:
    """What the page calls a layer."""
    if layer.owner is None:
        return "Machine"
    who = "My" if layer.owner_id == user.pk else f"{layer.owner.get_full_name()}’s"
    match layer.kind:
        case Layer.Kind.ADJUDICATED:
            return f"{who} adjudication"
        case Layer.Kind.IMPORTED:
            return f"{layer.name} (imported)"
        case Layer.Kind.PRACTICE:
            return f"{who} practice"
    if layer.owner_id == user.pk:
        return "My coding"
    return hooks.alias(user, layer) or layer.owner.get_full_name()


def may_edit(user: User, layer: Layer) -> bool:
    """Whether this person may change this layer now."""
    return (
        layer.owner_id == user.pk
        and layer.kind in Layer.WRITTEN
        and layer.state == Layer.State.OPEN
        and Role.CODER in access.roles_of(user, layer.study)
    )


def optional_url(name: str, *args: Any) -> str:
    """Address of a page of an upper layer; empty where the installation has none."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""


def crumbs(run: AnalysisRun) -> list[tuple[str, str]]:
    """Where the page is."""
    participant = run.recording.participant
    return [
        (participant.study.name, optional_url("studies:detail", participant.study_id)),
        (participant.code, optional_url("studies:participant", participant.pk)),
        (run.recording.title, optional_url("recordings:detail", run.recording_id)),
        ("Review", ""),
    ]


def endings(user: User, layer: Layer) -> dict[str, str]:
    """Addresses of what its owner does with a finished coding: signing or submitting it, or taking it back."""
    own = layer.owner_id == user.pk and layer.kind == Layer.Kind.CODER
    together = layer.ending == Layer.Ending.ADJUDICATION
    taking_back = own and layer.state == Layer.State.SUBMITTED and access.may(user, "coding:take_back", layer)
    urls = {"sign_url": "", "submit_url": "", "take_back_url": ""}
    if taking_back:
        urls["take_back_url"] = reverse("coding:take_back", args=[layer.pk])
    elif may_edit(user, layer) and own and together:
        urls["submit_url"] = reverse("coding:submit", args=[layer.pk])
    elif may_edit(user, layer):
        urls["sign_url"] = optional_url("reports:sign", layer.pk)
    return urls


def more(user: User, layer: Layer) -> list[dict[str, str]]:
    """What the bar's menu holds: pages around this coding that the person may open."""
    run, study, may = layer.run, layer.study, access.pages(user, layer.study)
    standard = layer.state == Layer.State.SIGNED and layer.kind in (Layer.Kind.CODER, Layer.Kind.ADJUDICATED)
    new_segment = optional_url("practice:create", study.pk) if standard and "practice:create" in may else ""
    items = (
        ("runs:neutral", "face", "Neutral face", optional_url("runs:neutral", run.pk)),
        ("meaning:session", "chart", "Meaning of the session", optional_url("meaning:session", run.pk)),
        ("meaning:combinations", "list", "Combinations", optional_url("meaning:combinations", study.pk)),
        ("exchange:export", "download", "Export this coding…", optional_url("exchange:export", layer.pk)),
        ("exchange:import", "upload", "Import a coding…", optional_url("exchange:import", run.pk)),
        ("practice:create", "plus", "Make a practice segment…", new_segment and f"{new_segment}?layer={layer.pk}"),
        ("agreement:study", "chart", "Agreement in this study", optional_url("agreement:study", study.pk)),
        ("practice:list", "check", "Practice in this study", optional_url("practice:list", study.pk)),
        ("runs:detail", "info", "About this analysis", optional_url("runs:detail", run.pk)),
    )
    return [
        {"icon": icon, "label": label, "url": url, "id": "neutral-link" if name == "runs:neutral" else ""}
        for name, icon, label, url in items
        if url and name in may
    ]


def practice_url(layer: Layer) -> str:
    """Where a practice layer is checked; empty for other layers."""
    return _practice("practice:attempt", layer)


def _practice(name: str, layer: Layer) -> str:
    return optional_url(name, layer.pk) if layer.kind == Layer.Kind.PRACTICE else ""


def wanted_first(data: dict[str, Any]) -> list[str]:
    """Addresses of what the rows are drawn from: the browser asks for them before the page's script runs.

    They are written as ``static/js/pages/review.js`` and ``components/window-loader.js`` write them; an address
    that differs is fetched twice.
    """
    urls, found = data["urls"], [data["urls"]["frames"]]
    if urls["signals"] and data["faces"]:
        whole = {"face": data["faces"][0], "from": 0, "to": data["durationUs"], "width": COLUMNS, "heat": 1}
        found.insert(0, f"{urls['signals']}?{urlencode({**whole, 'v': data['run']['attempt']})}")
    return found


def page_data(user: User, run: AnalysisRun, layer: Layer, machine: Layer) -> dict[str, Any]:
    """Plain values for the page's script (``static/js/pages/review.js`` says what it makes of them)."""
    recording = run.recording
    blind = layer.mode == Layer.Mode.BLIND and blind_layer(user, recording) is not None
    tiers = run.summary.get("tiers", {})
    placeholder = "00000000-0000-0000-0000-000000000000"
    return {
        "run": {"id": str(run.pk), "attempt": run.attempt},
        "user": {"id": str(user.pk), "name": user.get_full_name()},
        "durationUs": limit_us(run),
        "frameRate": run.summary.get("video", {}).get("frame_rate") or 0,
        "hasVideo": playable(recording) is not None,
        "faces": faces_of(run),
        "seen": any(face.get("seen_frames") for face in run.summary.get("faces", [])),
        "layer": {
            "id": str(layer.pk),
            "kind": layer.kind,
            "name": name_of(layer, user),
            "editable": may_edit(user, layer),
            "state": layer.state,
            "mode": layer.mode,
            "spans": layer.spans,
        },
        "blind": blind,
        "preferences": {"owner": str(user.pk), "values": preferences_of(user)},
        "machineLayer": "" if blind else str(machine.pk),
        "reasons": dict(REASON_WORDS),
        "tierWords": tier_words((run.summary.get("scorer") or {}).get("id", "")),
        "micro": {
            "longestUs": LONGEST_US,
            "caution": CAUTION,
            "faces": [
                face["face"]
                for face in run.summary.get("faces", [])
                if not blind and (face.get("micro") or {}).get("possible")
            ],
        },
        "urls": {
            "signals": "" if blind else reverse("coding:signals", args=[run.pk]),
            "frames": f"{reverse('coding:frames', args=[run.pk])}?v={run.attempt}",
            "events": reverse("coding:events", args=[layer.pk]),
            "machineEvents": "" if blind else reverse("coding:events", args=[machine.pk]),
            "practiceFeedback": _practice("practice:feedback", layer),
            "changes": reverse("coding:changes", args=[layer.pk]),
            "layerHistory": reverse("coding:layer_history", args=[layer.pk]),
            "layerMoment": reverse("coding:layer_moment", args=[layer.pk]),
            "comments": reverse("coding:comments", args=[run.pk]),
            "comment": reverse("coding:comment_change", args=[placeholder]),
            "live": f"/ws/layers/{layer.pk}/",
            "history": reverse("coding:event_history", args=[placeholder]),
            "placeholder": placeholder,
            "preferences": reverse("coding:preferences"),
        },
        "meaning": None if blind else hooks.lanes_of(user, run),
        "stage": stage.page_data(run),
        **timeline.page_data(run),
        "codes": [
            {
                "code": code.code,
                "name": code.name,
                "group": code.group,
                "sided": code.sided,
                "graded": code.has_intensity,
                "tier": tiers.get(code.code, code.tier),
                "micro": code.code in MICRO_CODES,
                "exclusiveWith": list(code.exclusive_with),
                "needs": sorted({*regions_of(code.code, "L"), *regions_of(code.code, "R")}),
                "description": code.description,
            }
            for code in CATALOGUE.values()
        ],
    }
