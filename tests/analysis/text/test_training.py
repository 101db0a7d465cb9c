"""The parts of the training on small cases with known answers. What needs torch is skipped where there is none."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.training.text import data, scores
from analysis.types import AnalysisError


def logits(count, slope, offset, seed=0):
    """Logits of two labels and labels drawn from logistic(slope × logit + offset)."""
    random = np.random.default_rng(seed)
    x = random.normal(-1, 2, (count, 2)).astype(np.float32)
    p = 1 / (1 + np.exp(-(np.array(slope) * x + np.array(offset))))
    return x, (random.random((count, 2)) < p).astype(np.float32)


def test_calibration_finds_the_slope_and_offset_it_should():
    x, y = logits(40_000, [0.5, 2.0], [0.4, -1.0])
    slope, offset = scores.platt(x, y)
    np.testing.assert_allclose(slope, [0.5, 2.0], atol=0.06)
    np.testing.assert_allclose(offset, [0.4, -1.0], atol=0.06)
    raw = scores.calibration_error(1 / (1 + np.exp(-x)), y)
    assert scores.calibration_error(scores.calibrated(x, slope, offset), y) < min(0.01, raw / 3)


def test_a_label_that_is_nearly_never_there_does_not_run_away():
    x = np.linspace(-6, -2, 500, dtype=np.float32)[:, None]
    y = np.zeros_like(x)
    y[-1] = 1
    slope, offset = scores.platt(x, y)
    assert 0 < slope[0] < 3
    assert abs(offset[0]) < 3


def test_logits_that_say_the_opposite_are_refused():
    x, y = logits(5000, [-2.0, 1.0], [0.0, 0.0])
    with pytest.raises(ValueError, match="opposite"):
        scores.platt(x, y)


def test_thresholds_by_hand():
    p = np.array([[0.9], [0.8], [0.7], [0.6], [0.2]], np.float32)
    y = np.array([[1], [1], [0], [1], [0]], np.float32)
    assert scores.best_thresholds(p, y)[0] == pytest.approx(0.4)  # 3 hits, 1 false: F1 6/7
    assert scores.macro_f1(p, y, np.array([0.4])) == pytest.approx(6 / 7)
    assert scores.macro_f1(p, y, np.array([0.75])) == pytest.approx(4 / 5)
    assert 0.2 < scores.steady_thresholds(p.repeat(20, 0), y.repeat(20, 0))[0] < 0.6


def test_calibration_error_by_hand():
    p = np.array([0.1, 0.1, 0.9, 0.9], np.float32)
    assert scores.calibration_error(p, np.array([0, 0, 1, 1], np.float32)) == pytest.approx(0.1)
    assert scores.calibration_error(p, np.array([1, 0, 1, 0], np.float32)) == pytest.approx(0.4)


def test_figures_by_hand():
    x = np.array([[3, -3], [3, 3], [-3, 3], [-3, -3]], np.float32)
    y = np.array([[1, 0], [0, 1], [1, 1], [0, 0]], np.float32)
    one, zero = np.ones(2, np.float32), np.zeros(2, np.float32)
    found = scores.figures(("a", "b"), x, y, one, zero, np.array([0.5, 0.5]))
    assert (found.labels[0].precision, found.labels[0].recall, found.labels[0].support) == (0.5, 0.5, 2)
    assert (found.labels[0].f1, found.labels[1].f1, found.macro) == (0.5, 1.0, 0.75)
    assert found.micro == pytest.approx(6 / 8)
    assert found.weighted == pytest.approx(0.75)


def test_the_data_is_read_as_published_and_a_broken_line_is_named(tmp_path):
    (tmp_path / "labels.txt").write_text("joy\nanger\nneutral\n")
    (tmp_path / "dev.tsv").write_text('I\'m "glad"\t0\tx1\nargh, really\t1,2\tx2\n', encoding="utf-8")
    found = data.split(tmp_path, "dev")
    assert found.texts == ('I\'m "glad"', "argh, really")
    np.testing.assert_array_equal(found.labels, [[1, 0, 0], [0, 1, 1]])
    (tmp_path / "test.tsv").write_text("fine\t0\tx\nbad\t7\tx\n")
    with pytest.raises(AnalysisError, match=r"Line 2 of test\.tsv"):
        data.split(tmp_path, "test")
    with pytest.raises(AnalysisError, match=r"no train\.tsv"):
        data.split(tmp_path, "train")


@pytest.fixture(scope="module")
def small():
    torch = pytest.importorskip("torch", reason="torch is only where models are trained")
    from analysis.training.text.net import Shape, TextNet

    torch.manual_seed(0)
    net = TextNet(5, Shape(width=32, inner=64, heads=4, layers=2, longest=24, pieces=50))
    for part in net.parameters():
        torch.nn.init.normal_(part, 0, 0.3)
    return net.eval()


def test_the_exported_net_says_what_the_trained_one_says(small):
    import torch

    from analysis.models.runtime import session_on_processor
    from analysis.training.text.export import net_file

    floats, integers = (session_on_processor(net_file(small, 24, integers=bits)) for bits in (False, True))
    for length in (2, 7, 24):
        ids = np.random.default_rng(length).integers(1, 50, length)
        with torch.no_grad():
            wanted = small(torch.from_numpy(ids)[None])[0].numpy()
        np.testing.assert_allclose(floats.run(None, {"ids": ids})[0], wanted, atol=1e-4)
        rough = integers.run(None, {"ids": ids})[0]
        assert np.abs(rough - wanted).max() < 0.2 * np.abs(wanted).max()


def test_padding_changes_nothing(small):
    import torch

    ids = torch.tensor([[3, 9, 4, 7]])
    longer = torch.tensor([[3, 9, 4, 7, 0, 0, 0]])
    with torch.no_grad():
        np.testing.assert_allclose(small(ids).numpy(), small(longer).numpy(), atol=1e-5)


def test_a_pass_sees_rare_labels_more_often_and_plain_neutral_ones_less():
    pytest.importorskip("torch", reason="torch is only where models are trained")
    from analysis.training.text.fit import batches, one_pass

    labels = np.zeros((10_000, 3), np.float32)
    labels[:50, 0] = 1  # 0.5 %: seen twice at a limit of 2 %
    labels[50:5000, 1] = 1
    labels[5000:, 2] = 1
    random = np.random.default_rng(0)
    seen = one_pass(labels, 0.02, 0.5, random)
    assert (seen < 50).sum() == 100
    assert ((seen >= 50) & (seen < 5000)).sum() == 4950
    assert 2300 < (seen >= 5000).sum() < 2700
    lengths = random.integers(5, 40, 10_000)
    parts = list(batches(seen, lengths, 32, random))
    np.testing.assert_array_equal(np.sort(np.concatenate(parts)), np.sort(seen))
    assert np.mean([np.ptp(lengths[part]) for part in parts]) < 5
