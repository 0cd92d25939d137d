"""The loss of a model that copies: in chunks as at once, smoothed as documented, finite whatever attention sees."""

import math

import pytest
import torch

from agreement import assert_agree, assert_close
from kinds import TARGET_SYMBOLS, model_of
from seqloom.data.batch import Batch, collate
from seqloom.models.pointer_generator import PointerGenerator
from seqloom.training import mixture_loss as module
from seqloom.training.attention_loss import coverage_loss
from seqloom.training.loss import smoothed_loss
from seqloom.training.mixture_loss import LEAST, mixture_loss_plain
from seqloom.training.objective import Objective, Teaching, batch_loss, mix_in_predictions
from seqloom.training.risk import Risk
from tiny import CPU, make_trainer

V = TARGET_SYMBOLS
SOURCES = [[V, 4, V + 1], [8], [V, 6]]
TARGETS = [[7, V + 1], [6, 5], [V, 4, V]]


def given() -> Batch:
    return collate(SOURCES, TARGETS)


def copying(decoder: str = "gru-before-additive-copying") -> PointerGenerator:
    model = model_of("gru-bi-1", decoder, torch.float64, dropout=0.0)
    assert isinstance(model, PointerGenerator)
    return model


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_in_chunks_it_is_the_loss_of_all_probabilities_at_once(
    smoothing: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, batch = copying(), given()
    assert batch.target_output is not None
    targets, mask = batch.target_output[batch.target_mask], batch.target_mask
    monkeypatch.setattr(module, "chunk_rows", lambda *_: 3)
    leaves = dict(model.named_parameters())
    assert_agree(
        lambda: batch_loss(model, batch, CPU, Objective(smoothing)),
        lambda: mixture_loss_plain(model(batch).logits[mask], targets, smoothing, V),
        leaves,
        idle=[name for name in leaves if name.endswith("key_layer.bias")],
    )


def test_two_passes_agree_on_the_mixture(monkeypatch: pytest.MonkeyPatch) -> None:
    model, batch = model_of("gru-bi-1", "gru-before-additive-copying", torch.float64, dropout=0.4), given()
    assert isinstance(model, PointerGenerator)
    assert batch.target_output is not None
    model.train()
    monkeypatch.setattr(module, "chunk_rows", lambda *_: 4)
    mask, targets = batch.target_mask, batch.target_output[batch.target_mask]
    torch.manual_seed(3)
    loss, likelihood = batch_loss(model, batch, CPU, Objective(0.1, r_drop=4.0))
    loss.backward()  # type: ignore[no-untyped-call]
    found = {name: parameter.grad for name, parameter in model.named_parameters()}
    model.zero_grad()
    torch.manual_seed(3)
    one, other = (each[mask].clamp(min=LEAST) for each in model(batch.repeated(2)).logits.chunk(2))
    assert not torch.equal(one, other)
    apart = (one.exp() * (one - other)).sum() + (other.exp() * (other - one)).sum()
    both, plain = mixture_loss_plain(torch.cat([one, other]), targets.repeat(2), 0.1, V)
    expected = (both + 4.0 / 2 * apart) / 2
    expected.backward()  # type: ignore[no-untyped-call]
    assert loss.item() == pytest.approx(expected.item(), rel=1e-9)
    assert likelihood.item() == pytest.approx(plain.item() / 2, rel=1e-9)
    for name, parameter in model.named_parameters():
        assert_close(found[name], parameter.grad)


def test_smoothing_is_spread_over_the_vocabulary_of_the_mixture() -> None:
    model, batch = copying(), given()
    log_probs = model(batch).logits.detach()
    expected = plain = 0.0
    assert batch.target_output is not None
    for row, at in batch.target_mask.nonzero().tolist():
        target = int(batch.target_output[row, at])
        plain -= log_probs[row, at, target].item()
        for symbol in range(V + 2):
            wished = 0.9 * (symbol == target) + (0.1 / V if symbol < V else 0.0)
            expected -= wished * log_probs[row, at, symbol].item() if wished else 0.0
    loss, likelihood = batch_loss(model, batch, CPU, Objective(0.1))
    assert loss.item() == pytest.approx(expected, rel=1e-9)
    assert likelihood.item() == pytest.approx(plain, rel=1e-9)
    assert not likelihood.requires_grad


def test_without_a_word_to_copy_it_is_the_usual_loss_of_the_log_probabilities() -> None:
    model = copying()
    batch = collate([[4, 5], [6]], [[7], [8, 9]])
    assert batch.target_output is not None
    logits, targets = model(batch).logits[batch.target_mask], batch.target_output[batch.target_mask]
    usual = smoothed_loss(logits, targets, 0.1)
    found = batch_loss(model, batch, CPU, Objective(0.1))
    assert [each.item() for each in found] == pytest.approx([each.item() for each in usual], rel=1e-9)


def test_a_word_that_attention_cant_reach_costs_a_bounded_amount() -> None:
    log_probs = torch.tensor([[math.log(0.5), math.log(0.5), -torch.inf]], requires_grad=True)
    loss, likelihood = mixture_loss_plain(log_probs, torch.tensor([2]), 0.0, 2)
    assert loss.item() == likelihood.item() == -LEAST
    loss.backward()  # type: ignore[no-untyped-call]
    assert log_probs.grad is not None
    assert (log_probs.grad == 0).all()


def test_predictions_of_copied_words_are_read_too(monkeypatch: pytest.MonkeyPatch) -> None:
    model, batch = copying(), given()
    with torch.no_grad():
        model.switch.layer.bias -= 4.0
    monkeypatch.setattr(module, "chunk_rows", lambda *_: 3)
    mixed = mix_in_predictions(model, batch, model.encode(batch), 1.0).target_input
    predicted = model(batch).logits.argmax(-1)
    assert mixed is not None
    assert torch.equal(mixed[:, 1:], predicted[:, :-1])
    assert (mixed >= V).any()
    sampled = batch_loss(model, batch, CPU, Objective(own_share=1.0))[0]
    assert sampled.item() != batch_loss(model, batch, CPU)[0].item()


@pytest.mark.parametrize("other", ["teaching", "risk"])
def test_a_teacher_and_a_risk_are_refused(other: str) -> None:
    model = copying()
    objectives = {
        "teaching": Objective(teaching=Teaching(model, 0.5)),
        "risk": Objective(risk=Risk(lambda *_: 0.0, 0.5, 2, 0.5)),
    }
    with pytest.raises(ValueError, match="learns from no teacher and by no risk"):
        batch_loss(model, given(), CPU, objectives[other])


def test_looking_again_costs_a_model_that_copies_too() -> None:
    model, batch = copying(), given()
    plain = batch_loss(model, batch, CPU)[0]
    covered = batch_loss(model, batch, CPU, Objective(coverage=2.0))[0]
    alignment = model.decode(batch, model.encode(batch), alignment=True).alignment
    assert alignment is not None
    assert_close(covered - plain, 2.0 * coverage_loss(alignment, batch.target_mask), 1e-9)
    assert covered > plain


@pytest.mark.parametrize("decoder", ["gru-between-multi_head-copying", "transformer-pre-sinusoidal-copying"])
def test_training_makes_the_copies_likelier(decoder: str) -> None:
    """Multi-head attention has a fast path without a gradient of the alignment, which must not be taken."""
    model, batch = copying(decoder), given()
    before = batch_loss(model, batch, CPU)[0].item()
    for _ in make_trainer([batch], model=model, max_updates=10, learning_rate=0.3).events():
        pass
    model.eval()
    assert batch_loss(model, batch, CPU)[0].item() < 0.9 * before
