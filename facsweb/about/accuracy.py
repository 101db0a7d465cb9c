"""Question 3: how right it is, always with what that was measured on and of how much."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from django.urls import reverse

from analysis.facs.codes import ACTION_UNITS, CATALOGUE
from analysis.facs.tiers import tier_words
from analysis.validation import published
from facsweb.about import agreement, corpora, text_model
from facsweb.about.training import default, learned_of
from facsweb.about.values import Action, Answer, Column, Table, counted, words
from facsweb.learning import packages, services
from facsweb.studies import access

QUESTION: Final = "How accurate is it, in the laboratory or in use?"
ON_RENDERED: Final = "measured on rendered faces"
UNIT: Final = (Column("code", "AU", "unit"), Column("name", "Name"))
FIGURES: Final = tuple(Column(key, key.upper(), "figure") for key in ("icc", "mae", "f1"))
RENDERED: Final = (
    *UNIT,
    Column("tier", "Tier", "tier"),
    *FIGURES,
    Column("base_rate", "Base rate", "share"),
    Column("coverage", "In 90 % interval", "share"),
    Column("identities", "Faces showing it", "count"),
    Column("pictures", "Pictures", "count"),
)
OWN: Final = (
    *UNIT,
    Column("model", "Model", "mono"),
    Column("tier", "Tier", "tier"),
    Column("icc_before", "ICC before", "figure"),
    Column("icc", "ICC", "figure"),
    Column("mae_before", "MAE before", "figure"),
    Column("mae", "MAE", "figure"),
    Column("f1", "F1", "figure"),
    Column("participants", "Participants", "count"),
    Column("examples", "Events", "count"),
    Column("answers", "Answers"),
)
AGREED: Final = (
    Column("index", "Index", "figure"),
    Column("interval", "95 % interval"),
    Column("kappa", "κ", "figure"),
    Column("icc", "ICC(2,1)", "figure"),
    Column("people", "Events by people", "count"),
    Column("matched", "Found by the machine", "count"),
    Column("extra", "Only the machine’s", "count"),
    Column("participants", "Participants", "count"),
)


def answer(user: Any) -> Answer:
    """The answer, with a table for everything that figures were measured on."""
    signed = agreement.signed()
    found = agreement.with_machine(signed)
    return Answer(
        key="accuracy",
        question=QUESTION,
        short=_short(signed, found),
        tables=(
            _rendered(),
            *_own(),
            _signed(signed, found),
            *_signed_codes(signed, found),
            _people(),
            *_corpora(),
            *text_model.tables(),
            _published(),
            _published_codes(),
        ),
        notes=(
            f"A tier is a rule on those figures: “measured” means {_tier('measured')}; “experimental” means "
            f"{_tier('experimental')}; “human-coded only” means {_tier('human-coded only')}.",
        ),
        links=_links(user),
    )


def _tier(name: str) -> str:
    return str(tier_words("au-nets").get(name, "see the model card"))


def _short(signed: agreement.Signed, found: Mapping[str, Any] | None) -> str:
    said = packages.about(services.newest_shipped()).get("figures", {})
    codes = packages.about(services.newest_shipped()).get("codes", {})
    measured = [one for one in codes.values() if one["held_out"]["icc"] is not None]
    lab = (
        f"In the laboratory, {ON_RENDERED}: a mean ICC of {said['mean_icc_all']:.2f} over {len(measured)} Action "
        f"Units, on {said['held_out_pictures']:,} pictures of {said['held_out_identities']:,} faces that no "
        "training saw"
        if said
        else "In the laboratory nothing can be read"
    )
    if found is None:
        return f"{lab}; in use nothing is known yet, because no coding that could be compared is signed here."
    return (
        f"{lab}; in use, measured on "
        f"{counted(len(signed.pairs), 'of your own signed codings', 'of your own signed codings')} "
        f"({counted(signed.participants, 'participant')}): agreement with people {_figure(found['all'])}."
    )


def _figure(row: Mapping[str, Any]) -> str:
    index = row["index"]
    if index["value"] is None:
        return "is not defined, because neither coded anything"
    interval = f" ({_interval(index)})" if _interval(index) else ""
    return f"{index['value']:.2f}{interval} on the index of Wexler and Ekman, 0 to 1"


def _interval(figure: Mapping[str, Any]) -> str:
    if figure["low"] is None or figure["high"] is None:
        return ""
    return f"{words(figure['low'], 'figure')} to {words(figure['high'], 'figure')}"


def _rendered() -> Table:
    name = services.newest_shipped()
    about = packages.about(name)
    rows = [_rendered_row(code, about["codes"][code]) for code in ACTION_UNITS if code in about.get("codes", {})]
    said = about.get("figures", {})
    note = (
        f"{name}: {ON_RENDERED} of {said['held_out_identities']:,} computer-made identities that no training saw, "
        f"{said['held_out_pictures']:,} pictures with exact labels. ICC(3,1); MAE in intensities 0–5; F1 at B or "
        "more; the share of labels inside the interval that is shown with each intensity. Not measured on people."
        if said
        else ""
    )
    return Table(
        "rendered",
        f"{name}, {ON_RENDERED}",
        RENDERED,
        tuple(rows),
        note,
        "The scorer that ships cannot be read. Reinstall the product.",
        folded=True,
    )


def _rendered_row(code: str, said: Mapping[str, Any]) -> dict[str, Any]:
    held = said["held_out"]
    return {
        "code": code,
        "region": CATALOGUE[code].group,
        "name": CATALOGUE[code].name,
        "tier": said["tier"],
        "coverage": said["coverage"],
        **{key: held[key] for key in ("icc", "mae", "f1", "base_rate", "identities", "pictures")},
    }


def _own() -> list[Table]:
    """Figures of each scorer that was learned here, newest first."""
    tables = []
    for version in sorted(packages.own_versions(), key=lambda said: (len(said), said), reverse=True):
        about = packages.about(f"au-own/{version}")
        if learned := learned_of(f"au-own/{version}"):
            tables.append(_own_table(f"au-own/{version}", about, learned))
    return tables


def _own_table(name: str, about: Mapping[str, Any], learned: Mapping[str, Any]) -> Table:
    rows = [
        {
            "code": code,
            "region": CATALOGUE[code].group,
            "name": CATALOGUE[code].name,
            "model": name if said["used"] else learned["base"],
            "tier": about["codes"][code]["tier"],
            "icc_before": said["before"]["icc"],
            "icc": said["after"]["icc"],
            "mae_before": said["before"]["mae"],
            "mae": said["after"]["mae"],
            "f1": said["after"]["f1"],
            "participants": said["participants"],
            "examples": said["examples"],
            "answers": "this version" if said["used"] else f"the base. {said['why']}",
        }
        for code, said in learned["codes"].items()
        if said["participants"] >= agreement.LEAST
    ]
    here = "; new analyses use it" if name == default() else ""
    signed = f"{counted(int(learned['codings']), 'signed coding')} of this installation"
    return Table(
        f"own-{Path(name).name}",
        f"{name}, measured on {signed}{here}",
        OWN,
        tuple(rows),
        f"{counted(int(learned['participants']), 'participant')}, {counted(int(learned['coders']), 'coder')}; "
        "every figure is of participants whom the fit had not seen (nested cross-validation). Action Units of "
        f"fewer than {agreement.LEAST} participants are left out here.",
        f"No Action Unit was shown by {agreement.LEAST} participants.",
        folded=True,
    )


def _signed(signed: agreement.Signed, found: Mapping[str, Any] | None) -> Table:
    rows = []
    if found is not None:
        rows.append(_agreed("All signed codings", signed, found))
        for mode, what in (("blind", "Coded blind"), ("assisted", "Coded with the machine’s proposals in view")):
            part = signed.of_mode(mode)
            if (own := agreement.with_machine(part)) is not None:
                rows.append(_agreed(what, part, own))
    shown = agreement.signed(demonstrated=True)
    if (own := agreement.with_machine(shown)) is not None:
        rows.append(_agreed("The demonstration: a rendered performer, coded by a program", shown, own))
    older = (
        f" {counted(signed.left_out, 'older coding')} left out here; a study’s own page has all."
        if signed.left_out
        else ""
    )
    return Table(
        "signed",
        "The machine against what people signed here",
        (Column("what", "Of"), Column("codings", "Codings", "count"), *AGREED),
        tuple(rows),
        "The index of Wexler and Ekman, events and frames as on the study’s page Agreement; codes that the "
        "machine can propose. Who codes with proposals in view agrees with them more readily; only blind coding "
        "tests the machine." + older,
        "No coding that can be compared is signed here: how well the machine agrees with certified coders on your "
        "recordings is not known.",
    )


def _agreed(what: str, signed: agreement.Signed, found: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "what": what,
        "codings": len(signed.pairs),
        "participants": signed.participants,
        **_values(found["all"]),
    }


def _values(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "index": row["index"]["value"],
        "interval": _interval(row["index"]),
        "kappa": row["kappa"]["value"],
        "icc": row["icc2"]["value"],
        **{key: row[key] for key in ("people", "matched", "extra")},
    }


def _signed_codes(signed: agreement.Signed, found: Mapping[str, Any] | None) -> list[Table]:
    if found is None:
        return []
    rows = [
        {
            "code": row["code"],
            "region": CATALOGUE[row["code"]].group,
            "name": row["name"],
            "participants": row["participants"],
            **_values(row),
        }
        for row in found["codes"]
    ]
    return [
        Table(
            "signed-units",
            "By Action Unit, the machine against what people signed here",
            (*UNIT, *AGREED),
            tuple(rows),
            f"Measured on {counted(len(signed.pairs), 'signed coding')}; only what {agreement.LEAST} participants "
            "or more showed, because fewer would be a statement about those people.",
            f"No Action Unit was shown by {agreement.LEAST} participants or more, so single figures would be "
            "statements about those people. They are not shown.",
            folded=bool(rows),
        )
    ]


def _people() -> Table:
    return Table(
        "people",
        "People among themselves",
        (
            Column("what", "Of"),
            Column("index", "Mean index", "figure"),
            Column("n", "Comparisons", "count"),
            Column("coders", "Coders", "count"),
        ),
        tuple(agreement.among_people()),
        "No machine can be expected to agree with people more than people do with each other. Means of fewer than "
        f"{agreement.LEAST} coders are not shown; the demonstration is left out.",
    )


def _corpora() -> list[Table]:
    found, wrong = corpora.results()
    unread = f" Not a result: {', '.join(wrong)}." if wrong else ""
    columns = (*UNIT, *FIGURES, Column("base_rate", "Base rate", "share"), Column("frames", "Frames", "count"))
    how = "python -m analysis validate --dataset disfa FOLDER --json > disfa.json"
    if not found:
        return [
            Table(
                "corpora",
                "FACS-coded corpora of people",
                columns,
                (),
                "",
                "No result of a FACS-coded corpus is kept in this installation. Who holds a licence for one can "
                f"measure it here: {how}, put into the folder “{corpora.FOLDER}” of the data folder.{unread}",
            )
        ]
    return [
        Table(
            f"corpus-{number}",
            f"{one.name}: {one.scorer}, measured on people",
            columns,
            one.rows,
            f"{counted(one.recordings, 'recording')}, all frames pooled; {one.file}, SHA-256 {one.sha256}, of "
            f"{words(one.measured_on, 'day')}. As the operator measured it; the product did not see it "
            f"happen.{unread}",
            folded=True,
        )
        for number, one in enumerate(found, 1)
    ]


def _published() -> Table:
    rows = [
        {
            "system": one.system,
            "metric": one.metric,
            "corpus": one.corpus,
            "mean": one.mean,
            "source": one.source,
            "note": one.note,
        }
        for one in published.figures()
    ]
    return Table(
        "published",
        "Other machines, as published",
        (
            Column("system", "System"),
            Column("corpus", "Corpus"),
            Column("metric", "Figure"),
            Column("mean", "Mean", "figure"),
            Column("source", "Source"),
            Column("note", "Note"),
        ),
        tuple(rows),
        "Mostly trained and tested within one corpus of people, by their authors’ own protocols: not the same "
        "experiment as any figure above.",
    )


def _published_codes() -> Table:
    theirs = [one for one in published.figures() if one.per_au]
    known = [code for code in ACTION_UNITS if any(code in one.per_au for one in theirs)]
    rows = [
        {
            "code": code,
            "region": CATALOGUE[code].group,
            "name": CATALOGUE[code].name,
            **{str(number): one.per_au.get(code) for number, one in enumerate(theirs)},
        }
        for code in known
    ]
    columns = tuple(Column(str(number), one.heading, "figure") for number, one in enumerate(theirs))
    return Table("published-units", "Other machines, by Action Unit", (*UNIT, *columns), tuple(rows), folded=True)


def _links(user: Any) -> tuple[Action, ...]:
    mine = access.studies(user, "agreement:study").order_by("name")
    pages = [Action(f"Agreement in {study}", reverse("agreement:study", args=[study.pk])) for study in mine]
    return (Action("Models and their limits", reverse("model_cards")), *pages)
