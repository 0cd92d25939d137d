"""Losses of labels, against their definitions; weights; R-Drop."""

import math

import numpy as np
import pytest
import torch

from agreement import assert_close, random_tensor
from kinds import ENCODERS, SOURCE_SYMBOLS, SOURCES, WIDTH
from seqloom.base.errors import ConfigError, ShapeError
from seqloom.config.model import ModelConfig
from seqloom.data.batch import collate
from seqloom.models.build import build_label_network
from seqloom.text.labels import Labels
from seqloom.training.label_batches import LabelBatch, LabelKind, label_batch
from seqloom.training.label_loss import LabelObjective, label_loss, log_probabilities, weigh_labels
from tiny import CPU

ONE, SEVERAL, TOKENS = LabelKind(3), LabelKind(3, several=True), LabelKind(3, tokens=True)
NUMBERS = torch.tensor([2, 0, 1, 2])
MARKS = torch.tensor([[1.0, 0, 1], [0, 0, 0], [0, 1, 0], [1, 1, 1]], dtype=torch.float64)
WEIGHTS = torch.tensor([0.5, 1.0, 3.0], dtype=torch.float64)


def test_one_label_against_the_others():
    logits, smoothing = random_tensor(4, 3, seed=1), 0.2
    loss, likelihood = label_loss(logits, NUMBERS, ONE, smoothing, WEIGHTS)
    expected = plain = 0.0
    for row, number in zip(logits.detach().numpy(), NUMBERS.tolist(), strict=True):
        shares = np.exp(row) / np.exp(row).sum()
        wanted = np.full(3, smoothing / 3)
        wanted[number] += 1 - smoothing
        expected -= float(WEIGHTS[number]) * float((wanted * np.log(shares)).sum())
        plain -= math.log(shares[number])
    assert float(loss.detach()) == pytest.approx(expected)
    assert float(likelihood) == pytest.approx(plain)
    assert torch.autograd.gradcheck(lambda z: label_loss(z, NUMBERS, ONE, smoothing, WEIGHTS)[0], logits)


def test_each_label_by_itself():
    logits, smoothing = random_tensor(4, 3, seed=1), 0.2
    loss, likelihood = label_loss(logits, MARKS, SEVERAL, smoothing, WEIGHTS)
    expected = plain = 0.0
    for row, marks in zip(logits.detach().numpy(), MARKS.numpy(), strict=True):
        for value, mark, weight in zip(row, marks, WEIGHTS.tolist(), strict=True):
            share = 1 / (1 + math.exp(-value))
            wanted = mark * (1 - smoothing) + smoothing / 2
            expected -= weight * wanted * math.log(share) + (1 - wanted) * math.log(1 - share)
            plain -= mark * math.log(share) + (1 - mark) * math.log(1 - share)
    assert float(loss.detach()) == pytest.approx(expected)
    assert float(likelihood) == pytest.approx(plain)
    assert torch.autograd.gradcheck(lambda z: label_loss(z, MARKS, SEVERAL, smoothing, WEIGHTS)[0], logits)


def test_log_probabilities_sum_to_one():
    for kind, rows in ((ONE, 4), (SEVERAL, 12)):
        found = log_probabilities(random_tensor(4, 3, seed=2), kind)
        assert_close(found.exp().sum(-1), torch.ones(rows, dtype=torch.float64), 1e-12)


def test_batches_of_labels():
    batch = collate(SOURCES, [[6], [4], [5]])
    texts = label_batch(batch, ONE)
    assert texts.targets.tolist() == [2, 0, 1]
    assert (texts.target_tokens, texts.batch.target_output) == (3, None)
    several = label_batch(collate(SOURCES, [[4, 6], [], [5]]), SEVERAL)
    assert several.targets.tolist() == [[1, 0, 1], [0, 0, 0], [0, 1, 0]]
    assert several.target_tokens == 3
    tags = label_batch(collate(SOURCES, [[4, 0, 6, 5], [5], [0, 0, 4]]), TOKENS)
    assert tags.target_tokens == 5
    logits = random_tensor(3, 5, 3, seed=3)
    counted, targets = tags.predictions(logits)
    assert targets.tolist() == [0, 2, 1, 1, 0]
    places = [(0, 0), (0, 2), (0, 3), (1, 0), (2, 2)]
    assert_close(counted, torch.stack([logits[place] for place in places]), 1e-12)
    with pytest.raises(ShapeError, match="no targets, so there are no labels in it"):
        label_batch(collate(SOURCES), ONE)


def network(**options: object) -> torch.nn.Module:
    torch.manual_seed(1)
    config = ModelConfig.model_validate({"width": WIDTH, "encoder": ENCODERS["gru-bi-1"], **options})
    return build_label_network(config, SOURCE_SYMBOLS, 3, pooled=True)


def batch_of_three() -> LabelBatch:
    return label_batch(collate(SOURCES, [[6], [4], [5]]), ONE)


def test_without_dropout_two_passes_agree_and_cost_nothing_more():
    model = network(dropout=0.0)
    plain, dropped = (
        LabelObjective(0.1, r_drop=weight).loss(model, batch_of_three(), CPU) for weight in (0, 5.0)
    )
    assert_close(dropped.loss, plain.loss, 1e-5)
    assert_close(dropped.likelihood, plain.likelihood, 1e-5)


def test_with_dropout_their_divergence_comes_on_top():
    model = network(dropout=0.5).train()
    losses = []
    for weight in (1e-9, 2.0, 4.0):
        torch.manual_seed(3)
        losses.append(float(LabelObjective(r_drop=weight).loss(model, batch_of_three(), CPU).loss.detach()))
    first, second = losses[1] - losses[0], losses[2] - losses[0]
    assert first > 0
    assert second == pytest.approx(2 * first, rel=1e-3)


LABELS = Labels(("bad", "good", "so-so"))


def test_balanced_weights_have_a_mean_of_one_over_the_data():
    counts = [60, 30, 10]
    weights = weigh_labels("balanced", LABELS, counts, 100)
    assert weights is not None
    assert (weights * torch.tensor(counts)).tolist() == pytest.approx([100 / 3] * 3)
    several = weigh_labels("balanced", Labels(("a", "b"), "|"), [20, 50], 100)
    assert several is not None
    assert several.tolist() == pytest.approx([4.0, 1.0])


def test_weights_by_name():
    weights = weigh_labels("good=2, so-so = 0.5", LABELS, [1, 1, 1], 3)
    assert weights is not None
    assert weights.tolist() == [1.0, 2.0, 0.5]
    assert weigh_labels(None, LABELS, [1, 1, 1], 3) is None


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (
            "good",
            "'good' is no weight of a label. Write NAME=NUMBER above 0, several with commas between them, or ",
        ),
        ("good=x", "'good=x' is no weight of a label."),
        ("good=0", "'good=0' is no weight of a label."),
        ("good=1,,bad=2", "'' is no weight of a label."),
        ("fine=2", "'fine' is no label of data.train. Its labels: 'bad', 'good', 'so-so'."),
    ],
)
def test_what_is_no_weight_is_refused(asked: str, message: str):
    with pytest.raises(ConfigError) as caught:
        weigh_labels(asked, LABELS, [1, 1, 1], 3)
    assert str(caught.value).startswith(f'training.label_weights = "{asked}": {message}')
