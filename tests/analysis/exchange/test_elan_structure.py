"""What ELAN needs of an .eaf: what the schema of EAF 3.0 says, and what its constraints mean."""

from __future__ import annotations

from itertools import pairwise
from xml.etree import ElementTree

import pytest

from analysis.exchange.values import About
from tests.analysis.exchange.made import ABOUT, everything, layer, random_layer, sent

ORDER = [
    *("LICENSE", "HEADER", "TIME_ORDER", "TIER", "LINGUISTIC_TYPE", "LOCALE", "LANGUAGE", "CONSTRAINT"),
    *("CONTROLLED_VOCABULARY", "LEXICON_REF", "REF_LINK_SET", "EXTERNAL_REF"),
]


def tree(coding, about=ABOUT):
    return ElementTree.fromstring(sent("eaf", coding, about))  # noqa: S314 (our own)


@pytest.fixture(params=[everything(), random_layer(1, 200), layer()], ids=["everything", "random", "empty"])
def root(request):
    return tree(request.param)


def test_elements_are_in_the_order_of_the_schema(root):
    places = [ORDER.index(element.tag) for element in root]
    assert places == sorted(places)
    assert (root.get("FORMAT"), root.get("VERSION")) == ("3.0", "3.0")


def test_every_reference_has_its_target(root):
    kinds = {kind.get("LINGUISTIC_TYPE_ID") for kind in root.iter("LINGUISTIC_TYPE")}
    tiers = [tier.get("TIER_ID") for tier in root.iter("TIER")]
    constraints = {constraint.get("STEREOTYPE") for constraint in root.iter("CONSTRAINT")}
    vocabularies = {vocabulary.get("CV_ID") for vocabulary in root.iter("CONTROLLED_VOCABULARY")}
    languages = {language.get("LANG_ID") for language in root.iter("LANGUAGE")}
    assert len(tiers) == len(set(tiers))
    assert {tier.get("LINGUISTIC_TYPE_REF") for tier in root.iter("TIER")} <= kinds
    assert {tier.get("PARENT_REF") for tier in root.iter("TIER")} - {None} <= set(tiers)
    assert {kind.get("CONSTRAINTS") for kind in root.iter("LINGUISTIC_TYPE")} - {None} <= constraints
    assert {kind.get("CONTROLLED_VOCABULARY_REF") for kind in root.iter("LINGUISTIC_TYPE")} - {
        None
    } <= vocabularies
    assert {value.get("LANG_REF") for value in root.iter("CVE_VALUE")} <= languages
    slots = {slot.get("TIME_SLOT_ID") for slot in root.iter("TIME_SLOT")}
    marks = list(root.iter("ALIGNABLE_ANNOTATION"))
    assert {mark.get(f"TIME_SLOT_REF{end}") for mark in marks for end in (1, 2)} == slots
    numbers = [mark.get("ANNOTATION_ID") for mark in [*marks, *root.iter("REF_ANNOTATION")]]
    assert len(numbers) == len(set(numbers))
    assert {mark.get("ANNOTATION_REF") for mark in root.iter("REF_ANNOTATION")} <= set(numbers)


def test_times_ascend_and_annotations_of_a_tier_never_overlap_or_are_empty(root):
    slots = {slot.get("TIME_SLOT_ID"): int(slot.get("TIME_VALUE")) for slot in root.iter("TIME_SLOT")}
    assert list(slots.values()) == sorted(slots.values())
    for tier in root.iter("TIER"):
        marks = [
            (slots[mark.get("TIME_SLOT_REF1")], slots[mark.get("TIME_SLOT_REF2")])
            for mark in tier.iter("ALIGNABLE_ANNOTATION")
        ]
        assert all(start < end for start, end in marks)
        assert all(first[1] <= second[0] for first, second in pairwise(sorted(marks)))


def test_phases_fill_their_event_and_share_its_time_slots(root):
    tiers = {tier.get("TIER_ID"): tier for tier in root.iter("TIER")}
    for name, tier in tiers.items():
        if not name.endswith(" phase"):
            continue
        parents = {
            (mark.get("TIME_SLOT_REF1"), mark.get("TIME_SLOT_REF2"))
            for mark in tiers[tier.get("PARENT_REF")].iter("ALIGNABLE_ANNOTATION")
        }
        parts = [(m.get("TIME_SLOT_REF1"), m.get("TIME_SLOT_REF2")) for m in tier.iter("ALIGNABLE_ANNOTATION")]
        after = dict(parts)
        whole = {
            (start, after.get(end, end)) if (start, end) not in parents else (start, end) for start, end in parts
        }
        assert parents <= whole


def test_codes_have_tiers_that_a_person_recognises():
    root = tree(everything())
    names = [tier.get("TIER_ID") for tier in root.iter("TIER")]
    for name in ("AU12", "AU12 (2)", "AU12 (3)", "AU12 phase", "AU12 note", "AU4 face 2", "51 Head turn left"):
        assert name in names, names
    values = {value.text for value in root.iter("ANNOTATION_VALUE")}
    assert {"12C", "L12B", "R12A", "U12", "rise", "fall", "moment", "coded"} <= values


def test_the_video_is_linked_by_its_name():
    root = tree(layer(), About(media="a b.mp4"))
    (media,) = root.iter("MEDIA_DESCRIPTOR")
    assert media.get("RELATIVE_MEDIA_URL") == "./a%20b.mp4"
    assert media.get("MIME_TYPE") == "video/mp4"
