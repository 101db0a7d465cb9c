"""Training code of the scorer: pictures to shards, figures, the card; fitting where torch is installed."""

from __future__ import annotations

import csv
from dataclasses import fields, replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from analysis import media
from analysis.facs.codes import ACTION_UNITS
from analysis.scoring import package
from analysis.scoring.targets import MIRRORED, TARGETS, columns_of
from analysis.training.scorer import extract as extracting
from analysis.training.scorer.card import card
from analysis.training.scorer.extract import Shard

REPOSITORY = Path(__file__).parents[3]
CLIP = REPOSITORY / "tests/media/d3_surprise_1_2_5_26_turns_blinks.mp4"
SHOWN = frozenset({"1", "2", "12", "14", "25"})


def write_pictures(folder: Path) -> None:
    """Four frames of d3 as labelled pictures: neutral, surprise, the same, and the dimple on the left."""
    labels = {0: {}, 60: {"1": (3.0, 3.0)}, 62: {"1": (3.0, 3.0)}, 200: {"14": (4.0, 0.0)}}
    with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        cells = [f"AU{code}_{side}" for code in ACTION_UNITS for side in "LR"]
        writer.writerow(
            ["file", "identity", "rig", "cohort", "neutral", "yaw_deg", "pitch_deg", "roll_deg", *cells]
        )
        for frame in media.frames(CLIP):
            if frame.index not in labels:
                continue
            name = f"{frame.index}.jpg"
            cv2.imwrite(str(folder / name), cv2.cvtColor(frame.rgb, cv2.COLOR_RGB2BGR))
            values = [labels[frame.index].get(code, (0.0, 0.0))[side] for code in ACTION_UNITS for side in (0, 1)]
            writer.writerow([name, 7, "ict", "III", int(frame.index == 0), 4.0, 0.0, 0.0, *values])


@pytest.fixture(scope="module")
def shard(tmp_path_factory: pytest.TempPathFactory, models: Path) -> Shard:
    folder = tmp_path_factory.mktemp("pictures")
    write_pictures(folder)
    return extracting.extract(folder, SHOWN)


def test_every_picture_is_there_twice_and_its_labels_change_sides(shard: Shard) -> None:
    assert len(shard) == 8
    assert shard.mirrored.tolist() == [False, True] * 4
    left, right = columns_of("14")
    assert shard.labels[6, [left, right]].tolist() == [4.0, 0.0]
    assert shard.labels[7, [left, right]].tolist() == [0.0, 4.0]
    assert np.array_equal(shard.labels[7], shard.labels[6][list(MIRRORED)], equal_nan=True)
    assert shard.yaw.tolist() == [4.0, -4.0] * 4


def test_what_a_rig_cannot_show_is_unknown_not_absent(shard: Shard) -> None:
    for number, (code, _) in enumerate(TARGETS):
        assert np.isnan(shard.labels[:, number]).all() == (code not in SHOWN)
    assert np.isnan(shard.visible).all()  # this table says nothing of it


def test_a_mirrored_face_measures_as_the_mirror_of_the_face(shard: Shard) -> None:
    from analysis.face.reference import reference

    mirror = np.concatenate([reference().mirror, np.arange(473, 478), np.arange(468, 473)])[:478]
    flipped = shard.points[1][mirror] * [-1, 1, 1]
    surface = slice(0, 468)
    assert np.abs(flipped[surface] - shard.points[0][surface]).mean() < 0.15  # centimetres


def test_shards_are_stored_and_put_together(shard: Shard, tmp_path: Path) -> None:
    extracting.save(shard, tmp_path / "a.npz")
    both = extracting.load([tmp_path / "a.npz", tmp_path / "a.npz"])
    assert len(both) == 2 * len(shard)
    for field in fields(Shard):
        one, two = getattr(shard, field.name), getattr(both, field.name)
        equal = np.array_equal(two[: len(shard)], one, equal_nan=one.dtype.kind == "f")
        assert equal, field.name


def test_the_card_in_the_documents_is_the_shipped_packages() -> None:
    folder = package.SHIPPED / package.shipped_versions()[-1]
    crossed = folder / "cross.json"
    text = card(folder, crossed if crossed.exists() else None)
    assert all(f"| {code} | " in text for code in ACTION_UNITS)
    assert (REPOSITORY / "docs/model_cards/au-nets.md").read_text(encoding="utf-8") == text


# With torch: on made shards, because fitting is about arrays and not about pictures.


