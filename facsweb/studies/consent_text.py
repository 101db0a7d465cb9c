"""The words of a consent form: those of a new study, those of a version as it was read, and their check sum."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, Final

from django.core.exceptions import ValidationError

from facsweb.audit.services import canonical
from facsweb.studies import law
from facsweb.studies.models import Consent, ConsentForm, Scope
from facsweb.studies.words import LANGUAGES, part, say, words

TITLE: Final = words("en")["form.title"]
QUESTIONS: Final = {Scope(key): text for key, text in part("en", "questions").items()}
_REST: Final = ("results", "who", "rights", "questions")
#: Scopes about what is done with data that are there already.
_USES: Final = frozenset({Scope.CALIBRATION, Scope.QUOTATION, Scope.RETENTION})
LONGEST_TITLE: Final = 160


def _in_words(parts: list[str], language: str) -> str:
    last = f" {words(language)['form.and']} {parts[-1]}"
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])}{last}"


def _paragraphs(texts: Iterable[str]) -> str:
    return "\n\n".join(texts)


def default_body(*, purpose: str, scopes: Iterable[Scope], language: str = "en") -> str:
    """The form's text: paragraphs under plain headings, for a reader without training.

    Parameters
    ----------
    purpose : str
        The study's purpose as the participant should read it.
    scopes : iterable of Scope
        What the form asks about; nothing else is mentioned.
    language : str
        One of `LANGUAGES`.

    Returns
    -------
    str
        Sections separated by empty lines; a section's first line is its heading and starts with ``## ``.
    """
    asked = [scope for scope in Scope if scope in set(scopes)]
    form, meaning = part(language, "form"), part(language, "meaning")
    recorded = [form[f"what.{scope}"] for scope in asked if f"what.{scope}" in form]
    sections = {
        form["why"]: purpose.strip(),
        form["recorded"]: form["record"].format(what=_in_words(recorded, language))
        if recorded
        else form["record_nothing"],
        form["computed"]: _paragraphs(meaning[scope] for scope in asked if scope not in _USES),
        form["used"]: _paragraphs(meaning[scope] for scope in asked if scope in _USES),
        **{form[f"rest.{key}_title"]: form[f"rest.{key}"] for key in _REST},
    }
    return "\n\n".join(f"## {heading}\n{text}" for heading, text in sections.items() if text)


def written(*, purpose: str, scopes: Iterable[Scope]) -> dict[str, dict[str, str]]:
    """Title and body of a new study's form in every language. The purpose stands as it was typed."""
    asked = list(scopes)
    return {
        language: {
            "title": words(language)["form.title"],
            "body": default_body(purpose=purpose, scopes=asked, language=language),
        }
        for language in LANGUAGES
    }


def checked_translations(given: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
    """Translations as they are stored: both title and text, or neither.

    Raises
    ------
    ValidationError
        One of the two is missing, the title is too long, or the language is not one of ours.
    """
    found = {}
    for language, text in sorted(given.items()):
        title, body = text.get("title", "").strip(), text.get("body", "").replace("\r\n", "\n").strip()
        if language not in LANGUAGES[1:]:
            raise ValidationError(f"There are no participant’s pages in the language {language!r}.")
        if not title and not body:
            continue
        if not title or not body or len(title) > LONGEST_TITLE:
            name = words(language)["language.name"]
            raise ValidationError(
                f"The version in {name} needs a title of at most {LONGEST_TITLE} letters and a text."
            )
        found[language] = {"title": title, "body": body}
    return found


def form_sha256(form: ConsentForm) -> str:
    """Check sum (hex) over everything a version says and asks, in all its languages."""
    said = [str(form.study_id), form.version, form.title, form.body, form.translations, form.scopes]
    return hashlib.sha256(canonical(said)).hexdigest()


def asked(form: ConsentForm) -> list[str]:
    """What the version asks about at this moment: an exception that was withdrawn since takes questions away."""
    allowed = {str(scope) for scope in law.scopes_of(form.study)}
    return [scope for scope in form.scopes if scope in allowed]


def keeping(form: ConsentForm, language: str) -> str:
    """How long data are kept in the study, in a sentence or two."""
    days = law.days_kept(form.study)
    first = say(language, "retention.days", days=days) if days else say(language, "retention.purpose")
    if Scope.RETENTION not in form.scopes:
        return first
    most = law.most_days(form.study.setting, form.study.jurisdiction)
    if most is None:
        return f"{first} {say(language, 'retention.beyond')}"
    # Nobody can agree to longer than the law lets data be kept.
    return first if days == most else f"{first} {say(language, 'retention.beyond_most', days=most)}"


def said(form: ConsentForm, language: str) -> dict[str, Any]:
    """Every word that somebody reads who is asked with this version in this language, at this moment.

    Returns
    -------
    dict
        ``language``, ``title``, ``body``, ``notices`` (as `law.notices`), ``keeping``, ``questions`` (scope,
        question and its explanation) and ``sha256`` of the version.
    """
    text = form.words(language) or {"title": form.title, "body": form.body}
    questions, meaning = part(language, "questions"), part(language, "meaning")
    return {
        "language": language,
        "title": text["title"],
        "body": text["body"],
        "notices": law.notices(form.study, language),
        "keeping": keeping(form, language),
        "questions": [[scope, questions[scope], meaning[scope]] for scope in asked(form)],
        "sha256": form_sha256(form),
    }


def as_read(consent: Consent) -> dict[str, Any]:
    """What a participant read when they gave a consent; of one from before this was kept, as it would read."""
    return consent.said or said(consent.form, consent.language)


def sections(body: str) -> list[tuple[str, str]]:
    """Split a form's text into (heading, text); text before the first heading has an empty heading."""
    found: list[tuple[str, str]] = []
    for section in f"\n{body.strip()}".split("\n## "):
        heading, _, text = section.partition("\n")
        if heading.strip() or text.strip():
            found.append((heading.strip(), text.strip()))
    return found