def made(identities: int, pictures: int, seed: int = 0, first: int = 0) -> Shard:
    """Faces whose lip corners rise with 12 and whose inner brows rise with 1; everything else is noise."""
    from analysis.face.geometry import GEOMETRY_COLUMNS
    from analysis.face.texture import TEXTURE_COLUMNS

    names = (*GEOMETRY_COLUMNS, *TEXTURE_COLUMNS)
    rng = np.random.default_rng(seed)
    n = identities * pictures
    labels = np.zeros((n, len(TARGETS)), np.float32)
    columns = rng.normal(0, 0.02, (n, len(names))).astype(np.float32)
    neutral = np.arange(n) % pictures < 2
    for code, measure in (("12", "corner_y"), ("1", "brow_in_y")):
        for number, side in zip(columns_of(code), "LR", strict=True):
            labels[:, number] = np.where(neutral | (rng.random(n) < 0.5), 0, rng.uniform(0, 5, n))
            columns[:, names.index(f"{measure}_{side}")] += labels[:, number] / 10
    who = np.repeat(np.arange(first, first + identities), pictures)
    columns += np.repeat(rng.normal(0, 0.3, (identities, len(names))), pictures, axis=0).astype(np.float32)
    for name in ("yaw_deg", "pitch_deg", "roll_deg"):
        columns[:, names.index(name)] = 0
    return Shard(
        labels=labels,
        visible=np.ones((n, 6), np.float32),
        points=rng.normal(0, 1, (n, 478, 3)).astype(np.float32),
        columns=columns,
        region_maps=np.zeros((n, 96, 16, 16), np.float16),
        crop_map=np.zeros((n, 32, 24, 24), np.float16),
        identity=np.array([f"ict:{one}" for one in who]),
        neutral=neutral,
        mirrored=np.zeros(n, bool),
        yaw=np.zeros(n, np.float32),
        cohort=np.repeat("III", n),
    )


def test_a_head_learns_what_is_there_from_people_it_never_saw() -> None:
    torch = pytest.importorskip("torch", reason="torch is only where scorers are trained")
    from analysis.training.scorer import evaluate, fit

    torch.set_num_threads(1)
    training, unseen = fit.Table(made(40, 12)), fit.Table(made(20, 12, seed=1, first=500))
    candidate = fit.fit(training, "features", fit.scales(training), passes=30, tell=lambda line: None)
    calibration = evaluate.calibrate(training.shard, *fit.answers(candidate, training))
    value, doubt = fit.answers(candidate, unseen)
    found = evaluate.figures(unseen.shard, evaluate.calibrated(value, calibration), ~unseen.shard.neutral)
    assert found["12"].icc > 0.8
    assert found["1"].icc > 0.8
    assert np.isnan(found["9"].icc)  # nobody shows it
    number = columns_of("12")[0]
    width = doubt[:, number] * calibration.gain["12"] * calibration.quantile["12"][0]
    off = np.abs(
        np.clip(evaluate.calibrated(value, calibration)[:, number], 0, 5) - unseen.shard.labels[:, number]
    )
    assert 0.75 <= (off <= width).mean() <= 1.0


def test_a_held_out_identity_cannot_be_trained_on() -> None:
    pytest.importorskip("torch", reason="torch is only where scorers are trained")
    from analysis.training.scorer.build import _split

    with pytest.raises(ValueError, match="held out"):
        _split(made(4, 5, first=9000))


def test_what_is_exported_answers_as_what_was_fitted() -> None:
    torch = pytest.importorskip("torch", reason="torch is only where scorers are trained")
    from analysis.models.runtime import session_from
    from analysis.training.scorer.export import encoder_file, head_file, sight_file
    from analysis.training.scorer.nets import Encoder, Head, Sight

    torch.manual_seed(0)
    regions, crop = torch.randn(5, 96, 16, 16), torch.randn(5, 32, 24, 24)
    encoder, head, sight = Encoder(1.5, 1.3).eval(), Head(40, 7).eval(), Sight(1.3, 6).eval()
    maps = {"region_maps": regions.numpy(), "crop_map": crop.numpy()}
    with torch.no_grad():
        code = encoder(regions, crop).numpy()
        difference = torch.randn(5, 40)
        answer = head(difference).numpy()
        seen = torch.sigmoid(sight(crop)).numpy()
    assert np.abs(session_from(encoder_file(encoder, 160)).run(None, maps)[0] - code).max() < 0.02
    answered = session_from(head_file(head, 40)).run(None, {"difference": difference.numpy()})[0]
    assert np.abs(answered[:, :7] - answer[:, :7]).max() < 0.01
    assert np.abs(np.log(answered[:, 7:]) - answer[:, 7:]).max() < 0.02
    assert (
        np.abs(session_from(sight_file(sight, 6)).run(None, {"crop_map": maps["crop_map"]})[0] - seen).max() < 0.01
    )


def test_41_42_and_46_follow_from_the_lids() -> None:
    from analysis.training.scorer.evaluate import by_code

    values = np.zeros((4, len(TARGETS)), np.float32)
    left, right = columns_of("43")
    values[:, left], values[:, right] = [2.25, 3.75, 5.0, 5.0], [2.25, 3.75, 5.0, 0.0]
    assert by_code(values, "41").tolist() == pytest.approx([5.0, 0.0, 0.0, 0.0])
    assert by_code(values, "42").tolist() == pytest.approx([0.0, 5.0, 0.0, 0.0])
    assert by_code(values, "46").tolist() == pytest.approx([0.0, 0.0, 0.0, 5.0])
    assert by_code(values, "45").tolist() == pytest.approx([2.25, 3.75, 5.0, 5.0])


def test_a_shard_needs_a_neutral_for_every_person() -> None:
    pytest.importorskip("torch", reason="torch is only where scorers are trained")
    from analysis.training.scorer.fit import Table

    one = made(2, 4)
    without = replace(one, neutral=one.neutral & (one.identity == "ict:0"))
    assert len(Table(without).members) == 1
